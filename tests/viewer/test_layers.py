"""Layers x heads in the viewer: weights come layer by layer, and every head is drawn as Python's own row says."""

import json

import numpy as np
import pytest
import timm
import torch
from PIL import ImageOps

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

HELD = """([colourMaps, diverging, scenes]) => {
    const root = document.createElement("div");
    document.body.replaceChildren(root);
    window.scenes = scenes;
    window.waiting = [];
    window.viewer = createViewer(root, {colourMaps, diverging, onSnapshot: async () => ({panel: scenes[1].panels[0]}),
        onLayer: ({key, layer, snapshots}) => new Promise((resolve, reject) =>
            waiting.push({picture: key.picture, epoch: snapshots.net, layer, resolve, reject}))});
    viewer.show(scenes[0]);
}"""

LATE = {"answer": "layer => waiting[0].resolve({layer})", "refusal": "() => waiting[0].reject(new Error('no longer kept'))"}


def made(name: str, mirrored: bool = False) -> Analysis:
    torch.manual_seed(0)
    net = timm.create_model(name, img_size=(64, 96) if "swin" not in name else (56, 84), num_classes=0, **SIZES[name])
    for parameter in net.parameters():
        parameter.data.mul_(3)  # fresh maps are nearly flat
    picture = ImageOps.mirror(quarters(96, 64)) if mirrored else quarters(96, 64)
    size, stride = (84, 4) if "swin" in name else (96, 16)
    return analyse(Model(name, net, Preprocess(stride=stride, std=60.0)), open_picture(picture), size)


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
@pytest.mark.parametrize("late", LATE)
def test_a_layer_that_comes_after_its_photo_has_gone_is_not_drawn_on_the_next(bare, analysis, late):
    both = analysis, made("vit_tiny_patch16_224", mirrored=True)
    scenes = [json.loads(json.dumps(make_scene([one], ["net"], 96))) for one in both]
    bare.evaluate(HELD, [*TABLES, scenes])
    bare.wait_for_function("waiting.length === 1")
    number = bare.evaluate("viewer.show(scenes[1]), waiting[0].layer")
    before, own = (make_layer(one.calls[0], number) for one in both)
    bare.evaluate(LATE[late], before)
    bare.wait_for_function("waiting.length === 2")
    assert bare.evaluate("[waiting[1].picture, waiting[1].layer]") == [scenes[1]["key"]["picture"], number]
    assert bare.locator(".nlviz-message").is_hidden()
    bare.evaluate("layer => waiting[1].resolve({layer})", own)
    bare.wait_for_function("waiting.length === 3")
    placed = next(placed for placed in both[1].maps if placed.layer == number and placed.head == 1)
    found = shown(bare, placed.nl_map.part, 0.55, 0.7)
    np.testing.assert_allclose(np.array(found["values"]), placed.heatmap(0.55, 0.7).flatten().numpy(), rtol=2e-4, atol=1e-6)


@pytest.mark.parametrize("analysis", ["vit_tiny_patch16_224"], indirect=True)
def test_a_snapshot_has_layers_of_its_own(bare, analysis):
    last, first = (json.loads(json.dumps(make_scene([analysis], ["net"], 96))) for _ in range(2))
    last["panels"][0]["snapshots"], first["panels"][0]["snapshots"] = ({"epochs": [1, 2], "chosen": at} for at in (1, 0))
    layers = {str(number): make_layer(analysis.calls[0], number) for number in (1, 2, 3)}
    bare.evaluate(HELD, [*TABLES, [last, first]])
    answer = "([at, layers]) => waiting[at].resolve({layer: layers[waiting[at].layer]})"
    for at in (0, 1):
        bare.wait_for_function("at => waiting.length === at + 1", arg=at)
        bare.evaluate(answer, [at, layers])
    bare.evaluate("viewer.restore({snapshots: {net: 1}})")
    bare.wait_for_function("waiting.length === 3")
    assert bare.evaluate("waiting.map(({epoch, layer}) => [epoch, layer])")[2] == [1, bare.evaluate("waiting[0].layer")]


@pytest.mark.parametrize("analysis", ["vit_tiny_patch16_224"], indirect=True)
def test_numbers_of_a_map_are_those_of_a_loop(analysis):
    placed = analysis.maps[2]
    layer = make_layer(analysis.calls[0], placed.layer)["maps"][placed.nl_map.part]
    rows = torch.stack([placed.nl_map.row(query)[:24].double() for query in range(24)])
    rows /= rows.sum(1, keepdim=True)
    far = [[((q // 6 - k // 6) ** 2 + (q % 6 - k % 6) ** 2) ** 0.5 for k in range(24)] for q in range(24)]
    assert layer["distance"] == pytest.approx((rows * torch.tensor(far)).sum(1).mean().item(), rel=1e-5)
    assert layer["entropy_share"] == pytest.approx(torch.special.entr(rows).sum(1).mean().item() / np.log(24), rel=1e-5)
