"""Colour bars: what the colours of panels that share a scale stand for."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..numbers import number
from .colours import palette
from .formats import Format
from .scales import Scale

GREY = 160  # of the bar where a veil leaves the photo bare


@dataclass(frozen=True)
class Bar:
    """A colour bar and the label to its right; one that is flat has a single colour and a single tick."""

    scale: Scale
    colour_map: str
    label: str
    veil: str = "even"

    @staticmethod
    def width(form: Format) -> float:
        """Inches."""
        return min(1.6 * form.scale, 0.42 * form.width)

    @classmethod
    def taken(cls, form: Format) -> float:
        """Inches from the left margin to the label: half a tick's label stands out on either side of the bar."""
        return cls.width(form) + 0.32 * form.scale

    def place(self, form: Format, top: float) -> tuple[float, float, float, float]:
        """(left, top, width, height) of its Axes, in inches from the page's left and upper edge."""
        return form.margin + 0.12 * form.scale, top, self.width(form), 0.11 * form.scale


def draw_bar(axes: Axes, bar: Bar, form: Format) -> None:
    """Draw the bar, lowest value to the left."""
    (low, high, _), flat = bar.scale, bar.scale.is_flat
    colours = over_grey(palette(bar.colour_map, bar.scale, bar.veil))[None]  # (1, 256, 3)
    axes.imshow(colours[:, 128:129] if flat else colours, extent=(low, low + 1 if flat else high, 0, 1), aspect="auto")
    axes.set_yticks([])
    axes.spines[:].set_linewidth(0.4 * form.scale)
    places, words = zip(*_ticks(bar.scale, 4 if bar.width(form) >= 1.6 else 3))
    axes.set_xticks(places, words)
    axes.tick_params(labelsize=form.small, length=1.5 * form.scale, width=0.4 * form.scale, pad=form.scale)


def _ticks(scale: Scale, most: int) -> list[tuple[float, str]]:
    low, high, of_times = scale
    if scale.is_flat:
        return [(low + 0.5, number(low))]
    if of_times:
        return scale.ticks()
    return [(tick, number(tick)) for tick in MaxNLocator(most).tick_values(low, high) if low <= tick <= high]


def over_grey(colours: np.ndarray) -> np.ndarray:
    """(256, 3) uint8: colours as they look over the middle of a grey photo."""
    opacity = colours[:, 3:] / 255
    return (opacity * colours[:, :3] + (1 - opacity) * GREY).round().astype(np.uint8)
