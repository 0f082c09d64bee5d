"""The figures of a study of layers x heads: shares of every head, and both numbers against the layer, with intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .layer_charts import Points, colour_of, draw_points
from .lines import wrap
from .output import settings
from .placing import LINE, add_axes, write_lines

WIDTH, SIZE, MARGIN, SIDE = 6.9, 7, 0.1, 0.55  # inches, points, inches, inches
COLOURS = "viridis"
Rows = Sequence[Mapping]  # of a network: each with layer_number, head, of_shuffled and attention_distance_cells (mean, low, high)


def shares_by_head(networks: Mapping[str, Rows]) -> Figure:
    """For each network a table of layers and heads: the divergence between queries in % of shuffled, the mean over pictures.

    Args:
        networks: name -> its rows, see ``Rows``.
    """
    with settings():
        grids = {name: _grid(rows) for name, rows in networks.items()}
        heights = [0.55 + 0.19 * len(layers) for layers, _, _ in grids.values()]
        figure = Figure((WIDTH, sum(heights) + 2 * MARGIN), facecolor="white")
        top = MARGIN
        for (name, (layers, heads, values)), height in zip(grids.items(), heights):
            title = f"{name}: divergence between queries, % of shuffled"
            write_lines(figure, MARGIN, top, wrap(title, WIDTH - 2 * MARGIN, SIZE, 1), SIZE)
            wide = min(WIDTH - 2 * MARGIN - SIDE, 0.62 * len(heads))
            _draw_shares(add_axes(figure, MARGIN + SIDE, top + 0.33, wide, 0.19 * len(layers)), layers, heads, values)
            top += height
    return figure


def _grid(rows: Rows) -> tuple[list[int], list[int], np.ndarray]:
    """Layers, heads, and (layers, heads) shares in percent; not a number where there is none."""
    layers, heads = (sorted({row[key] or 1 for row in rows}) for key in ("layer_number", "head"))
    values = np.full((len(layers), len(heads)), np.nan)
    for row in (row for row in rows if row["of_shuffled"]):
        values[layers.index(row["layer_number"]), heads.index(row["head"] or 1)] = 100 * row["of_shuffled"]["mean"]
    return layers, heads, values


def _draw_shares(axes: Axes, layers: Sequence[int], heads: Sequence[int], values: np.ndarray) -> None:
    axes.pcolormesh(values, cmap=COLOURS, vmin=0, vmax=100, edgecolors="white", linewidth=0.5)
    small = min(SIZE, 72 * 0.5 * axes.get_window_extent().width / axes.figure.dpi / max(len(heads), 1) / 1.6)
    for (row, column), value in np.ndenumerate(values):
        if small >= 6:
            text, ink = ("n/a", "0.4") if np.isnan(value) else (f"{value:.0f}", "white" if value < 60 else "black")
            axes.text(column + 0.5, row + 0.5, text, fontsize=small, color=ink, ha="center", va="center_baseline")
    step = 1 if small >= 6 else -(-len(heads) // 12)
    words = "head {}" if len(heads) <= 10 else "{}"
    axes.set_xticks(np.arange(len(heads))[::step] + 0.5, [words.format(head) for head in heads[::step]])
    axes.set_yticks(np.arange(len(layers)) + 0.5, [f"layer {layer}" for layer in layers])
    axes.set_ylim(len(layers), 0)
    axes.xaxis.tick_top()
    axes.tick_params(labelsize=SIZE, length=0, pad=1.5)
    axes.spines[:].set_visible(False)


def heads_against_layer(networks: Mapping[str, Rows]) -> Figure:
    """The mean attention distance of every head in cells, and its divergence in % of shuffled, with intervals over pictures.

    A point a head, a line through the means of a layer's heads, a colour a network.
    """
    with settings():
        high, top, each = 2.2, MARGIN + 0.22, SIZE * LINE
        figure = Figure((WIDTH, top + high + 0.5 + each * len(networks) + MARGIN), facecolor="white")
        wide = (WIDTH - 2 * MARGIN - 0.25) / 2
        charts = {"mean attention distance, cells": ("attention_distance_cells", 1, None),
                  "divergence between queries, % of shuffled": ("of_shuffled", 100, 105)}
        for at, (title, (name, factor, most)) in enumerate(charts.items()):
            axes = add_axes(figure, MARGIN + 0.34 + at * (wide + 0.25), top, wide - 0.34, high)
            draw_points(axes, [_points(label, rows, name, factor) for label, rows in networks.items()], title, SIZE, most)
        for at, label in enumerate(networks):
            text = wrap(f"{label}; bars: 95 % intervals over pictures", WIDTH - 2 * MARGIN - 0.2, SIZE, 1)
            below = top + high + 0.42 + at * each
            write_lines(figure, MARGIN, below, ["■"], SIZE)
            figure.texts[-1].set_color(colour_of(at))
            write_lines(figure, MARGIN + 0.15, below, text, SIZE)
    return figure


def _points(label: str, rows: Rows, name: str, factor: float) -> Points:
    known = [row for row in rows if row[name]]
    values, low, high = ([factor * row[name][key] for row in known] for key in ("mean", "low", "high"))
    return Points(label, [row["layer_number"] for row in known], values, low, high)
