"""mmsegmentation's networks are rebuilt from their files alone: the logits and the maps that the originals gave.

The files are made by oracles/mmseg_networks.py with mmsegmentation itself.
"""

import re
from functools import cache
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import load_file
from torch import Tensor, nn

from nlviz.capture import Maps, capture_maps
from nlviz.models.zoo import mmseg, ocrnet
from nlviz.models.zoo.arch import Rebuilt
from nlviz.models.zoo.resnet import STAGES, ResNet, blocks_of

ORACLES = Path(__file__).resolve().parent.parent / "data" / "oracles"
ARCHES = {arch.name.removeprefix("mmseg_"): arch for arch in (*mmseg.ARCHES, *ocrnet.ARCHES)}
EXPECTED = load_file(ORACLES / "mmseg_expected.safetensors")
CASES = [key.removesuffix("#logits") for key in EXPECTED if key.endswith("#logits")]
NAMES = sorted({case.split("?")[0] for case in CASES})
USUAL = {case.split("?")[0]: case for case in CASES if f"{case}#map0" in EXPECTED}


def weights(name: str) -> dict[str, Tensor]:
    path = ORACLES / f"mmseg_{name}.safetensors"
    return load_file(path) if path.exists() else torch.load(path.with_suffix(".pth"), weights_only=True)["state_dict"]


def rebuilt(case: str, **other: str) -> Rebuilt:
    name, told = case.split("?")
    answers = dict(part.split("=") for part in told.split("&") if part)
    return ARCHES[name].build(weights(name), {"output_stride": "8"} | answers | other)


def filled(found: Rebuilt) -> nn.Module:
    net = found.net.double().eval()
    net.load_state_dict(found.state)
    return net


@cache
def maps(name: str) -> Maps:
    net, x = filled(rebuilt(USUAL[name])), EXPECTED["input"].double()
    with torch.no_grad(), capture_maps(net) as found:
        net(x)
    return found


def expected_map(name: str, number: int = 0) -> Tensor:
    return EXPECTED[f"{USUAL[name]}#map{number}"]


def crossed(rows: Tensor) -> Tensor:
    """(B, H, W, H + W), the column's weights and then the row's, as (B, N, N)."""
    batch, height, width, _ = rows.shape
    dense = torch.zeros(batch, height, width, height, width)
    for i in range(height):
        for j in range(width):
            dense[:, i, j, :, j] += rows[:, i, j, :height]
            dense[:, i, j, i, :] += rows[:, i, j, height:]
    return dense.flatten(1, 2).flatten(2)


@pytest.mark.parametrize("case", CASES)
def test_a_network_from_its_file_gives_the_logits_of_the_original(case: str):
    with torch.no_grad():
        logits = filled(rebuilt(case))(EXPECTED["input"].double())
    torch.testing.assert_close(logits.float(), EXPECTED[f"{case}#logits"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name, layer, block, expected", [
    ("nonlocal", "decode_head.nl_block", "embedded_gaussian", lambda: [expected_map("nonlocal")]),
    ("gcnet", "decode_head.gc_block", "gc", lambda: [expected_map("gcnet"), None]),
    ("danet", "decode_head.pam", "pam", lambda: [expected_map("danet")]),
    ("danet", "decode_head.cam", "cam", lambda: [expected_map("danet", 1)]),
    ("ccnet", "decode_head.cca", "criss_cross",
     lambda: [crossed(expected_map("ccnet", 1)) @ crossed(expected_map("ccnet")),
              *(crossed(expected_map("ccnet", number)) for number in (0, 1))]),
    ("dnlnet", "decode_head.dnl_block", "disentangled",
     lambda: [expected_map("dnlnet") + expected_map("dnlnet", 1), expected_map("dnlnet"), expected_map("dnlnet", 1)]),
    ("ocrnet", "decode_head.1.spatial_gather_module", "SpatialGather", lambda: [expected_map("ocrnet")[None]]),
    ("ocrnet", "decode_head.1.object_context_block", "RegionAttention", lambda: [expected_map("ocrnet", 1)[None]]),
])
def test_its_maps_are_those_of_the_original_at_its_layers_names(name: str, layer: str, block: str, expected):
    found = [nl_map for nl_map in maps(name) if nl_map.layer == layer]
    assert {nl_map.block for nl_map in found} == {block}
    for nl_map, original in zip(found, expected(), strict=True):
        if original is not None:
            torch.testing.assert_close(nl_map.weights.float(), original, rtol=1e-5, atol=1e-6)


def test_no_other_maps_are_found_than_of_the_heads_blocks():
    assert {name: sorted({nl_map.layer for nl_map in maps(name)}) for name in NAMES} == {
        "nonlocal": ["decode_head.nl_block"], "gcnet": ["decode_head.gc_block"], "ccnet": ["decode_head.cca"],
        "danet": ["decode_head.cam", "decode_head.pam"], "dnlnet": ["decode_head.dnl_block"],
        "ocrnet": ["decode_head.1.object_context_block", "decode_head.1.spatial_gather_module"]}


def test_the_regions_that_pixels_of_ocrnet_attend_to_are_named_keys_and_pixels_keep_their_grid():
    found = {nl_map.block: nl_map for nl_map in maps("ocrnet")}
    regions = tuple(f"region {number}" for number in range(1, 20))
    assert found["RegionAttention"].key_tokens == found["SpatialGather"].query_tokens == regions
    assert found["RegionAttention"].query_grid == found["SpatialGather"].key_grid == (6, 10)


