"""Figures: colours and places are those of the map, everything is printed, nothing overlaps."""

import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib import rcParams
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image
from torch import nn

from nlviz.analysis import analyse
from nlviz.blocks import BLOCKS
from nlviz.figures import (
    COLOUR_MAPS,
    DIVERGING,
    PIN_COLOURS,
    colour_table,
    draw_heatmap,
    draw_photo,
    figure_bytes,
    queries_by_networks,
    save_figure,
)
from nlviz.figures.channels import draw_bars, draw_matrix
from nlviz.models import Model
from nlviz.numbers import number, percent
from nlviz.pictures import Picture, Preprocess

CARD = {"data": "msrc", "metric": "pixel accuracy", "score": 0.891}
NON_LOCAL = ("gaussian", "embedded_gaussian", "dot_product", "concatenation")
OPTIONS = {"rga_spatial": {"grid": (5, 6), "ratio": 1}, "rga_channel": {"grid": (5, 6), "ratio": 1},
           "pyramid_oc": {"sizes": (1, 2)}, "base_oc": {"scale": 2}}
CENTRED = "row minus the mean row"
EIGHT = [(0.02, 0.03), (0.5, 0.5), (0.98, 0.97), (0.3, 0.6), (0.7, 0.2), (0.1, 0.9), (0.6, 0.8), (0.4, 0.1)]


def picture(width=96, height=80) -> Picture:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(Image.fromarray(noise), "noise.png")


class Cells(nn.Module):
    """Means of 16 x 16 pixels, stretched so that maps are neither flat nor one-hot: (B, 3, H, W) -> (B, 3, H/16, W/16)."""

    def forward(self, x):
        return 8 * nn.functional.avg_pool2d(x, 16)


def network(*blocks: nn.Module, title="Non-local, embedded Gaussian", card=CARD, fixed=None, std=1.0) -> Model:
    torch.manual_seed(0)
    for block in blocks:
        for p in block.parameters():
            nn.init.normal_(p, std=std)
    return Model("net", nn.Sequential(Cells(), *blocks), Preprocess(fixed=fixed), title=title, card=card)


def look_at(*names, seen=None, resolution=96, fixed=None, std=1.0, **options):
    """An analysis by a network with these blocks in a row; non-local ones take the options."""
    blocks = [BLOCKS[n](3, **(options if n in NON_LOCAL else OPTIONS.get(n, {}))) for n in names]
    return analyse(network(*blocks, fixed=fixed, std=std), seen or picture(), resolution)


def look_at_channels(*names):
    """The same of 8 channels, with weights that leave gates half open."""
    blocks = [BLOCKS[name](8, **OPTIONS.get(name, {})) for name in names]
    return analyse(network(nn.Conv2d(3, 8, 1), *blocks, std=0.5), picture(), 96)


