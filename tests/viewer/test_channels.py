"""Matrices of channels and gates of channels."""

import numpy as np
import pytest

from tests.viewer.pages import (
    PHOTO,
    ask,
    assert_feature_drawn,
    choose,
    choose_map,
    colours,
    evenly,
    heat,
    levels,
    node,
    order,
    point,
    scaled,
    show,
    unfold,
)
from tests.viewer.scenes import CHANNELS, FEATURES, FULL, MAPS, PICTURE, POINTS, TERMS, scene, the

MATRIX, GATES = ".nlviz-chooser[data-kind=matrix]", ".nlviz-chooser[data-kind=gate]"


def middle(at: int) -> float:
    return (at + 0.5) / CHANNELS


def cells_of_matrix() -> list[tuple[float, float]]:
    return [(middle(column), middle(row)) for row in range(CHANNELS) for column in range(CHANNELS)]


def share(weight: float) -> str:
    return f"{100 * weight:.1f} %" if weight < 0.1 else f"{100 * weight:.0f} %"


def words(panel: dict, channel: int, text=share) -> str:
    row = MAPS[panel["id"], panel["maps"][0]["name"]][FULL][channel]
    related = ", ".join(f"{other} ({text(row[other])})" for other in np.argsort(-row)[:3])
    return f"channel {channel} → most related: channel {related}"


def test_the_matrix_of_channels_is_drawn_cell_by_cell_and_sorting_permutes_both_axes(viewer):
    panel = the("channels")
    show(viewer, "channels")
    evenly(viewer)
    weights, values = MAPS["channels/0", ""][FULL], f"{MATRIX} .nlviz-chooser-values"
    by_weight = np.argsort(-weights.sum(0))
    for name, shown in [("in order", np.arange(CHANNELS)), ("sorted", by_weight), ("in order", np.arange(CHANNELS))]:
        order(viewer, panel, name)
        wanted = scaled(weights[np.ix_(shown, shown)], 0, weights.max()).flatten()
        np.testing.assert_allclose(levels(viewer, values, cells_of_matrix()), wanted, atol=1)
    box, whole, picture = (viewer.locator(of).bounding_box() for of in (MATRIX, node(panel), f"{node(panel)} .nlviz-picture"))
    assert box["width"] == pytest.approx(box["height"]) and box["x"] + box["width"] <= whole["x"] + whole["width"]
    assert box["x"] >= picture["x"] + picture["width"] and box["y"] == picture["y"] and box["height"] <= picture["height"]
    bar = viewer.locator(".nlviz-matrix-bar")
    assert "own scale" in bar.inner_text() and "rows: distribution (sum 1)" in bar.inner_text()
    assert float(bar.locator(".nlviz-number").last.inner_text()) == pytest.approx(weights.max(), rel=0.06)


def test_hovering_a_row_of_the_matrix_draws_that_channel_and_the_ones_most_related_to_it(viewer):
    panel = the("channels")
    show(viewer, "channels", "dense")
    evenly(viewer)
    unfold(viewer, panel)
    weights = MAPS["channels/0", ""][FULL]
    default = weights.sum(0).argmax()
    assert viewer.locator(".nlviz-channel").inner_text() == words(panel, default)
    assert_feature_drawn(viewer, panel, default)
    for channel in (5, 0, CHANNELS - 1):
        point(viewer, f"{MATRIX} .nlviz-chooser-marks", 0.4, middle(channel))
        assert viewer.locator(".nlviz-channel").inner_text() == words(panel, channel)
        assert_feature_drawn(viewer, panel, channel)
        thumbs, related = viewer.locator(".nlviz-thumb"), np.argsort(-weights[channel])[:3]
        assert [int(thumb.get_attribute("data-channel")) for thumb in thumbs.all()] == related.tolist()
        for at, other in enumerate(related):
            assert_feature_drawn(viewer, panel, other, f".nlviz-thumb[data-channel='{other}'] canvas")
            assert thumbs.nth(at).inner_text().split("\n") == [str(other), share(weights[channel, other])]
        low, high = (float(text) for text in viewer.locator(".nlviz-feature-bar .nlviz-number").all_inner_texts())
        values = FEATURES["channels/0"][channel]
        assert (low, high) == pytest.approx((values.min(), values.max()), rel=0.06)
        assert f"channel {channel} over the photo, own scale" in viewer.locator(".nlviz-feature-bar").inner_text()
        marks = colours(viewer, f"{MATRIX} .nlviz-chooser-marks", [(0.5, n / 240 + 1 / 480) for n in range(240)])[:, 3]
        inside = np.flatnonzero(marks) / 240 * CHANNELS
        assert inside.size and abs(inside.mean() - (channel + 0.5)) < 0.5  # the row is framed


