"""A checkpoint's tensors, whatever the file wraps them in, and nothing else of it."""

import json
import os
import pickle
from collections import OrderedDict, defaultdict, deque
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from nlviz.models import CheckpointError, read_checkpoint, save_clean

STATE = OrderedDict([("conv.weight", torch.arange(6.0).view(2, 3)), ("conv.bias", torch.tensor([1.0, -1.0]).half())])


def saved(path: Path, content: object, **options) -> Path:
    torch.save(content, path, **options)
    return path


@pytest.mark.parametrize("wrap, also", [
    (lambda state: state, []),
    (lambda state: {"state_dict": state}, []),
    (lambda state: {"meta": {"epoch": 3}, "state_dict": state, "optimizer": {"lr": 0.1}}, ["meta", "optimizer"]),
    (lambda state: {"model": state, "ema": state}, ["ema, not model"]),
    (lambda state: {"teacher": state, "student": state}, ["student, not teacher"]),
    (lambda state: {"model": {"state_dict": state}}, []),
    (lambda state: {f"module.{name}": weights for name, weights in state.items()}, []),
    (lambda state: {f"module.model.{name}": weights for name, weights in state.items()}, []),
    (lambda state: {f"_orig_mod.{name}": weights for name, weights in state.items()}, []),
])
@pytest.mark.parametrize("legacy", [False, True])
def test_wrappers_and_prefixes_are_taken_off(tmp_path, wrap, also, legacy):
    path = saved(tmp_path / "net.pth", wrap(STATE), _use_new_zipfile_serialization=not legacy)
    found = read_checkpoint(path)
    assert list(found.state) == list(STATE) and found.also == also and found.name == "net.pth"
    for name, weights in STATE.items():
        assert torch.equal(found.state[name], weights) and found.state[name].dtype == weights.dtype


def test_a_prefix_that_only_some_names_have_is_theirs(tmp_path):
    path = saved(tmp_path / "net.pth", {"model.weight": torch.ones(2), "head.weight": torch.ones(2)})
    assert list(read_checkpoint(path).state) == ["model.weight", "head.weight"]


class History:
    """As what training libraries leave beside the weights."""

    def __init__(self):
        self.values = [1.0, 2.0]


class Hostile:
    def __init__(self, path: Path, name: str = "system"):
        self.path, self.name = path, name

    def __reduce__(self):
        return {"system": (os.system, (f"touch {self.path}",)), "open": (open, (str(self.path), "w"))}[self.name]


@pytest.mark.parametrize("legacy", [False, True])
def test_objects_of_training_are_left_out_and_never_made(tmp_path, monkeypatch, legacy):
    monkeypatch.setattr(History, "__setstate__", lambda self, state: pytest.fail("made"), raising=False)
    content = {"state_dict": STATE, "message_hub": {"history": History(), "path": Path("work_dirs")}, "numpy": np.float64(1)}
    path = saved(tmp_path / "epoch_3.pth", content, _use_new_zipfile_serialization=not legacy)
    found = read_checkpoint(path)
    assert list(found.state) == list(STATE) and found.also == ["message_hub", "numpy"]


class Config(dict):
    """As configurations beside the weights."""


@pytest.mark.parametrize("beside", [Config(a=1), defaultdict(int, a=1), deque([1]), {"nested": [Config(b=Config())]}, {1, 2}])
def test_what_lies_beside_the_weights_is_no_matter(tmp_path, beside):
    path = saved(tmp_path / "net.pth", {"state_dict": STATE, "cfg": beside})
    assert list(read_checkpoint(path).state) == list(STATE)


@pytest.mark.parametrize("name", ["net.pth.tar", "net.pyth", "net.ckpt", "NET.PTH"])
def test_names_that_other_code_gives_its_checkpoints_are_taken(tmp_path, name):
    assert list(read_checkpoint(saved(tmp_path / name, {"model_state": STATE})).state) == list(STATE)


