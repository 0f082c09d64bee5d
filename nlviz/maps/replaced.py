"""What a map becomes where its rows are replaced: forms that multiply as fast as the map itself, without N x N'.

Every row is replaced by a linear rule, so that the product with values follows from the product of the map itself.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from .crosses import Crosses
from .factors import Factors
from .lazy import LazyMap, precise

SEED = 0  # of the rows' new order


def replaced_map(of: Tensor | LazyMap, how: str, own: Tensor | None = None) -> Tensor | LazyMap:
    """A map of positions with its rows replaced, in the form (dense or lazy) that it has.

    Args:
        of: (B, N, N').
        how: ``mean row``: the mean of all rows (of those of its cell, where cells do not see each other); ``identity``: all of a
            row's weight on the query's own key; ``uniform``: spread evenly over the keys that the row may reach (its cell, its
            cross); ``shuffled``: rows in another order, the same each time, within a cell; ``itself``: the same rows, multiplied
            one by one. Sums of rows stay: their own, in ``mean row`` their mean, in ``shuffled`` another query's.
        own: the number of each query's own key, (N,), for ``identity``.
    """
    if isinstance(of, Tensor):
        return replaced_map(Given(of), how, own).dense()
    cells = of.cells if isinstance(of, Factors) else None
    if how == "mean row":
        return SameRow(of, cells)
    if how == "identity":
        return Diagonal(of, own)
    if how == "uniform":
        return _even(of)
    if how == "shuffled":
        return Permuted(of, new_order(of.shape[-2], cells).to(_device_of(of)))
    return Same(of)


def new_order(count: int, cells: Tensor | None = None) -> Tensor:
    """Which row each query gets, (count,): the same each time; within its cell, where there are cells."""
    if cells is None:
        return torch.randperm(count, generator=torch.Generator().manual_seed(SEED))
    order = torch.empty(count, dtype=torch.long)
    for cell in cells.cpu().unique():
        inside = (cells.cpu() == cell).nonzero()[:, 0]
        order[inside] = inside[new_order(len(inside))]
    return order


def _device_of(of: LazyMap) -> torch.device:
    return next(of.tensors()).device


def _even(of: LazyMap) -> LazyMap:
    if isinstance(of, Crosses):
        height, width = of.grid
        flat = torch.ones_like(of.weights) / (height + width - 1)
        itself = torch.eye(height, dtype=torch.bool, device=flat.device)[:, None]
        return Crosses(torch.cat([flat[..., :height].masked_fill(itself, 0), flat[..., height:]], -1))
    if isinstance(of, Factors) and of.kind == "softmax":
        return replace(of, q=torch.zeros_like(of.q))
    keys = of.shape[-1]
    sums = sums_of(of)
    return Factors(sums / keys, sums.new_ones(*of.shape[:-2], keys, 1), "dot")


def sums_of(of: LazyMap) -> Tensor:
    """The sum of each row, (B, N, 1)."""
    first = next(of.tensors())
    if isinstance(of, Factors) and of.kind == "softmax":
        return first.new_ones(*of.shape[:-1], 1)
    return of @ first.new_ones(*of.shape[:-2], of.shape[-1], 1)


class Form(LazyMap):
    """Those made of another map."""

    of: LazyMap

    @property
    def shape(self) -> tuple[int, ...]:
        return self.of.shape

    @property
    def mT(self) -> "Transposed":
        return Transposed(self)

    def column(self, key: int) -> Tensor:
        return torch.cat([self.rows(start, stop)[..., key] for start, stop in self.spans()], -1)


@dataclass(frozen=True)
class Given(Form):
    """A dense map (B, N, N') as a lazy one."""

    of: Tensor

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        return self.of[..., start:stop, :]


@dataclass(frozen=True)
class Same(Form):
    """The map itself, its products from its rows and nothing else."""

    of: LazyMap

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        return self.of.rows(start, stop)


@dataclass(frozen=True)
class SameRow(Form):
    """Every row the mean of all rows, or of those of its cell.

    Attributes:
        cells: the number (N,) of each query's cell; None where there is one.
    """

    of: LazyMap
    cells: Tensor | None = None

    @cached_property
    def _means(self) -> Tensor:
        """(B, N, N'), or (B, cells, N') behind ``_which``."""
        if self.cells is None:
            return self.of.mean_row()[..., None, :]
        return _means(self.of.dense(), self._which)

    @cached_property
    def _which(self) -> Tensor:
        return self.cells.unique(return_inverse=True)[1]

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        start, stop, _ = slice(start, stop).indices(self.shape[-2])
        kind = next(self.tensors()).dtype
        if self.cells is None:
            return self._means.to(kind).expand(*self.shape[:-2], stop - start, self.shape[-1])
        return self._means[..., self._which[start:stop], :].to(kind)

    def __matmul__(self, values: Tensor) -> Tensor:
        product = self.of @ values
        if self.cells is None:
            return precise(product).mean(-2, keepdim=True).to(product.dtype).expand_as(product)
        return _means(product, self._which)[..., self._which, :].to(product.dtype)


def _means(rows: Tensor, which: Tensor) -> Tensor:
    """Means of the rows of each cell, (B, cells, C)."""
    rows, counts = precise(rows), which.bincount()
    return rows.new_zeros(*rows.shape[:-2], len(counts), rows.shape[-1]).index_add(-2, which, rows) / counts[:, None]


@dataclass(frozen=True)
class Permuted(Form):
    """Rows in another order: query i has the row of query ``order[i]``."""

    of: LazyMap
    order: Tensor

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        return torch.cat([self.of.rows(row, row + 1) for row in self.order[start:stop].tolist()], -2)

    def column(self, key: int) -> Tensor:
        return self.of.column(key)[..., self.order]

    def __matmul__(self, values: Tensor) -> Tensor:
        return (self.of @ values)[..., self.order, :]


@dataclass(frozen=True)
class Diagonal(Form):
    """All of a row's weight on one key: that of number ``own[i]`` for query i."""

    of: LazyMap
    own: Tensor

    @cached_property
    def _sums(self) -> Tensor:
        return sums_of(self.of)

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        sums, own = self._sums[..., start:stop, :], self.own[start:stop]
        return sums * torch.nn.functional.one_hot(own, self.shape[-1]).to(sums.dtype)

    def __matmul__(self, values: Tensor) -> Tensor:
        return self._sums * values[..., self.own, :]


@dataclass(frozen=True)
class Transposed(Form):
    """A^T of a map that has no smaller form of it."""

    of: LazyMap

    @property
    def shape(self) -> tuple[int, ...]:
        *batch, queries, keys = self.of.shape
        return *batch, keys, queries

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        return torch.cat([self.of.rows(a, b)[..., start:stop] for a, b in self.of.spans()], -2).mT

    def __matmul__(self, values: Tensor) -> Tensor:
        return sum(self.of.rows(a, b).mT @ values[..., a:b, :] for a, b in self.of.spans())
