"""What a stranger sees first: the photo, the panels and the sentence, a telling query, and two more pinned."""

import pytest
from playwright.sync_api import expect

from nlviz.ui.examples import BEGINNINGS, EXAMPLES
from nlviz.ui.presets import PRESETS
from tests.pictures.drawn import quarters
from tests.ui.visitor import CHOSEN, OF_PHOTOS, sha256

STATE = "(({query, pins, panels}) => ({query, pins, panels}))(site.viewer.state())"


def boxes(site, selector: str) -> list[dict]:
    return [box for node in site.page.locator(selector).all() if (box := node.bounding_box())]


def lowest(found: list[dict]) -> float:
    return max(box["y"] + box["height"] for box in found)


def near(point: dict, wanted: tuple[float, float]) -> bool:
    return abs(point["x"] - wanted[0]) < 0.03 and abs(point["y"] - wanted[1]) < 0.04


@pytest.fixture(scope="module")
def first(come):
    """Who opens the page for the first time, and what they see."""
    visitor = come(link="", viewport={"width": 1440, "height": 900})
    yield visitor
    visitor.page.context.close()


# ---------------------------------------------------------------------------------------------------- the first screen


@pytest.mark.parametrize("width, height", [(1440, 900), (1024, 768)])
def test_the_photo_the_panels_and_the_sentence_are_on_the_first_screen(first, width, height):
    first.page.set_viewport_size({"width": width, "height": height})
    first.drawn()
    panels = boxes(first, ".nlviz-panel")
    assert len(panels) == 1 + len(CHOSEN) and lowest(boxes(first, ".nlviz-panels .nlviz-at")) <= height
    assert min(box["width"] for box in boxes(first, ".nlviz-panels .nlviz-picture")) >= 170
    sentence, bar = boxes(first, ".nlviz-status")[0], boxes(first, ".nlviz-reading .nlviz-bar")[0]
    assert 0 < sentence["y"] and 0 < bar["y"] and sentence["y"] + sentence["height"] <= panels[0]["y"]
    assert sum(sentence["height"] for sentence in boxes(first, ".nlviz-reading")) < 70  # nothing is reserved
    assert first.page.evaluate("[scrollY, document.documentElement.scrollWidth]") == [0, width]


@pytest.mark.parametrize("title", OF_PHOTOS[1:])
def test_so_are_those_of_the_other_presets(first, title):
    first.page.set_viewport_size({"width": 1440, "height": 900})
    first.preset(title)
    assert lowest(boxes(first, ".nlviz-panels .nlviz-picture")) <= 900
    first.preset(next(iter(PRESETS)))


def test_on_a_phone_the_photo_and_the_first_panel_are(visit):
    site = visit(link="", viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    panels = boxes(site, ".nlviz-panels .nlviz-picture")
    assert lowest(panels[:2]) <= 844 and lowest(boxes(site, ".nlviz-status")) <= panels[0]["y"]
    assert site.page.evaluate("document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("width", [1440, 1024, 390])
@pytest.mark.parametrize("opener, panel", [
    ("[data-action=add-open]", ".nlviz-add-panel"), ("[data-action=presets-open]", ".nlviz-presets-panel"),
    ("[data-action=display-open]", ".nlviz-display-panel"), ("#photo-open", "#photo-menu")])
def test_every_menu_lies_in_the_window(first, width, opener, panel):
    first.page.set_viewport_size({"width": width, "height": 844})
    first.page.locator(opener).click()
    box = first.page.locator(panel).bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width
    first.page.keyboard.press("Escape")
    expect(first.page.locator(panel)).to_be_hidden()
    assert first.page.evaluate("selector => document.activeElement === document.querySelector(selector)", opener)


def test_no_cell_of_the_table_wraps_at_1024_pixels_and_on_a_phone_it_scrolls_in_its_own_box(first):
    first.measured().page.set_viewport_size({"width": 1024, "height": 768})
    assert len(boxes(first, ".nlviz-row")) >= len(CHOSEN)
    assert max(box["height"] for box in boxes(first, ".nlviz-numbers tbody tr:first-child > *")) < 30
    scroll = first.page.get_by_role("region", name="Numbers")
    assert scroll.evaluate("node => node.scrollWidth <= node.clientWidth")
    first.page.set_viewport_size({"width": 390, "height": 844})
    assert scroll.evaluate("node => node.scrollWidth > node.clientWidth")
    assert first.page.evaluate("document.documentElement.scrollWidth") <= 390


# ---------------------------------------------------------------------------------------------------- where the eye goes


def test_the_page_opens_at_a_telling_query_with_two_more_pinned(visit):
    site = visit(link="")
    found, beginning = site.page.evaluate(STATE), BEGINNINGS[EXAMPLES[0]]
    assert near(found["query"], beginning.query) and len(found["pins"]) == 2
    assert all(near(pin, wanted) for pin, wanted in zip(found["pins"], beginning.pins))
    assert site.strip.count() == 2 * len(site.panels())
    site.page.wait_for_function("location.hash.includes('queries=0')")
    again = visit(link=site.page.evaluate("location.hash"))  # opened again, its address brings the view
    assert again.page.evaluate(STATE)["pins"] == found["pins"]


@pytest.mark.parametrize("number", range(1, len(EXAMPLES)))
def test_each_example_starts_at_its_own_query_without_pins(site, number):
    site.page.locator("#examples button.gallery-item").nth(number).click()
    site.settled(picture=sha256(EXAMPLES[number]))
    found = site.page.evaluate(STATE)
    assert near(found["query"], BEGINNINGS[EXAMPLES[number]].query) and found["pins"] == []


def test_a_link_wins_over_the_beginning(visit, site):
    site.ask(0.8, 0.2, click=True)
    site.page.wait_for_function("/queries=0\\.(7[89]|80)/.test(location.hash)")
    other = visit(site.page.evaluate("location.hash"))
    assert [near(pin, (0.8, 0.2)) for pin in other.page.evaluate(STATE)["pins"]] == [True]
    assert near(other.page.evaluate(STATE)["query"], (0.8, 0.2))


def test_ones_own_photo_starts_in_the_middle(site, tmp_path):
    quarters(320, 240).save(tmp_path / "own.png")
    site.upload(tmp_path / "own.png")
    site.settled(picture=sha256(tmp_path / "own.png"))
    found = site.page.evaluate(STATE)
    assert near(found["query"], (0.5, 0.5)) and found["pins"] == []


def test_the_photo_on_screen_stands_on_its_button_and_examples_have_names(site):
    button = site.page.get_by_role("button", name="Photo: lion.jpg")
    expect(button).to_be_visible()
    site.page.get_by_role("button", name="Example: cheetah.jpg").click()
    site.settled(picture=sha256(EXAMPLES[1]))
    expect(site.page.get_by_role("button", name="Photo: cheetah.jpg")).to_be_visible()
    assert site.page.locator("#photo-open img").get_attribute("src") == site.page.locator(".nlviz-photo").first.get_attribute("src")


def test_the_box_closes_when_the_new_photo_is_there(site, tmp_path):
    quarters(300, 240).save(tmp_path / "own.png")
    site.page.locator("#photo-open").click()
    expect(site.page.locator("#photo-menu")).to_be_visible()
    site.upload(tmp_path / "own.png")
    site.settled(picture=sha256(tmp_path / "own.png"))
    expect(site.page.locator("#photo-menu")).to_be_hidden()
