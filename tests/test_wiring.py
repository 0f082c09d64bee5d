"""What the server answers to each event of the page, without a browser."""

import base64
import json

import pytest
import torch

from nlviz.analysis import as_model
from nlviz.cards import CheckpointError
from nlviz.figures import figure_bytes, queries_by_networks
from nlviz.maps import cells
from nlviz.ui import wiring
from nlviz.ui.scene import class_colour, source_of_weights
from nlviz.ui.store import Store
from tests.test_analysis import network
from tests.test_images import quarters

SETTINGS = {"colours": "viridis", "scale": "shared", "view": "cells", "opacity": 0.6, "direction": "attends to"}


def broken():
    raise CheckpointError("mine.safetensors has sha256 aaaa..., its card says bbbb...")


class Raising(torch.nn.Sequential):
    """A user's network whose forward pass fails."""

    def __init__(self):
        super().__init__(*network())

    def forward(self, x):
        raise RuntimeError("mat1 and mat2")


@pytest.fixture
def store():
    loaders = {name: lambda name=name: as_model(network(name), name=name) for name in ("embedded_gaussian", "dot_product", "gc")}
    return Store(loaders | {"broken": broken, "raising": lambda: as_model(Raising())})


@pytest.fixture
def photo(tmp_path):
    quarters(96, 48).save(tmp_path / "photo.png")
    return str(tmp_path / "photo.png")


def last(answers):
    return list(answers)[-1]


def floats(text):
    return torch.frombuffer(bytearray(base64.b64decode(text)), dtype=torch.float32)


def test_a_scene_is_plain_json_from_which_every_row_follows(store, photo):
    names = ["embedded_gaussian", "dot_product", "gc"]
    answers = list(wiring.show(store, photo, names, 448))
    assert [a.get("busy") for a in answers] == [f"Running network {n} of 3" for n in (1, 2, 3)] + [None]
    scene = json.loads(json.dumps(answers[-1]["scene"]))
    assert scene["picture"]["width"] == 96 and [p["title"] for p in scene["panels"]] == names
    for name, panel in zip(names, scene["panels"]):
        nl_map = store.find(scene["key"]["picture"], "photo.png", name, 448).maps[0].nl_map
        sent, keys = panel["weights"], cells(nl_map.key_grid)
        for query in (0, 17, cells(nl_map.query_grid) - 1):
            if sent["kind"] == "dense":
                row = floats(sent["data"])
            else:
                q, k = (floats(sent[part]).view(-1, sent["channels"]) for part in "qk")
                row = (k @ q[query]).softmax(0) if sent["kind"] == "softmax" else k @ q[query] / keys
            torch.testing.assert_close(row, nl_map.row(query), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name, message", [
    ("resnet", "no network is called 'resnet'; there are: embedded_gaussian, dot_product, gc, broken, raising"),
    ("broken", "mine.safetensors has sha256 aaaa..., its card says bbbb..."),
    ("raising", "raising: its forward pass failed (RuntimeError: mat1 and mat2)."),
])
def test_a_network_that_cannot_be_used_is_a_message_and_the_others_are_shown(store, photo, name, message):
    assert last(wiring.show(store, photo, [name], 448)) == {"message": message, "error": True}
    answer = last(wiring.show(store, photo, ["gc", name, "dot_product"], 448))
    assert answer["message"] == message and answer["error"]
    assert [panel["id"] for panel in answer["scene"]["panels"]] == ["gc/0", "dot_product/0"]


def test_a_photo_that_cannot_be_used_is_a_message_without_a_scene(store, tmp_path):
    (tmp_path / "empty.png").write_bytes(b"")
    answer = last(wiring.show(store, str(tmp_path / "empty.png"), ["gc"], 448))
    assert answer == {"message": "empty.png: the file is empty (0 bytes). Choose another picture.", "error": True}


def test_no_photo_and_no_network_are_invitations(store, photo):
    assert last(wiring.show(store, None, ["gc"], 448)) == {"message": "Choose a photo: drop one, paste one, use the camera or take "
                                                           "an example."}
    assert last(wiring.show(store, photo, [], 448)) == {"message": "Choose at least one network."}


def test_an_export_is_the_figure_of_what_was_shown(store, photo):
    key = last(wiring.show(store, photo, ["gc"], 448))["scene"]["key"]
    answer = wiring.export(store, {"key": key, "format": "png", "queries": [[0.2, 0.3]], "settings": SETTINGS})
    assert answer["name"] == "nlviz_photo.png" and base64.b64decode(answer["data"]).startswith(b"\x89PNG")


@pytest.mark.parametrize("change", [{}, {"colours": "inferno"}, {"scale": "per panel"}, {"view": "smooth"}, {"opacity": 0.2},
                                    {"direction": "attended by"}], ids=str)
def test_an_export_has_the_settings_of_the_screen(store, photo, change):
    names, settings = ["embedded_gaussian", "gc"], SETTINGS | change
    key = last(wiring.show(store, photo, names, 448))["scene"]["key"]
    answer = wiring.export(store, {"key": key, "format": "png", "queries": [[0.2, 0.3], [0.9, 0.9]], "settings": settings})
    analyses = [store.find(key["picture"], "photo.png", name, 448) for name in names]
    figure = queries_by_networks(analyses, [(0.2, 0.3), (0.9, 0.9)], colour_map=settings["colours"], scale=settings["scale"],
                                 smooth=settings["view"] == "smooth", opacity=settings["opacity"], direction=settings["direction"])
    assert base64.b64decode(answer["data"]) == figure_bytes(figure, "png")


@pytest.mark.parametrize("change, message", [
    ({"format": "exe"}, "png or pdf"), ({"queries": []}, "1 to 8 queries"), ({"queries": [[2, 0]]}, "0 to 1"), ({"queries": 3}, ""),
    ({"settings": {}}, ""), ({"settings": SETTINGS | {"colours": "jet"}}, "unknown colour map 'jet'"), ({"key": None}, ""),
    ({"key": {"picture": "0" * 64, "name": "x", "networks": ["gc"], "resolution": 448}}, "no longer keeps this photo"),
])
def test_an_impossible_export_is_an_error_in_words(store, photo, change, message):
    key = last(wiring.show(store, photo, ["gc"], 448))["scene"]["key"]
    answer = wiring.export(store, {"key": key, "format": "png", "queries": [[0.5, 0.5]], "settings": SETTINGS} | change)
    assert set(answer) == {"error"} and message in answer["error"]


def test_the_source_of_weights_stands_beside_the_score_without_the_block():
    card = {"data": "msrc", "metric": "pixel accuracy", "score": 0.8912, "score_without_block": 0.8349}
    assert source_of_weights(card) == "msrc · trained, pixel accuracy 89.1% (without the block 83.5%)"
    assert source_of_weights({}) == "weights as given"


def test_class_colours_differ():
    assert len({class_colour(i) for i in range(23)}) == 23
