"""Several panels of one network, named tokens as queries, and how much each head depends on the query."""

import numpy as np
from playwright.sync_api import expect

from nlviz.numbers import percent
from tests.viewer.pages import PHOTO, colours, drawn, levels, point, scaled
from tests.viewer.scenes import dense_map, floats, softmax, the
from tests.viewer.scenes import scene as made
from tests.viewer.stacks import CENTRES, SHOWN, boxes, click, heats, inside, placed, row, scene, show, shown

CHIP = "[data-action=token]"


def heat(panel: str) -> str:
    return f".nlviz-panels .nlviz-heat[data-panel='{panel}']"


def beside(page, panel: str = "vit/0") -> None:
    page.locator(f".nlviz-stack[data-panel='{panel}'] [data-action=beside]").click()


# ---------------------------------------------------------------------------------------------------- side by side

def test_another_head_stands_beside_with_a_map_of_its_own_and_shares_the_layers(page):
    show(page)
    before = page.evaluate("asked.layers.length")
    beside(page)
    assert shown(page) == {"vit/0": SHOWN, "vit/0+1": "layer 4, head 1"}
    click(page, "layer 2, head 3", "vit/0+1")
    point(page, PHOTO, 0.55, 0.4)
    rows = [row(SHOWN, 0.55, 0.4), row("layer 2, head 3", 0.55, 0.4)]
    high = max(r.max() for r in rows)  # one scale for both
    for panel, wanted in zip(("vit/0", "vit/0+1"), rows):
        np.testing.assert_allclose(levels(page, heat(panel), CENTRES), scaled(wanted, 0, high), atol=1)
        found = levels(page, heats(panel), inside(boxes(page, panel)["layer 1, head 2"], CENTRES))
        np.testing.assert_allclose(found, scaled(row("layer 1, head 2", 0.55, 0.4), 0, high), atol=1)
    assert page.evaluate("asked.layers.length") == before
    page.wait_for_function("changes.at(-1)?.parts['vit/0+1'] === 'layer 2, head 3'")


def test_up_to_four_stand_beside_and_each_has_its_own_way_out(page):
    show(page)
    for _ in range(5):
        beside(page)
    assert list(shown(page)) == ["vit/0", "vit/0+1", "vit/0+2", "vit/0+3", "vit/0+4"]
    assert "remove one first" in page.locator(".nlviz-message").inner_text()
    assert page.locator("[data-action=remove-beside][data-panel='vit/0']").count() == 0
    page.locator("[data-action=remove-beside][data-panel='vit/0+2']").click()
    assert list(shown(page)) == ["vit/0", "vit/0+1", "vit/0+3", "vit/0+4"]
    beside(page)
    assert "vit/0+2" in shown(page)


def test_a_view_brings_them_back_and_takes_away_the_others(page):
    show(page)
    beside(page)
    parts = {"vit/0": "layer 1, head 1", "vit/0+2": "layer 3, head 2"}
    page.evaluate("parts => viewer.restore({parts})", parts)
    assert shown(page) == parts
    page.locator("[data-action=export-open]").click()
    page.locator("[data-action=export-figure]").click()
    page.wait_for_function("exported.length")
    assert page.evaluate("exported[0].parts") == parts
    page.evaluate("viewer.restore({queries: []})")
    assert shown(page) == parts  # a view that names no maps
    page.evaluate("viewer.restore({parts: {'vit/0': 'layer 1, head 1'}})")
    assert list(shown(page)) == ["vit/0"]


# ---------------------------------------------------------------------------------------------------- named tokens

def test_a_chip_shows_the_class_tokens_row_in_every_panel_and_thumbnail(page):
    show(page)
    chip = page.locator(CHIP)
    assert chip.all_inner_texts() == ["class token"]
    chip.click()
    assert chip.get_attribute("aria-pressed") == "true" and page.evaluate("viewer.state().settings.token") == "class token"
    wanted = row(SHOWN, 0, 0, "class token")
    for x, y in ((0.1, 0.2), (0.9, 0.9)):  # wherever the pointer is
        point(page, PHOTO, x, y)
        np.testing.assert_allclose(levels(page, heat("vit/0"), CENTRES), scaled(wanted, 0, wanted.max()), atol=1)
    found = levels(page, heats(), inside(boxes(page)["layer 2, head 1"], CENTRES))
    np.testing.assert_allclose(found, scaled(row("layer 2, head 1", 0, 0, "class token"), 0, wanted.max()), atol=1)
    assert page.locator(".nlviz-status").inner_text().startswith("Class token → strongest key: vit")


def test_the_chip_again_or_escape_returns_to_the_pointer(page):
    show(page)
    point(page, PHOTO, 0.1, 0.2)
    wanted = scaled(row(SHOWN, 0.1, 0.2), 0, row(SHOWN, 0.1, 0.2).max())
    for leave in (page.locator(CHIP).click, lambda: page.keyboard.press("Escape")):
        page.locator(CHIP).click()
        leave()
        assert page.locator(CHIP).get_attribute("aria-pressed") == "false"
        np.testing.assert_allclose(levels(page, heat("vit/0"), CENTRES), wanted, atol=1)


