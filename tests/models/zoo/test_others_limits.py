"""What is no published configuration of mmdetection or mmaction2 is refused in words, and what a file lacks is left out."""

import pytest
import torch

from nlviz.models.zoo.mmaction import ARCHES as MMACTION
from nlviz.models.zoo.mmaction import build as build_clips
from nlviz.models.zoo.mmdet import build as build_detector
from nlviz.models.zoo.mmdet import questions
from tests.models.zoo.rebuilding import oracle, rebuilt

UNSCALED = {"mode": "embedded_gaussian", "use_scale": "no"}
I3D, TSM, SLOW_ONLY = (f"mmaction_{kind}_embedded_gaussian" for kind in ("i3d", "tsm", "slowonly"))
LAYER = "backbone.layer3.0."


@pytest.mark.parametrize("name, more, words", [
    (I3D, {"backbone.conv1.conv.weight": torch.zeros(2, 3, 3, 7, 7)}, r"is \(2, 3, 3, 7, 7\); I3D's sees 5 frames"),
    (TSM, {f"{LAYER}net.conv1.conv.weight": torch.zeros(1)}, "channels of whole blocks or of the stem are shifted"),
    (I3D, {f"{LAYER}conv2.conv.weight": torch.zeros(8, 5, 1, 3, 3)}, "8 channels cannot have a weight of shape"),
    (I3D, {f"{LAYER}non_local_block.g.0.conv.weight": torch.zeros(3)}, "no convolution's")])
def test_clips_networks_of_other_shapes_are_refused_in_words(name, more, words):
    with pytest.raises(ValueError, match=words):
        build_clips(oracle(name) | more, UNSCALED)


@pytest.mark.parametrize("name, words", [
    (f"{LAYER}conv2.conv_offset.weight", "deformable"), (f"{LAYER}gen_attention_block.query_conv.weight", "generalized attention"),
    ("backbone.stem.0.weight", "7 x 7 stem"),
    (f"{LAYER}context_block.channel_add_conv.0.weight", r"layer3\.0\.context_block: these are no weights")])
def test_backbones_with_other_parts_are_refused_in_words(name, words):
    with pytest.raises(ValueError, match=words):
        build_detector(oracle("mmdet_r50_gcb_r4") | {name: torch.zeros(4, 12, 1, 1)}, {})


def test_what_is_missing_is_named_where_it_does_not_say_how_large_things_are():
    state = oracle("mmdet_r50_gcb_r4")
    for name in (f"{LAYER}bn1.weight", f"{LAYER}context_block.channel_add_conv.3.bias"):
        del state[name]
    found = build_detector(state, {})
    missing = set(found.net.state_dict()) - set(found.state)
    assert {name for name in missing if not name.endswith("num_batches_tracked")} == {
        f"{LAYER}conv1.bn.weight", f"{LAYER}context_block.channel_add_conv.3.bias"}
    with pytest.raises(ValueError, match=r"The weight backbone\.layer3\.0\.conv3\.conv\.weight is missing"):
        build_detector({name: weights for name, weights in state.items() if name != f"{LAYER}conv3.weight"}, {})


def test_a_clip_that_is_too_short_is_refused_in_words():
    net = rebuilt(MMACTION[0], oracle(I3D), UNSCALED).net
    with pytest.raises(ValueError, match="take at least 5"):
        net(torch.zeros(1, 3, 4, 32, 32, dtype=torch.float64))
    assert net(torch.zeros(1, 3, 5, 32, 32, dtype=torch.float64)).shape == (1, 7)


def test_a_detector_of_actions_gives_features_of_stride_16():
    state = {name: weights for name, weights in oracle(SLOW_ONLY).items() if not name.startswith("cls_head.")}
    found = rebuilt(MMACTION[0], state | {"roi_head.bbox_head.fc_cls.weight": torch.zeros(2, 2)}, UNSCALED)
    assert (found.task, found.classes) == (None, None) and "roi_head.bbox_head.fc_cls.weight" not in found.used
    assert found.net(torch.zeros(1, 3, 4, 64, 64, dtype=torch.float64)).shape == (1, 64, 4, 4, 4)


def test_logits_of_non_local_blocks_may_be_multiplied_as_when_gcnet_was_published():
    state = oracle("mmdet_r50_nonlocal")
    assert set(questions(state)[1].options) == {"yes", "no", "multiplied"}
    powers = {}
    for answer in ("yes", "no", "multiplied"):
        net = build_detector(state, {"mode": "embedded_gaussian", "use_scale": answer}).net
        powers[answer] = {block.scale_power for block in net.modules() if hasattr(block, "scale_power")}
    assert powers == {"yes": {-0.5}, "no": {0}, "multiplied": {0.5}}


def test_context_blocks_behind_the_3x3_convolution_stand_there():
    """xvjiarui/GCNet's insert_pos after_3x3: told by the block's channels."""
    state = oracle("mmdet_r50_gcb_r4")
    name = "backbone.layer4.0.context_block."
    channels, planes = state["backbone.layer4.0.conv2.weight"].shape[0], 4
    shapes = {
        "conv_mask.weight": (1, channels, 1, 1), "conv_mask.bias": (1,), "channel_add_conv.0.weight": (planes, channels, 1, 1),
        "channel_add_conv.0.bias": (planes,), "channel_add_conv.1.weight": (planes, 1, 1),
        "channel_add_conv.1.bias": (planes, 1, 1), "channel_add_conv.3.weight": (channels, planes, 1, 1),
        "channel_add_conv.3.bias": (channels,)}
    found = build_detector(state | {f"{name}{key}": torch.ones(shape) for key, shape in shapes.items()}, {})
    assert found.net.backbone.layer4[0].behind == {"conv2": "context_block"}
    assert found.net.backbone.layer3[0].behind == {"conv3": "context_block"}
