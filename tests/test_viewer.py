"""The viewer alone, without gradio: random maps in a bare page, against the same sums in numpy."""

import base64

import numpy as np
import pytest

from nlviz.figures import colour_table
from nlviz.ui.viewer import CSS, SCRIPT

PICTURE = "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' width='{}' height='{}'/>"
POINTS = [(0.013, 0.02), (0.5, 0.5), (0.31, 0.77), (0.999, 0.999)]


def packed(values: np.ndarray, kind: str = "<f4") -> str:
    return base64.b64encode(np.ascontiguousarray(values).astype(kind).tobytes()).decode()


def panel(name: str, weights: dict, queries, keys, query_place=None, key_place=None, rows="distribution",
          relates="positions") -> dict:
    place = {"scale": [queries[1], queries[0]], "offset": [0, 0]}
    return {"id": f"{name}/0", "title": name, "relates": relates, "rows": rows, "query_grid": queries, "key_grid": keys,
            "query_place": query_place or place, "key_place": key_place or {"scale": [keys[1], keys[0]], "offset": [0, 0]},
            "weights": weights}


def softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores - scores.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def make_panels() -> tuple[list[dict], dict[str, np.ndarray]]:
    """A panel of every kind of weights and of place, and the dense map of each."""
    random = np.random.default_rng(0)

    def pair(n, m, channels):
        return [random.normal(size=(count, channels)).astype("f4").astype(float) for count in (n, m)]

    def factors(kind, q, k, **more):
        return {"kind": kind, "q": packed(q), "k": packed(k), "channels": q.shape[1]} | more

    panels, dense = [], {}
    # softmax on an odd grid whose keys were pooled 2 x 2: the last row and column of queries have no key
    q, k = pair(9 * 13, 4 * 6, 7)
    log_sum = np.log(np.exp(q @ k.T).sum(1))
    panels.append(panel("pooled", factors("softmax", q, k, log_sum=packed(log_sum)), [9, 13], [4, 6],
                        key_place={"scale": [6.5, 4.5], "offset": [0, 0]}))
    dense["pooled/0"] = softmax(q @ k.T)
    # dot product, letterboxed: rows 3 to 8 of 12 lie in the picture
    q, k = pair(144, 144, 5)
    box = {"scale": [12, 6], "offset": [0, 3]}
    panels.append(panel("dot", factors("dot", q, k), [12, 12], [12, 12], box, box, rows="scaled"))
    dense["dot/0"] = q @ k.T / 144
    # concatenation: relu(q_i + k_j)
    q, k = pair(70, 70, 1)
    panels.append(panel("concatenation", factors("relu_sum", q, k), [7, 10], [7, 10], rows="scaled"))
    dense["concatenation/0"] = np.maximum(q + k.T, 0) / 70
    weights = softmax(random.normal(size=(30, 30))).astype("f4")
    panels.append(panel("dense", {"kind": "dense", "data": packed(weights)}, [5, 6], [5, 6]))
    dense["dense/0"] = weights.astype(float)
    weights = softmax(random.normal(size=(1, 48))).astype("f4")
    panels.append(panel("global", {"kind": "dense", "data": packed(weights)}, [6, 8], [6, 8], relates="global"))
    dense["global/0"] = weights.astype(float)
    return panels, dense


PANELS, DENSE = make_panels()


def asked_cell(panel: dict, which: str, x: float, y: float) -> int | None:
    (rows, columns), place = panel[f"{which}_grid"], panel[f"{which}_place"]
    row, column = (int(np.floor(v * place["scale"][i] + place["offset"][i])) for v, i in ((y, 1), (x, 0)))
    return row * columns + column if 0 <= row < rows and 0 <= column < columns else None


@pytest.fixture(scope="module")
def viewer(browser):
    """A page with nothing on it but the viewer of the panels above; ``page.evaluate`` reaches it as ``viewer``."""
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    tables = {name: base64.b64encode(colour_table(name).tobytes()).decode() for name in ("viridis", "inferno")}
    page.set_content(f"<!doctype html><style>{CSS}</style><div id=root style='width: 1160px'></div>")
    page.add_script_tag(content=SCRIPT)
    page.evaluate("""([colourMaps, scene]) => {
        window.viewer = createViewer(document.querySelector("#root"), {colourMaps});
        viewer.show(scene);
    }""", [tables, scene()])
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    yield page
    assert not errors
    page.close()


