"""Pixel -> cell -> rectangle of the picture, exactly."""

import math
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Placement:
    """Where the cells of a grid lie in a picture, exactly (fractions, no rounding).

    A point at fraction (x, y) of the picture's width and height lies in column floor(x * scale_x + offset_x)
    and row floor(y * scale_y + offset_y).

    Attributes:
        grid: (rows, columns).
        scale: (x, y), cells per picture width and height.
        offset: (x, y), cells; above zero where a picture is letterboxed, below where it is cropped.
    """

    grid: tuple[int, int]
    scale: tuple[Fraction, Fraction]
    offset: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))

    def cell(self, x: Fraction | float, y: Fraction | float) -> tuple[int, int] | None:
        """(row, column) of the point at fractions (x, y); None where no cell covers it.

        Raises:
            ValueError: x or y is outside 0 to 1.
        """
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f"a query is given by fractions of width and height, 0 to 1, got {float(x)}, {float(y)}")
        row, column = self._index(y, 1), self._index(x, 0)
        return None if row is None or column is None else (row, column)

    def _index(self, fraction: Fraction | float, axis: int) -> int | None:
        position = Fraction(fraction) * self.scale[axis] + self.offset[axis]
        cells = self.grid[1 - axis]
        index = math.floor(position)
        if fraction == 1 and position == index:  # the picture's last edge belongs to the last cell
            index -= 1
        return index if 0 <= index < cells else None

    def cell_of_pixel(self, column: int, row: int, size: tuple[int, int]) -> tuple[int, int] | None:
        """The cell of a pixel's centre, in a picture of (width, height) pixels."""
        return self.cell(Fraction(2 * column + 1, 2 * size[0]), Fraction(2 * row + 1, 2 * size[1]))

    def rectangle(self, row: int, column: int) -> tuple[Fraction, Fraction, Fraction, Fraction]:
        """(left, top, right, bottom) of a cell in fractions of the picture, clipped to it."""
        (left, right), (top, bottom) = (
            [min(max((edge - offset) / scale, Fraction(0)), Fraction(1)) for edge in (index, index + 1)]
            for index, scale, offset in zip((column, row), self.scale, self.offset)
        )
        return left, top, right, bottom

    def coarser(self, grid: tuple[int, int], stride: tuple[int, int]) -> "Placement":
        """The placement of a grid whose cells cover stride (rows, columns) of these: max-pooled keys."""
        by = stride[::-1]
        return Placement(grid, tuple(s / b for s, b in zip(self.scale, by)), tuple(o / b for o, b in zip(self.offset, by)))
