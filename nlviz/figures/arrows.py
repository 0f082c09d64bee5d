"""Arrows from the asking cell to its strongest keys, across the frames of a clip: Wang et al. 2018 (arXiv 1711.07971), fig. 1."""

from math import hypot

import torch
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch

from ..maps import cell_of, flat_index
from ..pictures import Placement
from .film import Film
from .looks import Look

BEND, MOST_BENT = 0.16, 12.0  # how far an arrow bends upward: of its length, and points
SHORTEST = 3.0  # points; a shorter one would be all head
LIGHT, DARK = "white", (0.0, 0.0, 0.0, 0.5)  # seen on any background


def strongest_keys(look: Look, count: int) -> list[tuple[tuple[int, ...], float]]:
    """The cells with the largest values above zero, the largest first, each with its value; not the asking cell itself."""
    values = look.values.flatten().clone()
    if look.asked is not None and look.shown_on.grid == look.asked_on.grid:
        values[flat_index(look.asked, look.shown_on.grid)] = -torch.inf
    found = values.topk(min(count, len(values)))
    pairs = zip(found.values.tolist(), found.indices.tolist())
    return [(cell_of(at, look.shown_on.grid), value) for value, at in pairs if value > 0]


def targets(look: Look, film: Film, frame: int, count: int) -> list[tuple[tuple[float, float], float]]:
    """Where the strongest keys lie in the panel, the strongest first, each with its part of the largest value; a key on several
    frames is where it is nearest in time."""
    found, highest = [], look.values.max().item()
    for cell, value in strongest_keys(look, count):
        frames = look.shown_on.frames_of(cell[0])
        if frames:
            on = min(frames, key=lambda other: abs(other - frame))
            found.append((centre(look.shown_on, cell, film, on), value / highest))
    return found


def draw_arrows(axes: Axes, look: Look, film: Film, frame: int, count: int, forward: bool, scale: float) -> None:
    """Arrows between the asking cell, in the frame of its dot, and its strongest keys, the wider the larger the value.

    Args:
        count: how many.
        forward: from the query to its keys; else from the queries that give the key most.
        scale: of the lines.
    """
    if look.asked is None:
        return
    start = centre(look.asked_on, look.asked, film, frame)
    for end, share in reversed(targets(look, film, frame, count)):  # the strongest above the others
        _draw_arrow(axes, *((start, end) if forward else (end, start)), share, scale)


def centre(place: Placement, cell: tuple[int, ...], film: Film, frame: int) -> tuple[float, float]:
    """The middle of what is seen of a cell in a frame, in the panel."""
    left, top, right, bottom = map(float, place.rectangle(*cell))
    return film.at((left + right) / 2, (top + bottom) / 2, frame)


def _draw_arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], share: float, scale: float) -> None:
    points = 72 / axes.figure.dpi
    (x, y), (to_x, to_y) = axes.transData.transform([start, end]) * points
    length, width = hypot(to_x - x, to_y - y), (0.5 + 0.7 * share) * scale
    if length < SHORTEST * scale:
        return
    bend = min(BEND, MOST_BENT * scale / length) * (1 if to_x < x else -1)
    head = (1.6 + 1.5 * share) * scale
    axes.add_patch(FancyArrowPatch(
        start, end, connectionstyle=f"arc3,rad={bend:.6g}", arrowstyle=f"-|>,head_length={head:.6g},head_width={0.45 * head:.6g}",
        mutation_scale=1, shrinkA=0, shrinkB=0, linewidth=width, color=LIGHT, alpha=0.55 + 0.45 * share, clip_on=False, zorder=1.5,
        path_effects=[patheffects.withStroke(linewidth=width + 0.75 * scale, foreground=DARK)]))
