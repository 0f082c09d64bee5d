"""Where each value of an activation comes from: numbers that go through a network beside it.

An id is (item of the batch) * 2**32 + number, where the number is that of a position in raster order, or from SPECIAL on that of
a named token. NOWHERE stands for padding. Ids have the shape of the activation and are the same along its channels, where they
take no memory (stride 0).
"""

import math
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor

SPECIAL = 2**30
NOWHERE = -1
ITEM = 32  # bits that a number takes
LARGEST = 2**26  # ids of one tensor that are merged


@dataclass(frozen=True)
class Grid:
    """A grid of positions.

    Attributes:
        shape: (rows, columns), or (frames, rows, columns).
        stride: pixels of the network's input that a position covers along each axis.
        picture: the shape of that input, in pixels.
    """

    shape: tuple[int, ...]
    stride: tuple[Fraction, ...]
    picture: tuple[int, ...]


@dataclass(frozen=True)
class Spots:
    """Ids of an activation, and the grid that they number; None where they are the numbers of a sequence."""

    ids: Tensor
    grid: Grid | None


def item_of(ids: Tensor) -> Tensor:
    """The item of the batch."""
    return ids >> ITEM


def number_of(ids: Tensor) -> Tensor:
    """The number within it; NOWHERE stays."""
    return torch.where(ids < 0, ids, ids & (2**ITEM - 1))


def constant(ids: Tensor, axis: int, but_padding: bool = False) -> bool:
    """Whether the ids are the same along an axis."""
    if ids.shape[axis] < 2 or ids.stride(axis) == 0:
        return True
    if but_padding:
        return bool(((ids == ids.amax(axis, keepdim=True)) | (ids == NOWHERE)).all())
    return torch.equal(ids.narrow(axis, 0, 1).expand_as(ids), ids)


def has_positions(ids: Tensor) -> bool:
    """Whether any of them is a position."""
    numbers = number_of(ids)
    return bool(((numbers >= 0) & (numbers < SPECIAL)).any())


def over_picture(shape: tuple[int, ...], device: torch.device) -> Spots:
    """Those of a network's input, (B, C, *pixels)."""
    size = tuple(shape[2:])
    grid = Grid(size, (Fraction(1),) * len(size), size)
    return Spots(_raster(torch.arange(shape[0], device=device), size).unsqueeze(1).expand(shape), grid)


def over_sequence(shape: tuple[int, ...], device: torch.device) -> Spots:
    """Those of (B, N, C) or (N, C): numbers without a grid."""
    items = torch.arange(shape[0] if len(shape) == 3 else 1, device=device)[:, None]
    ids = (items << ITEM) + torch.arange(shape[-2], device=device)
    return Spots(ids.view(*shape[:-1], 1).expand(shape), None)


def _raster(items: Tensor, size: tuple[int, ...]) -> Tensor:
    numbers = torch.arange(math.prod(size), device=items.device).view(size)
    return (items << ITEM).view(-1, *[1] * len(size)) + numbers


def resampled(spots: Spots | None, old: tuple[int, ...], new: tuple[int, ...], device: torch.device,
              steps: tuple[int, ...] | None) -> Spots | None:
    """Behind a convolution, a pool or an interpolation from (B, C, *old grid) to (B, C', *new grid).

    Args:
        steps: cells that one new cell covers, where the layer parts its input without overlap or padding; else the new cells
            part the whole input evenly.
    """
    size, sides = tuple(new[2:]), len(new) - 2
    if spots is None:
        return None
    if not constant(spots.ids, 1):
        return None
    ids = spots.ids[:, 0]  # (B, *old grid)
    if tuple(old[2:]) == size and (steps is None or set(steps) == {1}):
        return Spots(ids.unsqueeze(1).expand(new), spots.grid)
    grid = spots.grid
    if grid is not None and len(grid.shape) == sides + 1:
        return _of_slices(ids, grid, new, steps)
    if grid is None or len(grid.shape) != sides or not _whole(ids, grid.shape):
        return None
    items = item_of(ids.flatten(1)[:, 0])
    stride = _strides(grid.shape, grid.stride, size, steps)
    return Spots(_raster(items, size).unsqueeze(1).expand(new), Grid(size, stride, grid.picture))


def _strides(old: tuple[int, ...], stride: tuple[Fraction, ...], new: tuple[int, ...],
             steps: tuple[int, ...] | None) -> tuple[Fraction, ...]:
    """Pixels that a new cell covers along each axis."""
    if steps is not None:
        return tuple(step * by for step, by in zip(stride, steps))
    return tuple(Fraction(step) * n / now for step, n, now in zip(stride, old, new))


def _of_slices(ids: Tensor, grid: Grid, new: tuple[int, ...], steps: tuple[int, ...] | None) -> Spots | None:
    """Where each item of the batch is one slice of the grid, such as a frame of a clip, (S, rows, columns)."""
    numbers, inside, size = number_of(ids), grid.shape[1:], tuple(new[2:])
    slices = numbers.flatten(1)[:, 0] // math.prod(inside)
    low = (slices * math.prod(inside)).view(-1, *[1] * len(inside))
    if ids.shape[1:] != inside or not bool((numbers - low >= 0).all()) or not _whole(numbers - low, inside):
        return None
    found = _raster(item_of(ids.flatten(1)[:, 0]), size) + (slices * math.prod(size)).view(-1, *[1] * len(size))
    shape, stride = (grid.shape[0], *size), (grid.stride[0], *_strides(inside, grid.stride[1:], size, steps))
    return Spots(found.unsqueeze(1).expand(new), Grid(shape, stride, grid.picture))


def _whole(ids: Tensor, size: tuple[int, ...]) -> bool:
    """Whether (B, *grid) ids are all positions in raster order, perhaps with padding below and to the right."""
    if any(n < own for n, own in zip(ids.shape[1:], size)):
        return False
    inside = ids[(slice(None), *(slice(0, n) for n in size))]
    return torch.equal(number_of(inside), _raster(torch.zeros_like(inside.flatten(1)[:, 0]), size)) and (
        inside.numel() == ids.numel() or bool((ids >= 0).sum() == inside.numel()))


def merged(spots: Spots) -> Spots | None:
    """Behind a linear layer: one id for each token, where its channels came from several positions that are one block."""
    ids = spots.ids
    if constant(ids, -1):
        return Spots(ids[..., :1], spots.grid)
    if spots.grid is None or ids.numel() > LARGEST:
        return None
    numbers, rest = number_of(ids), spots.grid.shape
    inside = numbers >= 0
    if bool((numbers >= SPECIAL).any()) or not bool(inside.any()):
        return None
    new, shape, steps = 0, [], []
    for axis, size in enumerate(rest):
        place = numbers // math.prod(rest[axis + 1:]) % size
        low = place.masked_fill(~inside, size).amin(-1)
        step = int((place.masked_fill(~inside, -1).amax(-1) - low).amax()) + 1
        some = inside.any(-1)
        if bool((low[some] % step != 0).any()):
            return None
        shape.append(math.ceil(size / step))
        steps.append(step)
        new = new * shape[-1] + low // step
    found = torch.where(inside.any(-1), (ids.amax(-1) >> ITEM << ITEM) + new, torch.full_like(new, NOWHERE))
    stride = tuple(step * by for step, by in zip(spots.grid.stride, steps))
    return Spots(found.unsqueeze(-1), Grid(tuple(shape), stride, spots.grid.picture))
