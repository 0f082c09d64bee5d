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
from nlviz.recipes import WIDTHS
from tests.figures.looking import EIGHT, LINEAR, look_at
from tests.figures.reading import ends, heatmaps
from tests.figures.svg import svg_texts
from tests.figures.toys import OF_PHOTOS, drawn, toys

LAYOUTS_AND_WIDTHS = list(zip(OF_PHOTOS, itertools.cycle(WIDTHS)))  # each of both; all pairs are drawn where nothing may overlap


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
    """The pictures in a file, in the order drawn, RGBA: the photo, the photo in grey, its heatmap, ..."""
    if kind == "svg":
        links = [image.get("{http://www.w3.org/1999/xlink}href") for image in images_of(content)]
        files = [Image.open(io.BytesIO(base64.b64decode(link.partition(",")[2]))) for link in links]
    else:
        files = [ImageOps.flip(found.image) for found in PdfReader(io.BytesIO(content)).pages[0].images]  # a PDF's y goes up
    return [np.asarray(file.convert("RGBA")).astype(int) for file in files]


def images_of(content: bytes) -> list[ET.Element]:
    return list(ET.fromstring(content).iter("{http://www.w3.org/2000/svg}image"))


@pytest.mark.parametrize("kind", ["svg", "pdf"])
@pytest.mark.parametrize("opacity, width", [(1.0, "one column"), (0.4, "slide")])
def test_a_vector_file_holds_one_value_a_cell_with_its_colour_and_opacity(kind, opacity, width):
    """A PDF's heatmap once had its opacity twice."""
    analysis, query = look_at("pam"), EIGHT[0]
    figure = drawn([analysis], [query], scale="per panel", opacity=opacity, veil="even", width=width)
    values = analysis.maps[0].heatmap(*query)
    heat, (low, high) = pictures_of(figure_bytes(figure, kind), kind)[2], ends(values)
    assert heat.shape[:2] == values.shape
    for cell in np.ndindex(*values.shape):
        index = min(255, int(256 * (values[cell].item() - low) / (high - low)))
        assert heat[cell].tolist() == [*colour_table("viridis")[index], round(255 * opacity)], cell


def test_viewers_are_told_not_to_smooth_the_cells_of_a_vector_file():
    figure = drawn([look_at("pam")], EIGHT[:1])
    assert "image-rendering:pixelated" in images_of(figure_bytes(figure, "svg"))[2].get("style").replace(" ", "")
    cells = PdfReader(io.BytesIO(figure_bytes(figure, "pdf"))).pages[0].images[2].indirect_reference.get_object()
    assert not cells.get("/Interpolate")


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_photos_in_a_vector_file_have_the_resolution_asked_for(kind):
    analysis = look_at("pam")
    large = replace(analysis, picture=replace(analysis.picture, image=analysis.picture.image.resize((1440, 1200))))
    figure = drawn([large], EIGHT[:1], width="one column")
    panel = heatmaps(figure)[0].get_position().width * WIDTHS["one column"]
    widths = [pictures_of(figure_bytes(figure, kind, dpi=dpi), kind)[1].shape[1] for dpi in (100, 600)]
    assert widths == pytest.approx([100 * panel, 600 * panel], abs=2)


def test_a_smooth_heatmap_stays_smooth_in_a_vector_file():
    analysis, views = look_at("pam"), ("cells", "smooth")
    figures = [drawn([analysis], EIGHT[:1], view=view, **LINEAR, width="one column") for view in views]
    cells, smooth = (len(np.unique(pictures_of(figure_bytes(f, "svg"), "svg")[2].reshape(-1, 4), axis=0)) for f in figures)
    assert cells <= 30 < smooth
