"""What ``nlviz.analyse`` gives in a script and in a notebook, and the tour of it."""

import csv
import io
import os
import zipfile
from html import unescape
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from nbclient import NotebookClient
from PIL import Image

import nlviz
from nlviz import analysis, load_model
from nlviz.figures import DIVERGING, colour_table, draw, figure_bytes
from nlviz.maps import flat_index
from nlviz.measures import measures_of
from nlviz.models import MODELS
from nlviz.pictures import open_picture
from nlviz.recipes import Recipe, recipe_in
from tests.networks import network
from tests.pictures.drawn import quarters

TOUR = Path(__file__).resolve().parent.parent / "examples" / "tour.ipynb"
QUERY = (0.3, 0.7)


@pytest.fixture(scope="module")
def picture():
    return open_picture(quarters(192, 112), "quarters.png")


@pytest.fixture
def shown(picture):
    return nlviz.analyse(network(), picture, 192)


# ---------------------------------------------------------------------------------------------------- asking


def test_it_is_an_analysis_with_everything_that_one_has(picture):
    net = network()
    plain, found = analysis.analyse(net, picture, 192), nlviz.analyse(net, picture, 192)
    assert isinstance(found, analysis.Analysis) and type(plain) is analysis.Analysis
    assert torch.equal(found.maps[0].nl_map.weights, plain.maps[0].nl_map.weights)
    assert found.picture is picture and found.frame == plain.frame and found.nbytes == plain.nbytes and found.resolution == 192
    assert repr(found) == "<Sequential on quarters.png: 1 map>"


def test_a_heatmap_is_the_row_of_the_place(shown):
    heatmap = shown.heatmap(QUERY)
    assert heatmap.shape == shown.maps[0].keys.grid and torch.equal(heatmap, shown.maps[0].heatmap(*QUERY))


def test_a_heatmap_is_of_the_block_and_the_map_that_is_asked_for(picture):
    net = torch.nn.Sequential(*network("embedded_gaussian"), network("disentangled")[1])
    shown = nlviz.analyse(net, picture, 192)
    pairwise = next(placed for placed in shown.maps if placed.nl_map.part == "pairwise")
    for layer in (1, "2"):
        assert torch.equal(shown.heatmap(QUERY, layer, "pairwise"), pairwise.heatmap(*QUERY))
        assert torch.equal(shown.heatmap(QUERY, layer), shown.calls[1][0].heatmap(*QUERY))
    assert torch.equal(shown.heatmap(QUERY, "1"), shown.heatmap(QUERY))


@pytest.mark.parametrize("arguments, message", [
    (((0.5, 2),), "0 to 1"), ((QUERY, 3), r"has no block 3; it has: 0 \(1\)"), ((QUERY, -1), "has no block -1"),
    ((QUERY, "layer4"), "has no block 'layer4'"), ((QUERY, 0, "unary"), "this block has no map 'unary'; it has: ''")])
def test_what_is_not_there_is_said(shown, arguments, message):
    with pytest.raises(ValueError, match=message):
        shown.heatmap(*arguments)


def test_it_is_measured_as_everywhere(shown):
    assert shown.measure() == measures_of(shown)


# ---------------------------------------------------------------------------------------------------- drawing


def test_a_figure_is_that_of_its_recipe(shown):
    settings = {"layout": "one query", "width": "one column", "colours": "magma", "scale": "per panel", "view": "smooth",
                "opacity": 0.4, "direction": "attended by", "term": "unary only"}
    picture = {"name": "quarters.png", "sha256": shown.picture.sha256}
    recipe = Recipe(picture, ({"name": "Sequential", "sha256": None},), (QUERY,), 192, **settings)
    figure = shown.figure([QUERY], **settings)
    assert isinstance(figure, Figure) and figure_bytes(figure, "png") == figure_bytes(draw([shown], recipe), "png")