def render(figure: Figure, dpi=100) -> np.ndarray:
    """(height, width, 3) uint8, row 0 at the bottom as in display coordinates."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[::-1, :, :3]


def pixel_at(pixels, axes, x, y):
    column, row = axes.transData.transform((x, y))
    return tuple(pixels[math.floor(row), math.floor(column)].tolist())


def panels(figure):
    """Axes of photos and heatmaps, without the colour bars."""
    return [a for a in figure.axes if len(a.get_images()) > 0 and a.yaxis_inverted()]


def heatmaps(figure):
    return [a for a in panels(figure) if len(a.get_images()) == 2]


def bars(figure):
    """Axes of the colour bars."""
    return [a for a in figure.axes if len(a.get_images()) == 1 and not a.yaxis_inverted()]


def assert_drawn(pixels, axes, values, limits, colour_map="viridis", but=()):
    """The middle of every cell of a heatmap over noise.png has the colour of its value, up to one step of 256."""
    low, high = limits
    rows, columns = values.shape
    for cell in set(np.ndindex(rows, columns)) - set(but):
        index = 128 if low == high else min(255, math.floor(256 * (values[cell].item() - low) / (high - low)))
        found = pixel_at(pixels, axes, 96 * (cell[1] + 0.5) / columns, 80 * (cell[0] + 0.5) / rows)
        assert np.abs(np.array(found) - colour_table(colour_map)[max(0, index - 1):index + 2]).max(1).min() == 0, cell


def ends(values):
    return values.min().item(), values.max().item()


def texts(figure) -> str:
    return "\n".join(t.get_text() for t in figure.findobj(Text))


def flowing(figure) -> str:
    return " ".join(texts(figure).split())


@pytest.mark.parametrize("name, first, last", [("viridis", "440154", "fde725"), ("cividis", "00224e", "fee838"),
                                               ("gray", "000000", "ffffff")])
def test_colour_tables_have_the_published_ends(name, first, last):
    table = colour_table(name)
    assert table.shape == (256, 3) and table.dtype == np.uint8
    assert bytes(table[0]).hex() == first and bytes(table[-1]).hex() == last


def test_the_diverging_colours_have_the_published_ends_a_white_middle_and_are_no_choice():
    table = colour_table(DIVERGING).astype(int)
    assert table.shape == (256, 3) and bytes(table[0].tolist()).hex() == "053061" and bytes(table[-1].tolist()).hex() == "67001f"
    assert table[127:129].min() >= 0xf0 and np.ptp(table[127:129]) <= 6
    assert DIVERGING not in COLOUR_MAPS
    with pytest.raises(ValueError, match="RdBu_r"):
        queries_by_networks([look_at("gc")], [(0.5, 0.5)], colour_map=DIVERGING)


@pytest.mark.parametrize("value, text", [(0, "0"), (0.03125, "0.031"), (1.2345, "1.23"), (-0.5, "−0.5"), (123.4, "123"),
                                         (0.0000123, "1.2e−5"), (-1234567.0, "−1.2e6")])
def test_numbers_have_two_or_three_digits_and_a_minus_sign(value, text):
    assert number(value) == text


@pytest.mark.parametrize("share, text", [(0, "0.0 %"), (0.0004, "< 0.1 %"), (0.0123, "1.2 %"), (0.5, "50 %"), (1, "100 %")])
def test_a_small_share_is_not_printed_as_none(share, text):
    assert percent(share) == text


def test_the_viewer_numbers_its_pins_in_the_same_colours():
    viewer = (Path(__file__).parents[2] / "nlviz/viewer/js/drawing.js").read_text()
    assert ", ".join(f'"{c}"' for c in PIN_COLOURS) in viewer and len(set(PIN_COLOURS)) == 8


@pytest.mark.parametrize("case", ["plain", "wide", "pooled keys, last strip bare", "letterboxed wide", "letterboxed tall",
                                  "on queries"])
@pytest.mark.parametrize("colour_map", ["viridis", "gray"])
def test_every_cell_has_its_colour_at_its_place(case, colour_map):
    sizes = {"wide": (150, 50), "letterboxed wide": (120, 60), "letterboxed tall": (45, 80)}
    seen = picture(*sizes.get(case, (96, 80)))
    fixed = (96, 96) if "letterboxed" in case else None
    placed = look_at("embedded_gaussian", seen=seen, fixed=fixed, sub_sample="pooled" in case).maps[0]
    on_keys = case != "on queries"
    grid = placed.keys if on_keys else placed.queries
    values = torch.randperm(grid.grid[0] * grid.grid[1]).view(grid.grid).float() - 3
    limits = (-3.0, values.max().item())
    figure = Figure(figsize=(6, 6))
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    draw_heatmap(axes, placed, seen, values, limits, colour_map, 1.0, False, on_keys)
    pixels = render(figure)
    width, height = seen.size
    checked = 0
    for row, column in np.ndindex(*grid.grid):
        left, top, right, bottom = grid.rectangle(row, column)
        share = (values[row, column].item() + 3) / (limits[1] + 3)
        expected = tuple(colour_table(colour_map)[min(255, math.floor(256 * share))].tolist())
        if right > left and bottom > top:
            for x, y in [(0.5, 0.5), (0.06, 0.06), (0.94, 0.94), (0.06, 0.94), (0.94, 0.06)]:  # middle and near each corner
                found = pixel_at(pixels, axes, float(left + x * (right - left)) * width, float(top + y * (bottom - top)) * height)
                assert found == expected, (row, column, x, y)
                checked += 1
    assert checked >= 5 * 4
    if "pooled" in case:  # 5 rows of queries, 2 of keys: the last fifth is photo, in grey
        r, g, b = pixel_at(pixels, axes, width / 2, 0.95 * height)
        assert r == g == b


def test_axes_are_exactly_the_picture():
    seen = picture(120, 60)
    placed = look_at("embedded_gaussian", seen=seen, fixed=(96, 96)).maps[0]
    axes = Figure().add_subplot()
    draw_heatmap(axes, placed, seen, placed.heatmap(0.5, 0.5), (0, 1), "viridis", 0.5, False)
    assert axes.get_xlim() == (0, 120) and axes.get_ylim() == (60, 0)
    assert not len(axes.get_xticks()) and not len(axes.get_yticks())


def test_smooth_passes_through_the_cells_colours_and_is_opaque_up_to_the_edge():
    placed = look_at("embedded_gaussian", sub_sample=False).maps[0]
    for values in (torch.ones(5, 6), torch.eye(5, 6)):
        figure = Figure(figsize=(6, 5))
        axes = figure.add_axes((0, 0, 1, 1))
        draw_heatmap(axes, placed, picture(), values, (0, 2), "gray", 1.0, True)
        pixels = render(figure)
        assert abs(pixel_at(pixels, axes, 2.5 * 16, 2.5 * 16)[0] - 128) <= 3
        assert abs(pixel_at(pixels, axes, 0.2, 0.2)[0] - 128) <= 3  # beyond the outermost centres the colour goes on
    assert abs(pixel_at(pixels, axes, 2.0 * 16, 2.5 * 16)[0] - 64) <= 3  # half way between 0 and 1 of 2


def test_opacity_mixes_with_the_grey_photo():
    seen = Picture(Image.new("RGB", (96, 80), (200, 0, 0)))
    placed = look_at("embedded_gaussian", seen=seen, sub_sample=False).maps[0]
    axes = Figure(figsize=(6, 5)).add_axes((0, 0, 1, 1))
    draw_heatmap(axes, placed, seen, torch.ones(5, 6), (0, 1), "gray", 0.25, False)
    grey = 0.299 * 200
    assert abs(pixel_at(render(axes.figure), axes, 48, 40)[0] - (0.75 * grey + 0.25 * 255)) <= 2


@pytest.mark.parametrize("limits", [(0.0, 0.0), (0.2, 0.2), (0.2, 0.2 + 1e-9)])
def test_flat_limits_are_one_colour(limits):
    placed = look_at("embedded_gaussian", sub_sample=False).maps[0]
    axes = Figure(figsize=(6, 5)).add_axes((0, 0, 1, 1))
    draw_heatmap(axes, placed, picture(), torch.full((5, 6), limits[0]), limits, "viridis", 1.0, False)
    colours = {tuple(c) for c in render(axes.figure)[5:-5, 5:-5].reshape(-1, 3).tolist()}
    assert colours == {tuple(colour_table("viridis")[128].tolist())}


def test_values_of_another_grid_are_refused():
    placed = look_at("embedded_gaussian").maps[0]
    with pytest.raises(ValueError, match=r"shape \(3, 3\).*grid is \(2, 3\)"):
        draw_heatmap(Figure().add_subplot(), placed, picture(), torch.ones(3, 3), (0, 1), "viridis", 1, False)


@pytest.mark.parametrize("x, y", [(0.5, 0.25), (0.0, 0.0), (1.0, 1.0), (0.13, 0.77)])
def test_the_dot_lies_where_the_query_is(x, y):
    seen = Picture(Image.new("RGB", (200, 100), "black"))
    figure = Figure(figsize=(4, 3))
    axes = figure.add_axes((0.1, 0.1, 0.8, 0.8))
    draw_photo(axes, seen, [(x, y)], first=2)
    pixels = render(figure, dpi=300)
    colour = tuple(int(PIN_COLOURS[1][i:i + 2], 16) for i in (1, 3, 5))
    rows, columns = np.nonzero((pixels == colour).all(2))
    at = axes.transData.transform((200 * x, 100 * y))
    middle = ((columns.min() + columns.max() + 1) / 2, (rows.min() + rows.max() + 1) / 2)
    assert np.abs(np.array(middle) - at).max() <= 1.5  # pixels at 300 dpi
    assert [t.get_text() for t in axes.texts] == ["2"]


def test_each_row_shows_its_own_numbered_query_and_its_own_map():
    analysis = look_at("embedded_gaussian", sub_sample=False)
    figure = queries_by_networks([analysis], EIGHT[:3], opacity=1.0)
    photos = [a for a in panels(figure) if len(a.get_images()) == 1]
    assert [a.texts[0].get_text() for a in photos] == ["1", "2", "3"]
    for axes, (x, y) in zip(photos, EIGHT):
        assert axes.texts[0].xy == pytest.approx((96 * x, 80 * y))
    shared = max(analysis.maps[0].heatmap(*q).max().item() for q in EIGHT[:3])
    pixels = render(figure)
    for axes, query in zip(heatmaps(figure), EIGHT):
        asked = analysis.maps[0].queries.cell(*query)  # there the frame of the query lies
        assert_drawn(pixels, axes, analysis.maps[0].heatmap(*query), (0, shared), but=[asked])


def test_shared_limits_are_one_for_all_panels_of_a_kind():
    """A colour means the same weight in every panel of its kind: two networks, one of them with much larger weights."""
    weak, strong = look_at("gc"), look_at("embedded_gaussian", sub_sample=False)
    scaled = look_at("dot_product", sub_sample=False)
    figure = queries_by_networks([weak, strong, scaled], EIGHT[:2], opacity=1.0)
    highest = max(a.maps[0].heatmap(*q).max().item() for a in (weak, strong) for q in EIGHT[:2])
    assert bars(figure)[0].get_xlim() == pytest.approx((0, highest))
    rows = torch.stack([scaled.maps[0].heatmap(*q) for q in EIGHT[:2]])
    assert rows.min() < 0 and bars(figure)[1].get_xlim() == pytest.approx(ends(rows))
    pixels, values = render(figure), weak.maps[0].heatmap(0, 0)
    axes = heatmaps(figure)[0]
    index = math.floor(256 * values[2, 2].item() / highest)
    assert pixel_at(pixels, axes, 40, 40) == tuple(colour_table("viridis")[min(255, index)].tolist())
    assert "weight (rows sum to 1)" in flowing(figure) and "shared by 4 panels" in flowing(figure)
    assert "weight (rows scaled by 1/N′)" in flowing(figure) and "shared by 2 panels" in flowing(figure)


def test_per_panel_limits_are_printed_and_no_bar_is_drawn():
    analysis = look_at("embedded_gaussian", sub_sample=False)
    figure = queries_by_networks([analysis], [(0.5, 0.5)], scale="per panel", opacity=1.0)
    assert len(figure.axes) == 2 and "scale" in texts(figure) and "shared" not in texts(figure)
    values = analysis.maps[0].heatmap(0.5, 0.5)
    assert f"to {values.max().item():.2g}" in texts(figure) and "by itself" in flowing(figure)
    row, column = divmod(int(values.argmin()), 6)
    found = pixel_at(render(figure), heatmaps(figure)[0], 16 * column + 3, 16 * row + 3)
    assert found == tuple(colour_table("viridis")[0].tolist())


def test_captions_give_range_entropy_grids_layer_weights_and_parity():
    analysis = look_at("embedded_gaussian", "gc")
    figure = queries_by_networks([analysis], [(0.25, 0.5)])
    row = analysis.maps[0].heatmap(0.25, 0.5).flatten().double()
    share = 100 * -(row * row.log()).sum().item() / math.log(6)
    shown = flowing(figure)
    assert f"{float(row.max()):.2g}" in shown
    assert f"entropy {share:.0f} % of uniform" in shown or f"entropy {share:.1f} % of uniform" in shown
    for part in ("queries 5 × 6, keys 2 × 3", "at 1;", "at 2, attention;", "input 96 × 80 px", "pixel accuracy 89.1 %",
                 "trained on msrc", "what the block added follows from its maps", "same for every query", "1 (0.25, 0.5)",
                 "(a)", "(b)"):
        assert part in shown, part


def test_an_untrained_block_and_weights_of_unknown_source_are_called_so():
    analysis = analyse(nn.Sequential(Cells(), BLOCKS["embedded_gaussian"](3)), picture(), 96)
    shown = flowing(queries_by_networks([analysis], [(0.5, 0.5)]))
    assert "the block adds nothing: not trained" in shown and "weights as given, no score" in shown


def test_scaled_rows_have_no_entropy():
    assert "entropy" not in texts(queries_by_networks([look_at("dot_product")], [(0.5, 0.5)]))


def test_attended_by_draws_the_column_of_the_key_on_the_query_grid():
    analysis = look_at("embedded_gaussian", sub_sample=True)  # 5 x 6 queries, 2 x 3 keys
    figure = queries_by_networks([analysis], [(0.9, 0.1)], direction="attended by", opacity=1.0, scale="per panel")
    column = analysis.maps[0].nl_map.column(2).view(5, 6)  # key (0, 2)
    under = [(row, at) for row in (0, 1) for at in (4, 5)]  # the frame of the key
    assert_drawn(render(figure), heatmaps(figure)[0], column, ends(column), but=under)
    assert "entropy" not in texts(figure)


def test_where_no_key_lies_the_panel_says_so():
    figure = queries_by_networks([look_at("embedded_gaussian")], [(0.5, 0.99)], direction="attended by")
    assert "no key here" in texts(figure) and "range" not in texts(figure) and not heatmaps(figure)


def test_one_map_for_all_gives_a_key_the_same_from_every_query():
    analysis = look_at("gc")
    figure = queries_by_networks([analysis], [(0.5, 0.5)], direction="attended by", opacity=1.0, scale="per panel")
    weight = analysis.maps[0].nl_map.row(0)[2 * 6 + 3].item()
    assert f"{weight:.2g} everywhere" in texts(figure) and "same for every query" in texts(figure)
    pixels, axes = render(figure), heatmaps(figure)[0]
    assert {pixel_at(pixels, axes, x, y) for x in (8, 88) for y in (8, 72)} == {tuple(colour_table("viridis")[128].tolist())}


def test_weights_that_are_not_numbers_are_named_not_drawn():
    analysis = look_at("embedded_gaussian")
    placed = analysis.maps[0]
    broken = replace(placed, nl_map=replace(placed.nl_map, weights=placed.nl_map.weights * math.nan))
    figure = queries_by_networks([replace(analysis, maps=(broken,))], [(0.5, 0.5)])
    assert "not finite" in texts(figure) and not heatmaps(figure)

def test_a_column_is_the_first_map_of_each_call_of_a_block():
    analysis = look_at("criss_cross", "gc")  # 3 maps, 2 maps
    figure = queries_by_networks([analysis], [(0.4, 0.5)], scale="per panel", opacity=1.0)
    assert [len(call) for call in analysis.calls] == [3, 2] and len(heatmaps(figure)) == 2
    pixels, cell = render(figure), analysis.maps[0].queries.cell(0.4, 0.5)
    composed = analysis.maps[2].nl_map.weights[0] @ analysis.maps[1].nl_map.weights[0]  # A2 A1
    row = composed[cell[0] * 6 + cell[1]].view(5, 6)
    assert_drawn(pixels, heatmaps(figure)[0], row, ends(row), but=[cell])
    assert_drawn(pixels, heatmaps(figure)[1], analysis.maps[3].heatmap(0, 0), ends(analysis.maps[3].heatmap(0, 0)))
    assert "(b)" in texts(figure) and "(c)" not in texts(figure)


@pytest.mark.parametrize("block, part, number", [
    ("criss_cross", "A2 A1", 0), ("criss_cross", "A1", 1), ("criss_cross", "A2", 2), ("pyramid_oc", "2 × 2 cells", 1),
    ("disentangled", "pairwise", 1), ("disentangled", "unary", 2), ("rga_spatial", "gate of positions", 1)])
def test_parts_choose_the_map_of_a_call_and_the_heading_names_it(block, part, number):
    analysis = look_at("pam", block, std=0.5)
    figure = queries_by_networks([analysis], [(0.4, 0.5)], scale="per panel", opacity=1.0, parts={"net/1": part})
    values = analysis.maps[1 + number].heatmap(0.4, 0.5)
    assert_drawn(render(figure), heatmaps(figure)[1], values, ends(values), but=[analysis.maps[0].queries.cell(0.4, 0.5)])
    assert f"msrc, at 2 {part}" in flowing(figure) and f"Block {block} at 2, {part};" in flowing(figure)


def test_a_heading_names_no_part_where_a_call_has_one_map():
    shown = flowing(queries_by_networks([look_at("pam")], [(0.5, 0.5)]))
    assert "(a) Non-local, embedded Gaussian msrc range" in shown and "Block pam at 1; queries" in shown


def centred(weights):
    return weights - weights.mean(0)


def pairwise(lazy):
    return ((lazy.q - lazy.q.mean(1))[0] @ (lazy.k - lazy.k.mean(1))[0].T).softmax(1)


def unary(lazy):
    return (lazy.q.mean(1) @ lazy.k[0].T).softmax(1).expand(30, -1)


@pytest.mark.parametrize("direction", ["attends to", "attended by"])
@pytest.mark.parametrize("term, weights, colour_map", [
    ("pairwise only", lambda m: pairwise(m.lazy), "magma"), ("unary only", lambda m: unary(m.lazy), "magma"),
    (CENTRED, lambda m: centred(m.weights[0]), DIVERGING)])
def test_a_term_is_drawn_as_its_definition_says(term, weights, colour_map, direction):
    analysis = look_at("embedded_gaussian", sub_sample=False)
    figure = queries_by_networks([analysis], [(0.4, 0.5)], term=term, direction=direction, scale="per panel", opacity=1.0,
                                 colour_map="magma")
    cell, expected = (2, 2), weights(analysis.maps[0].nl_map)  # (30, 30)
    values = (expected[14] if direction == "attends to" else expected[:, 14]).view(5, 6)
    most = values.abs().max().item()
    limits = (-most, most) if term == CENTRED else ends(values)
    assert_drawn(render(figure), heatmaps(figure)[0], values, limits, colour_map, but=[cell])
    assert f"Term: {term}" in flowing(figure)


def test_the_term_is_not_printed_where_it_is_the_whole_map():
    assert "Term" not in flowing(queries_by_networks([look_at("pam")], [(0.5, 0.5)], term="full"))


def test_differences_share_a_scale_centred_at_zero_for_each_kind_of_rows():
    analyses = [look_at("pam"), look_at("embedded_gaussian", sub_sample=False), look_at("dot_product", sub_sample=False)]
    figure = queries_by_networks(analyses, EIGHT[:2], term=CENTRED, opacity=1.0)
    found = [[centred(a.maps[0].nl_map.weights[0])[index] for index in (0, 15)] for a in analyses]  # cells of the two queries
    most = [max(row.abs().max().item() for row in rows) for rows in (found[0] + found[1], found[2])]
    assert [bar.get_xlim() for bar in bars(figure)] == [pytest.approx((-m, m)) for m in most] and most[0] != most[1]
    for axes, row, m in zip(heatmaps(figure), [found[0][0], found[1][0], found[2][0]], [most[0], most[0], most[1]]):
        assert_drawn(render(figure), axes, row.view(5, 6), (-m, m), DIVERGING, but=[(0, 0)])
    low, high = ends(found[0][0])
    assert f"range −{-low:.2g} to {high:.2g}" in texts(figure) and "scale −" not in texts(figure)
    assert "difference from the mean row (rows sum to 1)" in flowing(figure) and "shared by 4 panels" in flowing(figure)
    assert "entropy" not in texts(figure)


def equal_rows():
    block = BLOCKS["dot_product"](3, sub_sample=False)
    net = network(block)
    nn.init.zeros_(block.theta.weight)
    return analyse(net, picture(), 96)


@pytest.mark.parametrize("scale", ["shared", "per panel"])
@pytest.mark.parametrize("analysis", [lambda: look_at("gc"), lambda: look_at("snl"), equal_rows])
def test_a_map_that_does_not_depend_on_the_query_is_its_mean_row_and_differs_by_nothing(analysis, scale):
    figure = queries_by_networks([analysis()], [(0.5, 0.5)], term=CENTRED, scale=scale, opacity=1.0)
    assert "0 everywhere" in texts(figure)
    pixels, axes = render(figure), heatmaps(figure)[0]
    colours = {pixel_at(pixels, axes, 16 * x + 8, 16 * y + 8) for x in range(6) for y in range(5) if (y, x) != (2, 3)}
    assert colours == {tuple(colour_table(DIVERGING)[128].tolist())}


@pytest.mark.parametrize("block, term, reason", [
    ("dot_product", "pairwise only", "not a softmax"), ("criss_cross", "unary only", "not a softmax"),
    ("gc", "pairwise only", "one map for every query"), ("cam", CENTRED, "no query has a row here"),
    ("rga_channel", "pairwise only", "no query has a row here"), ("se", "unary only", "no query has a row here")])
def test_a_map_without_the_term_is_the_bare_photo_with_the_reason(block, term, reason):
    figure = queries_by_networks([look_at(block)], EIGHT[:2], term=term)
    bare = [axes for axes in panels(figure) if axes.texts and axes.texts[0].get_text() not in "12"]
    assert len(bare) == 2 and not heatmaps(figure) and not bars(figure)
    assert all(reason in " ".join(text.get_text() for text in axes.texts) for axes in bare)
    found = np.array([pixel_at(render(figure), axes, 8, y) for axes in bare for y in (4, 76)])
    assert (np.ptp(found, axis=1) == 0).all() and np.unique(found).size > 1  # grey, and a photo
    assert not any(word in texts(figure) for word in ("range", "entropy", "Heatmaps", "same for every query\n"))


@pytest.mark.parametrize("block, same", [("embedded_gaussian", True), ("gc", True), ("pyramid_oc", False)])
def test_a_unary_term_is_the_same_for_every_query_of_a_cell(block, same):
    analysis = look_at(block)
    parts = {"net/0": "2 × 2 cells"} if block == "pyramid_oc" else {}
    figure = queries_by_networks([analysis], [(0.1, 0.1), (0.9, 0.9)], term="unary only", parts=parts, scale="per panel",
                                 opacity=1.0)
    first, second = heatmaps(figure)
    pixels = render(figure)
    places = [(8, 8), (40, 8), (72, 40), (40, 40)]
    assert same == ([pixel_at(pixels, first, *at) for at in places] == [pixel_at(pixels, second, *at) for at in places])
    assert same == ("same for every query" in flowing(figure)) == (not first.patches) == ("white frame" not in flowing(figure))


def by_weight_received(weights):
    """Rows and columns of nested lists in descending order of the columns' sums."""
    received = [sum(row[c] for row in weights) for c in range(len(weights))]
    order = sorted(range(len(weights)), key=lambda c: -received[c])
    return torch.tensor([[weights[a][b] for b in order] for a in order], dtype=torch.float64)


