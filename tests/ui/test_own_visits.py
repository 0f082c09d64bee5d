"""Checkpoints that visitors bring, over HTTP: each is found by its own visit alone, kept within limits, and gone with the visit."""

import base64
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import gradio as gr
import pytest
import torch

from nlviz.models import rebuilt_model
from nlviz.recipes import Recipe, link_of, recipe_in
from nlviz.ui.visiting import NAME
from tests.guarded.tiny import plain_file, tiny_file, tiny_state
from tests.pictures.drawn import quarters
from tests.ui.own import ANSWERS, TINY, Bringing, served_page

SETTINGS = {"colours": "viridis", "scale": "shared", "view": "cells", "opacity": 0.6, "veil": "even",
            "backdrop": "grey", "direction": "attends to", "term": "full"}
WAIT = 60


@pytest.fixture(scope="module")
def served():
    with pytest.MonkeyPatch.context() as patch:
        page, url = served_page(patch)
        yield page, url
        page.close()


@pytest.fixture
def visitor(served):
    return Bringing(*served)


@pytest.fixture
def photo(tmp_path):
    quarters(96, 64).save(tmp_path / "own.png")
    return tmp_path / "own.png"


def folders() -> list[Path]:
    """Of files that visitors of this process brought."""
    return list(Path(tempfile.gettempdir()).glob(f"{NAME}{os.getpid()}_*/*"))


def asked_of(scene, **more):
    usual = {"what": "figure", "format": "png", "queries": [[0.2, 0.3]], "settings": SETTINGS, "parts": {}}
    return {"key": scene["key"]} | usual | more


# ---------------------------------------------------------------------------------------------------- what it can do


def test_a_network_that_was_brought_is_compared_exported_measured_and_replaced_like_any_other(visitor, photo, tmp_path):
    name = visitor.bring(tiny_file(tmp_path / "net.pth"))
    assert name == TINY
    scene = visitor.show(photo, "gc", name)["scene"]
    assert [panel["id"] for panel in scene["panels"]] == ["gc/0", f"{TINY}/0"]
    assert scene["panels"][1]["title"] == "net" and scene["panels"][1]["parity"]["outcome"]
    recipe = json.loads(recipe_in(base64.b64decode(visitor.ask("export_figure", asked_of(scene, dpi=50))["data"])))["nlviz_recipe"]
    named = recipe["networks"][1]
    assert named["name"] == TINY and len(named["sha256"]) == 64
    panel = {"panel": f"{TINY}/0", "map": "", "key": scene["key"]}
    assert "jsd_att_nats" in json.dumps(visitor.ask("depends_on_query", panel | {"step": "attention"}))
    assert "fresh" in visitor.ask("depends_on_query", panel | {"step": "fresh"})
    assert "of pixels change class" in visitor.ask("what_if", {"key": scene["key"], "network": TINY, "how": "mean row"})["sentence"]
    assert "error" in visitor.ask("show_snapshot", {"key": scene["key"], "panel": f"{TINY}/0", "epoch": 1})


def test_a_study_measures_it_and_offers_it_to_this_visit_alone(visitor, served, photo, tmp_path):
    told = visitor.read(tiny_file(tmp_path / "net.pth"))["told"]
    visitor.own("compare", number=told["number"], answers=ANSWERS)
    status = visitor.value("study-measure", "click", [visitor.upload(photo)], [TINY], 192)
    assert "1 pictures measured" in status
    assert "error" in Bringing(*served).call("study-measure", "click", [visitor.upload(photo)], [TINY], 192)


def test_one_file_stands_beside_itself_with_other_answers(visitor, photo, tmp_path):
    told = visitor.read(tiny_file(tmp_path / "net.pth"))["told"]
    names = [visitor.own("compare", number=told["number"], answers=ANSWERS | {"mode": mode})["compare"]
             for mode in ("embedded_gaussian", "dot_product")]
    scene = visitor.show(photo, *names)["scene"]
    assert [panel["maps"][0]["rows"] for panel in scene["panels"]] == ["distribution", "scaled"]
    again = visitor.own("compare", number=told["number"], answers=ANSWERS)
    assert again["compare"] == names[0] and [network["name"] for network in again["networks"]] == names


