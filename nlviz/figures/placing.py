"""Axes and text on a page, placed in inches from its left and upper edge."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

LINE = 1.2 / 72  # inches of a line of text for each point of its size


def add_axes(figure: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes of a width and height."""
    across, down = figure.get_size_inches()
    return figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))


def write_lines(figure: Figure, x: float, top: float, lines: Sequence[str], size: float, ha: str = "left") -> None:
    """Lines one by one: the pitch of matplotlib's own depends on the resolution."""
    width, height = figure.get_size_inches()
    for index, line in enumerate(lines):
        baseline = top + index * size * LINE + size * 0.95 / 72
        figure.text(x / width, 1 - baseline / height, line, fontsize=size, ha=ha, va="baseline")
