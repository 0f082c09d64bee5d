"""Networks of clips from the libraries: each frame goes in as the library makes it, and the number of frames is theirs."""

import numpy as np
import pytest
import torch
import transformers
from PIL import Image
from torchvision import models

from nlviz import analyse
from nlviz.models import from_huggingface, from_torchvision, load_model, predict
from nlviz.pictures import Cropped, clip_of, open_picture

SIZES = [(300, 200), (201, 333), (64, 64), (40, 300)]


@pytest.fixture(autouse=True)
def nobody(alone, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def drawn(count, size=(60, 40), seed=0):
    """Frames of soft shapes that move, with some noise."""
    x, y = np.meshgrid(np.arange(size[0]), np.arange(size[1]))
    found = []
    for frame in range(count):
        pixels = np.stack([100 + 90 * np.sin((x + 3 * frame) / 9), 100 + 90 * np.cos(y / 7), (x + 2 * y + frame) % 200], 2)
        pixels = pixels + np.random.default_rng(seed + frame).integers(0, 60, pixels.shape)
        found.append(Image.fromarray(pixels.clip(0, 255).astype(np.uint8)))
    return found


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name, side, frames", [("r3d_18", 112, None), ("mvit_v2_s", 224, 16), ("swin3d_t", 224, None)])
def test_frames_go_into_torchvisions_networks_as_its_own_transforms_make_them(name, side, frames, size):
    weights, images = models.get_model_weights(name).DEFAULT, drawn(4, size)
    own = weights.transforms()(torch.stack([torch.from_numpy(np.array(image)).permute(2, 0, 1) for image in images]))
    found, frame = from_torchvision.preprocess_of(weights)(clip_of(images))
    assert found.shape == (1, 3, 4, side, side) and frame.size == (side, side) and frame.frames == 4
    torch.testing.assert_close(found[0], own, atol=1e-5, rtol=0)
    assert from_torchvision.preprocess_of(weights, frames).frames == frames


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind, options", [
    ("VideoMAEImageProcessorPil", {}), ("VideoMAEImageProcessorPil", {"size": {"shortest_edge": 61}, "crop_size": {
        "height": 48, "width": 48}, "image_mean": [0.4, 0.5, 0.6]}), ("VivitImageProcessor", {}),
    ("VivitImageProcessor", {"offset": False, "rescale_factor": 1 / 255})])
def test_frames_go_into_networks_of_transformers_as_their_processor_makes_them(kind, options, size):
    made, images = getattr(transformers, kind)(**options), drawn(4, size)
    own = torch.as_tensor(np.array(made(images, return_tensors="np")["pixel_values"]))
    preprocess = from_huggingface.preprocess_of(made)
    found, frame = preprocess(clip_of(images))
    assert own.shape[:2] == (1, 4) and found.shape == own.shape[1:] and frame.frames == 4
    torch.testing.assert_close(found, own[0].float(), atol=2e-5, rtol=0)


SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "image_size": 32,
         "num_frames": 8, "id2label": {0: "to the left", 1: "to the right"}, "label2id": {"to the left": 0, "to the right": 1}}
KINDS = {"VideoMAE": {"patch_size": 16}, "Vivit": {"tubelet_size": [2, 16, 16]}, "Timesformer": {"patch_size": 16}}


def saved(kind, folder, head="ForVideoClassification", **options):
    torch.manual_seed(3)
    config = getattr(transformers, f"{kind}Config")(**SMALL | KINDS[kind] | options)
    getattr(transformers, f"{kind}{head}")(config).save_pretrained(folder)
    processor = transformers.VivitImageProcessor if kind == "Vivit" else transformers.VideoMAEImageProcessor
    processor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}).save_pretrained(folder)
    return config