def test_an_address_brings_the_view_back_or_says_which_file_it_is_of(visitor, served, photo, tmp_path):
    visitor.bring(tiny_file(tmp_path / "net.pth"))
    own = visitor.show(photo, TINY)["scene"]["key"]
    recipe = Recipe({"name": own["name"], "sha256": own["picture"]}, ({"name": TINY, "sha256": None},), ((0.5, 0.5),), 192,
                    parts={f"{TINY}/0": ""})
    back = visitor.value("follow", "click", "#" + link_of(recipe), 192, None, None, ["gc"])
    assert back["scene"]["key"]["networks"] == [TINY] and back["restore"]["parts"] == {f"{TINY}/0": ""} and not back["message"]
    other = Bringing(*served)
    other.show(photo, "gc")
    said = other.value("follow", "click", "#" + link_of(recipe), 192, None, None, ["gc"])["message"]
    assert f"network {TINY} is not here" in said
    assert "drop net.pth in the tab Your network and answer mode: embedded_gaussian, use_scale: yes" in said


# ---------------------------------------------------------------------------------------------------- others


def test_another_visit_reaches_neither_name_nor_file_nor_maps(visitor, served, photo, tmp_path):
    told = visitor.read(tiny_file(tmp_path / "net.pth"))["told"]
    visitor.own("compare", number=told["number"], answers=ANSWERS)
    scene, other = visitor.show(photo, TINY)["scene"], Bringing(*served)
    shown = other.show(photo, "gc")["scene"]
    assert "not on its list" in other.show(photo, TINY)["message"]
    for step in ("read", "compare"):
        assert "no longer keeps this file" in other.own(step, number=told["number"], answers=ANSWERS)["message"]
    assert other.own("remove", name=TINY)["networks"] == []
    for seal in (shown["key"]["seal"], ""):
        key = scene["key"] | {"seal": seal}
        assert "no longer keeps this photo" in other.ask("export_figure", asked_of(scene, key=key))["error"]
        assert "error" in other.ask("what_if", {"key": key, "network": TINY, "how": "mean row"})
    assert "data" in visitor.ask("export_figure", asked_of(scene, dpi=50))


def test_two_visitors_with_one_name_see_each_their_own_weights(served, photo, tmp_path):
    ones, weights = [Bringing(*served), Bringing(*served)], []
    for seed, one in enumerate(ones):
        assert one.bring(tiny_file(tmp_path / "net.pth", seed)) == TINY
    for one in ones:
        weights.append(one.show(photo, TINY)["scene"]["panels"][0]["maps"][0]["weights"])
    assert weights[0] != weights[1]
    assert [one.show(photo, TINY)["scene"]["panels"][0]["maps"][0]["weights"] for one in ones] == weights


def test_a_name_of_the_page_stays_the_pages(visitor, photo, tmp_path, monkeypatch):
    name = visitor.bring(plain_file(tmp_path / "gc"), "a,b;c?d.pt", {})
    assert name == "file:a_b_c_d.pt" and visitor.show(photo, name, "gc")["scene"]["key"]["networks"] == [name, "gc"]


# ---------------------------------------------------------------------------------------------------- limits


@pytest.mark.parametrize("content, name, ticket, status, words", [
    (b"x" * (3 * 2**20 + 1), "net.pth", None, 413, "larger than 3 MB"), (b"", "net.pth", None, 400, "empty"),
    (b"x", "net.zip", None, 415, "ends in .safetensors, .pth, .pt, .bin"), (b"x", "net.pth", "", 403, "its own visitors alone"),
    (b"x", "net.pth", "a.b", 403, "its own visitors alone")], ids=str)
def test_what_is_not_taken_is_said_in_a_sentence_and_leaves_nothing(visitor, content, name, ticket, status, words):
    before = folders()
    answer = visitor.send(content, name, ticket)
    assert answer.status_code == status and words in answer.json()["detail"] and folders() == before


def test_a_body_of_unknown_length_ends_at_the_limit(visitor):
    before = folders()
    assert visitor.send(b"x" * 2**20 for _ in range(8)).status_code == 413
    assert folders() == before


def test_a_checkpoint_may_be_larger_than_a_photo(visitor, tmp_path):
    (tmp_path / "large.png").write_bytes(bytes(2**21 + 1))
    with (tmp_path / "large.png").open("rb") as file:
        assert visitor.http.post("/upload", files={"files": file}).status_code == 413
    assert visitor.send(bytes(2**21 + 1)).status_code == 200


def test_a_file_that_is_no_checkpoint_is_said_to_be_and_the_page_goes_on(visitor, photo, tmp_path):
    visitor.bring(tiny_file(tmp_path / "net.pth"))
    answer = visitor.read(b"<html>", "other.pth")
    assert "other.pth holds no weights that can be read safely" in answer["message"] and answer["error"]
    assert visitor.show(photo, TINY)["scene"]["key"]["networks"] == [TINY]


@pytest.mark.parametrize("answers, words", [
    ({}, "Answer this first: Which pairwise function"), ({"mode": "dot_product"}, "Answer this first: Are queries"),
    (ANSWERS | {"mode": "other"}, "There is no such answer")])
