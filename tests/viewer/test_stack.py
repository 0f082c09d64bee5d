"""Layers x heads in a panel: thumbnails of every map follow the query, and one becomes the panel's map."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.viewer.pages import PHOTO, colours, drawn, levels, point, scaled
from tests.viewer.stacks import CENTRES, NAMES, SHOWN, STAGE, boxes, click, heats, inside, layers, row, scene, show, shown

HEAT = ".nlviz-panels .nlviz-heat[data-panel='vit/0']"
PLACES = [(0.1, 0.2), (0.55, 0.4), (0.99, 0.99)]
SAMPLED = [SHOWN, "layer 1, head 2", "layer 3, mean of 3 heads", "layer 4, head 3"]


def assert_drawn(page, x: float, y: float, token: str = "") -> None:
    """The panel and sampled thumbnails have the colours of Python's own rows, on the panel's scale."""
    high = row(SHOWN, x, y, token).max()
    np.testing.assert_allclose(levels(page, HEAT, CENTRES), scaled(row(SHOWN, x, y, token), 0, high), atol=1)
    places = boxes(page)
    for name in SAMPLED:
        found = levels(page, heats(), inside(places[name], CENTRES))
        np.testing.assert_allclose(found, scaled(row(name, x, y, token), 0, high), atol=1)


def test_hovering_lights_in_the_panel_and_in_every_thumbnail_what_pythons_own_row_says_without_a_request(page):
    show(page)
    before = page.evaluate("asked.layers.length")
    for x, y in PLACES:
        point(page, PHOTO, x, y)
        assert_drawn(page, x, y)
    assert page.evaluate("asked.layers.length") == before == 3 and page.evaluate("viewer.state().thumbnails")


def test_every_map_has_a_thumbnail_layers_across_and_heads_down_the_mean_on_top(page):
    show(page)
    found = boxes(page)
    assert sorted(found) == sorted(NAMES)
    for layer in (1, 2, 3):
        assert found[f"layer {layer}, head 1"]["x"] < found[f"layer {layer + 1}, head 1"]["x"]
    column = [found[f"layer 2, {head}"] for head in ("mean of 3 heads", "head 1", "head 2", "head 3")]
    assert [c["y"] for c in column] == sorted(c["y"] for c in column) and len({round(c["x"], 4) for c in column}) == 1
    assert page.locator(".nlviz-stack-label").all_inner_texts() == ["1", "2", "3", "4", "mean", "1", "2", "3"]


def test_the_shown_layer_comes_first_and_the_others_are_quiet_until_they_come(page):
    show(page, held=True)
    assert scene("vit")["panels"][0]["layers"][0]["number"] == 4 and page.evaluate("asked.layers") == [3]
    places = boxes(page)
    late = "layer 3, head 1"
    assert (colours(page, heats(), inside(places[late], CENTRES))[:, 3] == 0).all()
    backs = colours(page, ".nlviz-stack-backs", inside(places[late], CENTRES))
    assert len({tuple(c) for c in backs.tolist()}) == 1 and backs[0, 3] < 64
    click(page, late)  # its layer is not here yet
    expect(page.locator(".nlviz-stack-words")).to_have_text(f"{late}: on its way")
    assert "on its way" in page.locator(".nlviz-panel[data-panel='vit/0'] .nlviz-here").inner_text()
    click(page, "layer 1, head 1")
    page.evaluate("held.layers = false; waiting.layers[0].resolve()")
    page.wait_for_function("asked.layers.length === 3")
    assert page.evaluate("asked.layers") == [3, 1, 2]  # what is chosen goes first


def test_what_goes_while_its_thumbnails_are_drawn_is_drawn_no_more(page):
    """No error may be found afterwards."""
    show(page)
    page.evaluate("""() => {
        const now = performance.now, start = now.call(performance);
        let at = start;
        performance.now = () => at += 1000;  // no time for a single one in this frame
        viewer.restore({query: [.2, .3]});
        performance.now = now;
        if (viewer.state().thumbnails) throw new Error("all are drawn");
        viewer.show(null);
    }""")
    drawn(drawn(page))
    assert page.locator(".nlviz-stack").count() == 0


def test_a_click_makes_a_thumbnail_the_panels_map_and_the_change_is_told(page):
    show(page)
    point(page, PHOTO, 0.55, 0.4)
    click(page, "layer 2, head 3")
    assert shown(page) == {"vit/0": "layer 2, head 3"}
    wanted = row("layer 2, head 3", 0.55, 0.4)
    np.testing.assert_allclose(levels(page, HEAT, CENTRES), scaled(wanted, 0, wanted.max()), atol=1)
    assert page.locator("select[data-choice=layer]").input_value() == "layer 2"
    assert page.locator("select[data-choice=head]").input_value() == "head 3"
    page.wait_for_function("changes.length && changes.at(-1).parts['vit/0'] === 'layer 2, head 3'")


def test_arrow_keys_choose_and_say_which(page):
    show(page)
    stage = page.locator(STAGE)
    stage.focus()
    said = []
    for key in ("ArrowDown", "ArrowLeft", "ArrowDown", "ArrowUp", "Home", "ArrowUp", "End"):
        page.keyboard.press(key)
        said.append(stage.get_attribute("aria-valuetext").split(":")[0])
    assert said == ["layer 4, head 1", "layer 3, head 1", "layer 3, head 2", "layer 3, head 1", NAMES[0], NAMES[0],
                    "layer 4, head 3"]
    assert stage.get_attribute("role") == "slider" and "Arrow keys" in stage.get_attribute("aria-label")
    assert shown(page) == {"vit/0": "layer 4, head 3"}


def test_two_lists_choose_layer_and_head_by_name(page):
    show(page)
    page.locator("select[data-choice=head]").select_option("head 2")
    page.locator("select[data-choice=layer]").select_option("layer 1")
    assert shown(page) == {"vit/0": "layer 1, head 2"}
    page.locator("select[data-choice=head]").select_option("mean of 3")
    assert shown(page) == {"vit/0": "layer 1, mean of 3 heads"}


def test_pointing_at_a_thumbnail_says_what_it_is(page):
    show(page)
    place, stage = boxes(page)["layer 2, head 1"], page.locator(STAGE)
    size = stage.bounding_box()
    (x, y), = inside(place, [(0.5, 0.5)])
    stage.hover(position={"x": x * size["width"], "y": y * size["height"]})
    numbers = layers()["2"]["maps"]["layer 2, head 1"]
    said = page.locator(".nlviz-stack-words").inner_text()
    assert said.startswith(f"layer 2, head 1: entropy {100 * numbers['entropy_share']:.0f} %, distance ")
    assert float(said.split("distance ")[1].split()[0]) == pytest.approx(numbers["distance"], rel=0.01)
    assert shown(page) == {"vit/0": SHOWN}  # pointing chooses nothing


@pytest.mark.parametrize("sort, key", [("entropy", "entropy_share"), ("distance", "distance")])
def test_thumbnails_are_sorted_the_smallest_first_in_reading_order(page, sort, key):
    show(page)
    page.locator("select[data-choice=sort]").select_option(sort)
    values = {name: one[key] for number in "1234" for name, one in layers()[number]["maps"].items()}
    found = boxes(page)
    read = sorted(found, key=lambda name: (round(found[name]["y"], 3), found[name]["x"]))
    assert read == sorted(values, key=values.get)
    point(page, PHOTO, 0.1, 0.2)
    assert_drawn(page, 0.1, 0.2)


def test_sorting_by_dependence_measures_every_layer_the_shown_one_first(page):
    page.set_viewport_size({"width": 1200, "height": 420})  # the section below is out of sight
    show(page)
    assert page.evaluate("asked.shares") == []
    page.evaluate("held.shares = true")
    page.locator("select[data-choice=sort]").select_option("dependence on the query")
    expect(page.locator(".nlviz-stack-head [role=status]")).to_have_text("measuring layer 1 of 4")
    page.evaluate("held.shares = false; waiting.shares[0].resolve()")
    page.wait_for_function("asked.shares.length === 4")
    assert page.evaluate("asked.shares") == [4, 1, 2, 3]
    expect(page.locator(".nlviz-stack-head [role=status]")).to_have_text("")
    found = boxes(page)
    read = sorted(found, key=lambda name: (round(found[name]["y"], 3), found[name]["x"]))
    assert read == [f"layer {layer}, {head}" for head in ("mean of 3 heads", "head 1", "head 2", "head 3") for layer in range(1, 5)]
    assert page.locator(".nlviz-stack-words").inner_text().endswith("20 % of shuffled")


def test_enlarged_it_spans_the_page_and_escape_brings_it_back(page):
    show(page, "vit", "other")
    small = page.locator(STAGE).first.bounding_box()
    page.locator("[data-action=enlarge-stack]").first.click()
    large = page.locator(".nlviz-large .nlviz-stack-stage").bounding_box()
    assert large["width"] > small["width"] and page.locator(".nlviz-large [data-action=enlarge-stack]").inner_text() == "Shrink"
    point(page, PHOTO, 0.55, 0.4)
    assert (colours(page, heats(), inside(boxes(page)["layer 1, head 1"], CENTRES))[:, 3] == 255).all()
    page.keyboard.press("Escape")
    assert page.locator(".nlviz-large .nlviz-stack").count() == 0
    assert page.locator(STAGE).first.bounding_box()["width"] == small["width"]


def test_without_a_server_the_layers_that_are_not_here_say_so(page):
    show(page, offline=True)
    assert set(boxes(page)) == set(NAMES)
    click(page, "layer 2, head 1")
    expect(page.locator(".nlviz-stack-words")).to_have_text("layer 2, head 1: not in this file")
    assert "not in this file" in page.locator(".nlviz-panel[data-panel='vit/0'] .nlviz-here").inner_text()
    click(page, "layer 4, head 1")
    assert (colours(page, HEAT, CENTRES)[:, 3] == 255).all()


def test_layouts_of_layers_and_heads_are_offered_where_there_are_some(page):
    show(page)
    page.locator("[data-action=export-open]").click()
    offered = page.locator("[data-export=layout] option:not([hidden])").all_inner_texts()
    assert offered[-2:] == ["layers x heads", "distance against layer"]
