"""What a product of a map with its values becomes where the map's rows are replaced: from the evidence of it, window by window."""

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor

from ..maps import new_order, precise
from .arranging import Told, factors_of, ordered
from .evidence import Evidence
from .refusing import CannotReplace
from .sides import Side

UNSEEN = 1e-30  # of the largest weight of its row: what masks of -100 and beyond leave of a key


def product_instead(e: Evidence, told: Told, how: str, heads: Sequence[int] | None) -> Tensor:
    """The result of the operation, in its own layout, for the map with its rows replaced.

    Args:
        e: the evidence as ``told_of`` gives it, with what is told of it.
        how: as in ``replaced_maps``.
        heads: numbers from 0; None for all. The others stay as they are, and so do queries that are padding.

    Raises:
        CannotReplace: no such head, or no key is the query's own.
    """
    if e.added:
        raise CannotReplace("one operation multiplies the map with values and adds something else")
    order, queries, keys = told  # (B, windows, heads) numbers of the maps
    order = order[:, :, _heads(heads, order.shape[2])]
    product = ordered(e.product, order)  # (B, windows, heads, N, C)
    found = _replaced(e, order, product, queries, keys, how).to(product.dtype)
    query = _over_items(queries.index >= 0)[..., None]
    found = found if bool((queries.index >= 0).all()) else torch.where(query, found, product)
    whole = e.product.reshape(-1, *e.product.shape[-2:])
    whole = torch.empty_like(whole) if order.numel() == len(whole) else whole.clone()
    whole[order] = found.expand_as(product)
    return whole.reshape(e.product.shape)


def _heads(heads: Sequence[int] | None, count: int) -> list[int]:
    if heads is None:
        return list(range(count))
    if wrong := [head for head in heads if head >= count]:
        raise CannotReplace(f"there is no head {wrong[0]}: it has {count}, numbered from 0")
    return list(heads)


def _over_items(tensor: Tensor) -> Tensor:
    """(windows, n) for (B, windows, heads, n)."""
    return tensor[None, :, None]


def _replaced(e: Evidence, order: Tensor, product: Tensor, queries: Side, keys: Side, how: str) -> Tensor:
    if how == "nothing":
        return torch.zeros_like(product)
    if how == "itself":
        return _weights(e, order) @ ordered(e.values, order)
    if how == "mean row":
        there = _over_items(queries.index >= 0)[..., None]
        return (precise(product) * there).sum(-2, keepdim=True) / there.sum(-2, keepdim=True).clamp_min(1)
    if how == "shuffled":
        rows = _over_items(_shuffled(queries.index >= 0))[..., None]
        return torch.take_along_dim(product, rows, -2)
    if how == "identity":
        own = _over_items(own_keys(queries, keys))[..., None]
        return _sums(e, order) * torch.take_along_dim(ordered(e.values, order), own, -2)
    return _even(e, order)


def _weights(e: Evidence, order: Tensor) -> Tensor:
    """(B, windows, heads, N, N')."""
    return ordered(e.weights, order) if e.weights is not None else factors_of(e, order).rows()


def _masked(e: Evidence) -> bool:
    """Whether a kernel may have been told which keys a query does not see."""
    return e.weights is not None or bool(e.plain.biases) or e.plain.causal


def _sums(e: Evidence, order: Tensor) -> Tensor | float:
    return _weights(e, order).sum(-1, keepdim=True) if _masked(e) else 1.0


def _even(e: Evidence, order: Tensor) -> Tensor:
    """Each row's sum spread over the keys that it sees: of a softmax those that have a weight at all, else all."""
    values = ordered(e.values, order)
    if not _masked(e):
        return precise(values).mean(-2, keepdim=True)
    weights = precise(_weights(e, order))
    seen = torch.ones_like(weights)
    if e.soft:
        sizes = weights.abs()
        seen = (sizes > UNSEEN * sizes.amax(-1, keepdim=True)).to(weights.dtype)
    share = weights.sum(-1, keepdim=True) / seen.sum(-1, keepdim=True).clamp_min(1)
    return (seen * share) @ values.to(weights.dtype)


def _shuffled(there: Tensor) -> Tensor:
    """(windows, n): whose row each query gets; padding keeps its own."""
    found = torch.arange(there.shape[1], device=there.device).repeat(len(there), 1)
    if bool(there.all()):
        return new_order(there.shape[1]).to(there.device).expand_as(there)
    for window, inside in enumerate(there):
        at = inside.nonzero()[:, 0]
        found[window, at] = at[new_order(len(at)).to(at.device)]
    return found


def own_keys(queries: Side, keys: Side) -> Tensor:
    """The column, within its window, of the key that each query is or lies in: (windows, n).

    Raises:
        CannotReplace: a query lies in no key.
    """
    wanted = _own(queries, keys).to(queries.index.device)[queries.index.clamp_min(0)]  # (windows, n)
    same = keys.index[:, None, :] == wanted[..., None]
    lost = ~same.any(-1) & (queries.index >= 0)
    if bool(lost.any()):
        raise CannotReplace(f"\"identity\" needs a key for each query, and {int(lost.sum())} of its {queries.size} queries lie in "
                            f"none (queries {_said(queries)}, keys {_said(keys)})")
    return same.to(torch.uint8).argmax(-1)


def _said(side: Side) -> str:
    return " x ".join(map(str, side.grid)) + (f" and {len(side.tokens)} named tokens" if side.tokens else "")


def _own(queries: Side, keys: Side) -> Tensor:
    """Which key, numbered over all windows, each query is or lies in; -2 for none."""
    positions = _cells(queries, keys)
    first = keys.size - len(keys.tokens)
    numbered = {name: first + number for number, name in enumerate(keys.tokens)}
    return torch.tensor([*positions, *(numbered.get(name, -2) for name in queries.tokens)], dtype=torch.long)


def _cells(queries: Side, keys: Side) -> list[int]:
    """Of each position, in raster order, the number of the key that contains its centre."""
    if queries.grid == keys.grid and queries.stride == keys.stride:
        return list(range(queries.size - len(queries.tokens)))
    if queries.grid == (0,):
        return []
    if keys.stride is None or queries.stride is None or len(queries.grid) != len(keys.grid):
        return [-2] * (queries.size - len(queries.tokens))
    return key_cells(queries.grid, keys.grid, queries.stride, keys.stride)


def key_cells(queries: tuple[int, ...], keys: tuple[int, ...], query_stride: Sequence, key_stride: Sequence) -> list[int]:
    """Of each query of a grid, in raster order, the number of the key whose cell contains its centre; -2 for none.

    Args:
        queries, keys: shapes of the grids.
        query_stride, key_stride: what a cell covers along each axis, in one unit.
    """
    found = [0]
    for count, size, step, by in zip(queries, keys, query_stride, key_stride, strict=True):
        at = [int(Fraction(2 * n + 1, 2) * Fraction(step) // Fraction(by)) for n in range(count)]
        found = [-2 if before < 0 or own >= size else before * size + own for before in found for own in at]
    return found