@pytest.mark.parametrize("scale", ["shared", "per panel"])
@pytest.mark.parametrize("block", ["cam", "rga_channel"])
def test_channels_are_a_square_matrix_sorted_by_weight_received_with_its_own_scale(block, scale):
    analysis = look_at_channels(block)
    figure = queries_by_networks([analysis], EIGHT[:2], scale=scale, colour_map="inferno")
    (matrix,) = (a for a in panels(figure) if a.get_xlim() == (-0.5, 7.5))
    values = by_weight_received(analysis.maps[0].nl_map.weights[0].double().tolist())
    low, high = ends(values)
    pixels, box = render(figure), matrix.get_window_extent()
    for row, column in np.ndindex(8, 8):
        index = min(255, math.floor(256 * (values[row, column].item() - low) / (high - low)))
        assert pixel_at(pixels, matrix, column, row) == tuple(colour_table("inferno")[index].tolist()), (row, column)
    assert box.width == pytest.approx(box.height) and not bars(figure) and not heatmaps(figure)
    assert f"8 × 8 channels, sorted by weight received, own scale {number(low)} to {number(high)}" in flowing(figure)


@pytest.mark.parametrize("block", ["cam", "rga_channel", "se"])
def test_channels_have_no_row_for_a_further_query(block):
    figure = queries_by_networks([look_at_channels(block)], EIGHT[:3])
    empty = [axes for axes in figure.axes if axes.texts and axes.texts[0].get_text() == "no row: channels"]
    assert len(empty) == 2 and not any(axes.get_images() or axes.patches for axes in empty)
    for axes in empty:
        inner = axes.get_window_extent()
        corner = render(figure)[round(inner.y0) + 2:round(inner.y0) + 20, round(inner.x0) + 2:round(inner.x1) - 2]
        assert (corner == 255).all()
    assert flowing(figure).count("channels, sorted") == 1 and "Heatmaps" not in flowing(figure)


