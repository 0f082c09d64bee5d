"""The widths that a figure is made for, and how many panels stand side by side in each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from ..recipes import WIDTHS, check_choice

Item = TypeVar("Item")
ROW = 0.45  # of the lowest panel, which each further row of frames adds to it


@dataclass(frozen=True)
class Format:
    """A page; lengths in inches.

    Attributes:
        width: of every figure, exactly.
        tallest: a figure keeps to it where it can.
        scale: of text, dots, lines and gaps; 1 in print, 1.5 on a slide, which is seen from afar.
        brief: under the panels stand the key facts alone.
    """

    width: float
    tallest: float
    scale: float = 1
    brief: bool = False

    @property
    def small(self) -> float:
        """Points of captions, the smallest text."""
        return 6.0 * self.scale

    @property
    def heading(self) -> float:
        """Points of the text over panels."""
        return 7.0 * self.scale

    @property
    def margin(self) -> float:
        return 0.1 * self.scale

    @property
    def gap(self) -> float:
        """Between columns."""
        return 0.09 * self.scale

    @property
    def narrowest(self) -> float:
        """A column that still takes a caption."""
        return 0.84 * self.scale

    @property
    def comfortable(self) -> float:
        """A column that takes a caption in few lines."""
        return 1.26 * self.scale

    def column(self, count: int) -> float:
        """The width of each of ``count`` columns that fill the page."""
        return (self.width - 2 * self.margin + self.gap) / count - self.gap

    def most(self, column: float | None = None) -> int:
        """How many columns of at least this width (``narrowest`` without it) stand side by side."""
        column = self.narrowest if column is None else column
        return max(1, int((self.width - 2 * self.margin + self.gap) / (column + self.gap) + 1e-9))

    def panel(self, aspect: float, widest: float, room: float, rows: int = 1) -> tuple[float, float]:
        """(width, height) of a panel with the picture's aspect ratio.

        Where it would be too small to be seen if the figure kept to ``tallest``, the figure grows taller.

        Args:
            widest: it may be.
            room: height at which the figure keeps to ``tallest``.
            rows: of frames of a clip.
        """
        lowest, low = (max(height, height / 3 / aspect) * self.scale for height in (0.6, 0.9))  # at least a third as wide
        lowest, low = (min(2.4 * self.scale, height * (1 + ROW * (rows - 1))) for height in (lowest, low))
        height = min(widest / aspect, 2.4 * self.scale, room if room >= lowest else low)
        return height * aspect, height


FORMATS = {"one column": Format(WIDTHS["one column"], tallest=9.2), "two columns": Format(WIDTHS["two columns"], tallest=9.2),
           "slide": Format(WIDTHS["slide"], tallest=7.5, scale=1.5, brief=True)}


def format_for(width: str) -> Format:
    """The page of a width.

    Raises:
        ValueError: no name of :data:`nlviz.recipes.WIDTHS`.
    """
    check_choice("width", width, tuple(FORMATS))
    return FORMATS[width]


def shared_out(items: Sequence[Item], most: int) -> list[list[Item]]:
    """The items in order in as few rows of at most ``most`` as will do, the rows as even as possible."""
    rows = -(-len(items) // most)
    each = -(-len(items) // rows)
    return [list(items[start:start + each]) for start in range(0, len(items), each)]
