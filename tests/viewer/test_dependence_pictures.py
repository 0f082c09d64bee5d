"""The small pictures, one for each map: every query's mean divergence where the query lies; and one of them enlarged."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.viewer.pages import asked_cell, centres, choose, colours, evenly, levels, pin, point, scaled
from tests.viewer.scenes import place, the
from tests.viewer.served import REASON, answer, attention, enlarge, picture, serve, settle, show, thumb
from tests.viewer.snapshots import move, trained

LARGE, MARKS = ".nlviz-enlarged .nlviz-heat", ".nlviz-enlarged .nlviz-marks"


def small(p: dict) -> str:
    return f".nlviz-dependences .nlviz-heat[data-panel='{p['id']}']"


@pytest.mark.parametrize("scale", ["shared", "per panel"])
def test_a_picture_shows_every_querys_mean_divergence_where_the_query_lies(page, scale):
    dense, pooled = the("dense"), the("pooled")
    values = np.linspace(0.1, 0.4, 30).reshape(5, 6)
    boxed = np.linspace(0.2, 0.6, 144).reshape(12, 12)
    boxed[3, 4] = np.nan
    box = {"scale": [12, 6], "offset": [0, 3]}  # letterboxed: rows 3 to 8 lie in the picture
    serve(page, [dense, pooled], dense={"picture": picture(values)}, pooled={"picture": picture(boxed, box)})
    show(page, [dense, pooled])
    evenly(page, scale, opacity=0.65)
    settle(page)
    for p, of, its_place in [(dense, values, None), (pooled, boxed, box)]:
        low, high = (0, 0.6) if scale == "shared" else (np.nanmin(of), np.nanmax(of))
        cells, points = centres(of.shape, its_place)
        seen = np.isfinite(of.flat[cells])
        wanted = scaled(of.flat[cells][seen], low, high)
        np.testing.assert_allclose(levels(page, small(p), np.array(points)[seen]), wanted, atol=1)
        dialog = enlarge(page, p)
        np.testing.assert_allclose(levels(page, LARGE, np.array(points)[seen]), wanted, atol=1)
        if not seen.all():
            assert not colours(page, LARGE, np.array(points)[~seen])[:, 3].any()  # no number, no colour
        bar = dialog.locator(".nlviz-dependence-bar")
        assert [float(n) for n in bar.locator(".nlviz-number").all_inner_texts()] == pytest.approx([low, high], rel=0.01)
        assert bar.inner_text().endswith(f"mean divergence to all queries, nats · {'shared' if scale == 'shared' else 'own'} scale")
        page.keyboard.press("Escape")
    bar = page.locator(".nlviz-dependence-pictures .nlviz-dependence-bar")
    assert bar.is_visible() == (scale == "shared")
    opacity = page.evaluate("s => getComputedStyle(document.querySelector(s)).opacity", small(dense))
    assert float(opacity) == 0.65
    choose(page, "colours", "inferno")
    levels(page, small(dense), centres((5, 6))[1], "inferno")


@pytest.mark.parametrize("how", ["click", "Enter"])
def test_a_small_picture_is_enlarged_with_its_sentence_and_escape_closes_it(page, how):
    dense = the("dense")
    serve(page, [dense], dense={"picture": picture(np.arange(30.0).reshape(5, 6))})
    show(page, [dense])
    settle(page)
    one, dialog = thumb(page, dense), page.get_by_role("dialog", name="Where attention depends on the query")
    before = page.evaluate("viewer.state().query")
    if how == "click":
        one.click()
    else:
        one.focus()
        page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    assert dialog.get_by_role("heading").inner_text() == "dense" and "Of dense/0." in dialog.inner_text()
    widths = [box.bounding_box()["width"] for box in (one.locator(".nlviz-picture"), dialog.locator(".nlviz-picture"))]
    assert widths[1] > 3 * widths[0]
    assert page.evaluate("viewer.state().query") == before and page.evaluate("viewer.state().pins") == []
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(one).to_be_focused()
    one.click()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
    one.click()
    page.mouse.click(5, 5)  # beside it
    expect(dialog).to_be_hidden()


def test_a_click_on_the_enlarged_picture_pins_that_query_and_a_second_one_lets_it_go(page):
    dense, without = the("dense"), the("global")
    serve(page, [dense], dense={"picture": picture(np.arange(30.0).reshape(5, 6))})
    answer(page, **{"global/0 attention": attention(note="one map for every query")})
    show(page, [dense, without])
    settle(page)
    assert thumb(page, without).count() == 0  # there is nothing to show
    enlarge(page, dense)
    spot = (2.5 / 6, 3.5 / 5)  # row 3, column 2
    pin(page, spot, area=MARKS)
    assert [p["cell"] for p in page.evaluate("viewer.state().pins")] == [[3, 2]]
    assert page.locator(".nlviz-strip .nlviz-pin").count() == 1
    assert page.evaluate("viewer.state().query.cell") == [3, 2] and page.evaluate("viewer.state().hovered") == "dense/0"
    assert colours(page, MARKS, [spot])[0, 3] == 255 and not colours(page, MARKS, [(0.9, 0.1)])[0, 3]  # the pin is on it
    pin(page, spot, area=MARKS)
    assert page.evaluate("viewer.state().pins") == []
    point(page, MARKS, 0.1, 0.1)
    assert page.evaluate("viewer.state().query.cell") == [0, 0]  # pointing asks, as anywhere


def test_the_most_and_least_typical_queries_can_be_pinned(page):
    dense, pooled = the("dense"), the("pooled")
    values = 1 + np.random.default_rng(3).random((5, 6))
    values[1, 4], values[4, 0], values[0, 0] = 0.5, 3, np.nan
    boxed = np.ones((12, 12))
    boxed[0, 0], boxed[11, 11], boxed[4, 4], boxed[7, 8] = 0, 9, 0.5, 2  # the extremes lie beside the picture
    box = {"scale": [12, 6], "offset": [0, 3]}
    serve(page, [dense, pooled], dense={"picture": picture(values)}, pooled={"picture": picture(boxed, box)})
    show(page, [dense, pooled])
    settle(page)
    dialog = enlarge(page, dense)
    most, least = (dialog.locator(f"[data-action=pin-{which}-typical]") for which in ("most", "least"))
    assert (most.inner_text(), least.inner_text()) == ("Pin the most typical", "Pin the least typical")
    for button in (most, most, least, least):
        button.click()
    grid = page.evaluate("viewer.state().reference")
    finest = {"query_grid": grid, "query_place": place(grid)}

    def at(row, column, rows, columns):  # the finest grid's cell at that cell's centre
        return list(divmod(asked_cell(finest, "query", (column + 0.5) / columns, (row + 0.5) / rows), grid[1]))

    assert [p["cell"] for p in page.evaluate("viewer.state().pins")] == [at(1, 4, 5, 6), at(4, 0, 5, 6)]
    page.keyboard.press("Escape")
    page.locator("[data-action=clear-pins]").click()
    enlarge(page, pooled)
    for button in (most, least):
        button.click()
    assert [p["cell"] for p in page.evaluate("viewer.state().pins")] == [at(1, 4, 6, 12), at(4, 8, 6, 12)]
    page.keyboard.press("Escape")
    pin(page, *[(0.05 + 0.1 * n, 0.05) for n in range(6)])
    enlarge(page, dense)
    most.click()
    assert "Eight queries are pinned" in page.locator(".nlviz-message").inner_text()
    assert len(page.evaluate("viewer.state().pins")) == 8


def test_where_every_query_is_the_same_none_is_typical(page):
    serve(page, [the("global")], **{"global": {"picture": picture(np.zeros((6, 8)))}})
    show(page, [the("global")])
    settle(page)
    assert enlarge(page, the("global")).locator("[data-action=pin-most-typical]").is_disabled()


@pytest.mark.parametrize("width", [1440, 1024, 940, 390])
def test_nothing_below_the_panels_is_wider_than_its_place(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    panels = [the("dense"), the("dot"), the("global"), the("channels"), the("pooled"), *trained(page, "net")]
    serve(page, panels[:-1], dot={"jsd_att_nats": None, "reason": REASON, "note": REASON},
          dense={"picture": picture(np.arange(30.0).reshape(5, 6)), "jsd_att_nats": 0.0084, "shuffled": (0.0001234, 0.0847)})
    show(page, panels)
    pin(page, *[(0.05 + 0.12 * n, 0.1 + 0.1 * n) for n in range(8)])
    move(page, panels[-1], 1)
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = page.evaluate("""[".nlviz-depends", ".nlviz-distance-table", ".nlviz-panel"].flatMap(all =>
            [...document.querySelectorAll(all)]).flatMap(part => {
        const {left, right} = part.getBoundingClientRect(), scrolled = ".nlviz-scroll > table, .nlviz-dependences";
        return [...part.querySelectorAll("*")].filter(node => {
            const box = node.getBoundingClientRect();
            return box.width && !node.closest(scrolled) && (box.left < left - 1 || box.right > right + 1);
        }).map(node => `${part.className} ${node.className} ${node.textContent}`);
    })""")
    assert outside == []
    page.evaluate("document.body.style.fontFamily = 'sans-serif'")  # wider than the browser's own
    heights = page.locator(".nlviz-numbers tr:first-child > *").evaluate_all("all => all.map(cell => cell.offsetHeight)")
    scrolls = page.locator(".nlviz-depends .nlviz-scroll").evaluate("node => node.scrollWidth > node.clientWidth")
    page.evaluate("document.body.style.fontFamily = ''")
    assert max(heights[6:]) < 32  # below the head no cell is of two lines
    assert scrolls == (width == 390)  # in its own box