@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_gives_the_classifier_of_clips_with_its_processor_its_names_and_its_number_of_frames(kind, tmp_path):
    config = saved(kind, tmp_path / "tiny")
    model = load_model(f"hf:{tmp_path / 'tiny'}")
    assert (model.task, model.classes, model.clips, model.frames) == ("classification", ["to the left", "to the right"], True, 8)
    clip = clip_of(drawn(8))
    x, frame = model.preprocess(clip)
    assert x.shape == (1, 8, 3, 32, 32) and frame.frames == 8 and frame.content == (-8, 0, 40, 32)
    again = getattr(transformers, f"{kind}ForVideoClassification").from_pretrained(tmp_path / "tiny").eval()
    with torch.inference_mode():
        torch.testing.assert_close(model(x).logits, again(x).logits)
        assert {name for name, _ in predict(model, model(x))["top"]} == {"to the left", "to the right"}
    shown = analyse(model, clip)
    grid = shown.maps[0].nl_map.query_grid
    assert grid == (8 if kind == "Timesformer" else 4, 2, 2) and shown.maps[0].parity.outcome == "holds"
    assert config.num_frames == 8


def test_another_number_of_frames_is_an_error_that_says_which_to_choose(tmp_path):
    saved("VideoMAE", tmp_path / "tiny")
    model = load_model(f"hf:{tmp_path / 'tiny'}")
    with pytest.raises(ValueError, match=r"this network takes 8 frames, and the clip has 6: choose 8"):
        model.preprocess(clip_of(drawn(6)))
    with pytest.raises(ValueError, match=r"takes clips, and .* is a picture: choose a video"):
        model.preprocess(open_picture(drawn(1)[0]))


def test_a_network_of_clips_without_a_head_or_a_processor(tmp_path):
    saved("VideoMAE", tmp_path / "tiny", head="Model")
    (tmp_path / "tiny/preprocessor_config.json").unlink()
    model = load_model(f"hf:{tmp_path / 'tiny'}")
    assert (model.clips, model.frames, model.task) == (True, 8, None) and "no image processor" in model.card["notes"][0]
    assert model.preprocess(clip_of(drawn(8)))[0].shape == (1, 8, 3, 32, 32)


@pytest.mark.parametrize("name, frames, clip", [("r3d_18", None, 4), ("swin3d_t", None, 5), ("mvit_v2_s", 16, 16)])
def test_torchvisions_networks_of_clips_are_loaded_with_what_belongs_to_them(name, frames, clip):
    model = load_model(f"torchvision:{name}")
    assert (model.clips, model.frames, model.card["source"]) == (True, frames, "random weights")
    assert len(model.card["notes"]) == 1  # that its weights could not be had
    assert model.preprocess(clip_of(drawn(clip)))[0].shape[:3] == (1, 3, clip)


def test_a_network_of_pictures_sees_the_frames_one_after_the_other():
    preprocess = Cropped((32, 32), "cover", (32, 32))
    images = drawn(4)
    x, frame = preprocess(clip_of(images))
    assert x.shape == (4, 3, 32, 32) and frame.frames == 4
    for number, image in enumerate(images):
        torch.testing.assert_close(x[number : number + 1], preprocess(open_picture(image))[0])
    assert load_model("torchvision:resnet18").clips is False


def test_divided_attention_is_shown_as_time_space_and_their_product_called_derived(tmp_path):
    saved("Timesformer", tmp_path / "tiny")
    shown = analyse(load_model(f"hf:{tmp_path / 'tiny'}"), clip_of(drawn(8)))
    stack, together = shown.calls
    assert [placed.nl_map.part for placed in together] == [f"pair {n} of 2, space x time, derived" for n in (2, 1)]
    time, space = (next(one for one in stack if one.nl_map.part == f"layer {n}, mean of 2 heads") for n in (3, 4))
    assert "Over time" in " ".join(time.nl_map.notes) and "Over space" in " ".join(space.nl_map.notes)
    found = together[0].heatmap(0.6, 0.4, frame=5)  # (8, 2, 2)
    over_space = space.heatmap(0.6, 0.4, frame=5)[5]
    places = {(row, column): ((column + 0.5) / 3 + 1 / 6, (row + 0.5) / 2) for row in (0, 1) for column in (0, 1)}
    expected = [over_space[cell] * time.heatmap(*place, frame=5)[(slice(None), *cell)] for cell, place in places.items()]
    torch.testing.assert_close(found, torch.stack(expected, -1).view(8, 2, 2), atol=1e-6, rtol=1e-4)
    assert together[0].parity.of == "derived" and together[0].nl_map.notes[0].startswith("Derived")