def test_a_panel_without_the_token_says_so_and_the_share_of_named_tokens_is_said(page):
    show(page)
    both = scene("vit")["panels"] + [the("dense")]
    page.evaluate("scene => viewer.show(scene)", made() | {"key": {"picture": "2"}, "panels": both})
    point(page, PHOTO, 0.1, 0.2)
    nl_map = placed().nl_map
    share = nl_map.row(placed().query(0.1, 0.2))[24].item()
    said = page.locator(".nlviz-panel[data-panel='vit/0'] .nlviz-taken").inner_text()
    assert said == f"class token {100 * share:.0f} %"
    page.locator(CHIP).click()
    assert page.locator(".nlviz-panel[data-panel='dense/0'] .nlviz-here").inner_text() == "n/a: no class token here"
    assert (colours(page, heat("dense/0"), CENTRES)[:, 3] == 0).all()


# ---------------------------------------------------------------------------------------------------- does it depend on the query?

def test_the_matrix_of_shares_is_filled_layer_by_layer_while_it_is_in_sight(page):
    page.set_viewport_size({"width": 1200, "height": 420})
    show(page)
    page.evaluate("held.shares = true")
    assert page.evaluate("asked.shares") == []  # nobody looks
    table = page.locator(".nlviz-shares")
    table.scroll_into_view_if_needed()
    expect(page.locator(".nlviz-depends-stack [role=status]")).to_have_text("measuring layer 1 of 4")
    page.evaluate("window.scrollTo(0, 0)")
    drawn(page)
    page.evaluate("waiting.shares[0].resolve()")
    drawn(page)
    assert page.evaluate("asked.shares") == [4]  # it has been left
    page.evaluate("held.shares = false")
    table.scroll_into_view_if_needed()
    page.wait_for_function("asked.shares.length === 4")
    cells = table.locator("tbody tr").nth(1).locator("button")
    expect(cells.nth(3)).to_have_text("40")
    assert cells.all_inner_texts() == ["25", "30", "35", "40"]
    assert cells.nth(0).get_attribute("aria-label") == "layer 1, head 1: 25 % of shuffled"
    backgrounds = cells.evaluate_all("all => all.map(one => getComputedStyle(one).backgroundColor)")
    assert len(set(backgrounds)) == 4


def test_a_cell_shows_that_head_and_the_table_has_a_row_for_each_map_shown(page):
    show(page)
    page.locator(".nlviz-share-cell[data-map='layer 2, head 3']").click()
    assert shown(page) == {"vit/0": "layer 2, head 3"}
    pressed = page.locator(".nlviz-share-cell[aria-pressed=true]")
    assert pressed.evaluate_all("all => all.map(one => one.dataset.map)") == ["layer 2, head 3"]
    beside(page)
    rows = page.locator(".nlviz-row").evaluate_all("all => all.map(one => one.dataset.map)")
    assert rows == list(shown(page).values())


def test_a_layer_that_cannot_be_measured_says_why_and_can_be_asked_again(page):
    page.set_viewport_size({"width": 1200, "height": 420})
    show(page)
    page.evaluate("held.shares = true")
    page.locator(".nlviz-shares").scroll_into_view_if_needed()
    page.wait_for_function("asked.shares.length === 1")
    page.evaluate("held.shares = false; waiting.shares[0].reject('no memory')")
    page.wait_for_function("asked.shares.length === 4")
    trouble = page.locator(".nlviz-depends-stack .nlviz-trouble")
    expect(trouble.locator("[role=alert]")).to_have_text("no memory")
    trouble.locator("button").click()
    expect(trouble).to_be_hidden()
    assert page.evaluate("asked.shares.at(-1)") == 4


def test_many_tokens_are_a_list_and_those_of_a_kind_are_said_together(page):
    names = ["class token", *(f"register token {number}" for number in range(1, 5))]
    weights = softmax(floats(11, 11)).astype("f4")
    sent, _ = dense_map(weights, [2, 3])
    panel = {"id": "many/0", "title": "many", "block": "many", "maps": [sent | {"query_tokens": names, "key_tokens": names}],
             "features": None}
    page.evaluate("scene => viewer.show(scene)", made() | {"key": {"picture": "3"}, "panels": [panel]})
    point(page, PHOTO, 0.1, 0.1)
    said = page.locator(".nlviz-taken").inner_text()
    assert said == f"class token {percent(weights[0, 6])} · 4 register tokens {percent(weights[0, 7:].sum())}"
    chooser = page.locator("select[data-choice=token]")
    assert chooser.locator("option").all_inner_texts() == ["the pointer", *names]
    chooser.select_option("register token 2")
    values = page.evaluate("viewer.state({values: true}).maps[0].values")
    np.testing.assert_allclose(values, weights[8, :6], rtol=1e-5)
    chooser.select_option("the pointer")
    assert page.evaluate("viewer.state().settings.token") == ""
