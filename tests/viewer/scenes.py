"""Scenes of random maps as the server sends them, and the same maps in numpy."""

import base64

import numpy as np

PICTURE = "data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg' width='{}' height='{}'/>"
POINTS = [(0.013, 0.02), (0.5, 0.5), (0.31, 0.77), (0.999, 0.999)]
FULL, PAIRWISE, UNARY, CENTRED = TERMS = ("full", "pairwise only", "unary only", "row minus the mean row")
RANDOM = np.random.default_rng(0)
CHANNELS = 12



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
