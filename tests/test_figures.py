"""Figures: colours and places are those of the map, everything is printed, nothing overlaps."""

import math
import os
import subprocess
import sys
from dataclasses import replace
from itertools import combinations
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
    PIN_COLOURS,
    colour_table,
    draw_heatmap,
    draw_photo,
    figure_bytes,
    queries_by_networks,
    save_figure,
)
from nlviz.images import Picture, Preprocess
from nlviz.models import Model

CARD = {"data": "msrc", "metric": "pixel accuracy", "score": 0.891}
EIGHT = [(0.02, 0.03), (0.5, 0.5), (0.98, 0.97), (0.3, 0.6), (0.7, 0.2), (0.1, 0.9), (0.6, 0.8), (0.4, 0.1)]


def picture(width=96, height=80) -> Picture:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(Image.fromarray(noise), "noise.png")


class Cells(nn.Module):
    """Means of 16 x 16 pixels, stretched so that maps are neither flat nor one-hot: (B, 3, H, W) -> (B, 3, H/16, W/16)."""

    def forward(self, x):
        return 8 * nn.functional.avg_pool2d(x, 16)


def network(*blocks: nn.Module, title="Non-local, embedded Gaussian", card=CARD, fixed=None) -> Model:
    torch.manual_seed(0)
    for block in blocks:
        for p in block.parameters():
            nn.init.normal_(p)
    return Model("net", nn.Sequential(Cells(), *blocks), Preprocess(fixed=fixed), title=title, card=card)


def look_at(*names, seen=None, resolution=96, fixed=None, **options):
    """An analysis by a network with these blocks in a row; non-local ones take the options."""
    blocks = [BLOCKS[n](3, **({} if n in ("gc", "snl") else options)) for n in names]
    return analyse(network(*blocks, fixed=fixed), seen or picture(), resolution)


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


def test_the_viewer_numbers_its_pins_in_the_same_colours():
    viewer = "".join(file.read_text() for file in (Path(__file__).parents[1] / "nlviz/ui").glob("viewer*.js"))
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
        values = analysis.maps[0].heatmap(*query)
        asked = analysis.maps[0].queries.cell(*query)
        for row, column in np.ndindex(5, 6):
            if (row, column) != asked:  # there the frame of the query lies
                index = min(255, math.floor(256 * values[row, column].item() / shared))
                found = pixel_at(pixels, axes, 16 * column + 8, 16 * row + 8)
                assert np.abs(np.array(found) - colour_table("viridis")[max(0, index - 1):index + 2]).max(1).min() == 0


def test_shared_limits_are_one_for_all_panels_of_a_kind():
    """A colour means the same weight in every panel of its kind: two networks, one of them with much larger weights."""
    weak, strong = look_at("gc"), look_at("embedded_gaussian", sub_sample=False)
    scaled = look_at("dot_product", sub_sample=False)
    figure = queries_by_networks([weak, strong, scaled], EIGHT[:2], opacity=1.0)
    highest = max(a.maps[0].heatmap(*q).max().item() for a in (weak, strong) for q in EIGHT[:2])
    bars = [a for a in figure.axes if a not in panels(figure)]
    assert bars[0].get_xlim() == pytest.approx((0, highest))
    rows = torch.stack([scaled.maps[0].heatmap(*q) for q in EIGHT[:2]])
    assert rows.min() < 0 and bars[1].get_xlim() == pytest.approx((rows.min().item(), rows.max().item()))
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
    for part in ("queries 5 × 6, keys 2 × 3", "at 1;", "at 2;", "input 96 × 80 px", "pixel accuracy 89.1 %", "trained on msrc",
                 "map times values gives what the block added", "same for every query", "1 (0.25, 0.5)", "(a)", "(b)"):
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
    low, high = column.min().item(), column.max().item()
    pixels, axes = render(figure), heatmaps(figure)[0]
    for row in range(2, 5):  # the frame of the key covers rows 0 and 1
        for at in range(6):
            index = min(255, math.floor(256 * (column[row, at].item() - low) / (high - low)))
            found = pixel_at(pixels, axes, 16 * at + 8, 16 * row + 8)
            assert np.abs(np.array(found) - colour_table("viridis")[max(0, index - 1):index + 2]).max(1).min() == 0
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