@pytest.mark.parametrize("channels, colours", [(4, {0, 255}), (400, {127, 128})])
def test_a_cell_of_a_matrix_is_crisp_and_neighbours_mix_where_print_has_no_dot_for_each(channels, colours):
    figure = Figure(figsize=(1, 1), dpi=100)
    board = (torch.arange(channels)[:, None] + torch.arange(channels)) % 2
    draw_matrix(figure.add_axes((0, 0, 1, 1)), board.double(), (0, 1), "gray")
    assert set(np.unique(render(figure)[10:-10, 10:-10])) <= colours


def test_bars_stand_on_zero_from_the_largest_down():
    axes = Figure(figsize=(3, 3)).add_axes((0.1, 0.1, 0.8, 0.8))
    draw_bars(axes, torch.tensor([2.0, 1.0, -1.0]), (-1.0, 2.0))
    pixels = render(axes.figure)
    filled = [[pixel_at(pixels, axes, x, y) != (255, 255, 255) for y in (-0.5, 0.5, 1.5)] for x in (0.5, 1.5, 2.5)]
    assert filled == [[False, True, True], [False, True, False], [True, False, False]]
    column, row = map(round, axes.transData.transform((2.5, 0)))
    assert pixels[row - 1:row + 2, column].min() < 130 and axes.get_ylim() == (-1, 2)  # the zero line