def scene(**changes) -> dict:
    return {"key": {"picture": "1"}, "panels": PANELS,
            "picture": {"url": PICTURE.format(300, 200), "width": 300, "height": 200, "name": "nothing"}} | changes


def ask(page, x: float, y: float) -> dict:
    """Point at the photo; what the viewer computed for each panel."""
    page.evaluate("""([x, y]) => {
        const marks = document.querySelector(".nlviz-marks[data-panel=photo]"), box = marks.getBoundingClientRect();
        const [clientX, clientY] = [box.x + x * box.width, box.y + y * box.height];
        marks.dispatchEvent(new PointerEvent("pointermove", {bubbles: true, clientX, clientY}));
        return new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)));
    }""", [x, y])
    return {m["id"]: m for m in page.evaluate("viewer.state({values: true}).maps")}


def choose(page, setting: str, value: str) -> None:
    page.locator(f"select[data-setting={setting}]").select_option(value)


@pytest.mark.parametrize("x, y", POINTS)
def test_rows_equal_numpys(viewer, x, y):
    choose(viewer, "direction", "attends to")
    found = ask(viewer, x, y)
    for p in PANELS:
        cell = 0 if p["relates"] == "global" else asked_cell(p, "query", x, y)
        row = DENSE[p["id"]][cell]
        np.testing.assert_allclose(found[p["id"]]["values"], row, atol=1e-5, rtol=1e-5)
        assert found[p["id"]]["strongest"] == row.argmax()
        if p["rows"] == "distribution":
            assert found[p["id"]]["entropy"] == pytest.approx(-(row * np.log(row)).sum() / np.log(row.size), abs=1e-5)
        else:
            assert found[p["id"]]["entropy"] is None


@pytest.mark.parametrize("x, y", POINTS)
def test_columns_equal_numpys(viewer, x, y):
    choose(viewer, "direction", "attended by")
    found = ask(viewer, x, y)
    for p in PANELS:
        cell, values = asked_cell(p, "key", x, y), found[p["id"]]["values"]
        if cell is None:
            assert values is None  # pooling dropped the strip under the last point
            continue
        column = DENSE[p["id"]][:, cell]
        np.testing.assert_allclose(values, np.broadcast_to(column, len(values)), atol=1e-5, rtol=1e-5)


def test_a_place_without_a_key_is_said_and_drawn_empty(viewer):
    choose(viewer, "direction", "attended by")
    ask(viewer, 0.999, 0.999)
    caption = viewer.locator(".nlviz-panel[data-panel='pooled/0']")
    assert "no key of this network covers this place" in caption.inner_text()
    alphas = viewer.locator(".nlviz-panels .nlviz-heat[data-panel='pooled/0']").evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some((v, i) => i % 4 === 3 && v)")
    assert alphas is False


@pytest.mark.parametrize("view", ["cells", "smooth"])
@pytest.mark.parametrize("name", ["pooled", "dot", "dense"])
def test_cells_are_drawn_where_they_lie_in_their_own_colour(viewer, name, view):
    choose(viewer, "direction", "attends to")
    choose(viewer, "scale", "per panel")
    choose(viewer, "view", view)
    ask(viewer, 0.31, 0.77)
    p = next(p for p in PANELS if p["id"] == f"{name}/0")
    row = DENSE[p["id"]][asked_cell(p, "query", 0.31, 0.77)]
    table, place = colour_table("viridis").tolist(), p["key_place"]
    for cell, value in enumerate(row):
        at = divmod(cell, p["key_grid"][1])
        x, y = ((at[1 - i] + 0.5 - place["offset"][i]) / place["scale"][i] for i in (0, 1))
        if not (0 < x < 1 and 0 < y < 1):
            continue
        drawn = viewer.locator(f".nlviz-panels .nlviz-heat[data-panel='{p['id']}']").evaluate(
            "(c, [x, y]) => Array.from(c.getContext('2d').getImageData(x * c.width, y * c.height, 1, 1).data)", [x, y])
        level = min(255, int(256 * (value - row.min()) / (row.max() - row.min())))
        assert drawn[3] == 255 and abs(table.index(drawn[:3]) - level) <= 1
    choose(viewer, "scale", "shared")


