"""Grids: shapes of positions, and a position's place in raster order."""

import math


def cells(grid: tuple[int, ...]) -> int:
    """Positions in a grid."""
    return math.prod(grid)


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
