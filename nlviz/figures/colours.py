"""Colours by name, and the rule by which a value gets its own: the page's and the figure's alike."""

import matplotlib
import numpy as np
from torch import Tensor

from ..recipes import check_choice
from .scales import Scale

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


def palette(name: str, scale: Scale, veil: str) -> np.ndarray:
    """(256, 4) uint8: the colours of a map as a scale lays them over a photo."""
    opacity = (255 * scale.opacities(veil) + 0.5).astype(np.uint8)  # halves up, as in the page
    return np.column_stack([colour_table(name), opacity])


def colours(values: Tensor, scale: Scale, colour_map: str, veil: str = "even") -> np.ndarray:
    """(rows, columns, 4) uint8 by the page's rule; not a number is see-through."""
    numbers = values.detach().cpu().double().numpy()
    known = np.isfinite(numbers)
    steps = scale.steps(np.where(known, numbers, scale.low))
    return palette(colour_map, scale, veil)[steps] * known[..., None].astype(np.uint8)
