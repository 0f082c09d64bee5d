"""Charts against the layer: how far each head reaches, and how much its rows depend on the query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from .colours import PIN_COLOURS

LINES = (4, 5, 2, 0, 6, 1, 3, 7)  # of PIN_COLOURS, those first that are seen well on white
MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")


@dataclass(frozen=True)
class Points:
    """A network's heads.

    Attributes:
        layers: of each point, from 1.
        values: of each point; those of one layer have their mean on the line.
        low, high: of each point the ends of its interval, where it has one.
    """

    label: str
    layers: Sequence[int]
    values: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()

    @property
    def means(self) -> dict[int, float]:
        """layer -> mean over its heads."""
        each: dict[int, list[float]] = {}
        for layer, value in zip(self.layers, self.values):
            each.setdefault(layer, []).append(value)
        return {layer: sum(found) / len(found) for layer, found in sorted(each.items())}


def draw_points(axes: Axes, networks: Sequence[Points], title: str, size: float, top: float | None = None,
                baselines: Mapping[str, float] | None = None) -> None:
    """Points for heads side by side in their layer, a line through their means; a colour and a mark for each network.

    Args:
        size: points of text.
        top: of the upward axis; without it as high as the highest value.
        baselines: words to a value that is drawn as a dotted line.
    """
    scale = size / 6
    for at, network in enumerate(networks):
        colour, mark = colour_of(at), MARKS[at % len(MARKS)]
        places = _beside(network.layers, at - (len(networks) - 1) / 2)
        if network.low:
            axes.vlines(places, network.low, network.high, color=colour, linewidth=0.5 * scale, alpha=0.6)
        axes.plot(places, network.values, mark, color=colour, markersize=2.4 * scale, markeredgewidth=0, alpha=0.65, clip_on=False)
        axes.plot(list(network.means), list(network.means.values()), color=colour, linewidth=1.1 * scale, label=network.label)
    for words, value in (baselines or {}).items():
        axes.axhline(value, color="0.4", linewidth=0.8 * scale, linestyle=":")
        axes.annotate(words, (1, value), (0, 1.5 * scale), xycoords=("axes fraction", "data"), textcoords="offset points",
                      fontsize=size, color="0.35", ha="right", va="bottom")
    highest = max((value for network in networks for value in (*network.values, *network.high)), default=1.0)
    axes.set_ylim(0, top or 1.12 * max(highest, *(baselines or {0: 0}).values(), 1e-9))
    _style(axes, networks, title, size)


def colour_of(network: int) -> str:
    """Of its line and points."""
    return PIN_COLOURS[LINES[network % len(LINES)]]


def _beside(layers: Sequence[int], shift: float) -> list[float]:
    """Points of one layer stand side by side, in order, within a third of it."""
    found, counts = [], {layer: list(layers).count(layer) for layer in layers}
    seen: dict[int, int] = {}
    for layer in layers:
        at = seen[layer] = seen.get(layer, 0) + 1
        found.append(layer + (at - (counts[layer] + 1) / 2) * 0.3 / counts[layer] + 0.04 * shift)
    return found


def _style(axes: Axes, networks: Sequence[Points], title: str, size: float) -> None:
    scale, last = size / 6, max((layer for network in networks for layer in network.layers), default=1)
    axes.set_title(title, fontsize=size, pad=4 * scale)
    axes.set_xlabel("layer", fontsize=size, labelpad=1.5 * scale)
    axes.set_xlim(0.5, last + 0.5)
    for ticks, locator, limits in ((axes.set_xticks, MaxNLocator(12, integer=True, min_n_ticks=1), (1, last)),
                                   (axes.set_yticks, MaxNLocator(6), axes.get_ylim())):
        found = [tick for tick in locator.tick_values(*limits) if limits[0] <= tick <= limits[1]]
        ticks(found, [f"{tick:g}" for tick in found])
    axes.tick_params(labelsize=size, length=2 * scale, width=0.5 * scale, pad=1.5 * scale)
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_linewidth(0.5 * scale)
    axes.grid(axis="y", color="0.92", linewidth=0.5 * scale)
    axes.set_axisbelow(True)
