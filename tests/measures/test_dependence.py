"""GCNet's numbers of a map: values, baselines, reasons and words."""

import math

import pytest
import torch
from torch import nn

from nlviz import capture_maps
from nlviz.blocks import BLOCKS
from nlviz.measures import NAMES, dependence_in_words, dependence_of_queries, fresh_block, fresh_map, last_scale, measure, terms_of
from nlviz.metrics import cosine_distance, js_divergence, js_matrix
from tests.blocks.building import built, picture

GRID = (6, 7)


def maps_of(block, x=None):
    x = picture(8, GRID, batch=2) if x is None else x
    with capture_maps(block) as maps:
        block(x)
    return maps


def mean_cosine(vectors):
    return torch.stack([cosine_distance(v, vectors) for v in vectors]).mean().item()


def positions(x):
    return x.flatten(1).mT


@pytest.mark.parametrize("name", BLOCKS)
def test_every_map_of_every_block_is_measured_or_says_why_not(name):
    for nl_map in maps_of(built(name, 8, GRID)):
        found = measure(nl_map, item=1)
        x, z = nl_map.input[1], nl_map.output[1]
        assert found.values.keys() | found.reasons.keys() == set(NAMES) and not found.values.keys() & found.reasons.keys()
        assert found.values.keys() == found.shuffled.keys() and all(found.reasons.values())
        assert found.values["cosine_input"] == pytest.approx(mean_cosine(positions(x)), abs=1e-7)
        assert found.values["cosine_output"] == pytest.approx(mean_cosine(positions(z - x)), abs=1e-7)
        assert found.added_share == pytest.approx(((z - x).norm() / x.norm()).item())
        if nl_map.relates == "positions" and (nl_map.weights[1] == 0).all(1).any():
            assert "no direction" in found.reasons["cosine_att"]
        elif nl_map.relates == "positions":
            assert found.values["cosine_att"] == pytest.approx(mean_cosine(nl_map.weights[1]), abs=1e-7)
        if nl_map.relates == "global":
            assert found.values["cosine_att"] == pytest.approx(0, abs=1e-12)
        assert ("jsd_att_nats" in found.values) == (nl_map.relates in ("positions", "global") and nl_map.rows == "distribution")
        if "jsd_att_nats" not in found.values:
            with pytest.raises(ValueError, match=found.reasons["jsd_att_nats"]):
                dependence_of_queries(nl_map, item=1)
            continue
        truth = js_matrix(nl_map.weights[1]) if nl_map.relates == "positions" else torch.zeros(42, 42)
        assert found.values["jsd_att_nats"] == pytest.approx(truth.mean().item(), abs=3e-7)
        assert dependence_of_queries(nl_map, item=1).numpy() == pytest.approx(truth.mean(1).numpy(), abs=6e-7)
        entropy = torch.special.entr(nl_map.weights[1]).sum(1).mean().item() / math.log(nl_map.shape[1])
        assert found.entropy_share == pytest.approx(entropy, abs=1e-9)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_map_that_is_not_kept_densely_has_the_same_numbers(name):
    block, x = built(name, 8, GRID), picture(8, GRID, batch=1)
    with capture_maps(block, dense_bytes=0) as maps:
        block(x)
    for nl_map, dense in zip(maps, maps_of(block, x)):
        assert measure(nl_map).values == pytest.approx(measure(dense).values, abs=1e-9)


@pytest.mark.parametrize("name", ["gc", "snl"])
def test_a_global_map_is_at_no_distance_and_its_shuffles_are_those_of_so_many_rows(name):
    nl_map = maps_of(built(name, 8, GRID))[0]
    found, many = measure(nl_map), [nl_map.weights[0, 0][torch.randperm(42)] for _ in range(400)]
    assert found.values["jsd_att_nats"] == pytest.approx(0, abs=3e-7)
    of_42 = (41 / 42) / (399 / 400)  # from the pairs of 400 rows to those of 42
    assert found.shuffled["jsd_att_nats"] == pytest.approx(js_matrix(torch.stack(many)).mean().item() * of_42, rel=0.02, abs=1e-6)
    assert found.shuffled["cosine_att"] == pytest.approx(mean_cosine(torch.stack(many)) * of_42, rel=0.02)


def embedded(queries, bias=0.0):
    """A non-local block whose queries are ``queries`` times theta(x), plus a bias."""
    block = built("embedded_gaussian", 8, GRID, sub_sample=False)
    with torch.no_grad():
        block.theta.weight.mul_(queries)
        block.theta.bias.fill_(bias)
    return block


def test_queries_that_are_all_alike_give_one_map():
    found = measure(maps_of(embedded(0.0, bias=1.0))[0])
    assert found.values["jsd_att_nats"] == pytest.approx(0, abs=3e-7) and found.values["cosine_att"] == pytest.approx(0, abs=1e-12)
    assert found.shuffled["jsd_att_nats"] > 0.1 and "Nearly one map for all queries: rows differ by 0.0 %" in found.sentence


