"""One quantity has one name wherever it is written, with its unit in it."""

import csv
import io
import json

import numpy as np
import pytest

from nlviz.analysis import analyse
from nlviz.cli import main
from nlviz.export import make_recipe
from nlviz.export.bundle import maps_bytes
from nlviz.measures import COLUMNS, measures_csv, measures_of
from nlviz.models import load_model
from nlviz.recipes import Recipe
from nlviz.study import Study, run_study
from tests.pictures.drawn import quarters

NAME = "fashion_embedded_gaussian"
NUMBERS = {"cosine_input", "cosine_output", "cosine_att", "jsd_att_nats", "entropy_share", "added_share"}
OLD = {"jsd_att", "entropy", "added", "jsd_pairwise", "to_pairwise", "to_unary"}


@pytest.fixture
def photo(tmp_path):
    quarters(64, 64).save(tmp_path / "a.png")
    return tmp_path / "a.png"


def names_in(value):
    """Every key of nested JSON."""
    if isinstance(value, dict):
        return set(value).union(*map(names_in, value.values()))
    return set().union(*map(names_in, value)) if isinstance(value, list) else set()


def test_measure_and_study_write_the_same_numbers_under_the_same_names(photo, tmp_path, capsys):
    assert main(["measure", str(photo), "--model", NAME, "--json"]) == 0
    by_json = json.loads(capsys.readouterr().out)
    model = load_model(NAME)
    by_csv = list(csv.DictReader(io.StringIO(measures_csv(measures_of(analyse(model, photo, 64))))))
    summary = run_study(Study([model], 64, terms=True), tmp_path, ["a.png"], tmp_path / "out", progress=iter)
    by_study = list(csv.DictReader((tmp_path / "out" / "pictures.csv").open()))
    assert set(COLUMNS) >= NUMBERS and not OLD & names_in([*by_json, *by_csv, *by_study, summary])
    for one, other, third, row in zip(by_json, by_csv, by_study, summary["rows"], strict=True):
        for name in NUMBERS:
            mean = row["measures"][name]["mean"] if name in row["measures"] else row[name]
            assert float(other[name]) == one[name]
            assert float(third[name]) == pytest.approx(one[name], rel=1e-4, abs=1e-7) and mean == float(third[name])
        assert {"jsd_pairwise_nats", "to_pairwise_nats", "to_unary_nats"} == set(row["terms"]) < set(third)
        assert 0 < one["entropy_share"] <= 1


def test_places_in_an_npz_say_that_they_are_pixels(photo):
    analyses = [analyse(load_model(NAME), photo, 64)]
    arrays = np.load(io.BytesIO(maps_bytes(analyses, make_recipe(analyses, Recipe({}, (), ((0.5, 0.5),), 64)))))
    kinds = {name.rpartition("/")[2] for name in arrays}
    assert kinds == {"query_grid", "key_grid", "query_rectangles_px", "key_rectangles_px", "rows"}
    assert arrays[f"{NAME}/0/query_rectangles_px"].max() == 64
