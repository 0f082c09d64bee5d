"""Layers x heads: the numbers of every head, from patches to patches."""

import json
import math
from dataclasses import replace

import pytest
import torch

from nlviz.analysis import analyse
from nlviz.measures import (
    AMONG,
    dependence_of_layers,
    dependence_of_queries,
    diagonal,
    heads_of,
    mean_distance,
    measure,
    measure_fresh,
    measures_csv,
    measures_of,
    terms_of,
)
from nlviz.metrics import js_divergence
from nlviz.pictures import Preprocess
from tests.figures.looking import look_at
from tests.networks import network
from tests.pictures.drawn import quarters
from tests.transformers import seen


def patches(placed) -> torch.Tensor:
    """Rows of the positions over the positions, (24, 24), by plain division."""
    rows = torch.stack([placed.nl_map.row(query) for query in range(24)])[:, :24].double()
    return rows / rows.sum(1, keepdim=True)


def test_numbers_are_from_patches_to_patches_with_rows_that_sum_to_one_again_and_say_so():
    rows = measures_of(seen())
    assert json.loads(json.dumps(rows)) == rows
    for row, placed in zip(rows, seen().maps):
        truth = patches(placed)
        each = torch.stack([torch.stack([js_divergence(p, q) for q in truth]).mean() for p in truth])
        assert row["jsd_att_nats"] == pytest.approx(each.mean().item(), abs=3e-7)
        assert dependence_of_queries(placed.nl_map).numpy() == pytest.approx(each.numpy(), abs=1e-6)
        assert row["entropy_share"] == pytest.approx(torch.special.entr(truth).sum(1).mean().item() / math.log(24), abs=1e-6)
        assert (row["layer_number"], row["head"], row["note"]) == (placed.layer, placed.head, AMONG)


def test_what_a_module_that_is_no_block_does_not_keep_is_undefined_with_its_reason():
    row = measures_of(seen())[0]
    assert row["reasons"] == {"cosine_input": "what this module was given is not kept",
                              "cosine_output": "what this module was given is not kept",
                              "fresh": "fresh weights: of blocks of nlviz only"}
    assert row["cosine_input"] is row["jsd_att_nats_fresh"] is row["added_share"] is None
    with pytest.raises(ValueError, match="of blocks of nlviz only"):
        measure_fresh(seen().model.net, seen().maps[0].nl_map)


def test_the_mean_distance_is_that_of_every_query_to_every_patch_in_cells():
    for placed in seen().maps[:5]:
        truth, places = patches(placed), [(n // 6, n % 6) for n in range(24)]
        plain = sum(truth[i, j].item() * math.dist(places[i], places[j]) for i in range(24) for j in range(24)) / 24
        assert mean_distance(placed) == pytest.approx(plain, rel=1e-5)
    assert diagonal(placed.queries) == pytest.approx(math.hypot(4, 6))


def test_keys_that_were_pooled_lie_between_the_queries_cells():
    placed = look_at("gaussian").maps[0]
    pooled = analyse(network("gaussian", sub_sample=True), quarters(192, 112), 192).maps[0]
    assert pooled.keys.grid != pooled.queries.grid
    rows, (across, down) = pooled.nl_map.weights[0].double(), pooled.keys.grid[::-1]
    keys = [(2 * (n % across) + 1, 2 * (n // across) + 1) for n in range(across * down)]  # corners where four cells meet
    queries = [(n % 12 + 0.5, n // 12 + 0.5) for n in range(84)]
    plain = sum(rows[i, j].item() * math.dist(q, k) for i, q in enumerate(queries) for j, k in enumerate(keys)) / 84
    assert mean_distance(pooled) == pytest.approx(plain, rel=1e-5)
    assert mean_distance(replace(placed, keys=None)) is None and mean_distance(look_at("dot_product").maps[0]) is None


def test_a_map_for_all_queries_is_as_far_from_each_as_its_keys_are():
    placed = look_at("gc").maps[0]
    rows, places = placed.nl_map.weights[0, 0].double(), [(n % 6, n // 6) for n in range(30)]
    plain = sum(w.item() * math.dist(q, k) for q in places for w, k in zip(rows, places)) / 30
    assert mean_distance(placed) == pytest.approx(plain, rel=1e-5)


def test_padding_is_no_part_of_the_distance():
    framed = analyse(network("gaussian", sub_sample=False), quarters(96, 112), preprocess=Preprocess(fixed=(192, 112))).maps[0]
    rows, places = framed.nl_map.weights[0].double(), [(n % 12, n // 12) for n in range(84)]
    plain = sum(rows[i, j].item() * math.dist(places[i], places[j]) for i in range(84) for j in range(84)) / 84
    assert mean_distance(framed) == pytest.approx(plain, rel=1e-5)  # in cells, wherever the picture lies among them


def test_all_heads_at_once_have_the_numbers_of_each_alone_whatever_the_order():
    told, rows = [], measures_of(seen())
    found = dependence_of_layers(seen(), lambda done, of: told.append((done, of)))
    assert [(one["layer"], one["head"]) for one in found] == [(n, h) for n in (1, 2, 3, 4) for h in (None, 1, 2, 3)]
    assert told == [(n, 16) for n in range(1, 17)]
    by_name = {row["part"]: row for row in rows}
    for one in found:
        row = by_name[one["part"]]
        assert one["jsd_att_nats"] == pytest.approx(row["jsd_att_nats"], abs=1e-9)
        assert one["share"] == pytest.approx(row["jsd_att_nats"] / row["jsd_att_nats_shuffled"])
        assert one["entropy_share"] == pytest.approx(row["entropy_share"]) and one["reason"] == ""
        assert one["attention_distance_cells"] == pytest.approx(row["attention_distance_cells"])
    assert heads_of(seen(), 3) == [one for one in found if one["layer"] == 3]


def test_measuring_heads_leaves_the_number_of_threads_as_it_was_also_where_progress_raises():
    def stop(done, of):
        raise KeyboardInterrupt

    before = torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        dependence_of_layers(seen(), stop)
    assert torch.get_num_threads() == before
    assert dependence_of_layers(look_at("gaussian")) == []


def test_a_head_is_split_into_its_terms_among_patches():
    placed = seen().maps[2]
    found = terms_of(placed.nl_map)
    q, k = (t[0, :24].double() for t in (placed.nl_map.among_positions().lazy.q, placed.nl_map.among_positions().lazy.k))
    rows = ((q - q.mean(0)) @ (k - k.mean(0)).T * placed.nl_map.lazy.scale).softmax(1)
    plain = torch.stack([js_divergence(p, rows) for p in rows]).mean().item()
    assert found["jsd_pairwise_nats"] == pytest.approx(plain, abs=1e-6)


def test_as_csv_layers_and_heads_have_columns_of_their_own():
    text = measures_csv(measures_of(seen())).splitlines()
    assert text[0].split(",")[3:6] == ["part", "layer_number", "head"]
    assert text[3].split(",")[2:8] == ["Attention", '"layer 1', ' head 1"', "1", "1", "positions"]


def test_maps_of_tokens_alone_say_why_they_have_no_number():
    nl_map = replace(seen().maps[0].nl_map, query_grid=(0,), query_tokens=("query 1", "query 2"))
    assert measure(nl_map).reasons["jsd_att_nats"] == "every query is a named token"
