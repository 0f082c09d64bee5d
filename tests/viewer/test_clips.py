"""Clips: a row is drawn on all frames at once, each weight where and when its key lies."""

import numpy as np
import pytest

from tests.viewer.clips import (
    FRAMES,
    ask,
    bright,
    brightest,
    crosses_by_frame,
    dense_clip,
    framewise_clip,
    heat,
    hot_clip,
    on_sheet,
    panel,
    pooled_by_frame,
    show,
    softmax_clip,
    state,
    sum_by_frame,
)
from tests.viewer.pages import PHOTO, choose, colours, evenly, point
from tests.viewer.scenes import floats, packed, softmax

GRID = [FRAMES, 6, 8]


def lit(viewer, one, query, rows, columns):
    """Which cells of each frame are the brightest, of one map seen from a query."""
    show(viewer, one)
    evenly(viewer)
    ask(viewer, *query)
    return brightest(viewer, one, rows, columns)


def test_all_the_weight_on_one_cell_of_one_frame_lights_that_cell_in_that_frame_alone(viewer):
    one = panel("hot", hot_clip([FRAMES, 2, 2], [FRAMES, 12, 16], 3 * 192 + 5 * 16 + 9))
    for frame, found in lit(viewer, one, (0.2, 0.7, 6), 12, 16).items():
        assert found[5, 9] == found.sum() == (frame == 3)


def test_a_key_of_pooled_features_covers_the_queries_that_it_was_pooled_from_in_its_frame_alone(viewer):
    one = panel("pooled", hot_clip([FRAMES, 56, 56], [FRAMES, 7, 7], 4 * 49 + 2 * 7 + 3))
    for frame, found in lit(viewer, one, (0.5, 0.5, 0), 56, 56).items():
        wanted = np.zeros((56, 56), bool)
        wanted[16:24, 24:32] = frame == 4
        assert (found == wanted).all()


def test_a_tubelet_is_drawn_in_both_of_its_frames_and_asks_in_both(viewer):
    tubes = [FRAMES // 2, 6, 8]
    weights = np.zeros((192, 192))
    weights[:, 3 * 48 + 2 * 8 + 5] = 1
    one = panel("tubelets", dense_clip(weights, tubes, tubes))
    show(viewer, one)
    evenly(viewer)
    rows = [ask(viewer, 0.3, 0.3, frame)["tubelets/0"]["asked"] for frame in (2, 3, 4)]
    assert rows[0] == rows[1] == 48 + 8 + 2 and rows[2] == rows[0] + 48
    for frame, found in brightest(viewer, one, 6, 8).items():
        assert found[2, 5] == found.sum() == (frame in (6, 7))
    assert "strongest key: tubelets (2, 5) in frames 7–8" in viewer.locator(".nlviz-status").inner_text()


def test_the_strongest_key_is_named_with_its_frame_and_its_place_is_the_brightest(viewer):
    one = panel("random", softmax_clip(GRID, GRID))
    show(viewer, one)
    evenly(viewer)
    for x, y, frame in [(0.1, 0.2, 0), (0.5, 0.5, 3), (0.9, 0.9, 7)]:
        found = ask(viewer, x, y, frame)["random/0"]
        t, row, column = np.unravel_index(found["strongest"], GRID)
        lights = bright(viewer, one, 6, 8)
        assert lights[t][row, column] == 255 == max(levels.max() for levels in lights.values())
        assert f"({row}, {column}) in frame {t + 1}, " in viewer.locator(".nlviz-status").inner_text()


KINDS = {"softmax": lambda: [softmax_clip(GRID, [4, 3, 4])],
         "dense": lambda: [dense_clip(softmax(floats(384, 48)), GRID, [4, 3, 4])],
         **{f"framewise {kind}": (lambda kind=kind: [framewise_clip(GRID, kind)]) for kind in ("softmax", "dense", "dot")},
         "pooled by frame": lambda: [pooled_by_frame(GRID, [FRAMES, 3, 4])], "sum by frame": lambda: sum_by_frame(GRID),
         "crosses by frame": lambda: crosses_by_frame(GRID)}


@pytest.mark.parametrize("kind", KINDS)
def test_rows_and_columns_equal_numpys(viewer, kind):
    (sent, terms), *others = KINDS[kind]()
    show(viewer, panel("map", (sent, terms), *others))
    (times, rows, columns), whole = sent["key_grid"], terms["full"]
    for direction in ("attends to", "attended by"):
        choose(viewer, "direction", direction)
        for x, y, frame in [(0.01, 0.01, 0), (0.4, 0.6, 5), (0.99, 0.99, 7)]:
            query = frame * 48 + int(6 * y) * 8 + int(8 * x)
            key = (int(frame * times / FRAMES) * rows + int(rows * y)) * columns + int(columns * x)
            wanted = whole[query] if direction == "attends to" else whole[:, key]
            np.testing.assert_allclose(ask(viewer, x, y, frame)["map/0"]["values"], wanted, atol=1e-5, rtol=1e-4)


def test_hovering_asks_nobody(viewer):
    show(viewer, panel("random", softmax_clip(GRID, GRID)), panel("by frame", framewise_clip(GRID, "softmax")))
    asked = []
    viewer.on("request", lambda request: asked.append(request.url))
    before = viewer.locator(heat({"id": "random/0"})).evaluate("canvas => canvas.toDataURL()")
    for frame in range(FRAMES):
        ask(viewer, 0.1 + frame / 10, 0.4, frame, heat({"id": "by frame/0"}).replace("heat", "marks"))
    after = viewer.locator(heat({"id": "random/0"})).evaluate("canvas => canvas.toDataURL()")
    assert before != after and viewer.evaluate("requests") == [] and [url for url in asked if not url.startswith("data:")] == []


def test_a_place_beside_the_frames_asks_for_nothing(viewer):
    show(viewer, panel("random", softmax_clip(GRID, GRID)))
    ask(viewer, 0.5, 0.5, 2)
    before = state(viewer)["query"]
    (x, y), = on_sheet(viewer, PHOTO, 5, [(0.5, 1.02)])
    point(viewer, PHOTO, x, y)
    assert state(viewer)["query"] == before and before["frame"] == 2


def test_predicted_classes_are_drawn_frame_by_frame(viewer):
    labels = np.arange(FRAMES).repeat(6).astype("u1")
    prediction = {"kind": "segmentation", "grid": [FRAMES, 2, 3], "labels": packed(labels, "u1"),
                  "place": {"scale": [3, 2], "offset": [0, 0], "time": {"scale": 1, "offset": 0}},
                  "classes": [{"index": i, "name": str(i), "colour": f"#{16 * i:02x}0000", "share": 1 / 8} for i in range(FRAMES)]}
    one = panel("random", softmax_clip(GRID, GRID), prediction=prediction)
    show(viewer, one)
    viewer.evaluate("viewer.restore({settings: {segmentation: true}})")
    for frame in range(FRAMES):
        assert colours(viewer, heat(one), on_sheet(viewer, heat(one), frame, [(0.5, 0.5)])).tolist() == [[16 * frame, 0, 0, 255]]
