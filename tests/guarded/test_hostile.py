"""Files that are made to harm whoever opens them: each is refused in words, or ends the process that reads it, and nothing else."""

import io
import json
import os
import pickle
import signal
import struct
import zipfile

import pytest
import torch
from safetensors.torch import save

from nlviz.guarded import Bounds
from tests.guarded.here import QUICK, read_in_copy
from tests.guarded.tiny import tiny_file, tiny_state

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="limits are Linux's")


class Executed:
    """A pickle that would leave a file where it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def packed(state) -> bytes:
    """What ``torch.save`` writes, compressed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(state))) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return file.getvalue()


def safetensors(entries: object, data: bytes = b"", claimed: int | None = None) -> bytes:
    text = entries if isinstance(entries, bytes) else json.dumps(entries).encode()
    return struct.pack("<Q", len(text) if claimed is None else claimed) + text + data


def saved(found: object) -> bytes:
    file = io.BytesIO()
    torch.save(found, file)
    return file.getvalue()


F32 = {"dtype": "F32", "shape": [2**31, 2**31], "data_offsets": [0, 8]}
FILES = {
    "empty.pth": lambda path: b"", "text.pth": lambda path: b"<html>404: not found</html>", "zeros.pt": lambda path: bytes(10_000),
    "cut.pth": lambda path: saved(tiny_state())[:2000], "pickle.pth": lambda path: pickle.dumps({"a": Executed(path)}),
    "as_a_name.pth": lambda path: saved({"state_dict": {"a": Executed(path)}}),
    "no_dict.bin": lambda path: saved([torch.zeros(3)]), "numbers.pt": lambda path: saved({"a": 3, "b": "x"}),
    "head.safetensors": lambda path: safetensors({}, claimed=2**60), "deep.safetensors": lambda path: safetensors(b"[" * 200_000),
    "huge.safetensors": lambda path: safetensors({"a": F32}, bytes(8)),
    "unknown.pth": lambda path: saved({"resnet.weird": torch.zeros(3)}),
    "repeats.pth": lambda path: saved({"backbone.weight": torch.zeros(1).expand(10**6, 10**6)}),
    "many.safetensors": lambda path: save({f"a{at}": torch.zeros(1) for at in range(20_001)}),
    "long.pth": lambda path: saved({"a" * 10_000: torch.zeros(1)}),
    "wide.pth": lambda path: saved(tiny_state() | {"backbone.weight": torch.zeros(60_000, 3, 8, 8).half()}),
    "nan.pth": lambda path: saved(tiny_state() | {"backbone.bias": torch.full((8,), torch.nan)}),
    "stem.pth": lambda path: saved(tiny_state() | {"backbone.weight": torch.zeros(8, 3, 7, 7)}),
    "integers.pth": lambda path: saved(tiny_state() | {"backbone.bias": torch.zeros(8, dtype=torch.int64)}),
}


@pytest.mark.parametrize("name", FILES)
def test_a_hostile_or_broken_file_is_said_to_be_and_runs_nothing(tmp_path, name):
    (tmp_path / name).write_bytes(FILES[name](tmp_path / "executed"))
    said, ended = read_in_copy(tmp_path / name)
    assert said and not {"told"} & said.keys() and ended == 0
    assert not (tmp_path / "executed").exists()
    words = said.get("error") or said.get("broken") or "full"
    assert "Traceback" not in words and len(words) < 1500


def test_what_training_left_beside_the_weights_is_left_out_and_never_run(tmp_path):
    (tmp_path / "a.pth").write_bytes(saved({"state_dict": tiny_state(), "meta": Executed(tmp_path / "executed")}))
    said, _ = read_in_copy(tmp_path / "a.pth")
    assert said["told"]["notes"][0] == "Of a.pth are left out: meta" and not (tmp_path / "executed").exists()


def test_what_is_wrong_is_named(tmp_path):
    for name, words in {"repeats.pth": "says that it holds tensors of 3,814,697 MB", "many.safetensors": "expected at most 20,000",
                        "pickle.pth": "no weights that can be read safely",
                        "stem.pth": "its stem has weights of shape (8, 3, 7, 7)",
                        "nan.pth": "are not finite", "unknown.pth": "no kind of network that nlviz knows"}.items():
        (tmp_path / name).write_bytes(FILES[name](tmp_path / "executed"))
        said = read_in_copy(tmp_path / name)[0]["error"]
        assert words in said and "arch" not in said


def test_a_network_of_a_known_kind_that_needs_more_memory_than_is_allowed_ends_in_words(tmp_path):
    (tmp_path / "wide.pth").write_bytes(FILES["wide.pth"](None))
    assert read_in_copy(tmp_path / "wide.pth")[0] == {"full": True}


def test_a_file_that_unpacks_to_gigabytes_ends_at_the_limit_of_memory(tmp_path):
    bomb = packed({"backbone.weight": torch.zeros(2**26)})  # 256 MB of zeros in 256 KB
    assert len(bomb) < 2**19
    (tmp_path / "bomb.pth").write_bytes(bomb)
    said, ended = read_in_copy(tmp_path / "bomb.pth", Bounds(20, 128 * 2**20, 64 * 2**20))
    assert ended in (0, signal.SIGABRT) and (said is None or "told" not in said)


def test_a_file_that_takes_for_ever_is_ended_by_the_system(tmp_path):
    (tmp_path / "slow.pth").write_bytes(slow())
    said, ended = read_in_copy(tmp_path / "slow.pth", Bounds(1, QUICK.memory, QUICK.written))
    assert said is None and ended == signal.SIGPROF


def slow() -> bytes:
    """A dict whose key is a pair of pairs of pairs ..., each twice the same: to hash it takes 2^60 steps."""
    pairs = b"".join(b"h" + bytes([at]) + b"h" + bytes([at]) + b"\x86q" + bytes([at + 1]) for at in range(60))
    return b"\x80\x02)q\x00" + pairs + b"}h" + bytes([60]) + b"K\x01s."


def test_no_more_is_written_than_is_allowed(tmp_path):
    tiny_file(tmp_path / "a.pth")
    said, ended = read_in_copy(tmp_path / "a.pth", Bounds(20, QUICK.memory, 20_000))
    assert said and "told" in said and ended == 0
    said, ended = read_in_copy(tmp_path / "a.pth", Bounds(20, QUICK.memory, 100))
    assert said and "told" not in said and ended == 0
