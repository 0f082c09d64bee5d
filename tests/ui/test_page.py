"""The page as a visitor meets it: real networks, a real browser, assertions on what is drawn."""

import numpy as np
import pytest
from playwright.sync_api import expect

from nlviz.maps import cell_of, cells
from tests.ui.answers import MIXED, POINTS, analysed, assert_drawn, cell_text, maps
from tests.ui.visitor import CHEETAH, CHOSEN

# ---------------------------------------------------------------------------------------------------- at the start


def test_a_photo_with_maps_is_there_at_the_start(visit):
    site = visit(link="")
    assert site.page.evaluate("site.viewer.state().key.resolution") == 448
    assert sorted({panel.split("/")[0] for panel in site.panels()}) == sorted(CHOSEN)
    assert site.photo_colours([(0.5, 0.5)])[0][3] == 255
    site.ask(*POINTS[2])
    assert_drawn(site, maps(CHOSEN, resolution=448), *POINTS[2])
    site.page.locator("#photo-open").click()
    for words in ("Capture from camera", "Paste from clipboard", "Upload file"):
        expect(site.page.get_by_label(words)).to_be_visible()


# ---------------------------------------------------------------------------------------------------- pointing


def test_hovering_redraws_every_panel_with_the_row_that_the_block_used_and_asks_no_server(site):
    site.choose(*MIXED, photo=CHEETAH)
    placed, panels = maps(MIXED, CHEETAH), site.panels()
    assert sorted(panels) == sorted(placed) and len(panels) == 6
    finest = max((p.queries for p in placed.values()), key=lambda place: cells(place.grid))
    site.measured().requests.clear()
    for number, (x, y) in enumerate(POINTS):
        site.ask(x, y, panel=panels[number])
        expect(site.status).to_contain_text(f"Query cell {cell_text(finest, x, y)}")
        assert_drawn(site, placed, x, y)
    assert site.requests == []


@pytest.mark.parametrize("name", ["caltech101_embedded_gaussian", "caltech101_dot_product", "msrc_embedded_gaussian"])
def test_the_strongest_key_is_the_brightest_place_of_the_panel(site, name):
    site.choose(name, photo=CHEETAH)
    placed = analysed(name, CHEETAH).maps[0]
    for x, y in POINTS:
        site.ask(x, y)
        (row, column), weight = placed.strongest(x, y)
        pixels = site.pixels(f"{name}/0")
        height, width = pixels.shape[:2]
        brightness = pixels[..., :3] @ [0.2126, 0.7152, 0.0722]
        brightest = brightness >= brightness.max() - 1e-6
        left, top, right, bottom = map(float, placed.keys.rectangle(row, column))
        inside = brightest[round(top * height) + 1:round(bottom * height) - 1, round(left * width) + 1:round(right * width) - 1]
        assert inside.size > 30 and inside.all()
        values = placed.heatmap(x, y)
        step = (weight - min(0, values.min().item())) / 256  # other keys may share the last colour
        for at in np.argwhere(brightest)[::7]:
            cell = placed.keys.cell_of_pixel(int(at[1]), int(at[0]), (width, height))
            assert values[cell] >= weight - 1.1 * step


def test_a_click_on_the_last_pixel_is_the_last_cell(site):
    canvas = site.panel("photo", "marks")
    box = canvas.bounding_box()
    site.page.mouse.click(int(box["x"] + box["width"] - 0.5), int(box["y"] + box["height"] - 0.5))
    rows, columns = analysed(CHOSEN[0]).maps[0].queries.grid
    expect(site.page.locator(".nlviz-strip-cell")).to_have_text(f"({rows - 1}, {columns - 1})")
    expect(site.status).to_contain_text(f"Query cell ({rows - 1}, {columns - 1})")


# ---------------------------------------------------------------------------------------------------- pins


