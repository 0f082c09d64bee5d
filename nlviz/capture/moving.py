"""Operations that move values about and change none: done to ids as they were done to the values."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from .marks import Mark, Tag
from .spots import ITEM, NOWHERE, Spots, item_of

RESHAPES = {"view", "reshape", "flatten", "unflatten", "view_as", "reshape_as", "ravel"}
MOVES = {"permute", "transpose", "swapaxes", "swapdims", "movedim", "moveaxis", "t", "T", "mT", "H", "mH", "adjoint", "squeeze",
         "unsqueeze", "expand", "expand_as", "broadcast_to", "narrow", "select", "chunk", "split", "split_with_sizes",
         "tensor_split", "unbind", "__getitem__", "index_select", "roll", "flip", "repeat", "repeat_interleave", "tile", "gather",
         "take_along_dim", "hsplit", "vsplit", "rot90", "pixel_shuffle", "pixel_unshuffle", "unfold"}
JOINS = {"cat", "concat", "concatenate", "stack", "hstack", "vstack"}
MOVING = RESHAPES | MOVES | JOINS | {"pad", "im2col"}


def moved(name: str, func: Callable, args: tuple, kwargs: dict, ids: list[Tensor | None], out) -> list[Tensor | None]:
    """The ids of each output (a tensor or a sequence of them), None where they cannot be told.

    Args:
        ids: those of the first argument; where tensors are joined, of each of them.
    """
    outputs = [out] if isinstance(out, Tensor) else list(out)
    if any(part is None for part in ids):
        return [None] * len(outputs)
    try:
        found = _moved(name, func, args, kwargs, ids, out)
    except (RuntimeError, TypeError, IndexError, NotImplementedError, ValueError):
        return [None] * len(outputs)
    found = [found] if isinstance(found, Tensor) else list(found)
    return [part if part.shape == whole.shape else None for part, whole in zip(found, outputs)]


def _moved(name: str, func: Callable, args: tuple, kwargs: dict, ids: list[Tensor], out):
    if name in RESHAPES:
        return _reshaped(ids[0], out.shape)
    if name in JOINS:
        return _thinly(lambda parts: func(parts, *args[1:], **kwargs), ids, out)
    rest = args[1:] if args else ()
    kwargs = {key: value for key, value in kwargs.items() if key not in ("input", "self")}
    if name == "pad":
        mode = rest[1] if len(rest) > 1 else kwargs.get("mode", "constant")
        amounts = rest[0] if rest else kwargs["pad"]
        if mode == "constant":
            return _thinly(lambda parts: F.pad(parts[0], amounts, value=NOWHERE), ids, out)
        return F.pad(ids[0].double(), amounts, mode=mode).long()
    if name == "im2col":  # F.unfold knows no integers; ids from 1 on, so that padding is 0
        return func((ids[0] + 1).double(), *rest, **kwargs).long() - 1
    return _thinly(lambda parts: func(parts[0], *rest, **kwargs), ids, out)


def _reshaped(ids: Tensor, shape: torch.Size) -> Tensor:
    if ids.dim() and ids.shape[-1:] == shape[-1:] and ids.stride(-1) == 0:
        return ids[..., :1].reshape(*shape[:-1], 1).expand(shape)
    return ids.reshape(shape)


def _thinly(function: Callable, ids: list[Tensor], out) -> Tensor:
    """On one of the channels, where they are all alike: a copy of a few numbers instead of one of all."""
    if isinstance(out, Tensor):
        alike = [all(part.dim() > axis and part.stride(axis) == 0 for part in ids) for axis in range(ids[0].dim())]
        thin = [part[tuple(slice(0, 1) if same else slice(None) for same in alike)] for part in ids]
        try:
            found = function(thin)
        except (RuntimeError, TypeError, IndexError, ValueError):
            return function(ids)
        if found.dim() == out.dim() and all(a in (1, b) for a, b in zip(found.shape, out.shape)):
            return found.expand(out.shape)
    return function(ids)


def joined(tags: list[Tag], parts: list[Tensor], args: tuple, kwargs: dict) -> list[Tensor | None]:
    """Ids of what is joined; named tokens belong to the items of what they are joined to."""
    axis = args[1] if len(args) > 1 and isinstance(args[1], int) else kwargs.get("dim", 0)
    ids = [tag.spots and tag.spots.ids for tag in tags]
    other = next((i for i, tag in zip(ids, tags) if i is not None and tag.made), None)
    if other is None:
        return ids
    found = []
    for own, tag in zip(ids, tags):
        if own is not None and not tag.made and own.dim() == other.dim():
            own = own + (item_of(other.narrow(axis, 0, 1)) << ITEM)
        found.append(own)
    return found


def mark_moved(mark: Mark, name: str, func: Callable, args: tuple, kwargs: dict, tags: list[Tag], out, number: int) -> Mark:
    if name in JOINS and not all(tag.mark is not None for tag in tags):
        sides = [None, None]
    else:
        marks = [tag.mark for tag in tags] if name in JOINS else [mark]
        sides = []
        for side in ("rows", "columns"):
            spots = [getattr(m, side) for m in marks]
            ids = moved(name, func, args, kwargs, [s and s.ids for s in spots], out)[number]
            sides.append(None if ids is None else Spots(ids, spots[0].grid))
    plain = mark.plain.reshaped(args[0].shape, out.shape) if mark.plain and name in RESHAPES and args else None
    return Mark(*sides, mark.soft, mark.pair, mark.over, plain, mark.notes)
