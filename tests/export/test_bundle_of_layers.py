"""The zip of a network with layers x heads: the maps that the figure is of, with their named tokens."""

import csv
import io
import zipfile

import numpy as np
import pytest

from nlviz.export import file_bytes, make_recipe
from nlviz.recipes import Recipe
from tests.transformers import seen

PARTS = {"vit/0": "layer 2, head 3", "vit/0+1": "layer 1, mean of 3 heads"}


def opened(whole=False, **changes):
    """(the names in the zip, its arrays, the lines of measures.csv, its note)."""
    recipe = make_recipe([seen()], Recipe({}, (), ((0.4, 0.6), (1, 1)), 96, dpi=60, **changes))
    zipped = zipfile.ZipFile(io.BytesIO(file_bytes([seen()], recipe, "zip", whole)))
    arrays = dict(np.load(io.BytesIO(zipped.read("maps.npz"))))
    rows = list(csv.DictReader(io.StringIO(zipped.read("measures.csv").decode())))
    note = zipped.read("note.txt").decode() if "note.txt" in zipped.namelist() else ""
    return arrays, rows, note


def test_it_holds_the_maps_that_are_drawn_and_says_so():
    arrays, rows, note = opened(parts=PARTS)
    assert {name.split("/")[2] for name in arrays} == set(PARTS.values()) == {row["part"] for row in rows}
    assert note.startswith("vit: maps.npz and measures.csv hold 2 of 16 maps, those that the figure is of. All of them: ask for ")
    placed, = [placed for placed in seen().maps if placed.nl_map.part == "layer 2, head 3"]
    found = arrays["vit/0/layer 2, head 3/rows"]
    assert found.shape == (2, 25) and arrays["vit/0/layer 2, head 3/key_tokens"].tolist() == ["class token"]
    assert found[0] == pytest.approx(placed.nl_map.row(14).numpy()) and found[1] == pytest.approx(placed.nl_map.row(23).numpy())


@pytest.mark.parametrize("changes", [{"layout": "layers x heads"}, {"layout": "distance against layer"}, {"whole": True}], ids=str)
def test_it_holds_every_map_where_the_figure_is_of_all_or_whole_maps_are_asked_for(changes):
    arrays, rows, note = opened(**changes)
    assert len({name.split("/")[2] for name in arrays}) == len(rows) == 16 and note == ""
    assert any(name.endswith("/map") for name in arrays) == ("whole" in changes)
    if "whole" in changes:
        assert arrays["vit/0/layer 4, head 1/map"].shape == (25, 25)


def test_the_row_of_a_token_is_there_by_name():
    arrays, _, _ = opened(token="class token")
    assert arrays["vit/0/layer 4, mean of 3 heads/token_row"] == pytest.approx(seen().maps[0].nl_map.row(24).numpy())
