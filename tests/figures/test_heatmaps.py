"""One panel: every cell has its colour at its place."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image

from nlviz.figures import COLOUR_MAPS, DIVERGING, PIN_COLOURS, colour_table, draw_heatmap, draw_photo, queries_by_networks
from nlviz.pictures import Picture
from tests.figures.looking import LINEAR, look_at, picture
from tests.figures.reading import assert_drawn, heatmaps, pixel_at, render


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


def test_the_viewer_numbers_its_pins_in_the_same_colours():
    viewer = "".join(file.read_text() for file in (Path(__file__).parents[2] / "nlviz/viewer").rglob("*.js"))
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
    assert (render(axes.figure)[5:-5, 5:-5] == colour_table("viridis")[128]).all()


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


@pytest.mark.parametrize("name", COLOUR_MAPS)
def test_every_colour_map_draws(name):
    analysis = look_at("gc")
    figure, values = queries_by_networks([analysis], [(0.5, 0.5)], colour_map=name, **LINEAR), analysis.maps[0].heatmap(0.5, 0.5)
    assert_drawn(render(figure), heatmaps(figure)[0], values, (0, values.max().item()), name)
