"""A picture becomes a network's input exactly as the network's own library makes it."""

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from timm.data import create_transform, resolve_model_data_config
from torchvision import models

from nlviz.models import from_huggingface, from_timm, from_torchvision
from nlviz.pictures import open_picture

SIZES = [(300, 200), (201, 333), (64, 64), (40, 300), (290, 37)]


def drawn(size) -> Image.Image:
    """Soft shapes with some noise: every shift and every other filter shows."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    noise = np.random.default_rng(0).integers(0, 60, (size[1], size[0], 3))
    pixels = np.stack([100 + 90 * np.sin(x / 9), 100 + 90 * np.cos(y / 7), (x + 2 * y) % 200], 2) + noise
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


TIMM = ["vit_tiny_patch16_224", "vit_small_patch14_dinov2", "swin_tiny_patch4_window7_224", "vit_base_patch16_clip_224.openai",
        "eva02_tiny_patch14_224", "vit_base_patch16_siglip_224", "levit_128s", "deit_tiny_distilled_patch16_224",
        "xcit_nano_12_p16_224"]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", TIMM)
def test_of_timm(name, size):
    net = torch.nn.Module()
    net.pretrained_cfg = timm.get_pretrained_cfg(name).to_dict()
    own = create_transform(**resolve_model_data_config(net))(drawn(size))
    found, frame = from_timm.preprocess_of(net)(open_picture(drawn(size)))
    torch.testing.assert_close(found[0], own, atol=1e-5, rtol=0)
    assert frame.size == tuple(found.shape[:1:-1])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("mode, percent, input_size", [
    ("squash", 0.9, (3, 96, 96)), ("border", 0.9, (3, 96, 96)), ("border", 1.0, (3, 64, 128)), ("center", 0.8, (3, 64, 96))])
def test_of_every_crop_mode_of_timm(mode, percent, input_size, size):
    net = torch.nn.Module()
    net.pretrained_cfg = {"input_size": input_size, "crop_pct": percent, "crop_mode": mode, "interpolation": "bilinear",
                          "mean": (0.4, 0.5, 0.6), "std": (0.2, 0.3, 0.4)}
    own = create_transform(**resolve_model_data_config(net))(drawn(size))
    found, _ = from_timm.preprocess_of(net)(open_picture(drawn(size)))
    torch.testing.assert_close(found[0], own, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["vit_b_16", "swin_v2_t", "maxvit_t", "resnet18", "fcn_resnet50"])
def test_of_torchvision(name, size):
    weights = models.get_model_weights(name).DEFAULT
    own = weights.transforms()(drawn(size))
    found, frame = from_torchvision.preprocess_of(weights)(open_picture(drawn(size)))
    torch.testing.assert_close(found[0], own, atol=1e-5, rtol=0)
    assert frame.size == tuple(found.shape[:1:-1])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind, options", [
    ("ViTImageProcessor", {}),
    ("ViTImageProcessor", {"size": {"height": 48, "width": 64}, "resample": 3, "image_mean": [0.4, 0.5, 0.6]}),
    ("BitImageProcessor", {"size": {"shortest_edge": 61}, "crop_size": {"height": 48, "width": 48}}),
    ("CLIPImageProcessor", {"do_normalize": False}),
    ("DeiTImageProcessor", {}),
    ("BeitImageProcessor", {"rescale_factor": 1 / 127.5})])
def test_of_transformers_exactly_by_its_pillow_and_closely_by_its_torchvision(kind, options, size):
    transformers = pytest.importorskip("transformers")
    processor = getattr(transformers, kind)(**options)
    preprocess = from_huggingface.preprocess_of(processor)
    found, frame = preprocess(open_picture(drawn(size)))
    step = 1 / min(preprocess.std)  # of a pixel's 256 values
    by_torchvision, by_pillow = (made(drawn(size), return_tensors="pt")["pixel_values"][0]
                                 for made in (processor, getattr(transformers, f"{kind}Pil")(**options)))
    torch.testing.assert_close(found[0], by_pillow, atol=1e-5, rtol=0)
    torch.testing.assert_close(found[0], by_torchvision, atol=2.01 * step, rtol=0)  # it rounds twice
    assert (found[0] - by_torchvision).abs().mean() < 0.1 * step and frame.size == tuple(found.shape[:1:-1])


@pytest.mark.parametrize("size", [{"shortest_edge": 64, "longest_edge": 100}, {"longest_edge": 100}])
def test_a_size_of_transformers_that_depends_on_two_edges_is_not_taken_for_another(size):
    transformers = pytest.importorskip("transformers")
    with pytest.raises(ValueError, match="expected a width and a height, or the shortest edge alone"):
        from_huggingface.preprocess_of(transformers.DetrImageProcessor(size=size))


def test_sizes_of_transformers_before_5_are_dicts():
    assert from_huggingface._size({"shortest_edge": 64}) == ((64, 64), "cover")
    assert from_huggingface._size({"height": 48, "width": 64}) == ((64, 48), "fill")
