"""A viewer on a bare page: what a test does there, and what it reads from it."""

import numpy as np

from nlviz.figures import DIVERGING, colour_table
from nlviz.viewer import table_bytes
from tests.viewer.scenes import FEATURES, FULL, MAPS, place, scene

TABLES = [{name: table_bytes(name) for name in ("viridis", "inferno")}, table_bytes(DIVERGING)]
PHOTO = ".nlviz-panels .nlviz-marks[data-panel=photo]"


def drawn(page):
    """Wait until the browser has drawn a frame."""
    page.evaluate("drawn()")
    return page


def show(page, *names: str, **changes) -> None:
    page.evaluate("scene => viewer.show(scene)", scene(*names, **changes))
    drawn(page)


def point(page, canvas: str, x: float, y: float, *events: str) -> None:
    """Move the pointer to fractions (x, y) of a canvas, or let these events happen there."""
    page.locator(canvas).first.evaluate("""async (canvas, [x, y, events]) => {
        for (const event of events) {
            const box = canvas.getBoundingClientRect(), at = {clientX: box.x + x * box.width, clientY: box.y + y * box.height};
            canvas.dispatchEvent(new PointerEvent(event, {bubbles: event !== "pointerleave", ...at}));
        }
        await drawn();
    }""", [x, y, events or ["pointermove"]])


def pin(page, *points, area: str = PHOTO) -> None:
    for x, y in points:
        point(page, area, x, y, "pointerdown", "pointerup")


def ask(page, x: float, y: float) -> dict:
    """Point at the photo; what the viewer computed for each panel."""
    point(page, PHOTO, x, y)
    return {m["id"]: m for m in page.evaluate("viewer.state({values: true}).maps")}


def choose(page, setting: str, value: str) -> None:
    control = page.locator(f"select[data-setting={setting}]")
    behind = not control.is_visible()
    if behind:
        page.locator("[data-action=display-open]").click()
    control.select_option(value)
    if behind:
        page.keyboard.press("Escape")


def unfold(page, panel: dict) -> None:
    """Show the whole caption of a panel."""
    page.locator(f"{node(panel)} [data-action=unfold]").click()
    drawn(page)


def evenly(page, scale: str = "shared", **settings) -> None:
    """A linear scale and an even veil: every value has an opaque colour of its own."""
    page.evaluate("settings => viewer.restore({settings})", {"scale": scale, "veil": "even"} | settings)


def choose_map(page, panel: dict, name: str) -> None:
    if len(panel["maps"]) > 1:
        page.locator(f"{node(panel)} select[data-choice=map]").select_option(name)


def order(page, panel: dict, value: str) -> None:
    page.locator(f"{node(panel)} select[data-choice=order]").select_option(value)
    drawn(page)


def node(panel: dict) -> str:
    return f".nlviz-panel[data-panel='{panel['id']}']"


def heat(panel: dict) -> str:
    return f".nlviz-panels .nlviz-heat[data-panel='{panel['id']}']"


def colours(page, canvas: str, points) -> np.ndarray:
    """(points, 4): RGBA under each point, fractions of the canvas."""
    found = page.locator(canvas).evaluate("""(canvas, points) => {
        const {width, height} = canvas, {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
        return points.map(([x, y]) => {
            const at = 4 * (Math.floor(y * height) * width + Math.floor(x * width));
            return Array.from(data.slice(at, at + 4));
        });
    }""", [list(map(float, p)) for p in points])
    return np.array(found)


def levels(page, canvas: str, points, table: str = "viridis") -> np.ndarray:
    """Which colour of the table is under each point; any other is an error."""
    index = {tuple(colour): level for level, colour in enumerate(colour_table(table).tolist())}
    found = colours(page, canvas, points)
    assert (found[:, 3] == 255).all()
    return np.array([index[tuple(colour[:3])] for colour in found.tolist()])


def centres(grid, its_place=None) -> tuple[list[int], list[tuple[float, float]]]:
    """Cells whose centre lies in the picture, and those centres."""
    its_place = its_place or place(grid)
    cells, found = [], []
    for cell in range(grid[0] * grid[1]):
        at = divmod(cell, grid[1])
        x, y = ((at[1 - i] + 0.5 - its_place["offset"][i]) / its_place["scale"][i] for i in (0, 1))
        if 0 < x < 1 and 0 < y < 1:
            cells.append(cell)
            found.append((x, y))
    return cells, found


def scaled(values, low, high) -> np.ndarray:
    return np.clip(np.floor(256 * (np.asarray(values) - low) / (high - low)), 0, 255)


def asked_cell(m: dict, which: str, x: float, y: float) -> int | None:
    (rows, columns), its_place = m[f"{which}_grid"], m[f"{which}_place"]
    row, column = (int(np.floor(v * its_place["scale"][i] + its_place["offset"][i])) for v, i in ((y, 1), (x, 0)))
    return row * columns + column if 0 <= row < rows and 0 <= column < columns else None


def row_of(panel: dict, m: dict, x: float, y: float, term: str = FULL) -> np.ndarray | None:
    rows = MAPS[panel["id"], m["name"]][term]
    if len(rows) == 1:
        return rows[0]
    cell = asked_cell(m, "query", x, y)
    return None if cell is None else rows[cell]


def column_of(panel: dict, m: dict, x: float, y: float, term: str = FULL) -> np.ndarray | None:
    rows, cell = MAPS[panel["id"], m["name"]][term], asked_cell(m, "key", x, y)
    if m["relates"] == "gate":
        return rows[0]
    return None if cell is None else np.broadcast_to(rows[:, cell], int(np.prod(m["query_grid"])))


def assert_feature_drawn(page, panel: dict, channel: int, canvas: str | None = None) -> None:
    values = FEATURES[panel["id"]][channel]
    found = levels(page, canvas or heat(panel), centres([6, 8])[1])
    np.testing.assert_allclose(found, scaled(values, values.min(), values.max()), atol=1)
