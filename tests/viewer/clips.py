"""Scenes of clips: random maps in space and time as the server sends them, and the same maps in numpy."""

import base64

import numpy as np

from nlviz.figures import colour_table
from tests.viewer.pages import PHOTO, drawn, levels, point
from tests.viewer.scenes import PICTURE, cross_map, dense_map, factors, floats, log_sum, make_map, packed, softmax

FRAMES, WIDTH, HEIGHT = 8, 320, 180
SHEET = PICTURE.format(4 * WIDTH, 2 * HEIGHT)
CLIP = {"count": FRAMES, "across": 4, "numbers": [4 * i for i in range(FRAMES)], "seconds": [i / 10 for i in range(FRAMES)],
        "title": "frames 1–29 of 100, every 4th, 40 fps"}


def place(grid, frames: int = FRAMES) -> dict:
    """Where a grid (t, rows, columns) that covers the whole clip lies."""
    return {"scale": [grid[2], grid[1]], "offset": [0, 0], "time": {"scale": grid[0] / frames, "offset": 0}}


def placed(queries, keys, **more) -> dict:
    return {"query_place": place(queries), "key_place": place(keys)} | more


def panel(name: str, *maps: tuple[dict, dict], **more) -> dict:
    """A panel as the server sends it."""
    return {"id": f"{name}/0", "title": name, "block": name, "maps": [sent for sent, _ in maps], "features": None} | more


def softmax_clip(queries, keys, channels: int = 5, **more) -> tuple[dict, dict]:
    """A map as the server sends it, and its terms in numpy, (N, N') each."""
    q, k = floats(np.prod(queries), channels), floats(np.prod(keys), channels)
    scores = q @ k.T
    return make_map(factors("softmax", q, k) | {"log_sum": packed(log_sum(scores))}, {"full": softmax(scores)}, queries, keys,
                    **placed(queries, keys), **more)


def hot_clip(queries, keys, key: int) -> tuple[dict, dict]:
    """All the weight of every query on one key."""
    q, k = np.ones((np.prod(queries), 1)), np.zeros((np.prod(keys), 1))
    k[key] = 60
    found, terms = make_map(factors("softmax", q, k) | {"log_sum": packed(np.full(len(q), 60.0))}, {"full": softmax(q[:1] @ k.T)},
                            queries, keys, relates="global", **placed(queries, keys))
    return found | {"relates": "positions"}, terms


def framewise_clip(grid, kind: str) -> tuple[dict, dict]:
    """The maps of a network that saw the frames one by one."""
    frames, n = grid[0], grid[1] * grid[2]
    q, k = floats(frames, n, 5), floats(frames, n, 5)
    scores = q @ k.swapaxes(1, 2)
    inner = softmax(scores) if kind != "dot" else scores
    whole = block_diagonal(inner)
    of = {"softmax": factors("softmax", q.reshape(-1, 5), k.reshape(-1, 5)) | {"log_sum": packed(log_sum(scores))},
          "dense": {"kind": "dense", "data": packed(inner)}, "dot": factors("dot", q.reshape(-1, 5), k.reshape(-1, 5))}[kind]
    if kind == "dense":
        whole = whole.astype("f4").astype(float)
    return make_map({"kind": "framewise", "frames": frames, "of": of}, {"full": whole}, grid, grid, **placed(grid, grid))


def block_diagonal(inner: np.ndarray) -> np.ndarray:
    """(T, n, m) -> (T n, T m), zero between frames."""
    frames, n, m = inner.shape
    whole = np.zeros((frames, n, frames, m))
    whole[np.arange(frames), :, np.arange(frames)] = inner
    return whole.reshape(frames * n, frames * m)


def pooled_by_frame(queries, keys) -> tuple[dict, dict]:
    """A softmax within each frame over keys of a grid of their own."""
    frames, n, m = queries[0], queries[1] * queries[2], keys[1] * keys[2]
    q, k = floats(frames, n, 5), floats(frames, m, 5)
    scores = q @ k.swapaxes(1, 2)
    of = factors("softmax", q.reshape(-1, 5), k.reshape(-1, 5)) | {"log_sum": packed(log_sum(scores))}
    return make_map({"kind": "framewise", "frames": frames, "of": of}, {"full": block_diagonal(softmax(scores))}, queries, keys,
                    **placed(queries, keys))


