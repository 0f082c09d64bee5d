"""A view leaves the page as a figure or an address, and comes back."""

import io
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from nlviz import load_model
from nlviz.cli import main
from nlviz.recipes import Recipe, recipe_in, recipe_of_link
from nlviz.ui.examples import EXAMPLES
from tests.pictures.drawn import quarters
from tests.ui.visitor import CHOSEN, LION, sha256

VIEW = """(() => {
    const {key, pins, settings, parts} = site.viewer.state();
    return {networks: key.networks, pins, settings, parts};
})()"""


def arranged(site):
    """A view unlike the first: other networks, two pins, other colours, another term."""
    site.choose("msrc_embedded_gaussian", "msrc_criss_cross")
    site.ask(0.3, 0.4, click=True).ask(0.7, 0.6, click=True).set("colours", "magma")
    return site.set("term", "row minus the mean row")


def drop(site, path):
    box = "#figure" if path.suffix in (".svg", ".pdf", ".json") else "#photo"
    site.page.locator(f"{box} input[type=file]").set_input_files(path)


@pytest.mark.parametrize("format", ["png", "svg", "pdf"])
def test_a_dropped_figure_restores_the_whole_view(site, visit, format):
    before, figure = arranged(site).page.evaluate(VIEW), site.export(format)
    other = visit()
    assert other.page.evaluate(VIEW) != before
    drop(other, figure)
    other.settled(networks=before["networks"])
    other.page.wait_for_function(f"before => JSON.stringify({VIEW}) === JSON.stringify(before)", arg=before)


def test_the_same_recipe_gives_the_same_bytes_from_the_page_and_the_command_line(site, tmp_path):
    arranged(site)
    for kind in ("png", "svg", "pdf"):
        figure, again = site.export(kind, layout="one query", width="one column"), tmp_path / f"again.{kind}"
        assert main(["render", "--recipe", str(figure), "--out", str(again)]) == 0
        assert again.read_bytes() == figure.read_bytes()
        assert kind != "png" or Image.open(figure).size[0] == round(3.3 * 300)


def test_everything_is_one_zip_with_the_recipe_the_rows_and_the_numbers(site):
    with zipfile.ZipFile(arranged(site).export(what="zip")) as zipped:
        names = set(zipped.namelist())
        recipes = {name: recipe_in(zipped.read(name)) for name in ("figure.png", "figure.svg", "figure.pdf")}
        assert names == {*recipes, "maps.npz", "measures.csv", "recipe.json"}
        written = Recipe.from_json(zipped.read("recipe.json").decode())
        assert all(Recipe.from_json(text) == written for text in recipes.values()) and len(written.queries) == 2


def test_the_address_carries_the_view_and_another_visitor_sees_it(site, visit):
    arranged(site)
    site.page.wait_for_function("location.hash.includes('magma') && location.hash.includes('mean')")
    before, link = site.page.evaluate(VIEW), site.page.evaluate("location.hash")
    recipe = recipe_of_link(link)
    assert [n["name"] for n in recipe.networks] == before["networks"] and len(recipe.queries) == 2 and recipe.colours == "magma"
    other = visit(link)
    other.page.wait_for_function(f"before => JSON.stringify({VIEW}) === JSON.stringify(before)", arg=before)


def test_back_and_forward_work(site):
    site.ask(0.3, 0.4, click=True)
    site.page.wait_for_function("location.hash.includes('queries=0')")
    site.ask(0.7, 0.6, click=True)
    site.page.wait_for_function("/queries=[^&]*%3B/.test(location.hash)")
    site.page.go_back()
    site.page.wait_for_function("site.viewer.state().pins.length === 1")
    site.page.go_forward()
    site.page.wait_for_function("site.viewer.state().pins.length === 2")
    assert site.strip.count() == 2 * len(site.panels())


def test_the_view_of_a_photo_that_is_not_here_asks_for_it_and_checks_it(site, visit, tmp_path):
    own, wrong = tmp_path / "own.png", tmp_path / "wrong.png"
    quarters(320, 240).save(own)
    quarters(240, 320).save(wrong)
    site.upload(own)
    site.page.wait_for_function("site.viewer.state().key.name === 'own.png'")
    site.settled().ask(0.3, 0.4, click=True)
    site.page.wait_for_function("location.hash.includes('own.png') && location.hash.includes('queries=0')")
    other = visit(site.page.evaluate("location.hash"))
    expect(other.message).to_contain_text("This view is of own.png. Choose or drop that photo")
    other.upload(wrong)
    expect(other.message).to_contain_text("wrong.png is another picture than that of the view, own.png")
    other.upload(own)
    other.page.wait_for_function("site.viewer.state().key.name === 'own.png' && site.viewer.state().pins.length === 1")


def test_another_checkpoint_is_said(visit, tmp_path):
    site = visit()
    figure = site.export()
    recipe = Recipe.from_json(recipe_in(figure.read_bytes()))
    changed = recipe.to_json().replace(load_model(recipe.networks[0]["name"]).card["sha256"], "f" * 64)
    (tmp_path / "recipe.json").write_text(changed)
    drop(site, tmp_path / "recipe.json")
    name = recipe.networks[0]["name"]
    expect(site.message).to_contain_text(f"another checkpoint of {name}: the recipe's has sha256 ffffffffffff")


@pytest.mark.parametrize("name, content, words", [
    ("mine.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "mine.svg carries no recipe of nlviz"),
    ("recipe.json", b'{"nlviz_recipe": {"version": 99}}', "has version 99, this nlviz reads versions 1 and 2")])
def test_a_file_without_a_recipe_that_can_be_read_says_so(visit, tmp_path, name, content, words):
    site = visit()
    (tmp_path / name).write_bytes(content)
    drop(site, tmp_path / name)
    expect(site.message).to_contain_text(words)


def test_an_address_that_is_no_view_says_so_and_shows_the_first_photo(visit):
    site = visit("#photo=x")
    expect(site.message).to_contain_text("this address is no view of the page: it lacks sha256, networks")
    key = site.page.evaluate("site.viewer.state().key")
    assert key["picture"] == sha256(LION) and key["networks"] == CHOSEN


def test_a_view_of_a_resolution_that_the_page_lacks_says_how_to_draw_it(visit, tmp_path):
    site = visit()
    recipe = Recipe.from_json(recipe_in(site.export().read_bytes()))
    (tmp_path / "recipe.json").write_text(recipe.to_json().replace('"resolution": 224', '"resolution": 2048'))
    drop(site, tmp_path / "recipe.json")
    expect(site.message).to_contain_text("An input of 2048 px was asked for; this page runs networks on up to 1024 px")
    assert site.settled(resolution=224).panels()


def test_the_offline_page_holds_the_view(site, tmp_path):
    page = arranged(site).export(what="html")
    assert page.suffix == ".html" and len(page.read_bytes()) < 5e6
    offline = site.page.context.new_page()
    offline.goto(page.as_uri())
    assert offline.locator(".nlviz-strip canvas.nlviz-heat").count() == 4
    png = Image.open(io.BytesIO(offline.locator(".nlviz-panels").screenshot()))
    assert len(png.getcolors(10**6)) > 1000
    offline.close()


def test_examples_are_still_there_for_recipes():
    assert all(Path(path).is_file() for path in EXAMPLES)
