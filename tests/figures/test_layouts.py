"""Layouts: a recipe becomes a figure of exactly its width; everything is printed and nothing overlaps, whatever it holds."""

import base64
import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch
from matplotlib.text import Text
from PIL import Image, ImageOps
from pypdf import PdfReader

from nlviz.analysis import analyse
from nlviz.blocks import BLOCKS
from nlviz.figures import colour_table, draw, figure_bytes, queries_by_networks
from nlviz.figures.formats import FORMATS, shared_out
from nlviz.figures.lines import _advance, wrap
from nlviz.maps import flat_index
from nlviz.measures import dependence_of_queries, measure
from nlviz.metrics import cosine_distance, js_divergence
from nlviz.numbers import number, percent
from nlviz.recipes import LAYOUTS, WIDTHS, Recipe
from tests.figures.test_figures import (
    EIGHT,
    assert_drawn,
    assert_laid_out,
    bars,
    by_weight_received,
    ends,
    flowing,
    heatmaps,
    look_at,
    look_at_channels,
    network,
    panels,
    picture,
    render,
    texts,
)

KINDS = ("embedded_gaussian", "gc", "dot_product", "cam", "criss_cross", "disentangled", "se", "pam")
TITLE = "A network with a very long name and OneVeryLongWordWithoutAnySpacesInItAtAll"
SHAPES = {"square": (96, 96), "tall": (32, 128), "wide": (128, 32)}
FORMAT_NAMES = ("png", "svg", "pdf")


@cache
def toys(count: int, shape: str = "square", title: str = TITLE):
    """Analyses by networks called net0, net1, ... with a block each, of all kinds there are."""
    seen, found = picture(*SHAPES[shape]), []
    for at, kind in enumerate(KINDS[:count] if count > 1 else ("cam",)):
        model = network(BLOCKS[kind](3), title=title)
        model.name = f"net{at}"
        found.append(analyse(model, seen, 96))
    return found


def recipe_of(analyses, queries=EIGHT[:2], **changes) -> Recipe:
    seen = analyses[0].picture
    networks = tuple({"name": a.model.name, "sha256": None} for a in analyses)
    return Recipe({"name": seen.name, "sha256": seen.sha256}, networks, tuple(queries), **changes)


def drawn(analyses, queries=EIGHT[:2], **changes):
    return draw(analyses, recipe_of(analyses, queries, **changes))


def assert_dots_are_clear(figure, outside):
    """No dot is cut or touches a text outside the panels."""
    for axes in figure.axes:
        for line in (line for line in axes.lines if line.get_marker() == "o"):
            radius = (line.get_markersize() + line.get_markeredgewidth()) / 2 / 72 * figure.dpi
            (x, y), = axes.transData.transform(np.column_stack(line.get_data()))
            assert radius <= x <= figure.bbox.width - radius and radius <= y <= figure.bbox.height - radius
            assert not any(b.x0 < x + radius and x - radius < b.x1 and b.y0 < y + radius and y - radius < b.y1 for b in outside)


@pytest.mark.parametrize("queries, networks, shape", [
    (1, 1, "square"), (8, 8, "tall"), (8, 8, "wide"), (1, 8, "wide"), (8, 1, "tall")])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_has_exactly_its_width_and_nothing_overlaps_or_is_cut(layout, width, queries, networks, shape):
    if layout == "distances":
        queries = max(queries, 2)
    figure = drawn(toys(networks, shape), EIGHT[:queries], layout=layout, width=width)
    assert figure.get_figwidth() == WIDTHS[width]
    assert_dots_are_clear(figure, assert_laid_out(figure).values())
    assert min(t.get_fontsize() for t in figure.findobj(Text) if t.get_text()) == (12 if width == "slide" else 6)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_slide_of_a_few_networks_is_no_higher_than_a_slide(layout):
    count = 1 if layout == "queries by networks" else 2
    figure = drawn(toys(4, title="Non-local, Gaussian"), EIGHT[:count], layout=layout, width="slide")
    assert figure.get_figheight() <= 7.5 + 1e-9


@pytest.mark.parametrize("width, most", [("one column", 3), ("two columns", 7), ("slide", 7)])
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
    recipe = recipe_of(analyses[::-1], scale="per panel", opacity=1.0)
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
    settings = {"scale": "per panel", "opacity": 0.8, "direction": "attended by", "term": "pairwise only", "width": "one column"}
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


# ---------------------------------------------------------------------------------------------------- one query