def test_a_figure_shows_itself_in_a_cell_without_pyplot(shown):
    png, metadata = shown.figure()._repr_png_()
    assert Image.open(io.BytesIO(png)).width == 2 * metadata["width"] == 2 * 690


@pytest.mark.parametrize("term, table", [("full", "inferno"), ("row minus the mean row", DIVERGING)])
def test_given_axes_become_the_picture_with_the_first_maps_heatmap(shown, term, table):
    figure = Figure(figsize=(6, 3.5), dpi=200)
    axes = figure.add_axes((0, 0, 1, 1))
    settings = {"colours": "inferno", "opacity": 1.0, "veil": "even", "scale": "per panel", "term": term}
    assert shown.figure([QUERY, (0, 0)], axes=axes, **settings) is figure
    pixels = np.asarray(Image.open(io.BytesIO(figure_bytes(figure, "png", dpi=200))).convert("RGB")).astype(int)
    placed = shown.maps[0]
    row = placed.nl_map.term(term).row(flat_index(placed.queries.cell(*QUERY), placed.queries.grid))
    high = row.abs().max() if term != "full" else row.max()
    low = -high if term != "full" else row.min()
    levels = (256 * (row - low) / (high - low)).clamp(0, 255).int().view(placed.keys.grid)
    for cell in np.ndindex(*placed.keys.grid):  # keys were pooled: the last strip of the picture has none
        left, top, right, bottom = map(float, placed.keys.rectangle(*cell))
        found, level = pixels[int((top + bottom) / 2 * 700), int((left + right) / 2 * 1200)], levels[cell].item()
        assert np.abs(colour_table(table)[max(0, level - 1):level + 2].astype(int) - found).sum(1).min() <= 3, cell


def test_what_cannot_be_drawn_is_said(shown, picture):
    with pytest.raises(TypeError, match="unknown settings: color; there are: colours, scale"):
        shown.figure(color="red")
    with pytest.raises(ValueError, match="unknown colour map 'red'"):
        shown.figure(colours="red")
    with pytest.raises(ValueError, match="relates channels"):
        nlviz.analyse(network("cam"), picture, 192).figure(axes=Figure().subplots())
    with pytest.raises(ValueError, match="not a softmax"):
        nlviz.analyse(network("dot_product"), picture, 192).figure(axes=Figure().subplots(), term="pairwise only")


# ---------------------------------------------------------------------------------------------------- saving


