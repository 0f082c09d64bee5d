"""How long and with what optimiser a bundled network is trained."""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import nn

from ..models import Spec


@dataclass(frozen=True)
class Schedule:
    """A training run with a cosine schedule.

    Attributes:
        epochs: how many, at least 1.
        optimiser: ``AdamW``, or ``SGD`` with momentum 0.9.
        learning_rate: the first; it falls to 0 along half a cosine.
        weight_decay: on every trained number.
        resolutions: long side of the pictures in pixels, epoch after epoch in turn.
        snapshots: after how many epochs the weights are kept, 0 being before the first; none where empty.
    """

    epochs: int
    optimiser: str = "AdamW"
    learning_rate: float = 1e-3
    weight_decay: float = 0.01
    resolutions: tuple[int, ...] = (224, 448)
    snapshots: tuple[int, ...] = ()

    def make_optimiser(self, weights: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        """The optimiser of these weights."""
        momentum = {"momentum": 0.9} if self.optimiser == "SGD" else {}
        return getattr(torch.optim, self.optimiser)(weights, lr=self.learning_rate, weight_decay=self.weight_decay, **momentum)


FIVE, EIGHT = ((224,) * small + (448,) for small in (4, 7))
SHORT = {"caltech101": Schedule(6), "msrc": Schedule(30), "camvid": Schedule(30), "fashion": Schedule(8),
         "clips": Schedule(10, resolutions=FIVE), "moves": Schedule(8, learning_rate=3e-3)}


def long_sgd(data: str, weight_decay: float) -> Schedule:
    """Eight times as many epochs with SGD, as GCNet's networks were trained (arXiv 1904.11492, section 4)."""
    epochs = 8 * SHORT[data].epochs
    return Schedule(epochs, "SGD", 0.05, weight_decay, EIGHT,
                    snapshots=(0, *(epochs * share // 48 for share in (1, 2, 4, 8, 16, 32, 48))))


TUNED = Schedule(20, learning_rate=3e-4, resolutions=FIVE)  # the backbone too


def schedule_of(spec: Spec) -> Schedule:
    """How the network of a spec is trained."""
    if spec.tuned:
        return TUNED
    return SHORT[spec.data] if spec.long_decay is None else long_sgd(spec.data, spec.long_decay)
