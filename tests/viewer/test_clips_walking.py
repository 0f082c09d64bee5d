"""Walking through a clip: keys, playing, pins in their frames, arrows, and where a pin is followed to."""

import numpy as np
import pytest

from tests.viewer.clips import FRAMES, ask, dense_clip, on_sheet, panel, pin, show, softmax_clip, state
from tests.viewer.pages import PHOTO, colours, drawn, point
from tests.viewer.scenes import floats, scene, softmax

GRID = [FRAMES, 6, 8]
ORANGE = [0xE6, 0x9F, 0x00]  # the first pin


def marks(one: dict) -> str:
    return f".nlviz-panels .nlviz-marks[data-panel='{one['id']}']"


def moving(places) -> dict:
    """Every query finds strongest, in each frame, a place of that frame: (row, column) of each."""
    weights = softmax(0.1 * floats(384, 384))
    for frame, (row, column) in enumerate(places):
        weights[:, frame * 48 + row * 8 + column] += 1 + frame
    return panel("moving", dense_clip(weights / weights.sum(1, keepdims=True), GRID, GRID))


def press(page, *keys: str) -> dict:
    page.locator(".nlviz-panel[data-panel=photo] .nlviz-picture").focus()
    for key in keys:
        page.keyboard.press(key)
    drawn(page)
    return state(page)["query"]


def test_keys_go_from_frame_to_frame_round_and_round_and_arrow_keys_stay_in_the_frame(viewer):
    show(viewer, panel("random", softmax_clip(GRID, GRID)))
    ask(viewer, 0.55, 0.55, 3)
    assert press(viewer, ".")["cell"] == [4, 3, 4] and press(viewer, "PageDown", "PageDown", "PageDown")["cell"] == [7, 3, 4]
    assert press(viewer, ".")["frame"] == 0 and press(viewer, ",")["frame"] == 7 and press(viewer, "PageUp")["frame"] == 6
    assert press(viewer, "ArrowRight", "ArrowDown")["cell"] == [6, 4, 5]
    assert press(viewer, *["ArrowDown"] * 9)["cell"] == [6, 5, 5] and press(viewer, "Home")["cell"] == [6, 5, 0]
    assert "frame 7" in viewer.locator(".nlviz-asking").first.inner_text()
    assert "in frame 7 → " in viewer.locator(".nlviz-status").inner_text()


def test_playing_moves_the_query_from_frame_to_frame_at_its_place_until_it_is_stopped(viewer):
    show(viewer, panel("random", softmax_clip(GRID, GRID)))
    ask(viewer, 0.3, 0.7, 6)
    before = state(viewer)["query"]
    button = viewer.locator("[data-action=play]")
    assert button.get_attribute("aria-pressed") == "false"
    viewer.evaluate("""() => { window.seen = []; const look = () => { const {query} = viewer.state();
        if (seen.at(-1) !== query.frame) seen.push(query.frame); if (seen.length < 6) requestAnimationFrame(look); }; look(); }""")
    button.click()
    assert button.inner_text() == "Stop" and button.get_attribute("aria-pressed") == "true"
    viewer.wait_for_function("seen.length >= 6")
    assert viewer.evaluate("seen.slice(0, 6)") == [6, 7, 0, 1, 2, 3]
    ask(viewer, 0.6, 0.7, 0)  # the pointer moves the place, the clip goes on
    assert state(viewer)["query"]["x"] == pytest.approx(0.6, abs=0.01)
    press(viewer, "p")
    assert button.inner_text() == "Play"
    still = state(viewer)["query"]["frame"]
    viewer.evaluate("new Promise(done => setTimeout(done, 300))")
    assert state(viewer)["query"]["frame"] == still and before["frame"] == 6
    assert f"frame {still + 1} of 8" in viewer.locator(".nlviz-playing").inner_text()


def test_a_new_picture_ends_the_playing(viewer):
    show(viewer, panel("random", softmax_clip(GRID, GRID)))
    viewer.locator("[data-action=play]").click()
    viewer.evaluate("scene => viewer.show(scene)", scene("dense"))
    drawn(viewer)
    assert viewer.locator("[data-action=play]").count() == 0 and "frame" not in state(viewer)["query"]


def test_a_pin_is_set_in_its_frame_and_drawn_there_alone(viewer):
    one = panel("random", softmax_clip(GRID, GRID))
    show(viewer, one)
    viewer.evaluate("viewer.restore({settings: {arrows: 0, follow: false}})")
    pin(viewer, (0.3125, 0.25, 2), (0.3125, 0.25, 5))
    assert [p["cell"] for p in state(viewer)["pins"]] == [[2, 1, 2], [5, 1, 2]]
    assert viewer.locator(".nlviz-strip-cell").all_inner_texts() == ["(1, 2) in frame 3", "(1, 2) in frame 6"]
    for canvas in (PHOTO, marks(one)):
        beside = [colours(viewer, canvas, [(x + 0.005, y)])[0].tolist()
                  for frame in range(FRAMES) for x, y in on_sheet(viewer, canvas, frame, [(0.3125, 0.25)])]
        assert [frame for frame, found in enumerate(beside) if found[:3] == ORANGE] == [2]
    pin(viewer, (0.3125, 0.25, 2))  # again: it goes
    assert [p["frame"] for p in state(viewer)["pins"]] == [5]


