"""Events called directly: which files of the server they read, and who reaches what it keeps."""

import base64
import json
import os

import gradio as gr
import pytest

from nlviz.pictures import open_picture
from nlviz.ui import launch
from nlviz.ui.uploads import NOT_UPLOADED, is_uploaded
from tests.pictures.test_pictures import quarters
from tests.test_analysis import network
from tests.ui.calls import Caller

SETTINGS = {"colours": "viridis", "scale": "shared", "view": "cells", "opacity": 0.6, "veil": "even",
            "backdrop": "grey", "direction": "attends to", "term": "full"}
META = {"meta": {"_type": "gradio.FileData"}}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A page of two small networks, and a photo on the server that nobody uploaded."""
    private = tmp_path_factory.mktemp("server") / "private.png"
    quarters(64, 48).save(private)
    app, url, _ = launch({name: network(name) for name in ("gc", "dot_product")}, prevent_thread_lock=True, quiet=True)
    yield app.get_blocks(), url, private
    app.get_blocks().close()


@pytest.fixture
def visitor(served):
    return Caller(*served[:2])


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "own.png"
    quarters(96, 64).save(path)
    return path


def scene_of(visitor, photo):
    return visitor.value("photo", "input", visitor.upload(photo))["scene"]


@pytest.mark.parametrize("box, event, first", [("photo", "input", [3]), ("photo", "input", [["a", {}]]), ("figure", "upload", [3]),
                                               ("study-measure", "click", [None, 3, "x"]), ("follow", "click", [{}])], ids=str)
def test_what_no_page_would_send_is_answered_in_words(visitor, box, event, first):
    answer = visitor.call(box, event, *first)
    assert answer.get("error", "none") is not None and len((answer.get("error") or json.dumps(answer["data"])).split()) > 3


def test_an_error_hands_no_book_back(visitor):
    answer = visitor.call("resolution", "input", None, list(range(10_000)))
    assert 0 < len(answer["error"]) < 400


def test_an_uploaded_photo_is_shown(visitor, photo):
    key = scene_of(visitor, photo)["key"]
    assert key["picture"] == open_picture(photo).sha256 and key["networks"] == ["gc", "dot_product"]


EVENTS = [("photo", "input"), ("figure", "upload"), ("study-folder", "upload"), ("study-measure", "click"), ("follow", "click"),
          ("examples", "click")]
PATHS = ["UPLOADS", "UPLOADS/../private.png", "LINK", "own.png\0", 3, ["PRIVATE"]]


@pytest.mark.parametrize("box, event, named", [
    *((*event, named) for event in EVENTS for named in (
        {"path": "PRIVATE"}, {"path": "/dev/zero"} | META, {"path": "http://127.0.0.1:9/photo.png"} | META)),
    *(("photo", "input", {"path": path}) for path in PATHS)], ids=str)
def test_no_event_reads_a_file_that_was_not_uploaded(served, visitor, box, event, named):
    uploads, private = gr.utils.get_upload_folder(), served[2]
    link = private.with_name("link.png")
    link.unlink(missing_ok=True)
    link.symlink_to("/dev/zero")
    text = json.dumps(named).replace("PRIVATE", str(private)).replace("UPLOADS", uploads).replace("LINK", str(link))
    for given in (json.loads(text), {"inside": [json.loads(text)]}):
        answer = visitor.call(box, event, given)
        assert answer["error"] == NOT_UPLOADED and "private" not in json.dumps(answer)


def test_only_a_regular_file_among_the_uploads_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    (tmp_path / "uploads").mkdir()
    inside, outside = tmp_path / "uploads/a.png", tmp_path / "b.png"
    inside.touch(), outside.touch()
    (tmp_path / "uploads/link.png").symlink_to(outside)
    (tmp_path / "uploads/round.png").symlink_to(tmp_path / "uploads/round.png")
    os.mkfifo(tmp_path / "uploads/fifo.png")
    found = [is_uploaded(path) for path in (str(inside), str(outside), *(f"{tmp_path}/uploads/{name}" for name in (
        "", "link.png", "round.png", "fifo.png", "none.png", "../b.png", "x" * 5000)), None, 3, "a\0b", {})]
    assert found == [True] + [False] * 12


def request_of(scene, **changes):
    usual = {"what": "html", "format": "png", "queries": [[0.2, 0.3]], "settings": SETTINGS, "parts": {}}
    return {"key": scene["key"]} | usual | changes


def test_what_the_server_keeps_is_exported_for_those_who_were_shown_it(visitor, photo):
    answer = visitor.ask("export_figure", request_of(scene_of(visitor, photo)))
    assert b"own.png" in base64.b64decode(answer["data"])


@pytest.mark.parametrize("function, more", [("export_figure", {}), ("export_figure", {"what": "figure"}), (
    "depends_on_query", {"panel": "gc/0", "map": "", "step": "attention"}), ("show_snapshot", {"panel": "gc/0", "epoch": 1})])
def test_a_published_sha256_brings_nothing(served, visitor, photo, tmp_path, function, more):
    """A link and a recipe tell the sha256, the name, the networks and the resolution of a photo."""
    scene, stranger = scene_of(visitor, photo), Caller(*served[:2])
    quarters(80, 64).save(tmp_path / "own2.png")
    other = scene_of(stranger, tmp_path / "own2.png")["key"]["seal"]
    published = {name: value for name, value in scene["key"].items() if name != "seal"}
    seal = scene["key"]["seal"]
    for guess in ({}, {"seal": ""}, {"seal": "."}, {"seal": other}, {"seal": seal[:-1]},
                  {"seal": other.split(".")[0] + "." + seal.split(".")[1]}):
        answer = stranger.ask(function, request_of(scene, key=published | guess, **more))
        assert list(answer) == ["error"] and "no longer keeps this photo" in answer["error"]


def test_the_seal_is_in_no_file_that_is_passed_on(visitor, photo):
    scene = scene_of(visitor, photo)
    for what in ("html", "zip", "figure"):
        data = base64.b64decode(visitor.ask("export_figure", request_of(scene, what=what))["data"])
        assert all(part.encode() not in data for part in scene["key"]["seal"].split("."))


def test_each_visit_has_a_seal_of_its_own(served, photo):
    seals = [scene_of(Caller(*served[:2]), photo)["key"]["seal"] for _ in range(2)]
    assert seals[0].split(".")[0] != seals[1].split(".")[0] and seals[0].split(".")[1] != seals[1].split(".")[1]
