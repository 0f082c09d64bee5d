"""Elementwise operations, and any that nothing is known of: what a result keeps of its operands follows from its shape."""

from collections.abc import Callable

from torch import Tensor

from .calls import drops, fits, named
from .layers import reduced, steps_of
from .marks import NORMS, SAME, SOFTMAX, TIMES, Mark, Tag, is_float
from .spots import Spots, resampled

DROPPED = "Dropout (train mode) is in these weights: they are those of this one pass."
REDUCTIONS = {"amax", "amin", "mean", "sum"}


def carried(name: str, args: tuple, kwargs: dict, given: list[Tensor], tags: list[Tag], out: Tensor, placed: Callable) -> Tag:
    """Elementwise, or an operation that nothing is known of: what it keeps follows from its shape."""
    made = any(tag.made for tag in tags) and not (name.startswith("new_") or name.endswith("_like"))
    full = [(t, tag) for t, tag in zip(given, tags) if t.shape == out.shape]
    if not full and not any(fits(t, out) for t in given):
        return Tag(made, _coarser(name, args, kwargs, given, tags, out), name="" if made else named(tags))
    spots = next((tag.spots for _, tag in full if tag.made and tag.spots), None)
    if spots is None:
        spots = _broadcast([(t, tag if made else placed(t)) for t, tag in zip(given, tags) if tag.made == made], out)
    mark = _still_a_map(name, args, kwargs, given, tags, out) if made or name in SOFTMAX else None
    same = name in SAME or (name in TIMES and len(full) == 1)
    product = tags[0].product if tags and same else None
    return Tag(made, spots, mark, product, "" if made else named(tags))


def _broadcast(given: list[tuple[Tensor, Tag]], out: Tensor) -> Spots | None:
    """Those of the largest operand that has any."""
    some = sorted(((-t.numel(), tag.spots) for t, tag in given if tag.spots and fits(t, out)), key=lambda entry: entry[0])
    return Spots(some[0][1].ids.expand(out.shape), some[0][1].grid) if some else None


def _coarser(name: str, args: tuple, kwargs: dict, given: list[Tensor], tags: list[Tag], out: Tensor) -> Spots | None:
    if name in REDUCTIONS and given and tags[0].spots is not None:
        return reduced(args, kwargs, given[0], tags[0].spots, out)
    if not given or out.dim() not in (4, 5) or given[0].dim() != out.dim() or given[0].shape[:2] != out.shape[:2]:
        return None
    steps = steps_of(name, args, kwargs) if "pool" in name and "adaptive" not in name else None
    return resampled(tags[0].spots, tuple(given[0].shape), tuple(out.shape), out.device, steps)


def _still_a_map(name: str, args: tuple, kwargs: dict, given: list[Tensor], tags: list[Tag], out: Tensor) -> Mark | None:
    if not is_float(out):
        return None
    holder = next(((t, tag) for t, tag in zip(given, tags) if tag.mark is not None and t.dim() == out.dim()), None)
    if holder is None:
        return Mark(None, None, True, False) if name in SOFTMAX and out.dim() > 1 else None
    tensor, mark = holder[0], holder[1].mark
    if name in NORMS and not mark.soft:
        return None
    sides = [spots and Spots(spots.ids.expand(out.shape), spots.grid) if tensor.shape == out.shape or spots is None else None
             for spots in (mark.rows, mark.columns)]
    dropped = name == "dropout" and drops(args, kwargs)
    plain = mark.plain.then(name, args, kwargs) if mark.plain and tensor.shape == out.shape and not dropped else None
    notes = (*mark.notes, DROPPED) if dropped else mark.notes
    return Mark(*sides, mark.soft or name in SOFTMAX, mark.pair, mark.over, plain, notes)
