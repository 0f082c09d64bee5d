"""The viewer alone, without gradio: random maps in a bare page, against the same sums in numpy."""

import base64
from itertools import product

import numpy as np
import pytest

from nlviz.figures import DIVERGING, colour_table
from nlviz.viewer import CSS, SCRIPT, table_bytes

PICTURE = "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' width='{}' height='{}'/>"
POINTS = [(0.013, 0.02), (0.5, 0.5), (0.31, 0.77), (0.999, 0.999)]
FULL, PAIRWISE, UNARY, CENTRED = TERMS = ("full", "pairwise only", "unary only", "row minus the mean row")
RANDOM = np.random.default_rng(0)
CHANNELS = 12


# ---------------------------------------------------------------------------------------------------- a scene, in numpy


def packed(values: np.ndarray, kind: str = "<f4") -> str:
    return base64.b64encode(np.ascontiguousarray(values).astype(kind).tobytes()).decode()


def place(grid) -> dict:
    return {"scale": [grid[1], grid[0]], "offset": [0, 0]}


def softmax(scores: np.ndarray) -> np.ndarray:
    e = np.exp(scores - scores.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def log_sum(scores: np.ndarray) -> np.ndarray:
    return np.log(np.exp(scores).sum(-1))


def floats(*shape) -> np.ndarray:
    """Random numbers that float32 holds exactly."""
    return RANDOM.normal(size=shape).astype("f4").astype(float)


def make_map(weights: dict, terms: dict[str, np.ndarray], queries, keys, *, name="", relates="positions", rows="distribution",
             query_place=None, key_place=None, sent=None) -> tuple[dict, dict]:
    """A map as the server sends it, and its terms in numpy, (N, N') each (one row where it has one for all)."""
    if relates == "positions":
        terms = terms | {CENTRED: terms[FULL] - terms[FULL].mean(0)}
        sent = {"mean_row": packed(terms[FULL].mean(0))} | (sent or {})
    placed = relates in ("positions", "global")
    return {"name": name, "relates": relates, "rows": rows, "query_grid": queries, "key_grid": keys, "weights": weights,
            "terms": sent, "query_place": query_place or (place(queries) if placed else None),
            "key_place": key_place or (place(keys) if len(keys) == 2 else None)}, terms


def factors(kind: str, q: np.ndarray, k: np.ndarray) -> dict:
    return {"kind": kind, "q": packed(q), "k": packed(k), "channels": q.shape[1]}


def softmax_map(queries, keys, channels, cells=None, **more) -> tuple[dict, dict]:
    """softmax of q . k, in cells that do not see each other; with its pairwise and unary terms."""
    q, k = floats(np.prod(queries), channels), floats(np.prod(keys), channels)
    own = np.zeros(len(q), int) if cells is None else cells
    seen = np.ones((len(q), len(k)), bool) if cells is None else cells[:, None] == cells
    mean = np.stack([q[own == cell].mean(0) for cell in range(own.max() + 1)])
    asking = {FULL: q, PAIRWISE: q - mean[own], UNARY: mean[own]}
    scores = {name: np.where(seen, left @ k.T, -np.inf) for name, left in asking.items()}
    firsts = [list(own).index(cell) for cell in range(own.max() + 1)]
    weights = factors("softmax", q, k) | {"log_sum": packed(log_sum(scores[FULL]))}
    sent = {"q_mean": packed(mean), "unary_log_sum": packed(log_sum(scores[UNARY])[firsts]),
            "pairwise_log_sum": packed(log_sum(scores[PAIRWISE]))}
    return make_map(weights | ({} if cells is None else {"cells": packed(cells)}), {name: softmax(s) for name, s in scores.items()},
                    queries, keys, sent=sent, **more)


def dense_map(weights: np.ndarray, grid, **more) -> tuple[dict, dict]:
    weights = weights.astype("f4").astype(float)
    terms = {FULL: weights}
    if more.get("relates") == "global":
        terms |= {UNARY: weights, CENTRED: 0 * weights}
    return make_map({"kind": "dense", "data": packed(weights)}, terms, grid, grid, **more)


def cross_map(grid, name) -> tuple[dict, dict]:
    (rows, columns), n = grid, grid[0] * grid[1]
    scores = floats(n, rows + columns)
    scores[np.arange(n), np.arange(n) // columns] = -np.inf  # the query itself is counted in its row alone
    weights = softmax(scores).astype("f4").astype(float)
    dense = np.zeros((n, rows, columns))
    for i, row in enumerate(weights):
        dense[i, :, i % columns] += row[:rows]
        dense[i, i // columns] += row[rows:]
    return make_map({"kind": "cross", "data": packed(weights)}, {FULL: dense.reshape(n, n)}, grid, grid, name=name)


def channel_map(weights: np.ndarray, **more) -> tuple[dict, dict]:
    weights = weights.astype("f4").astype(float)
    queries = [] if more["relates"] == "gate" else [len(weights)]
    return make_map({"kind": "dense", "data": packed(weights)}, {FULL: weights}, queries, [len(weights)], **more)


def make_features(channels: int, grid) -> tuple[dict, np.ndarray]:
    low, high = floats(channels), floats(channels) + 5
    steps = RANDOM.integers(0, 256, (channels, np.prod(grid)))
    steps[:, 0], steps[:, 1] = 0, 255
    return ({"grid": grid, "place": place(grid), "count": channels, "low": packed(low), "high": packed(high),
             "data": packed(steps, "u1")}, low[:, None] + steps / 255 * (high - low)[:, None])


PANELS: list[dict] = []
MAPS: dict[tuple[str, str], dict[str, np.ndarray]] = {}  # (panel, map) -> its terms
FEATURES: dict[str, np.ndarray] = {}


def add(name: str, *maps: tuple[dict, dict], features: tuple[dict, np.ndarray] | None = None) -> None:
    panel = {"id": f"{name}/0", "title": name, "block": name, "maps": [sent for sent, _ in maps],
             "features": features and features[0]}
    PANELS.append(panel)
    MAPS.update({(panel["id"], sent["name"]): terms for sent, terms in maps})
    if features:
        FEATURES[panel["id"]] = features[1]


def make_panels() -> None:
    """A panel of every kind of weights and of place."""
    # an odd grid whose keys were pooled 2 x 2: the last row and column of queries have no key
    add("pooled", softmax_map([9, 13], [4, 6], 7, key_place={"scale": [6.5, 4.5], "offset": [0, 0]}))
    # dot product, letterboxed: rows 3 to 8 of 12 lie in the picture
    q, k, box = floats(144, 5), floats(144, 5), {"scale": [12, 6], "offset": [0, 3]}
    add("dot", make_map(factors("dot", q, k), {FULL: q @ k.T}, [12, 12], [12, 12], query_place=box, key_place=box, rows="scaled"))
    q, k = floats(70, 1), floats(70, 1)
    add("concatenation", make_map(factors("relu_sum", q, k), {FULL: np.maximum(q + k.T, 0)}, [7, 10], [7, 10], rows="scaled"))
    add("dense", dense_map(softmax(floats(30, 30)), [5, 6]))
    add("global", dense_map(softmax(floats(1, 48)), [6, 8], relates="global"))
    cells = (np.arange(7).clip(max=5)[:, None] // 3 * 2 + np.arange(9).clip(max=7) // 4).flatten()  # the last take what is left
    add("pyramid", softmax_map([7, 9], [7, 9], 6, name="whole picture"), softmax_map([7, 9], [7, 9], 6, cells, name="2 × 2 cells"))
    # queries pooled too, on a grid that does not cover the last strip of the picture
    coarse = {"scale": [4.5, 3.5], "offset": [0, 0]}
    add("object", softmax_map([3, 4], [3, 4], 3, query_place=coarse, key_place=coarse))
    crosses = [cross_map([6, 8], f"A{number}") for number in (1, 2, 3)]
    dense = [terms[FULL] for _, terms in crosses]
    add("criss-cross", make_map({"kind": "product", "of": [3, 2, 1]}, {FULL: dense[2] @ dense[1] @ dense[0]}, [6, 8], [6, 8],
                                name="A3 A2 A1"), *crosses,
        make_map({"kind": "product", "of": [2, 1]}, {FULL: dense[1] @ dense[0]}, [6, 8], [6, 8], name="A2 A1"))
    pairwise = softmax_map([5, 7], [5, 7], 4, name="pairwise")
    unary = dense_map(softmax(floats(1, 35)), [5, 7], name="unary", relates="global")
    add("disentangled", make_map({"kind": "sum", "of": [1, 2]}, {FULL: pairwise[1][FULL] + unary[1][FULL]}, [5, 7], [5, 7],
                                 name="sum", rows="raw"), pairwise, unary)
    features = make_features(CHANNELS, [6, 8])
    add("channels", channel_map(softmax(floats(CHANNELS, CHANNELS)), relates="channels"), features=features)
    add("relations", channel_map(np.abs(floats(CHANNELS, CHANNELS)), name="relations", relates="channels", rows="raw"),
        channel_map(1 / (1 + np.exp(-floats(CHANNELS))), name="gate of channels", relates="gate", rows="raw"), features=features)
    q, k, gate = np.abs(floats(48, 3)), np.abs(floats(48, 3)), (1 / (1 + np.exp(-floats(48)))).astype("f4")
    add("spatial", make_map(factors("dot", q, k), {FULL: q @ k.T}, [6, 8], [6, 8], name="relations", rows="raw"),
        make_map({"kind": "dense", "data": packed(gate)}, {FULL: gate[None]}, [], [6, 8], name="gate of positions",
                 relates="gate", rows="raw"))
    add("added", dense_map(softmax(floats(1, 48)), [6, 8], name="attention", relates="global"),
        channel_map(floats(CHANNELS), name="added to channels", relates="gate", rows="raw"),
        features=make_features(CHANNELS, [6, 8]))


make_panels()
PLACED = [(p, m) for p in PANELS for m in p["maps"] if len(m["key_grid"]) == 2]


def the(name: str) -> dict:
    return next(p for p in PANELS if p["title"] == name)


def scene(*names: str, **changes) -> dict:
    return {"key": {"picture": "1"}, "panels": [the(name) for name in names] or PANELS,
            "picture": {"url": PICTURE.format(300, 200), "width": 300, "height": 200, "name": "nothing"}} | changes


# ---------------------------------------------------------------------------------------------------- the page


@pytest.fixture(scope="module")
def bare(browser):
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_content(f"<!doctype html><style>{CSS}</style><body></body>")
    page.add_script_tag(content=SCRIPT)
    yield page
    assert not errors
    page.close()


@pytest.fixture
def viewer(bare):
    """A page with nothing on it but a viewer; ``page.evaluate`` reaches it as ``viewer``."""
    bare.set_viewport_size({"width": 1200, "height": 900})
    tables = {name: table_bytes(name) for name in ("viridis", "inferno")}
    bare.evaluate("""([colourMaps, diverging]) => {
        const root = document.createElement("div");
        document.body.replaceChildren(root);
        document.body.style.margin = "0";
        window.requests = [];
        const onExport = async request => { requests.push(request); return {name: "figure.png", data: "", type: "image/png"}; };
        window.viewer = createViewer(root, {colourMaps, diverging, onExport});
    }""", [tables, table_bytes(DIVERGING)])
    return bare


def drawn(page):
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page


def show(page, *names: str, **changes) -> None:
    page.evaluate("scene => viewer.show(scene)", scene(*names, **changes))
    drawn(page)


def point(page, canvas: str, x: float, y: float, event: str = "pointermove") -> None:
    page.locator(canvas).first.evaluate("""(canvas, [x, y, event]) => {
        const box = canvas.getBoundingClientRect(), at = {clientX: box.x + x * box.width, clientY: box.y + y * box.height};
        canvas.dispatchEvent(new PointerEvent(event, {bubbles: event !== "pointerleave", ...at}));
    }""", [x, y, event])
    drawn(page)


def ask(page, x: float, y: float) -> dict:
    """Point at the photo; what the viewer computed for each panel."""
    point(page, ".nlviz-panels .nlviz-marks[data-panel=photo]", x, y)
    return {m["id"]: m for m in page.evaluate("viewer.state({values: true}).maps")}


def choose(page, setting: str, value: str) -> None:
    page.locator(f"select[data-setting={setting}]").select_option(value)


def choose_map(page, panel: dict, name: str) -> None:
    if len(panel["maps"]) > 1:
        page.locator(f"{node(panel)} select[data-choice=map]").select_option(name)


def order(page, panel: dict, value: str) -> None:
    page.locator(f"{node(panel)} select[data-choice=order]").select_option(value)
    drawn(page)


def node(panel: dict) -> str:
    return f".nlviz-panel[data-panel='{panel['id']}']"


def heat(panel: dict) -> str:
    return f".nlviz-panels .nlviz-heat[data-panel='{panel['id']}']"


def colours(page, canvas: str, points) -> np.ndarray:
    """(points, 4): RGBA under each point, fractions of the canvas."""
    found = page.locator(canvas).evaluate("""(canvas, points) => {
        const {width, height} = canvas, {data} = canvas.getContext("2d").getImageData(0, 0, width, height);
        return points.map(([x, y]) => {
            const at = 4 * (Math.floor(y * height) * width + Math.floor(x * width));
            return Array.from(data.slice(at, at + 4));
        });
    }""", [list(map(float, p)) for p in points])
    return np.array(found)


def levels(page, canvas: str, points, table: str = "viridis") -> np.ndarray:
    """Which colour of the table is under each point; any other is an error."""
    index = {tuple(colour): level for level, colour in enumerate(colour_table(table).tolist())}
    found = colours(page, canvas, points)
    assert (found[:, 3] == 255).all()
    return np.array([index[tuple(colour[:3])] for colour in found.tolist()])


def centres(grid, its_place=None) -> tuple[list[int], list[tuple[float, float]]]:
    """Cells whose centre lies in the picture, and those centres."""
    its_place = its_place or place(grid)
    cells, found = [], []
    for cell in range(grid[0] * grid[1]):
        at = divmod(cell, grid[1])
        x, y = ((at[1 - i] + 0.5 - its_place["offset"][i]) / its_place["scale"][i] for i in (0, 1))
        if 0 < x < 1 and 0 < y < 1:
            cells.append(cell)
            found.append((x, y))
    return cells, found


def scaled(values, low, high) -> np.ndarray:
    return np.clip(np.floor(256 * (np.asarray(values) - low) / (high - low)), 0, 255)


def asked_cell(m: dict, which: str, x: float, y: float) -> int | None:
    (rows, columns), its_place = m[f"{which}_grid"], m[f"{which}_place"]
    row, column = (int(np.floor(v * its_place["scale"][i] + its_place["offset"][i])) for v, i in ((y, 1), (x, 0)))
    return row * columns + column if 0 <= row < rows and 0 <= column < columns else None


def row_of(panel: dict, m: dict, x: float, y: float, term: str = FULL) -> np.ndarray | None:
    rows = MAPS[panel["id"], m["name"]][term]
    if len(rows) == 1:
        return rows[0]
    cell = asked_cell(m, "query", x, y)
    return None if cell is None else rows[cell]


def column_of(panel: dict, m: dict, x: float, y: float, term: str = FULL) -> np.ndarray | None:
    rows, cell = MAPS[panel["id"], m["name"]][term], asked_cell(m, "key", x, y)
    if m["relates"] == "gate":
        return rows[0]
    return None if cell is None else np.broadcast_to(rows[:, cell], int(np.prod(m["query_grid"])))


# ---------------------------------------------------------------------------------------------------- rows, columns, terms


@pytest.mark.parametrize("panel, m", PLACED, ids=[f"{p['title']}-{m['name']}" for p, m in PLACED])
@pytest.mark.parametrize("term", TERMS)
def test_rows_and_columns_of_every_map_and_term_equal_numpys(viewer, panel, m, term):
    show(viewer, panel["title"])
    choose_map(viewer, panel, m["name"])
    choose(viewer, "term", term)
    own = FULL if m["relates"] == "gate" else term  # a gate has no terms
    for direction, (x, y) in product(["attends to", "attended by"], POINTS):
        choose(viewer, "direction", direction)
        of = row_of if direction == "attends to" else column_of
        found, caption = ask(viewer, x, y)[panel["id"]], viewer.locator(f"{node(panel)} .nlviz-live").inner_text()
        if own not in MAPS[panel["id"], m["name"]]:
            reason = ("one map for every query: nothing in it is pairwise" if m["relates"] == "global" else
                      "not a softmax over q · k, so it has no pairwise and unary term")
            assert found["values"] is None and caption == f"n/a: {reason}"
            assert not colours(viewer, heat(panel), [(0.5, 0.5)]).any()
            continue
        wanted = of(panel, m, x, y, own)
        if wanted is None:
            assert found["values"] is None and "covers this place" in caption
            continue
        np.testing.assert_allclose(found["values"], wanted, atol=1e-5, rtol=2e-5)
        assert found["highest"] == pytest.approx(wanted.max(), abs=1e-5, rel=1e-4)
        if direction == "attends to" and m["rows"] == "distribution" and own != CENTRED:
            entropy = -(wanted[wanted > 0] * np.log(wanted[wanted > 0])).sum() / np.log(wanted.size)
            assert found["entropy"] == pytest.approx(entropy, abs=1e-5)
        else:
            assert found["entropy"] is None


def test_the_strongest_key_is_named_with_its_share(viewer):
    show(viewer, "criss-cross")
    ask(viewer, 0.31, 0.77)
    row = row_of(the("criss-cross"), the("criss-cross")["maps"][0], 0.31, 0.77)
    strongest = f"({row.argmax() // 8}, {row.argmax() % 8}), {100 * row.max():.1f} % of the weight"
    said = viewer.locator(".nlviz-status").inner_text()
    assert said == f"Query cell (4, 2) → strongest key: criss-cross · A3 A2 A1 {strongest}"


def test_a_place_without_a_key_is_said_and_drawn_empty(viewer):
    show(viewer, "pooled")
    choose(viewer, "direction", "attended by")
    ask(viewer, 0.999, 0.999)
    assert "no key of this network covers this place" in viewer.locator(node(the("pooled"))).inner_text()
    assert not colours(viewer, heat(the("pooled")), centres([9, 13])[1]).any()


@pytest.mark.parametrize("view", ["cells", "smooth"])
@pytest.mark.parametrize("name", ["pooled", "dot", "dense", "object", "criss-cross"])
def test_cells_are_drawn_where_they_lie_in_their_own_colour(viewer, name, view):
    show(viewer, name)
    choose(viewer, "scale", "per panel")
    choose(viewer, "view", view)
    ask(viewer, 0.31, 0.77)
    m = the(name)["maps"][0]
    row, (cells, points) = row_of(the(name), m, 0.31, 0.77), centres(m["key_grid"], m["key_place"])
    assert len(points) > 9
    np.testing.assert_allclose(levels(viewer, heat(the(name)), points), scaled(row[cells], row.min(), row.max()), atol=1)


@pytest.mark.parametrize("scale", ["shared", "per panel"])
def test_differences_from_the_mean_row_are_drawn_in_colours_centred_at_zero(viewer, scale):
    names = ["dense", "criss-cross", "dot"]
    show(viewer, *names)
    choose(viewer, "term", CENTRED)
    choose(viewer, "scale", scale)
    ask(viewer, 0.31, 0.77)
    rows = {name: row_of(the(name), the(name)["maps"][0], 0.31, 0.77, CENTRED) for name in names}
    most = {name: np.abs(row).max() for name, row in rows.items()}
    if scale == "shared":  # by kind of rows: distributions have nothing in common with scaled rows
        most["dense"] = most["criss-cross"] = max(most["dense"], most["criss-cross"])
    for name, row in rows.items():
        m = the(name)["maps"][0]
        cells, points = centres(m["key_grid"], m["key_place"])
        wanted = scaled(row[cells], -most[name], most[name])
        np.testing.assert_allclose(levels(viewer, heat(the(name)), points, DIVERGING), wanted, atol=1)
    bar = ".nlviz-foot [data-rows=distribution]" if scale == "shared" else f"{node(the('dense'))} .nlviz-own"
    assert CENTRED in viewer.locator(bar).inner_text()
    low, high = (float(text) for text in viewer.locator(f"{bar} .nlviz-number").all_inner_texts())
    assert low == -high == pytest.approx(-most["dense"], rel=0.06)
    ramp = levels(viewer, f"{bar} .nlviz-ramp", [((n + 0.5) / 256, 0.5) for n in range(256)], DIVERGING)
    assert ramp.tolist() == list(range(256))


@pytest.mark.parametrize("scale", ["shared", "per panel"])
@pytest.mark.parametrize("case", ["global", "the same row for every query"])
def test_what_does_not_depend_on_the_query_is_neutral_everywhere_when_the_mean_row_is_taken_off(viewer, case, scale):
    name = "global"
    show(viewer, "global", "dot")
    if case != "global":  # rows equal up to the rounding of float32
        row = softmax(floats(1, 30)) * (1 + 1e-7 * floats(30, 30))
        add("alike", dense_map(row, [5, 6]))
        name, alike = "alike", PANELS.pop()
        show(viewer, panels=[alike, the("dot")])
    choose(viewer, "term", CENTRED)
    choose(viewer, "scale", scale)
    for direction in ("attends to", "attended by"):
        choose(viewer, "direction", direction)
        ask(viewer, 0.31, 0.77)
        assert set(levels(viewer, heat({"id": f"{name}/0"}), centres([6, 8])[1], DIVERGING)) == {128}


def test_a_map_that_is_shown_in_no_term_lends_the_scale_nothing(viewer):
    show(viewer, "dense", "global")
    choose(viewer, "term", PAIRWISE)
    ask(viewer, 0.31, 0.77)
    assert viewer.locator(".nlviz-foot .nlviz-bar").count() == 0
    assert viewer.locator(".nlviz-status").inner_text().endswith("global: n/a: one map for every query: nothing in it is pairwise")


def test_the_shared_scale_starts_at_zero_so_that_nearly_equal_weights_look_alike(viewer):
    add("nearly", dense_map((1 + 0.05 * RANDOM.random((30, 30))) / 30, [5, 6]))
    show(viewer, panels=[PANELS.pop()])
    assert viewer.locator(".nlviz-foot .nlviz-number").first.inner_text() == "0"
    assert levels(viewer, ".nlviz-panels .nlviz-heat", centres([5, 6])[1]).min() >= 240


def test_scales_are_shared_by_kind_of_rows_and_a_gate_is_a_kind_of_its_own(viewer):
    show(viewer, "dense", "disentangled", "spatial", "dot", "channels")
    choose_map(viewer, the("spatial"), "gate of positions")
    ask(viewer, 0.31, 0.77)
    bars = {bar.get_attribute("data-rows"): bar.inner_text() for bar in viewer.locator(".nlviz-foot .nlviz-bar").all()}
    assert set(bars) == {"distribution", "raw", "scaled", "gate"}
    assert "gate, 0 to 1" in bars["gate"] and "rows" not in bars["gate"]
    gate = MAPS["spatial/0", "gate of positions"][FULL][0]
    for direction in ("attends to", "attended by"):
        choose(viewer, "direction", direction)
        for x, y in POINTS[1:]:
            ask(viewer, x, y)
            found = levels(viewer, heat(the("spatial")), centres([6, 8])[1])
            np.testing.assert_allclose(found, scaled(gate, 0, gate.max()), atol=1)
    assert "every query gets the same" in viewer.locator(node(the("spatial"))).inner_text()


# ---------------------------------------------------------------------------------------------------- several maps of a panel


def test_the_map_of_a_panel_can_be_chosen_and_stays_chosen_on_another_photo(viewer):
    panel, names = the("disentangled"), ["dense", "disentangled", "pyramid", "channels"]
    show(viewer, *names)
    assert viewer.locator(f"{node(panel)} select[data-choice=map] option").all_inner_texts() == ["sum", "pairwise", "unary"]
    assert viewer.locator(f"{node(the('dense'))} select[data-choice=map]").count() == 0
    choose(viewer, "scale", "per panel")
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
    viewer.locator("[data-action=export-png]").click()
    viewer.wait_for_function("requests.length")
    request = viewer.evaluate("requests[0]")
    assert request["parts"] == {"criss-cross/0": "A3 A2 A1", "relations/0": "gate of channels"}
    assert request["settings"]["term"] == CENTRED and request["format"] == "png" and request["queries"] == [[0.5, 0.5]]


# ---------------------------------------------------------------------------------------------------- channels

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


def assert_feature_drawn(page, panel: dict, channel: int, canvas: str | None = None) -> None:
    values = FEATURES[panel["id"]][channel]
    found = levels(page, canvas or heat(panel), centres([6, 8])[1])
    np.testing.assert_allclose(found, scaled(values, values.min(), values.max()), atol=1)


def test_the_matrix_of_channels_is_drawn_cell_by_cell_and_sorting_permutes_both_axes(viewer):
    panel = the("channels")
    show(viewer, "channels")
    weights, values = MAPS["channels/0", ""][FULL], f"{MATRIX} .nlviz-chooser-values"
    by_weight = np.argsort(-weights.sum(0))
    for name, shown in [("in order", np.arange(CHANNELS)), ("sorted", by_weight), ("in order", np.arange(CHANNELS))]:
        order(viewer, panel, name)
        wanted = scaled(weights[np.ix_(shown, shown)], 0, weights.max()).flatten()
        np.testing.assert_allclose(levels(viewer, values, cells_of_matrix()), wanted, atol=1)
    box, whole = viewer.locator(MATRIX).bounding_box(), viewer.locator(node(panel)).bounding_box()
    assert box["width"] == pytest.approx(box["height"]) and box["width"] <= whole["width"]
    bar = viewer.locator(".nlviz-matrix-bar")
    assert "own scale" in bar.inner_text() and "rows: distribution (sum 1)" in bar.inner_text()
    assert float(bar.locator(".nlviz-number").last.inner_text()) == pytest.approx(weights.max(), rel=0.06)


def test_hovering_a_row_of_the_matrix_draws_that_channel_and_the_ones_most_related_to_it(viewer):
    panel = the("channels")
    show(viewer, "channels", "dense")
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
    choose_map(viewer, the(panel), "gate of channels")
    order(viewer, the(panel), name)
    terms = MAPS[the(panel)["id"], the(panel)["maps"][-1]["name"]][FULL]
    shown = np.argsort(-(terms.sum(0) if terms.ndim == 2 else terms)) if name == "sorted" else np.arange(CHANNELS)
    viewer.locator("select[data-choice=order]").focus()
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
    assert "rows are channels: a place in the picture has no row here" in viewer.locator(node(panel)).inner_text()
    assert "channels: rows are channels" in viewer.locator(".nlviz-status").inner_text()
    assert not viewer.locator(f"{node(panel)} .nlviz-live").is_visible()
    point(viewer, ".nlviz-panels .nlviz-marks[data-panel=photo]", 0.5, 0.5, "pointerdown")
    point(viewer, ".nlviz-panels .nlviz-marks[data-panel=photo]", 0.5, 0.5, "pointerup")
    assert viewer.locator(".nlviz-strip canvas.nlviz-heat").count() == 1  # the global map's
    assert viewer.locator(f".nlviz-strip-none[data-panel='{panel['id']}']").inner_text() == "no row: channels"


def test_raw_relations_of_channels_are_said_as_numbers(viewer):
    show(viewer, "relations")
    point(viewer, f"{MATRIX} .nlviz-chooser-marks", 0.5, middle(4))
    number = lambda weight: f"{weight:#.3g}" if weight >= 1 else f"{weight:#.2g}"  # noqa: E731
    assert viewer.locator(".nlviz-channel").inner_text() == words(the("relations"), 4, number)
    assert "rows: raw" in viewer.locator(".nlviz-matrix-bar").inner_text()


# ---------------------------------------------------------------------------------------------------- gates of channels


def bars_of(page) -> tuple[np.ndarray, np.ndarray]:
    """(height as a share, colour) of the bar of each place from left to right, read below and above the line of zero."""
    rows = 72
    points = [(middle(at), (n + 0.5) / rows) for at in range(CHANNELS) for n in range(rows)]
    found = colours(page, f"{GATES} .nlviz-chooser-values", points).reshape(CHANNELS, rows, 4)
    solid = found[..., 3] == 255
    return solid.sum(1) / rows, np.array([column[where][0] for column, where in zip(found, solid)])


def test_a_gate_of_channels_is_a_strip_of_bars_in_which_a_channel_is_chosen(viewer):
    panel = the("relations")
    show(viewer, "relations")
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
    assert viewer.locator(GATES).bounding_box()["height"] == 72
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
        beyond = zero + np.sign(zero - end) * 3 / 72
        found = colours(viewer, f"{GATES} .nlviz-chooser-values", [(middle(channel), (zero + end) / 2), (middle(channel), beyond)])
        assert found[0, 3] == 255 and found[1, 3] < 255  # the bar lies on its own side of zero alone
    assert "a number added to each" in viewer.locator(node(the("added"))).inner_text()


# ---------------------------------------------------------------------------------------------------- words and looks


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
