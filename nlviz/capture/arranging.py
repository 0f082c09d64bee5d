"""Evidence -> NLMap: items, windows and heads told apart, rows and columns in the order of the picture."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..maps import Factors, LazyMap, Windows
from .biases import summed
from .decomposing import decomposed
from .evidence import Evidence
from .marks import Names
from .sides import Side, side_of
from .spots import ITEM, SPECIAL, Spots, item_of, number_of


@dataclass(frozen=True)
class Arranged:
    """A map as an NLMap has it: the weights (B, heads, N, N') or a lazy form of them, with values and product to match.

    Attributes:
        spare: makes a form that takes less, where there is one.
    """

    weights: Tensor | None
    lazy: LazyMap | None
    values: Tensor
    product: Tensor
    queries: Side
    keys: Side
    notes: tuple[str, ...] = ()
    spare: Callable[[], LazyMap | None] = lambda: None


Told = tuple[Tensor, Side, Side]  # (B, windows, heads) numbers of the maps, and what rows and columns are


def arranged(e: Evidence, names: Names, batch: int | None, grid: tuple[int, ...] | None, known: dict) -> Arranged:
    """Items, windows and heads of a map told apart by the ids of its rows and columns.

    Args:
        batch: items of the network's input, for maps whose ids do not tell.
        grid: (rows, columns) that the caller says, for positions that nobody else can tell.
        known: what was told of the same ids before: layers of a network mostly have the same.
    """
    e, told = told_of(e, names, batch, grid, known)
    return replace(_placed(e, *told), notes=e.notes)


def told_of(e: Evidence, names: Names, batch: int | None, grid: tuple[int, ...] | None, known: dict) -> tuple[Evidence, Told]:
    """The evidence as it can be arranged, and what is told of it; see ``arranged``."""
    if e.centre is not None and e.rows is None:
        e = _centred(e)
    key = (_key(e.rows), _key(e.columns), e.product.shape[:-1], e.values.shape[:-1], batch)
    if key not in known:
        known[key] = (_told(e, names, batch, grid), e.rows, e.columns)  # which keeps the ids where they are
    return e, known[key][0]


def _key(spots: Spots | None) -> tuple | None:
    """What tells ids from others without reading them: they are never changed in place."""
    return None if spots is None else (spots.ids.data_ptr(), spots.ids.stride(), spots.grid)


def _told(e: Evidence, names: Names, batch: int | None, grid: tuple[int, ...] | None) -> Told:
    shared = e.product.shape[:-2]
    rows = _telling(_flat(e.rows, shared, e.product.shape[-2]), some=True)
    columns = _telling(_flat(e.columns, shared, e.values.shape[-2]))
    n = shared.numel()
    items = max(1, min(batch or 1, n)) if n % max(1, batch or 1) == 0 else 1
    order = None
    if rows is not None or columns is not None:
        order = _order(_numbered(rows, e.product, n, items), _numbered(columns, e.values, n, items), items)
    if order is None:
        order = torch.arange(n, device=e.product.device).view(items, 1, n // items)
        rows, columns = (ids if ids is not None and _alike(ids, order) else None for ids in (rows, columns))
    sides = [side_of(ids, order, names, spots, grid, length, what) for ids, spots, length, what in (
        (rows, e.rows, e.product.shape[-2], "query"), (columns, e.columns, e.values.shape[-2], "key"))]
    return order, *sides


def _centred(e: Evidence) -> Evidence:
    """The rows of a kernel around one position (VOLO's outlook) as heads of that position."""
    rows, length = e.product.shape[-2], e.values.shape[-2]
    shared = e.product.shape[:-2]
    columns = e.columns and Spots(e.columns.ids.unsqueeze(-2).expand(*shared, rows, length), e.columns.grid)
    note = f"A kernel of {rows} rows around each position: each row is listed as a head."
    return replace(e, weights=e.weights.unsqueeze(-2), values=e.values.unsqueeze(-3).expand(*shared, rows, length, -1),
                   product=e.product.unsqueeze(-2), columns=columns, centre=None, notes=(*e.notes, note),
                   rows=Spots(e.centre.ids[..., None, None].expand(*shared, rows, 1), e.centre.grid))


def _flat(spots: Spots | None, shared: torch.Size, length: int) -> Tensor | None:
    return None if spots is None else _upright(spots).reshape(shared.numel(), length)


def _telling(ids: Tensor | None, some: bool = False) -> Tensor | None:
    """Ids, unless all of a map have the same, or with ``some`` two of them: a layer has made many vectors of one position, and
    nobody can tell which is which. Two columns may belong to one key, and padding to none."""
    if ids is None or ids.shape[1] < 2:
        return ids
    ordered = ids.sort(1).values
    same = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    return None if (same.any() if some else same.all(1).any()) else ids


def _upright(spots: Spots) -> Tensor:
    """Sequences whose first axis is not the items: there it is the item that tells tokens apart."""
    ids = spots.ids
    if spots.grid is None and ids.shape[-1] > 1:
        sequence = (ids < SPECIAL).all() or (number_of(ids) < SPECIAL).all()
        row = ids.reshape(-1, ids.shape[-1])[0]
        if sequence and item_of(row).unique().numel() == len(row) and number_of(row).unique().numel() == 1:
            return (number_of(ids) << ITEM) + item_of(ids)
    return ids


def _numbered(ids: Tensor | None, like: Tensor, n: int, items: int) -> Tensor:
    """Ids (n, length); where there are none, numbers within items that lie one after the other."""
    if ids is None:
        ids = torch.arange(like.shape[-2], device=like.device).expand(n, -1)
    if items > 1 and int(item_of(ids).amax()) == 0:
        owner = torch.arange(n, device=ids.device) // (n // items)
        ids = torch.where(ids < 0, ids, ids + (owner[:, None] << ITEM))
    return ids


def _order(rows: Tensor, columns: Tensor, items: int) -> Tensor | None:
    """(B, windows, heads): which of the n maps belong together; None where they do not part evenly."""
    owner = torch.maximum(item_of(rows).amax(1), item_of(columns).amax(1))
    signature = torch.stack([owner, *(part for ids in (rows, columns) for part in (ids.amax(1), ids.sum(1)))], 1)
    _, inverse, counts = signature.unique(dim=0, return_inverse=True, return_counts=True)
    if counts.unique().numel() != 1:
        return None
    found = inverse.argsort(stable=True).view(len(counts), -1)
    _, each = owner[found[:, 0]].unique(return_counts=True)
    if each.unique().numel() != 1:
        return None
    found = found.view(len(each), -1, found.shape[1])
    return found if _alike(rows, found) and _alike(columns, found) else None


def _alike(ids: Tensor, order: Tensor) -> bool:
    """Whether the heads of a window, and the windows of all items, have the same numbers."""
    found = number_of(ids)[order]  # (B, windows, heads, length)
    return torch.equal(found, found[:1, :, :1].expand_as(found))


def _placed(e: Evidence, order: Tensor, queries: Side, keys: Side) -> Arranged:
    values, product = (ordered(t, order) for t in (e.values, e.product))  # (B, windows, heads, n, C)
    weights = None if e.weights is None else ordered(e.weights, order)
    factors = None if e.plain is None or e.plain.more or (weights is not None and not queries.whole) else factors_of(e, order)
    if queries.whole and keys.whole:
        q, k = (side.index[0].argsort() for side in (queries, keys))
        weights = None if weights is None else weights[:, 0][:, :, q][..., k]
        lazy = None if factors is None else _chosen(factors, q, k)
        return Arranged(weights, lazy, values[:, 0][:, :, k], product[:, 0][:, :, q], queries, keys,
                        spare=lambda: _with_places(e, order, weights, q, k, keys))
    spread = _spread(values, keys), _spread(product, queries, add=True)
    whole = Windows(weights if weights is not None else factors, queries.index, keys.index, (queries.size, keys.size))
    known = e.plain is not None and not e.plain.more
    return Arranged(None, whole, *spread, queries, keys,
                    spare=lambda: replace(whole, inner=factors_of(e, order)) if known else None)


def _with_places(e: Evidence, order: Tensor, weights: Tensor | None, q: Tensor, k: Tensor, keys: Side) -> Factors | None:
    """Queries and keys with what was added to their logits in them, where that depends on the key's row, column and frame apart."""
    if weights is None or e.plain is None or not e.plain.more or not e.plain.soft or e.plain.biases or e.plain.causal:
        return None
    plain = _chosen(factors_of(e, order), q, k)
    return decomposed(weights, plain, keys.grid, len(keys.tokens))


def ordered(tensor: Tensor, order: Tensor) -> Tensor:
    """(S..., n, m) as (B, windows, heads, n, m), a copy."""
    return tensor.reshape(-1, *tensor.shape[-2:])[order]


def _spread(tensor: Tensor, side: Side, add: bool = False) -> Tensor:
    """(B, windows, heads, n, C) to (B, heads, N, C); what lies in several windows is added, or is the same in each."""
    found = tensor.new_zeros(tensor.shape[0], tensor.shape[2], side.size, tensor.shape[-1])
    for window, index in enumerate(side.index):
        local = (index >= 0).nonzero()[:, 0]
        if add:
            found.index_add_(2, index[local], tensor[:, window][:, :, local])
        else:
            found[:, :, index[local]] = tensor[:, window][:, :, local]
    return found


def factors_of(e: Evidence, order: Tensor) -> Factors:
    """(B, windows, heads, n, C) queries and keys with the bias of each."""
    plain, shared = e.plain, e.product.shape[:-2]
    k = plain.k
    if k.dim() > 3 and k.shape[-3] != shared[-1]:
        k = k.repeat_interleave(shared[-1] // k.shape[-3], -3)
    q, k = (ordered(t.expand(*shared, *t.shape[-2:]), order) for t in (plain.q, k))
    biases = tuple(bias.ordered(order) for bias in plain.biases)
    bias = biases if len(biases) > 1 and order.shape[1] > 1 else summed(biases)  # windows mostly share one and differ in a mask
    return Factors(q, k, "softmax" if plain.soft else "dot", bias=bias, scale=plain.scale, causal=plain.causal)


def _chosen(factors: Factors, q: Tensor, k: Tensor) -> Factors:
    """Those of the only window, in the order of the picture."""
    bias = factors.bias
    if factors.causal:  # the numbers of the rows change, what they see does not
        seen = torch.ones(len(q), len(k), dtype=torch.bool, device=q.device).tril()[None, None]
        bias = seen if bias is None else bias & seen if bias.dtype == torch.bool else bias.masked_fill(~seen, -torch.inf)
    if bias is not None:
        bias = bias[:, 0] if bias.dim() == 5 else bias
        bias = bias[:, :, q] if bias.shape[-2] > 1 else bias
        bias = bias[..., k] if bias.shape[-1] > 1 else bias
    return Factors(factors.q[:, 0][:, :, q], factors.k[:, 0][:, :, k], factors.kind, bias=bias, scale=factors.scale)