@pytest.mark.parametrize("block, part, low, high", [("se", "", 0, 1), ("gc", "added to channels", None, None),
                                                    ("rga_channel", "gate of channels", 0, 1)])
def test_values_of_channels_are_sorted_bars_with_range_and_median(block, part, low, high):
    analysis = look_at_channels(block)
    placed = next(placed for placed in analysis.maps if placed.nl_map.part == part)
    values = sorted(placed.nl_map.weights[0].tolist(), reverse=True)
    figure = queries_by_networks([analysis], EIGHT[:1], parts={"net/0": part})
    (axes,) = (axes for axes in figure.axes if axes.patches)
    assert axes.patches[0].get_data().values.tolist() == pytest.approx(values)
    assert axes.get_ylim() == pytest.approx((min(0, values[-1]), max(0, values[0])))
    assert (low is None) == (values[-1] < 0) and (high is None or max(values) <= high)
    printed = map(number, (values[-1], values[0], (values[3] + values[4]) / 2))
    assert "8 channels, sorted {} to {}, median {}".format(*printed) in flowing(figure)
    assert not bars(figure) and "white frame" not in flowing(figure)


def test_values_that_are_all_zero_are_a_line():
    analysis = analyse(nn.Sequential(Cells(), BLOCKS["gc"](3)), picture(), 96)  # untrained: adds nothing
    figure = queries_by_networks([analysis], [(0.5, 0.5)], parts={"Sequential/0": "added to channels"})
    assert "3 channels, sorted\n0 everywhere" in texts(figure) and figure_bytes(figure, "png")


