"""Layers x heads in the viewer: weights come layer by layer, and every head is drawn as Python's own row says."""

import json

import numpy as np
import pytest
import timm
import torch

from nlviz.analysis import Analysis, analyse
from nlviz.models import Model
from nlviz.pictures import Preprocess, open_picture
from nlviz.viewer import make_layer, make_scene
from tests.pictures.drawn import quarters
from tests.viewer.pages import TABLES, drawn

VIEWER = """([colourMaps, diverging, answers, scene]) => {
    const root = document.createElement("div");
    document.body.replaceChildren(root);
    window.requests = [];
    window.viewer = createViewer(root, {colourMaps, diverging, onLayer: async request => {
        requests.push(request.layer);
        return {layer: answers[request.layer]};
    }});
    viewer.show(scene);
}"""
SIZES = {"vit_tiny_patch16_224": {"depth": 3}, "swin_tiny_patch4_window7_224": {"depths": (2, 2)},
         "beit_base_patch16_224": {"depth": 2, "embed_dim": 96, "num_heads": 3}, "cait_xxs24_224": {"depth": 2}}


def made(name: str) -> Analysis:
    torch.manual_seed(0)
    net = timm.create_model(name, img_size=(64, 96) if "swin" not in name else (56, 84), num_classes=0, **SIZES[name])
    for parameter in net.parameters():
        parameter.data.mul_(3)  # fresh maps are nearly flat
    size, stride = (84, 4) if "swin" in name else (96, 16)
    return analyse(Model(name, net, Preprocess(stride=stride, std=60.0)), open_picture(quarters(96, 64)), size)


@pytest.fixture(scope="module", params=SIZES)
def analysis(request) -> Analysis:
    return made(request.param)


@pytest.fixture
def page(bare, analysis):
    (call,) = analysis.calls
    layers = {str(layer): make_layer(call, layer) for layer in sorted({placed.layer for placed in call})}
    bare.evaluate(VIEWER, [*TABLES, layers, json.loads(json.dumps(make_scene([analysis], ["net"], 96)))])
    return drawn(bare)


def shown(page, part: str, x: float, y: float, **settings) -> dict:
    """What the viewer has for a map of the stack."""
    page.evaluate("view => viewer.restore(view)", {"parts": {"net/0": part}, "query": [x, y], "settings": settings})
    return page.evaluate("viewer.state({values: true}).maps[0]")


def test_the_shown_layer_is_there_at_once_and_the_others_come_the_deepest_first(page, analysis):
    first, *_ = analysis.maps
    assert page.evaluate("viewer.state({values: true}).maps[0].values.length") == np.prod(first.keys.grid)
    others = sorted({placed.layer for placed in analysis.maps} - {first.layer}, reverse=True)
    page.wait_for_function("count => requests.length >= count", arg=len(others))
    assert page.evaluate("requests") == others


@pytest.mark.parametrize("direction", ["attends to", "attended by"])
def test_every_head_and_mean_is_the_row_that_python_has(page, analysis, direction):
    page.wait_for_function("count => requests.length >= count", arg=len({p.layer for p in analysis.maps}) - 1)
    for placed in analysis.maps:
        for x, y in ((0.02, 0.03), (0.55, 0.7)):
            found = shown(page, placed.nl_map.part, x, y, direction=direction)
            assert found["map"] == placed.nl_map.part
            if direction == "attends to":
                expected = placed.heatmap(x, y).flatten()
            elif placed.nl_map.relates == "global":
                continue
            else:
                expected = placed.nl_map.column(placed.query(x, y))[: np.prod(placed.queries.grid)]
            np.testing.assert_allclose(np.array(found["values"]), expected.numpy(), rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("term", ["pairwise only", "unary only", "row minus the mean row"])
def test_terms_are_those_that_python_has_or_say_why_not(page, analysis, term):
    for placed in (analysis.maps[0], analysis.maps[1], analysis.maps[-1]):
        found = shown(page, placed.nl_map.part, 0.4, 0.6, term=term)
        try:
            expected = placed.term(term).heatmap(0.4, 0.6).flatten().numpy()
        except ValueError:
            assert found["reason"] and found["values"] is None
            continue
        np.testing.assert_allclose(np.array(found["values"]), expected, rtol=1e-3, atol=2e-6)


@pytest.mark.parametrize("analysis", ["vit_tiny_patch16_224"], indirect=True)
def test_a_named_token_asks_instead_of_the_place(page, analysis):
    placed = analysis.maps[5]
    found = shown(page, placed.nl_map.part, 0.4, 0.6, token="class token")
    expected = placed.heatmap(0, 0, "class token").flatten().numpy()
    np.testing.assert_allclose(np.array(found["values"]), expected, rtol=2e-4, atol=1e-6)
    assert shown(page, placed.nl_map.part, 0.4, 0.6, token="register 1")["reason"] == "no register 1 here"


@pytest.mark.parametrize("analysis", ["vit_tiny_patch16_224"], indirect=True)
def test_numbers_of_a_map_are_those_of_a_loop(analysis):
    placed = analysis.maps[2]
    layer = make_layer(analysis.calls[0], placed.layer)["maps"][placed.nl_map.part]
    rows = torch.stack([placed.nl_map.row(query)[:24].double() for query in range(24)])
    rows /= rows.sum(1, keepdim=True)
    far = [[((q // 6 - k // 6) ** 2 + (q % 6 - k % 6) ** 2) ** 0.5 for k in range(24)] for q in range(24)]
    assert layer["distance"] == pytest.approx((rows * torch.tensor(far)).sum(1).mean().item(), rel=1e-5)
    assert layer["entropy_share"] == pytest.approx(torch.special.entr(rows).sum(1).mean().item() / np.log(24), rel=1e-5)
