"""A study of networks with layers x heads: all heads in the numbers, tables of layers and heads in the report."""

import csv
import json

import numpy as np
import pytest
from PIL import Image

from nlviz.analysis import analyse
from nlviz.figures import heads_against_layer, shares_by_head
from nlviz.measures import mean_distance, measure
from nlviz.study import Study, run_study
from nlviz.study.stacks import few, stacks_in
from nlviz.study.summary import interval
from tests.figures.laid_out import assert_laid_out
from tests.networks import bundled
from tests.transformers import transformer

NAMES = ["a.png", "b.png", "c.png"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(1)
    for name in NAMES:
        Image.fromarray(random.integers(0, 255, (64, 96, 3), dtype=np.uint8)).save(folder / name)
    return folder


@pytest.fixture(scope="module")
def vit():
    return transformer()


@pytest.fixture(scope="module")
def studied(folder, vit, tmp_path_factory):
    out = tmp_path_factory.mktemp("report")
    return run_study(Study([vit, bundled("msrc_gc")], 96), folder, NAMES, out, progress=iter), out


def test_every_head_of_every_layer_is_measured_as_an_analysis_shows_it(studied, folder, vit):
    _, out = studied
    rows = [row for row in csv.DictReader((out / "pictures.csv").open()) if row["model"] == "vit"]
    assert len(rows) == 3 * 12
    for name in NAMES:
        maps = {(placed.layer, placed.head): placed for placed in analyse(vit, folder / name, 96).maps}
        for row in (row for row in rows if row["picture"] == name):
            placed = maps[int(row["layer_number"]), int(row["head"])]
            assert float(row["jsd_att_nats"]) == pytest.approx(measure(placed.nl_map).values["jsd_att_nats"], abs=1e-9)
            assert float(row["attention_distance_cells"]) == pytest.approx(mean_distance(placed))
            assert row["jsd_att_nats_fresh"] == row["cosine_input"] == row["added_share"] == ""
            assert "cosine_input: what this module was given is not kept" in row["why_not"]


def test_shares_and_distances_are_means_over_pictures_with_intervals(studied):
    summary, out = studied
    rows = [row for row in csv.DictReader((out / "pictures.csv").open()) if row["model"] == "vit"]
    own = [row for row in summary["rows"] if row["model"] == "vit"]
    assert [(row["layer_number"], row["head"]) for row in own] == [(layer, head) for layer in range(1, 5) for head in range(1, 4)]
    for row in own:
        of = [one for one in rows if one["part"] == row["part"]]
        shares = [float(one["jsd_att_nats"]) / float(one["jsd_att_nats_shuffled"]) for one in of]
        assert row["of_shuffled"]["mean"] == pytest.approx(np.mean(shares)) and row["of_shuffled"]["pictures"] == 3
        assert (row["of_shuffled"]["low"], row["of_shuffled"]["high"]) == pytest.approx(interval(shares, 0))
        assert row["attention_distance_cells"]["mean"] == pytest.approx(
            np.mean([float(one["attention_distance_cells"]) for one in of]))
        assert row["added_share"] is row["scale"] is None and row["measures"]["jsd_att_nats"]["fresh"] is None
    assert json.loads((out / "summary.json").read_text()) == summary


def test_the_report_has_tables_of_layers_and_heads_and_no_paragraph_for_each(studied):
    summary, out = studied
    text = (out / "README.md").read_text()
    assert "## vit: 4 layers, 12 heads" in text and text.count("| layer | head 1 | head 2 | head 3 |") == 2
    own = {(row["layer_number"], row["head"]): row for row in summary["rows"] if row["model"] == "vit"}
    lines = text.split("From patches to patches")[1].splitlines()
    for layer in range(1, 5):
        shares = [f"{100 * own[layer, head]['of_shuffled']['mean']:.0f} %" for head in (1, 2, 3)]
        assert f"| {layer} | {' | '.join(shares)} |" in lines
    assert text.count("vit") < 30 and "msrc_gc · attention" in text
    for name in ("heads", "distance_against_layer", "distribution"):
        assert (out / f"{name}.png").exists() and (out / f"{name}.pdf").exists() and f"![{name}.png]({name}.png)" in text


def test_a_stopped_study_goes_on_with_what_it_kept(studied, folder, vit, tmp_path, monkeypatch):
    summary, out = studied
    for kept in out.glob("measured.*.jsonl"):
        (tmp_path / kept.name).write_bytes(kept.read_bytes())
    monkeypatch.setattr(Study, "_numbers", lambda *_: pytest.fail("measured again"))
    assert run_study(Study([vit, bundled("msrc_gc")], 96), folder, NAMES, tmp_path, progress=iter) == summary


def test_of_many_heads_the_figure_of_divergences_shows_those_at_both_ends():
    rows = [{"network": "vit", "layer_number": layer, "of_shuffled": {"mean": (7 * layer + head) % 30 / 30}}
            for layer in range(6) for head in range(5)]
    kept = few([{"layer_number": None}, *rows])
    shares = [row["of_shuffled"]["mean"] for row in kept[1:]]
    everyone = sorted(row["of_shuffled"]["mean"] for row in rows)
    assert len(kept) == 9 and shares == everyone[:4] + everyone[-4:]


@pytest.mark.parametrize("layers, heads", [(12, 6), (24, 16), (1, 1)])
def test_figures_of_a_study_are_laid_out(layers, heads):
    rows = [{"layer_number": layer, "head": head, "attention_distance_cells": {"mean": layer + head / 9, "low": layer, "high": 30},
             "of_shuffled": {"mean": 0.5, "low": 0.4, "high": 0.6} if head != 2 else None}
            for layer in range(1, layers + 1) for head in range(1, heads + 1)]
    for figure in (shares_by_head({"one": rows, "two": rows}), heads_against_layer({"one": rows, "two": rows})):
        assert_laid_out(figure)
    assert list(stacks_in([{"layer_number": None}, *({"network": "one"} | row for row in rows)])) == ["one"]
