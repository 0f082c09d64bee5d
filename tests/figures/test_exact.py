"""Photo, cells and marks of a figure lie at one place, at any width and resolution."""

import base64
import io
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from pypdf import PdfReader

from nlviz.figures import draw_heatmap, figure_bytes
from nlviz.figures.panels import outline
from nlviz.pictures import Picture, Preprocess

GRID = 7, 9  # rows, columns
SIZE = 450, 350  # of the photo, 50 pixels a cell
WIDTHS, DPIS = (0.613, 1.037, 2.9), (50, 72, 300)


def panel(width, cell=(3, 5), fixed=None, figure_width=3.3):
    """A figure with one panel ``width`` inches wide at an odd place: one hot cell, outlined. And its Axes."""
    picture = Picture(Image.fromarray(np.full((*SIZE[::-1], 3), 200, np.uint8)))
    frame = Preprocess(stride=16, fixed=fixed).frame(SIZE, 144)
    place = frame.place((fixed[1] // 16, fixed[0] // 16) if fixed else GRID)
    values = torch.zeros(place.grid)
    values[cell] = 1
    figure = Figure((figure_width, 4))
    axes = figure.add_axes((0.0123, 0.0457, width / figure_width, width * SIZE[1] / SIZE[0] / 4))
    draw_heatmap(axes, SimpleNamespace(keys=place, queries=place), picture, values, (0, 1), "gray", 1.0, False)
    outline(axes, place.rectangle(*cell), SIZE)
    return figure, axes, [float(edge) for edge in place.rectangle(*cell)]


def pdf_images(data):
    """(left, bottom, width, height) in points of each image in the order drawn."""
    found = []

    def before(operator, arguments, matrix, _):
        if operator == b"Do":
            left, bottom, width, height = matrix[4], matrix[5], matrix[0], matrix[3]
            found.append((left, min(bottom, bottom + height), width, abs(height)))

    PdfReader(io.BytesIO(data)).pages[0].extract_text(visitor_operand_before=before)
    return found


def svg_images(data):
    """(left, bottom, width, height) in points of each image in the order drawn, and its style."""
    found = []
    for tag in re.findall(r"<image[^>]*>", data.decode()):
        a, d, e, f = (float(re.search(r'transform="matrix\((\S+) \S+ \S+ (\S+) (\S+) (\S+)\)', tag)[at]) for at in (1, 2, 3, 4))
        width, height = (float(re.search(rf'{name}="([\d.]+)"', tag)[1]) for name in ("width", "height"))
        found.append((e, 288 - f - d * height, a * width, d * height, "pixelated" in tag))
    return found


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dpi", DPIS)
@pytest.mark.parametrize("format", ["pdf", "svg"])
def test_heat_and_photo_cover_the_panel_within_a_fiftieth_of_a_cell(width, dpi, format):
    figure, axes, _ = panel(width)
    images = {"pdf": pdf_images, "svg": svg_images}[format](figure_bytes(figure, format, dpi=dpi))
    axes.apply_aspect()
    left, bottom, right, top = axes.get_position().extents * np.tile(figure.get_size_inches() * 72, 2)
    cell = (right - left) / GRID[1]
    assert len(images) == 2
    for image in images:
        assert np.abs(np.subtract(image[:4], (left, bottom, right - left, top - bottom))).max() < 0.02 * cell
    if format == "svg":
        assert images[1][4]  # cells have hard edges


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dpi", DPIS)
def test_in_a_png_the_photo_and_the_cells_end_at_one_dot(width, dpi):
    figure, _, (left, top, right, bottom) = panel(width)
    pixels = np.asarray(Image.open(io.BytesIO(figure_bytes(figure, "png", dpi=dpi))).convert("L")).astype(int)
    rows, columns = (np.flatnonzero((pixels < 250).any(axis)) for axis in (1, 0))  # the white page ends where the panel begins
    high, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert abs(wide - width * dpi) <= 1 and abs(high - width * SIZE[1] / SIZE[0] * dpi) <= 1
    inside = pixels[rows[0]:rows[-1] + 1, columns[0]:columns[-1] + 1]
    assert (inside[[0, -1]] < 5).all() and (inside[:, [0, -1]] < 5).all()  # cold cells, black, up to the photo's own edge
    hot = inside[round((top + bottom) / 2 * high), round((left + right) / 2 * wide)]
    assert hot > 250 or wide < 60


@pytest.mark.parametrize("fixed, cell", [((160, 160), (4, 6)), ((448, 448), (14, 27))])
def test_cells_of_a_letterboxed_input_lie_at_their_place_in_the_photo(fixed, cell):
    figure, _, (left, top, right, bottom) = panel(1.037, cell, fixed)
    data = figure_bytes(figure, "svg", dpi=50)
    photo, heat = svg_images(data)
    content = re.findall(r'href="data:image/png;base64,\s*([^"]+)"', data.decode())[1]
    values = np.asarray(Image.open(io.BytesIO(base64.b64decode(content))).convert("L"))
    ((row, column),) = np.argwhere(values > 250)  # rows that lie outside the photo may have been left out
    wide, high = heat[2] / values.shape[1], heat[3] / values.shape[0]
    found = heat[0] + column * wide, heat[1] + heat[3] - row * high, wide, high
    expected = (photo[0] + left * photo[2], photo[1] + photo[3] - top * photo[3],
                (right - left) * photo[2], (bottom - top) * photo[3])
    assert np.abs(np.subtract(found, expected)).max() < 0.02 * wide


def test_a_figure_is_as_it_was_after_it_was_written_as_png():
    figure, axes, _ = panel(1.037)
    before = figure_bytes(figure, "pdf")
    position = axes.get_position(original=True).bounds
    figure_bytes(figure, "png", dpi=50)
    assert axes.get_position(original=True).bounds == position and figure_bytes(figure, "pdf") == before


def test_a_photo_has_no_more_pixels_than_the_paper_has_dots():
    small, large = (len(figure_bytes(panel(1.037)[0], "svg", dpi=dpi)) for dpi in (50, 300))
    figure, _, _ = panel(1.037)
    width = re.search(r'<image[^>]* width="(\d+)"', figure_bytes(figure, "svg", dpi=100).decode())[1]
    assert small < large and int(width) == round(1.037 * 100)
