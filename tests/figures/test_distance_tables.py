"""The distances layout: how far the rows of the queries are apart."""

from dataclasses import replace

import pytest
import torch

from nlviz.maps import flat_index
from nlviz.metrics import cosine_distance, js_divergence
from tests.figures.looking import EIGHT, look_at, look_at_channels
from tests.figures.reading import flowing, panels
from tests.figures.toys import drawn


def entries(axes) -> dict[tuple[int, int], str]:
    """(row, column) -> text of a table, both from 1."""
    return {(int(t.get_position()[1]), int(t.get_position()[0])): t.get_text() for t in axes.texts if min(t.get_position()) >= 1}


def says(text: str, value: float) -> bool:
    return value < 5e-4 if text in ("0", "<0.001") else float(text) == pytest.approx(value, abs=5.1e-4)


def tables(figure):
    return [axes for axes in figure.axes if not axes.get_images() and axes.lines]


@pytest.mark.parametrize("direction", ["attends to", "attended by"])
@pytest.mark.parametrize("block, term, divergence", [
    ("pam", "full", True), ("gc", "full", True), ("dot_product", "full", False), ("disentangled", "full", False),
    ("pam", "pairwise only", True), ("pam", "row minus the mean row", False)])
def test_a_table_has_the_divergence_above_the_diagonal_and_the_cosine_distance_below(block, term, divergence, direction):
    analysis = look_at(block, sub_sample=False)
    figure = drawn([analysis], EIGHT[:3], layout="distances", term=term, direction=direction)
    (axes,), placed = tables(figure), analysis.maps[0]
    nl_map = placed.nl_map.term(term)
    cells = [flat_index(placed.queries.cell(*query), placed.queries.grid) for query in EIGHT[:3]]
    rows = [(nl_map.row if direction == "attends to" else nl_map.column)(cell).double() for cell in cells]
    found = entries(axes)
    divergence = divergence and direction == "attends to"
    for row in range(3):
        assert found[row + 1, row + 1] == "–"
        for column in range(row + 1, 3):
            above, below = found[row + 1, column + 1], found[column + 1, row + 1]
            assert says(below, cosine_distance(rows[row], rows[column]).item())
            assert says(above, js_divergence(rows[row], rows[column]).item()) if divergence else above == "n/a"
    assert ("divergence n/a" in flowing(figure)) == (not divergence)
    assert "nats, 0 to ln 2 = 0.69" in flowing(figure) and "(1 − cos)/2" in flowing(figure)


def test_dots_head_the_rows_and_columns_of_a_table_and_lie_in_the_photo():
    figure = drawn([look_at("pam")], EIGHT, layout="distances")
    (axes,) = tables(figure)
    heads = [t for t in axes.texts if min(t.xy if hasattr(t, "xy") else t.get_position()) < 1]
    assert sorted(t.get_text() for t in heads) == sorted("12345678" * 2) and len(entries(axes)) == 64
    dots = [line.get_color() for line in axes.lines if line.get_marker() == "o"]
    photo = panels(figure)[0]
    assert dots[::2] == dots[1::2] == [line.get_color() for line in photo.lines] and len(set(dots)) == 8
    assert [t.get_text() for t in photo.texts] == list("12345678")


@pytest.mark.parametrize("analysis, parts, reason", [
    (lambda: look_at("cam"), {}, "n/a: no row: channels"),
    (lambda: look_at_channels("rga_spatial"), {"net/0": "gate of positions"}, "n/a: no row: a gate")])
def test_what_has_no_rows_has_no_table(analysis, parts, reason):
    figure = drawn([analysis()], layout="distances", parts=parts)
    assert reason in flowing(figure) and not tables(figure)


def test_a_query_that_no_cell_covers_is_named():
    figure = drawn([look_at("asp_oc")], [(0.5, 0.2), (0.5, 0.95), (0.1, 0.1)], layout="distances")
    (axes,) = tables(figure)
    found = entries(axes)
    assert {found[1, 2], found[2, 3], found[2, 1], found[3, 2]} == {"n/a"} and "n/a" not in (found[1, 3], found[3, 1])
    assert "query 2 n/a: no query here" in flowing(figure)


def test_one_map_for_all_queries_has_distances_of_zero():
    assert {text for text in entries(tables(drawn([look_at("gc")], layout="distances"))[0]).values()} == {"–", "0"}


def test_a_row_that_is_zero_has_no_cosine():
    analysis = look_at("dot_product", sub_sample=False)
    placed = analysis.maps[0]
    zero = replace(placed, nl_map=replace(placed.nl_map, weights=torch.zeros_like(placed.nl_map.weights), lazy=None))
    figure = drawn([replace(analysis, maps=(zero,))], layout="distances")
    assert "cosine n/a: a vector that is zero everywhere" in flowing(figure)
