"""Scales: which value gets which of 256 colours, and how much of the photo it covers. The page's rules: viewer/js/scales.js."""

import math
from typing import NamedTuple

import numpy as np
from torch import Tensor

from ..numbers import number

LOWEST = -4.0  # log2 of 1/16 times uniform: most attention below that is the tail of a softmax
LEAST_TOP = 2.0  # of 4 times: where nothing is above it, colours stay low, so that a flat map looks flat
RISE = 2.0  # from 1 to 4 times uniform the veil gets its full opacity
PART = 0.25  # of a linear scale, within which it does


class Scale(NamedTuple):
    """From the value of the first colour to that of the last.

    Attributes:
        times: logarithmic: low and high are log2 of times uniform, weight x N'.
    """

    low: float
    high: float
    times: bool = False

    @classmethod
    def of_times(cls, highest: float) -> "Scale":
        """From 1/16 to the highest value, in times uniform."""
        return cls(LOWEST, max(LEAST_TOP, math.log2(highest) if highest > 0 else LOWEST), True)

    @property
    def is_flat(self) -> bool:
        """Differences within the rounding of float32 are no structure: such a map is drawn in one colour."""
        return not self.high - self.low > 1e-6 * max(abs(self.low), abs(self.high))

    def drawn(self, weights: Tensor, keys: int) -> Tensor:
        """What gets the colours: the weights, or their log2 times uniform, nothing below the lower end."""
        return (weights.double() * keys).log2().clamp_min(self.low) if self.times else weights

    def steps(self, values: np.ndarray) -> np.ndarray:
        """The colour of each value by the page's rule, floor(256 t) and at most 255; the middle one where all are alike."""
        if self.is_flat:
            return np.full(values.shape, 128)
        return (256 * (values - self.low) / (self.high - self.low)).clip(0, 255).astype(int)

    def opacities(self, veil: str) -> np.ndarray:
        """(256,) 0 to 1, how much of the photo each colour covers.

        An ``even`` veil covers all alike. A ``rising`` one leaves what gets less than its share bare and is full from 4 times
        on; on a linear scale it rises from the value nearest to zero to a quarter of the way to the scale's farther end. A
        colour has the opacity of its value nearest to the bare one.
        """
        if veil == "even":
            return np.ones(256)
        edges = self.low + np.arange(257) / 256 * (self.high - self.low)
        bare = 0.0 if self.times else min(max(0.0, self.low), self.high)
        far = RISE if self.times else PART * max(self.high - bare, bare - self.low)
        below = np.zeros(256) if self.times else bare - edges[1:]
        away = np.maximum(edges[:-1] - bare, below).clip(0)
        return np.zeros(256) if self.is_flat else (away / far).clip(0, 1)

    def ticks(self) -> list[tuple[float, str]]:
        """(place, words) along a logarithmic scale: 1/16, 1, 16, ... times, where it is short every fourth."""
        step = 4 if self.high >= 4 else 2
        return [(place, times_words(place)) for place in np.arange(self.low, self.high + 1e-9, step)]


def times_words(place: float) -> str:
    """A power of two in times uniform: 1/16×, 1×, 16×."""
    return f"1/{2 ** -place:.0f}×" if place < 0 else f"{2 ** place:.0f}×"


def times(value: float) -> str:
    """A number of times uniform, with its sign."""
    return f"{number(value)}×"
