"""The viewer alone, without gradio: its words, its maps, what it refuses."""

import numpy as np
import pytest

from tests.viewer.pages import (
    ask,
    assert_feature_drawn,
    centres,
    choose,
    choose_map,
    colours,
    drawn,
    evenly,
    heat,
    levels,
    node,
    point,
    row_of,
    scaled,
    show,
)
from tests.viewer.scenes import CENTRED, FULL, MAPS, PAIRWISE, PICTURE, packed, scene, the


def test_the_map_of_a_panel_can_be_chosen_and_stays_chosen_on_another_photo(viewer):
    panel, names = the("disentangled"), ["dense", "disentangled", "pyramid", "channels"]
    show(viewer, *names)
    assert viewer.locator(f"{node(panel)} select[data-choice=map] option").all_inner_texts() == ["sum", "pairwise", "unary"]
    assert viewer.locator(f"{node(the('dense'))} select[data-choice=map]").count() == 0
    evenly(viewer, "per panel")
    for m in panel["maps"]:
        choose_map(viewer, panel, m["name"])
        ask(viewer, 0.31, 0.77)
        row = row_of(panel, m, 0.31, 0.77)
        np.testing.assert_allclose(levels(viewer, heat(panel), centres([5, 7])[1]), scaled(row, row.min(), row.max()), atol=1)
    show(viewer, *names, picture=scene()["picture"] | {"url": PICTURE.format(301, 200)})
    assert viewer.locator(f"{node(panel)} select[data-choice=map]").input_value() == "unary"
    state = viewer.evaluate("viewer.state()")
    assert {"id": panel["id"], "map": "unary"} in state["panels"]
    assert state["parts"] == {"disentangled/0": "unary", "pyramid/0": "whole picture"}


def test_an_export_asks_for_the_chosen_maps_and_the_term(viewer):
    show(viewer, "dense", "criss-cross", "relations")
    choose_map(viewer, the("relations"), "gate of channels")
    choose(viewer, "term", CENTRED)
    viewer.locator("[data-action=export-open]").click()
    viewer.locator("[data-action=export-figure]").click()
    viewer.wait_for_function("requests.length")
    request = viewer.evaluate("requests[0]")
    assert request["parts"] == {"criss-cross/0": "A3 A2 A1", "relations/0": "gate of channels"}
    assert request["settings"]["term"] == CENTRED and request["format"] == "png" and request["queries"] == [[0.5, 0.5]]


def test_panels_of_which_the_same_is_to_be_said_are_said_together(viewer):
    show(viewer, "channels", "dense", "relations", "added", "pooled")
    choose_map(viewer, the("added"), "added to channels")
    choose(viewer, "term", PAIRWISE)
    status = viewer.locator(".nlviz-status")
    lead, *entries = status.evaluate("node => Array.from(node.childNodes, part => part.textContent)")
    assert lead.endswith("strongest key: ") and "".join([lead, *entries]) == status.inner_text()
    assert entries[0].startswith("pooled (") and entries[1:] == [
        "channels, relations · relations: rows are channels; ",
        "dense: n/a: not a softmax over q · k, so it has no pairwise and unary term; ",
        "added · added to channels: one value for each channel"]
    point(viewer, ".nlviz-panels .nlviz-marks[data-panel='relations/0']", 0.5, 0.5)
    assert viewer.locator(".nlviz-entry").first.inner_text().startswith("channels, relations")  # of the hovered one first


def test_networks_of_the_same_title_are_told_apart_in_words(viewer):
    twins = [dict(the("dense"), id=f"{data}/0", title="Non-local", subtitle=f"{data} · trained")
             for data in ("msrc", "caltech101")]
    show(viewer, panels=twins)
    said = viewer.locator(".nlviz-status").inner_text()
    assert "Non-local (msrc) (" in said and "Non-local (caltech101) (" in said


def test_a_block_that_adds_nothing_is_marked(viewer):
    show(viewer, panels=[dict(the("dense"), parity={"outcome": "nothing added", "text": "not trained"})])
    assert "adds nothing (untrained or zero)" in viewer.locator(".nlviz-parity").inner_text()


def test_a_long_legend_names_what_is_seen_and_counts_the_rest(viewer):
    shares = [0.9, 0.09, 0.006, 0.003, 0.001]
    classes = [{"index": i, "name": f"class{i}", "colour": "#336699", "share": share} for i, share in enumerate(shares)]
    prediction = {"kind": "segmentation", "grid": [2, 2], "place": {"scale": [2, 2], "offset": [0, 0]},
                  "labels": packed(np.zeros(4), "u1"), "classes": classes}
    show(viewer, panels=[dict(the("dense"), prediction=prediction), dict(the("channels"), prediction=prediction)])
    legend = viewer.locator(f"{node(the('dense'))} .nlviz-legend").inner_text()
    assert "class2 0.6 %" in legend and "class3" not in legend and legend.endswith("and 2 more")
    evenly(viewer)
    viewer.locator("[data-action=display-open]").click()
    viewer.get_by_label("Show segmentation").check()
    for name in ("dense", "channels"):
        assert colours(viewer, heat(the(name)), [(0.3, 0.3)]).tolist() == [[0x33, 0x66, 0x99, 255]]
    viewer.get_by_label("Show segmentation").uncheck()
    assert_feature_drawn(viewer, the("channels"), MAPS["channels/0", ""][FULL].sum(0).argmax())


@pytest.mark.parametrize("changes, text", [
    ([{"weights": {"kind": "dense", "data": packed(np.zeros(7))}}], "expected 900 float32 numbers, got 7"),
    ([{"weights": {"kind": "magic"}}], "unknown kind of weights"),
    ([{"weights": {"kind": "sum", "of": [1, 7]}}, {}], "there is no map number 7"),
    ([{"weights": {"kind": "product", "of": [1, 1]}}, {}], "a product is one of crosses"),
])
def test_a_broken_scene_is_refused_and_the_one_before_stays(viewer, changes, text):
    show(viewer, "dense", "global")
    dense = the("dense")["maps"][0]
    parts = [dense | {"name": str(at)} | change for at, change in enumerate(changes)]
    show(viewer, panels=[the("dense") | {"maps": parts}])
    assert text in viewer.locator(".nlviz-message").inner_text()
    assert viewer.locator(".nlviz-panels .nlviz-heat").count() == 2
    show(viewer, "dense")
    assert not viewer.locator(".nlviz-message").is_visible()


def test_no_network_is_a_photo_alone(viewer):
    show(viewer, panels=[])
    assert viewer.locator(".nlviz-panels .nlviz-photo").count() == 1 and viewer.locator(".nlviz-panels .nlviz-heat").count() == 0


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_nothing_is_wider_than_its_panel_or_the_window(viewer, width):
    viewer.set_viewport_size({"width": width, "height": 900})
    show(viewer)
    choose_map(viewer, the("relations"), "gate of channels")
    drawn(viewer)
    assert viewer.evaluate("document.documentElement.scrollWidth") <= width
    outside = viewer.evaluate("""Array.from(document.querySelectorAll(".nlviz-panel")).flatMap(panel => {
        const {left, right} = panel.getBoundingClientRect();
        return Array.from(panel.querySelectorAll(".nlviz-caption *")).filter(node => {
            const box = node.getBoundingClientRect();
            return box.width && (box.left < left - 1 || box.right > right + 1);
        }).map(node => `${panel.dataset.panel} ${node.className} ${node.textContent}`);
    })""")
    assert outside == []
