"""NLMap: what a block computed for one input, with the two grids that give its rows a place."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .blocks import Factors


@dataclass(frozen=True)
class NLMap:
    """The map of one call of one block.

    Attributes:
        layer: the block's dotted name in the model ("" for the model itself).
        block: its name in BLOCKS, else its class name.
        relates: ``positions`` (a row for each query) or ``global`` (one row for all).
        rows: ``distribution`` (>= 0, sum 1) or ``scaled`` (divided by N', may be negative).
        query_grid: (rows, columns), in 1D (length,), in 3D (frames, rows, columns).
        key_grid: likewise for the keys.
        key_stride: query cells that one key covers along each axis (above 1 where keys were pooled).
        weights: (B, N, N'), global maps (B, 1, N'); None where only the factors were kept.
        factors: projected queries and keys that give the same rows, where the map has that form.
        input, output: the block's x and z, (B, C, *query_grid).
    """

    layer: str
    block: str
    relates: str
    rows: str
    query_grid: tuple[int, ...]
    key_grid: tuple[int, ...]
    key_stride: tuple[int, ...]
    weights: Tensor | None
    factors: Factors | None
    input: Tensor
    output: Tensor

    def row(self, query: int, item: int = 0) -> Tensor:
        """The weights (N',) of one query of one picture of the batch; of a global map, its only row.

        Raises:
            IndexError: no such query.
        """
        self._check(query, self.query_grid, "query")
        if self.weights is not None:
            return self.weights[item, 0 if self.relates == "global" else query]
        return self.factors.rows(query, query + 1)[item, 0]

    def column(self, key: int, item: int = 0) -> Tensor:
        """The weight that every query gives to one key, (N,); of a global map, N times the same.

        Raises:
            IndexError: no such key.
        """
        self._check(key, self.key_grid, "key")
        if self.weights is None:
            return self.factors.column(key)[item]
        column = self.weights[item, :, key]
        return column.expand(cells(self.query_grid)) if self.relates == "global" else column

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, N') of the dense map."""
        return 1 if self.relates == "global" else cells(self.query_grid), cells(self.key_grid)

    @staticmethod
    def _check(index: int, grid: tuple[int, ...], what: str) -> None:
        if not 0 <= index < cells(grid):
            raise IndexError(f"{what} {index} is outside the grid {grid} of {cells(grid)} positions")


def cells(grid: tuple[int, ...]) -> int:
    """Positions in a grid."""
    return int(torch.tensor(grid).prod())


def flat_index(cell: tuple[int, ...], grid: tuple[int, ...]) -> int:
    """(row, column) -> row * columns + column; likewise in 1D and 3D.

    Raises:
        IndexError: the cell is outside the grid.
    """
    index = 0
    for position, size in zip(cell, grid, strict=True):
        if not 0 <= position < size:
            raise IndexError(f"cell {cell} is outside the grid {grid}")
        index = index * size + position
    return index


def cell_of(index: int, grid: tuple[int, ...]) -> tuple[int, ...]:
    """The inverse of ``flat_index``."""
    found = []
    for size in reversed(grid):
        index, position = divmod(index, size)
        found.append(position)
    return tuple(reversed(found))
