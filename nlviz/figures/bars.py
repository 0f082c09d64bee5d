"""Colour bars: what the colours of panels that share a scale stand for."""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..numbers import number
from .colours import colour_table, is_flat
from .formats import Format


@dataclass(frozen=True)
class Bar:
    """A colour bar and the label to its right; one that is flat has a single colour and a single tick."""

    limits: tuple[float, float]
    colour_map: str
    label: str

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
    low, high = bar.limits
    colours, flat = colour_table(bar.colour_map)[None], is_flat(bar.limits)  # (1, 256, 3)
    axes.imshow(colours[:, 128:129] if flat else colours, extent=(low, low + 1 if flat else high, 0, 1), aspect="auto")
    axes.set_yticks([])
    axes.spines[:].set_linewidth(0.4 * form.scale)
    places = MaxNLocator(4 if bar.width(form) >= 1.6 else 3).tick_values(low, high)
    ticks = [low + 0.5] if flat else [tick for tick in places if low <= tick <= high]
    axes.set_xticks(ticks, [number(low if flat else tick) for tick in ticks])
    axes.tick_params(labelsize=form.small, length=1.5 * form.scale, width=0.4 * form.scale, pad=form.scale)