def test_networks_of_the_same_title_are_told_apart_in_words(viewer):
    twins = [dict(PANELS[3], id=f"{data}/0", title="Non-local", subtitle=f"{data} · trained") for data in ("msrc", "caltech101")]
    viewer.evaluate("scene => viewer.show(scene)", scene(panels=twins))
    words = viewer.locator(".nlviz-status").inner_text()
    assert "Non-local (msrc) (" in words and "Non-local (caltech101) (" in words
    viewer.evaluate("scene => viewer.show(scene)", scene())


def test_a_block_that_adds_nothing_is_marked(viewer):
    nothing = dict(PANELS[3], parity={"outcome": "nothing added", "text": "not trained"})
    viewer.evaluate("scene => viewer.show(scene)", scene(panels=[nothing]))
    assert "adds nothing (untrained or zero)" in viewer.locator(".nlviz-parity").inner_text()
    viewer.evaluate("scene => viewer.show(scene)", scene())


def test_a_long_legend_names_what_is_seen_and_counts_the_rest(viewer):
    shares = [0.9, 0.09, 0.006, 0.003, 0.001]
    classes = [{"index": i, "name": f"class{i}", "colour": "#336699", "share": share} for i, share in enumerate(shares)]
    prediction = {"kind": "segmentation", "grid": [2, 2], "place": {"scale": [2, 2], "offset": [0, 0]},
                  "labels": packed(np.zeros(4), "u1"), "classes": classes}
    viewer.evaluate("scene => viewer.show(scene)", scene(panels=[dict(PANELS[3], prediction=prediction)]))
    legend = viewer.locator(".nlviz-legend").inner_text()
    assert "class2 0.6 %" in legend and "class3" not in legend and legend.endswith("and 2 more")
    viewer.evaluate("scene => viewer.show(scene)", scene())


@pytest.mark.parametrize("change, words", [
    ({"weights": {"kind": "dense", "data": packed(np.zeros(7))}}, "expected 900 float32 numbers, got 7"),
    ({"weights": {"kind": "magic"}}, "unknown kind of weights"),
])
def test_a_broken_scene_is_refused_and_the_one_before_stays(viewer, change, words):
    viewer.evaluate("scene => viewer.show(scene)", scene(panels=[PANELS[3] | change]))
    assert words in viewer.locator(".nlviz-message").inner_text()
    assert viewer.locator(".nlviz-panels .nlviz-heat").count() == len(PANELS)
    viewer.evaluate("scene => viewer.show(scene)", scene())
    assert not viewer.locator(".nlviz-message").is_visible()


def test_no_network_is_a_photo_alone(viewer):
    viewer.evaluate("scene => viewer.show(scene)", scene(panels=[]))
    assert viewer.locator(".nlviz-panels .nlviz-photo").count() == 1 and viewer.locator(".nlviz-panels .nlviz-heat").count() == 0
    viewer.evaluate("scene => viewer.show(scene)", scene())


def test_the_shared_scale_starts_at_zero_so_that_nearly_equal_weights_look_alike(viewer):
    weights = (1 + 0.05 * np.random.default_rng(1).random((30, 30))) / 30
    nearly = panel("nearly", {"kind": "dense", "data": packed(weights)}, [5, 6], [5, 6])
    choose(viewer, "direction", "attends to")
    choose(viewer, "view", "cells")
    viewer.evaluate("scene => viewer.show(scene)", scene(panels=[nearly]))
    assert viewer.locator(".nlviz-foot .nlviz-number").first.inner_text() == "0"
    pixels = viewer.locator(".nlviz-panels .nlviz-heat").evaluate(
        "c => Array.from(c.getContext('2d').getImageData(0, 0, c.width, c.height).data)")
    table = colour_table("viridis").tolist()
    assert min(table.index(list(p)) for p in {tuple(pixels[i:i + 3]) for i in range(0, len(pixels), 4)}) >= 240
    viewer.evaluate("scene => viewer.show(scene)", scene())
