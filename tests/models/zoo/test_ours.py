"""Networks of nlviz from their own checkpoints."""

import pytest
import torch
from safetensors.torch import load_file

from nlviz.models import CHECKPOINTS, load_model
from nlviz.models.zoo.ours import ARCHES, build, fitting, questions


def state_of(name):
    return load_file(CHECKPOINTS / f"{name}.safetensors")


@pytest.mark.parametrize("name", ["caltech101_gc", "msrc_base_oc", "moves_gc", "clips_embedded_gaussian"])
def test_a_bundled_networks_checkpoint_gives_that_network(name):
    found, wanted = build(state_of(name), {}), load_model(name)
    found.net.load_state_dict(found.state)
    own = wanted.net.state_dict()
    assert found.state.keys() == own.keys() and all(torch.equal(found.state[key], own[key]) for key in own)
    assert (found.names, found.preprocess, found.task) == (wanted.classes, wanted.preprocess, wanted.task)
    assert (found.frames is None) == wanted.clips


@pytest.mark.parametrize("name, candidates", [
    ("caltech101_gc", {"caltech101_gc"}), ("msrc_rga", {"msrc_rga"}), ("moves_se", {"moves_se"}),
    ("clips_embedded_gaussian_framewise", {"clips_embedded_gaussian_framewise"}), ("camvid_dual", {"camvid_dual"}),
    ("msrc_criss_cross", {"msrc_criss_cross", "msrc_pam"}),
    ("caltech101_dot_product", {
        "caltech101_dot_product", "caltech101_embedded_gaussian", "caltech101_embedded_gaussian_times_decay",
        "caltech101_embedded_gaussian_divided_decay"})])
def test_networks_with_the_same_weights_are_asked_about(name, candidates):
    state = state_of(name)
    assert {spec.name for spec in fitting(state)} == candidates
    asked = questions(state)
    assert set(asked[0].options if asked else candidates) == candidates


def test_an_open_question_is_not_answered_by_the_first_that_fits():
    with pytest.raises(ValueError, match="network is one of msrc_criss_cross, msrc_pam"):
        build(state_of("msrc_criss_cross"), {})
    assert build(state_of("msrc_criss_cross"), {"network": "msrc_criss_cross"}).names[1] == "grass"


def test_what_is_missing_of_the_trained_part_is_not_filled_in():
    state = state_of("caltech101_se")
    del state["block.fc1.bias"]
    with pytest.raises(ValueError, match="no network of nlviz has a block"):
        build(state, {})


def test_kinds_of_ours_have_names_of_their_own():
    assert len({arch.name for arch in ARCHES}) == len(ARCHES)