@pytest.mark.parametrize("direction", ["attends to", "attended by"])
def test_a_gate_of_positions_is_one_heatmap_on_a_scale_of_gates(direction):
    analysis = look_at_channels("rga_spatial", "rga_spatial")  # relations, and the gate of the other
    figure = queries_by_networks([analysis], EIGHT[:2], parts={"net/1": "gate of positions"}, opacity=1.0, direction=direction)
    gate, relations = analysis.maps[3].nl_map.weights[0], analysis.maps[0].nl_map
    pixels, (first, second) = render(figure), heatmaps(figure)[1::2]
    for axes in (first, second):
        assert_drawn(pixels, axes, gate.view(5, 6), (0, gate.max().item()))
        assert not axes.patches
    rows = [relations.row(index) if direction == "attends to" else relations.column(index) for index in (0, 15)]
    assert [bar.get_xlim()[1] for bar in bars(figure)] == pytest.approx([max(r.max().item() for r in rows), gate.max().item()])
    shown = flowing(figure)
    assert f"gate, 0 to {gate.max().item():.2g}, shared by 2 panels" in shown and "weight (raw), 0 to" in shown
    assert "gate of positions, same for every query" in shown and "a gate for each of 5 × 6 positions" in shown


def test_rows_of_the_disentangled_sum_are_raw_sum_to_2_and_have_no_entropy():
    analysis = look_at("disentangled")
    figure = queries_by_networks([analysis], EIGHT[:2])
    rows = torch.stack([analysis.maps[0].heatmap(*q) for q in EIGHT[:2]])
    assert rows.sum((1, 2)).tolist() == pytest.approx([2, 2], abs=1e-5)
    assert bars(figure)[0].get_xlim() == pytest.approx((0, rows.max().item()))
    assert "weight (raw), 0 to" in flowing(figure) and "entropy" not in texts(figure)
    assert "entropy" in texts(queries_by_networks([analysis], EIGHT[:1], parts={"net/0": "pairwise"}))


