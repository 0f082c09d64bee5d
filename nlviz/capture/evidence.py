"""What was multiplied with what, when a map met its values, whoever did it: the same few tensors with the same axes."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from .biases import Bias
from .marks import Plain, Tag
from .products import Product, laid_out, sizes_of
from .spots import Spots, constant


@dataclass
class Evidence:
    """A map, its values, and what they gave. S... are axes that all three share: items, windows, heads.

    Attributes:
        weights: (S..., N, N'), what was multiplied; None where a kernel made it.
        plain: the queries and keys that it follows from, (S..., N, C) and (S..., N', C), where it is so simple.
        values: (S..., N', C).
        product: (S..., N, C).
        rows, columns: ids of the queries (S..., N) and of the keys (S..., N').
        centre: ids (S...) of what a window of values belongs to, where its rows have no place of their own.
        rows_of_out: where the values of the result come from, in its own shape.
        soft: whether the map went through a softmax.
        as_out: a tensor laid out like ``product`` in the layout of the operation's result.
        out: the operation's result.
        added: whether the operation added something else to the product.
        instead: what goes on in the place of the result, in its layout, where whoever is told of the map says so.
    """

    weights: Tensor | None
    plain: Plain | None
    values: Tensor
    product: Tensor
    rows: Spots | None
    columns: Spots | None
    pair: bool
    over: str
    notes: tuple[str, ...] = ()
    centre: Spots | None = None
    rows_of_out: Spots | None = None
    soft: bool = True
    as_out: Callable[[Tensor], Tensor] = lambda product: product
    out: Tensor | None = None
    added: bool = False
    instead: Tensor | None = None


def of_kernel(args: tuple, kwargs: dict, out: Tensor, tags: list[Tag]) -> Evidence:
    """Of F.scaled_dot_product_attention: the kernel's operands say all of its map."""
    names = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
    given = dict(zip(names, args)) | kwargs
    q, k, v = given["query"], given["key"], given["value"]
    scale = given.get("scale")
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    mask = given.get("attn_mask")
    biases = () if mask is None else (Bias.of(mask, out.shape[:-2]),)
    plain = Plain(q, k, scale, biases, True, given.get("is_causal", False))
    dropout, notes = given.get("dropout_p", 0.0), ()
    if dropout:
        notes = (f"Dropout of {dropout:g} (train mode) happened inside of the kernel: this is the map before it.",)
    if v.dim() > 3 and v.shape[-3] != q.shape[-3]:  # heads that share keys and values
        v = v.repeat_interleave(q.shape[-3] // v.shape[-3], -3)
    shared = out.shape[:-2]
    rows, columns = (_tokens(tag.spots, t, shared) for tag, t in zip(tags, (q, k)))
    return Evidence(None, plain, v.expand(*shared, *v.shape[-2:]), out, rows, columns, True, "positions", notes, out=out)


def _tokens(spots: Spots | None, tensor: Tensor, shared: torch.Size) -> Spots | None:
    """Ids of tokens (S..., N) from those of their vectors."""
    if spots is None or not constant(spots.ids, -1):
        return None
    ids = spots.ids[..., 0]
    if ids.dim() > 2 and ids.shape[-2] != shared[-1]:
        ids = ids.repeat_interleave(shared[-1] // ids.shape[-2], -2)
    return Spots(ids.expand(*shared, tensor.shape[-2]), spots.grid)


def of_product(p: Product, left: Tag, right: Tag, out: Tensor) -> Evidence:
    """Of any product of a map with values."""
    flipped = left.mark is None
    tag, values_tag = (right, left) if flipped else (left, right)
    weights, axes = (p.right, p.right_axes) if flipped else (p.left, p.left_axes)
    values, value_axes = (p.left, p.left_axes) if flipped else (p.right, p.right_axes)
    mark, sizes = tag.mark, sizes_of(p)
    for axis, size in zip(p.out_axes, out.shape):
        sizes[axis] = size
    keys = p.summed
    queries = "".join(a for a in p.out_axes if a in axes and not (
        a in value_axes and (_long(values, value_axes, a) or not _long(weights, axes, a))))
    shared = "".join(a for a in p.out_axes if a in value_axes and a in axes and a not in queries)
    own = "".join(a for a in p.out_axes if a in value_axes and a not in axes)
    lay = _Layout(shared, queries, keys, own, sizes)
    rows = _side(mark.rows, axes, shared + queries, sizes, lay.rows_shape)
    columns = _side(mark.columns, axes, shared + keys, sizes, lay.columns_shape)
    if columns is None:
        columns = _side(values_tag.spots, value_axes, shared + keys, sizes, lay.columns_shape)
    plain = mark.plain if mark.plain is not None and not flipped and p.standard and mark.plain.q.dim() == weights.dim() else None
    if plain is not None and not _fitting(plain, weights, lay.shared_shape):
        plain = None
    rows_of_out = mark.rows and Spots(laid_out(mark.rows.ids, axes, p.out_axes, sizes), mark.rows.grid)
    centre = None
    if rows is None and not mark.pair and tag.spots is not None:
        centre = _side(tag.spots, axes, shared, sizes, lay.shared_shape)
    order = shared + queries + own

    def as_out(product: Tensor) -> Tensor:
        return product.reshape([sizes[a] for a in order]).permute([order.index(a) for a in p.out_axes])

    return Evidence(
        laid_out(weights, axes, shared + queries + keys, sizes).reshape(*lay.shared_shape, lay.rows, lay.columns), plain,
        laid_out(values, value_axes, shared + keys + own, sizes).reshape(*lay.shared_shape, lay.columns, -1),
        laid_out(out, p.out_axes, order, sizes).reshape(*lay.shared_shape, lay.rows, -1),
        rows, columns, mark.pair, mark.over, mark.notes, centre, rows_of_out, mark.soft, as_out, out, p.added is not None)


def _long(tensor: Tensor, axes: str, axis: str) -> bool:
    return tensor.shape[axes.index(axis)] > 1


def _fitting(plain: Plain, weights: Tensor, shared: tuple[int, ...]) -> bool:
    return tuple(plain.q.shape[:-2]) == tuple(plain.k.shape[:-2]) == tuple(weights.shape[:-2]) == shared


class _Layout:
    """Lengths of the groups of axes."""

    def __init__(self, shared: str, queries: str, keys: str, own: str, sizes: dict[str, int]):
        self.shared_shape = tuple(sizes[a] for a in shared)
        self.rows, self.columns = _length(queries, sizes), _length(keys, sizes)
        self.rows_shape, self.columns_shape = (*self.shared_shape, self.rows), (*self.shared_shape, self.columns)


def _length(axes: str, sizes: dict[str, int]) -> int:
    found = 1
    for axis in axes:
        found *= sizes[axis]
    return found


def _side(spots: Spots | None, axes: str, wanted: str, sizes: dict[str, int], shape: tuple[int, ...]) -> Spots | None:
    """Ids along some axes; None where they differ along the others."""
    if spots is None or not all(constant(spots.ids, number) for number, axis in enumerate(axes) if axis not in wanted):
        return None
    return Spots(laid_out(spots.ids, axes, wanted, sizes).reshape(shape), spots.grid)
