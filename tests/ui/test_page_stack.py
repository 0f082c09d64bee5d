"""A transformer on the page: layers x heads follow the pointer, stand side by side, and come back from an address and a figure."""

import re

import numpy as np
import pytest

from nlviz.figures import colour_table
from nlviz.recipes import Recipe, recipe_in
from tests.ui.answers import analysed, assert_drawn
from tests.ui.visitor import Visitor, address

NAME = "dinov2_small"
PANEL, STAGE = f"{NAME}/0", ".nlviz-stack-stage"
EYE = (0.42, 0.29)  # of the lion


def placed(part: str):
    return next(one for one in analysed(NAME).maps if one.nl_map.part == part)


@pytest.fixture
def lion(visit) -> Visitor:
    """The lion in the transformer alone, with every layer."""
    return whole(visit(address([NAME])).evenly())


def whole(site: Visitor) -> Visitor:
    site.page.wait_for_function("site.viewer.state().panels.every(({layers}) => layers === 12)")
    return site.drawn()


def thumbnail(site: Visitor, layer: int, row: int) -> list[list[int]]:
    """Colours of the 16 x 16 cells of a thumbnail; row 0 is the mean."""
    return site.page.locator(f"canvas.nlviz-stack-heats[data-panel='{PANEL}']").evaluate("""(canvas, [layer, row]) => {
        const stage = canvas.parentElement, {left, top, width, height} = stage.getBoundingClientRect();
        const [across, down] = ["top", "left"].map(side => [...stage.querySelectorAll(`.nlviz-stack-label.nlviz-${side}`)]);
        const x = across[layer - 1].getBoundingClientRect(), y = down[row].getBoundingClientRect(), side = x.width;
        const points = Array.from({length: 256}, (_, at) => [(x.left - left + (at % 16 + .5) / 16 * side) / width,
            (y.top + y.height / 2 - top - side / 2 + (Math.floor(at / 16) + .5) / 16 * side) / height]);
        return site.colours(canvas, points);
    }""", [layer, row])


def test_hovering_the_lions_eye_lights_pythons_own_row_in_the_panel_and_in_thumbnails_without_a_request(lion):
    lion.ask(*EYE)
    before = len(lion.requests)
    for x, y in [(0.2, 0.8), EYE]:
        lion.ask(x, y)
        assert_drawn(lion, {PANEL: placed("layer 12, mean of 6 heads")}, x, y, scale="shared", veil="even")
    assert len(lion.requests) == before
    high, table = placed("layer 12, mean of 6 heads").heatmap(*EYE).max().item(), colour_table("viridis")
    for layer, row, part in ((12, 3, "layer 12, head 3"), (1, 0, "layer 1, mean of 6 heads"), (7, 6, "layer 7, head 6")):
        level = np.clip(np.floor(256 * placed(part).heatmap(*EYE).flatten().numpy() / high), 0, 255).astype(int)
        found = np.array(thumbnail(lion, layer, row))[:, :3]
        near = np.abs(found.astype(int) - table[level]).max(1) <= 8
        assert near.mean() > 0.95  # a cell is three pixels wide


def test_at_518_pixels_a_place_is_one_of_37_x_37_cells_and_the_class_token_can_be_asked(lion):
    lion.resolution(518).evenly()
    shown = next(one for one in analysed(NAME, resolution=518).maps if one.nl_map.part == "layer 12, mean of 6 heads")
    assert shown.keys.grid == (37, 37)
    lion.ask(*EYE)
    assert_drawn(lion, {PANEL: shown}, *EYE, scale="shared", veil="even")
    lion.page.get_by_role("button", name="class token").click()
    found = lion.page.evaluate("site.viewer.state({values: true}).maps[0].values")
    np.testing.assert_allclose(found, shown.heatmap(*EYE, "class token").flatten().numpy(), rtol=2e-4, atol=1e-7)


def test_two_heads_side_by_side_come_back_from_the_address_and_the_figure(lion, visit):
    lion.page.locator("[data-action=beside]").click()
    lion.page.locator(f"select[data-choice=layer][data-panel='{PANEL}+1']").select_option("layer 10")
    lion.page.locator(f"select[data-choice=head][data-panel='{PANEL}+1']").select_option("head 5")
    lion.page.locator("[data-action=token]").click()
    parts = {PANEL: "layer 12, mean of 6 heads", f"{PANEL}+1": "layer 10, head 5"}
    lion.page.wait_for_function("decodeURIComponent(location.hash).includes('token=class')")
    recipe = Recipe.from_json(recipe_in(lion.export().read_bytes()))
    assert recipe.parts == parts and recipe.token == "class token"
    again = whole(visit(re.sub(r"^[^#]*", "", lion.page.evaluate("location.href"))))
    state = again.page.evaluate("site.viewer.state()")
    assert state["parts"] == parts and state["settings"]["token"] == "class token"
    wanted = placed("layer 10, head 5").heatmap(0, 0, "class token")
    values = {m["id"]: m["values"] for m in again.page.evaluate("site.viewer.state({values: true}).maps")}
    np.testing.assert_allclose(values[f"{PANEL}+1"], wanted.flatten().numpy(), rtol=1e-3, atol=1e-6)


def test_how_much_each_head_depends_on_the_query_is_measured_when_somebody_looks(lion):
    lion.page.locator(".nlviz-shares").scroll_into_view_if_needed()
    cells = "[...document.querySelectorAll('.nlviz-share-cell')]"
    lion.page.wait_for_function(f"{cells}.every(one => /^[0-9]+$/.test(one.textContent))")
    shares = [int(text) for text in lion.page.locator(".nlviz-share-cell").all_inner_texts()]
    assert len(shares) == 84 and min(shares) < 40 and max(shares) > 90
    lion.page.locator(".nlviz-share-cell[data-map='layer 3, head 2']").click()
    assert lion.page.evaluate("site.viewer.state().parts") == {PANEL: "layer 3, head 2"}


def test_the_layouts_of_layers_and_heads_are_drawn(lion):
    recipe = Recipe.from_json(recipe_in(lion.export(layout="layers x heads").read_bytes()))
    assert recipe.layout == "layers x heads" and [network["name"] for network in recipe.networks] == [NAME]
