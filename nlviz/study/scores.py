"""Scores over pictures, with bootstrap intervals: from a small tally of each, so that pictures can be drawn again."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..models import Model
from ..training import classes_at
from .summary import DRAWS

Tally = list  # of a classifier [0 or 1]; of a mask, for each class, [hits, pixels that are of it, pixels said to be of it]


def tally_of(model: Model, output: Tensor, label: int | Tensor, resolution: int) -> Tally:
    """What is counted of one picture.

    Args:
        output: logits (1, classes) for a class; (1, classes, h, w) for a mask.
        label: the number of its class, or the classes (rows, columns) of its mask, void -1: those pixels do not count.
    """
    if isinstance(label, int):
        return [int(output[0].argmax() == label)]
    known = label >= 0
    true, said = label[known], classes_at(output.cpu(), tuple(label.shape), model.preprocess, resolution)[known]
    return torch.stack([part.bincount(minlength=output.shape[1]) for part in (true[true == said], true, said)], 1).tolist()


def scores_of(tallies: Sequence[Tally]) -> dict[str, np.ndarray]:
    """The scores of some pictures, and of DRAWS times as many drawn among them, the same ones each time.

    Returns:
        ``accuracy`` of a classifier; ``pixel_accuracy`` and ``mean_iou`` (over the classes that there are) of masks, 0 to 1: (1 +
        DRAWS,), the pictures' own first.
    """
    counts, random = np.asarray(tallies, float), np.random.default_rng(0)
    pictures = len(counts)
    drawn = random.multinomial(pictures, np.full(pictures, 1 / pictures), DRAWS)
    sums = np.tensordot(np.concatenate([np.ones((1, pictures)), drawn]), counts, 1)  # (1 + DRAWS, ...)
    if counts.ndim == 2:
        return {"accuracy": sums[:, 0] / pictures}
    hits, true, said = np.moveaxis(sums, 2, 0)  # (1 + DRAWS, classes) each
    union = true + said - hits
    shares = np.divide(hits, union, out=np.zeros_like(hits), where=union > 0)
    return {"pixel_accuracy": hits.sum(1) / true.sum(1).clip(1), "mean_iou": shares.sum(1) / (union > 0).sum(1).clip(1)}


def with_interval(scores: np.ndarray) -> dict[str, float]:
    """``value``, and the 95 % bootstrap interval ``low`` to ``high`` (percentiles)."""
    low, high = np.percentile(scores[1:], (2.5, 97.5))
    return {"value": float(scores[0]), "low": float(low), "high": float(high)}


def compared(own: Sequence[Tally], replaced: dict[str, Sequence[Tally]]) -> dict[str, dict]:
    """Scores with the network's own maps (``own``), and under each replacement, with what is lost.

    Returns:
        for each of them the scores by name: ``value``, ``low``, ``high``; of replacements also ``lost``, the same of the difference
        own - replaced, whose interval is of the same pictures drawn for both.
    """
    base = scores_of(own)
    found = {"own": {name: with_interval(scores) for name, scores in base.items()}}
    for how, tallies in replaced.items():
        found[how] = {name: with_interval(scores) | {"lost": with_interval(base[name] - scores)}
                      for name, scores in scores_of(tallies).items()}
    return found
