"""The viewer as one HTML file: opened from a folder, without a server and without a network."""

import json
import re
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from playwright.sync_api import expect

from nlviz import __version__
from nlviz.analysis import analyse, as_model
from nlviz.export import offline_page_html
from nlviz.measures import effects
from nlviz.models import Model
from nlviz.pictures import open_picture
from nlviz.viewer import make_dependence, make_fresh
from tests.browser import Site
from tests.networks import network
from tests.pictures.drawn import quarters
from tests.ui.answers import POINTS, analysed, assert_drawn, drawn_levels, maps

NAMES = ["msrc_embedded_gaussian", "msrc_gc", "msrc_dual", "caltech101_embedded_gaussian"]
MAPS = {name: placed for name, placed in maps(NAMES).items() if name != "msrc_dual/1"}  # those in which a place has a row
BREAKING = "</script><script>window.broken = true</script><!-- \u2028 & <b>"


def small(name="embedded_gaussian", title=None, picture=None):
    model = as_model(network(name), name=title or name)
    return analyse(model, picture or open_picture(quarters(192, 112)), 192)


@pytest.fixture(scope="module")
def whole() -> str:
    """The four networks on the lion, with a query pinned."""
    return offline_page_html([analysed(name) for name in NAMES], queries=[(0.25, 0.3)])


@pytest.fixture
def open_file(browser, tmp_path):
    """``open_file(html)`` opens it from a folder, offline; afterwards no error and no request may be found."""
    sites = []

    def open_file(html: str, **options) -> Site:
        path = tmp_path / f"page{len(sites)}.html"
        path.write_text(html, encoding="utf-8")
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 1000}, "offline": True} | options)
        sites.append(Site(context.new_page(), path.as_uri()))
        return sites[-1].open()

    yield open_file
    for site in sites:
        site.page.context.close()
        assert not site.errors, site.errors
        assert [r for r in site.requests if not r.startswith("data:")] == [site.url]


@pytest.fixture
def site(open_file, whole) -> Site:
    return open_file(whole)


# ---------------------------------------------------------------------------------------------------- what can be done with it


def test_four_networks_take_less_than_five_megabytes():
    html = offline_page_html([analysed(name, resolution=448) for name in NAMES], queries=[(0.25, 0.3)])
    assert len(html.encode()) < 5_000_000


def test_hovering_draws_the_row_that_the_block_used(site):
    for number, (x, y) in enumerate(POINTS):
        site.ask(x, y, panel=site.panels()[number])
        assert_drawn(site, MAPS, x, y)


def test_a_query_is_pinned_from_the_start_and_a_click_pins_another(site):
    expect(site.page.locator(".nlviz-strip .nlviz-pin")).to_have_text(["1"])
    assert site.page.evaluate("site.viewer.state().query.cell") == list(analysed(NAMES[0]).maps[0].queries.cell(0.25, 0.3))
    site.ask(*POINTS[0], click=True)
    expect(site.page.locator(".nlviz-strip .nlviz-pin")).to_have_text(["1", "2"])
    assert site.strip.count() == 2 * 4
    expect(site.page.locator(".nlviz-distance-table table")).to_have_count(4)


@pytest.mark.parametrize("setting, value", [("direction", "attended by"), ("scale", "per panel"), ("scale", "shared"),
                                            ("view", "smooth"), ("veil", "even"), ("colours", "inferno")])
def test_every_display_setting_works(site, setting, value):
    maps = {name: placed for name, placed in MAPS.items() if name != "msrc_gc/0"}  # flat in the other direction
    option = {"direction": "direction", "scale": "scale", "veil": "veil", "colours": "colour_map"}.get(setting)
    site.set(setting, value).ask(*POINTS[0])
    assert_drawn(site, maps, *POINTS[0], **{option: value} if option else {})


def test_channels_can_be_looked_through(site):
    site.evenly()
    cam = analysed("msrc_dual").calls[1][0]
    matrix = site.page.locator(".nlviz-chooser[data-panel='msrc_dual/1']")
    matrix.scroll_into_view_if_needed()
    box, channel = matrix.bounding_box(), 40
    site.page.mouse.move(box["x"] + 5, box["y"] + (channel + 0.5) / 128 * box["height"])
    site.drawn()
    features = cam.nl_map.input[0, channel].numpy()
    wanted = np.clip(np.floor(256 * (features - features.min()) / np.ptp(features)), 0, 255)
    np.testing.assert_allclose(drawn_levels(site, "msrc_dual/1", cam.channels), wanted.flatten(), atol=3)


