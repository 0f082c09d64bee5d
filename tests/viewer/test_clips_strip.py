"""The filmstrip: how it wraps, what stands below and beside it, and small pictures of a clip."""

import numpy as np
import pytest

from tests.viewer.clips import FRAMES, ask, dense_clip, framewise_clip, on_sheet, panel, pin, placed, show, softmax_clip
from tests.viewer.pages import PHOTO, TABLES, choose, drawn, levels, node, point
from tests.viewer.scenes import CENTRED, floats, packed, softmax

GRID = [FRAMES, 6, 8]
# Panels of which two parts lie over each other.
OVERLAPS = """() => {
    const kinds = ".nlviz-picture, .nlviz-caption, .nlviz-film-aside";
    const parts = panel => [...panel.querySelectorAll(kinds)].map(node => node.getBoundingClientRect());
    const over = (p, q) => p.right > q.left + 1 && q.right > p.left + 1 && p.bottom > q.top + 1 && q.bottom > p.top + 1;
    return [...document.querySelectorAll(".nlviz-panels > .nlviz-panel")].filter(panel =>
        parts(panel).some((a, at, all) => all.slice(at + 1).some(b => over(a, b)))).length;
}"""
SEEN = """box => {
    const marks = box.querySelector(".nlviz-marks"), {width, height} = marks, context = marks.getContext("2d");
    return box.sheet.boxes.map(({x, y, width: w, height: h}) =>
        context.getImageData(x * width, y * height, w * width, h * height).data.some(value => value > 0));
}"""


def shares(page, one: dict) -> list[str]:
    return page.locator(f"{node(one)} .nlviz-frame-share").all_inner_texts()


def times(page, one: dict) -> dict[str, str]:
    share = f"{node(one)} [data-time={{}}] .nlviz-time-share"
    return {name: page.locator(share.format(name)).inner_text() for name in ("past", "same", "future")}


def said(share: float) -> float:
    return pytest.approx(100 * share, abs=0.51)


def read(text: str) -> float:
    return float(text.removesuffix(" %").replace("<0.1", "0.05").replace("−", "-"))


def test_under_each_frame_stands_its_share_of_the_row_and_they_sum_to_one(viewer):
    sent, terms = softmax_clip(GRID, GRID)
    one = panel("random", (sent, terms))
    show(viewer, one)
    ask(viewer, 0.3, 0.6, 2)
    row = terms["full"][2 * 48 + 3 * 8 + 2].reshape(FRAMES, 48).sum(1)
    assert [read(text) for text in shares(viewer, one)] == [said(share) for share in row]
    assert sum(row) == pytest.approx(1) and read(shares(viewer, one)[0]) > 0
    found = {name: read(text) for name, text in times(viewer, one).items()}
    assert found == {"past": said(row[:2].sum()), "same": said(row[2]), "future": said(row[3:].sum())}


def test_a_tubelets_share_is_that_of_both_its_frames_evenly_and_both_are_the_same_frame(viewer):
    weights = np.zeros((192, 192))
    weights[:, 48:96], weights[:, 144:] = 0.2 / 48, 0.8 / 48
    one = panel("tubelets", dense_clip(weights, [4, 6, 8], [4, 6, 8]))
    show(viewer, one)
    ask(viewer, 0.5, 0.5, 3)
    assert shares(viewer, one) == ["0 %"] * 2 + ["10 %"] * 2 + ["0 %"] * 2 + ["40 %"] * 2
    assert times(viewer, one) == {"past": "0 %", "same": "20 %", "future": "80 %"}


def test_differences_from_the_mean_row_have_signs_and_what_is_no_distribution_has_no_share(viewer):
    sent, terms = softmax_clip(GRID, GRID)
    one, dot = panel("random", (sent, terms)), panel("dot", framewise_clip(GRID, "dot"))
    dot["maps"][0]["rows"] = "scaled"
    show(viewer, one, dot)
    choose(viewer, "term", CENTRED)
    ask(viewer, 0.3, 0.6, 2)
    row = (terms["full"][2 * 48 + 3 * 8 + 2] - terms["full"].mean(0)).reshape(FRAMES, 48).sum(1)
    assert [read(text) for text in shares(viewer, one)] == [said(share) for share in row]
    assert {text[0] for text in shares(viewer, one)} <= set("+−<0") and shares(viewer, dot) == [""] * FRAMES


def test_the_rows_of_an_image_network_end_at_their_frames_edge(viewer):
    one = panel("by frame", framewise_clip(GRID, "softmax"))
    show(viewer, one)
    ask(viewer, 0.5, 0.5, 5)
    assert shares(viewer, one) == ["100 %" if frame == 5 else "0 %" for frame in range(FRAMES)]
    assert times(viewer, one) == {"past": "0 %", "same": "100 %", "future": "0 %"}


