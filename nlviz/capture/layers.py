"""Layers that change the grid, or mix heads: what becomes of places and maps behind them."""

from torch import Tensor

from .marks import Mark
from .spots import Spots, constant, merged

CONVOLUTIONS = {"conv1d", "conv2d", "conv3d"}


def along_heads(mark: Mark | None, axis: int, out: Tensor) -> Mark | None:
    """A layer over the heads of a map gives maps of the same positions; over anything else, none."""
    if mark is None or mark.rows is None or mark.columns is None:
        return None
    if not all(constant(spots.ids, axis) for spots in (mark.rows, mark.columns)):
        return None
    rows, columns = (Spots(spots.ids.narrow(axis, 0, 1).expand(out.shape), spots.grid) for spots in (mark.rows, mark.columns))
    return Mark(rows, columns, mark.soft, mark.pair, mark.over, None, mark.notes)


def reduced(args: tuple, kwargs: dict, x: Tensor, spots: Spots, out: Tensor) -> Spots | None:
    """Several positions made one, as a maximum or a mean over one axis does."""
    axis = args[1] if len(args) > 1 else kwargs.get("dim")
    axis = axis[0] if isinstance(axis, (tuple, list)) and len(axis) == 1 else axis
    if not isinstance(axis, int):
        return None
    found = merged(Spots(spots.ids.movedim(axis, -1), spots.grid))
    if found is None:
        return None
    ids = found.ids[..., 0]
    ids = ids.unsqueeze(axis) if out.dim() == x.dim() else ids
    return Spots(ids, found.grid) if ids.shape == out.shape else None


def steps_of(name: str, args: tuple, kwargs: dict) -> tuple[int, ...] | None:
    """How many cells each new one covers, where they neither overlap nor reach beyond the edge."""
    x = args[0] if args else kwargs["input"]
    sides = x.dim() - 2
    if name in CONVOLUTIONS:
        weight = args[1] if len(args) > 1 else kwargs["weight"]
        kernel, values = tuple(weight.shape[2:]), (*args[3:6],)
        keys, defaults = ("stride", "padding", "dilation"), (1, 0, 1)
    else:
        kernel, values = _each(args[1] if len(args) > 1 else kwargs["kernel_size"], sides), (*args[2:4],)
        keys, defaults = ("stride", "padding"), (None, 0)
    stride, padding, *dilation = (values[n] if n < len(values) else kwargs.get(key, default)
                                  for n, (key, default) in enumerate(zip(keys, defaults)))
    stride = _each(kernel if stride is None or stride == [] else stride, sides)
    if padding == "valid":
        padding = 0
    if isinstance(padding, str) or set(_each(padding, sides)) != {0} or set(_each(dilation[0] if dilation else 1, sides)) != {1}:
        return None
    return stride if stride == kernel else None


def _each(value, sides: int) -> tuple[int, ...]:
    found = (value,) if isinstance(value, int) else tuple(value)
    return found * sides if len(found) == 1 else found
