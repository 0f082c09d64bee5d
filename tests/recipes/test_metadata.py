"""The recipe in a figure: what is written is read back, by others too, and nothing that is no recipe is taken for one."""

import io
import itertools
import xml.etree.ElementTree as ET
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from PIL import Image
from pypdf import PdfReader

from nlviz.figures import draw, figure_bytes, save_figure
from nlviz.recipes import KEYS, LAYOUTS, WIDTHS, Recipe, recipe_in
from tests.figures.looking import EIGHT, look_at_channels
from tests.figures.toys import OF_PHOTOS

KINDS = ("png", "svg", "pdf")
RECIPES = st.builds(
    Recipe, picture=st.fixed_dictionaries({"name": st.text(), "sha256": st.text()}), layout=st.sampled_from(LAYOUTS),
    networks=st.lists(st.fixed_dictionaries({"name": st.text(), "sha256": st.none() | st.text()}), max_size=8).map(tuple),
    queries=st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=8).map(tuple), width=st.sampled_from(sorted(WIDTHS)),
    parts=st.dictionaries(st.text(), st.text(), max_size=3))
PLAIN = Recipe({"name": "a", "sha256": "b"}, (), ())
PNG, PDF, SVG = (figure_bytes(Figure((1, 1)), kind, PLAIN, 50) for kind in ("png", "pdf", "svg"))
NAMES = ["(a) \\ (b)) \\\\n \\", "]]></dc:description> &amp; <x>", "\0\n\r\t\x7f", "“日本” 😀 \ud800", "/Keywords ("]
STARTS = [b"\x89PNG\r\n\x1a\n", b"%PDF", b"<svg>", PNG[:60], PDF[-400:], SVG[:900]]


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, max_examples=25)
@given(recipe=RECIPES)
def test_a_recipe_is_itself_after_a_figure(kind, recipe):
    found = recipe_in(figure_bytes(Figure((1, 1)), kind, recipe, dpi=50))
    assert found == recipe.to_json()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("kind", KINDS)
def test_no_name_breaks_out_of_its_place(kind, name):
    recipe = Recipe({"name": name, "sha256": name}, ({"name": name, "sha256": None},), ((0.1, 0.2),), parts={name: name})
    assert recipe_in(figure_bytes(Figure((1, 1)), kind, recipe, dpi=50)) == recipe.to_json()


@pytest.mark.parametrize("layout, kind", list(zip(OF_PHOTOS, itertools.cycle(KINDS))))
def test_a_figure_carries_the_recipe_that_draws_it_again(layout, kind):
    analysis = look_at_channels("cam", "pam")
    seen = analysis.picture
    recipe = Recipe({"name": seen.name, "sha256": seen.sha256}, ({"name": "net", "sha256": None},), tuple(EIGHT[:2]), layout=layout,
                    width="one column", dpi=60, colours="magma", view="smooth")
    content = figure_bytes(draw([analysis], recipe), kind, recipe, recipe.dpi)
    found = Recipe.from_json(recipe_in(content))
    assert found == recipe and figure_bytes(draw([analysis], found), kind, found, found.dpi) == content


def test_other_programs_find_it_where_they_look():
    text = PLAIN.to_json()
    assert Image.open(io.BytesIO(PNG)).info[KEYS["png"]] == text
    assert PdfReader(io.BytesIO(PDF)).metadata["/" + KEYS["pdf"]] == text
    metadata = ET.fromstring(SVG).find(".//{http://www.w3.org/2000/svg}metadata")
    assert metadata.findtext(".//{http://purl.org/dc/elements/1.1/}description") == text


def test_a_saved_file_carries_it_too(tmp_path):
    for kind in KINDS:
        save_figure(Figure((1, 1)), tmp_path / f"a.{kind.upper()}", PLAIN, dpi=80)
        assert recipe_in((tmp_path / f"a.{kind.upper()}").read_bytes()) == PLAIN.to_json()
    with Image.open(tmp_path / "a.PNG") as image:
        assert image.size == (80, 80)


@pytest.mark.parametrize("content", [
    *(figure_bytes(Figure((1, 1)), kind, dpi=50) for kind in KINDS), b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"%PDF-1.4",
    b"%PDF /Keywords (something else)", b"%PDF /Keywords ({\"nlviz_recipe\": 1",
    b"<svg><dc:description>a lion</dc:description></svg>",
    b'<svg><dc:description>{"nlviz_recipe": 1}', b"\x89PNG\r\n\x1a\n\xff\xff\xff\xfftEXtnlviz_recipe\0{"])
def test_where_there_is_no_recipe_there_is_none(content):
    assert recipe_in(content) is None


def test_a_text_behind_the_pixels_or_behind_many_chunks_is_not_looked_for():
    def chunk(kind: bytes, data: bytes = b"") -> bytes:
        return len(data).to_bytes(4, "big") + kind + data + zlib.crc32(kind + data).to_bytes(4, "big")

    text = chunk(b"tEXt", b'nlviz_recipe\0{"nlviz_recipe": {}}')
    for before, found in ((b"", True), (chunk(b"IHDR"), True), (chunk(b"IDAT"), False), (chunk(b"tEXt", b"a\0b") * 1000, False)):
        assert (recipe_in(b"\x89PNG\r\n\x1a\n" + before + text) is not None) == found


@settings(deadline=None, max_examples=300)
@given(content=st.binary(max_size=300) | st.builds(bytes.__add__, st.sampled_from(STARTS), st.binary()))
def test_arbitrary_bytes_raise_nothing(content):
    assert recipe_in(content) is None or isinstance(recipe_in(content), str)


@settings(deadline=None, max_examples=200)
@given(kind=st.sampled_from([PNG, PDF, SVG]), at=st.integers(0, 3000), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_figure_raises_nothing(kind, at, byte, cut):
    at %= len(kind)
    found = recipe_in(kind[:at] if cut else kind[:at] + bytes([byte]) + kind[at + 1:])
    assert found is None or isinstance(found, str)


@pytest.mark.parametrize("content", [
    b"%PDF" + b"/Keywords (" * 10**6, b"%PDF/Keywords (" + b"\\(" * 5 * 10**6, b"<dc:description>" * 10**6, b"&amp;" * 10**6,
    b'<!DOCTYPE a [<!ENTITY b "' + b"c" * 10**6 + b'">]><dc:description>{"nlviz_recipe"' + b"&b;" * 10**5 + b"</dc:description>",
    b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0tEXt\0\0\0\0" * 10**6], ids=["pdf", "escapes", "svg", "entities", "bomb", "png"])
def test_hostile_files_are_read_in_no_time_and_nothing_in_them_grows(content):
    found = recipe_in(content)
    assert found is None or len(found) <= 2**20
