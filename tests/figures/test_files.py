"""A figure as a file: the same bytes for the same figure, under any name."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib import rcParams
from matplotlib.figure import Figure
from PIL import Image

from nlviz.figures import draw, figure_bytes, queries_by_networks, save_figure
from nlviz.recipes import LAYOUTS
from tests.figures.looking import EIGHT, look_at
from tests.figures.svg import svg_texts
from tests.figures.toys import recipe_of, toys


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
from nlviz.figures import figure_bytes, queries_by_networks
from tests.figures.looking import EIGHT, look_at
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


FORMAT_NAMES = ("png", "svg", "pdf")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", FORMAT_NAMES)
def test_the_same_recipe_gives_the_same_bytes(layout, kind):
    analyses = toys(4)
    recipe = recipe_of(analyses, layout=layout, width="one column", dpi=100)
    first, second = (figure_bytes(draw(a, recipe), kind, recipe, recipe.dpi) for a in (analyses, analyses[::-1]))
    assert first == second


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