def test_clicks_pin_up_to_eight_numbered_queries_in_a_strip_of_queries_by_networks(site):
    spots = [(0.1 + 0.25 * (i % 4), 0.2 + 0.5 * (i // 4)) for i in range(8)]
    for number, spot in enumerate(spots, 1):
        site.ask(*spot, click=True)
        expect(site.page.locator(".nlviz-strip .nlviz-pin")).to_have_text([str(i + 1) for i in range(number)])
        assert site.strip.count() == number * len(site.panels())
    site.ask(0.45, 0.5, click=True)
    expect(site.message).to_contain_text("Eight queries are pinned")
    assert site.page.locator(".nlviz-strip .nlviz-pin").count() == 8
    site.ask(*spots[2], click=True)  # again: removed
    expect(site.page.locator(".nlviz-strip .nlviz-pin")).to_have_count(7)
    expect(site.message).to_be_hidden()
    site.page.keyboard.press("Delete")
    expect(site.page.locator(".nlviz-strip .nlviz-pin")).to_have_count(6)
    site.page.locator("[data-action=remove-pin]").first.click()
    expect(site.page.locator(".nlviz-strip .nlviz-pin")).to_have_count(5)
    site.page.locator("[data-action=clear-pins]").click()
    expect(site.strip).to_have_count(0)


def test_pins_stay_when_the_networks_or_the_resolution_change(site):
    for x, y in POINTS[::2]:
        site.ask(x, y, click=True)
    before = site.page.locator(".nlviz-strip-cell").all_inner_texts()
    site.tick(*CHOSEN[:2])
    assert site.strip.count() == 2 * 2 and site.page.locator(".nlviz-strip-cell").all_inner_texts() == before
    site.resolution(448)
    placed = maps(CHOSEN[:2], resolution=448)
    assert site.strip.count() == 2 * 2
    queries = placed[f"{CHOSEN[0]}/0"].queries
    for text, point in zip(site.page.locator(".nlviz-strip-cell").all_inner_texts(), POINTS[::2]):
        found = tuple(map(int, text.strip("()").split(",")))
        assert np.abs(np.subtract(found, queries.cell(*point))).max() <= 1  # a pin is the centre of its cell


# ---------------------------------------------------------------------------------------------------- keyboard and reader


def test_everything_can_be_asked_by_keyboard_and_is_said_in_words(site):
    name = "msrc_embedded_gaussian"
    site.choose(name)
    placed = analysed(name).maps[0]
    _, columns = placed.queries.grid
    row, column = placed.queries.cell(0.5, 0.5)
    area = site.page.get_by_role("application")
    area.focus()
    for key, down, right in [("Right", 0, 1), ("Down", 1, 0), ("Up", -1, 0), ("Up", -1, 0), ("Left", 0, -1)]:
        site.page.keyboard.press(f"Arrow{key}")
        row, column = row + down, column + right
        expect(site.status).to_contain_text(f"Query cell ({row}, {column})")
    weights = placed.nl_map.row(row * columns + column)
    strongest = "({}, {})".format(*cell_of(int(weights.argmax()), placed.keys.grid))
    share = 100 * weights.max().item()
    shown = f"{share:.0f} %" if share >= 10 else f"{share:.1f} %"
    title = analysed(name).model.title
    expect(site.status).to_have_text(f"Query cell ({row}, {column}) → strongest key: {title} {strongest}, {shown} of the weight")
    expect(site.page.locator("#viewer .nlviz-spoken[aria-live=polite]")).to_have_text(site.status.inner_text())
    site.page.keyboard.press("Enter")
    expect(site.page.locator(".nlviz-strip-cell")).to_have_text(f"({row}, {column})")
    for key, cell in (("Home", (row, 0)), ("End", (row, columns - 1)), ("ArrowRight", (row, columns - 1)), ("1", (row, column))):
        site.page.keyboard.press(key)
        expect(site.status).to_contain_text(f"Query cell ({cell[0]}, {cell[1]})")
    site.page.keyboard.press("Delete")
    expect(site.strip).to_have_count(0)
