"""The page in a real Chromium: one server and one browser for all tests, a fresh visitor for each."""

import base64
import io
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

# Before torch is imported, here and in the processes that tests start: where tensors are small, threads that wait for each
# other take several times as long as one.
os.environ.setdefault("OMP_NUM_THREADS", "1")

QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
WAIT = 30_000  # milliseconds; a slow machine is no failure

# What tests ask the page: pixels of canvases, never numbers that it keeps beside them.
HELPERS = """
window.site = {
    get viewer() { return document.querySelector(".nlviz-root")?.parentElement.viewer; },
    drawn: () => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))),
    colours(canvas, points) {  // [r, g, b, a] under each point, fractions of the canvas
        const {width, height} = canvas, {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
        return points.map(([x, y]) => {
            const at = 4 * (Math.min(height - 1, Math.floor(y * height)) * width + Math.min(width - 1, Math.floor(x * width)));
            return Array.from(data.slice(at, at + 4));
        });
    },
    coloursOfImage(image, points) {
        const canvas = document.createElement("canvas");
        [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
        canvas.getContext("2d").drawImage(image, 0, 0);
        return site.colours(canvas, points);
    },
    rgb(colour) {  // any CSS colour
        const canvas = document.createElement("canvas"), context = canvas.getContext("2d");
        context.fillStyle = colour; context.fillRect(0, 0, 1, 1);
        return site.colours(canvas, [[0, 0]])[0].slice(0, 3);
    },
};
"""


class Site:
    """A visitor's page, and what went wrong on it."""

    def __init__(self, page: Page, url: str):
        self.page, self.url = page, url
        self.requests: list[str] = []
        self.errors: list[str] = []
        page.set_default_timeout(WAIT)
        page.add_init_script(HELPERS)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", lambda message: message.type == "error" and self.errors.append(message.text))

    def open(self) -> "Site":
        self.page.goto(self.url)
        self.page.wait_for_function("site.viewer && site.viewer.state().key")
        return self.settled()

    def settled(self, **key) -> "Site":
        """Wait until nothing runs and the scene's key has these values."""
        self.page.wait_for_function(
            """key => site.viewer && document.querySelector(".nlviz-busy").hidden
                && Object.entries(key).every(([name, value]) => {
                    const found = site.viewer.state().key?.[name];
                    return Array.isArray(value) ? String([...found].sort()) === String([...value].sort()) : found === value;
                })""", arg=key)
        return self.drawn()

    def measured(self) -> "Site":
        """Wait until every number of "Does it depend on the query?" is there."""
        self.page.wait_for_function("!site.viewer.state().measuring")
        return self

    def drawn(self) -> "Site":
        """Wait until the browser has drawn a frame."""
        self.page.evaluate("site.drawn()")
        return self

    def choose(self, *names: str) -> "Site":
        """Tick exactly these networks."""
        for box in self.page.locator("#networks input[type=checkbox]").all():
            box.set_checked(box.get_attribute("name") in names)
        return self.settled(networks=list(names))

    def resolution(self, pixels: int) -> "Site":
        self.page.locator(f"#resolution input[value='{pixels}']").check()
        return self.settled(resolution=pixels)

    def upload(self, path: Path) -> None:
        self.page.locator("#photo input[type=file]").set_input_files(path)

    def panel(self, name: str, kind: str = "heat"):
        """A canvas: of the photo (``photo``) or of a map (``network/0``)."""
        return self.page.locator(f".nlviz-panels canvas.nlviz-{kind}[data-panel='{name}']")

    def panels(self) -> list[str]:
        heats = self.page.locator(".nlviz-panels canvas.nlviz-heat")
        return heats.evaluate_all("all => all.map(canvas => canvas.dataset.panel)")

    def ask(self, x: float, y: float, panel: str = "photo", click: bool = False) -> "Site":
        """Point at fractions (x, y) of a picture."""
        canvas = self.panel(panel, "marks")
        canvas.scroll_into_view_if_needed()
        box = canvas.bounding_box()
        at = box["x"] + x * box["width"], box["y"] + y * box["height"]
        self.page.mouse.move(*at)
        if click:
            self.page.mouse.click(*at)
        return self.drawn()

    def colours(self, panel: str, points) -> list[list[int]]:
        return self.panel(panel).evaluate("(canvas, points) => site.colours(canvas, points)", [list(map(float, p)) for p in points])

    def pixels(self, panel: str) -> np.ndarray:
        """(height, width, 4): the whole canvas of a panel."""
        png = self.panel(panel).evaluate("canvas => canvas.toDataURL()").split(",")[1]
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA"))

    def photo_colours(self, points) -> list[list[int]]:
        photo = self.page.locator(".nlviz-panels .nlviz-photo").first
        return photo.evaluate("async (image, points) => (await image.decode(), site.coloursOfImage(image, points))", points)

    def set(self, setting: str, value: str) -> "Site":
        self.page.locator(f".nlviz select[data-setting='{setting}']").select_option(value)
        return self.drawn()

    @property
    def status(self):
        return self.page.locator(".nlviz-status")

    @property
    def message(self):
        return self.page.locator(".nlviz-message")

    @property
    def strip(self):
        return self.page.locator(".nlviz-strip canvas.nlviz-heat")


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """The page with the bundled networks, served by this process."""
    from nlviz.ui import launch

    _, address, _ = launch(prevent_thread_lock=True, quiet=True)
    yield address
    import gradio

    gradio.close_all()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A Chromium: an installed one, else playwright's own."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    expect.set_options(timeout=WAIT)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=QUIET)
        yield browser
        browser.close()


@pytest.fixture
def visit(url, browser) -> Iterator[Callable[..., Site]]:
    """``visit()`` opens the page as one more visitor; afterwards no error and no request to another host may be found."""
    sites = []

    def visit(**options) -> Site:
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 1000}, "accept_downloads": True} | options)
        sites.append(Site(context.new_page(), url))
        return sites[-1].open()

    yield visit
    for site in sites:
        site.page.context.close()
        assert not site.errors, site.errors
        assert not [r for r in site.requests if not r.startswith((url, "data:", "blob:"))]


@pytest.fixture
def site(visit) -> Site:
    return visit()


@pytest.fixture(scope="session")
def stripes(tmp_path_factory):
    """Four pictures of two classes of stripes, with their masks, in msrc's layout."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "msrc").mkdir()
    random = np.random.default_rng(0)
    for number in range(4):
        mask = np.zeros((64, 96), np.uint8)
        mask[:, :48], mask[:, 48:] = 2, 7  # grass, sky
        mask[:4] = 0
        pixels = np.where(mask[..., None] == 7, [90, 140, 230], [40, 160, 50]) + random.integers(-20, 20, (64, 96, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "msrc" / f"{number}.jpg")
        Image.fromarray(mask).save(folder / "msrc" / f"{number}.png")
    (folder / "msrc" / "train.txt").write_text("0\n1\n2\n")
    (folder / "msrc" / "test.txt").write_text("3\n")
    return folder
