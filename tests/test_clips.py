"""Clips through networks: image networks frame by frame, those that take clips all at once."""

import json
from itertools import product

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from nlviz import analyse, load_model
from nlviz.blocks import BLOCKS
from nlviz.models import Model
from nlviz.pictures import Picture, Preprocess, clip_of
from nlviz.viewer import make_scene
from tests.transformers import transformer

FRAMES = 4
MSRC = ["embedded_gaussian", "disentangled", "dual", "base_oc", "pyramid_oc", "asp_oc", "criss_cross", "gc", "se"]
PLACES = list(product((0.1, 0.6), (0.3, 0.9)))


@pytest.fixture(scope="module")
def clip():
    """A square that moves over noise."""
    random, frames = np.random.default_rng(0), []
    ground = random.integers(0, 255, (96, 144, 3), np.uint8)
    for number in range(FRAMES):
        pixels = ground.copy()
        pixels[20:60, 10 + 25 * number:50 + 25 * number] = (250, 60, 20)
        frames.append(Image.fromarray(pixels))
    return clip_of(frames, "square.mp4")


@pytest.mark.parametrize("block", MSRC)
def test_an_image_network_sees_each_frame_as_it_would_see_the_picture(block, clip):
    model = load_model(f"msrc_{block}")
    together, alone = analyse(model, clip, 144), [analyse(model, Picture(frame), 144) for frame in clip.frames]
    checked = 0
    for placed in together.maps:
        nl_map = placed.nl_map
        assert placed.parity.outcome == "holds"
        if placed.keys is None:
            name, _, frame = nl_map.part.rpartition("frame ")
            own = next(one for one in alone[int(frame) - 1].maps if one.nl_map.layer == nl_map.layer
                       and one.nl_map.part == name.rstrip(", ")).nl_map
            torch.testing.assert_close(_dense(nl_map), _dense(own), atol=1e-5, rtol=1e-4)
            checked += 1
            continue
        for frame, (x, y) in product(range(FRAMES), PLACES):
            found = placed.heatmap(x, y, frame=frame)
            own = next(one for one in alone[frame].maps if (one.nl_map.layer, one.nl_map.part) == (nl_map.layer, nl_map.part))
            expected = torch.zeros_like(found)
            expected[frame] = own.heatmap(x, y)
            torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
            checked += 1
    assert checked
    for frame, own in enumerate(alone):
        assert torch.equal(together.prediction["labels"][frame], own.prediction["labels"])


def _dense(nl_map):
    return nl_map.weights if nl_map.weights is not None else nl_map.lazy.dense()


def test_a_classifier_says_the_mean_of_its_frames(clip):
    model = load_model("caltech101_gc")
    mean = sum(model(model.preprocess(Picture(frame), 144)[0]).softmax(1) for frame in clip.frames)[0] / FRAMES
    name, share = analyse(model, clip, 144).prediction["top"][0]
    assert share == pytest.approx(mean.max().item(), rel=1e-4) and name == model.classes[int(mean.argmax())]


def of_clips(block: nn.Module) -> Model:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv3d(3, 8, (2, 16, 16), stride=(2, 16, 16)), block)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm3d):
            nn.init.normal_(module.weight)
    return Model("of clips", net.double(), Preprocess(clips=True))


@pytest.mark.parametrize("block", ["gaussian", "embedded_gaussian", "dot_product", "concatenation", "snl", "gc", "se", "cam"])
def test_a_block_in_three_dimensions_lies_in_space_and_time(block, clip):
    model = of_clips(BLOCKS[block](8, dimension=3))
    found = analyse(model, clip, 144)
    first = found.maps[0]
    assert first.nl_map.input.shape == (1, 8, 2, 6, 9)  # two frames a cell
    if first.keys is None:
        assert first.nl_map.relates in ("gate", "channels")
        return
    assert first.queries.frames_of(1) == [2, 3]
    rows = first.keys.grid[1]
    assert first.heatmap(0.5, 0.5, frame=3).shape == first.keys.grid == (2, *((6, 9) if rows == 6 else (3, 4)))
    torch.testing.assert_close(first.heatmap(0.5, 0.5, frame=2), first.heatmap(0.5, 0.5, frame=3), rtol=0, atol=0)


def test_its_row_is_the_softmax_over_all_frames(clip):
    block = BLOCKS["embedded_gaussian"](8, dimension=3, sub_sample=False)
    model = of_clips(block)
    x = model.net[0](model.preprocess(clip, 144)[0].double())
    q, k = block.theta(x).flatten(2)[0].T, block.phi(x).flatten(2)[0].T  # (N, C')
    placed = analyse(model, clip, 144).maps[0]
    for frame, (px, py) in product((0, 3), PLACES):
        row = int(py * 6) * 9 + int(px * 9) + 54 * (frame // 2)
        torch.testing.assert_close(placed.heatmap(px, py, frame=frame).flatten().double(), (k @ q[row]).softmax(0).detach(),
                                   rtol=1e-6, atol=1e-9)


def test_a_network_of_clips_says_what_it_takes(clip):
    with pytest.raises(ValueError, match=r"of clips takes clips, and lion\.jpg is a picture: choose a video"):
        analyse(of_clips(BLOCKS["gc"](8, dimension=3)), Picture(clip.frames[0], "lion.jpg"), 144)


def test_layers_and_heads_go_frame_by_frame_with_a_class_token_each(clip):
    model = transformer(depth=2)
    found, own = analyse(model, clip, 96), analyse(model, Picture(clip.frames[2]), 96)
    assert [placed.nl_map.part for placed in found.maps] == [placed.nl_map.part for placed in own.maps]
    placed, own = found.maps[0], own.maps[0]
    assert placed.nl_map.key_tokens == tuple(f"class token, frame {frame}" for frame in range(1, 5))
    row = placed.heatmap(0.4, 0.6, frame=2)
    torch.testing.assert_close(row[2], own.heatmap(0.4, 0.6), atol=1e-6, rtol=1e-4)
    assert row[[0, 1, 3]].abs().max() == 0
    token = placed.heatmap(0, 0, token="class token, frame 3")
    torch.testing.assert_close(token[2], own.heatmap(0, 0, token="class token"), atol=1e-6, rtol=1e-4)


def test_the_scene_of_a_clip_is_plain_json_with_its_times(clip):
    scene = make_scene([analyse(of_clips(BLOCKS["embedded_gaussian"](8, dimension=3)), clip, 144)], ["own"], 144)
    told = json.loads(json.dumps(scene))
    assert told["picture"]["clip"] | {"seconds": None} == {"count": 4, "across": 2, "numbers": [0, 1, 2, 3], "seconds": None,
                                                           "title": "4 frames, 1 to 4"}
    assert (told["picture"]["width"], told["picture"]["height"]) == (144, 96)
    (one,) = told["panels"][0]["maps"]
    assert one["query_grid"] == [2, 6, 9] and one["query_place"]["time"] == {"scale": 0.5, "offset": 0}
    assert told["key"]["clip"] == {"start": 0, "count": 4, "stride": 1}