def test_one_query_is_the_first_with_one_photo_and_every_panel():
    analyses = [look_at("embedded_gaussian", sub_sample=False), look_at("gc")]
    figure = drawn(analyses, EIGHT[1:4], layout="one query", opacity=1.0, scale="per panel")
    photo, *maps = panels(figure)
    assert [t.get_text() for t in photo.texts] == ["1"] and photo.texts[0].xy == pytest.approx((48, 40)) and len(maps) == 2
    values, cell = analyses[0].maps[0].heatmap(0.5, 0.5), analyses[0].maps[0].queries.cell(0.5, 0.5)
    assert_drawn(render(figure), maps[0], values, ends(values), but=[cell])
    assert "1 (0.5, 0.5)." in flowing(figure)


def test_one_query_wraps_into_rows_that_are_filled_from_the_left():
    figure = drawn(toys(8), layout="one query", width="one column")
    places = [(round(a.get_position().y0, 3), round(a.get_position().x0, 3)) for a in figure.axes if not a.get_label()][:9]
    assert len({y for y, _ in places}) == 3 and len({x for _, x in places}) == 3


# ---------------------------------------------------------------------------------------------------- dependence


def test_a_dependence_picture_has_each_querys_mean_divergence_in_its_place_on_a_scale_from_zero():
    analyses = [look_at("embedded_gaussian"), look_at("gc"), look_at("pam")]  # keys of the first are pooled, queries not
    figure = drawn(analyses, layout="dependence", opacity=1.0)
    found = [dependence_of_queries(a.maps[0].nl_map).view(5, 6) for a in analyses]
    highest = max(values.max().item() for values in found)
    assert [bar.get_xlim() for bar in bars(figure)] == [pytest.approx((0, highest))] and found[1].max() == 0
    pixels = render(figure)
    for axes, values in zip(heatmaps(figure), found, strict=True):
        assert_drawn(pixels, axes, values, (0, highest))
    assert f"nats, 0 to {number(highest)}, shared by 3 panels" in flowing(figure)
    assert [t.get_text() for t in panels(figure)[0].texts] == ["1", "2"]


def test_per_panel_each_dependence_picture_has_its_own_printed_scale():
    analyses = [look_at("embedded_gaussian"), look_at("pam")]
    figure = drawn(analyses, (), layout="dependence", opacity=1.0, scale="per panel", colours="inferno")
    values = dependence_of_queries(analyses[1].maps[0].nl_map).view(5, 6)
    assert_drawn(render(figure), heatmaps(figure)[1], values, ends(values), "inferno")
    low, high = map(number, ends(values))
    assert f"scale {low} to {high} nats" in flowing(figure) and not bars(figure) and "dots" not in texts(figure)


def test_under_a_dependence_picture_stand_the_mean_its_share_of_shuffled_rows_and_what_they_mean():
    analysis = look_at("embedded_gaussian")
    shown, found = flowing(drawn([analysis], layout="dependence")), measure(analysis.maps[0].nl_map)
    mean, shuffled = found.values["jsd_att"], found.shuffled["jsd_att"]
    assert f"mean {number(mean)} nats, {percent(mean / shuffled)} of {number(shuffled)} nats shuffled {found.sentence}" in shown
    assert "at every query the mean Jensen-Shannon divergence" in shown and "queries 5 × 6, keys 2 × 3" in shown
    assert "mean 0 nats, 0.0 % of" in flowing(drawn([look_at("gc")], layout="dependence"))


@pytest.mark.parametrize("analysis, parts, reason, beside", [
    (lambda: look_at("dot_product"), {}, "n/a: rows are scaled by 1/N′, not a distribution", "By cosine distance alone"),
    (lambda: look_at("disentangled"), {}, "n/a: rows are raw, not a distribution", "By cosine distance alone"),
    (lambda: look_at("cam"), {}, "n/a: rows are those of channels", None),
    (lambda: look_at_channels("rga_spatial"), {"net/0": "gate of positions"}, "n/a: a gate has one value", None)])
def test_a_map_without_a_divergence_is_the_grey_photo_with_the_reason(analysis, parts, reason, beside):
    figure = drawn([analysis()], layout="dependence", parts=parts)
    bare = panels(figure)[1]
    assert reason in " ".join(text.get_text() for text in bare.texts) and not bars(figure) and not heatmaps(figure)
    assert "mean 0" not in texts(figure) and (beside or "n/a") in flowing(figure) and "No answer" not in texts(figure)


def test_a_chosen_part_has_the_dependence_picture_of_its_own():
    analysis = look_at("criss_cross")
    figure = drawn([analysis], layout="dependence", parts={"net/0": "A1"}, opacity=1.0)
    values = dependence_of_queries(analysis.maps[1].nl_map).view(5, 6)
    assert_drawn(render(figure), heatmaps(figure)[0], values, (0, values.max().item()))


