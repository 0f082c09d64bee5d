"""A checkpoint's tensors by name, whatever the file wraps them in; nothing else in it is opened."""

import json
import re
import warnings
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from ..files import check_regular, printable
from .errors import CheckpointError

SUFFIXES = (".safetensors", ".pth", ".pt", ".bin", ".ckpt", ".pyth", ".tar")  # .pth.tar
INDEX = ".json"  # of a checkpoint in several files, its shards
WRAPPERS = ("state_dict", "model_state_dict", "model_state", "model", "ema_state_dict", "state_dict_ema", "model_ema", "ema",
            "teacher", "student", "net", "network", "module", "params", "params_ema", "weights")
PREFIXES = ("module.", "_orig_mod.", "model.")  # of DataParallel, of torch.compile, of what trains
AGAIN = "Save model.state_dict() again, or take another file."
LONGEST = 100  # letters of a class' name
MOST_KINDS = 64  # of objects in a pickle that are left out


@dataclass
class Checkpoint:
    """What a file holds.

    Attributes:
        name: of the file.
        state: tensors by name, without what wraps a network in its name (``module.`` and the like, where all have it).
        also: what else the file holds and nlviz leaves out, in phrases.
        classes: names of what the network tells apart, where the file says so, as those of mm libraries do.
    """

    name: str
    state: dict[str, Tensor]
    also: list[str] = field(default_factory=list)
    classes: list[str] | None = None


def read_checkpoint(path: Path, inside: str | None = None) -> Checkpoint:
    """A file of weights, or the ``.json`` index of one in shards, which lie beside it.

    Args:
        inside: which of several state_dicts in it, as ``ema``; by default the first of WRAPPERS.

    Raises:
        CheckpointError: it is missing, no regular file, of another kind, or holds no tensors.
    """
    found = _of_index(path) if path.suffix.lower() == INDEX else _content(path)
    state, also = _unwrapped(found, path, inside)
    return Checkpoint(printable(path.name), without_prefixes(state), also, _classes(found))


def read_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint under the names that they have in it. Raises as :func:`read_checkpoint` does."""
    return _unwrapped(_content(path), path)[0]


def save_clean(checkpoint: Checkpoint, path: Path) -> None:
    """The tensors alone, as safetensors, which :func:`read_checkpoint` reads again."""
    save_file({name: weights.contiguous().clone() for name, weights in checkpoint.state.items()}, path)


def without_prefixes(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors without the prefixes that all of their names have."""
    names = list(state)
    while prefix := next((one for one in PREFIXES if all(name.startswith(one) for name in names)), None):
        names = [name.removeprefix(prefix) for name in names]
    return dict(zip(names, state.values()))


def _content(path: Path) -> object:
    if path.suffix.lower() not in SUFFIXES:
        raise CheckpointError(f"weights are in a file that ends in {', '.join(SUFFIXES)}; got {printable(path.name)}")
    try:
        check_regular(path)
        return load_file(path) if path.suffix.lower() == ".safetensors" else _tensors_alone(path)
    except OSError as error:
        raise CheckpointError(f"{printable(path)} cannot be read ({error.strerror or error}).") from None
    except Exception as error:  # whatever a broken or hostile file makes a reader raise
        why = _why(error)
        raise CheckpointError(f"{printable(path.name)} holds no weights that can be read safely ({type(error).__name__}: "
                              f"{printable(why)}). {AGAIN}") from None


def _why(error: Exception) -> str:
    """What is wrong, without PyTorch's advice to trust the file."""
    told = re.search(r"WeightsUnpickler error:\s*(.*)", str(error))
    if told and "Unsupported operand" in told[1]:
        return "it is pickled in a newer protocol; torch.save writes protocol 2"
    return (told[1].partition(". Please")[0] if told else str(error).strip().partition("\n")[0])[:200]


class LeftOut:
    """Stands in a pickle for an object of a kind that nobody opens: it is made of anything, and does nothing."""

    def __init__(self, *args, **kwargs):
        pass

    def __setstate__(self, state):
        pass


class LeftOutList(LeftOut, list):
    """The same for what is filled like a list."""


class LeftOutDict:
    """The same for what is filled like a dict, which PyTorch does to its own alone."""

    def __new__(cls, *args, **kwargs):
        return OrderedDict()


