"""A visitor's page in a real Chromium: what a test does on it, and what it reads from it."""

import base64
import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Page

WAIT = 30_000  # milliseconds; a slow machine is no failure
# Until the browser has drawn a frame; a script that a page evaluates has no limit of its own.
DRAWN = f"""() => new Promise((done, failed) => {{
    requestAnimationFrame(() => requestAnimationFrame(done));
    setTimeout(() => failed(new Error("The browser has drawn no frame for {WAIT // 1000} seconds.")), {WAIT});
}})"""

# What tests ask the page: pixels of canvases, never numbers that it keeps beside them.
HELPERS = """
window.site = {
    get viewer() { return document.querySelector(".nlviz-root")?.parentElement.viewer; },
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
site.drawn = """ + DRAWN


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

    def open(self, link: str = "") -> "Site":
        """Load the page, at the end of this address if one is given."""
        self.page.goto(self.url + link)
        self.page.wait_for_function("site.viewer && site.viewer.state().key")
        return self.settled()

    def settled(self, **key) -> "Site":
        """Wait until nothing runs and the scene's key has these values."""
        self.page.wait_for_function(
            """key => site.viewer && document.querySelector(".nlviz-busy").hidden
                && Object.entries(key).every(([name, value]) => {
                    const found = site.viewer.state().key?.[name];
                    return Array.isArray(value) ? String([...found ?? []].sort()) === String([...value].sort()) : found === value;
                })""", arg=key)
        return self.drawn()

    def measured(self) -> "Site":
        """Wait until every number of "Does it depend on the query?" and every sentence below a panel is there."""
        self.page.wait_for_function("!site.viewer.state().measuring && !site.viewer.state().asksEffects")
        return self

    def drawn(self) -> "Site":
        """Wait until the browser has drawn a frame."""
        self.page.evaluate("site.drawn()")
        return self

    # ------------------------------------------------------------------------------------------------ what a visitor does

    def ask(self, x: float, y: float, panel: str = "photo", click: bool = False) -> "Site":
        """Point at fractions (x, y) of a picture."""
        canvas = self.panel(panel, "marks")
        canvas.scroll_into_view_if_needed()  # and it stands still: the same place in two frames
        box = canvas.bounding_box()
        (canvas.click if click else canvas.hover)(position={"x": x * box["width"], "y": y * box["height"]})
        return self.drawn()

    def set(self, setting: str, value: str) -> "Site":
        with self.display():
            self.page.locator(f".nlviz select[data-setting='{setting}']").select_option(value)
        return self.drawn()

    def evenly(self, scale: str = "shared") -> "Site":
        """A linear scale and an even veil: every value has an opaque colour of its own."""
        self.page.evaluate("settings => site.viewer.restore({settings})", {"scale": scale, "veil": "even"})
        return self.drawn()

    @contextmanager
    def display(self) -> Iterator[None]:
        """With the settings behind *Display* in sight."""
        opener = self.page.locator("[data-action=display-open]")
        opener.click()
        yield
        opener.click()

    def unfold(self, panel: str) -> "Site":
        """Show the whole caption of a panel."""
        self.page.locator(f".nlviz-panel[data-panel='{panel}'] [data-action=unfold][aria-expanded=false]").click()
        return self.drawn()

    def export(self, format: str = "png", what: str = "figure", **choices) -> Path:
        """The file that a click in the menu *Export* gives, under its own name."""
        self.page.locator("[data-action=export-open]").click()
        for name, value in {"format": format.upper(), **choices}.items():
            self.page.locator(f"[data-export={name}]").select_option(value)
        with self.page.expect_download() as download:
            self.page.locator(f"[data-action=export-{what}]").click()
        self.page.keyboard.press("Escape")
        path = Path(download.value.path()).with_name(download.value.suggested_filename)
        shutil.copy(download.value.path(), path)
        return path

    def choose_map(self, panel: str, name: str) -> "Site":
        self.page.locator(f"select[data-choice=map][data-panel='{panel}']").select_option(name)
        return self.drawn()

    # ------------------------------------------------------------------------------------------------ what is on it

    def panel(self, name: str, kind: str = "heat"):
        """A canvas: of the photo (``photo``) or of a map (``network/0``)."""
        return self.page.locator(f".nlviz-panels canvas.nlviz-{kind}[data-panel='{name}']")

    def panels(self) -> list[str]:
        heats = self.page.locator(".nlviz-panels canvas.nlviz-heat")
        return heats.evaluate_all("all => all.map(canvas => canvas.dataset.panel)")

    def colours(self, panel: str, points) -> list[list[int]]:
        return self.panel(panel).evaluate("(canvas, points) => site.colours(canvas, points)", [list(map(float, p)) for p in points])

    def pixels(self, panel: str) -> np.ndarray:
        """(height, width, 4): the whole canvas of a panel."""
        png = self.panel(panel).evaluate("canvas => canvas.toDataURL()").split(",")[1]
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))).convert("RGBA"))

    def photo_colours(self, points) -> list[list[int]]:
        photo = self.page.locator(".nlviz-panels .nlviz-photo").first
        return photo.evaluate("async (image, points) => (await image.decode(), site.coloursOfImage(image, points))", points)

    @property
    def status(self):
        return self.page.locator(".nlviz-status")

    @property
    def message(self):
        return self.page.locator(".nlviz-message")

    @property
    def strip(self):
        return self.page.locator(".nlviz-strip canvas.nlviz-heat")