def test_one_of_several_state_dicts_can_be_asked_for(tmp_path):
    other = {name: weights + 1 for name, weights in STATE.items()}
    path = saved(tmp_path / "net.pth", {"model": STATE, "ema": {"state_dict": other}, "epoch": 3})
    assert torch.equal(read_checkpoint(path, "ema").state["conv.weight"], other["conv.weight"])
    with pytest.raises(CheckpointError, match="nothing called 'teacher' inside; it has model, ema"):
        read_checkpoint(path, "teacher")


def test_no_advice_to_trust_a_file_is_handed_on(tmp_path):
    path = saved(tmp_path / "net.pth", {"state_dict": STATE}, pickle_protocol=4)
    with pytest.raises(CheckpointError, match="pickled in a newer protocol") as raised:
        read_checkpoint(path)
    assert "trust" not in str(raised.value) and "weights_only" not in str(raised.value)


@pytest.mark.parametrize("name", ["system", "open"])
@pytest.mark.parametrize("legacy", [False, True])
def test_a_hostile_pickle_does_nothing(tmp_path, name, legacy):
    path = saved(tmp_path / "net.pth", {"state_dict": STATE, "gift": Hostile(tmp_path / "done", name)},
                 _use_new_zipfile_serialization=not legacy)
    try:
        assert list(read_checkpoint(path).state) == list(STATE)
    except CheckpointError as error:
        assert "net.pth holds no weights that can be read safely" in str(error)
    assert not (tmp_path / "done").exists()


def test_shards_are_put_together(tmp_path):
    names = {}
    for number, (name, weights) in enumerate(STATE.items()):
        names[f"module.{name}"] = f"net-{number}.safetensors"
        save_file({f"module.{name}": weights}, tmp_path / names[f"module.{name}"])
    (tmp_path / "net.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": names}))
    found = read_checkpoint(tmp_path / "net.safetensors.index.json")
    assert list(found.state) == list(STATE) and torch.equal(found.state["conv.weight"], STATE["conv.weight"])


@pytest.mark.parametrize("content, words", [
    (b"no json", "is no index of shards"), (b"[]", "is no index of shards"), (b'{"weight_map": 3}', "is no index of shards"),
    (b'{"weight_map": {"a": "../net.pth"}}', "names shards elsewhere"), (b'{"weight_map": {"a": 3}}', "names shards elsewhere"),
    (b'{"weight_map": {"a": "gone.pth"}}', "gone.pth cannot be read"),
    (b'{"weight_map": {"conv.weight": "net.pth", "lost": "net.pth"}}', "names 1 tensors that its shards lack, such as lost"),
])
def test_a_broken_index_is_refused_in_words(tmp_path, content, words):
    saved(tmp_path / "net.pth", STATE)
    (tmp_path / "index.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=words):
        read_checkpoint(tmp_path / "index.json")


@pytest.mark.parametrize("name, content, words", [
    ("net.pth", b"", "holds no weights that can be read safely"), ("net.pth", b"PK\3\4 cut", "holds no weights"),
    ("net.safetensors", b"\xff" * 64, "holds no weights"), ("net.txt", b"", "weights are in a file that ends in"),
    ("list.pth", pickle.dumps([1, 2]), "holds no"),
])
def test_what_is_no_checkpoint_is_refused_in_words(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=words):
        read_checkpoint(tmp_path / name)


def test_only_regular_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "net.pth")
    for path in (tmp_path / "net.pth", tmp_path / "gone.pth"):
        with pytest.raises(CheckpointError, match="cannot be read"):
            read_checkpoint(path)


def test_what_a_process_of_its_own_hands_on_is_read_again(tmp_path):
    shared = torch.arange(4.0)
    first = read_checkpoint(saved(tmp_path / "net.pth", {"module.a": shared, "module.b": shared[1:]}))
    save_clean(first, tmp_path / "clean.safetensors")
    again = read_checkpoint(tmp_path / "clean.safetensors")
    assert {name: weights.tolist() for name, weights in again.state.items()} == {"a": [0, 1, 2, 3], "b": [1, 2, 3]}
