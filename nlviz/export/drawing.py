"""A recipe as a figure that is not too large to be written."""

from collections.abc import Sequence

from ..analysis import Analysis
from ..figures import Figure, draw
from ..recipes import Recipe


def drawn(analyses: Sequence[Analysis], recipe: Recipe, most_pixels: float | None = None) -> Figure:
    """The figure; its height is known once it is laid out, and nothing is filled with pixels before that.

    Raises:
        ValueError: it cannot be drawn, or has more than ``most_pixels``.
    """
    figure = draw(analyses, recipe)
    width, height = (round(inches * recipe.dpi) for inches in figure.get_size_inches())
    if most_pixels is not None and width * height > most_pixels:
        fewer = int(recipe.dpi * (most_pixels / (width * height)) ** 0.5)
        raise ValueError(f"this figure has {width:,} x {height:,} pixels; at most {most_pixels / 1e6:g} million are drawn here. "
                         f"Take {fewer} dots per inch or fewer, or draw it with: python -m nlviz render")
    return figure
