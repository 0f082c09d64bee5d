"""The picture of each card: every query's mean divergence where the query lies."""

import numpy as np
import pytest

from tests.viewer.pages import asked_cell, centres, choose, colours, evenly, levels, pin, point, scaled
from tests.viewer.scenes import place, the
from tests.viewer.served import REASON, answer, attention, card, picture, serve, settle, show
from tests.viewer.snapshots import move, trained


def card_heat(p: dict) -> str:
    return f".nlviz-card .nlviz-heat[data-panel='{p['id']}']"


@pytest.mark.parametrize("scale", ["shared", "per panel"])
def test_the_picture_shows_every_querys_mean_divergence_where_the_query_lies(page, scale):
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
        found = levels(page, card_heat(p), np.array(points)[seen])
        np.testing.assert_allclose(found, scaled(of.flat[cells][seen], low, high), atol=1)
        if not seen.all():
            assert not colours(page, card_heat(p), np.array(points)[~seen])[:, 3].any()  # no number, no colour
        bar = card(page, p).locator(".nlviz-dependence-bar")
        assert [float(n) for n in bar.locator(".nlviz-number").all_inner_texts()] == pytest.approx([low, high], rel=0.01)
        assert "mean divergence to all queries, nats" in bar.inner_text()
        assert ("shared scale" if scale == "shared" else "own scale") in bar.inner_text()
    opacity = page.evaluate("s => getComputedStyle(document.querySelector(s)).opacity", card_heat(dense))
    assert float(opacity) == 0.65
    choose(page, "colours", "inferno")
    levels(page, card_heat(dense), centres((5, 6))[1], "inferno")


def test_a_click_on_the_picture_pins_that_query_and_a_second_one_lets_it_go(page):
    dense, without = the("dense"), the("global")
    serve(page, [dense], dense={"picture": picture(np.arange(30.0).reshape(5, 6))})
    answer(page, **{"global/0 attention": attention(note="one map for every query")})
    show(page, [dense, without])
    settle(page)
    marks = f".nlviz-card .nlviz-marks[data-panel='{dense['id']}']"
    spot = (2.5 / 6, 3.5 / 5)  # row 3, column 2
    pin(page, spot, area=marks)
    assert [p["cell"] for p in page.evaluate("viewer.state().pins")] == [[3, 2]]
    assert page.locator(".nlviz-strip .nlviz-pin").count() == 1
    assert page.evaluate("viewer.state().query.cell") == [3, 2] and page.evaluate("viewer.state().hovered") == "dense/0"
    assert colours(page, marks, [spot])[0, 3] == 255 and not colours(page, marks, [(0.9, 0.1)])[0, 3]  # the pin is on it
    pin(page, spot, area=marks)
    assert page.evaluate("viewer.state().pins") == []
    point(page, marks, 0.1, 0.1)
    assert page.evaluate("viewer.state().query.cell") == [0, 0]  # pointing asks, as anywhere
    none = card(page, without).locator(".nlviz-no-picture")
    assert none.inner_text() == "one map for every query" and not card(page, without).locator(".nlviz-picture").is_visible()
    none.click()
    assert page.evaluate("viewer.state().pins") == []
    assert not card(page, without).locator("[data-action=pin-most-typical]").is_visible()


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
    most, least = (card(page, dense).locator(f"[data-action=pin-{which}-typical]") for which in ("most", "least"))
    assert (most.inner_text(), least.inner_text()) == ("Pin the most typical", "Pin the least typical")
    for button in (most, most, least, least):
        button.click()
    grid = page.evaluate("viewer.state().reference")
    finest = {"query_grid": grid, "query_place": place(grid)}

    def at(row, column, rows, columns):  # the finest grid's cell at that cell's centre
        return list(divmod(asked_cell(finest, "query", (column + 0.5) / columns, (row + 0.5) / rows), grid[1]))

    assert [p["cell"] for p in page.evaluate("viewer.state().pins")] == [at(1, 4, 5, 6), at(4, 0, 5, 6)]
    page.locator("[data-action=clear-pins]").click()
    for which in ("most", "least"):
        card(page, pooled).locator(f"[data-action=pin-{which}-typical]").click()
    assert [p["cell"] for p in page.evaluate("viewer.state().pins")] == [at(1, 4, 6, 12), at(4, 8, 6, 12)]
    pin(page, *[(0.05 + 0.1 * n, 0.05) for n in range(6)])
    most.click()
    assert "Eight queries are pinned" in page.locator(".nlviz-message").inner_text()
    assert len(page.evaluate("viewer.state().pins")) == 8


def test_where_every_query_is_the_same_none_is_typical(page):
    serve(page, [the("global")], **{"global": {"picture": picture(np.zeros((6, 8)))}})
    show(page, [the("global")])
    settle(page)
    assert card(page, the("global")).locator("[data-action=pin-most-typical]").is_disabled()


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
    outside = page.evaluate("""[...document.querySelectorAll(".nlviz-card, .nlviz-distance-table, .nlviz-panel")].flatMap(part => {
        const {left, right} = part.getBoundingClientRect();
        return [...part.querySelectorAll("*")].filter(node => {
            const box = node.getBoundingClientRect();
            return box.width && !node.closest(".nlviz-scroll > table") && (box.left < left - 1 || box.right > right + 1);
        }).map(node => `${part.className} ${node.className} ${node.textContent}`);
    })""")
    assert outside == []
    page.evaluate("document.body.style.fontFamily = 'sans-serif'")  # wider than the browser's own
    too_long = page.locator(".nlviz-numbers td .nlviz-together").evaluate_all("""all => all.filter(node => {
        const text = document.createRange(), cell = node.closest("td").getBoundingClientRect();
        text.selectNodeContents(node);
        const box = text.getBoundingClientRect();
        return box.left < cell.left || box.right > cell.right + 1;
    }).map(node => node.textContent)""")
    page.evaluate("document.body.style.fontFamily = ''")
    assert too_long == []
