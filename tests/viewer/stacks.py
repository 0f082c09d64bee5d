"""A network with layers and heads in a viewer whose server the test plays: its layers come one by one, or when they are told to."""

from functools import cache

import numpy as np

from nlviz.viewer import make_layer, make_scene
from tests.transformers import seen
from tests.viewer.pages import TABLES, drawn

CELLS = (4, 6)
CENTRES = [((column + 0.5) / 6, (row + 0.5) / 4) for row in range(4) for column in range(6)]
STAGE, HEATS = ".nlviz-stack-stage", "canvas.nlviz-stack-heats"
SHOWN = "layer 4, mean of 3 heads"
NAMES = [f"layer {layer}, {head}" for layer in range(1, 5) for head in ("mean of 3 heads", "head 1", "head 2", "head 3")]

SERVER = """([colourMaps, diverging, layers, offline, effects]) => {
    window.asked = {layers: [], shares: [], effects: []};
    window.held = {layers: false, shares: false, effects: false};
    window.waiting = {layers: [], shares: [], effects: []};
    window.changes = [];
    window.exported = [];
    const isHeld = kind => window.held[kind];
    const answered = (kind, request, answer) => new Promise((resolve, reject) => {
        asked[kind].push(request.layer);
        const one = {resolve: () => resolve(answer()), reject: text => reject(new Error(text))};
        waiting[kind].push(one);
        if (!isHeld(kind)) one.resolve();
    });
    const shareOf = (layer, at) => ({name: `layer ${layer}, ${at ? `head ${at}` : "mean of 3 heads"}`, head: at || null,
        share: (at * 4 + layer) / 20, jsd: .1, shuffled: .2, reason: ""});
    const effectOf = (layer, at) => ({name: `layer ${layer}, head ${at}`, head: at, kind: "relative_change",
        effect: layer === 1 && at === 1 ? null : layer * at / 20, reason: layer === 1 && at === 1 ? "its rows are linear" : ""});
    const root = document.createElement("div");
    document.body.replaceChildren(root);
    window.viewer = createViewer(root, {colourMaps, diverging, onChange: state => changes.push(state),
        onExport: async request => { exported.push(request); return {name: "figure.png", data: "", type: "image/png"}; },
        ...(offline ? {} : {
            onLayer: request => answered("layers", request, () => ({layer: layers[request.layer]})),
            onDepends: async () => ({numbers: [], sentence: "", picture: null, fresh: {}, note: ""}),
            ...(effects ? {onEffectsLayer: request =>
                answered("effects", request, () => ({maps: [1, 2, 3].map(at => effectOf(request.layer, at))}))} : {}),
            onDependsLayer: request =>
                answered("shares", request, () => ({maps: [0, 1, 2, 3].map(at => shareOf(request.layer, at))}))})});
}"""


@cache
def scene(*names: str) -> dict:
    return make_scene([seen(name) for name in names], names, 96)


@cache
def layers() -> dict[str, dict]:
    return {str(number): make_layer(seen().calls[0], number) for number in range(1, 5)}


def show(page, *names: str, offline: bool = False, settings: dict | None = None, held: bool = False,
         effects: bool = False) -> None:
    """A viewer of these networks (one of them unless others are named), with every layer there unless they are held."""
    page.evaluate(SERVER, [*TABLES, layers(), offline, effects])
    page.evaluate("held => { window.held.layers = held; }", held)
    page.evaluate("([scene, settings]) => { viewer.show(scene); viewer.restore({settings}); }",
                  [scene(*(names or ("vit",))), {"scale": "shared", "veil": "even"} | (settings or {})])
    if not held and not offline:
        page.wait_for_function("asked.layers.length >= 3")
    drawn(drawn(page))


def placed(name: str = SHOWN):
    return next(one for one in seen().maps if one.nl_map.part == name)


def row(name: str, x: float, y: float, token: str = "") -> np.ndarray:
    """Python's own row."""
    return placed(name).heatmap(x, y, token).flatten().numpy()


def boxes(page, panel: str = "vit/0") -> dict[str, dict]:
    """Where the thumbnail of each map stands, found by pointing: name -> a point in its middle, fractions of the stage."""
    return page.evaluate("""async panel => {
        const stage = document.querySelector(`.nlviz-stack[data-panel="${panel}"] .nlviz-stack-stage`), found = {};
        const words = stage.parentElement.querySelector(".nlviz-stack-words");
        const {left, top, width, height} = stage.getBoundingClientRect();
        const pointed = stage.querySelector(".nlviz-stack-pointed");
        for (let y = 2; y < height; y += 4) for (let x = 2; x < width; x += 4) {
            stage.dispatchEvent(new PointerEvent("pointermove", {bubbles: true, clientX: left + x, clientY: top + y}));
            const name = words.textContent.split(":")[0];
            if (pointed.hidden || name in found) continue;
            const box = pointed.getBoundingClientRect();
            found[name] = {x: (box.x - left) / width, y: (box.y - top) / height};
            Object.assign(found[name], {width: box.width / width, height: box.height / height});
        }
        stage.dispatchEvent(new PointerEvent("pointerleave", {bubbles: true}));
        return found;
    }""", panel)


def inside(box: dict, points) -> list[tuple[float, float]]:
    """Points of a thumbnail as fractions of the whole."""
    return [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]


def heats(panel: str = "vit/0") -> str:
    return f"{HEATS}[data-panel='{panel}']"


def click(page, name: str, panel: str = "vit/0") -> None:
    (x, y), = inside(boxes(page, panel)[name], [(0.5, 0.5)])
    stage = page.locator(f".nlviz-stack[data-panel='{panel}'] {STAGE}")
    size = stage.bounding_box()
    stage.click(position={"x": x * size["width"], "y": y * size["height"]})
    drawn(page)


def shown(page) -> dict[str, str]:
    return page.evaluate("viewer.state().parts")
