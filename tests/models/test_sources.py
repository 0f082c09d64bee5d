"""From where networks come: what a text stands for, and what is said of weights that are random."""

import shutil
import threading
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from nlviz.models import CheckpointError, ModelError, check_model, digest, is_source, load_model, predict
from nlviz.models.reaching import reachable
from nlviz.pictures import Preprocess

TINY = "timm:vit_tiny_patch16_224"


@pytest.fixture(autouse=True)
def nobody(alone):
    pass


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes the module ``mine`` of somebody."""
    monkeypatch.chdir(tmp_path)

    def write(code: str) -> None:
        monkeypatch.delitem(__import__("sys").modules, "mine", raising=False)
        shutil.rmtree(tmp_path / "__pycache__", ignore_errors=True)
        (tmp_path / "mine.py").write_text(code)

    monkeypatch.syspath_prepend(tmp_path)
    return write


MINE = """from torch import nn
from nlviz.models import Model
from nlviz.models.reaching import reachable
from nlviz.pictures import Preprocess

def make():
    return nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.Linear(4, 2))

def whole():
    return Model("else", make(), Preprocess(stride=32), ["cat", "dog"], "classification", "My network")
"""


def test_a_network_of_timm_without_its_weights_is_called_random_and_is_the_same_each_time():
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)
    model, again = load_model(TINY), load_model(TINY)
    assert torch.equal(torch.randn(3), expected)  # nobody else's random numbers change
    assert (model.name, model.title, model.card["source"]) == (TINY, "vit_tiny_patch16_224", "random weights")
    note, = model.card["notes"]
    assert note.startswith("timm's pretrained weights could not be had") and "does not answer" in note
    assert model.card["sha256"] == digest(model.net) == again.card["sha256"] and not model.training
    assert model.task is None and predict(model, torch.randn(1, 1000)) is None


def test_pretrained_weights_come_with_imagenets_names(monkeypatch):
    create = load_model.__globals__["from_timm"].timm.create_model
    monkeypatch.setattr("timm.create_model", lambda name, pretrained=False: create(name))
    model = load_model(TINY)
    assert model.card["source"] == "timm's pretrained weights" and model.card["notes"] == [] and len(model.classes) == 1000
    prediction = predict(model, torch.eye(1000)[:1] * 20)
    assert prediction["top"][0][0].startswith("tench") and prediction["top"][0][1] > 0.99


def test_a_network_of_torchvision_keeps_its_own_preprocessing_with_random_weights():
    model = load_model("torchvision:resnet18")
    assert model.card["source"] == "random weights" and "download.pytorch.org does not answer" in model.card["notes"][0]
    assert (model.preprocess.resize, model.preprocess.crop, model.preprocess.interpolation) == ((256, 256), (224, 224), "BILINEAR")
    assert model.task is None


def test_a_network_that_never_answers_is_waited_for_no_longer_than_said(monkeypatch):
    ended = threading.Event()
    monkeypatch.setattr("socket.create_connection", lambda *_: ended.wait())
    monkeypatch.setattr("nlviz.models.reaching.PATIENCE", 0.02)
    assert not reachable("https://huggingface.co")
    ended.set()


def test_behind_a_proxy_the_proxy_is_asked(monkeypatch):
    asked = []
    monkeypatch.setenv("https_proxy", "http://proxy.here:3128")
    answer = SimpleNamespace(close=lambda: None)
    monkeypatch.setattr("socket.create_connection", lambda address, *_: asked.append(address) or answer)
    assert reachable("https://huggingface.co") and asked == [("proxy.here", 3128)]


def test_where_the_hub_is_switched_off_nobody_is_asked(monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("nlviz.models.reaching.reachable", lambda url: pytest.fail("somebody was asked"))
    assert "HF_HUB_OFFLINE is set" in load_model(TINY).card["notes"][0]


@pytest.mark.parametrize("text, words", [
    ("timm:vit_tinny_patch16", r"timm has no network called 'vit_tinny_patch16'; near it: .*vit_tiny_patch16_224"),
    ("torchvision:resnet_18", r"torchvision has no network called 'resnet_18'; near it: resnet18"),
    ("timm:hf_hub:somebody/network", r"timm has no network called"),
    (f"{TINY}@weights.txt", r"behind the @ stands a file of weights that ends in \.safetensors, \.pth"),
    ("python:nothing", r"expected python:package\.module:factory, got 'python:nothing'"),
    ("python:mine:os.abort", r"expected python:package\.module:factory"),
    ("python:os:abort", r"is of Python's own library"),
    ("python:no_such_module:make", r"there is no module 'no_such_module'"),
    ("hf:./no_such_folder", r"there is no such folder")])
def test_what_nobody_knows_is_said_with_what_is_near(text, words):
    for ask in (load_model, check_model):
        with pytest.raises(ModelError, match=words):
            ask(text)


def test_a_file_that_is_not_there_is_said_before_anything_is_built():
    for ask in (load_model, check_model):
        with pytest.raises(ModelError, match=r"no_such\.pth"):
            ask(f"{TINY}@no_such.pth")


def test_bundled_names_and_snapshots_are_no_sources():
    assert not is_source("msrc_gc") and not is_source("msrc_gc@3") and not is_source("gc:") and is_source("timm:x@y.pth")
    with pytest.raises(KeyError, match="no network is called 'msrc_nothing'"):
        check_model("msrc_nothing")


# ------------------------------------------------------------------------------------------------ a factory of one's own

def test_a_factory_gives_a_module_or_a_whole_model(module):
    module(MINE)
    model = load_model("python:mine:make")
    assert (model.name, model.title, model.card["source"]) == ("python:mine:make", "make", "weights as given")
    assert load_model("python:mine:make").card["sha256"] == model.card["sha256"]  # random numbers are the same each time
    whole = load_model("python:mine:whole")
    assert (whole.name, whole.title, whole.classes) == ("python:mine:whole", "My network", ["cat", "dog"])
    assert whole.preprocess == Preprocess(stride=32)


@pytest.mark.parametrize("code, words", [
    ("def make():\n    raise ValueError('no\\nweights')", r"python:mine:make raised ValueError: no weights \(mine\.py, line 2\)"),
    ("def make(size): pass", r"python:mine:make raised TypeError: make\(\) missing 1 required"),
    ("import torch\ndef make():\n    torch.zeros(2) @ torch.zeros(3)", r"raised RuntimeError: .*\(mine\.py, line 3\)"),
    ("def make(): return 3", r"python:mine:make gave a int; expected an nn\.Module"),
    ("def make(): pass", r"python:mine:make gave None; expected an nn\.Module"),
    ("make = 3", r"python:mine:make is no function but a int"),
    ("other = 3", r"the module mine has nothing called 'make'"),
    ("1 / 0", r"python:mine:make raised ZeroDivisionError: division by zero \(mine\.py, line 1\)"),
    ("def make(:", r"python:mine:make raised SyntaxError: .*\(mine\.py, line 1\)"),
    ("import no_such_thing", r"raised ModuleNotFoundError: No module named 'no_such_thing' \(mine\.py, line 1\)"),
    ("from os import abort as make", r"is of Python's own library")])
def test_a_factory_that_fails_says_why_and_where(module, code, words):
    module(code)
    with pytest.raises(ModelError, match=words) as caught:
        load_model("python:mine:make")
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------------------------------------------ weights of a file

def state_of(module) -> dict[str, torch.Tensor]:
    module(MINE)
    torch.manual_seed(1)
    state = load_model("python:mine:make").net.state_dict()
    return {name: torch.rand_like(weights) if weights.is_floating_point() else weights for name, weights in state.items()}


@pytest.mark.parametrize("wrap", [
    lambda s: s, lambda s: {"state_dict": s, "epoch": 3}, lambda s: {"model": {f"module.{k}": v for k, v in s.items()}},
    lambda s: {"epoch": torch.tensor(3), "model_state": {f"_orig_mod.module.{k}": v for k, v in s.items()}}])
@pytest.mark.parametrize("suffix", ["pth", "pt", "bin"])
def test_weights_are_found_whatever_they_are_wrapped_in(module, tmp_path, wrap, suffix):
    state = state_of(module)
    torch.save(wrap(state), tmp_path / f"w.{suffix}")
    model = load_model(f"python:mine:make@{tmp_path}/w.{suffix}")
    assert model.card["source"] == f"weights of w.{suffix}" and model.card["notes"] == []
    assert all(torch.equal(model.net.state_dict()[name], weights) for name, weights in state.items())


def test_safetensors_and_another_precision(module, tmp_path):
    save_file({name: w.half() if w.is_floating_point() else w for name, w in state_of(module).items()}, tmp_path / "w.safetensors")
    model = load_model("python:mine:whole@w.safetensors")
    assert model.card["source"] == "weights of w.safetensors" and model.task == "classification"
    assert {w.dtype for w in model.parameters()} == {torch.float32}


def test_missing_renamed_and_misshapen_tensors_are_named_and_the_network_is_called_random(module, tmp_path):
    state = state_of(module)
    state["head.weight"] = state.pop("2.weight")
    state["1.bias"] = torch.rand(7)
    save_file(state, tmp_path / "w.safetensors")
    model = load_model("python:mine:whole@w.safetensors")
    assert model.card["source"] == "weights of w.safetensors, 2 of 7 tensors random: 1.bias, 2.weight"
    assert model.card["notes"] == [
        "w.safetensors lacks 1 of 7 tensors, which are random: 2.weight",
        "w.safetensors has 1 of another shape, which are random: 1.bias (7,) instead of (4,)",
        "w.safetensors has 1 that this network has not: head.weight"]
    assert model.task is None and model.classes is None  # a random head names nothing


def test_a_counter_that_is_missing_makes_nothing_random(module, tmp_path):
    state = state_of(module)
    del state["1.num_batches_tracked"]
    save_file(state, tmp_path / "w.safetensors")
    assert load_model("python:mine:make@w.safetensors").card["source"] == "weights of w.safetensors"


@pytest.mark.parametrize("change, words", [
    (lambda s: {f"other.{name}": w for name, w in s.items()}, r"nothing in w\.pth fits this network: expected tensors such as 0\."),
    (lambda s: {"epoch": 3}, r"w\.pth holds no tensors by name"),
    (lambda s: [1, 2], r"w\.pth holds no tensors by name"),
    (lambda s: nn.Linear(2, 2), r"w\.pth holds no tensors by name"),
    (lambda s: s | {"1.bias": torch.full((4,), float("nan"))}, r"w\.pth: 4 of 4 numbers in 1\.bias are not finite"),
    (lambda s: s | {"1.bias": torch.ones(4, dtype=torch.int64)}, r"w\.pth: 1\.bias is int64, expected float32")])
def test_a_file_that_cannot_be_used_is_refused_in_words(module, tmp_path, change, words):
    torch.save(change(state_of(module)), tmp_path / "w.pth")
    with pytest.raises(CheckpointError, match=words):
        load_model("python:mine:make@w.pth")


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"PK\3\4 not a zip", b"\xff" * 100, b"cos\nsystem\n(S'touch hacked'\ntR."])
def test_a_broken_or_hostile_file_runs_nothing(module, tmp_path, name, content):
    module(MINE)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=rf"{name} holds no weights that can be read safely"):
        load_model(f"python:mine:make@{name}")
    assert not (tmp_path / "hacked").exists()


def test_only_regular_files_are_opened(module, tmp_path):
    module(MINE)
    __import__("os").mkfifo(tmp_path / "pipe.pth")
    with pytest.raises(CheckpointError, match=r"pipe\.pth cannot be read \(not a regular file"):
        load_model("python:mine:make@pipe.pth")


