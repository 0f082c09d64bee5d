"""--model takes a network from anywhere, in every command; what is wrong with it is one line and exit code 2."""

import json
import os

import pytest
import torch

from nlviz.cli import main
from nlviz.recipes import recipe_in
from tests.pictures.drawn import quarters

MINE = """import timm

def make():
    return timm.create_model("vit_tiny_patch16_224", depth=2, dynamic_img_size=True)

def fixed():
    return timm.create_model("vit_tiny_patch16_224", img_size=32, depth=2)

def broken():
    raise RuntimeError("no weights today")
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A folder with a photo, a module of one's own, a tiny network of transformers and weights; nobody can be reached."""
    monkeypatch.setattr("nlviz.models.reaching.reachable", lambda url: False)
    monkeypatch.setattr("nlviz.models.from_torchvision.reachable", lambda url: False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(__import__("sys").modules, "mine", raising=False)
    quarters(96, 64).save("photo.png")
    (tmp_path / "mine.py").write_text(MINE)
    return tmp_path


@pytest.fixture
def tiny(here):
    transformers = pytest.importorskip("transformers")
    config = transformers.ViTConfig(hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
                                    image_size=32, patch_size=8)
    transformers.ViTForImageClassification(config).save_pretrained("tiny")
    transformers.ViTImageProcessor(size={"height": 32, "width": 32}).save_pretrained("tiny")
    return "hf:tiny"


def render(*models: str, out: str = "figure.png") -> int:
    return main(["render", "photo.png", *(word for model in models for word in ("--model", model)), "--query", "0.4,0.5",
                 "--dpi", "50", "--out", out])


@pytest.mark.parametrize("model", ["timm:vit_tiny_patch16_224", "torchvision:vit_b_32", "python:mine:make", "hf:tiny"])
def test_a_figure_and_the_one_that_its_recipe_makes_have_the_same_bytes(here, tiny, model, capsys):
    assert render(model) == 0
    said = capsys.readouterr().err
    assert said.count("so its weights are random") == (model.startswith(("timm", "torchvision")))
    recipe = json.loads(recipe_in((here / "figure.png").read_bytes()))["nlviz_recipe"]
    assert [network["name"] for network in recipe["networks"]] == [model] and len(recipe["networks"][0]["sha256"]) == 64
    assert main(["render", "--recipe", "figure.png", "--out", "again.png"]) == 0
    assert (here / "again.png").read_bytes() == (here / "figure.png").read_bytes()
    assert "another checkpoint" not in capsys.readouterr().err


def test_measure_has_the_numbers_of_networks_of_all_kinds(here, tiny, capsys):
    assert main(["measure", "photo.png", "--model", "python:mine:make", "--model", tiny, "--model", "msrc_gc", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["model"] for row in rows} == {"python:mine:make", "hf:tiny", "msrc_gc"}


def test_weights_that_lack_tensors_are_named_on_stderr(here, capsys):
    from nlviz.models import load_model
    state = load_model("python:mine:make").net.state_dict()
    torch.save({"model": {f"module.{name}": weights for name, weights in state.items() if name != "norm.bias"}}, "w.pth")
    assert render("python:mine:make@w.pth") == 0
    said = capsys.readouterr().err.splitlines()
    assert said.count(f"nlviz: python:mine:make@w.pth: w.pth lacks 1 of {len(state)} tensors, which are random: norm.bias") == 1


@pytest.mark.parametrize("model, words", [
    ("timm:vit_tinny", "timm has no network called 'vit_tinny'; near it:"),
    ("python:mine:broken", "python:mine:broken raised RuntimeError: no weights today (mine.py, line 10)"),
    ("python:os:abort", "is of Python's own library"),
    ("python:mine:fixed", "its forward pass failed on an input of 448 × 304 pixels (AssertionError: Input height"),
    ("python:mine:make@mine.py", "behind the @ stands a file of weights that ends in"),
    ("python:mine:make@none.pth", "none.pth cannot be read (No such file or directory)"),
    ("hf:./nothing", "there is no such folder"),
    ("nothing:at-all", "no network is called 'nothing:at-all'")])
@pytest.mark.parametrize("command", ["render", "measure", "study"])
def test_what_is_wrong_is_one_line_and_exit_code_2(here, model, words, command, capsys):
    os.mkdir("photos")
    quarters(96, 64).save("photos/a.png")
    rest = {"render": ["photo.png", "--query", "0.5,0.5", "--out", "figure.png"], "measure": ["photo.png"],
            "study": ["photos", "--out", "report"]}[command]
    if command == "study" and model == "python:mine:fixed":
        pytest.skip("a study goes on with the other networks, and says what failed")
    assert main([command, *rest, "--model", model]) == 2
    said = capsys.readouterr().err
    assert words in said and said.startswith("nlviz: ") and said.count("\n") == 1 and not (here / "figure.png").exists()


@pytest.mark.parametrize("command", [["serve"], ["open", "photo.png"]])
def test_the_page_begins_with_the_networks_given_or_is_not_served(command, monkeypatch, capsys):
    served = []
    monkeypatch.setattr("nlviz.ui.launch", lambda **options: served.append(options))
    models = ["python:mine:make", "timm:vit_tiny_patch16_224", "msrc_gc"]
    assert main([*command, *(word for model in models for word in ("--model", model))]) == 0
    assert [options["chosen"] for options in served] == [models]
    assert main([*command, "--model", "timm:vit_tinny"]) == 2 and len(served) == 1
    assert capsys.readouterr().err.startswith("nlviz: timm has no network called")


def test_help_says_what_a_model_is(capsys):
    for command in ("render", "measure", "study", "serve", "open"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        said = " ".join(capsys.readouterr().out.split())
        for form in ("timm:NAME", "torchvision:NAME", "hf:ID-or-folder", "python:package.module:factory", "@WEIGHTS"):
            assert form in said
