"""An NLMap from what was found: its rows, its heads, what it relates."""

from fractions import Fraction

import torch
from torch import Tensor

from ..maps import LazyMap, NLMap, Windows, precise
from .arranging import Arranged
from .evidence import Evidence


def same(lazy: LazyMap, weights: Tensor, rows: int = 8) -> bool:
    """Whether the first rows of both are alike, up to the precision of the weights."""
    found, expected = precise(lazy.rows(0, rows)), precise(weights[..., :rows, :])
    return torch.allclose(found, expected, rtol=0, atol=16 * torch.finfo(weights.dtype).eps * max(1.0, expected.abs().max().item()))


def held(nl_map: NLMap) -> int:
    found = 0 if nl_map.weights is None else nl_map.weights.nbytes
    return found + (nl_map.lazy.held if isinstance(nl_map.lazy, Windows) else 0)


def heads_of(weights: Tensor | None, lazy: LazyMap | None) -> int:
    return (weights if weights is not None else lazy).shape[1]


def sums_to_one(weights: Tensor | None, lazy: LazyMap | None, e: Evidence) -> bool:
    """Whether rows are distributions: a softmax of queries and keys is; anything else is looked at."""
    if e.weights is None:
        return True
    sums = e.weights.detach().double().sum(-1)
    slack = 8 * torch.finfo(e.weights.dtype).eps * max(8, e.weights.shape[-1] ** 0.5)
    return bool((e.weights.detach() >= 0).all()) and bool(((sums - 1).abs() < slack).all())


def steps(stride: tuple | None, grid: tuple[int, ...]) -> tuple:
    if stride is None or grid == (0,):
        return (1,) * len(grid)
    return tuple(int(step) if Fraction(step).denominator == 1 else step for step in stride)


def of_channels(common: dict, weights: Tensor | None, lazy: LazyMap | None, a: Arranged, rows: str, heads: int) -> NLMap:
    queries, keys = (a.queries.size,), (a.keys.size,)
    return NLMap(**common, relates="channels", rows=rows, query_grid=queries, key_grid=keys, query_stride=(1,), key_stride=(1,),
                 weights=weights, lazy=lazy, used=lazy if weights is None else weights, heads=heads, values=a.values,
                 product=a.product)


def of_all(common: dict, weights: Tensor, a: Arranged, rows: str) -> NLMap:
    k = a.keys
    return NLMap(**common, relates="global", rows=rows, query_grid=k.grid, key_grid=k.grid, query_stride=steps(k.stride, k.grid),
                 key_stride=steps(k.stride, k.grid), weights=weights[:, 0], lazy=None, used=weights[:, 0], key_tokens=k.tokens,
                 picture=k.picture, values=a.values[:, 0], product=a.product[:, 0])
