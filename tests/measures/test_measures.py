"""The numbers of every map of one picture, as plain values."""

import csv
import io
import json
import math

import pytest
import torch

from nlviz.analysis import analyse, as_model
from nlviz.blocks import BLOCKS
from nlviz.measures import COLUMNS, fresh_block, fresh_map, measure, measures_csv, measures_of
from tests.figures.looking import look_at, look_at_channels
from tests.pictures.drawn import quarters


@pytest.mark.parametrize("block", BLOCKS)
def test_every_map_of_every_block_has_its_numbers_or_a_reason(block):
    analysis = look_at_channels(block)
    rows = measures_of(analysis)
    assert len(rows) == len(analysis.maps) and json.loads(json.dumps(rows)) == rows
    for row, placed in zip(rows, analysis.maps):
        found, nl_map = measure(placed.nl_map), placed.nl_map
        assert {name: row[name] for name in found.values} == found.values and row["jsd_reason"] == found.reasons.get("jsd_att_nats")
        assert {name: row[f"{name}_shuffled"] for name in found.values} == found.shuffled
        fresh = measure(fresh_map(fresh_block(analysis.model.net.get_submodule(nl_map.layer)), nl_map)).values
        assert all(row[f"{name}_fresh"] == value for name, value in fresh.items() if name != "cosine_input")
        assert all(row[name] is None for name in found.reasons) and row["reasons"] == found.reasons
        assert (row["block"], row["relates"], row["rows"]) == (block, nl_map.relates, nl_map.rows)
        assert tuple(row["query_grid"]) == nl_map.query_grid and tuple(row["key_grid"]) == nl_map.key_grid
        if nl_map.rows == "distribution" and nl_map.relates != "gate":
            share = torch.special.entr(nl_map.weights[0]).sum(-1).mean().item() / math.log(nl_map.shape[1])
            assert row["entropy_share"] == pytest.approx(share, abs=1e-5)
        else:
            assert row["entropy_share"] is None


def test_entropy_is_a_share_of_a_flat_rows():
    class Flat(BLOCKS["pam"]):
        def affinity(self, x):
            n = x.shape[2] * x.shape[3]
            return torch.full((1, n, n), 1 / n)

    analysis = analyse(as_model(torch.nn.Sequential(torch.nn.Conv2d(3, 8, 16, stride=16), Flat(8))), quarters(64, 64), 64)
    assert measures_of(analysis)[0]["entropy_share"] == pytest.approx(1, abs=1e-5)


def test_as_csv_it_is_the_same_numbers_a_line_a_map():
    rows = measures_of(look_at("embedded_gaussian", "dot_product"))
    read = list(csv.DictReader(io.StringIO(measures_csv(rows))))
    assert len(read) == 2 and tuple(read[0]) == COLUMNS and read[0]["query_grid"] == "x".join(map(str, rows[0]["query_grid"]))
    assert float(read[0]["jsd_att_nats"]) == rows[0]["jsd_att_nats"]
    assert read[1]["jsd_att_nats"] == "" and "scaled" in read[1]["jsd_reason"]
