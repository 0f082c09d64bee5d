"""What stands on a figure: its panels, colours and texts."""

import math

import numpy as np
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text

from nlviz.figures import colour_table


def render(figure: Figure, dpi=100) -> np.ndarray:
    """(height, width, 3) uint8, row 0 at the bottom as in display coordinates."""
    figure.set_dpi(dpi)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[::-1, :, :3]


def pixel_at(pixels, axes, x, y):
    column, row = axes.transData.transform((x, y))
    return tuple(pixels[math.floor(row), math.floor(column)].tolist())


def panels(figure):
    """Axes of photos and heatmaps, without the colour bars."""
    return [a for a in figure.axes if len(a.get_images()) > 0 and a.yaxis_inverted()]


def heatmaps(figure):
    return [a for a in panels(figure) if len(a.get_images()) == 2]


def bars(figure):
    """Axes of the colour bars."""
    return [a for a in figure.axes if len(a.get_images()) == 1 and not a.yaxis_inverted()]


def assert_drawn(pixels, axes, values, limits, colour_map="viridis", but=()):
    """The middle of every cell of a heatmap over noise.png has the colour of its value, up to one step of 256."""
    low, high = limits
    (rows, columns), table = values.shape, colour_table(colour_map).astype(int)
    for cell in set(np.ndindex(rows, columns)) - set(but):
        index = 128 if low == high else min(255, math.floor(256 * (values[cell].item() - low) / (high - low)))
        found = pixel_at(pixels, axes, 96 * (cell[1] + 0.5) / columns, 80 * (cell[0] + 0.5) / rows)
        assert np.abs(found - table[max(0, index - 1):index + 2]).max(1).min() == 0, cell


def ends(values):
    return values.min().item(), values.max().item()


def texts(figure) -> str:
    return "\n".join(t.get_text() for t in figure.findobj(Text))


def flowing(figure) -> str:
    return " ".join(texts(figure).split())


def by_weight_received(weights):
    """Rows and columns of nested lists in descending order of the columns' sums."""
    received = [sum(row[c] for row in weights) for c in range(len(weights))]
    order = sorted(range(len(weights)), key=lambda c: -received[c])
    return torch.tensor([[weights[a][b] for b in order] for a in order], dtype=torch.float64)
