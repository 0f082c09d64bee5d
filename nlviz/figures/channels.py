"""Panels of what relates channels: a place in the picture has no row there, so the photo stays out of them."""

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from .colours import colours
from .scales import Scale

INK, FILL = "0.45", "0.78"  # greys: what an empty panel says and the edge of bars, the bars


def draw_matrix(axes: Axes, values: Tensor, scale: Scale, colour_map: str) -> None:
    """Draw values (C, C) as a square over the caption, a colour for each cell; neighbours mix where print has no dot for each."""
    dots = 300 / axes.figure.dpi * min(axes.bbox.width, axes.bbox.height)
    drawn = colours(scale.drawn(values, len(values)), scale, colour_map)
    axes.imshow(drawn, interpolation="nearest" if len(values) <= dots else "antialiased")
    axes.set(xticks=[], yticks=[], aspect="equal", anchor="S")
    axes.spines[:].set(linewidth=0.4)


def draw_bars(axes: Axes, values: Tensor, limits: tuple[float, float]) -> None:
    """Draw values (C,) as bars that stand on the zero line; limits are the lowest and the highest end, zero between them."""
    low, high = limits
    edges = np.arange(len(values) + 1)
    axes.stairs(values.numpy(), edges, fill=True, color=FILL, linewidth=0)
    axes.stairs(values.numpy(), edges, baseline=None, color=INK, linewidth=0.7, clip_on=False)
    axes.axhline(0, color="black", linewidth=0.4, clip_on=False)
    axes.set(xlim=(0, len(values)), ylim=(low, high if high > low else low + 1), xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def draw_empty(axes: Axes) -> None:
    """Leave the panel white."""
    axes.set_axis_off()
