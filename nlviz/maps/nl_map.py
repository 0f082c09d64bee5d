"""NLMap: what a block computed for one input, with the two grids that give its rows a place."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .factors import Factors
from .grids import cells
from .lazy import LazyMap, Sum, precise
from .similarities import SIMILARITIES, similarity

TERMS = ("full", "pairwise only", "unary only", "row minus the mean row")


@dataclass(frozen=True)
class NLMap:
    """One map of one call of one block.

    Attributes:
        layer: the block's dotted name in the model ("" for the model itself).
        block: its name in BLOCKS, else its class name.
        part: which of the block's maps, "" where it has one.
        number: 0 for the map that ``return_nl_map=True`` gives, then 1, 2, ... for the others of the same call.
        relates: ``positions`` (a row for each query), ``global`` (one row for all), ``channels`` (a row for each channel)
            or ``gate`` (no row: one value for each channel or position).
        rows: ``distribution`` (>= 0, sum 1), ``scaled`` (divided by N', may be negative) or ``raw``; of a similarity
            ``similarity`` (-1 to 1).
        query_grid: (rows, columns), in 1D (length,), in 3D (frames, rows, columns); of channels (C,); of a gate ().
        key_grid: likewise for the keys, or for what a gate has values of.
        query_stride, key_stride: input cells that one query or key covers along each axis (above 1 where they were pooled).
        weights: (B, N, N'), global maps (B, 1, N'), channels (B, C, C), gates (B, C) or (B, N); None where only the
            lazy form was kept.
        lazy: a smaller form that gives the same rows, where the map has one.
        used: the map in the form in which the block used it; all the parts of one call share it.
        input, output: the block's x and z, (B, C, *grid).
        precision: the coarsest one that the block computed in; None where it is that of x and z.
    """

    layer: str
    block: str
    part: str
    number: int
    relates: str
    rows: str
    query_grid: tuple[int, ...]
    key_grid: tuple[int, ...]
    query_stride: tuple[int, ...]
    key_stride: tuple[int, ...]
    weights: Tensor | None
    lazy: LazyMap | None
    used: Tensor | LazyMap | tuple
    input: Tensor
    output: Tensor
    precision: torch.dtype | None = None

    def row(self, query: int, item: int = 0) -> Tensor:
        """The weights (N',) of one query of one picture of the batch; of a global map, its only row.

        Raises:
            IndexError: no such query.
            ValueError: a gate has no rows.
        """
        self._check(query, self.query_grid, "query")
        if self.weights is not None:
            return self.weights[item, 0 if self.relates == "global" else query]
        return self.lazy.rows(query, query + 1)[item, 0]

    def row_blocks(self, item: int = 0) -> Iterator[Tensor]:
        """All rows in order, as blocks (n, N') of some of them; of a global map its only row.

        Raises:
            ValueError: a gate has no rows.
        """
        self._check(0, self.query_grid, "query")
        if self.weights is not None:
            yield self.weights[item]
        else:
            yield from (self.lazy.rows(start, stop)[item] for start, stop in self.lazy.spans())

    def column(self, key: int, item: int = 0) -> Tensor:
        """The weight that every query gives to one key, (N,); of a global map, N times the same.

        Raises:
            IndexError: no such key.
            ValueError: a gate has no columns.
        """
        self._check(key, self.key_grid, "key")
        if self.weights is None:
            return self.lazy.column(key)[item]
        column = self.weights[item, :, key]
        return column.expand(cells(self.query_grid)) if self.relates == "global" else column

    def term(self, name: str) -> "NLMap":
        """This map, or one of what it is made of, as a map of its own.

        Args:
            name: of TERMS or SIMILARITIES: ``full``; ``pairwise only`` and ``unary only``, see :meth:`nlviz.maps.Factors.split`;
                ``row minus the mean row``, of all queries: zero everywhere where the map does not depend on the query;
                ``input similarity`` and ``output similarity``, see :func:`nlviz.maps.similarity`: of the block, whatever its
                map relates, on the grid of its input.

        Raises:
            ValueError: the map has no such term; the message says why.
        """
        if name not in (*TERMS, *SIMILARITIES):
            raise ValueError(f"term must be one of {', '.join((*TERMS, *SIMILARITIES))}, got {name!r}")
        if name in SIMILARITIES:
            return self._alike(name)
        if name == "full" or (name == "unary only" and self.relates == "global"):
            return self
        if self.relates not in ("positions", "global"):
            raise ValueError("no query has a row here")
        if name == "row minus the mean row":
            return self._centred()
        if self.relates == "global":
            raise ValueError("one map for every query: nothing in it is pairwise")
        if not isinstance(self.lazy, Factors) or self.lazy.kind != "softmax":
            raise ValueError("not a softmax over q · k, so it has no pairwise and unary term")
        return replace(self, lazy=self.lazy.split()[name == "unary only"], weights=None)

    def _alike(self, name: str) -> "NLMap":
        grid, ones = tuple(self.input.shape[2:]), (1,) * (self.input.dim() - 2)
        return replace(self, part=name, relates="positions", rows="similarity", query_grid=grid, key_grid=grid, query_stride=ones,
                       key_stride=ones, weights=None, lazy=similarity(name, self.input, self.output))

    def _centred(self) -> "NLMap":
        if self.lazy is None:
            weights = precise(self.weights)
            return replace(self, weights=weights - weights.mean(1, keepdim=True), rows="raw")
        return replace(self, lazy=Sum(self.lazy, -self.lazy.mean_row()[:, None]), weights=None, rows="raw")

    def mean_row(self, item: int = 0) -> Tensor:
        """The mean of the rows of all queries, (N',).

        Raises:
            ValueError: a gate has no rows.
        """
        self._check(0, self.query_grid, "query")
        return self.lazy.mean_row()[item] if self.lazy is not None else precise(self.weights[item]).mean(0)

    @property
    def dtype(self) -> torch.dtype:
        """The precision that the weights were computed in."""
        return (self.weights if self.weights is not None else next(self.lazy.tensors())).dtype

    @property
    def shape(self) -> tuple[int, ...]:
        """(rows, N') of the dense map, (values,) of a gate."""
        if self.relates == "gate":
            return (cells(self.key_grid),)
        return 1 if self.relates == "global" else cells(self.query_grid), cells(self.key_grid)

    def _check(self, index: int, grid: tuple[int, ...], what: str) -> None:
        if self.relates == "gate":
            raise ValueError(f"a gate has one value for each of {cells(self.key_grid)}, and no row for a query")
        if not 0 <= index < cells(grid):
            raise IndexError(f"{what} {index} is outside the grid {grid} of {cells(grid)} positions")
