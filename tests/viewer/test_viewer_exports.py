"""The export panel, without gradio: what is asked of the server, and what is said while it draws."""

import pytest
from playwright.sync_api import expect

from nlviz.recipes import LAYOUTS, WIDTHS
from tests.viewer.pages import PHOTO, TABLES, choose, choose_map, pin, point, show
from tests.viewer.scenes import the

# Every request is kept, and answered when the test says so.
SERVER = """([colourMaps, diverging]) => {
    const root = document.createElement("div");
    document.body.replaceChildren(root);
    window.asked = [];
    const onExport = request => new Promise((resolve, reject) => {
        asked.push({request: structuredClone(request), reject: text => reject(new Error(text)),
                    resolve: () => resolve({name: `figure.${request.format}`, data: "Zmlu", type: "image/png"})});
    });
    window.viewer = createViewer(root, {colourMaps, diverging, onExport});
}"""
PANEL, OPENER = ".nlviz-export-panel", "[data-action=export-open]"
KINDS = ["export-figure", "export-zip", "export-html"]


@pytest.fixture
def page(bare):
    bare.evaluate(SERVER, TABLES)
    show(bare, "dense", "global", "relations")
    return bare


def click(page, action: str) -> dict:
    """The request that a button makes; it stays unanswered."""
    before = page.evaluate("asked.length")
    page.locator(f"[data-action={action}]").click()
    page.wait_for_function("count => asked.length > count", arg=before)
    return page.evaluate("asked.at(-1).request")


def finish(page, error: str = "") -> None:
    page.evaluate("error => error ? asked.at(-1).reject(error) : asked.at(-1).resolve()", error)
    expect(page.locator(".nlviz-busy")).to_be_hidden()


def option(page, name: str):
    return page.locator(f"{PANEL} [data-export={name}]")


def note(page) -> str:
    return page.locator(".nlviz-export-note").inner_text()


def test_the_choices_are_those_of_the_recipe(page):
    page.locator(OPENER).click()
    assert tuple(option(page, "layout").locator("option").all_inner_texts()) == LAYOUTS
    assert option(page, "format").locator("option").all_inner_texts() == ["PNG", "SVG", "PDF", "GIF", "MP4"]
    assert option(page, "width").locator("option").all_inner_texts() == list(WIDTHS)
    assert option(page, "dpi").input_value() == "300" and not option(page, "whole_maps").is_checked()


@pytest.mark.parametrize("format", ["png", "pdf"])
def test_the_figure_is_at_first_the_usual_one_of_what_is_on_screen(page, format):
    page.locator(OPENER).click()
    option(page, "format").select_option(format.upper())
    request = click(page, "export-figure")
    key, settings = page.evaluate("(({key, settings}) => [key, settings])(viewer.state())")
    assert request == {"key": key, "settings": settings, "parts": {"relations/0": "relations"}, "snapshots": {}, "format": format,
                       "queries": [[0.5, 0.5]], "layout": "queries by networks", "width": "two columns", "dpi": 300,
                       "whole_maps": False, "what": "figure"}
    with page.expect_download() as download:
        finish(page)
    assert download.value.suggested_filename == f"figure.{format}"


@pytest.mark.parametrize("what", ["figure", "zip", "html"])
def test_everything_that_is_chosen_goes_with_the_request(page, what):
    choose_map(page, the("relations"), "gate of channels")
    choose(page, "colours", "inferno")
    pin(page, (0.2, 0.3), (0.7, 0.6))
    page.locator(OPENER).click()
    option(page, "dpi").fill("600")
    for name, value in (("layout", "dependence"), ("format", "SVG"), ("width", "one column")):
        option(page, name).select_option(value)
    option(page, "whole_maps").check()
    request = click(page, f"export-{what}")
    assert request["what"] == what and request["format"] == "svg" and request["dpi"] == 600 and request["whole_maps"] is True
    assert (request["layout"], request["width"]) == ("dependence", "one column")
    assert request["settings"]["colours"] == "inferno" and request["parts"] == {"relations/0": "gate of channels"}
    assert request["queries"] == page.evaluate("viewer.state().pins.map(({x, y}) => [x, y])") and len(request["queries"]) == 2
    finish(page)


def test_one_query_is_the_pin_on_which_the_pointer_last_was_else_the_first(page):
    page.locator(OPENER).click()
    option(page, "layout").select_option("one query")
    assert note(page) == "The query last pointed at; click a picture to pin others."
    assert click(page, "export-figure")["queries"] == [[0.5, 0.5]]
    finish(page)
    page.keyboard.press("Escape")
    pin(page, (0.1, 0.1), (0.9, 0.1), (0.9, 0.9))
    pins = page.evaluate("viewer.state().pins.map(({x, y}) => [x, y])")
    for at, spot in ((1, (0.9, 0.1)), (0, (0.5, 0.5))):
        point(page, PHOTO, *spot)
        page.locator(OPENER).click()
        assert click(page, "export-figure")["queries"] == [pins[at]]
        finish(page)
        page.keyboard.press("Escape")