@pytest.mark.parametrize("kind, magic", [("png", b"\x89PNG"), ("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_a_figure_is_saved_with_its_recipe_in_it(shown, tmp_path, kind, magic):
    path = tmp_path / f"figure.{kind}"
    shown.save(path, [QUERY], colours="cividis", dpi=100)
    content = path.read_bytes()
    recipe = Recipe.from_json(recipe_in(content))
    assert content.startswith(magic) and recipe.colours == "cividis" and recipe.queries == (QUERY,) and recipe.resolution == 192


def test_a_page_is_saved_with_its_settings(shown, tmp_path):
    shown.save(tmp_path / "page.HTML", [QUERY], colours="cividis")
    page = (tmp_path / "page.HTML").read_text()
    assert page.startswith("<!doctype html>") and '"colours":"cividis"' in page and f'"queries":[[{QUERY[0]},{QUERY[1]}]]' in page


def test_a_zip_is_never_written_over_another_unless_asked(shown, tmp_path):
    shown.save(tmp_path / "all.zip")
    with pytest.raises(FileExistsError, match=r"all\.zip exists already"):
        shown.save(tmp_path / "all.zip")
    shown.save(tmp_path / "all.zip", overwrite=True)
    with zipfile.ZipFile(tmp_path / "all.zip") as zipped:
        assert {"figure.png", "maps.npz", "measures.csv", "recipe.json"} <= set(zipped.namelist())
        rows = list(csv.DictReader(io.TextIOWrapper(zipped.open("measures.csv"))))
    assert [row["model"] for row in rows] == ["Sequential"]


def test_another_kind_of_file_is_refused_before_anything_is_drawn(shown, tmp_path):
    with pytest.raises(ValueError, match=r"page\.docx: a file's name ends in \.html, \.png, \.svg, \.pdf, \.zip"):
        shown.save(tmp_path / "page.docx")
    assert os.listdir(tmp_path) == []


# ---------------------------------------------------------------------------------------------------- in a cell


def test_a_cell_holds_the_viewer_in_a_frame_that_may_run_its_script_alone(shown, browser):
    html = shown._repr_html_()
    assert html.startswith("<iframe srcdoc=") and 'sandbox="allow-scripts"' in html and "<script" not in html
    page = browser.new_page(viewport={"width": 900, "height": 900})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    page.set_content(html)
    frame = page.frames[1]
    frame.wait_for_function("document.querySelector('.nlviz-root').parentElement.viewer?.state().measuring === false")
    heat = frame.locator(".nlviz-panels .nlviz-heat")
    before = heat.evaluate("canvas => canvas.toDataURL()")
    box = frame.locator(".nlviz-panels .nlviz-marks").first.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    frame.wait_for_function("before => document.querySelector('.nlviz-heat').toDataURL() !== before", arg=before)
    height = page.locator("iframe").bounding_box()["height"]
    assert 500 <= height <= 760 and errors == []
    page.close()


# ---------------------------------------------------------------------------------------------------- the tour


@pytest.fixture(scope="module")
def tour():
    """The notebook, executed as Jupyter does."""
    notebook = nbformat.read(TOUR, as_version=4)
    NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(TOUR.parent)}}).execute()
    return notebook


def outputs(cell, kind: str) -> list[str]:
    return [output["data"][kind] for output in cell.outputs if kind in output.get("data", {})]


def text(cell) -> str:
    return "".join([output.text for output in cell.outputs if output.output_type == "stream"] + outputs(cell, "text/plain"))


def test_the_tour_has_ten_cells_that_begin_with_words_and_no_outputs_in_the_repository():
    notebook = nbformat.read(TOUR, as_version=4)
    nbformat.validate(notebook)
    assert len(notebook.cells) == 10
    for number, cell in enumerate(notebook.cells, 1):
        assert cell.source.startswith(f"# {number}. ") and cell.outputs == [] and cell.execution_count is None


def test_the_tour_runs_without_an_error_and_every_cell_shows_something(tour):
    for cell in tour.cells:
        assert cell.outputs and not [output for output in cell.outputs if output.output_type == "error"]


def test_the_tour_shows_the_viewer_and_figures(tour):
    (html,) = outputs(tour.cells[2], "text/html")
    assert html.startswith("<iframe") and "msrc_embedded_gaussian" in unescape(html) and len(html) < 5_000_000
    assert outputs(tour.cells[4], "image/png") and outputs(tour.cells[6], "image/png")


def test_the_tour_says_what_python_finds(tour):
    shown = nlviz.analyse(load_model("msrc_embedded_gaussian"), tour_photo())
    assert "(28, 28) queries" in text(tour.cells[1]) and shown.maps[0].parity.text.partition("(")[0] in text(tour.cells[1])
    (row, column), _ = shown.maps[0].strongest(0.47, 0.33)
    assert "sum to 1.0" in text(tour.cells[3]) and f"the strongest is cell ({row}, {column})" in text(tour.cells[3])
    assert f"msrc_embedded_gaussian : {shown.measure()[0]['jsd_att_nats']:.3f} nats" in text(tour.cells[5])
    assert all(f"lion.{kind}" in text(tour.cells[7]) for kind in ("pdf", "svg", "html", "zip"))
    assert "it was not trained" in text(tour.cells[8]) and "(14, 14) queries" in text(tour.cells[9])
    assert MODELS["msrc_embedded_gaussian"].block in text(tour.cells[8])


def tour_photo() -> str:
    import gradio

    return gradio.get_image("lion.jpg")
