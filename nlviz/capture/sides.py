"""What the rows, or the columns, of a map stand for: positions of a grid, named tokens, numbers of a sequence."""

import math
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from ..maps import cells
from .marks import Names
from .spots import NOWHERE, SPECIAL, Grid, Spots, number_of

PADDING = "padding"


@dataclass(frozen=True)
class Side:
    """What the rows, or the columns, of a map stand for.

    Attributes:
        grid: (rows, columns); (0,) where all are tokens; (length,) of a sequence.
        tokens: names of those that are no positions.
        index: (windows, n) the number of each in the whole map, -1 for none.
        stride, picture: as in NLMap; None where nobody can tell.
    """

    grid: tuple[int, ...]
    tokens: tuple[str, ...]
    index: Tensor
    stride: tuple | None
    picture: tuple[int, ...] | None

    @property
    def size(self) -> int:
        return cells(self.grid) + len(self.tokens)

    @cached_property
    def whole(self) -> bool:
        """Whether one window has every position and token once."""
        return len(self.index) == 1 and self.index.shape[1] == self.size and bool((self.index[0].sort()[0] == torch.arange(
            self.size, device=self.index.device)).all())


def side_of(ids: Tensor | None, order: Tensor, names: Names, spots: Spots | None, grid: tuple[int, ...] | None, length: int,
          what: str) -> Side:
    windows = order.shape[1]
    if ids is None:
        return _sequence(torch.arange(windows * length, device=order.device).view(windows, length), grid)
    numbers = number_of(ids)[order[0, :, 0]]  # (windows, length)
    if spots.grid is None and not bool((numbers >= SPECIAL).any()):
        return _sequence(numbers.unique(return_inverse=True)[1].view(numbers.shape), grid)
    return _of_grid(numbers, spots.grid, names, what)


def _sequence(index: Tensor, grid: tuple[int, ...] | None) -> Side:
    """Positions that nobody can tell, unless the caller says their grid: then what is more than that are tokens before them."""
    count = int(index.max()) + 1 if index.numel() else 0
    if grid is None or count < cells(grid):
        return Side((count,), (), index, None, None)
    more = count - cells(grid)
    moved = torch.where(index < more, index + cells(grid), index - more)
    return Side(tuple(grid), tuple(f"token {number}" for number in range(1, more + 1)), moved, None, tuple(grid))


def _of_grid(numbers: Tensor, grid: Grid | None, names: Names, what: str) -> Side:
    numbers, labels = _by_frame(numbers, grid, names.labels)
    special = numbers[numbers >= SPECIAL].unique()
    positions = bool(_positions(numbers).any())
    shape = grid.shape if grid is not None and positions else (0,)
    stride = None
    if grid is not None and positions:
        numbers, shape, stride = _lattice(numbers, grid)
    index = torch.where(numbers < SPECIAL, numbers, cells(shape) + torch.searchsorted(special, numbers.clamp_min(0)))
    tokens = [labels[int(number) - SPECIAL] for number in special]
    if what == "key" and bool((numbers == NOWHERE).any()):
        index = torch.where(numbers == NOWHERE, cells(shape) + len(tokens), index)
        tokens.append(PADDING)
    if grid is None or not positions:
        return Side(shape, tuple(tokens), index, None, grid.picture if grid else None)
    return Side(shape, tuple(tokens), index, stride, grid.picture)


def _positions(numbers: Tensor) -> Tensor:
    return (numbers >= 0) & (numbers < SPECIAL)


def _by_frame(numbers: Tensor, grid: Grid | None, labels: list[str]) -> tuple[Tensor, list[str]]:
    """Numbers (windows, n) and what named tokens are called: those of windows that are a frame each are told apart by it."""
    frames = _frames(numbers, grid)
    tokens = numbers >= SPECIAL
    if frames is None or not bool(tokens.any()):
        return numbers, labels
    found = torch.where(tokens, numbers + len(labels) * frames[:, None], numbers)
    return found, [f"{label} of frame {frame + 1}" for frame in range(grid.shape[0]) for label in labels]


def _frames(numbers: Tensor, grid: Grid | None) -> Tensor | None:
    """The frame of each window, from 0; None where a window sees several frames, or a frame has several windows."""
    if grid is None or len(grid.shape) != 3 or len(numbers) < 2:
        return None
    inside, frames = _positions(numbers), numbers // math.prod(grid.shape[1:])
    low, high = frames.masked_fill(~inside, grid.shape[0]).amin(1), frames.masked_fill(~inside, -1).amax(1)
    return low if torch.equal(low, high) and low.unique().numel() == len(low) else None


def _lattice(numbers: Tensor, grid: Grid) -> tuple[Tensor, tuple[int, ...], tuple]:
    """Every second position of a grid (LeViT's queries) is a grid of its own: numbers, shape and stride of what is there."""
    there = numbers[_positions(numbers)].unique()
    steps, shape = [], []
    rest = there
    for size in reversed(grid.shape):
        place, rest = rest % size, rest // size
        own = place.unique()
        step = int(own[1] - own[0]) if len(own) > 1 else 1
        if int(own[0]) or not torch.equal(own, torch.arange(0, size, step, device=own.device)):
            return numbers, grid.shape, grid.stride
        steps.insert(0, step)
        shape.insert(0, len(own))
    if set(steps) == {1} or len(there) != cells(tuple(shape)):
        return numbers, grid.shape, grid.stride
    new = torch.searchsorted(there, numbers.clamp(0, SPECIAL - 1))
    numbers = torch.where(_positions(numbers), new, numbers)
    return numbers, tuple(shape), tuple(step * by for step, by in zip(grid.stride, steps))
