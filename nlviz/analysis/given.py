"""A map of one's own, of JAX, Keras, a custom kernel or a saved array, as an analysis like any other."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor, nn

from ..maps import Factors, NLMap, cells
from ..models import Model
from ..pictures import Frame, Picture, open_picture
from .analysis import Analysis
from .stack import stack

Grid = tuple[int, int]
SUM_TO_ONE = 1e-3


def analysis_of_map(picture, weights, query_grid: Grid, key_grid: Grid | None = None, tokens: Sequence[str] = (),
                    name: str = "map") -> Analysis:
    """The analysis of a map that was computed elsewhere; see :func:`nlviz.show`.

    Raises:
        PictureError: the picture cannot be used.
        ValueError: the arrays' shapes do not fit the grids, or a number is not finite; the message says what was expected.
    """
    picture = picture if isinstance(picture, Picture) else open_picture(picture)
    width, height = picture.size
    maps = _maps(weights, tuple(query_grid), tuple(key_grid or query_grid), tuple(tokens), (height, width))
    frame = Frame((width, height), (0, 0, width, height))
    placed, notes = stack(maps, frame, name)
    return Analysis(Model(name, nn.Identity(), card={"source": "a map as given"}), picture, frame, placed, None, notes)


def _maps(weights, query_grid: Grid, key_grid: Grid, tokens: tuple[str, ...], size: Grid) -> list[NLMap]:
    """A map for each layer, heads together."""
    if isinstance(weights, tuple):
        if len(weights) != 3:
            raise ValueError(f"expected weights, or queries, keys and the scale of q . k: (q, k, scale), got {len(weights)} parts")
        q, k, scale = _layers(weights[0], "queries"), _layers(weights[1], "keys"), float(weights[2])
        if q.shape[:2] != k.shape[:2] or q.shape[-1] != k.shape[-1]:
            raise ValueError(f"queries of shape {tuple(q.shape)} do not fit keys of shape {tuple(k.shape)}: "
                             "expected (layers, heads, N, C) and (layers, heads, N', C)")
        q, query_tokens = _positions_first(q, -2, query_grid, tokens, "query")
        k, key_tokens = _positions_first(k, -2, key_grid, tokens, "key")
        given = [{"weights": None, "lazy": Factors(own[None], keys[None], "softmax", scale=scale)} for own, keys in zip(q, k)]
    else:
        dense, query_tokens = _positions_first(_layers(weights, "weights"), -2, query_grid, tokens, "query")
        dense, key_tokens = _positions_first(dense, -1, key_grid, tokens, "key")
        given = [{"weights": one[None], "lazy": None} for one in dense]
    return [_map(number, one, query_grid, key_grid, query_tokens, key_tokens, size) for number, one in enumerate(given, 1)]


def _map(number: int, given: dict, query_grid: Grid, key_grid: Grid, query_tokens, key_tokens, size: Grid) -> NLMap:
    weights, lazy = given["weights"], given["lazy"]
    strides = [tuple(Fraction(pixels, n) for pixels, n in zip(size, grid)) for grid in (query_grid, key_grid)]
    used = lazy if weights is None else weights
    return NLMap(layer=f"given {number}", block="map", part="", number=0, relates="positions", rows=_rows(weights),
                 query_grid=query_grid, key_grid=key_grid, query_stride=strides[0], key_stride=strides[1], weights=weights,
                 lazy=lazy, used=used, input=None, output=None, heads=used.shape[1], query_tokens=query_tokens,
                 key_tokens=key_tokens, picture=size)


def _rows(weights: Tensor | None) -> str:
    if weights is None or (bool((weights >= 0).all()) and bool(((weights.sum(-1) - 1).abs() < SUM_TO_ONE).all())):
        return "distribution"
    return "raw"


def _layers(array, what: str) -> Tensor:
    """(layers, heads, n, m) of an array with or without layers and heads."""
    found = array.detach().cpu() if isinstance(array, Tensor) else torch.from_numpy(np.array(array, dtype=_kind(array)))
    if not 2 <= found.dim() <= 4:
        raise ValueError(f"{what}: expected 2 axes, 3 with heads in front or 4 with layers and heads, "
                         f"got shape {tuple(found.shape)}")
    found = found if found.is_floating_point() else found.float()
    return found.view(*(1,) * (4 - found.dim()), *found.shape)


def _kind(array) -> type:
    return np.float64 if getattr(array, "dtype", None) == np.float64 else np.float32


def _positions_first(array: Tensor, axis: int, grid: Grid, tokens: tuple[str, ...], what: str) -> tuple[Tensor, tuple[str, ...]]:
    """Named tokens, which stand in front, moved behind the positions; and which of them there are on this axis."""
    found, expected = array.shape[axis], cells(grid)
    if found == expected:
        return array, ()
    if found != expected + len(tokens):
        raise ValueError(f"{what}_grid {grid} has {expected} positions{_and(tokens)}, but there are {found} {_plural(what)}."
                         f"{_factors(found - len(tokens))}")
    return torch.cat([array.narrow(axis, len(tokens), expected), array.narrow(axis, 0, len(tokens))], axis), tokens


def _plural(what: str) -> str:
    return "queries" if what == "query" else "keys"


def _and(tokens: tuple[str, ...]) -> str:
    return f" and {len(tokens)} named token{'s' * (len(tokens) > 1)}" if tokens else ""


def _factors(count: int) -> str:
    """Which grid it may have meant."""
    rows = next((n for n in range(math.isqrt(max(count, 1)), 1, -1) if count % n == 0), 0)
    return f" {count} may be {rows} x {count // rows}." if rows else ""
