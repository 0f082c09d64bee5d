"""How much each head matters, in the viewer: a matrix filled layer by layer, which can be stopped, and each head as a dot."""

import pytest
from playwright.sync_api import expect

from tests.viewer.pages import drawn
from tests.viewer.stacks import scene, show, shown

CELLS, DOTS, STOP = ".nlviz-effect-cell", ".nlviz-scatter circle", "[data-action=effects-stop]"


@pytest.fixture
def page(bare):
    bare.set_viewport_size({"width": 1200, "height": 420})
    show(bare, effects=True)
    return bare


def look(page, away: bool = False) -> None:
    if away:
        page.evaluate("window.scrollTo(0, 0)")
        drawn(page)
    else:
        page.locator(".nlviz-depends-stacks").scroll_into_view_if_needed()


def measured(page) -> None:
    look(page)
    page.wait_for_function("""asked.effects.length === 4
        && [...document.querySelectorAll(".nlviz-effect-cell")].every(one => one.textContent)""")
    drawn(page)


def test_nothing_is_asked_until_somebody_looks_and_the_shares_come_first(page):
    page.evaluate("held.shares = true")
    assert page.evaluate("asked.effects") == []
    look(page)
    page.wait_for_function("asked.shares.length === 1")
    drawn(page)
    assert page.evaluate("asked.effects") == []
    page.evaluate("held.shares = false; waiting.shares[0].resolve()")
    measured(page)
    assert page.evaluate("asked.effects") == [4, 1, 2, 3]  # the layer that is shown first


def test_the_matrix_says_how_much_each_head_matters_or_why_nobody_knows(page):
    measured(page)
    cells = page.locator(CELLS)
    assert cells.all_inner_texts() == ["n/a", "10", "15", "20", "10", "20", "30", "40", "15", "30", "45", "60"]
    assert cells.nth(0).get_attribute("aria-label") == "layer 1, head 1: n/a: its rows are linear"
    assert cells.nth(5).get_attribute("aria-label") == "layer 2, head 2: the output changes by 20 %"
    assert page.locator(".nlviz-shares tbody tr").nth(1).bounding_box()["y"] == pytest.approx(
        page.locator(".nlviz-effects tbody tr").nth(1).bounding_box()["y"], abs=1)  # heads stand in line
    cells.nth(5).click()
    assert shown(page) == {"vit/0": "layer 2, head 2"}


def test_each_head_is_a_dot_where_its_two_numbers_are_and_a_click_shows_it(page):
    measured(page)
    dots = page.locator(DOTS)
    assert dots.count() == 11  # one is n/a
    at = {name: (float(x), float(y)) for name, x, y in dots.evaluate_all(
        "all => all.map(one => [one.dataset.map, one.getAttribute('cx'), one.getAttribute('cy')])")}
    assert sorted(at, key=lambda name: at[name][0])[0] == "layer 2, head 1"  # shares grow with heads, then layers
    assert min(at, key=lambda name: at[name][1]) == "layer 4, head 3"  # the largest effect stands highest
    box = page.locator(f"{DOTS}[data-map='layer 3, head 3']").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2 + 3, box["y"] + box["height"] / 2)
    words = page.locator(".nlviz-scatter-words")
    expect(words).to_have_text("layer 3, head 3: 75 % of shuffled, the output changes by 45 %: depends, matters")
    page.mouse.down()
    page.mouse.up()
    assert shown(page) == {"vit/0": "layer 3, head 3"}
    page.mouse.move(0, 0)
    expect(words).to_contain_text("layer 3, head 3")  # the one that is shown


def test_it_can_be_stopped_and_goes_on(page):
    page.evaluate("held.effects = true")
    look(page)
    progress = page.locator(".nlviz-head-part", has=page.locator(".nlviz-effects")).get_by_role("status")
    expect(progress).to_have_text("measuring layer 1 of 4")
    page.locator(STOP).click()
    page.evaluate("held.effects = false; waiting.effects[0].resolve()")
    expect(progress).to_have_text("")
    expect(page.locator(STOP)).to_have_text("Go on")
    drawn(page)
    assert page.evaluate("asked.effects") == [4]
    page.locator(STOP).click()
    measured(page)
    expect(page.locator(STOP)).to_be_hidden()
    assert page.evaluate("asked.effects") == [4, 1, 2, 3]


def test_it_pauses_while_the_section_is_out_of_sight(page):
    page.evaluate("held.effects = true")
    look(page)
    page.wait_for_function("asked.effects.length === 1")
    look(page, away=True)
    page.evaluate("held.effects = false; waiting.effects[0].resolve()")
    drawn(page)
    assert page.evaluate("asked.effects") == [4]
    measured(page)


def test_a_layer_that_fails_says_why_and_can_be_tried_again(page):
    page.evaluate("held.effects = true")
    look(page)
    page.wait_for_function("asked.effects.length === 1")
    page.evaluate("held.effects = false; waiting.effects[0].reject('no memory')")
    page.wait_for_function("asked.effects.length === 4")
    again = page.locator("[data-action=effects-again]")
    expect(page.locator(".nlviz-trouble", has=again)).to_contain_text("no memory")
    again.click()
    expect(again).to_be_hidden()
    assert page.evaluate("asked.effects") == [4, 1, 2, 3, 4]


def test_of_maps_without_their_network_nothing_is_asked_that_takes_a_pass(page):
    page.evaluate("""scene => viewer.show({...scene, key: {...scene.key, picture: "in training"},
                                           panels: scene.panels.map(panel => ({...panel, runs: false}))})""", scene("vit"))
    look(page)
    page.wait_for_function("asked.shares.length === 4")
    drawn(drawn(page))
    assert page.evaluate("asked.effects") == [] and page.locator(".nlviz-effects, .nlviz-scatter").count() == 0


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_the_tables_and_the_dots_fit_the_page(page, width):
    page.set_viewport_size({"width": width, "height": 700})
    measured(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    box = page.locator("svg.nlviz-scatter").bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["width"] > 250
