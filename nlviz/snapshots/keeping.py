"""An analysis as the bytes of a safetensors file, and back: tensors, and all else as JSON in the file's metadata. No pickle."""

import json
from collections.abc import Sequence

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from ..analysis import Analysis, PlacedMap
from ..models import Model
from ..pictures import Frame, Picture
from .maps import keep_map, read_map

KEY, VERSION = "nlviz_snapshot", "1"
TOO_LARGE = "{}: its rows take too much room, so its numbers alone are kept."


def to_bytes(analysis: Analysis, numbers: Sequence[dict], about: dict) -> bytes:
    """The analysis as a file; of layers x heads the layer that is shown first.

    Args:
        numbers: of all maps, see :class:`nlviz.snapshots.Snapshots`.
        about: what else is to be kept, plain values.
    """
    tensors, calls, notes = {}, [], list(analysis.notes)
    for call in analysis.calls:
        kept = []
        for placed, *heads in _groups(call):
            found = keep_map(placed, heads)
            if found is None:
                notes.append(TOO_LARGE.format(placed.nl_map.part or placed.nl_map.layer or placed.nl_map.block))
                continue
            tensors |= {f"{len(calls)}/{len(kept)}/{name}": tensor for name, tensor in found[1].items()}
            kept.append(found[0])
        if kept:
            calls.append(kept)
    model, frame, prediction = analysis.model, analysis.frame, dict(analysis.prediction or {})
    if "labels" in prediction:
        tensors["labels"] = prediction.pop("labels").detach().to("cpu", torch.int16)
    values = {"network": {name: getattr(model, name) for name in ("name", "title", "classes", "task")}, "calls": calls,
              "frame": [frame.size, frame.content], "prediction": prediction, "notes": notes, "numbers": list(numbers)} | about
    return save(tensors, {KEY: VERSION, "values": json.dumps(values, allow_nan=False)})


def _groups(call: Sequence[PlacedMap]) -> list[Sequence[PlacedMap]]:
    """What is kept together: of layers x heads the shown layer's mean with its heads; of a block each map by itself."""
    if call[0].layer is None:
        return [[placed] for placed in call]
    own = [placed for placed in call if placed.layer == call[0].layer]
    return [own] if own[0].nl_map.relates == "positions" else [[placed] for placed in own]


def values_of(content: bytes) -> dict:
    """What a file holds besides tensors: ``numbers``, ``network`` and what ``to_bytes`` was told.

    Raises:
        ValueError: it is no such file, or one of another version.
    """
    found = header_of(content).get("__metadata__", {})
    if found.get(KEY) != VERSION:
        raise ValueError("it is no snapshot, or one of another version of nlviz")
    return json.loads(found["values"])


def header_of(content: bytes) -> dict:
    """The names and shapes of a safetensors file's tensors, and its metadata; {} where it is none."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8:8 + length]) if 8 < 8 + length <= len(content) else {}


def from_bytes(content: bytes, picture: Picture, name: str, card: dict) -> Analysis:
    """The analysis in a file, of a network called ``name`` that is known by its maps alone.

    Raises:
        ValueError: see ``values_of``; SafetensorError: its tensors are broken.
    """
    values, tensors = values_of(content), load(content)
    maps = [placed for at, call in enumerate(values["calls"]) for placed in _call(call, at, tensors)]
    own = values["network"]
    model = Model(name, nn.Identity(), None, own["classes"], own["task"], own["title"], card)
    size, area = values["frame"]
    return Analysis(model, picture, Frame(tuple(size), tuple(area)), tuple(maps), _prediction(values["prediction"], tensors),
                    tuple(values["notes"]))


def _call(call: Sequence[dict], at: int, tensors: dict[str, Tensor]) -> list[PlacedMap]:
    found: list[PlacedMap] = []
    for number, values in enumerate(call):
        start = f"{at}/{number}/"
        own = {name.removeprefix(start): tensor for name, tensor in tensors.items() if name.startswith(start)}
        found += read_map(values, own, len(found))
    return found


def _prediction(values: dict, tensors: dict[str, Tensor]) -> dict | None:
    if values.get("kind") == "segmentation":
        return values | {"labels": tensors["labels"].long()}
    return values | {"top": [tuple(one) for one in values["top"]]} if values else None