@pytest.mark.parametrize("name", NAMES)
def test_every_weight_of_a_file_goes_into_the_network_or_is_of_a_part_that_is_named(name: str):
    found, file = rebuilt(USUAL[name]), weights(name)
    assert found.used <= set(file) and set(found.state) == set(found.net.state_dict())
    assert not [key for key in set(file) - found.used if not key.startswith(tuple(ARCHES[name].ignored))]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_told_by_its_names_and_as_one_kind_only(name: str):
    keys = list(weights(name))
    told = [other for other, arch in ARCHES.items() if all(any(re.match(mark, key) for key in keys) for mark in arch.signature)]
    assert told == [name]


@pytest.mark.parametrize("name", NAMES)
def test_what_is_asked_is_what_the_network_takes(name: str):
    asked = {question.name for question in ARCHES[name].questions(weights(name))}
    told = set(re.findall(r"(\w+)=", USUAL[name])) | {"output_stride"}
    assert asked == told


def test_of_a_non_local_block_whose_weights_tell_its_function_nothing_is_asked_but_the_stride():
    state = {key: value for key, value in weights("nonlocal").items() if ".theta." not in key and ".phi." not in key}
    assert [question.name for question in ARCHES["nonlocal"].questions(state)] == ["output_stride"]


def test_a_weight_that_is_missing_stays_out_of_the_state_and_the_network_is_built():
    state = weights("nonlocal")
    lacking = {key: value for key, value in state.items()
               if key not in ("backbone.layer3.2.conv2.weight", "decode_head.nl_block.theta.conv.bias")}
    found = ARCHES["nonlocal"].build(lacking, {"mode": "dot_product", "use_scale": "no", "output_stride": "8"})
    assert set(found.net.state_dict()) - set(found.state) == {"backbone.layer3.2.conv2.weight", "decode_head.nl_block.theta.bias"}


def test_classes_stride_and_a_note_of_the_backbone_are_told():
    found = rebuilt("gcnet?", output_stride="16")
    assert (found.task, found.classes, found.stride) == ("segmentation", 21, 16)
    assert found.notes[0] == "ResNet-50, deep stem, stride 16."


@pytest.mark.parametrize("lacking, said", [
    (lambda key: "layer4.2." in key, "3-4-6-2"), (lambda key: ".conv3." in key, "no conv3"),
    (lambda key: key == "backbone.layer2.0.conv1.weight", "layer2.0.conv1.weight is missing"),
    (lambda key: key == "decode_head.conv_seg.weight", "conv_seg.weight is missing")])
def test_what_is_no_such_network_is_said_in_words(lacking, said: str):
    state = {key: value for key, value in weights("gcnet").items() if not lacking(key)}
    with pytest.raises(ValueError, match=re.escape(said)):
        ARCHES["gcnet"].build(state, {"output_stride": "8"})


@pytest.mark.parametrize("name, shape, said", [
    ("decode_head.conv_seg.weight", (21,), "decode_head.conv_seg.weight is (21,): expected 4 axes"),
    ("decode_head.convs.0.conv.weight", (), "decode_head.convs.0.conv.weight is (): expected 4 axes"),
    ("backbone.layer1.0.conv1.weight", (64,), "backbone.layer1.0.conv1.weight is (64,): expected 4 axes"),
    ("decode_head.gc_block.channel_add_conv.0.weight", (4,), "decode_head.gc_block.channel_add_conv.0.weight is (4,), no conv"),
    ("decode_head.gc_block.conv_mask.weight", (3, 3), "decode_head.gc_block.conv_mask.weight is (3, 3) and not (1, ")])
def test_a_weight_of_another_shape_is_called_as_in_the_file(name: str, shape: tuple[int, ...], said: str):
    with pytest.raises(ValueError, match=re.escape(said)):
        ARCHES["gcnet"].build(weights("gcnet") | {name: torch.ones(shape)}, {"output_stride": "8"})


@pytest.mark.parametrize("stride, dilated", [(8, (False, True, True)), (16, (False, False, True)), (32, (False, False, False))])
def test_a_resnet_with_the_plain_stem_is_dilated_like_torchvisions(stride: int, dilated: tuple[bool, ...]):
    torch.manual_seed(0)
    other = torchvision.models.resnet50(weights=None, replace_stride_with_dilation=dilated).eval()
    state = {key: value for key, value in other.state_dict().items() if not key.startswith("fc.")}
    net, x = ResNet(state, STAGES[stride]).eval(), torch.randn(1, 3, 64, 64)
    net.load_state_dict(state)
    layers = nn.Sequential(*list(other.children())[:-2])
    with torch.no_grad():
        torch.testing.assert_close(net(x)[-1], layers(x))
    assert STAGES[stride].stride == stride and blocks_of(state) == (3, 4, 6, 3)


@pytest.mark.parametrize("name", NAMES)
def test_a_network_can_be_built_without_memory_and_then_holds_the_files_own_tensors(name: str):
    with torch.device("meta"):
        found = rebuilt(USUAL[name])
    found.net.load_state_dict({key: value.float() for key, value in found.state.items()}, assign=True)
    with torch.no_grad():
        logits = found.net.eval()(EXPECTED["input"].float())
    torch.testing.assert_close(logits, EXPECTED[f"{USUAL[name]}#logits"], rtol=1e-4, atol=1e-4)
