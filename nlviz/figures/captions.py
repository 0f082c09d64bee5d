"""What stands under a panel: where its weights lie, how far from uniform they are, what named tokens take of them."""

import re
from math import log

from torch import Tensor

from ..metrics import entropy
from ..numbers import number, percent
from .columns import Column
from .scales import LOWEST, Scale, times
from .style import Style


def caption_of(column: Column, weights: Tensor, values: Tensor, limits: tuple[float, float], style: Style) -> str:
    """Where the weights lie, or what the panel's own colours stand for; of a distribution, how far from uniform it is.

    Args:
        weights: the whole row: behind the values of the positions stand those of named tokens.
    """
    if column.in_times(style):
        text = reach(values * column.placed.nl_map.shape[1], "keys" if style.forward else "queries")
    else:
        own = style.shared or column.alike
        text = span("range" if own else "scale", own_limits(values) if own else limits)
    if style.forward and column.placed.nl_map.rows == "distribution" and len(weights) > 1:
        share = entropy(weights, column.placed.nl_map.dtype).item() / log(len(weights))
        text += f"\nentropy {percent(share)} of uniform"
        text += "".join(f"\n{name} {percent(taken)}" for name, taken in named_shares(column, weights).items())
    return text


def named_shares(column: Column, weights: Tensor) -> dict[str, float]:
    """What named tokens take of a row, those that are numbered together: ``class token``, ``register tokens``."""
    found: dict[str, float] = {}
    if column.placed.nl_map.rows != "distribution":
        return found
    tokens = column.placed.nl_map.key_tokens
    for name, weight in zip(tokens, weights[len(weights) - len(tokens) :].tolist()):
        kind = kind_of(name)
        found[kind] = found.get(kind, 0.0) + weight
    return found


def kind_of(token: str) -> str:
    """What numbered tokens are called together, ``register tokens``; of a clip those of all frames."""
    return re.sub(r" [0-9]+$", "s", re.sub(r", frame [0-9]+$", "", token))


def own_limits(values: Tensor, centred: bool = False) -> tuple[float, float]:
    low, high = values.min().item(), values.max().item()
    most = max(-low, high)
    return (-most, most) if centred else (low, high)


def span(what: str, limits: tuple[float, float]) -> str:
    low, high = limits
    return f"{number(high)} everywhere" if Scale(*limits).is_flat else f"{what} {number(low)} to {number(high)}".strip()


def reach(found: Tensor, what: str) -> str:
    """From how many times uniform to how many; which share has the lowest colour because it lies below the scale."""
    low, high = found.min().item(), found.max().item()
    if Scale(low, high).is_flat:
        return f"{times(high)} everywhere"
    below = (found < 2.0 ** LOWEST).double().mean().item()
    return f"up to {times(high)}, {percent(below)} of {what} below 1/16×" if below else f"{times(low)} to {times(high)}"