def test_the_panel_says_what_it_will_draw(page):
    page.locator(OPENER).click()
    option(page, "layout").select_option("distances")
    assert note(page) == "Pin two queries or more to compare them."
    for spot, text in (((0.1, 0.1), "Pin two queries or more"), ((0.6, 0.6), "The 2 pinned queries.")):
        pin(page, spot)
        assert text in note(page) or not page.locator(PANEL).is_visible()
    page.locator(OPENER).click()
    assert note(page) == "The 2 pinned queries."


def test_dots_are_asked_for_a_png_alone_and_a_number_out_of_range_is_said(page):
    page.locator(OPENER).click()
    for format, enabled in (("SVG", False), ("PDF", False), ("PNG", True)):
        option(page, "format").select_option(format)
        assert option(page, "dpi").is_enabled() == enabled
    for text in ("5", "", "1201"):
        option(page, "dpi").fill(text)
        page.locator("[data-action=export-figure]").click()
        assert page.locator(".nlviz-message").inner_text().startswith("Dots per inch go from 50 to 1200")
    assert page.evaluate("asked.length") == 0
    option(page, "format").select_option("PDF")
    assert click(page, "export-figure")["dpi"] == 300
    finish(page)
    assert not page.locator(".nlviz-message").is_visible()


@pytest.mark.parametrize("action, format, text", [
    ("export-figure", "PNG", "Drawing the PNG"), ("export-figure", "PDF", "Drawing the PDF"),
    ("export-zip", "PNG", "Gathering figures, rows and numbers"), ("export-html", "PNG", "Writing the offline page")])
def test_while_it_is_drawn_the_buttons_are_disabled_and_it_is_said(page, action, format, text):
    page.locator(OPENER).click()
    option(page, "format").select_option(format)
    click(page, action)
    assert page.locator(".nlviz-busy").inner_text() == text
    for other in KINDS:
        assert page.locator(f"[data-action={other}]").is_disabled()
    finish(page)
    for other in KINDS:
        assert page.locator(f"[data-action={other}]").is_enabled()


def test_an_error_is_said_and_withdrawn_by_the_next_success(page):
    page.locator(OPENER).click()
    click(page, "export-zip")
    finish(page, "the server no longer keeps this photo")
    message = page.locator(".nlviz-message")
    assert message.get_attribute("role") == "alert" and "Export failed: the server no longer keeps" in message.inner_text()
    click(page, "export-zip")
    finish(page)
    expect(message).to_be_hidden()


def test_the_panel_is_usable_by_keyboard_and_escape_closes_it(page):
    opener, panel = page.locator(OPENER), page.locator(PANEL)
    assert opener.get_attribute("aria-expanded") == "false" and not panel.is_visible()
    opener.focus()
    page.keyboard.press("Enter")
    assert panel.is_visible() and opener.get_attribute("aria-expanded") == "true" and panel.get_attribute("role") == "dialog"
    focused = []
    for _ in range(8):
        focused.append(page.evaluate("document.activeElement.dataset.export ?? document.activeElement.dataset.action"))
        page.keyboard.press("Tab")
    assert focused == ["layout", "format", "width", "dpi", "whole_maps", *KINDS]
    page.locator("[data-action=export-figure]").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("asked.length === 1")
    finish(page)
    assert page.evaluate("document.activeElement.dataset.action") == "export-figure"  # where it was before
    page.keyboard.press("Escape")
    assert not panel.is_visible() and page.evaluate("document.activeElement.dataset.action") == "export-open"


def test_a_click_beside_the_panel_closes_it_and_one_in_it_does_not(page):
    page.locator(OPENER).click()
    page.locator(f"{PANEL} .nlviz-export-note").click()
    assert page.locator(PANEL).is_visible()
    page.locator(".nlviz-bars").first.click()
    assert not page.locator(PANEL).is_visible()
    for shown in (True, False):
        page.locator(OPENER).click()
        assert page.locator(PANEL).is_visible() == shown


def test_without_a_server_there_is_nothing_to_export(page):
    page.evaluate("""colourMaps => {
        const root = document.createElement("div");
        document.body.replaceChildren(root);
        window.viewer = createViewer(root, {colourMaps});
    }""", TABLES[0])
    show(page, "dense")
    assert page.locator("[data-action^=export]").count() == 0


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_the_panel_lies_inside_the_window(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    page.locator(OPENER).click()
    box = page.locator(PANEL).bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["y"] + box["height"] <= 900
    outside = page.locator(f"{PANEL} *").evaluate_all("""all => all.filter(node => {
        const box = node.getBoundingClientRect(), {left, right} = node.closest(".nlviz-export-panel").getBoundingClientRect();
        return box.width && (box.left < left || box.right > right || node.scrollWidth > node.clientWidth + 1 && node.clientWidth);
    }).map(node => node.className || node.tagName)""")
    assert outside == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
