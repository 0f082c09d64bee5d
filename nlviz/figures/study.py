"""The figures of a study: divergences over the pictures, network by network, and distances from layer to layer."""

import math
from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .colours import PIN_COLOURS
from .output import settings

WIDTH = 6.9  # inches, two columns of a paper
SIZE = 7  # points
MEASURES = {"cosine_input": "cosine, input", "cosine_output": "cosine, output", "cosine_att": "cosine, attention",
            "jsd_att_nats": "JSD, attention, nats"}
BASELINES = {"shuffled": ("|", "keys shuffled"), "fresh": ("x", "fresh weights")}


def distribution_by_network(rows: Sequence[Mapping]) -> Figure:
    """A box for each map: its mean Jensen-Shannon divergence in every picture, beside the means of its two baselines.

    Args:
        rows: each with ``label``, ``values`` (one for each picture, in nats), ``shuffled`` and ``fresh`` (or None).
    """
    with settings():
        longest = max((len(row["label"]) for row in rows), default=0)
        figure = Figure((WIDTH, 1.0 + 0.2 * max(len(rows), 2)))
        axes = figure.add_axes((left := min(0.5, (longest + 2) * 0.6 * SIZE / 72 / WIDTH), 0.55 / figure.get_figheight(),
                                0.98 - left, 1 - 0.95 / figure.get_figheight()))
        _style(axes)
        axes.set_xlim(0, math.log(2))
        axes.set_xlabel("mean Jensen-Shannon divergence over all pairs of queries, nats, 0 to ln 2", fontsize=SIZE)
        axes.set_ylim(max(len(rows), 1) - 0.5, -0.5)
        axes.set_yticks(range(len(rows)), [row["label"] for row in rows])
        if not rows:
            words = "no map whose rows are distributions over positions"
            axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", fontsize=SIZE)
        for place, row in enumerate(rows):
            _box(axes, place, row)
        axes.legend(*_legend(axes), loc="lower right", bbox_to_anchor=(1, 1), ncols=3, frameon=False, fontsize=SIZE,
                    handletextpad=0.2, borderaxespad=0.3)
    return figure


def _box(axes: Axes, place: int, row: Mapping) -> None:
    line = {"color": PIN_COLOURS[4], "linewidth": 1}
    axes.boxplot(row["values"], positions=[place], orientation="horizontal", widths=0.5, whis=(0, 100), manage_ticks=False,
                 boxprops=line, whiskerprops=line, capprops=line, medianprops={"color": PIN_COLOURS[5], "linewidth": 1.5})
    for name, (marker, _) in BASELINES.items():
        if row[name] is not None:
            axes.plot(row[name], place, marker, color="0.35", markersize=7 if marker == "|" else 4, clip_on=False)


def _legend(axes: Axes) -> tuple[list, list[str]]:
    box, = axes.plot([], [], color=PIN_COLOURS[4], linewidth=1)
    marks = [axes.plot([], [], marker, color="0.35", markersize=7 if marker == "|" else 4)[0] for marker, _ in BASELINES.values()]
    return [box, *marks], ["lowest, quartiles, highest picture", *(words for _, words in BASELINES.values())]


def distances_by_layer(networks: Mapping[str, Sequence[Mapping]]) -> Figure:
    """Distance against layer, a panel for each measure and a line for each network with several blocks.

    Args:
        networks: name -> its layers in the order computed, each with ``layer`` and ``measures`` (mean, low, high).
    """
    with settings():
        figure = Figure((WIDTH, 2.4 + 0.14 * len(networks)), layout="constrained")
        panels = figure.subplots(1, len(MEASURES), sharex=True)
        for axes, (name, words) in zip(panels, MEASURES.items()):
            _style(axes)
            axes.set_title(words, fontsize=SIZE)
            axes.set_ylim(0, math.log(2) if name == "jsd_att_nats" else 1)
            axes.set_xlabel("block, in order", fontsize=SIZE)
            axes.set_xticks(range(1, max(map(len, networks.values())) + 1))
            for index, (network, layers) in enumerate(networks.items()):
                found = [(at, layer["measures"][name]) for at, layer in enumerate(layers, 1)
                         if "mean" in layer["measures"][name]]
                means = [measure["mean"] for _, measure in found]
                reach = [[abs(measure["mean"] - measure[edge]) for _, measure in found] for edge in ("low", "high")]
                axes.errorbar([at for at, _ in found], means, reach, marker="o", markersize=3, linewidth=1, capsize=2,
                              color=PIN_COLOURS[(4, 5, 2, 0, 6, 1, 3, 7)[index % 8]], label=network)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(3, len(labels)), frameon=False, fontsize=SIZE)
    return figure


def _style(axes: Axes) -> None:
    axes.tick_params(labelsize=SIZE, length=2)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="0.9", linewidth=0.5)
    axes.set_axisbelow(True)
