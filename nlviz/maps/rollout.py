"""Attention rollout: maps of one layer after the other, composed."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from .lazy import precise
from .nl_map import NLMap


def rollout(maps: Sequence[NLMap], residual: float = 0.5, head: int | str = "mean") -> NLMap:
    """From where information came through all layers, under the assumption that each adds to its input what it mixes.

    Abnar, Zuidema: Quantifying Attention Flow in Transformers, 2020 (arXiv 2005.00928), eq. 1: with
    A_l the mean of the heads, R = A'_L ... A'_1, A'_l = (1 - residual) A_l + residual I. It is derived from the maps; no layer
    used it, and the map says so.

    Args:
        maps: in the order in which the layers ran, all of the same positions and tokens.
        residual: the share of what the layer did not mix, 0 to 1 (0.5 in the paper).
        head: of each map, before they are composed.

    Returns:
        a map with rows that are distributions, weights (B, N, N), ``block`` "rollout".

    Raises:
        ValueError: no map, rows that are no distributions, or grids or tokens that change from map to map.
    """
    maps = list(maps)
    _check(maps, residual)
    found = None
    for nl_map in maps:
        weights = _weights(nl_map.head(head))
        itself = torch.eye(weights.shape[-1], device=weights.device, dtype=weights.dtype)
        mixed = (1 - residual) * weights + residual * itself
        found = mixed if found is None else mixed @ found
    last = maps[-1]
    note = f"Derived: the rollout of {len(maps)} maps (Abnar and Zuidema 2020), residual share {residual:g}; no layer used it."
    return replace(last, layer=f"{maps[0].layer} to {last.layer}", block="rollout", part="rollout", number=0, weights=found,
                   lazy=None, used=found, heads=None, values=None, product=None, input=None, output=None, notes=(note,))


def _check(maps: list[NLMap], residual: float) -> None:
    if not maps:
        raise ValueError("a rollout needs at least one map")
    if not 0 <= residual <= 1:
        raise ValueError(f"residual must be 0 to 1, got {residual}")
    for nl_map in maps:
        sides = [(nl_map.query_grid, nl_map.query_tokens), (nl_map.key_grid, nl_map.key_tokens)]
        if nl_map.relates != "positions" or nl_map.rows != "distribution":
            raise ValueError(f"a rollout composes distributions over positions; layer {nl_map.layer!r} has {nl_map.rows} rows of "
                             f"{nl_map.relates}")
        if sides[0] != sides[1] or sides[0] != (maps[0].query_grid, maps[0].query_tokens):
            first = _said(maps[0].query_grid, maps[0].query_tokens)
            raise ValueError(f"a rollout needs the same positions and tokens throughout; layer {nl_map.layer!r} has queries "
                             f"{_said(*sides[0])} and keys {_said(*sides[1])}, the first layer has {first}")


def _said(grid: tuple[int, ...], tokens: tuple[str, ...]) -> str:
    return " x ".join(map(str, grid)) + (f" + {len(tokens)} tokens" if tokens else "")


def _weights(nl_map: NLMap) -> Tensor:
    return precise(nl_map.weights if nl_map.weights is not None else nl_map.lazy.dense())