@pytest.mark.parametrize("width, across", [(1440, {8}), (1024, {4, 8}), (390, {2, 3, 4})])
@pytest.mark.parametrize("count", [1, 3])
def test_frames_wrap_by_the_width_there_is_and_nothing_is_wider(viewer, width, across, count):
    viewer.set_viewport_size({"width": width, "height": 900})
    maps = softmax_clip(GRID, GRID), softmax_clip(GRID, GRID, name="other")
    panels = [panel(f"network {number}", *maps) for number in range(count)]
    show(viewer, *panels)
    pin(viewer, (0.2, 0.3, 1))
    drawn(viewer)
    assert viewer.evaluate("document.documentElement.scrollWidth") <= width
    frames = viewer.evaluate("""[...document.querySelectorAll(".nlviz-panels > .nlviz-panel")].map(panel =>
        [...panel.querySelectorAll(".nlviz-frame")].map(frame => { const {left, top, width, height} = frame.getBoundingClientRect();
            return {left, top, width, height}; }))""")
    assert len(frames) == count + 1 and all(len(strip) == FRAMES for strip in frames)
    for strip in frames:
        assert sum(frame["top"] == strip[0]["top"] for frame in strip) in across
        assert all(frame["left"] >= 0 and frame["left"] + frame["width"] <= width for frame in strip)
        assert [frame["left"] for frame in strip] == [frame["left"] for frame in frames[0]]
    assert viewer.evaluate(OVERLAPS) == 0


def test_nothing_moves_while_the_pointer_does(viewer):
    one = panel("random", softmax_clip(GRID, GRID))
    show(viewer, one, panel("by frame", framewise_clip(GRID, "softmax")))
    places = set()
    for x, y, frame in [(0.1, 0.1, 0), (0.5, 0.5, 4), (0.9, 0.9, 7)]:
        ask(viewer, x, y, frame)
        places.add(viewer.evaluate("""JSON.stringify([...document.querySelectorAll(".nlviz-picture, .nlviz-frame, .nlviz-time")]
            .map(node => { const {x, y, width} = node.getBoundingClientRect(); return [x, y, width]; }))"""))
    assert len(places) == 1


def test_the_matrix_of_frames_tells_how_much_each_gives_each(viewer):
    sent, terms = softmax_clip(GRID, [4, 3, 4])
    between = terms["full"].reshape(FRAMES, 48, 4, 12).sum(3).mean(1)
    one = panel("random", (sent | {"frames_matrix": packed(between)}, terms))
    show(viewer, one, panel("without", softmax_clip(GRID, GRID)))
    ask(viewer, 0.5, 0.5, 3)
    matrix = viewer.locator(f"{node(one)} .nlviz-frames-part")
    assert f"up to {100 * between.max():.0f} %" in matrix.inner_text()
    assert matrix.locator(".nlviz-frames-down").inner_text().split() == [str(frame + 1) for frame in range(FRAMES)]
    assert matrix.locator(".nlviz-frames-across").inner_text().split() == ["1", "3", "5", "7"]
    point(viewer, f"{node(one)} .nlviz-frames-matrix", 2.5 / 4, 5.5 / 8)
    assert matrix.locator(".nlviz-frames-words").inner_text() == f"6 → 5–6: {100 * between[5, 2]:.0f} %"
    assert not viewer.locator(f"{node(panel('without'))} .nlviz-frames-part").is_visible()


def test_pinned_queries_are_small_sheets_of_all_frames(viewer):
    one = panel("random", softmax_clip(GRID, GRID))
    show(viewer, one)
    pin(viewer, (0.3, 0.3, 6))
    small = viewer.locator(".nlviz-strip .nlviz-picture").all()
    assert len(small) == 2
    for box in small:
        assert [frame for frame, marked in enumerate(box.evaluate(SEEN)) if marked] == [6]


def test_channels_of_a_clip_are_drawn_on_every_frame(viewer):
    values = np.arange(FRAMES * 12).reshape(1, -1).repeat(4, 0)
    features = {"grid": [FRAMES, 3, 4], "place": placed([FRAMES, 3, 4], [FRAMES, 3, 4])["key_place"], "count": 4,
                "low": packed(np.zeros(4)), "high": packed(np.ones(4)), "data": packed(2 * values, "u1")}
    matrix = {"name": "", "relates": "channels", "rows": "distribution", "query_grid": [4], "key_grid": [4], "query_place": None,
              "key_place": None, "weights": {"kind": "dense", "data": packed(softmax(floats(4, 4)))}, "terms": None}
    one = panel("channels", (matrix, {}), features=features)
    show(viewer, one)
    viewer.evaluate("viewer.restore({settings: {veil: 'even'}})")
    ask(viewer, 0.5, 0.5, 2)
    canvas = f".nlviz-panels .nlviz-heat[data-panel='{one['id']}']"
    found = [levels(viewer, canvas, on_sheet(viewer, canvas, frame, [(0.1, 0.1)]))[0] for frame in range(FRAMES)]
    np.testing.assert_allclose(found, [24 * frame * 256 / 255 for frame in range(FRAMES)], atol=1)


def test_a_similarity_is_of_all_frames(bare):
    unit = floats(384, 6)
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    answer = {"grid": GRID, "place": placed(GRID, GRID)["key_place"], "channels": 6, "data": packed(unit, "<f2")}
    bare.evaluate("""([[colourMaps, diverging], answer]) => {
        const root = document.createElement("div");
        document.body.replaceChildren(root);
        window.viewer = createViewer(root, {colourMaps, diverging, onSimilarity: async () => answer});
    }""", [TABLES, answer])
    show(bare, panel("random", softmax_clip(GRID, GRID)))
    choose(bare, "term", "input similarity")
    bare.wait_for_function("viewer.state({values: true}).maps[0].values")
    found = ask(bare, 0.3, 0.6, 2, PHOTO)["random/0"]
    np.testing.assert_allclose(found["values"], unit @ unit[2 * 48 + 3 * 8 + 2], atol=2e-3)
    t, row, column = np.unravel_index(found["strongest"], GRID)
    assert f"({row}, {column}) in frame {t + 1}" in bare.locator(".nlviz-status").inner_text()
