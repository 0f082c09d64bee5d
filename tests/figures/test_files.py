"""A figure as a file: the same bytes for the same figure, under any name."""

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib import rc_context, rcParams
from matplotlib.figure import Figure
from PIL import Image

from nlviz.figures import draw, figure_bytes, queries_by_networks, save_figure
from nlviz.recipes import Recipe, recipe_in
from tests.figures.looking import EIGHT, look_at
from tests.figures.svg import svg_texts
from tests.figures.toys import OF_PHOTOS, recipe_of, toys

KINDS = ("png", "svg", "pdf")


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


def in_every_format() -> bytes:
    return b"".join(figure_bytes(queries_by_networks([look_at("embedded_gaussian")], EIGHT[:2]), kind, dpi=100) for kind in KINDS)


SCRIPT = "import sys; from tests.figures.test_files import in_every_format; sys.stdout.buffer.write(in_every_format())"


def test_the_same_input_gives_the_same_bytes_in_another_process():
    root = Path(__file__).parents[2]
    there = subprocess.run([sys.executable, "-c", SCRIPT], env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(root)},
                           cwd=root, capture_output=True, check=True).stdout
    assert there == in_every_format()


def test_drawing_the_same_figure_twice_gives_the_same_bytes():
    figure = queries_by_networks([look_at("gc")], [(0.5, 0.5)])
    first, second = ([figure_bytes(figure, kind, dpi=100) for kind in KINDS] for _ in range(2))
    assert first == second


def test_the_users_matplotlib_settings_neither_matter_nor_change():
    figure = queries_by_networks([look_at("gc")], [(0.5, 0.5)])
    before = figure_bytes(figure, "pdf")
    theirs = {"pdf.fonttype": 3, "font.size": 20, "savefig.bbox": "tight"}
    with rc_context(theirs):
        assert figure_bytes(queries_by_networks([look_at("gc")], [(0.5, 0.5)]), "pdf") == before
        assert {name: rcParams[name] for name in theirs} == theirs


@pytest.mark.parametrize("name", ["a.svgz", "a.jpg", "a"])
def test_other_endings_are_refused_and_nothing_is_written(name, tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.svg, \.png or \.pdf"):
        save_figure(Figure(), tmp_path / name)
    with pytest.raises(ValueError, match="svg, png or pdf, got 'jpg'"):
        figure_bytes(Figure(), "jpg")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("layout", OF_PHOTOS)
def test_the_same_recipe_gives_the_same_bytes(layout):
    analyses = toys(4)
    recipe = recipe_of(analyses, layout=layout, width="one column", dpi=72)
    figures = [draw(a, recipe) for a in (analyses, analyses[::-1])]
    for kind in KINDS:
        first, second = (figure_bytes(figure, kind, recipe, recipe.dpi) for figure in figures)
        assert first == second, kind


@pytest.mark.parametrize("name", ["a\udc80b\u202e.png", "<&\"'>]]>.png", "日本 😀.png", "x" * 250])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:Glyph")
def test_a_picture_may_have_any_name(name, kind):
    analysis = look_at("pam")
    analysis = replace(analysis, picture=replace(analysis.picture, name=name))
    recipe = recipe_of([analysis])
    content = figure_bytes(draw([analysis], recipe), kind, recipe, 72)
    assert Recipe.from_json(recipe_in(content)) == recipe
    if kind == "svg":
        shown = "".join(text for text, *_ in svg_texts(content))
        assert re.sub(r"[\udc80\u202e]", "\ufffd", name).replace(" ", "")[:40] in shown.replace(" ", "")