def test_a_click_keeps_a_channel_until_it_is_clicked_again(viewer):
    panel, marks = the("channels"), f"{MATRIX} .nlviz-chooser-marks"

    def channel():
        return int(viewer.locator(".nlviz-channel").first.inner_text().split()[1])

    show(viewer, "channels")
    evenly(viewer)
    point(viewer, marks, 0.5, middle(3), "click")
    point(viewer, marks, 0.5, middle(9))
    assert channel() == 9
    point(viewer, MATRIX, 0.5, 0.5, "pointerleave")
    assert channel() == 3
    assert_feature_drawn(viewer, panel, 3)
    show(viewer, "channels", picture=scene()["picture"] | {"url": PICTURE.format(301, 200)})
    assert channel() == 3  # the same channel on another photo
    (state,) = viewer.evaluate("viewer.state().panels")
    assert state == {"id": "channels/0", "map": "", "channel": 3, "kept": 3, "order": "in order"}
    point(viewer, marks, 0.5, middle(3), "click")
    point(viewer, marks, 0.5, middle(9))
    point(viewer, MATRIX, 0.5, 0.5, "pointerleave")
    assert channel() == 9


@pytest.mark.parametrize("name", ["in order", "sorted"])
@pytest.mark.parametrize("panel, chooser, forward, back", [("channels", MATRIX, "ArrowDown", "ArrowUp"),
                                                           ("relations", GATES, "ArrowRight", "ArrowLeft")])
def test_channels_can_be_chosen_by_keyboard_and_are_said(viewer, panel, chooser, forward, back, name):
    show(viewer, panel)
    evenly(viewer)
    choose_map(viewer, the(panel), "gate of channels")
    order(viewer, the(panel), name)
    terms = MAPS[the(panel)["id"], the(panel)["maps"][-1]["name"]][FULL]
    shown = np.argsort(-(terms.sum(0) if terms.ndim == 2 else terms)) if name == "sorted" else np.arange(CHANNELS)
    viewer.locator(".nlviz-panel[data-panel=photo] [data-action=unfold]").focus()
    viewer.keyboard.press("Tab")
    focused = viewer.locator(chooser)
    assert focused.evaluate("node => node === document.activeElement && getComputedStyle(node).outlineStyle") == "solid"
    at = 0
    last = CHANNELS - 1
    for key, to in [("Home", 0), (forward, 1), (forward, 2), (back, 1), ("End", last), (forward, last), (back, last - 1)]:
        viewer.keyboard.press(key)
        at = shown[to]
        assert focused.get_attribute("aria-valuenow") == str(at)
        assert focused.get_attribute("aria-valuetext") == viewer.locator(".nlviz-channel").inner_text()
        assert_feature_drawn(viewer, the(panel), at)
    viewer.keyboard.press("Enter")
    assert viewer.evaluate("viewer.state().panels[0].kept") == at
    assert viewer.evaluate("viewer.state().pins.length") == 0  # Enter pins queries in the photo alone


def test_a_place_in_the_picture_has_no_row_of_channels_and_the_panel_never_pretends_so(viewer):
    panel = the("channels")
    show(viewer, "channels", "global")
    before = viewer.locator(heat(panel)).evaluate("canvas => canvas.toDataURL()")
    marks = f".nlviz-panels .nlviz-marks[data-panel='{panel['id']}']"
    for term in TERMS:
        choose(viewer, "term", term)
        for direction in ("attended by", "attends to"):
            choose(viewer, "direction", direction)
            for x, y in POINTS[:3]:
                assert ask(viewer, x, y)[panel["id"]]["values"] is None
                assert viewer.locator(heat(panel)).evaluate("canvas => canvas.toDataURL()") == before
                assert viewer.locator(marks).evaluate(
                    "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.every(value => value === 0)")
    unfold(viewer, panel)
    assert "rows are channels: a place in the picture has no row here" in viewer.locator(node(panel)).inner_text()
    assert "channels: rows are channels" in viewer.locator(".nlviz-status").inner_text()
    assert not viewer.locator(f"{node(panel)} .nlviz-live").is_visible()
    point(viewer, PHOTO, 0.5, 0.5, "pointerdown")
    point(viewer, PHOTO, 0.5, 0.5, "pointerup")
    assert viewer.locator(".nlviz-strip canvas.nlviz-heat").count() == 1  # the global map's
    assert viewer.locator(f".nlviz-strip-none[data-panel='{panel['id']}']").inner_text() == "no row: channels"