def test_the_numbers_of_every_map_are_in_the_page(site):
    """Also those of a map that is not the first: as the page's own server would have answered."""
    for panel, part in (("msrc_embedded_gaussian/0", ""), ("msrc_dual/1", ""), ("msrc_gc/0", "added to channels")):
        name, number = panel.split("/")
        placed = next(m for m in analysed(name).calls[int(number)] if m.nl_map.part == part)
        shown = site.settled().page.evaluate("site.viewer.state().dependence")
        state = next(d for d in shown if (d["id"], d["map"]) == (panel, part))
        with torch.inference_mode():
            wanted, fresh = make_dependence(placed), make_fresh(analysed(name), placed)["fresh"]
        assert state["error"] == "" and state["sentence"] == wanted["sentence"]
        for found, number in zip(state["numbers"], wanted["numbers"], strict=True):
            assert (found["name"], found["reason"]) == (number["name"], number["reason"])
            assert found["value"] == pytest.approx(number["value"]) and found["fresh"] == pytest.approx(fresh.get(number["name"]))


def test_there_is_nothing_that_would_need_a_server(site):
    assert site.page.locator("[data-action^=export], input[data-choice=epoch]").count() == 0


def test_a_line_says_what_it_is_what_made_it_and_how_good_the_networks_are(site):
    line = site.page.locator("header p").inner_text()
    assert f"nlviz {__version__}" in line and "without a server" in line and "lion.jpg" in line
    for name in NAMES:
        card = analysed(name).model.card
        assert f"{name} ({card['metric']} {card['score']:.1%})" in line
    assert site.page.title() == "lion.jpg"


def test_it_opens_with_the_settings_and_maps_that_were_asked_for(open_file):
    settings = {"colours": "inferno", "scale": "per panel", "view": "smooth", "opacity": 0.3, "direction": "attended by",
                "term": "row minus the mean row", "veil": "even", "backdrop": "colour", "token": "class token"}
    html = offline_page_html([small("disentangled"), small("gc")], queries=[(0.1, 0.2), (0.7, 0.8)], title="Mine",
                           settings=settings | {"unknown": 1, "parts": {"disentangled/0": "unary"}})
    state = open_file(html).page.evaluate("site.viewer.state()")
    assert state["settings"] == settings | {"segmentation": False}
    assert state["parts"] == {"disentangled/0": "unary", "gc/0": "attention"} and len(state["pins"]) == 2
    assert "<title>Mine</title>" in html


def test_a_snapshot_says_its_epoch_itself(open_file):
    card = {"data": "msrc", "metric": "pixel accuracy", "score": 0.5, "epochs": 8, "epoch": 2, "snapshots": [{"epoch": 2}]}
    analysis = replace(small(), model=Model("net@2", network(), title="Net, epoch 2", card=card))
    page = open_file(offline_page_html([analysis])).page
    expect(page.locator(".nlviz-panels .nlviz-title").nth(1)).to_have_text("Net, epoch 2")
    assert "net@2 (pixel accuracy 50.0%)" in page.locator("header p").inner_text()


def test_two_networks_of_one_name_are_both_shown(open_file):
    site = open_file(offline_page_html([small("embedded_gaussian", "net"), small("gc", "net")]))
    assert site.panels() == ["net/0", "net (2)/0"]
    found = site.settled().page.evaluate("site.viewer.state().dependence")
    assert [(d["id"], d["error"]) for d in found] == [("net/0", ""), ("net (2)/0", ""), ("net (2)/0", "")]  # GC has two maps


# ---------------------------------------------------------------------------------------------------- what must not happen


def test_its_own_policy_forbids_the_network_and_foreign_scripts(browser, whole, tmp_path):
    (tmp_path / "page.html").write_text(whole)
    page = browser.new_page()
    came = []
    page.on("response", lambda response: came.append(response.url))
    page.goto((tmp_path / "page.html").as_uri())
    came.clear()
    refused = page.evaluate("""async () => {
        const refused = [], image = new Image();
        document.addEventListener("securitypolicyviolation", event => refused.push(event.effectiveDirective));
        document.body.append(Object.assign(document.createElement("script"), {textContent: "window.broken = true"}));
        await fetch("https://example.invalid/").catch(() => {});
        await new Promise(done => { image.onload = image.onerror = done; image.src = "https://example.invalid/picture.png"; });
        return refused;
    }""")
    assert sorted(refused) == ["connect-src", "img-src", "script-src-elem"]
    assert came == [] and page.evaluate("window.broken") is None
    page.close()


def test_a_name_cannot_break_out(open_file):
    picture = open_picture(quarters(192, 112), BREAKING)
    site = open_file(offline_page_html([small(title=BREAKING, picture=picture)], queries=[(0.5, 0.5)], title=BREAKING))
    assert site.page.evaluate("window.broken") is None
    assert site.page.locator("h1").text_content() == BREAKING and site.page.locator("h1 *").count() == 0
    assert BREAKING.split()[0] in site.page.locator(".nlviz-panels .nlviz-title").nth(1).inner_text()
    assert site.page.locator("script").count() == 2