REFUSED = {  # what PyTorch says of a pickle -> what then stands for the kind that it names
    r"GLOBAL (\S+) was not an allowed global": LeftOut, r"Can only append to lists, but got <class 'left_out\.(\S+)'>": LeftOutList,
    r"Can only extend lists, but got <class 'left_out\.(\S+)'>": LeftOutList,
    r"Can only SETITEMS? for .* but got <class 'left_out\.(\S+)'>": LeftOutDict}


def _tensors_alone(path: Path) -> object:
    """``torch.load`` with ``weights_only``. Objects of other kinds, which training leaves in checkpoints, are stood for by an empty
    one: neither their modules nor they are ever looked up."""
    kinds: dict[str, type] = {}
    tried = set()
    while True:
        try:
            with torch.serialization.safe_globals([(kind, name) for name, kind in kinds.items()]), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return torch.load(path, map_location="cpu", weights_only=True)
        except UnpicklingError as error:
            name, kind = next(((found[1], kind) for pattern, kind in REFUSED.items() if (found := re.search(pattern, str(error)))),
                              ("", None))
            name = name if "." in name else f"builtins.{name}"
            if kind is None or (name, kind) in tried or len(tried) == MOST_KINDS:
                raise
            tried.add((name, kind))
            kinds[name] = type(name, (kind,), {"__module__": "left_out"})


def _of_index(path: Path) -> dict[str, Tensor]:
    """All shards of a checkpoint, by transformers' and safetensors' ``{"weight_map": {name: file}}``."""
    try:
        check_regular(path)
        named = json.loads(path.read_text())["weight_map"]
        shards = sorted(set(named.values()))
    except OSError as error:
        raise CheckpointError(f"{printable(path)} cannot be read ({error.strerror}).") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise CheckpointError(f"{printable(path.name)} is no index of shards: expected a JSON object with \"weight_map\"") from None
    if any(not isinstance(shard, str) or Path(shard).name != shard for shard in shards):
        raise CheckpointError(f"{printable(path.name)} names shards elsewhere; they lie beside their index")
    found = {}
    for shard in shards:
        found |= read_weights(path.parent / shard)
    if lacking := [name for name in named if name not in found]:
        raise CheckpointError(f"{printable(path.name)} names {len(lacking)} tensors that its shards lack, such as "
                              f"{printable(lacking[0])}")
    return found


def _classes(found: object) -> list[str] | None:
    """What ``meta`` calls the classes: ``CLASSES`` or ``dataset_meta`` of mm libraries."""
    meta = found.get("meta") if isinstance(found, Mapping) else None
    for told in (meta, meta.get("dataset_meta")) if isinstance(meta, Mapping) else ():
        names = next((told[key] for key in ("CLASSES", "classes") if key in told), None) if isinstance(told, Mapping) else None
        if isinstance(names, (list, tuple)) and names and all(isinstance(name, str) and 0 < len(name) <= LONGEST for name in names):
            return [printable(name) for name in names]
    return None


def _unwrapped(found: object, path: Path, inside: str | None = None) -> tuple[dict[str, Tensor], list[str]]:
    """The tensors by name, and what else there was."""
    also = []
    if inside is not None:
        if not isinstance(found, Mapping) or not isinstance(found.get(inside), Mapping):
            known = [str(name) for name, one in found.items() if isinstance(one, Mapping)] if isinstance(found, Mapping) else []
            raise CheckpointError(f"{printable(path.name)} has nothing called {inside!r} inside; it has "
                                  f"{printable(', '.join(known)) or 'no parts'}")
        found = {inside: found[inside]} if inside in WRAPPERS else found[inside]
    while isinstance(found, Mapping):
        inner = next((name for name in WRAPPERS if isinstance(found.get(name), Mapping) and found[name]), None)
        if inner is None:
            break
        also += [printable(f"{name}, not {inner}" if name in WRAPPERS else str(name)) for name in found if name != inner]
        found = found[inner]
    tensors = {str(name): weights for name, weights in found.items() if isinstance(weights, Tensor)} \
        if isinstance(found, Mapping) else {}
    if not tensors:
        raise CheckpointError(f"{printable(path.name)} holds no tensors by name, as a state_dict does. {AGAIN}")
    return tensors, also