@pytest.mark.parametrize("block", ["base_oc", "asp_oc"])
def test_pooled_queries_are_framed_where_they_lie_and_missed_where_none_does(block):
    analysis = look_at(block)  # 2 x 3 queries on 5 x 6 cells
    figure = queries_by_networks([analysis], [(0.5, 0.2), (0.5, 0.95)], opacity=1.0, scale="per panel")
    (axes,) = heatmaps(figure)
    frame = axes.patches[0]
    assert (*frame.get_xy(), frame.get_width(), frame.get_height()) == pytest.approx((32, 0, 32, 32))
    row = analysis.maps[0].nl_map.row(1).view(2, 3)
    pixels = render(figure)
    for cell in np.ndindex(2, 3):
        index = min(255, math.floor(256 * (row[cell].item() - ends(row)[0]) / (ends(row)[1] - ends(row)[0])))
        found = pixel_at(pixels, axes, 32 * cell[1] + 16, 32 * cell[0] + 16)
        assert np.abs(np.array(found) - colour_table("viridis")[max(0, index - 1):index + 2]).max(1).min() == 0, cell
    assert [a.texts[0].get_text() for a in panels(figure) if a.texts] == ["1", "2", "no query here"]


@pytest.mark.parametrize("block", ["criss_cross", "disentangled", "pyramid_oc", "rga_channel"])
def test_a_map_kept_in_its_smaller_form_is_drawn_alike(block):
    analysis = look_at(block)
    lazy = tuple(replace(m, nl_map=replace(m.nl_map, weights=None)) if m.nl_map.lazy is not None else m for m in analysis.maps)
    assert lazy[0].nl_map.weights is None
    whole, small = (queries_by_networks([a], EIGHT[:2]) for a in (analysis, replace(analysis, maps=lazy)))
    assert texts(whole) == texts(small) and np.abs(render(whole).astype(int) - render(small)).max() <= 3


def test_values_of_channels_that_are_not_numbers_are_named_not_drawn():
    analysis = look_at("cam")
    placed = analysis.maps[0]
    broken = replace(placed, nl_map=replace(placed.nl_map, weights=placed.nl_map.weights * math.nan))
    figure = queries_by_networks([replace(analysis, maps=(broken,))], [(0.5, 0.5)])
    assert "not finite" in texts(figure) and len(panels(figure)) == 1



def outlines(figure):
    """Name -> window extent of every visible text, and of every panel; names of texts in a panel end in True."""
    render(figure)
    renderer = figure.canvas.get_renderer()
    inside = {text for axes in figure.axes for text in axes.texts}
    shown = [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible()]
    words = {(i, t.get_text(), t in inside): t.get_window_extent(renderer) for i, t in enumerate(shown)}
    words = {name: box for name, box in words.items() if box.width > 0}
    return words, {(i, "panel", False): a.get_window_extent(renderer) for i, a in enumerate(figure.axes)}


def overlapping(boxes: dict) -> list:
    """Pairs of names whose boxes lie over each other by more than half a pixel each way."""
    names, found = list(boxes), np.array([box.extents for box in boxes.values()])  # (n, 4): x0, y0, x1, y1
    common = np.minimum(found[:, None, 2:], found[None, :, 2:]) - np.maximum(found[:, None, :2], found[None, :, :2])
    first, second = np.nonzero(np.triu((common > 0.5).all(2), 1))
    return [(names[a], names[b]) for a, b in zip(first, second)]


def assert_laid_out(figure) -> dict:
    """Nothing is cut, and nothing overlaps but a panel and what is written into one. Returns the texts outside the panels."""
    words, boxes = outlines(figure)
    width, height = figure.bbox.width, figure.bbox.height
    for name, box in (words | boxes).items():
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, (name, box)
    outside = {n: b for n, b in words.items() if not n[2]}
    notes = {n: b for n, b in words.items() if n[2] and n[1] not in set("12345678")}  # a dot's number may stick out of its photo
    for group in (outside | boxes, outside | notes):
        assert not overlapping(group)
    assert min(t.get_fontsize() for t in figure.findobj(Text) if t.get_text()) >= 6
    return outside