def test_a_pin_is_followed_to_the_strongest_key_of_each_later_frame(viewer):
    places = [(4, frame) for frame in range(FRAMES)]
    one = moving(places)
    show(viewer, one)
    viewer.evaluate("viewer.restore({settings: {arrows: 0}})")
    pin(viewer, (0.0625, 0.25, 2))
    ask(viewer, 0.9, 0.1, 0)
    for frame, (row, column) in enumerate(places):
        (at,) = on_sheet(viewer, marks(one), frame, [((column + 0.5) / 8, (row + 0.5) / 6)])
        found = colours(viewer, marks(one), [at])[0].tolist()
        assert (found[:3] == ORANGE) == (frame > 2)
    viewer.evaluate("viewer.restore({settings: {follow: false}})")
    (at,) = on_sheet(viewer, marks(one), 5, [(5.5 / 8, 4.5 / 6)])
    assert colours(viewer, marks(one), [at])[0].tolist() == [0, 0, 0, 0]


def test_the_line_is_between_the_places_of_two_frames(viewer):
    one = moving([(4, 4)] * FRAMES)
    show(viewer, one)
    viewer.evaluate("viewer.restore({settings: {arrows: 0}})")
    pin(viewer, (0.0625, 0.75, 2))
    ask(viewer, 0.9, 0.1, 0)
    (left,), (right,) = (on_sheet(viewer, marks(one), frame, [(x, 0.75)]) for frame, x in ((3, 0.9), (4, 0.1)))
    assert {tuple(found[:3]) for found in colours(viewer, marks(one), [left, right]).tolist()} == {tuple(ORANGE)}


@pytest.mark.parametrize("arrows", [0, 5, 20])
def test_arrows_lead_from_the_query_to_its_strongest_keys(viewer, arrows):
    one = moving([(4, 6)] * FRAMES)
    show(viewer, one)
    viewer.evaluate("arrows => viewer.restore({settings: {arrows}})", arrows)
    ask(viewer, 0.1, 0.2, 0)
    ends = [on_sheet(viewer, marks(one), frame, [(6.5 / 8 - 0.008, 4.5 / 6)])[0] for frame in range(FRAMES)]
    seen = [found[3] > 0 for found in colours(viewer, marks(one), ends).tolist()]
    assert seen == [arrows > 0 and (frame > 2 or arrows > 5) for frame in range(FRAMES)]


def test_no_arrow_leads_to_one_of_many_that_get_the_same(viewer):
    one = panel("flat", dense_clip(np.full((8, 384), 1 / 384), [FRAMES, 1, 1], GRID))
    show(viewer, one)
    ask(viewer, 0.5, 0.5, 0)
    with_arrows = viewer.locator(marks(one)).evaluate("canvas => canvas.toDataURL()")
    viewer.evaluate("viewer.restore({settings: {arrows: 0}})")
    assert viewer.locator(marks(one)).evaluate("canvas => canvas.toDataURL()") == with_arrows


def test_what_is_told_of_a_clip_puts_the_same_view_back(viewer):
    one = panel("random", softmax_clip(GRID, GRID))
    show(viewer, one)
    pin(viewer, (0.2, 0.3, 1), (0.7, 0.6, 6))
    viewer.evaluate("viewer.restore({settings: {arrows: 5, follow: false, colours: 'inferno'}})")
    ask(viewer, 0.9, 0.9, 4)
    before = state(viewer)
    viewer.evaluate("viewer.restore({query: [0.1, 0.1, 0], queries: [], settings: {arrows: 20, follow: true, colours: 'viridis'}})")
    assert state(viewer)["pins"] == []
    viewer.evaluate("state => viewer.restore({...state, queries: state.pins})", before)
    after = state(viewer)
    assert all(after[name] == before[name] for name in ("query", "pins", "settings"))
    pins = [[p["x"], p["y"], p["frame"]] for p in before["pins"]]
    viewer.evaluate("queries => viewer.restore({queries})", pins)
    assert state(viewer)["pins"] == before["pins"]


@pytest.mark.parametrize("place", [[0.5, 0.5, 8], [0.5, 0.5, -1], [0.5, 0.5, 0.5], [0.5, 0.5, "1"], [2, 0.5, 1]], ids=str)
def test_a_place_in_no_frame_of_the_clip_is_ignored(viewer, place):
    show(viewer, panel("random", softmax_clip(GRID, GRID)))
    before = state(viewer)
    viewer.evaluate("place => viewer.restore({query: place, queries: [place]})", place)
    assert state(viewer)["pins"] == [] and state(viewer)["query"] == before["query"]


def test_an_export_asks_for_places_with_their_frames(viewer):
    show(viewer, panel("random", softmax_clip(GRID, GRID)))
    pin(viewer, (0.3125, 0.25, 2))
    viewer.locator("[data-action=export-open]").click()
    viewer.locator("[data-action=export-figure]").click()
    viewer.wait_for_function("requests.length")
    request = viewer.evaluate("requests[0]")
    assert request["queries"] == [[0.3125, 0.25, 2]] and request["settings"]["arrows"] == 20


def test_a_photo_has_no_frames(viewer):
    viewer.evaluate("scene => viewer.show(scene)", scene("dense"))
    point(viewer, PHOTO, 0.5, 0.5)
    found = state(viewer)
    assert set(found["query"]) == {"x", "y", "cell"} and "arrows" not in found["settings"] and len(found["reference"]) == 2
    viewer.locator("[data-action=display-open]").click()
    assert not viewer.locator("[data-setting=arrows]").is_visible() and not viewer.locator("[data-setting=follow]").is_visible()
    before = found["query"]
    assert press(viewer, ".", ",", "PageDown", "p") == before
