"""SVG and PDF: labels are text, pictures have their colours, edges and resolution."""

import base64
import io
import itertools
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.text import Text
from PIL import Image, ImageOps
from pypdf import PdfReader

from nlviz.figures import colour_table, figure_bytes
from nlviz.recipes import LAYOUTS, WIDTHS
from tests.figures.looking import EIGHT, look_at
from tests.figures.reading import ends, heatmaps
from tests.figures.svg import svg_texts
from tests.figures.toys import drawn, toys

LAYOUTS_AND_WIDTHS = list(zip(LAYOUTS, itertools.cycle(WIDTHS)))  # each of both; all pairs are drawn where nothing may overlap


def lines_of(figure) -> list[str]:
    return [line for t in figure.findobj(Text) if t.get_visible() for line in t.get_text().split("\n") if line]


@pytest.mark.parametrize("layout, width", LAYOUTS_AND_WIDTHS)
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


@pytest.mark.parametrize("layout, width", LAYOUTS_AND_WIDTHS)
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
@pytest.mark.parametrize("opacity, width", [(1.0, "one column"), (0.4, "slide")])
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