def test_the_terms_tell_what_explains_a_map():
    unary = terms_of(maps_of(embedded(0.0, bias=1.0))[0])
    expected = {"jsd_pairwise_nats": 0, "to_pairwise_nats": unary["to_pairwise_nats"], "to_unary_nats": 0}
    assert unary == pytest.approx(expected, abs=3e-7)
    assert unary["to_pairwise_nats"] > 0.05
    x = picture(8, GRID, batch=1)
    pairwise = terms_of(maps_of(embedded(1.0), x - x.mean((2, 3), keepdim=True))[0])
    assert pairwise["to_pairwise_nats"] == pytest.approx(0, abs=1e-9)
    assert min(pairwise["to_unary_nats"], pairwise["jsd_pairwise_nats"]) > 0.05


def test_the_terms_are_those_of_the_rows():
    nl_map = maps_of(embedded(1.0, bias=0.5))[0]
    terms = [nl_map.term(name).lazy.dense()[0] for name in ("pairwise only", "unary only")]
    pairs = [js_divergence(nl_map.weights[0], term).mean().item() for term in terms]
    found = terms_of(nl_map)
    assert [found["to_pairwise_nats"], found["to_unary_nats"]] == pytest.approx(pairs, abs=1e-9)
    assert found["jsd_pairwise_nats"] == pytest.approx(js_matrix(terms[0]).mean().item(), abs=3e-7)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_fresh_block_is_random_everywhere_adds_something_and_leaves_the_trained_one_alone(name):
    block = built(name, 8, GRID).float()
    with torch.no_grad():
        for weight in block.parameters():
            weight.fill_(0.125)
    before, random = {k: v.clone() for k, v in block.state_dict().items()}, torch.get_rng_state()
    fresh, again, other = fresh_block(block), fresh_block(block), fresh_block(block, seed=1)
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(v, before[k]) for k, v in block.state_dict().items())
    matrices = [[w for w in one.parameters() if w.dim() == 4] for one in (fresh, again, other)]
    assert all(torch.equal(a, b) and not torch.equal(a, c) for a, b, c in zip(*matrices))
    assert all(len(w.unique()) > 1 for w in matrices[0])
    for nl_map in maps_of(block, picture(8, GRID, batch=1).float()):
        found = fresh_map(fresh, nl_map)
        assert (found.output - found.input).abs().max() > 1e-6 and torch.equal(found.input, nl_map.input)
        assert measure(found).values.keys() == measure(nl_map).values.keys() | {"cosine_output"}


@pytest.mark.parametrize("name, weight", [("embedded_gaussian", "W.1.weight"), ("pam", "gamma"), ("criss_cross", "gamma"),
                                          ("disentangled", "W.1.weight"), ("gc", None)])
def test_the_last_scale_is_gamma_or_the_last_batch_norms_weight(name, weight):
    block = built(name, 8, GRID)
    assert last_scale(block) == (None if weight is None else pytest.approx(block.state_dict()[weight].abs().mean().item()))


def test_a_block_that_adds_nothing_says_so_and_keeps_its_map():
    block = BLOCKS["pam"](8).eval()
    found = measure(maps_of(block, picture(8, GRID, 1).float())[0])
    assert "no direction" in found.reasons["cosine_output"] and found.added_share == 0 and "jsd_att_nats" in found.values


def test_a_network_of_ones_own_with_a_layer_that_knows_no_reset_is_refreshed_too():
    class Own(BLOCKS["pam"]):
        def __init__(self):
            super().__init__(8)
            self.shift = nn.Parameter(torch.zeros(8, 1, 1))

    assert (fresh_block(Own()).shift == 1).all()


@pytest.mark.parametrize("found, shuffled, words", [
    (0.0, 0.5, "Nearly one map for all queries: rows differ by 0.0 %"),
    (0.02, 0.5, "Nearly one map for all queries: rows differ by 4.0 %"),
    (0.001, 0.5, "rows differ by 0.2 %"), (0.1, 0.5, "Depends on the query, but weakly: rows differ by 20 %"),
    (0.4, 0.5, "Depends on the query: rows differ by 80 %"), (0.001, 0.005, "Every row is nearly flat")])
def test_words_follow_the_share_of_shuffled_rows(found, shuffled, words):
    assert words in dependence_in_words(found, shuffled)


def test_a_global_map_is_one_map_by_design():
    assert dependence_in_words(0.0, 0.5, "global") == "One map for all queries, by the block's design."


@pytest.mark.parametrize("name, words", [
    ("dot_product", "By cosine distance alone, rows differ by"), ("cam", "No answer here: rows are those of channels"),
    ("se", "No answer here: a gate has one value")])
def test_words_without_a_divergence_say_why(name, words):
    assert words in measure(maps_of(built(name, 8, GRID))[0]).sentence
