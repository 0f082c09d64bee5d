"""Events called directly with more, or other things, than the page would ask for."""

import base64
import json
import threading
from dataclasses import fields

import httpx
import pytest
import torch

from nlviz.cli import main
from nlviz.recipes import Recipe, link_of, recipe_in
from nlviz.ui import Limits, launch
from nlviz.ui.limits import HIGHEST
from tests.pictures.test_pictures import quarters
from tests.test_analysis import network
from tests.ui.calls import WAIT, Caller

SETTINGS = {"colours": "viridis", "scale": "shared", "view": "cells", "opacity": 0.6, "veil": "even",
            "backdrop": "grey", "direction": "attends to", "term": "full"}
NAMES = ["gc", "dot_product", "pam"]


class Gate(torch.nn.Sequential):
    """A network that waits in its forward pass until it is told to go on."""

    def __init__(self):
        super().__init__(*network("gc"))
        self.entered, self.go, self.runs = threading.Semaphore(0), threading.Semaphore(0), 0

    def forward(self, x):
        self.runs += 1
        self.entered.release()
        assert self.go.acquire(timeout=WAIT)
        return super().forward(x)


@pytest.fixture(scope="module")
def gate():
    return Gate()


@pytest.fixture(scope="module")
def served(gate):
    limits = Limits(networks=2, queries=3, resolution=500, export_megapixels=2, study_pictures=2, upload_mb=1, whole_maps_mb=1)
    nets = {name: network(name) for name in NAMES} | {"gate": gate}
    app, url, _ = launch(nets, chosen=["gc"], resolution=192, limits=limits, prevent_thread_lock=True, quiet=True)
    yield app.get_blocks(), url
    app.get_blocks().close()


@pytest.fixture
def visitor(served):
    return Caller(*served)


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "own.png"
    quarters(96, 64).save(path)
    return path


def show(visitor, photo, *names, resolution=192):
    return visitor.value("photo", "input", visitor.upload(photo), resolution, *[None] * 2, list(names))


def request_of(scene, **changes):
    usual = {"what": "figure", "format": "png", "queries": [[0.2, 0.3]], "settings": SETTINGS, "parts": {}}
    return {"key": scene["key"]} | usual | changes


# ---------------------------------------------------------------------------------------------------- what is seen


def test_more_networks_than_the_limit_are_refused_and_one_named_often_is_run_once(visitor, photo):
    for names in (NAMES, [NAMES[0], f"{NAMES[1]} minus {NAMES[2]}"]):  # of a difference both sides run
        answer = show(visitor, photo, *names)
        assert answer == {"message": "3 networks are chosen; this page compares up to 2 at once. Remove some.", "error": True}
    assert show(visitor, photo, *["gc"] * 1000, "pam")["scene"]["key"]["networks"] == ["gc", "pam"]


@pytest.mark.parametrize("names", [None, 3, "gc", {"gc": 1}, [["gc"]], [None], ["gc", 3], ["resnet"], ["gc", "../../etc/passwd"],
                                   ["python:os:system"], ["gc@1"], ["GC"], ["gc minus resnet"], ["python:os:system minus gc"],
                                   ["gc minus pam minus gc"], ["gc minus "]], ids=str)
def test_networks_that_are_not_on_the_list_are_not_looked_up(visitor, photo, names):
    answer = visitor.value("photo", "input", visitor.upload(photo), 192, None, None, names)
    assert answer == {"message": "The page asked for networks that are not on its list. Reload it and choose again.", "error": True}
    assert visitor.value("networks", "input", None, 192, names)["error"]


def test_panels_have_the_order_in_which_networks_are_named(visitor, photo):
    for names in (["pam", "gc"], ["gc", "pam"]):
        assert [panel["id"] for panel in show(visitor, photo, *names)["scene"]["panels"]] == [f"{name}/0" for name in names]


@pytest.mark.parametrize("size", [None, 448.0, "448", 10**6, 320, [192], {"a": 1}])
def test_an_input_resolution_that_is_not_offered_runs_nothing(visitor, photo, size):
    number = visitor.join("photo", "input", visitor.upload(photo), size, None, None, ["gc"])
    assert '"scene"' not in json.dumps([message for message in visitor.messages() if message.get("event_id") == number])


