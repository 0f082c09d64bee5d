"""One bare page for all tests of the viewer, with nothing on it but the viewer that a test makes."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from nlviz.viewer import CSS, SCRIPT
from tests.browser import DRAWN
from tests.viewer.pages import TABLES
from tests.viewer.served import SERVER


def load(page: Page) -> None:
    page.goto("about:blank")  # a script's constants outlive set_content
    page.set_content(f"<!doctype html><style>{CSS} body {{ margin: 0 }}</style><body></body>")
    page.add_script_tag(content=f"{SCRIPT}window.drawn = {DRAWN};")


@pytest.fixture(scope="session")
def tab(browser) -> Iterator[tuple[Page, list[str]]]:
    """The page, and the errors on it."""
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: message.type == "error" and errors.append(message.text))
    load(page)
    yield page, errors
    page.close()


@pytest.fixture
def bare(request, tab) -> Iterator[Page]:
    """The page, for a test to make its viewer on; loaded again after a failure. No error may be found afterwards."""
    (page, errors), failed = tab, request.session.testsfailed
    page.set_viewport_size({"width": 1200, "height": 900})
    yield page
    found = errors.copy()
    errors.clear()
    if found or request.session.testsfailed > failed:
        load(page)
    assert not found


@pytest.fixture
def viewer(bare) -> Page:
    """A viewer alone; ``page.evaluate`` reaches it as ``viewer``."""
    bare.evaluate("""([colourMaps, diverging]) => {
        const root = document.createElement("div");
        document.body.replaceChildren(root);
        window.requests = [];
        const onExport = async request => { requests.push(request); return {name: "figure.png", data: "", type: "image/png"}; };
        window.viewer = createViewer(root, {colourMaps, diverging, onExport});
    }""", TABLES)
    return bare


@pytest.fixture
def page(bare) -> Page:
    """A viewer and its server."""
    bare.evaluate(SERVER, TABLES)
    return bare
