"""A visitor of the page that a server gives: comes with a view, changes it as a visitor does, and can begin again."""

from functools import cache
from pathlib import Path

from playwright.sync_api import Error, Page

from nlviz.pictures import open_picture
from nlviz.recipes import Recipe, link_of
from nlviz.ui.examples import EXAMPLES
from nlviz.ui.presets import PRESETS
from tests.browser import Site

CHOSEN = next(iter(PRESETS.values())).names
OF_PHOTOS = [title for title, preset in PRESETS.items() if not preset.clips]
LION, CHEETAH = EXAMPLES[:2]  # 256 x 256, there at the start, and 502 x 343 pixels
SCREEN = {"width": 1440, "height": 1000}
SIZE = 224  # pixels, the smallest input that the page offers

VIEWS = """
const exported = () => [...document.querySelectorAll("[data-export]")];
const of = control => control.type === "checkbox" ? "checked" : "value";
const put = (control, name, value) => { control[name] = value; control.dispatchEvent(new Event("change", {bubbles: true})); };
Object.assign(site, {
    view() {  // what a visitor changes in the viewer
        const {key, query, pins, settings, parts, snapshots, panels} = site.viewer.state();
        return {key, query, pins, settings, parts, snapshots, panels, exported: exported().map(control => control[of(control)])};
    },
    follow(link) {  // as Back and Forward do; the viewer is emptied first, so that what is shown then is what came
        site.viewer.show(null);
        history.replaceState(null, "", link);
        document.querySelector("#follow").click();
    },
    forget(first) {  // what an address does not bring back
        document.activeElement?.blur();
        scrollTo(0, 0);
        localStorage.clear();  // gradio's history of runs
        exported().forEach((control, at) => put(control, of(control), first.exported[at]));
        document.querySelectorAll("select[data-choice=map]").forEach(choice => put(choice, "selectedIndex", 0));
        document.querySelectorAll("[data-action=unfold][aria-expanded=true]").forEach(button => button.click());
        site.viewer.restore({settings: first.settings, snapshots: {}});
    },
});
"""


@cache
def sha256(path: str | Path) -> str:
    return open_picture(path).sha256


def address(networks: list[str], photo: str | Path = LION, resolution: int = SIZE) -> str:
    """The end of the page's address for a view without pins."""
    named = tuple({"name": name, "sha256": None} for name in networks)
    return "#" + link_of(Recipe({"name": Path(photo).name, "sha256": sha256(photo)}, named, (), resolution))


class Visitor(Site):
    """A visitor of the served page, who comes with the first networks on the lion in a small input."""

    def __init__(self, page: Page, url: str):
        super().__init__(page, url)
        page.add_init_script(VIEWS)

    def arrive(self, link: str | None = None) -> "Visitor":
        self.open(address(CHOSEN) if link is None else link)
        self.first = self.page.evaluate("site.view()")
        return self

    def begin_again(self) -> bool:
        """Bring the first view back; whether nothing is left of what was done since."""
        try:
            self.page.set_viewport_size(SCREEN)
            self.page.mouse.move(0, 0)
            self.page.evaluate("first => site.forget(first)", self.first)
            self.follow(CHOSEN)
            self.page.evaluate("parts => site.viewer.restore({parts})", self.first["parts"])  # of layers x heads
        except Error:
            return False
        self.errors.clear()
        self.requests.clear()
        return self.page.evaluate("site.view()") == self.first

    def follow(self, networks: list[str], photo: str | Path = LION, resolution: int = SIZE) -> "Visitor":
        """The view that an address carries, without loading the page again."""
        self.page.evaluate("link => site.follow(link)", address(networks, photo, resolution))
        return self.settled(networks=networks, picture=sha256(photo), resolution=resolution)

    def choose(self, *networks: str, photo: str | Path = LION) -> "Visitor":
        """Exactly these networks, on a photo without pins."""
        return self.follow(list(networks), photo)

    def chips(self) -> list[str]:
        """The networks chosen, in order."""
        return self.page.locator(".nlviz-chip").evaluate_all("all => all.map(chip => chip.dataset.name)")

    def networks(self) -> list[str]:
        """The networks whose panels are shown, in order."""
        return list(dict.fromkeys(panel.rpartition("/")[0] for panel in self.panels()))

    def tick(self, *names: str) -> "Visitor":
        """Tick exactly these networks in the list, one after the other."""
        self.page.locator("[data-action=add-open]").click()
        for name in sorted(set(self.chips()) ^ set(names)):
            self.page.locator(f"#networks input[name='{name}']").set_checked(name in names)
        self.page.locator("[data-action=add-done]").click()
        return self.settled(networks=list(names))

    def preset(self, title: str) -> "Visitor":
        self.page.locator("[data-action=presets-open]").click()
        self.page.get_by_role("dialog", name="Presets").get_by_text(title, exact=True).click()
        return self.settled(networks=PRESETS[title].names)

    def resolution(self, pixels: int) -> "Visitor":
        self.page.locator("#photo-open").click()
        self.page.locator(f"#resolution input[value='{pixels}']").check()
        self.page.keyboard.press("Escape")
        return self.settled(resolution=pixels)

    def upload(self, path: Path) -> None:
        self.page.locator("#photo input[type=file]").set_input_files(path)

    def wrong(self) -> list[str]:
        """Errors, and requests to another host."""
        return self.errors + [r for r in self.requests if not r.startswith((self.url, "data:", "blob:"))]
