"""Blocks with several maps, the terms of a map, channels and gates."""

import numpy as np
import pytest
from playwright.sync_api import expect

from nlviz.figures import DIVERGING
from nlviz.maps import TERMS, flat_index
from nlviz.recipes import Recipe, recipe_in
from tests.ui.answers import POINTS, analysed, assert_drawn, drawn_levels
from tests.ui.visitor import CHEETAH

PARTS = {"msrc_criss_cross": ["A2 A1", "A1", "A2"], "msrc_disentangled": ["sum", "pairwise", "unary"],
         "msrc_pyramid_oc": ["whole picture", "2 × 2 cells", "3 × 3 cells", "6 × 6 cells"]}


@pytest.mark.parametrize("name, parts", PARTS.items(), ids=PARTS)
def test_each_map_of_a_block_can_be_chosen_and_is_the_one_that_it_used(site, name, parts):
    site.choose(name, photo=CHEETAH)
    (call,) = analysed(name, CHEETAH).calls
    assert [placed.nl_map.part for placed in call] == parts
    for placed in call:
        site.choose_map(f"{name}/0", placed.nl_map.part)
        for x, y in POINTS[:2]:
            site.ask(x, y)
            assert_drawn(site, {f"{name}/0": placed}, x, y)


@pytest.mark.parametrize("term", TERMS[1:])
def test_a_term_of_the_map_is_drawn_with_the_values_that_python_gives_it(site, term):
    name = "msrc_embedded_gaussian"
    site.choose(name, "msrc_gc").evenly().set("term", term)
    placed, point = analysed(name).maps[0], POINTS[0]
    site.ask(*point)
    query = flat_index(placed.queries.cell(*point), placed.queries.grid)
    values = placed.nl_map.term(term).row(query).view(placed.keys.grid).double().numpy()
    if term == "row minus the mean row":
        highest, table = np.abs(values).max(), DIVERGING
        limits = -highest, highest
        blank = drawn_levels(site, "msrc_gc/0", analysed("msrc_gc").maps[0].keys, DIVERGING)
        assert set(blank) == {128}  # one map for every query
    else:
        others = analysed("msrc_gc").maps[0].nl_map.row(0).max().item() if term == "unary only" else 0
        limits, table = (0, max(values.max(), others)), "viridis"
    wanted = np.clip(np.floor(256 * (values - limits[0]) / (limits[1] - limits[0])), 0, 255)
    np.testing.assert_allclose(drawn_levels(site, f"{name}/0", placed.keys, table), wanted.flatten(), atol=2)
    if term == "pairwise only":
        expect(site.page.locator(".nlviz-panel[data-panel='msrc_gc/0']")).to_contain_text("nothing in it is pairwise")


def test_hovering_a_row_of_a_channel_matrix_shows_that_channel_on_the_photo(site):
    site.choose("msrc_dual").evenly()
    cam = analysed("msrc_dual").calls[1][0]
    panel = site.page.locator(".nlviz-panel[data-panel='msrc_dual/1']")
    expect(panel).to_contain_text("a place in the picture has no row here")
    matrix = panel.locator(".nlviz-chooser")
    matrix.scroll_into_view_if_needed()
    box, channel = matrix.bounding_box(), 40
    site.page.mouse.move(box["x"] + 5, box["y"] + (channel + 0.5) / 128 * box["height"])
    site.drawn()
    related = [str(c) for c in cam.nl_map.row(channel).topk(3).indices.tolist()]
    expect(panel.locator(".nlviz-thumb")).to_have_count(3)
    assert panel.locator(".nlviz-thumb").evaluate_all("all => all.map(node => node.dataset.channel)") == related
    features = cam.nl_map.input[0, channel].numpy()
    wanted = np.clip(np.floor(256 * (features - features.min()) / np.ptp(features)), 0, 255)
    found = drawn_levels(site, "msrc_dual/1", cam.channels)
    np.testing.assert_allclose(found, wanted.flatten(), atol=3)  # sent as 255 steps


def test_a_gate_of_positions_lies_over_the_photo(site):
    site.choose("msrc_rga").evenly()
    site.choose_map("msrc_rga/0", "gate of positions")
    gate = analysed("msrc_rga").calls[0][1]
    values = gate.heatmap(0.5, 0.5).numpy()
    wanted = np.clip(np.floor(256 * values / values.max()), 0, 255)
    np.testing.assert_allclose(drawn_levels(site, "msrc_rga/0", gate.keys), wanted.flatten(), atol=2)


def test_channels_and_gates_have_no_row_in_the_strip(site):
    site.choose("msrc_dual", "msrc_se").ask(*POINTS[0], click=True)
    assert site.strip.evaluate_all("all => all.map(canvas => canvas.dataset.panel)") == ["msrc_dual/0"]


def test_the_exported_figure_has_the_map_and_the_term_that_are_shown(site):
    site.choose("msrc_criss_cross").set("term", "row minus the mean row")
    site.choose_map("msrc_criss_cross/0", "A1")
    recipe = Recipe.from_json(recipe_in(site.export().read_bytes()))
    assert recipe.term == "row minus the mean row" and recipe.parts == {"msrc_criss_cross/0": "A1"}