def sum_by_frame(grid) -> list[tuple[dict, dict]]:
    """In each frame a softmax and one row for all its queries, added, and the softmax alone."""
    (part, terms), shared = pooled_by_frame(grid, grid), softmax(floats(grid[0], 1, grid[1] * grid[2])).astype("f4")
    whole = terms["full"] + block_diagonal(shared.repeat(grid[1] * grid[2], 1))
    weights = {"kind": "framewise_sum", "frames": grid[0], "of": 1, "shared": packed(shared)}
    return [make_map(weights, {"full": whole}, grid, grid, rows="raw", **placed(grid, grid)), (part | {"name": "pairwise"}, terms)]


def crosses_by_frame(grid) -> list[tuple[dict, dict]]:
    """The product of two criss-cross maps of each frame, and those two."""
    found = []
    for name in ("A1", "A2"):
        crosses = [cross_map(grid[1:], name) for _ in range(grid[0])]
        data = b"".join(base64.b64decode(sent["weights"]["data"]) for sent, _ in crosses)
        weights = {"kind": "framewise", "frames": grid[0], "of": {"kind": "cross", "data": base64.b64encode(data).decode()}}
        whole = block_diagonal(np.stack([terms["full"] for _, terms in crosses]))
        found.append(make_map(weights, {"full": whole}, grid, grid, name=name, **placed(grid, grid)))
    whole = found[1][1]["full"] @ found[0][1]["full"]
    return [make_map({"kind": "product", "of": [2, 1]}, {"full": whole}, grid, grid, name="A2 A1", **placed(grid, grid)), *found]


def scene(*panels: dict, **changes) -> dict:
    picture = {"name": "a clip", "width": WIDTH, "height": HEIGHT, "url": SHEET, "clip": CLIP}
    return {"key": {"picture": "clip"}, "panels": list(panels), "picture": picture, "start": [0.5, 0.5, 3]} | changes


def show(page, *panels: dict, **changes) -> None:
    page.evaluate("scene => viewer.show(scene)", scene(*panels, **changes))
    drawn(page)


def state(page) -> dict:
    return page.evaluate("viewer.state()")


def heat(one: dict) -> str:
    return f".nlviz-panels .nlviz-heat[data-panel='{one['id']}']"


def on_sheet(page, canvas: str, frame: int, points) -> list[tuple[float, float]]:
    """Fractions of a frame as fractions of the canvas on which the frames stand."""
    box = page.locator(canvas).first.evaluate("(canvas, frame) => canvas.closest('.nlviz-picture').sheet.boxes[frame]", frame)
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]


def ask(page, x: float, y: float, frame: int, canvas: str = PHOTO, events=("pointermove",)) -> dict:
    """Point at a place of a frame; what the viewer computed for each panel."""
    point(page, canvas, *on_sheet(page, canvas, frame, [(x, y)])[0], *events)
    return {m["id"]: m for m in page.evaluate("viewer.state({values: true}).maps")}


def pin(page, *places, canvas: str = PHOTO) -> None:
    for x, y, frame in places:
        ask(page, x, y, frame, canvas, ("pointerdown", "pointerup"))


def cell_centres(rows: int, columns: int) -> list[tuple[float, float]]:
    return [((c + 0.5) / columns, (r + 0.5) / rows) for r in range(rows) for c in range(columns)]


def bright(page, one: dict, rows: int, columns: int) -> dict[int, np.ndarray]:
    """Frame -> the level of the colour table in the middle of each of rows x columns places."""
    return {frame: levels(page, heat(one), on_sheet(page, heat(one), frame, cell_centres(rows, columns))).reshape(rows, columns)
            for frame in range(FRAMES)}


def brightest(page, one: dict, rows: int, columns: int) -> dict[int, np.ndarray]:
    """Frame -> which of rows x columns places have the last colour of the table; those that don't must have the first."""
    found = page.locator(heat(one)).evaluate("""(canvas, [rows, columns]) => {
        const {width, height} = canvas, {data} = canvas.getContext("2d").getImageData(0, 0, width, height), seen = [];
        for (const box of canvas.sheet.boxes) for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
            const x = Math.floor((box.x + (c + 0.5) / columns * box.width) * width);
            seen.push(data[4 * (Math.floor((box.y + (r + 0.5) / rows * box.height) * height) * width + x)]);
        }
        return seen;
    }""", [rows, columns])  # red alone tells the two apart
    table = colour_table("viridis")[[0, -1], 0].tolist()
    assert set(found) <= set(table)
    return dict(enumerate((np.array(found) == table[1]).reshape(FRAMES, rows, columns)))


def dense_clip(weights: np.ndarray, queries, keys, **more) -> tuple[dict, dict]:
    sent, terms = dense_map(weights, [1, 1])
    return sent | {"query_grid": queries, "key_grid": keys} | placed(queries, keys) | more, terms
