"""The command line: what it prints, and one line with exit code 2 for bad input."""

import json
import os
import runpy
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from PIL import Image

from nlviz.cli import main
from nlviz.files import write_whole
from nlviz.models import CHECKPOINTS, list_models, load_model
from tests.pictures.drawn import bomb, encoded, quarters


@pytest.fixture
def photo(tmp_path):
    path = tmp_path / "photo.png"
    quarters(120, 80).save(path)
    return str(path)


def test_models_lists_every_network_with_its_scores(capsys):
    assert main(["models"]) == 0
    text = capsys.readouterr().out
    for row in list_models():
        score = "n/a" if row["score"] is None else f"{row['score']:.1%}"
        assert any(row["name"] in line and score in line for line in text.splitlines())


def test_models_as_json_is_the_same_list(capsys):
    assert main(["models", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == list_models()


@pytest.mark.parametrize("kind, magic", [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_render_writes_the_figure(photo, tmp_path, kind, magic):
    out = tmp_path / f"figure.{kind}"
    assert main(["render", photo, "--model", "fashion_embedded_gaussian", "--query", "0.2,0.3", "--query", "1,1",
                 "--out", str(out), "--resolution", "224"]) == 0
    assert out.read_bytes().startswith(magic)
    if kind == "png":
        assert Image.open(out).size[0] > 1000


@pytest.mark.parametrize("change, message", [
    ({"picture": "none.png"}, "none.png: cannot be read"),
    ({"model": "resnet"}, "no network is called 'resnet'; there are: caltech101_embedded_gaussian"),
    ({"out": "figure.txt"}, "png"),
    ({"out": "nowhere/figure.png"}, "nowhere"),
])
def test_bad_input_is_one_line_exit_code_2_and_no_file(photo, tmp_path, monkeypatch, capsys, change, message):
    monkeypatch.chdir(tmp_path)
    case = {"picture": photo, "model": "fashion_embedded_gaussian", "out": "figure.png"} | change
    assert main(["render", case["picture"], "--model", case["model"], "--query", "0.5,0.5", "--out", case["out"]]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and message in error and error.startswith("nlviz: ")
    assert os.listdir(tmp_path) == ["photo.png"]


@pytest.mark.parametrize("content, message", [
    (b"", "empty"), (b"no picture", "not a picture"), (b"<svg/>", "SVG"), (bomb(), "million"),
    (encoded(quarters(400, 300))[:500], "cut short"), (encoded(Image.new("RGB", (1, 4000))), "1 x 4000")])
def test_a_bad_picture_is_one_line_exit_code_2_and_no_file(tmp_path, capsys, content, message):
    path, out = tmp_path / "bad.png", tmp_path / "figure.png"
    path.write_bytes(content)
    assert main(["render", str(path), "--model", "fashion_embedded_gaussian", "--query", "0,0", "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert error.startswith("nlviz: bad.png: ") and message in error and error.count("\n") == 1 and not out.exists()


def test_a_changed_checkpoint_is_one_line_and_exit_code_2(photo, tmp_path, monkeypatch, capsys):
    for file in CHECKPOINTS.glob("fashion_*"):
        shutil.copy(file, tmp_path)
    with (tmp_path / "fashion_embedded_gaussian.safetensors").open("ab") as file:
        file.write(b"more")
    monkeypatch.setattr("nlviz.models.load_model", partial(load_model, folder=tmp_path))
    assert main(["render", photo, "--model", "fashion_embedded_gaussian", "--query", "0,0", "--out", str(tmp_path / "x.png")]) == 2
    error = capsys.readouterr().err
    assert "its card says" in error and error.count("\n") == 1


@pytest.mark.parametrize("query", ["1.2,0.5", "0.5", "a,b", "nan,0"])
def test_an_impossible_query_is_exit_code_2(photo, query, capsys):
    with pytest.raises(SystemExit) as stop:
        main(["render", photo, "--model", "fashion_embedded_gaussian", f"--query={query}", "--out", "x.png"])
    assert stop.value.code == 2 and query in capsys.readouterr().err


def test_the_module_runs_as_a_program():
    root = Path(__file__).resolve().parents[2]
    run = subprocess.run([sys.executable, "-m", "nlviz", "render", "none.png", "--model", "x", "--query", "0,0", "--out", "y.png"],
                         cwd=root, capture_output=True, text=True)
    assert run.returncode == 2 and run.stderr == "nlviz: none.png: cannot be read (No such file or directory).\n"


def test_serve_and_app_py_serve_the_page_where_they_are_told(monkeypatch):
    served = []
    monkeypatch.setattr("nlviz.ui.launch", lambda **options: served.append(options))
    address = ["--host", "0.0.0.0", "--port", "7000"]
    assert main(["serve", *address]) == main(["serve"]) == 0
    monkeypatch.setattr("sys.argv", ["app.py", *address])
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(str(Path(__file__).resolve().parents[2] / "app.py"), run_name="__main__")
    assert stop.value.code == 0
    told = {"host": "0.0.0.0", "port": 7000, "snapshots": None}
    assert served == [told, told | {"host": None, "port": None}, told]


def test_train_writes_where_new_checkpoints_go_and_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("nlviz.models.NEW_CHECKPOINTS", tmp_path)
    made = []

    def train(name, data, out, **options):
        made.append(out)
        return {"metric": "accuracy", "score": 0.5}

    monkeypatch.setattr("nlviz.training.train", train)
    assert main(["train", "msrc_gc", "--data", "nowhere"]) == main(["train", "msrc_gc", "--data", "nowhere", "--out", "x"]) == 0
    assert made == [tmp_path, Path("x")]
    assert capsys.readouterr().out == f"msrc_gc: accuracy 50.0%, in {tmp_path}\nmsrc_gc: accuracy 50.0%, in x\n"


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    path = tmp_path / "file"
    write_whole(path, b"before")

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"after")
    assert path.read_bytes() == b"before" and os.listdir(tmp_path) == ["file"]