@pytest.mark.parametrize("index", [-1, 99, 1.5, "x", None, [0], True, {"a": 1}])
def test_an_example_that_is_not_there_is_said_so(visitor, index):
    assert visitor.value("examples", "click", index)["message"] == "There is no such example."


def recipe(**changes):
    return Recipe(**{"picture": {"name": "x.png", "sha256": "a" * 64}, "networks": ({"name": "gc", "sha256": None},), "queries": (),
                     "resolution": 192} | changes)


@pytest.mark.parametrize("change, words", [
    ({"resolution": 501}, "An input of 501 px was asked for; this page runs networks on up to 500 px."),
    ({"networks": tuple({"name": name, "sha256": None} for name in NAMES)}, "3 networks are chosen; this page compares up to 2")])
def test_a_link_that_asks_for_too_much_changes_nothing(visitor, photo, change, words):
    own = show(visitor, photo, "gc")["scene"]["key"]
    picture = {"name": own["name"], "sha256": own["picture"]}
    answer = visitor.value("follow", "click", "#" + link_of(recipe(picture=picture, **change)), 192, None, None, ["gc"])
    assert words in answer["message"] and answer["error"]
    assert {name: answer["scene"]["key"][name] for name in ("picture", "networks", "resolution")} == {
        "picture": own["picture"], "networks": ["gc"], "resolution": 192}


def test_a_link_of_a_resolution_that_is_not_offered_to_all_works_and_the_page_goes_on(visitor, photo):
    own = show(visitor, photo, "gc")["scene"]["key"]
    picture = {"name": own["name"], "sha256": own["picture"]}
    link = "#" + link_of(recipe(picture=picture, resolution=320))
    assert visitor.value("follow", "click", link, 192, None, None, ["gc"])["scene"]["key"]["resolution"] == 320
    assert visitor.value("resolution", "input", None, 320, ["gc"])["scene"]["key"]["resolution"] == 320


def test_a_link_with_an_epoch_that_no_number_holds_shows_the_last(visitor, photo):
    own = show(visitor, photo, "gc")["scene"]["key"]
    name = f"gc@{'9' * 30}"
    link = link_of(recipe(picture={"name": own["name"], "sha256": own["picture"]}, networks=({"name": name, "sha256": None},)))
    answer = visitor.value("follow", "click", f"#{link}", 192, None, None, ["gc"])
    assert answer["restore"]["snapshots"] == {} and answer["scene"]["key"]["networks"] == ["gc"]


@pytest.mark.parametrize("link, words", [
    ("&parts=x=y", "NETWORK/CALL=PART"), ("&resolution=4096", "from 16 to 2048 pixels, got 4096"),
    ("&queries=" + "0,0;" * 9, "8 queries"), ("&opacity=1e999", "finite number"),
    ("," + ",".join(f"n{at}" for at in range(9)), "1 to 8 networks"), ("&x=" * 70_000, "64 KB")])
def test_a_link_that_is_wrong_is_said_to_be_and_the_page_goes_on(visitor, link, words):
    answer = visitor.value("follow", "click", f"#photo=a&sha256={'a' * 64}&networks=gc{link}", 192, None, None, ["gc"])
    assert words in answer["message"] and answer["error"] and answer["scene"]


def test_a_figure_with_a_deep_recipe_is_said_to_be_one(visitor, photo):
    before = show(visitor, photo, "gc")["scene"]["key"]["picture"]
    data = base64.b64decode(visitor.ask("export_figure", request_of(show(visitor, photo, "gc")["scene"], dpi=50))["data"])
    text = recipe_in(data).encode()
    for deep, words in ((b"[" * len(text), None), (b'{"nlviz_recipe":' + b"[" * (len(text) - 16), "this is no recipe of nlviz")):
        photo.with_name("deep.png").write_bytes(data.replace(text, deep))
        answer = visitor.value("photo", "input", visitor.upload(photo.with_name("deep.png")), 192, None, None, ["gc"])
        if words:
            assert words in answer["message"] and "scene" not in answer
    assert before


def test_a_file_above_the_limit_is_refused(visitor, tmp_path):
    (tmp_path / "large.png").write_bytes(bytes(2**20 + 1))
    with (tmp_path / "large.png").open("rb") as file:
        assert visitor.http.post("/upload", files={"files": file}).status_code == 413