SIZES = [(96, 96), (60, 120), (180, 60), (128, 16), (16, 128)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("rows, columns", [(1, 1), (8, 1), (1, 8), (3, 4), (8, 8)])
def test_nothing_overlaps_or_is_cut(rows, columns, size):
    seen = picture(*size)
    kinds = ["embedded_gaussian", "gc", "dot_product", "concatenation"]
    title = "A network with a very long name and OneVeryLongWordWithoutAnySpacesInItAtAll $x_1$"
    blocks = [BLOCKS[kind](3) if kind == "gc" else BLOCKS[kind](3, sub_sample=False) for kind in (kinds * 2)[:columns]]
    if columns == 4:
        analyses = [analyse(network(b), seen, 96) for b in blocks]
    else:
        analyses = [analyse(network(*blocks, title=title), seen, 96)]
    figure = queries_by_networks(analyses, EIGHT[:rows], scale="shared" if rows != 8 else "per panel")
    assert_laid_out(figure)
    assert len(panels(figure)) == rows * (columns + (2 if columns > 6 else 1))  # the photos again in a further band
    assert figure.get_figwidth() == 6.9
    for axes in panels(figure):
        box = axes.get_window_extent()
        assert box.width / box.height == pytest.approx(size[0] / size[1], rel=0.02)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("rows, term", [(1, "full"), (2, "full"), (8, "full"), (2, "pairwise only"), (2, CENTRED)])
def test_nothing_overlaps_or_is_cut_whatever_a_column_draws(rows, term, size):
    seen = picture(*size)
    width, height = Preprocess().frame(size, 96).size
    blocks = [BLOCKS[kind](3) for kind in ("criss_cross", "cam", "gc", "disentangled", "se")]
    analysis = analyse(network(*blocks, BLOCKS["rga_spatial"](3, grid=(height // 16, width // 16))), seen, 96)
    parts = {"net/0": "A1", "net/2": "added to channels", "net/5": "gate of positions"}
    figure = queries_by_networks([analysis], EIGHT[:rows], term=term, parts=parts)
    assert_laid_out(figure)
    assert len(figure.axes) == rows * 7 + len(bars(figure))


def test_a_dollar_in_a_name_is_a_dollar():
    analysis = analyse(network(BLOCKS["gc"](3), title="cost $5 and $x_"), picture(), 96)
    assert figure_bytes(queries_by_networks([analysis], [(0.5, 0.5)]), "png")


def test_pdf_carries_its_fonts_as_truetype(tmp_path):
    save_figure(queries_by_networks([look_at("gc")], [(0.5, 0.5)]), tmp_path / "a.PDF")
    content = (tmp_path / "a.PDF").read_bytes()
    assert content.startswith(b"%PDF") and b"/FontFile2" in content and b"/Type3" not in content
    assert b"CreationDate" not in content and b"Matplotlib" not in content


def test_png_is_300_dpi_without_a_software_note(tmp_path):
    figure = queries_by_networks([look_at("gc")], [(0.5, 0.5)])
    save_figure(figure, tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert "Software" not in image.info and image.info["dpi"] == pytest.approx((300, 300), abs=0.1)
        assert image.size == pytest.approx(tuple(300 * figure.get_size_inches()), abs=1)


SCRIPT = """
import sys
from tests.figures.test_figures import EIGHT, figure_bytes, look_at, queries_by_networks
for kind in ("png", "pdf", "svg"):
    sys.stdout.buffer.write(figure_bytes(queries_by_networks([look_at("embedded_gaussian")], EIGHT[:2]), kind))
"""


def test_the_same_input_gives_the_same_bytes_in_another_process():
    here = [figure_bytes(queries_by_networks([look_at("embedded_gaussian")], EIGHT[:2]), kind)
            for kind in ("png", "pdf", "svg")]
    root = Path(__file__).parents[2]
    there = subprocess.run([sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(root)},
                           cwd=root, capture_output=True, check=True).stdout
    assert there == b"".join(here)


def test_drawing_the_same_figure_twice_gives_the_same_bytes():
    figure = queries_by_networks([look_at("gc")], [(0.5, 0.5)])
    first = [figure_bytes(figure, kind) for kind in ("pdf", "png", "svg")]
    assert first == [figure_bytes(figure, kind) for kind in ("pdf", "png", "svg")]


def test_the_users_matplotlib_settings_neither_matter_nor_change():
    figure = queries_by_networks([look_at("gc")], [(0.5, 0.5)])
    before = figure_bytes(figure, "pdf")
    rcParams["pdf.fonttype"], rcParams["font.size"], rcParams["savefig.bbox"] = 3, 20, "tight"
    try:
        assert figure_bytes(queries_by_networks([look_at("gc")], [(0.5, 0.5)]), "pdf") == before
        assert (rcParams["pdf.fonttype"], rcParams["font.size"], rcParams["savefig.bbox"]) == (3, 20, "tight")
    finally:
        rcParams.update({"pdf.fonttype": 3, "font.size": 10, "savefig.bbox": None})


@pytest.mark.parametrize("name", ["a.svgz", "a.jpg", "a"])
def test_other_endings_are_refused_and_nothing_is_written(name, tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.svg, \.png or \.pdf"):
        save_figure(Figure(), tmp_path / name)
    with pytest.raises(ValueError, match="svg, png or pdf, got 'jpg'"):
        figure_bytes(Figure(), "jpg")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("queries, options, says", [
    ([], {}, "1 to 8 queries, got 0"),
    ([(0.5, 0.5)] * 9, {}, "1 to 8 queries, got 9"),
    ([(0.5, 1.2)], {}, "0 to 1, got 0.5, 1.2"),
    ([(0.5, 0.5)], {"colour_map": "jet"}, "viridis, inferno, magma, cividis, gray"),
    ([(0.5, 0.5)], {"scale": "log"}, "shared, per panel"),
    ([(0.5, 0.5)], {"direction": "both"}, "attends to, attended by"),
    ([(0.5, 0.5)], {"opacity": 60}, "0 to 1, got 60"),
    ([(0.5, 0.5)], {"term": "half"}, "full, pairwise only, unary only, row minus the mean row"),
    ([(0.5, 0.5)], {"parts": {"gc/0": "attention"}}, "'gc/0'; there are: net/0"),
    ([(0.5, 0.5)], {"parts": {"net/1": "attention"}}, "'net/1'; there are: net/0"),
    ([(0.5, 0.5)], {"parts": {"net/0": "A1"}}, "net/0 has no map 'A1'; it has: 'attention', 'added to channels'"),
])
def test_bad_arguments_say_what_is_allowed(queries, options, says):
    with pytest.raises(ValueError, match=says):
        queries_by_networks([look_at("gc")], queries, **options)


def test_analyses_must_be_of_one_picture():
    with pytest.raises(ValueError, match="one picture"):
        queries_by_networks([look_at("gc"), look_at("gc", seen=picture(80, 96))], [(0.5, 0.5)])
    again = Picture(picture().image.copy(), "renamed.png")
    assert queries_by_networks([look_at("gc"), look_at("gc", seen=again)], [(0.5, 0.5)])  # the same pixels are the same picture
    with pytest.raises(ValueError, match="at least one analysis"):
        queries_by_networks([], [(0.5, 0.5)])


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_every_colour_map_draws(name):
    assert queries_by_networks([look_at("gc")], [(0.5, 0.5)], colour_map=name)