# ---------------------------------------------------------------------------------------------------- channels


def test_channel_matrices_share_a_scale_and_gates_are_bars():
    analyses = [look_at_channels("cam", "se"), look_at("pam"), look_at_channels("cam")]
    figure = drawn(analyses, layout="channels")
    matrices = [a for a in panels(figure) if a.get_xlim() == (-0.5, 7.5)]
    found = [by_weight_received(a.maps[0].nl_map.weights[0].double().tolist()) for a in (analyses[0], analyses[2])]
    highest = max(values.max().item() for values in found)
    assert bars(figure)[0].get_xlim() == pytest.approx((0, highest)) and len(matrices) == 2
    pixels = render(figure)
    for axes, values in zip(matrices, found):
        for row, column in np.ndindex(8, 8):
            index = min(255, int(256 * values[row, column].item() / highest))
            x, y = axes.transData.transform((column, row))
            assert pixels[int(y), int(x)].tolist() == colour_table("viridis")[index].tolist(), (row, column)
    gate = sorted(analyses[0].maps[1].nl_map.weights[0].tolist(), reverse=True)
    drawn_bars = [a.patches[0].get_data().values.tolist() for a in figure.axes if a.patches and hasattr(a.patches[0], "get_data")]
    assert drawn_bars == [pytest.approx(gate)]
    shown = flowing(figure)
    assert "weight (rows sum to 1)" in shown and "shared by 2 panels" in shown
    assert "own scale" not in shown and "Block pam" not in shown
    assert "(c) Non-local" in shown and "(d)" not in shown


def test_per_panel_a_channel_matrix_has_its_own_printed_scale():
    analysis = look_at_channels("cam")
    figure = drawn([analysis], layout="channels", scale="per panel")
    low, high = map(number, ends(analysis.maps[0].nl_map.weights[0]))
    assert not bars(figure) and f"sorted by weight received, own scale {low} to {high}" in flowing(figure)


def test_all_channel_maps_of_a_block_are_drawn():
    shown = flowing(drawn([look_at_channels("rga_channel")], layout="channels"))
    assert "(a)" in shown and "gate of channels" in shown and "(b)" in shown


def test_networks_without_channels_are_refused_by_name():
    with pytest.raises(ValueError, match=r"none of these networks has a map of channels: net;.*dual attention"):
        drawn([look_at("pam")], layout="channels")


# ---------------------------------------------------------------------------------------------------- distances


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


# ---------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", FORMAT_NAMES)
def test_the_same_recipe_gives_the_same_bytes(layout, kind):
    analyses = toys(4)
    recipe = recipe_of(analyses, layout=layout, width="one column", dpi=100)
    first, second = (figure_bytes(draw(a, recipe), kind, recipe, recipe.dpi) for a in (analyses, analyses[::-1]))
    assert first == second


def lines_of(figure) -> list[str]:
    return [line for t in figure.findobj(Text) if t.get_visible() for line in t.get_text().split("\n") if line]


def svg_texts(content: bytes):
    """(text, left, right, baseline, style) of every text, in points."""
    found = []
    for element in ET.fromstring(content).iter("{http://www.w3.org/2000/svg}text"):
        style = dict(part.split(": ", 1) for part in element.get("style").split("; "))
        x, y, size = float(element.get("x")), float(element.get("y")), float(style["font-size"].removesuffix("px"))
        width = sum(map(_advance, element.text)) * size
        left = x - width * {"middle": 0.5, "end": 1.0}.get(style["text-anchor"], 0.0)
        found.append((element.text, left, left + width, y, style))
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_svg_has_its_labels_as_text_inside_the_page(layout, width):
    figure = drawn(toys(4), EIGHT[:2], layout=layout, width=width)
    content = figure_bytes(figure, "svg", dpi=72)
    root = ET.fromstring(content)
    across, down = map(float, root.get("viewBox").split()[2:])
    assert root.get("width") == f"{across:g}pt" and across == pytest.approx(72 * WIDTHS[width])
    found = svg_texts(content)
    assert sorted(text for text, *_ in found) == sorted(lines_of(figure))
    for text, left, right, baseline, style in found:
        assert left >= 0 and right <= across and 0 < baseline < down, text
        assert style["font-family"].startswith("'DejaVu Sans'") and style["font-family"].endswith("'Helvetica', sans-serif")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_pdf_has_its_labels_as_text_inside_the_page(layout, width):
    figure = drawn(toys(4), EIGHT[:2], layout=layout, width=width)
    page, found = PdfReader(io.BytesIO(figure_bytes(figure, "pdf", dpi=72))).pages[0], []

    def visit(text, cm, tm, font, size):
        if text.strip():
            found.append((text, cm[4] + tm[4], cm[5] + tm[5]))

    flat = " ".join(page.extract_text(visitor_text=visit).split())
    across, down = map(float, page.mediabox[2:])
    assert across == pytest.approx(72 * WIDTHS[width]) and found
    assert all(0 <= x <= across and 0 <= y <= down for _, x, y in found)
    for line in lines_of(figure):
        assert line.replace(" ", "") in flat.replace(" ", "")