def test_nothing_is_taken_unasked(visitor, tmp_path, answers, words):
    told = visitor.read(tiny_file(tmp_path / "net.pth"))["told"]
    answer = visitor.own("compare", number=told["number"], answers=answers)
    assert words in answer["message"] and answer["error"]


@pytest.mark.parametrize("asked", [
    None, 3, "x", [], {}, {"step": "run"}, {"step": "read", "number": 3}, {"step": "read", "path": "a"},
    {"step": "compare", "answers": {"a": 1}}, {"step": "read", "number": "x" * 400}], ids=lambda asked: str(asked)[:30])
def test_what_no_page_would_ask_is_answered_in_words(visitor, asked):
    answer = visitor.call("own", "input", asked)
    assert len((answer.get("error") or answer["data"][0]["message"]).split()) > 3


def test_a_visit_has_a_few_files_and_gets_room_by_removing_one(visitor, tmp_path):
    names = [visitor.bring(tiny_file(tmp_path / "net.pth", seed), f"net{seed}.pth") for seed in range(3)]
    answer = visitor.send(tmp_path / "net.pth")
    assert answer.status_code == 429 and "Remove one first" in answer.json()["detail"]
    before = len(folders())
    assert [network["name"] for network in visitor.own("remove", name=names[1])["networks"]] == [names[0], names[2]]
    assert len(folders()) == before - 1 and visitor.send(tmp_path / "net.pth").status_code == 200


# ---------------------------------------------------------------------------------------------------- the end


def gone(before: list[Path]) -> bool:
    until = time.monotonic() + WAIT
    while folders() != before and time.monotonic() < until:
        time.sleep(0.1)
    return folders() == before


def test_all_is_gone_when_the_visit_ends(served, photo, tmp_path):
    before, visitor = folders(), Bringing(*served)
    with visitor.http.stream("GET", f"/heartbeat/{visitor.session}"):  # as the page keeps it open
        visitor.bring(tiny_file(tmp_path / "net.pth"))
        scene = visitor.show(photo, TINY)["scene"]
        came, = set(folders()) - set(before)
        assert [path.name for path in came.iterdir()] == ["clean.safetensors"]  # what came is not kept
    assert gone(before)
    assert "not on its list" in visitor.show(photo, TINY)["message"]
    assert "no longer keeps" in visitor.ask("export_figure", asked_of(scene))["error"]


SERVE = """
import signal, sys
from nlviz.cli.commands import _end_cleanly
from nlviz.guarded import reader
from nlviz.ui import Limits
from nlviz.ui.visiting import Visiting
reader.BEFORE = "import time; time.sleep(600)"
signal.signal(signal.SIGTERM, _end_cleanly)
visiting = Visiting(Limits())
file = visiting.incoming("visit", "a.pth")
file.path.write_bytes(b"x")
visiting.reader.warm()
print(file.path, visiting.reader._spare.process.pid, flush=True)
sys.stdin.read()
"""


def test_a_server_that_is_asked_to_end_leaves_no_checkpoint_and_no_process_behind(tmp_path):
    server = subprocess.Popen([sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env=os.environ | {"TMPDIR": str(tmp_path)})
    path, number = server.stdout.readline().decode().split()
    assert Path(path).exists()
    server.send_signal(signal.SIGTERM)
    server.wait(WAIT)
    assert not list(tmp_path.iterdir())
    with pytest.raises(ProcessLookupError):
        os.kill(int(number), 0)


def test_the_uploads_of_gradio_hold_no_checkpoint(visitor, tmp_path):
    visitor.bring(tiny_file(tmp_path / "net.pth"))
    assert not list(Path(gr.utils.get_upload_folder()).rglob("*.pth"))


def test_a_figure_of_a_network_that_was_brought_is_the_one_that_the_file_gives(visitor, photo, tmp_path):
    """What the page shows is what load_model makes of the file."""
    from nlviz.analysis import analyse
    from nlviz.guarded.rebuilding import recognised_of
    from nlviz.models import Checkpoint
    from nlviz.viewer import make_scene

    visitor.bring(tiny_file(tmp_path / "net.pth"))
    shown = visitor.show(photo, TINY)["scene"]["panels"][0]["maps"][0]["weights"]
    state = {name: torch.clone(weights) for name, weights in tiny_state().items()}
    model = rebuilt_model(recognised_of(Checkpoint("net.pth", state)), ANSWERS, TINY)
    assert make_scene([analyse(model, photo, 192)], [TINY], 192)["panels"][0]["maps"][0]["weights"] == shown