# ---------------------------------------------------------------------------------------------------- what the viewer asks


@pytest.mark.parametrize("function", ["export_figure", "depends_on_query", "show_snapshot"])
@pytest.mark.parametrize("change", [
    {"key": None}, {"key": {}}, {"key": []}, {"queries": None, "panel": None}, {"settings": [], "panel": []},
    {"dpi": "300", "panel": 3}, {"dpi": True, "step": "other", "epoch": "1"}, {"parts": ["x"], "map": None, "epoch": 1.0},
    {"what": "exe", "map": 3, "epoch": True},
    {"queries": [[0, 0]] * 10**4, "panel": "x" * 400}, {"parts": {"x": "y"}, "panel": "x"}, {"snapshots": {"gc": "1"}},
    {"snapshots": {"x": 10**400}}, {"whole_maps": "yes", "panel": "gc/x"}], ids=lambda change: str(change)[:40])
def test_a_request_of_another_form_is_one_sentence(visitor, photo, function, change):
    usual = {"panel": "gc/0", "map": "attention", "step": "attention", "epoch": 1}
    text = json.dumps(request_of(show(visitor, photo, "gc")["scene"], **usual | change))
    answer = visitor.ask(function, json.loads(text))
    assert list(answer) == ["error"] and answer["error"].count(". ") <= 2 and "Traceback" not in answer["error"]
    assert "pydantic" not in answer["error"] and "http" not in answer["error"]


@pytest.mark.parametrize("request_itself", [None, 3, "x", [], [[]], {}])
def test_what_is_no_request_is_one_sentence(visitor, request_itself):
    answer = visitor.ask("export_figure", request_itself)
    assert answer == {"error": "the page asked for something that is no figure. Reload it and try again."}


def test_an_exports_pixels_are_counted_before_they_are_drawn(visitor, photo, monkeypatch):
    scene = show(visitor, photo, "gc", "pam")["scene"]
    drawn = []
    monkeypatch.setattr("nlviz.export.rendering.figure_bytes", lambda *args: drawn.append(args) or b"")
    for what in ({"format": "png"}, {"format": "svg"}, {"format": "pdf"}, {"what": "zip"}):
        answer = visitor.ask("export_figure", request_of(scene, dpi=1200, **what))
        assert "pixels; at most 2 million are drawn here. Take" in answer["error"] and not drawn
    fewer = int(answer["error"].partition("Take ")[2].split()[0])
    assert 50 < fewer < 1200 and "data" in visitor.ask("export_figure", request_of(scene, dpi=fewer)) and len(drawn) == 1


@pytest.mark.parametrize("change, words", [
    ({"queries": [[0.1, 0.1]] * 4}, "up to 3 queries, got 4"), ({"queries": [[2, 0]]}, "0 to 1, got 2,0"),
    ({"dpi": 10**9}, "50 to 1200"),
    ({"settings": SETTINGS | {"opacity": 7}}, "opacity goes from 0 to 1"), ({"layout": "poster"}, "unknown layout 'poster'"),
    ({"what": "zip", "whole_maps": True}, "this page packs up to 1 MB")])
def test_an_export_keeps_to_the_limits(visitor, photo, change, words):
    scene = visitor.value("photo", "input", visitor.upload(photo), 448, None, None, ["pam"])["scene"]
    assert words in visitor.ask("export_figure", request_of(scene, **change))["error"]


# ---------------------------------------------------------------------------------------------------- fair shares


def test_a_newer_request_ends_the_older_and_others_are_served_meanwhile(served, gate, photo):
    slow, other = Caller(*served), Caller(*served)
    uploaded = slow.upload(photo)
    before, runs = show(other, photo, "gc"), gate.runs
    older = slow.join("photo", "input", uploaded, 192, None, None, ["gate", "pam"])
    assert gate.entered.acquire(timeout=WAIT)  # it has the machine
    again = show(other, photo, "gc")
    newer = slow.join("photo", "input", uploaded, 192, None, None, ["gc"])
    said = {}
    for message in slow.messages():
        said.setdefault(message.get("event_id"), []).append(message)
        if message.get("event_id") == newer and message["msg"] == "process_completed":
            gate.go.release()
    assert '"scene"' in json.dumps(said[newer]) and '"scene"' not in json.dumps(said[older])
    assert again["scene"] == before["scene"] and gate.runs == runs + 1