def pictures_of(content: bytes, kind: str) -> list[np.ndarray]:
    """The pictures in a file, in the order drawn, RGB."""
    if kind == "svg":
        images = ET.fromstring(content).iter("{http://www.w3.org/2000/svg}image")
        links = [image.get("{http://www.w3.org/1999/xlink}href") for image in images]
        files = [ImageOps.flip(Image.open(io.BytesIO(base64.b64decode(link.partition(",")[2])))) for link in links]
    else:
        files = [found.image for found in PdfReader(io.BytesIO(content)).pages[0].images]
    return [np.asarray(file.convert("RGB")).astype(int) for file in files]


@pytest.mark.parametrize("kind", ["svg", "pdf"])
@pytest.mark.parametrize("opacity", [1.0, 0.4])
@pytest.mark.parametrize("width", ["one column", "slide"])
def test_the_cells_of_a_vector_file_have_their_colours_and_crisp_edges(kind, opacity, width):
    """A PDF's heatmap once had its opacity twice."""
    grey, analysis = 130, look_at("pam")
    seen = replace(analysis.picture, image=Image.new("RGB", (96, 80), (grey,) * 3))
    query = EIGHT[0]
    figure = drawn([replace(analysis, picture=seen)], [query], scale="per panel", opacity=opacity, width=width)
    values = analysis.maps[0].heatmap(*query)
    heat = pictures_of(figure_bytes(figure, kind), kind)[1]
    (low, high), (down, across) = ends(values), heat.shape[:2]
    for row, column in np.ndindex(5, 6):
        index = min(255, int(256 * (values[row, column].item() - low) / (high - low)))
        expected = opacity * colour_table("viridis")[index].astype(int) + (1 - opacity) * grey
        for x, y in ((0.5, 0.5), (0.04, 0.04), (0.96, 0.04), (0.04, 0.96), (0.96, 0.96)):
            found = heat[int((row + y) * down / 5), int((column + x) * across / 6)]
            assert np.abs(found - expected).max() <= 2, (row, column, x, y)


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_pictures_in_a_vector_file_have_the_resolution_asked_for(kind):
    figure = drawn([look_at("pam")], EIGHT[:1], width="one column")
    panel = heatmaps(figure)[0].get_position().width * 3.3
    assert [pictures_of(figure_bytes(figure, kind, dpi=dpi), kind)[1].shape[1] for dpi in (100, 600)] \
        == pytest.approx([100 * panel, 600 * panel], abs=2)


def test_a_smooth_heatmap_stays_smooth_in_a_vector_file():
    analysis, views = look_at("pam"), ("cells", "smooth")
    figures = [drawn([analysis], EIGHT[:1], view=view, opacity=1.0, width="one column") for view in views]
    cells, smooth = (len(np.unique(pictures_of(figure_bytes(f, "svg"), "svg")[1].reshape(-1, 3), axis=0)) for f in figures)
    assert cells <= 30 < smooth


@pytest.mark.parametrize("name", ["a\x01b\ud800\u202e.png", "<&\"'>]]>.png", "日本 😀.png", "x" * 250])
@pytest.mark.parametrize("kind", FORMAT_NAMES)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_picture_may_have_any_name(name, kind):
    analysis = look_at("pam")
    analysis = replace(analysis, picture=replace(analysis.picture, name=name))
    recipe = recipe_of([analysis])
    content = figure_bytes(draw([analysis], recipe), kind, recipe, 72)
    if kind == "svg":
        shown = "".join(text for text, *_ in svg_texts(content))
        assert re.sub(r"[\x01\ud800\u202e]", "\ufffd", name).replace(" ", "")[:40] in shown.replace(" ", "")


def test_sizes_shares_and_places_are_not_broken_over_lines():
    text = "keys 28 × 28, rows differ by 61 % of 1 (0.3,\u00a00.7) and so on"
    for width in np.linspace(0.5, 3, 40):
        lines = wrap(text, width, 6)
        assert " ".join(lines) == text.replace("\u00a0", " ")
        assert all(any(part in line for line in lines) for part in ("28 × 28,", "61 %", "(0.3, 0.7)"))
