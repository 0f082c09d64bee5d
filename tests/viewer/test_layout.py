"""Where things stand: rows of panels equally high, nothing over a caption, nothing that jumps, captions that unfold."""

import pytest
from playwright.sync_api import expect

from tests.viewer.pages import PHOTO, choose, choose_map, drawn, node, point, show, unfold
from tests.viewer.scenes import the

NAMES = ["dense", "channels", "criss-cross", "relations", "global", "pooled", "dot"]
BOXES = """() => [...document.querySelectorAll(".nlviz-panel")].map(panel => {
    const {x, y, width, height} = panel.getBoundingClientRect();
    const [picture, beside] = [".nlviz-picture", ".nlviz-chooser"].map(part => panel.querySelector(part)?.getBoundingClientRect());
    return {id: panel.dataset.panel, x, y, width, height, picture: {y: picture.y, width: picture.width, height: picture.height},
            beside: beside && {y: beside.y, height: beside.height}};
})"""
# Of pairs that must not lie over each other: the sentence and bars, the pictures, the captions, what stands below.
OVERLAPS = """() => {
    const kinds = ["toolbar", "reading", "picture", "chooser", "caption", "strip", "depends"].map(name => `.nlviz-${name}`).join();
    const shown = node => node.offsetParent && !node.closest(".nlviz-strip .nlviz-picture");
    const parts = [...document.querySelectorAll(kinds)].filter(shown);
    const inside = (a, b) => a.contains(b) || b.contains(a), found = [];
    const apart = (p, q) => p.right <= q.left + 1 || p.bottom <= q.top + 1, over = (p, q) => !apart(p, q) && !apart(q, p);
    parts.forEach((a, at) => parts.slice(at + 1).filter(b => !inside(a, b)).forEach(b => {
        if (over(a.getBoundingClientRect(), b.getBoundingClientRect())) found.push(`${a.className} over ${b.className}`);
    }));
    return found;
}"""


def rows_of(page) -> dict[float, list[dict]]:
    rows = {}
    for box in page.evaluate(BOXES):
        rows.setdefault(round(box["y"]), []).append(box)
    return rows


@pytest.mark.parametrize("width, height", [(1440, 900), (1024, 768), (640, 900), (390, 844)])
def test_panels_of_a_row_are_equally_high_and_a_matrix_stands_beside_its_map(viewer, width, height):
    viewer.set_viewport_size({"width": width, "height": height})
    show(viewer, *NAMES)
    boxes = viewer.evaluate(BOXES)
    assert len({round(box["picture"]["height"]) for box in boxes}) == len({round(box["picture"]["width"]) for box in boxes}) == 1
    for row in rows_of(viewer).values():
        assert len({round(box["height"]) for box in row}) == 1
        for box in row:
            assert box["picture"]["y"] == pytest.approx(box["y"], abs=1)
            if box["beside"]:
                assert box["beside"]["y"] == box["picture"]["y"] and box["beside"]["height"] <= box["picture"]["height"] + 1
    assert sum(bool(box["beside"]) for box in boxes) == 2


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_nothing_lies_over_a_caption_wherever_one_scrolls(viewer, width):
    viewer.set_viewport_size({"width": width, "height": 700})
    show(viewer, *NAMES)
    unfold(viewer, the("criss-cross"))
    for y in (0, 300, 900):
        viewer.evaluate("y => scrollTo(0, y)", y)
        assert viewer.evaluate(OVERLAPS) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_no_picture_moves_while_the_pointer_does(viewer, width):
    viewer.set_viewport_size({"width": width, "height": 900})
    show(viewer, *NAMES)
    choose(viewer, "direction", "attended by")  # where some cells are not covered, bars and sentences come and go
    tops = set()
    for x, y in [(0.05, 0.05), (0.5, 0.5), (0.999, 0.999), (0.2, 0.8)]:
        point(viewer, PHOTO, x, y)
        drawn(viewer)
        tops.add(str([box["picture"]["y"] for box in viewer.evaluate(BOXES)]))
    assert len(tops) == 1


def test_a_panel_shows_its_name_grid_and_the_weight_under_the_pointer_and_the_rest_unfolds(viewer):
    show(viewer, "dense", "criss-cross")
    panel = viewer.locator(node(the("criss-cross")))
    point(viewer, PHOTO, 0.31, 0.77)
    found = viewer.evaluate("viewer.state({values: true}).maps[1]")
    here = 48 * found["values"][4 * 8 + 2]  # 6 x 8 keys: row 4, column 2
    shown = panel.locator(".nlviz-caption").inner_text()
    assert "criss-cross" in shown and "6 × 8" in shown and f"here {here:.3g}×" in shown  # times uniform
    assert "rows: distribution" not in shown
    more = panel.get_by_role("button", name="more")
    assert more.get_attribute("aria-expanded") == "false"
    more.focus()
    viewer.keyboard.press("Enter")
    assert "rows: distribution (sum 1)" in panel.inner_text() and "entropy" in panel.inner_text()
    assert "rows: distribution" not in viewer.locator(node(the("dense"))).inner_text()  # each by itself
    show(viewer, "criss-cross")
    assert "entropy" in panel.inner_text()  # it stays unfolded
    panel.get_by_role("button", name="less").click()
    assert "entropy" not in panel.inner_text()


def test_a_map_of_channels_takes_the_room_of_its_matrix_when_it_is_chosen(viewer):
    show(viewer, "spatial", "added")
    before = {box["id"]: box["width"] for box in viewer.evaluate(BOXES)}
    choose_map(viewer, the("added"), "added to channels")
    after = {box["id"]: box["width"] for box in viewer.evaluate(BOXES)}
    assert after["added/0"] > 1.5 * after["spatial/0"] and before["added/0"] == before["spatial/0"]


@pytest.mark.parametrize("menu", ["display", "export"])
def test_a_menu_closes_by_escape_and_by_a_click_beside_it(viewer, menu):
    show(viewer, "dense")
    opener, panel = viewer.locator(f"[data-action={menu}-open]"), viewer.get_by_role("dialog", name=menu.title())
    for close in (lambda: viewer.keyboard.press("Escape"), lambda: viewer.mouse.click(600, 700), opener.click):
        opener.focus()
        viewer.keyboard.press("Enter")
        expect(panel).to_be_visible()
        assert panel.evaluate("node => node.contains(document.activeElement)") and opener.get_attribute("aria-expanded") == "true"
        close()
        expect(panel).to_be_hidden()
        assert opener.get_attribute("aria-expanded") == "false"


def test_what_is_changed_while_looking_stands_in_the_row_and_the_rest_behind_display(viewer):
    show(viewer, "dense")
    seen = [one.get_attribute("data-setting") for one in viewer.locator("[data-setting]").all() if one.is_visible()]
    assert seen == ["scale", "term", "direction"]
