"""Other people's networks with every kind of attention, each in a viewer beside a vision transformer; layers come at once or when
they are told to."""

import re
from functools import cache

import numpy as np
import timm
import torch

from nlviz.analysis import Analysis, PlacedMap, analyse
from nlviz.models import Model
from nlviz.pictures import Preprocess
from nlviz.viewer import make_layer, make_scene
from tests.pictures.drawn import quarters
from tests.transformers import objects, seen
from tests.viewer.pages import TABLES, drawn, levels, point, scaled
from tests.viewer.stacks import CENTRES

TIMM = {  # the picture's width and height, the smallest of its kind, and how much sharper than at initialisation: rows that differ
    "edgenext": ((96, 64), "edgenext_xx_small", {}, 12),
    "xcit": ((96, 64), "xcit_nano_12_p16_224", {"depth": 2}, 12),
    "davit": ((96, 64), "davit_tiny", {"depths": (1, 1), "embed_dims": (32, 64), "num_heads": (1, 2)}, 2),
    "levit": ((192, 128), "levit_128s", {"img_size": (128, 192), "depth": (1, 1, 1)}, 12),
    "crossvit": ((240, 240), "crossvit_tiny_240", {"img_size": 240, "depth": ((1, 1, 0),)}, 4),
}
SCORES = re.compile(r"qkv|attn\.[qk]\.|\.w[qk]\.")  # what queries and keys are made with
PLACES = [(0.13, 0.22), (0.56, 0.41), (0.99, 0.99)]  # on the edge of no cell

SERVER = """([colourMaps, diverging, layers, scene, held]) => {
    window.held = held;
    window.waiting = [];
    const root = document.createElement("div");
    document.body.replaceChildren(root);
    const onLayer = ({panel, layer}) => new Promise(resolve => {
        const answer = () => resolve({layer: layers[panel][layer]});
        if (window.held && panel !== "vit/0") waiting.push(answer); else answer();
    });
    window.viewer = createViewer(root, {colourMaps, diverging, onLayer});
    viewer.show(scene);
    viewer.restore({settings: {scale: "per panel", veil: "even"}});
}"""


@cache
def looked(name: str) -> Analysis:
    if name == "objects":
        return objects()
    torch.manual_seed(0)
    size, kind, options, sharper = TIMM[name]
    net = timm.create_model(kind, num_classes=0, **options)
    for key, weights in net.named_parameters():
        weights.data *= sharper if SCORES.search(key) else 1
    return analyse(Model(name, net, Preprocess(mean=127.0, std=60.0)), quarters(*size), max(size))


@cache
def sent(name: str) -> tuple[dict, dict]:
    """All layers of a network and of a vision transformer, and the scene of both."""
    both = {name: looked(name), "vit": seen()}
    layers = {f"{of}/0": {str(number): make_layer(one.calls[0], number) for number in {placed.layer for placed in one.maps}}
              for of, one in both.items()}
    return layers, make_scene(list(both.values()), list(both), 96)


def show(page, name: str, held: bool = False) -> None:
    """A viewer of both, every layer there, or those of the vision transformer alone."""
    layers, scene = sent(name)
    page.evaluate(SERVER, [*TABLES, layers, scene, held])
    if not held:
        wanted = {of: len(one) for of, one in layers.items()}
        page.wait_for_function("wanted => viewer.state().panels.every(one => one.layers === wanted[one.id])", arg=wanted)
    drawn(page)


def choose(page, name: str, placed: PlacedMap, **settings) -> None:
    page.evaluate("view => viewer.restore(view)", {"parts": {f"{name}/0": placed.nl_map.part}, "settings": settings})


def over(name: str, kind: str = "marks") -> str:
    """The picture of a panel: what the pointer is over, or the heat on it."""
    return f".nlviz-panels .nlviz-{kind}[data-panel='{name}/0']"


def words(page, name: str, kind: str) -> str:
    return page.locator(f".nlviz-panel[data-panel='{name}/0'] .nlviz-{kind}").inner_text()


def words_of_status(page) -> str:
    return page.locator(".nlviz-status").inner_text()


def hovered(page, canvas: str, x: float, y: float) -> dict[str, dict]:
    """What the viewer has for each network while the pointer is there."""
    point(page, canvas, x, y)
    return {found["id"].split("/")[0]: found for found in page.evaluate("viewer.state({values: true}).maps")}


def assert_same(values, wanted: torch.Tensor) -> None:
    np.testing.assert_allclose(values, wanted.detach().flatten().double().numpy(), rtol=2e-4, atol=1e-6)


def assert_vit_goes_on(page, found: dict, x: float, y: float) -> None:
    """The panel beside has Python's own row and draws it."""
    row = seen().maps[0].heatmap(x, y)
    assert_same(found["vit"]["values"], row)
    row = row.flatten().numpy()
    np.testing.assert_allclose(levels(page, over("vit", "heat"), CENTRES), scaled(row, row.min(), row.max()), atol=1)


def some(name: str, relates: str, on_picture: bool = True) -> list[PlacedMap]:
    """Of every layer that relates these one map, its mean or its second head; on_picture: whether its queries have places."""
    layers = {}
    for placed in looked(name).maps:
        if placed.nl_map.relates == relates and (placed.queries is not None) == on_picture:
            layers.setdefault(placed.layer, []).append(placed)
    assert layers
    return [own[0 if number % 2 or len(own) == 1 else 2] for number, own in sorted(layers.items())]
