"""Pixel -> cell -> rectangle of the picture, exactly; of a clip also frame -> cell -> frames."""

import math
from dataclasses import dataclass
from fractions import Fraction

HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Placement:
    """Where the cells of a grid lie in a picture or a clip, exactly (fractions, no rounding).

    A point at fraction (x, y) of the picture's width and height lies in column floor(x * scale_x + offset_x)
    and row floor(y * scale_y + offset_y); frame f of a clip, from 0, in floor((f + 1/2) * scale_t + offset_t).

    Attributes:
        grid: (rows, columns), of a clip (frames, rows, columns).
        scale: (x, y), cells per picture width and height, and of a clip (x, y, t), cells per frame: 1/2 where a cell covers two.
        offset: (x, y), of a clip (x, y, t), cells; above zero where a picture is letterboxed, below where it is cropped.
        frames: how many frames the clip has; 1 of a picture.
    """

    grid: tuple[int, ...]
    scale: tuple[Fraction, ...]
    offset: tuple[Fraction, ...] = (Fraction(0), Fraction(0))
    frames: int = 1

    @property
    def of_clip(self) -> bool:
        """Whether cells are (frame, row, column)."""
        return len(self.grid) == 3

    def cell(self, x: Fraction | float, y: Fraction | float, frame: int = 0) -> tuple[int, ...] | None:
        """(row, column) of the point at fractions (x, y), of a clip (t, row, column); None where no cell covers it.

        Raises:
            ValueError: x or y is outside 0 to 1, or there is no such frame.
        """
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f"a query is given by fractions of width and height, 0 to 1, got {float(x)}, {float(y)}")
        found = (self._index(y, 1), self._index(x, 0))
        if self.of_clip:
            found = (self.at_frame(frame), *found)
        return None if None in found else found

    def _index(self, fraction: Fraction | float, axis: int) -> int | None:
        position = Fraction(fraction) * self.scale[axis] + self.offset[axis]
        cells = self.grid[-1 - axis]
        index = math.floor(position)
        if fraction == 1 and position == index:  # the picture's last edge belongs to the last cell
            index -= 1
        return index if 0 <= index < cells else None

    def at_frame(self, frame: int) -> int | None:
        """Which t covers a frame of the clip; None where none does.

        Raises:
            ValueError: there is no such frame.
        """
        if not 0 <= frame < self.frames:
            raise ValueError(f"this clip has frames 1 to {self.frames}, got {frame + 1}")
        t = math.floor((frame + HALF) * self.scale[2] + self.offset[2])
        return t if 0 <= t < self.grid[0] else None

    def frames_of(self, t: int) -> list[int]:
        """The frames of the clip that cells of t lie on."""
        return [frame for frame in range(self.frames) if self.at_frame(frame) == t]

    def cell_of_pixel(self, column: int, row: int, size: tuple[int, int], frame: int = 0) -> tuple[int, ...] | None:
        """The cell of a pixel's centre, in a picture of (width, height) pixels."""
        return self.cell(Fraction(2 * column + 1, 2 * size[0]), Fraction(2 * row + 1, 2 * size[1]), frame)

    def rectangle(self, *cell: int) -> tuple[Fraction, Fraction, Fraction, Fraction]:
        """(left, top, right, bottom) of a cell, (row, column) or (t, row, column), in fractions of the picture, clipped to it."""
        row, column = cell[-2:]
        (left, right), (top, bottom) = (
            [min(max((edge - offset) / scale, Fraction(0)), Fraction(1)) for edge in (index, index + 1)]
            for index, scale, offset in zip((column, row), self.scale, self.offset)
        )
        return left, top, right, bottom

    def coarser(self, grid: tuple[int, ...], stride: tuple[int, ...]) -> "Placement":
        """The placement of a grid whose cells cover stride cells of these along each axis: max-pooled keys."""
        by = stride[::-1]
        return Placement(grid, tuple(s / b for s, b in zip(self.scale, by)), tuple(o / b for o, b in zip(self.offset, by)),
                         self.frames)