def outlines(figure):
    """Name -> window extent of every visible text and panel."""
    render(figure)
    renderer = figure.canvas.get_renderer()
    shown = [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible()]
    words = {(i, t.get_text()): t.get_window_extent(renderer) for i, t in enumerate(shown)}
    words = {name: box for name, box in words.items() if box.width > 0}
    return words, {(i, "panel"): a.get_window_extent(renderer) for i, a in enumerate(figure.axes)}


def overlap(a, b):
    return min(a.x1, b.x1) - max(a.x0, b.x0) > 0.5 and min(a.y1, b.y1) - max(a.y0, b.y0) > 0.5


@pytest.mark.parametrize("size", [(96, 96), (60, 120), (180, 60), (128, 16), (16, 128)], ids=str)
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
    words, boxes = outlines(figure)
    width, height = figure.bbox.width, figure.bbox.height
    for name, box in (words | boxes).items():
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, (name, box)
    outside = {n: b for n, b in words.items() if n[1] not in set("12345678")}  # dots' numbers lie in their photo
    for (a, box), (b, other) in combinations({**outside, **boxes}.items(), 2):
        assert not overlap(box, other), (a, b)
    assert len(panels(figure)) == rows * (columns + 1)
    assert min(t.get_fontsize() for t in figure.findobj(Text) if t.get_text()) >= 6
    if columns <= 4:
        assert figure.get_figwidth() <= 6.95
    for axes in panels(figure):
        box = axes.get_window_extent()
        assert box.width / box.height == pytest.approx(size[0] / size[1], rel=0.02)


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
from tests.test_figures import EIGHT, figure_bytes, look_at, queries_by_networks
for kind in ("png", "pdf"):
    sys.stdout.buffer.write(figure_bytes(queries_by_networks([look_at("embedded_gaussian")], EIGHT[:2]), kind))
"""


def test_the_same_input_gives_the_same_bytes_in_another_process():
    here = [figure_bytes(queries_by_networks([look_at("embedded_gaussian")], EIGHT[:2]), kind) for kind in ("png", "pdf")]
    root = Path(__file__).parents[1]
    there = subprocess.run([sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(root)},
                           cwd=root, capture_output=True, check=True).stdout
    assert there == b"".join(here)


def test_drawing_the_same_figure_twice_gives_the_same_bytes():
    figure = queries_by_networks([look_at("gc")], [(0.5, 0.5)])
    first = [figure_bytes(figure, kind) for kind in ("pdf", "png")]
    assert first == [figure_bytes(figure, kind) for kind in ("pdf", "png")]


def test_the_users_matplotlib_settings_neither_matter_nor_change():
    figure = queries_by_networks([look_at("gc")], [(0.5, 0.5)])
    before = figure_bytes(figure, "pdf")
    rcParams["pdf.fonttype"], rcParams["font.size"], rcParams["savefig.bbox"] = 3, 20, "tight"
    try:
        assert figure_bytes(queries_by_networks([look_at("gc")], [(0.5, 0.5)]), "pdf") == before
        assert (rcParams["pdf.fonttype"], rcParams["font.size"], rcParams["savefig.bbox"]) == (3, 20, "tight")
    finally:
        rcParams.update({"pdf.fonttype": 3, "font.size": 10, "savefig.bbox": None})


@pytest.mark.parametrize("name", ["a.svg", "a.jpg", "a"])
def test_other_endings_are_refused_and_nothing_is_written(name, tmp_path):
    with pytest.raises(ValueError, match=r"png.*pdf"):
        save_figure(Figure(), tmp_path / name)
    with pytest.raises(ValueError, match="png or pdf"):
        figure_bytes(Figure(), "svg")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("queries, options, says", [
    ([], {}, "1 to 8 queries, got 0"),
    ([(0.5, 0.5)] * 9, {}, "1 to 8 queries, got 9"),
    ([(0.5, 1.2)], {}, "0 to 1, got 0.5, 1.2"),
    ([(0.5, 0.5)], {"colour_map": "jet"}, "viridis, inferno, magma, cividis, gray"),
    ([(0.5, 0.5)], {"scale": "log"}, "shared, per panel"),
    ([(0.5, 0.5)], {"direction": "both"}, "attends to, attended by"),
    ([(0.5, 0.5)], {"opacity": 60}, "0 to 1, got 60"),
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