def test_raw_relations_of_channels_are_said_as_numbers(viewer):
    show(viewer, "relations")
    point(viewer, f"{MATRIX} .nlviz-chooser-marks", 0.5, middle(4))
    number = lambda weight: f"{weight:#.3g}" if weight >= 1 else f"{weight:#.2g}"  # noqa: E731
    assert viewer.locator(".nlviz-channel").inner_text() == words(the("relations"), 4, number)
    assert "rows: raw" in viewer.locator(".nlviz-matrix-bar").inner_text()


def bars_of(page) -> tuple[np.ndarray, np.ndarray]:
    """(height as a share, colour) of the bar of each place from left to right, read below and above the line of zero."""
    rows = 180
    points = [(middle(at), (n + 0.5) / rows) for at in range(CHANNELS) for n in range(rows)]
    found = colours(page, f"{GATES} .nlviz-chooser-values", points).reshape(CHANNELS, rows, 4)
    solid = found[..., 3] == 255
    return solid.sum(1) / rows, np.array([column[where][0] for column, where in zip(found, solid)])


def test_a_gate_of_channels_is_a_strip_of_bars_in_which_a_channel_is_chosen(viewer):
    panel = the("relations")
    show(viewer, "relations")
    evenly(viewer)
    choose_map(viewer, panel, "gate of channels")
    gate = MAPS["relations/0", "gate of channels"][FULL]
    heights, _ = bars_of(viewer)
    np.testing.assert_allclose(heights, np.sort(gate)[::-1] / gate.max(), atol=0.04)  # sorted, until someone asks otherwise
    rank = np.argsort(np.argsort(-gate)) + 1
    for name, shown in [("in order", np.arange(CHANNELS)), ("sorted", np.argsort(-gate))]:
        order(viewer, panel, name)
        for at in (2, CHANNELS - 1):
            point(viewer, f"{GATES} .nlviz-chooser-values", middle(at), 0.5)
            heights, bar_colours = bars_of(viewer)
            np.testing.assert_allclose(heights, gate[shown] / gate.max(), atol=0.04)
            assert {tuple(c) for n, c in enumerate(bar_colours) if n != at} != {tuple(bar_colours[at])}
            assert len({tuple(c) for n, c in enumerate(bar_colours) if n != at}) == 1
            channel = shown[at]
            value = f"{gate[channel]:#.2g}"
            said = viewer.locator(".nlviz-channel").inner_text()
            assert said == f"channel {channel}: gate {value}, rank {rank[channel]} of {CHANNELS}"
            assert_feature_drawn(viewer, panel, channel)
    spread = viewer.locator(".nlviz-spread").inner_text()
    assert spread == f"range {gate.min():#.2g} – {gate.max():#.2g}, median {np.median(gate):#.2g}"
    beside, picture = (viewer.locator(of).bounding_box() for of in (GATES, f"{node(panel)} .nlviz-picture"))
    assert beside["height"] == pytest.approx(picture["height"], abs=1) and beside["y"] == picture["y"]
    unfold(viewer, panel)
    assert "12 channels; gate, 0 to 1" in viewer.locator(node(panel)).inner_text()
    assert "one value for each channel: a place in the picture has no row here" in viewer.locator(node(panel)).inner_text()


def test_what_is_added_to_channels_may_be_negative_and_hangs_from_the_line_of_zero(viewer):
    show(viewer, "added")
    choose_map(viewer, the("added"), "added to channels")
    added = MAPS["added/0", "added to channels"][FULL]
    assert viewer.locator(".nlviz-channel").inner_text().startswith(f"channel {added.argmax()}: adds ")
    order(viewer, the("added"), "in order")
    span = added.max() - added.min()
    seen = np.flatnonzero(np.abs(added) > 0.1 * span)  # bars of more than seven pixels
    assert (added[seen] < 0).any() and (added[seen] > 0).any()
    for channel in seen:
        zero, end = added.max() / span, (added.max() - added[channel]) / span
        beyond = zero + np.sign(zero - end) * 3 / 180
        found = colours(viewer, f"{GATES} .nlviz-chooser-values", [(middle(channel), (zero + end) / 2), (middle(channel), beyond)])
        assert found[0, 3] == 255 and found[1, 3] < 255  # the bar lies on its own side of zero alone
    unfold(viewer, the("added"))
    assert "a number added to each" in viewer.locator(node(the("added"))).inner_text()
