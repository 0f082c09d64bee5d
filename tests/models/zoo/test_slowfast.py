"""PySlowFast's non-local networks rebuilt from their weights give the same output and maps as the official formulas."""

import pytest
import torch

from nlviz.models.zoo.slowfast import ARCHES, build, kind_of, questions
from tests.models.zoo.rebuilding import maps_of, rebuilt
from tests.models.zoo.slowfast_reference import run, weights_of

SOFTMAX = {"mode": "embedded_gaussian", "pool_size": "1x2x2"}
DOT = SOFTMAX | {"mode": "dot_product"}
ALL_KEYS = {"pool_size": "none"}
NETWORKS = [
    (["c2d"], SOFTMAX | {"time_pool": "yes"}), (["c2d"], DOT | ALL_KEYS | {"time_pool": "no"}),
    (["i3d"], SOFTMAX | ALL_KEYS | {"time_pool": "yes"}), (["i3d"], DOT | {"time_pool": "no"}),
    (["slow"], DOT), (["slow"], SOFTMAX), (["slow", "fast"], DOT | {"alpha": "4"}), (["slow", "fast"], SOFTMAX | {"alpha": "8"})]


@pytest.mark.parametrize("kinds, answers", NETWORKS, ids=str)
def test_output_and_maps_are_those_of_the_official_code(kinds, answers):
    state = weights_of(kinds)
    clip = torch.randn(1, 3, 8, 32, 48, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    pool = (1, 2, 2) if answers["pool_size"] == "1x2x2" else None
    wanted, wanted_maps = run(state, clip, answers["mode"], pool, answers.get("time_pool") == "yes", int(answers.get("alpha", 1)))
    found = rebuilt(ARCHES[0], state, answers)
    output, maps = maps_of(found.net, clip)
    assert torch.allclose(output, wanted, rtol=1e-9, atol=1e-10)
    assert maps.keys() == wanted_maps.keys() == {"s3.pathway0_nonlocal1", "s4.pathway0_nonlocal1"}
    assert all(torch.allclose(maps[layer], wanted_maps[layer], rtol=1e-9, atol=1e-11) for layer in maps)
    assert found.used == set(state)


@pytest.mark.parametrize("kinds, answers", NETWORKS, ids=str)
def test_what_cannot_be_told_is_asked_and_nothing_else(kinds, answers):
    assert {question.name for question in questions(weights_of(kinds))} == set(answers)


@pytest.mark.parametrize("kinds, name, mode", [(["c2d"], "C2D", "embedded_gaussian"), (["i3d"], "I3D", "embedded_gaussian"),
                                               (["slow"], "Slow", "dot_product"), (["slow", "fast"], "SlowFast", "dot_product")])
def test_the_kind_is_told_by_kernels_and_decides_what_is_usual(kinds, name, mode):
    state = weights_of(kinds)
    assert (kind_of(state), questions(state)[0].usual) == (name, mode)


def blocks_norms(state):
    return [name for name in state if "_nonlocal1.norm." in name]


def test_the_norm_is_called_bn_in_newer_code():
    state = weights_of(["c2d"])
    newer = {name.replace("_nonlocal1.norm.", "_nonlocal1.bn."): tensor for name, tensor in state.items()}
    answers, clip = SOFTMAX | {"time_pool": "no"}, torch.randn(1, 3, 4, 32, 32, dtype=torch.float64)
    found, other = (rebuilt(ARCHES[0], weights, answers) for weights in (newer, state))
    assert blocks_norms(state) and not blocks_norms(newer) and found.used == set(newer)
    assert torch.equal(maps_of(found.net, clip)[0], maps_of(other.net, clip)[0])
    assert "norm_type" not in {question.name for question in questions(newer)}


@pytest.mark.parametrize("norm_type, layers", [("layernorm", 2), ("none", 1)])
def test_a_norm_without_weights_is_asked_about(norm_type, layers):
    state = weights_of(["slow"])
    state = {name: tensor for name, tensor in state.items() if name not in blocks_norms(state)}
    assert "norm_type" in {question.name for question in questions(state)}
    net = rebuilt(ARCHES[0], state, DOT | {"norm_type": norm_type}).net
    assert len(net.s3.pathway0_nonlocal1.W) == layers


def test_kernels_of_no_published_network_are_refused_in_words():
    state = weights_of(["slow"])
    state["s1.pathway0_stem.conv.weight"] = torch.zeros(8, 3, 3, 7, 7)
    with pytest.raises(ValueError, match=r"see \(3, 1, 1, 3, 3\) frames; expected \(5, 3, 3, 3, 3\)"):
        questions(state)


def test_clips_that_two_pathways_cannot_share_are_refused_in_words():
    net = build(weights_of(["slow", "fast"]), DOT | {"alpha": "4"}).net
    with pytest.raises(ValueError, match="a multiple of 4 frames, got 6"):
        net(torch.zeros(1, 3, 6, 32, 32))
