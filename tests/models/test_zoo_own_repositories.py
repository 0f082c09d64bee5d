"""DANet, CCNet and OCNet are rebuilt from checkpoints of their own repositories: the logits and maps of their published code."""

import re

import pytest
import torch
from torch import Tensor

from nlviz.capture import Maps, capture_maps
from nlviz.models.zoo import ccnet, danet, ocnet
from nlviz.models.zoo.arch import Arch, Rebuilt
from tests.models import own_repositories as published

ARCHES: dict[str, Arch] = {arch.name: arch for arch in (*danet.ARCHES, *ccnet.ARCHES, *ocnet.ARCHES)}
STATES = {"danet": lambda: published.danet_state("one"), "ccnet": published.ccnet_state} | {
    f"ocnet_{kind}_oc": lambda kind=kind: published.ocnet_state(kind) for kind in ("base", "pyramid", "asp")}
ANSWERS = {"danet": {"dilation": "multi_grid"}, "ccnet": {"recurrence": "2"}}


def picture() -> Tensor:
    return torch.randn(1, 3, 64, 80, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


def ran(name: str, state: dict[str, Tensor], answers: dict[str, str]) -> tuple[Rebuilt, Tensor, Maps]:
    found, x = ARCHES[name].build(state, answers), picture()
    net = found.net.double().eval()
    assert set(net.state_dict()) == set(found.state)
    net.load_state_dict(found.state)
    with torch.no_grad(), capture_maps(net) as maps:
        logits = net(x)
    return found, logits, maps


@pytest.mark.parametrize("stem", ["one", "deep"])
@pytest.mark.parametrize("dilation", list(danet.DILATION.options))
def test_danet_gives_what_its_repository_does_for_each_stem_and_dilation(stem: str, dilation: str):
    state = published.danet_state(stem)
    _, logits, maps = ran("danet", state, {"dilation": dilation})
    expected, weights = published.danet(state, picture(), dilation)
    torch.testing.assert_close(logits, expected)
    for layer, block in (("head.sa", "pam"), ("head.sc", "cam")):
        nl_map = next(nl_map for nl_map in maps if nl_map.layer == layer)
        assert nl_map.block == block
        torch.testing.assert_close(nl_map.weights, weights[layer])


@pytest.mark.parametrize("recurrence", [1, 2, 3])
def test_ccnet_gives_what_its_repository_does_for_bgr_pixels(recurrence: int):
    state = published.ccnet_state()
    _, logits, maps = ran("ccnet", state, {"recurrence": str(recurrence)})
    expected, weights = published.ccnet(state, picture().flip(1), recurrence)
    torch.testing.assert_close(logits, expected)
    found = {nl_map.part: nl_map.weights for nl_map in maps if nl_map.layer == "head.cca"}
    for number, dense in enumerate(weights, 1):
        torch.testing.assert_close(found[f"A{number}"], dense)


@pytest.mark.parametrize("kind", ["base", "pyramid", "asp"])
def test_ocnet_gives_what_its_repository_does(kind: str):
    state = published.ocnet_state(kind)
    _, logits, maps = ran(f"ocnet_{kind}_oc", state, {})
    expected, weights = published.ocnet(state, picture(), kind)
    torch.testing.assert_close(logits, expected)
    assert {nl_map.layer for nl_map in maps} == {"context" if kind == "pyramid" else "context.2"}
    for nl_map, dense in zip(maps, weights, strict=True):
        torch.testing.assert_close(nl_map.weights, dense)


@pytest.mark.parametrize("name", list(ARCHES))
def test_a_file_is_told_by_its_names_and_all_of_it_is_used_or_named(name: str):
    state = STATES[name]()
    told = [other for other, arch in ARCHES.items()
            if all(any(re.match(mark, key) for key in state) for mark in arch.signature)]
    found = ARCHES[name].build(state, ANSWERS.get(name, {}))
    assert told == [name] and {question.name for question in ARCHES[name].questions(state)} == set(ANSWERS.get(name, {}))
    assert found.used <= set(state) and (found.task, found.classes, found.stride) == ("segmentation", 19, 8)
    assert not [key for key in set(state) - found.used if not key.startswith(tuple(ARCHES[name].ignored))]


def test_pixels_are_prepared_as_each_repository_does():
    means = {name: ARCHES[name].build(STATES[name](), ANSWERS.get(name, {})) for name in ARCHES}
    assert means["danet"].mean == (123.675, 116.28, 103.53) and means["danet"].std == (58.395, 57.12, 57.375)
    assert means["ccnet"].mean == (122.67891434, 116.66876762, 104.00698793)
    assert {found.mean for name, found in means.items() if name.startswith("ocnet")} == {(102.9801, 115.9465, 122.7717)}
    assert {found.std for name, found in means.items() if name != "danet"} == {(1.0, 1.0, 1.0)}
