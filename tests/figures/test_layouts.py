"""Layouts: a recipe becomes a figure, its networks in order, rows filled evenly."""

from dataclasses import replace

import pytest

from nlviz.figures import draw, figure_bytes, queries_by_networks
from nlviz.figures.formats import FORMATS, shared_out
from nlviz.numbers import number
from tests.figures.looking import EIGHT, OPAQUE, look_at, picture
from tests.figures.reading import assert_drawn, ends, flowing, heatmaps, panels, render, texts
from tests.figures.toys import SHAPES, drawn, recipe_of, toys


@pytest.mark.parametrize("width, most", [("one column", 3), ("two columns", 7)])
def test_what_does_not_fit_beside_the_photo_goes_on_in_a_band_under_the_photo_again(width, most):
    figure = drawn(toys(8), EIGHT[:2], width=width)
    assert FORMATS[width].most() == most
    photos = [a for a in panels(figure) if a.texts and a.texts[0].get_text() in ("1", "2")]
    bands = -(-8 // (most - 1))
    assert [a.texts[0].get_text() for a in photos] == ["1", "2"] * bands
    assert texts(figure).split("\n").count("query") == bands
    places = {(round(a.get_position().x0, 6), round(a.get_position().y0, 6)) for a in panels(figure)}
    assert len(places) == len(panels(figure))


def test_rows_are_few_even_and_in_order():
    assert shared_out(range(9), 5) == [[0, 1, 2, 3, 4], [5, 6, 7, 8]] and shared_out(range(4), 9) == [[0, 1, 2, 3]]
    for count in range(1, 12):
        for most in range(1, 10):
            rows = shared_out(range(count), most)
            assert [item for row in rows for item in row] == list(range(count)) and len(rows) == -(-count // most)
            assert all(rows) and max(map(len, rows)) <= most


def test_networks_are_drawn_in_the_recipes_order_whatever_the_order_of_the_analyses():
    analyses = toys(3)
    recipe = recipe_of(analyses[::-1], scale="per panel", **OPAQUE)
    figure = draw([analyses[1], analyses[0], analyses[2], toys(4)[3]], recipe)  # one is not in the recipe
    assert figure_bytes(figure, "png") == figure_bytes(draw(analyses, recipe), "png")
    values = analyses[0].maps[0].heatmap(*EIGHT[1])  # the last column
    assert len(heatmaps(figure)) == 6 and "Block dot_product" in flowing(figure).split("(b)")[-2]
    assert f"{number(values.max().item())}" in texts(figure)


def test_a_network_without_an_analysis_is_named():
    with pytest.raises(ValueError, match="network net1 of the recipe was not analysed; there are: net0"):
        draw(toys(2)[:1], recipe_of(toys(2)))


@pytest.mark.parametrize("changes, says", [
    ({"view": "blurred"}, "'blurred'; there are: cells, smooth"), ({"colours": "jet"}, "viridis"),
    ({"queries": [(2, 0)]}, "got 2, 0"), ({"layout": "distances", "term": "half"}, "pairwise only"),
    ({"layout": "one query", "queries": ()}, "1 to 8 queries, got 0"), ({"scale": "log"}, "shared, per panel"),
    ({"layout": "distances", "queries": EIGHT[:1]}, "2 to 8 queries, got 1"),
    ({"layout": "dependence", "parts": {"x/0": ""}}, "no call of a block is named 'x/0'"),
    ({"layout": "channels", "queries": EIGHT * 2}, "0 to 8 queries, got 16"),
    ({"layout": "dependence", "networks": ()}, "at least one analysis")])
def test_what_cannot_be_drawn_says_why(changes, says):
    with pytest.raises(ValueError, match=says):
        draw(toys(2), replace(recipe_of(toys(2)), **changes))


def test_every_setting_of_the_recipe_reaches_the_figure():
    analyses = [look_at("pam")]
    settings = {"scale": "per panel", "opacity": 0.8, "direction": "attended by", "term": "pairwise only", "width": "one column",
                "veil": "even", "backdrop": "colour"}
    made = drawn(analyses, colours="magma", view="smooth", **settings)
    asked = queries_by_networks(analyses, EIGHT[:2], colour_map="magma", smooth=True, **settings)
    assert figure_bytes(made, "png", dpi=100) == figure_bytes(asked, "png", dpi=100)
    assert all(words in flowing(made) for words in ("smoothed between cells", "opacity 80 %", "Term: pairwise only", "by itself"))
    crossed = look_at("criss_cross")
    assert "A2" in flowing(drawn([crossed], parts={"net/0": "A2"})) != flowing(drawn([crossed]))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("query", [(0, 0), (1, 1), (0.02, 0.98), (0.5, 0.5)])
def test_the_frame_of_a_query_contains_its_cell_and_lies_in_the_panel(query, shape):
    analysis = look_at("pam", seen=picture(*SHAPES[shape]), resolution=512)  # cells of 4 pixels, frames of 5 points
    figure = drawn([analysis], [query], width="one column", layout="one query")
    axes, size = heatmaps(figure)[0], SHAPES[shape]
    (left, top), frame = axes.patches[0].get_xy(), axes.patches[0]
    place = analysis.maps[0].queries
    cell = [float(edge) * size[at % 2] for at, edge in enumerate(place.rectangle(*place.cell(*query)))]
    box = [left, top, left + frame.get_width(), top + frame.get_height()]
    assert all(b <= c + 1e-6 for b, c in zip(box[:2], cell[:2])) and all(b >= c - 1e-6 for b, c in zip(box[2:], cell[2:]))
    assert min(box) >= -1e-6 and box[2] <= size[0] + 1e-6 and box[3] <= size[1] + 1e-6
    assert frame.get_width() == pytest.approx(frame.get_height()) and frame.get_width() >= cell[2] - cell[0]


def test_one_query_is_the_first_with_one_photo_and_every_panel():
    analyses = [look_at("embedded_gaussian", sub_sample=False), look_at("gc")]
    figure = drawn(analyses, EIGHT[1:4], layout="one query", **OPAQUE, scale="per panel")
    photo, *maps = panels(figure)
    assert [t.get_text() for t in photo.texts] == ["1"] and photo.texts[0].xy == pytest.approx((48, 40)) and len(maps) == 2
    values, cell = analyses[0].maps[0].heatmap(0.5, 0.5), analyses[0].maps[0].queries.cell(0.5, 0.5)
    assert_drawn(render(figure), maps[0], values, ends(values), but=[cell])
    assert "1 (0.5, 0.5)." in flowing(figure)


def test_one_query_wraps_into_rows_that_are_filled_from_the_left():
    figure = drawn(toys(8), layout="one query", width="one column")
    places = [(round(a.get_position().y0, 3), round(a.get_position().x0, 3)) for a in figure.axes if not a.get_label()][:9]
    assert len({y for y, _ in places}) == 3 and len({x for _, x in places}) == 3
