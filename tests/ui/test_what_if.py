"""Maps replaced, as the page asks for it: the server's answers are Python's own, and only for those who were shown the photo."""

import base64

import numpy as np
import pytest
import torch

from nlviz import load_model
from nlviz.analysis import as_model
from nlviz.measures import effects, head_effects, replaced_pass
from nlviz.models import predict
from nlviz.ui import showing, wiring
from nlviz.ui.store import Store
from tests.networks import network
from tests.pictures.drawn import quarters
from tests.transformers import transformer


@pytest.fixture
def store():
    loaders = {name: lambda name=name: as_model(network(name), name=name) for name in ("embedded_gaussian", "gc", "se")}
    return Store(loaders | {"vit": lambda: transformer("vit", 2)})


@pytest.fixture
def shown(store, tmp_path):
    """``shown(name)`` shows that network; the key of the scene."""
    quarters(96, 64).save(tmp_path / "photo.png")

    def shown(*names: str) -> dict:
        return list(showing.show(store, str(tmp_path / "photo.png"), list(names), 96))[-1]["scene"]["key"]

    return shown


HOWS = ["mean row", "identity", "uniform", "shuffled", "nothing"]


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", ["embedded_gaussian", "gc", "se", "vit"])
def test_the_sentence_is_that_of_python_or_says_why_there_is_none(store, shown, name, how):
    key = shown(name)
    found = wiring.what_if(store, {"key": key, "network": name, "how": how})
    analysis = store.find(key["picture"], key["name"], name, 96)
    expected, = effects(analysis.model, analysis.picture, [how], resolution=96)
    assert (found["sentence"], found["reason"], found["how"]) == (expected["sentence"], expected["reason"], how)
    assert found["prediction"] is None  # nobody said what these networks tell apart


def test_how_much_heads_matter_comes_layer_by_layer_under_the_names_of_their_maps(store, shown):
    key = shown("vit")
    analysis = store.find(key["picture"], key["name"], "vit", 96)
    expected = head_effects(analysis.model, analysis.picture, resolution=96)
    for layer in (1, 2):
        found = wiring.effects_layer(store, {"key": key, "panel": "vit/0", "layer": layer})["maps"]
        assert [one["name"] for one in found] == [f"layer {layer}, head {head}" for head in (1, 2, 3)]
        own = [one["relative_change"] for one in expected if one["layer"] == layer]
        np.testing.assert_allclose([one["effect"] for one in found], own, rtol=1e-4)
        assert {(one["kind"], one["reason"]) for one in found} == {("relative_change", "")}


def test_whoever_waits_has_their_turn_between_two_heads(store, shown, monkeypatch):
    key, order, turn = shown("vit"), [], store.turns.turn
    monkeypatch.setattr(store.turns, "turn", lambda *who: (order.append("turn"), turn(*who))[1])
    store.model("vit").net.register_forward_pre_hook(lambda *_: order.append("pass" if not store.turns._line else "pass in a turn"))
    wiring.effects_layer(store, {"key": key, "panel": "vit/0", "layer": 1})
    assert order == ["pass", "pass", *["turn", "pass"] * 3]  # nobody is kept waiting for a whole layer


@pytest.mark.parametrize("changes, words", [
    ({"how": "all of it"}, "no replacement"), ({"how": "itself"}, "no replacement"), ({"network": 3}, "no replacement"),
    ({"network": "msrc_gc"}, "no longer keeps"), ({"key": {"seal": "a.b"}}, "no longer keeps"), ({"how": None}, "no replacement"),
])
def test_a_replacement_that_is_none_or_a_photo_of_somebody_else_is_refused(store, shown, changes, words):
    key = shown("gc")
    asked = {"key": key, "network": "gc", "how": "shuffled"} | changes
    asked["key"] = key | changes.get("key", {})
    assert words in wiring.what_if(store, asked)["error"]


@pytest.mark.parametrize("layer, words", [(0, "no number"), (9, "no layer 9"), ("1", "no number"), (True, "no number")])
def test_a_layer_that_there_is_not_is_refused(store, shown, layer, words):
    assert words in wiring.effects_layer(store, {"key": shown("vit"), "panel": "vit/0", "layer": layer})["error"]


def test_replacing_waits_for_its_turn(store, shown):
    key, before = shown("gc"), store.turns
    asked = []

    class Turns:
        def __getattr__(self, name):
            asked.append(name)
            return getattr(before, name)

    store.turns = Turns()
    wiring.what_if(store, {"key": key, "network": "gc", "how": "nothing"})
    assert asked == ["one_of_few", "turn"]


def test_a_segmentation_with_maps_replaced_is_sent_as_the_networks_own_is(tmp_path):
    store = Store({"msrc_gc": lambda: load_model("msrc_gc")})
    quarters(96, 64).save(tmp_path / "photo.png")
    key = list(showing.show(store, str(tmp_path / "photo.png"), ["msrc_gc"], 96))[-1]["scene"]["key"]
    found = wiring.what_if(store, {"key": key, "network": "msrc_gc", "how": "nothing"})["prediction"]
    analysis = store.find(key["picture"], key["name"], "msrc_gc", 96)
    with torch.inference_mode():
        x = analysis.model.preprocess(analysis.picture, 96)[0]
        labels = predict(analysis.model, replaced_pass(analysis.model, lambda: analysis.model(x), "nothing"))["labels"]
    sent = np.frombuffer(base64.b64decode(found["labels"]), np.uint8).reshape(found["grid"])
    np.testing.assert_array_equal(sent, labels.numpy())
    assert sum(one["share"] for one in found["classes"]) == pytest.approx(1)
