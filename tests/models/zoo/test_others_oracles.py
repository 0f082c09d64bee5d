"""Backbones of mmdetection and mmaction2 rebuilt from their checkpoints give the same output and map (oracles/others.py)."""

import pytest
import torch

from nlviz.models.zoo.mmaction import ARCHES as MMACTION
from nlviz.models.zoo.mmdet import ARCHES as MMDET
from tests.models.zoo.rebuilding import maps_of, oracle, rebuilt

SCALED = {"mode": "embedded_gaussian", "use_scale": "yes"}
UNSCALED = SCALED | {"use_scale": "no"}
NETWORKS = {
    "mmdet_r50_gcb_r4": {}, "mmdet_x50_gcb_r16": {}, "mmdet_r50_nonlocal": SCALED,
    "mmaction_i3d_embedded_gaussian": UNSCALED, "mmaction_i3d_dot_product": UNSCALED | {"mode": "dot_product"},
    "mmaction_slowonly_embedded_gaussian": SCALED, "mmaction_tsm_embedded_gaussian": UNSCALED, "mmaction_tsm_gaussian": {}}
EXPECTED = oracle("others_expected")


def arch_of(name):
    return (MMDET if name.startswith("mmdet") else MMACTION)[0]


def expected(name):
    """(output, the layer whose map there is, the map)."""
    (layer,) = [key.removeprefix(f"{name}.") for key in EXPECTED if key.startswith(f"{name}.") and not key.endswith(".output")]
    return EXPECTED[f"{name}.output"], layer, EXPECTED[f"{name}.{layer}"]


@pytest.mark.parametrize("name", NETWORKS)
def test_output_and_map_are_those_of_the_official_code(name):
    x = EXPECTED[f"{name.partition('_')[0]}.input"]
    output, maps = maps_of(rebuilt(arch_of(name), oracle(name), NETWORKS[name]).net, x)
    wanted, layer, wanted_map = expected(name)
    assert torch.allclose(output, wanted, rtol=1e-6, atol=1e-6)
    assert torch.allclose(maps[layer], wanted_map, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", NETWORKS)
def test_every_tensor_of_the_backbone_and_the_classifier_goes_in_and_what_is_left_is_named(name):
    state, arch = oracle(name), arch_of(name)
    left = set(state) - rebuilt(arch, state, NETWORKS[name]).used
    assert {key.split(".")[0] for key in left} == ({"neck", "rpn_head"} if name.startswith("mmdet") else set())
    assert {key.split(".")[0] for key in left} <= set(arch.ignored)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_cannot_be_told_is_asked_and_nothing_else(name):
    assert {question.name for question in arch_of(name).questions(oracle(name))} == set(NETWORKS[name])
