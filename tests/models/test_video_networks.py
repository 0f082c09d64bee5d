"""The networks of clips: what reaches a frame from another frame does so through the block alone; places; shapes."""

import math

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from nlviz import analyse
from nlviz.blocks import BLOCKS, Block
from nlviz.capture import capture_blocks, check_parity
from nlviz.models import MODELS, ClipSegmenter, Model, SlowFast, build, frame_by_frame, get_spec, predict
from nlviz.models.video_networks import Placed
from nlviz.pictures import Preprocess, clip_of
from tests.blocks.building import randomised
from tests.networks import bundled

CLIPS = [name for name, spec in MODELS.items() if spec.data in ("clips", "moves")]


def segmenter(block="embedded_gaussian", dimension=3) -> ClipSegmenter:
    torch.manual_seed(0)
    net = ClipSegmenter(block, 23, dimension=dimension, **({"sub_sample": False} if block else {})).eval()
    net.block = randomised(net.block).float()
    return net


def clip(frames=3, height=48, width=64, batch=1) -> torch.Tensor:
    return torch.randn(batch, 3, frames, height, width, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("block", ["embedded_gaussian", None])
@torch.inference_mode()
def test_a_segmenter_of_clips_gives_logits_for_every_frame(block):
    assert segmenter(block)(clip(batch=2)).shape == (2, 23, 3, 3, 4)
    assert segmenter(block)(clip(frames=1)).shape == (1, 23, 1, 3, 4)


@pytest.mark.parametrize("block", ["embedded_gaussian", None])
@torch.inference_mode()
def test_frame_by_frame_a_clip_is_its_pictures(block):
    net, x = segmenter(block, dimension=2), clip(batch=2)
    whole = net(x)
    for frame in range(3):
        torch.testing.assert_close(whole[:, :, frame], net(x[:, :, frame]))


@pytest.mark.parametrize("block, reaches", [("embedded_gaussian", True), (None, False)])
@torch.inference_mode()
def test_only_the_block_brings_one_frame_to_another(block, reaches):
    net = ClipSegmenter(block, 23, dimension=3).eval()
    net.block = randomised(net.block).float()
    x = clip()
    other = x.clone()
    other[:, :, 2] = 0
    before, after = net(x), net(other)
    assert torch.allclose(before[:, :, :2], after[:, :, :2], atol=1e-6) != reaches
    assert not torch.allclose(before[:, :, 2], after[:, :, 2], atol=1e-3)


def test_the_backbone_sees_every_frame_alone():
    net, x = nn.AvgPool2d(2), clip(frames=4)
    found = frame_by_frame(net, x)
    assert found.shape == (1, 3, 4, 24, 32) and torch.equal(found[:, :, 2], net(x[:, :, 2]))


def test_places_are_waves_of_the_place_along_each_axis():
    x = torch.zeros(2, 1, 4, 3, 5)
    found = Placed()(x)
    assert found.shape == (2, 1 + Placed.channels(3), 4, 3, 5) and Placed.channels(3) == 24
    waves = found[1, 1:]
    for axis, size in enumerate((4, 3, 5)):
        for number, f in enumerate((1, 2, 4, 8)):
            sine, cosine = waves[8 * axis + 2 * number], waves[8 * axis + 2 * number + 1]
            for cell in ((0, 0, 0), (3, 2, 4), (1, 2, 3)):
                angle = math.pi * f * (cell[axis] + 0.5) / size
                assert sine[cell].item() == pytest.approx(math.sin(angle), abs=1e-5)
                assert cosine[cell].item() == pytest.approx(math.cos(angle), abs=1e-5)


@pytest.mark.parametrize("frames", [1, 2, 3, 4, 5, 8, 16, 32])
@pytest.mark.parametrize("block", ["gc", None])
@torch.inference_mode()
def test_slowfast_takes_any_number_of_frames(block, frames):
    net = SlowFast(block, 8, **({"dimension": 3} if block else {})).eval()
    assert net(clip(frames, 64, 64, batch=2)).shape == (2, 8)


@torch.inference_mode()
def test_the_slow_pathway_sees_every_fourth_frame_and_the_fast_one_all_changes():
    net = SlowFast(None, 8).eval()
    seen = {}
    for name in ("slow", "fast"):
        getattr(net, name).stem.register_forward_pre_hook(lambda _, args, name=name: seen.__setitem__(name, args[0]))
    x = clip(16, 64, 64)
    net(x)
    assert torch.equal(seen["slow"], x[:, :, [0, 4, 8, 12]])
    assert not seen["fast"][:, :, 0].any() and torch.equal(seen["fast"][:, :, 1:], x[:, :, 1:] - x[:, :, :-1])


@torch.inference_mode()
def test_slowfast_has_a_block_in_each_pathway_whose_maps_hold():
    torch.manual_seed(0)
    net = randomised(build(get_spec("moves_gc")).eval()).float()
    with capture_blocks(net) as maps:
        net(clip(16, 64, 64))
    assert [m.layer for m in maps if m.number == 0] == ["slow.block", "fast.block"]
    assert [m.query_grid for m in maps if m.number == 0] == [(4, 16, 16), (16, 16, 16)]
    assert all(check_parity(net.get_submodule(m.layer), m).outcome == "holds" for m in maps if m.number == 0)
    bottlenecks = [m.get_submodule("channel_add_conv.1").normalized_shape[0] for m in net.modules() if isinstance(m, Block)]
    assert min(bottlenecks) > 1  # a norm over one number is always 0


@torch.inference_mode()
def test_the_map_of_a_clip_has_a_row_and_a_column_for_each_place_of_each_frame():
    net = segmenter()
    with capture_blocks(net) as maps:
        net(clip(5))
    (nl_map,) = maps
    assert nl_map.query_grid == nl_map.key_grid == (5, 3, 4) and nl_map.weights.shape == (1, 60, 60)
    assert check_parity(net.block[4], nl_map).outcome == "holds"


@pytest.mark.parametrize("block", [name for name in BLOCKS])
def test_any_block_of_three_dimensions_can_be_trained_on_clips(block):
    three = {"gaussian", "embedded_gaussian", "dot_product", "concatenation", "snl", "gc", "se", "cam"}
    for data in ("clips", "moves"):
        name = f"{data}_{block}"
        if block not in three:
            with pytest.raises(KeyError, match="any that has three dimensions"):
                get_spec(name)
        elif name not in MODELS:
            spec = get_spec(name)
            assert spec.clips and next(m for m in build(spec).modules() if isinstance(m, Block)).dimension == 3


def test_what_a_network_says_of_a_clip_has_labels_for_each_frame():
    model = Model("m", nn.Identity(), Preprocess(clips=True), ["a", "b"], "segmentation")
    output = torch.zeros(1, 2, 3, 4, 5)
    output[:, 1, 2] = 1
    labels = predict(model, output)["labels"]
    assert labels.shape == (3, 16, 20) and (labels[2] == 1).all() and not labels[:2].any()
    assert model.clips and model.frames is None  # any number


@pytest.mark.parametrize("name", [name for name in CLIPS if MODELS[name].block])
def test_every_bundled_network_of_clips_makes_maps_that_hold_and_a_prediction(name):
    random, frames = np.random.default_rng(0), []
    for number in range(8):
        pixels = random.integers(0, 255, (96, 144, 3), np.uint8)
        pixels[30:60, 10 + 8 * number:50 + 8 * number] = (250, 60, 20)
        frames.append(Image.fromarray(pixels))
    analysis = analyse(bundled(name), clip_of(frames), 144)
    assert [m.parity.outcome for m in analysis.maps] == ["holds"] * len(analysis.maps)
    assert [call[0].nl_map.block for call in analysis.calls] == MODELS[name].blocks * (2 if "moves" in name else 1)
    if "moves" in name:
        assert [tuple(call[0].nl_map.input.shape[2:]) for call in analysis.calls] == [(2, 16, 16), (8, 16, 16)]
        assert len(analysis.prediction["top"]) == 5
    else:
        assert analysis.maps[0].nl_map.query_grid == (8, 6, 9) and analysis.prediction["labels"].shape == (8, 24, 36)
        assert analysis.maps[0].heatmap(0.5, 0.5, frame=7).sum().item() == pytest.approx(1, abs=1e-4)


def test_the_network_in_space_and_time_looks_at_other_frames_and_the_one_frame_by_frame_does_not():
    frames = [Image.fromarray(np.full((96, 144, 3), 20 * number, np.uint8)) for number in range(4)]
    shares = {}
    for name in ("clips_embedded_gaussian", "clips_embedded_gaussian_framewise"):
        row = analyse(bundled(name), clip_of(frames), 144).maps[0].heatmap(0.3, 0.4, frame=1)
        shares[name] = row[1].sum().item()
    assert shares["clips_embedded_gaussian"] < 0.99 < shares["clips_embedded_gaussian_framewise"]