def test_a_name_that_is_not_utf_8_is_escaped(open_file):
    html = offline_page_html([small(picture=open_picture(quarters(192, 112), "b\udcff\n.jpg"))])
    assert html.encode().decode() == html and "udcff" not in html
    site = open_file(html)
    assert site.page.title() == site.page.locator("h1").text_content() == r"b\xff\n.jpg"
    assert site.page.locator("header p").inner_text().startswith(r"Attention maps of b\xff\n.jpg, made")


def test_numbers_that_are_none_are_no_obstacle(open_file):
    analysis = small()
    broken = replace(analysis, prediction={"kind": "classes", "top": [("nothing", float("nan"))]})
    html = offline_page_html([broken])
    data = json.loads(re.search(r'id="nlviz-data">(.*?)</script>', html, re.DOTALL)[1], parse_constant=pytest.fail)
    assert data["scene"]["panels"][0]["prediction"]["top"] == [["nothing", None]]
    open_file(html)


def test_what_cannot_be_measured_says_so_in_its_card(open_file, monkeypatch):
    def refuse(placed):
        raise ValueError("no such number")

    monkeypatch.setattr("nlviz.export.offline_page.make_dependence", refuse)
    site = open_file(offline_page_html([small()])).settled()
    expect(site.page.locator(".nlviz-trouble")).to_contain_text("no such number")


def test_the_same_analyses_give_the_same_page():
    analysis = small()
    assert offline_page_html([analysis]) == offline_page_html([analysis])


@pytest.mark.parametrize("change, message", [
    ({"analyses": []}, "at least one analysis"),
    ({"queries": [(2, 0)]}, "0 to 1, got 2, 0"), ({"queries": [(0, 0)] * 9}, "at most 8"),
    ({"analyses": [small(), small(picture=open_picture(quarters(100, 100)))]}, "of one picture"),
    ({"settings": {"parts": {"net/0": "zebra"}}}, "net/0"),
    ({"settings": {"parts": {"embedded_gaussian/0": "zebra"}}}, "has no map 'zebra'")])
def test_what_cannot_be_shown_is_an_error(change, message):
    given = {"analyses": [small()]} | change
    with pytest.raises(ValueError, match=message):
        offline_page_html(given.pop("analyses"), **given)


def test_it_is_made_without_gradio():
    code = "import sys, nlviz.export.offline_page, nlviz.notebook; sys.exit('gradio' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ---------------------------------------------------------------------------------------------------- screens


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_light_or_dark_as_the_reader_likes(open_file, whole, scheme):
    page = open_file(whole, color_scheme=scheme).page
    for part in ("body", ".nlviz", "select"):
        colour = page.locator(part).first.evaluate("node => site.rgb(getComputedStyle(node).backgroundColor)")
        assert (max(colour) < 40) if scheme == "dark" else (min(colour) > 240), part


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_it_fits_the_screen(open_file, whole, width):
    site = open_file(whole, viewport={"width": width, "height": 844})
    assert site.page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [site.panel(name).bounding_box() for name in site.panels()]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width and box["width"] > 130 for box in boxes)


def test_a_tap_pins_on_a_phone(open_file, whole):
    site = open_file(whole, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    canvas = site.panel("photo", "marks")
    canvas.scroll_into_view_if_needed()
    canvas.tap()
    expect(site.page.locator(".nlviz-strip .nlviz-pin")).to_have_count(2)


def test_the_sentence_of_one_map_for_all_is_in_the_file_and_what_if_is_not(whole, open_file):
    site = open_file(whole)
    for name in NAMES:
        line = site.page.locator(f".nlviz-panel[data-panel='{name}/0'] .nlviz-effect-sentence")
        analysis = analysed(name)
        wanted, = effects(analysis.model, analysis.picture, ["mean row"], resolution=224)
        expect(line).to_have_text(wanted["sentence"].replace(" %", "\u00a0%"))
    assert site.page.locator("[data-choice=what-if]").count() == 0


class Slow(torch.nn.Sequential):
    def forward(self, x):
        time.sleep(1)
        return super().forward(x)


class OnlyOnce(torch.nn.Sequential):
    """A network that fails when it is run again."""

    ran = False

    def forward(self, x):
        if self.ran:
            raise RuntimeError("mat1 and mat2")
        self.ran = True
        return super().forward(x)


@pytest.mark.parametrize("kind, words", [(Slow, "not measured in this file"), (OnlyOnce, "failed (RuntimeError)")])
def test_a_network_that_takes_long_or_fails_when_it_runs_again_says_so_and_the_page_is_written(kind, words, open_file):
    picture = open_picture(quarters(192, 112))
    site = open_file(offline_page_html([analyse(as_model(kind(*network("gc")), name="mine"), picture, 192)]))
    expect(site.page.locator(".nlviz-panel[data-panel='mine/0'] .nlviz-effect")).to_contain_text(words)