def test_the_queue_is_the_only_way_in(visitor, photo):
    fn, uploaded = visitor.event("photo", "input"), visitor.upload(photo)
    asked = {"data": [uploaded, *visitor.usual(fn)[1:]], "fn_index": fn._id, "session_hash": visitor.session}
    for path in (f"/run/{fn.api_name}", "/run/predict", f"/api/{fn.api_name}"):
        assert visitor.http.post(path, json=asked).status_code == 404


def test_a_visit_has_few_events_waiting_and_others_still_come_in(served, gate, photo):
    many, other = Caller(*served), Caller(*served)
    uploaded, refused = many.upload(photo), 0
    for _ in range(30):
        try:
            many.join("study-measure", "click", [uploaded], ["gate"], 192)
        except httpx.HTTPStatusError as error:
            assert error.response.status_code == 503 and "Many of your requests" in error.response.text
            refused += 1
    assert 0 < refused < 30
    assert "scene" in show(other, photo, "gc")
    for _ in range(40):
        gate.go.release()
    list(many.messages())
    while gate.go.acquire(blocking=False):
        pass


def test_figures_are_drawn_while_a_network_runs(served, gate, tmp_path):
    quarters(80, 80).save(tmp_path / "other.png")
    visitor, slow = Caller(*served), Caller(*served)
    scene = show(visitor, tmp_path / "other.png", "gc")["scene"]
    slow.join("photo", "input", slow.upload(tmp_path / "other.png"), 224, None, None, ["gate"])
    assert gate.entered.acquire(timeout=WAIT)
    answer = visitor.ask("export_figure", request_of(scene, dpi=50))
    gate.go.release()
    assert "data" in answer


def test_a_study_keeps_to_the_limits(visitor, photo):
    files = [visitor.upload(photo)] * 3
    assert "3 pictures; at most 2 at a time" in visitor.value("study-measure", "click", files, ["gc"], 192)
    assert "3 networks are chosen" in visitor.value("study-measure", "click", files[:1], NAMES, 192)
    assert visitor.value("study-measure", "click", files[:1], "gc", 192) == "Choose at least one network."


# ---------------------------------------------------------------------------------------------------- the owner


def test_the_page_says_its_limits(served):
    said = [text for block in served[0].blocks.values() if 'id="limits"' in (text := str(getattr(block, "value", "")))]
    assert len(said) == 1
    for words in ("up to 2 networks", "up to 500 pixels", "3 queries", "2 million pixels", "up to 1 MB", "up to 2 pictures"):
        assert words in said[0]


@pytest.mark.parametrize("wrong", [{"networks": 0}, {"networks": 9}, {"resolution": 4096}, {"upload_mb": -1}, {"queries": 2.5}])
def test_a_limit_that_is_none_is_refused(wrong):
    (name, value), = wrong.items()
    with pytest.raises(ValueError, match=f"the limit {name} is a whole number from 1.*got {value}"):
        Limits(**wrong)


def test_a_page_begins_within_its_limits():
    with pytest.raises(ValueError, match="up to 1 at once"):
        launch({name: network(name) for name in NAMES}, chosen=NAMES[:2], limits=Limits(networks=1))
    with pytest.raises(ValueError, match="up to 100 px"):
        launch({name: network(name) for name in NAMES}, resolution=192, limits=Limits(resolution=100))


def test_the_command_line_sets_the_limits(monkeypatch, capsys):
    served = []
    monkeypatch.setattr("nlviz.ui.launch", lambda **options: served.append(options.get("limits")))
    assert main(["serve", "--max-networks", "3", "--max-export-megapixels", "20"]) == main(["serve"]) == 0
    assert served == [Limits(networks=3, export_megapixels=20), None]
    assert main(["serve", "--max-networks", "99"]) == 2 and "from 1 to 8, got 99" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    usual = Limits()
    for name in (field.name for field in fields(Limits) if field.name != "requests"):
        assert f"--max-{name.replace('_', '-')} N" in said and f"(default: {getattr(usual, name)})" in said
    assert HIGHEST["networks"] == usual.networks
