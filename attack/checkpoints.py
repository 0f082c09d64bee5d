"""Hostile checkpoints and cards, measured by nlviz study --checkpoints."""

import hashlib
import json
import os
import pickle
import shutil
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import torch
from safetensors.torch import load, save

from attack.field import Field
from attack.judging import Answer, Outcome, Wrong, attempt
from attack.odd import crippled
from attack.pictures import photo
from attack.running import command, told
from attack.server import ROOT
from attack.whole import check_folder

NUMBER = 29
NAME = "msrc_gc"
STUDY = ["study", "pictures", "--model", NAME, "--checkpoints", ".", "--out", "out", "--resolution", "224"]
CARD = json.loads((ROOT / f"checkpoints/{NAME}.json").read_text())
CONTENT = (ROOT / f"checkpoints/{NAME}.safetensors").read_bytes()


class Executed:
    """A pickle that would leave a file where it is read."""

    def __reduce__(self):
        return open, ("executed", "w")


def header(entries: object, data: bytes = b"", claimed: int | None = None) -> bytes:
    text = json.dumps(entries).encode() if not isinstance(entries, bytes) else entries
    return struct.pack("<Q", len(text) if claimed is None else claimed) + text + data


def weights(change: Callable[[dict], object]) -> bytes:
    state = load(CONTENT)
    change(state)
    return save({name: tensor.contiguous() for name, tensor in state.items()})


def every(make: Callable[[torch.Tensor], torch.Tensor]) -> bytes:
    return weights(lambda state: state.update({name: make(tensor) for name, tensor in state.items()}))


def plus(number: float) -> bytes:
    return every(lambda tensor: tensor + number if tensor.is_floating_point() else tensor)


def flipped(random: Random) -> bytes:
    return CONTENT[:8] + bytes(byte ^ 1 << random.randrange(8) for byte in CONTENT[8:40]) + CONTENT[40:]


def tensor(shape: list[int]) -> dict:
    return {"dtype": "F32", "shape": shape, "data_offsets": [0, 8]}


CONTENTS: dict[str, Callable[[Random], bytes]] = {
    "cut short": lambda random: CONTENT[:random.randrange(len(CONTENT))],
    "empty": lambda random: b"",
    "bits flipped in its head": flipped,
    "a pickle": lambda random: pickle.dumps(Executed()),
    "a head of 2^60 bytes": lambda random: header({}, claimed=2**60),
    "a head of deep JSON": lambda random: header(b"[" * 200_000),
    "tensors that overlap": lambda random: header({"a": tensor([2]), "b": tensor([2])}, bytes(8)),
    "a tensor of 2^62 numbers": lambda random: header({"a": tensor([2**31, 2**31])}, bytes(8)),
    "int32 weights": lambda random: every(lambda tensor: tensor.to(torch.int32)),
    "bool weights": lambda random: every(lambda tensor: tensor > 0),
    "float16 weights": lambda random: every(lambda tensor: tensor.half()),
    "NaN weights": lambda random: plus(float("nan")),
    "infinite weights": lambda random: plus(float("inf")),
    "one left over": lambda random: weights(lambda state: state.update(extra=torch.zeros(3))),
    "one missing": lambda random: weights(lambda state: state.pop(random.choice(list(state)))),
    "another shape": lambda random: every(lambda tensor: tensor.flatten()),
}
REFUSED = {"int32 weights", "bool weights", "NaN weights", "infinite weights"}  # right in shape; must not load without a word
CARDS: dict[str, Callable[[Random], bytes]] = {
    "crippled": lambda random: json.dumps(crippled(random, CARD)).encode(),
    "no JSON": lambda random: random.choice([b"", b"{", b"\xff\xfe", b"null", b"[]", b"3", b'"card"', bytes(100)]),
    "deep JSON": lambda random: b"[" * 200_000,
    "a score that is no number": lambda random: json.dumps(CARD | {"score": float("nan")}).encode(),
}
PLACES: dict[str, Callable[[Path], object]] = {
    "a folder": lambda path: path.mkdir(), "a pipe": os.mkfifo, "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path)}


def run(field: Field) -> Iterator[Outcome]:
    tries = [*(("checkpoint", name) for name in CONTENTS), *(("card", name) for name in CARDS), *(("card", "crippled"),) * 3,
             *(("a place for", name) for name in PLACES)]
    for sort, name in field.chosen(tries, NUMBER):
        yield attempt(f"{sort}: {name}", lambda s=sort, n=name: tried(field, s, n), refused=name in REFUSED)


def tried(field: Field, sort: str, name: str) -> Answer:
    folder = field.place("checkpoint")
    shutil.copy(ROOT / "checkpoints/msrc_none.json", folder)
    content = CONTENTS[name](field.random) if sort == "checkpoint" else CONTENT
    fitting = json.dumps(CARD | {"sha256": hashlib.sha256(content).hexdigest()}).encode()
    card = CARDS[name](field.random) if sort == "card" else fitting
    (folder / f"{NAME}.json").write_bytes(card)
    if sort == "a place for":
        PLACES[name](folder / f"{NAME}.safetensors")
    else:
        (folder / f"{NAME}.safetensors").write_bytes(content)
    (folder / "pictures").mkdir()
    photo(field.random).save(folder / "pictures/p.png")
    ran = field.held(command(STUDY, folder))
    if (folder / "executed").exists():
        raise Wrong("a pickle was run")
    answer = told(ran)
    check_folder(folder / "out")
    return answer
