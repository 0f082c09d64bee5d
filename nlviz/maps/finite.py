"""Weights, inputs and outputs that are no numbers: NaN and infinite ones."""

from collections.abc import Iterator

import torch
from torch import Tensor

from .factors import Factors
from .framewise import Framewise
from .lazy import LazyMap, precise
from .nl_map import NLMap
from .windows import Windows


def check_finite(nl_map: NLMap, network: str) -> None:
    """Raise ValueError where a weight is not a finite number, or a number of the block's input or output: nothing that is drawn or
    measured of such a map is right."""
    if not _surely_finite(nl_map):
        _check_weights(nl_map, network)
    _check_features(nl_map, network)


def _check_weights(nl_map: NLMap, network: str) -> None:
    blocks = [nl_map.weights] if nl_map.weights is not None else _blocks(nl_map.lazy)
    counted = [((~block.isfinite()).sum().item(), block.numel()) for block in blocks]
    wrong, every = (sum(numbers) for numbers in zip(*counted))
    if wrong:
        part = f" {nl_map.part!r}" if nl_map.part else ""
        raise _not_finite(network, f"{wrong} of {every} weights in the map{part}", nl_map)


def _blocks(lazy: LazyMap) -> Iterator[Tensor]:
    """All weights but the zeros between windows, or frames, that do not see each other."""
    inner = lazy.inner if isinstance(lazy, (Framewise, Windows)) else lazy
    if isinstance(inner, Tensor):
        yield inner
    elif isinstance(lazy, Windows):
        yield from (lazy.of(window) for window in range(len(lazy.queries)))
    else:
        yield from (inner.rows(*span) for span in inner.spans())


def _check_features(nl_map: NLMap, network: str) -> None:
    for what, features in (("input", nl_map.input), ("output", nl_map.output)):
        wrong = 0 if features is None else (~features.isfinite()).sum().item()  # of other modules they are not kept
        if wrong:
            raise _not_finite(network, f"{wrong} of {features.numel()} numbers in the {what}", nl_map)


def _not_finite(network: str, what: str, nl_map: NLMap) -> ValueError:
    layer = f"layer {nl_map.layer}" if nl_map.layer else "the block itself"
    return ValueError(f"{network}: {what} of {layer} are not finite numbers (NaN or infinite). Check the network's weights and its "
                      "input; in half precision, run it in float32.")


def _surely_finite(nl_map: NLMap) -> bool:
    """Told without the rows of a map that is kept as queries and keys: |q . k| <= |q| |k|, and a finite logit has a weight."""
    lazy = nl_map.lazy.inner if isinstance(nl_map.lazy, Framewise) else nl_map.lazy
    if nl_map.weights is not None or not isinstance(lazy, Factors) or lazy.bias is not None:
        return False
    q, k = (precise(vectors).norm(dim=-1).max().item() for vectors in (lazy.q, lazy.k))
    return q * k * abs(lazy.scale) < torch.finfo(lazy.q.dtype).max
