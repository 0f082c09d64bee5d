"""The numbered dots that stand for queries: pushed apart where they would hide each other, and then tied to their places."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from .colours import LIGHT_INK, PIN_COLOURS

TEXT = 6.0  # points
DOT = 8.5  # points across, without its edge
EDGE = 0.8
STEPS = 200


def draw_dot(axes: Axes, at: Sequence[float], number: int, scale: float = 1) -> None:
    """The coloured dot that stands for a query, its number in it; ``at`` in the Axes' own units."""
    colour = PIN_COLOURS[(number - 1) % len(PIN_COLOURS)]
    axes.plot(*at, "o", color=colour, markersize=DOT * scale, markeredgecolor="white", markeredgewidth=EDGE * scale, clip_on=False)
    axes.annotate(str(number), at, color="white" if colour in LIGHT_INK else "black", fontsize=TEXT * scale, weight="bold",
                  ha="center", va="center_baseline")


def draw_dots(axes: Axes, places: np.ndarray, first: int = 1, scale: float = 1) -> None:
    """Dots at their places (n, 2), in the Axes' own units; one that had to move has a line from its place to it.

    Args:
        first: number of the first dot.
    """
    to_points = axes.transData.transform
    factor = 72 / axes.figure.dpi
    true = to_points(places) * factor
    moved = apart(true, (DOT + EDGE + 0.4) * scale, axes.bbox.extents * factor)
    shown = axes.transData.inverted().transform(moved / factor)
    for at, place, far in zip(shown, places, np.hypot(*(moved - true).T) > DOT / 2 * scale):
        if far:
            axes.plot(*zip(place, at), color="black", linewidth=1.6 * scale, clip_on=False, zorder=1.8)
            axes.plot(*zip(place, at), color="white", linewidth=0.8 * scale, clip_on=False, zorder=1.9)
    for number, at in enumerate(shown, first):
        draw_dot(axes, at, number, scale)


def apart(places: np.ndarray, least: float, box: Sequence[float]) -> np.ndarray:
    """Places (n, 2) moved until any two are at least so far apart; those that are stay where they are.

    Args:
        box: (left, bottom, right, top) that none leaves; where it is too small for all, they are as far apart as it allows.
    """
    places, box = np.array(places, float), np.array(box, float)
    for _ in range(STEPS):
        away = places[:, None] - places[None]  # (n, n, 2)
        far = np.hypot(*np.moveaxis(away, 2, 0))
        close = (far < least - 1e-6) & ~np.eye(len(places), dtype=bool)
        if not close.any():
            break
        angles = np.subtract.outer(np.arange(len(places)), np.arange(len(places))) * 2.4  # of those at one place
        towards = np.stack([np.cos(angles), np.sin(angles)], 2) * np.sign(angles)[..., None]
        unit = np.where(far[..., None] > 1e-6, away / np.maximum(far, 1e-6)[..., None], towards)
        places = (places + (unit * (close * (least - far) / 2)[..., None]).sum(1)).clip(box[:2], box[2:])
    return places
