"""Colours by name, and the rule by which a value gets its own: the page's and the figure's alike."""

import matplotlib
import numpy as np
from torch import Tensor

from ..recipes import check_choice

COLOUR_MAPS = ("viridis", "inferno", "magma", "cividis", "gray")
DIVERGING = "RdBu_r"  # of differences, blue below zero and red above; the only one whose middle is zero
PIN_COLOURS = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#000000")  # Okabe-Ito
LIGHT_INK = {"#0072B2", "#D55E00", "#000000"}  # dots whose number is written in white


def colour_table(name: str) -> np.ndarray:
    """The colours of a map, (256, 3) uint8 RGB, from its lowest value to its highest.

    Raises:
        ValueError: neither one of COLOUR_MAPS nor DIVERGING.
    """
    check_choice("colour map", name, (*COLOUR_MAPS, DIVERGING))
    return (matplotlib.colormaps[name](np.arange(256))[:, :3] * 255).round().astype(np.uint8)


def colours(values: Tensor, limits: tuple[float, float], colour_map: str) -> np.ndarray:
    """(rows, columns, 4) uint8 by the page's rule, floor(256 t) and at most 255; not a number is see-through."""
    low, high = limits
    numbers = values.detach().cpu().double().numpy()
    known = np.isfinite(numbers)
    if is_flat(limits):
        indices = np.full(numbers.shape, 128)
    else:
        indices = (256 * (np.where(known, numbers, low) - low) / (high - low)).clip(0, 255).astype(int)
    return np.dstack([colour_table(colour_map)[indices], np.where(known, 255, 0).astype(np.uint8)])


def is_flat(limits: tuple[float, float]) -> bool:
    """Differences within the rounding of float32 are no structure: such a map is drawn in one colour."""
    low, high = limits
    return not high - low > 1e-6 * max(abs(low), abs(high))
