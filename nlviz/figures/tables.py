"""A table whose rows and columns are queries: a coloured dot with its number at the head of each."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from .dots import TEXT, draw_dot

SHADE, RULE, QUIET = "0.93", "0.7", "0.45"  # greys: under the diagonal, lines, entries without a number


def draw_table(axes: Axes, texts: Sequence[Sequence[str]], scale: float) -> None:
    """Draw texts (n, n) under and beside dots 1 to n; the Axes become n + 1 by n + 1 fields."""
    count = len(texts)
    axes.set(xlim=(0, count + 1), ylim=(count + 1, 0), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    for row, entries in enumerate(texts, 1):
        axes.add_patch(Rectangle((1, row), row - 1, 1, color=SHADE, linewidth=0))
        axes.plot((0, count + 1), (row, row), color=RULE, linewidth=0.4 * scale)
        draw_dot(axes, (row + 0.5, 0.5), row, scale)
        draw_dot(axes, (0.5, row + 0.5), row, scale)
        for column, text in enumerate(entries, 1):
            ink = "black" if text[-1].isdigit() else QUIET
            axes.text(column + 0.5, row + 0.5, text, fontsize=TEXT * scale, color=ink, ha="center", va="center_baseline")
