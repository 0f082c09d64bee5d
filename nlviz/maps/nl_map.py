"""NLMap: what a block computed for one input, with the two grids that give its rows a place."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .factors import Factors
from .framewise import Framewise
from .grids import cells
from .lazy import LazyMap, Sum, over_heads, precise
from .narrowing import among_of, head_of
from .similarities import SIMILARITIES, similarity
from .tokens import Tokens

TERMS = ("full", "pairwise only", "unary only", "row minus the mean row")


@dataclass(frozen=True)
class NLMap(Tokens):
    """One map of one call of one block, or of any other module that multiplied values with a map.

    Rows and columns are numbered positions first, in raster order, then the named tokens.

    Attributes:
        layer: the block's dotted name in the model ("" for the model itself).
        block: its name in BLOCKS, else its class name.
        part: which of the block's maps, "" where it has one.
        number: 0 for the map that ``return_nl_map=True`` gives, then 1, 2, ... for the others of the same call.
        relates: ``positions`` (a row for each query), ``global`` (one row for all), ``channels`` (a row for each channel)
            or ``gate`` (no row: one value for each channel or position).
        rows: ``distribution`` (>= 0, sum 1), ``scaled`` (divided by N', may be negative) or ``raw``; of a similarity
            ``similarity`` (-1 to 1), of two maps' difference ``difference``.
        query_grid: (rows, columns), in 1D (length,), in 3D (frames, rows, columns); of channels (C,); of a gate (); (0,) where
            every query is a named token. Of one axis, (length,), also where nobody can tell the rows and columns.
        key_grid: likewise for the keys, or for what a gate has values of.
        query_stride, key_stride: cells that one query or key covers along each axis (above 1 where they were pooled): of the
            block's input, or where ``picture`` is known, pixels of the network's input.
        weights: (B, N, N'), global maps (B, 1, N'), channels (B, C, C), gates (B, C) or (B, N); with heads (B, heads, N, N');
            None where only the lazy form was kept.
        lazy: a smaller form that gives the same rows, where the map has one.
        used: the map in the form in which the block used it; all the parts of one call share it.
        input, output: the block's x and z, (B, C, *grid); None of modules that are no block of nlviz.
        precision: the coarsest one that the block computed in; None where it is that of x and z.
        heads: how many maps the axis of heads holds; None where there is no such axis.
        query_tokens, key_tokens: names of the rows and columns that are no positions (class token, register token 1, ...).
        picture: (rows, columns) of the network's input in pixels; None where it is not known or strides count in ``input``.
        values, product: what the map was multiplied with, (B, heads, N', C), and what that gave, (B, heads, N, C): for the
            parity check.
        notes: what has to be said of the map, in sentences.
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
    input: Tensor | None
    output: Tensor | None
    precision: torch.dtype | None = None
    heads: int | None = None
    query_tokens: tuple[str, ...] = ()
    key_tokens: tuple[str, ...] = ()
    picture: tuple[int, ...] | None = None
    values: Tensor | None = None
    product: Tensor | None = None
    notes: tuple[str, ...] = ()

    def head(self, which: int | str = "mean") -> "NLMap":
        """The map of one head (its number), the ``mean`` of all heads or their ``max``, without the axis of heads.

        The mean of distributions is one; their maximum is none (``raw``).

        Raises:
            ValueError: no such head.
        """
        if self.heads is None:
            if which in ("mean", "max", 0):
                return self
            raise ValueError(f"this map has no heads, got head {which!r}")
        over_heads(torch.empty(0, self.heads), which)
        weights, lazy = (None if form is None else head_of(form, which) for form in (self.weights, self.lazy))
        return replace(self, weights=weights, lazy=lazy, heads=None, values=None, product=None,
                       rows="raw" if which == "max" else self.rows)

    def row(self, query: int, item: int = 0, head: int | str = "mean") -> Tensor:
        """The weights (N',) of one query of one picture of the batch; of a global map, its only row.

        Args:
            head: of a map with heads: one, their ``mean`` or ``max``.

        Raises:
            IndexError: no such query.
            ValueError: a gate has no rows.
        """
        self._check(query, self.query_grid, "query")
        if self.heads is not None:
            rows = self.weights[:, :, query] if self.weights is not None else self.lazy.rows(query, query + 1)[:, :, 0]
            return over_heads(rows[item : item + 1], head)[0]
        if self.weights is not None:
            return self.weights[item, 0 if self.relates == "global" else query]
        return self.lazy.rows(query, query + 1)[item, 0]

    def row_blocks(self, item: int = 0) -> Iterator[Tensor]:
        """All rows in order, as blocks (n, N') of some of them, the mean of the heads; of a global map its only row.

        Raises:
            ValueError: a gate has no rows.
        """
        self._check(0, self.query_grid, "query")
        if self.heads is not None:
            yield from self.head().row_blocks(item)
            return
        if self.weights is not None:
            yield self.weights[item]
        else:
            yield from (self.lazy.rows(start, stop)[item] for start, stop in self.lazy.spans())

    def column(self, key: int, item: int = 0, head: int | str = "mean") -> Tensor:
        """The weight that every query gives to one key, (N,); of a global map, N times the same.

        Args:
            head: of a map with heads: one, their ``mean`` or ``max``.

        Raises:
            IndexError: no such key.
            ValueError: a gate has no columns.
        """
        self._check(key, self.key_grid, "key")
        if self.heads is not None:
            return self.head(head).column(key, item)
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
        if self.heads is not None and name == TERMS[-1]:
            return self.head()._centred()
        if self.relates not in ("positions", "global"):
            raise ValueError("no query has a row here")
        if name == "row minus the mean row":
            return self._centred()
        if self.relates == "global":
            raise ValueError("one map for every query: nothing in it is pairwise")
        of = self.lazy.inner if isinstance(self.lazy, Framewise) else self.lazy
        if not isinstance(of, Factors) or of.kind != "softmax":
            raise ValueError("not a softmax over q · k, so it has no pairwise and unary term")
        return replace(self, lazy=self.lazy.split()[name == "unary only"], weights=None)

    def _alike(self, name: str) -> "NLMap":
        if self.input is None:
            raise ValueError("what this module was given is not kept, so there is nothing to compare")
        grid, ones = tuple(self.input.shape[2:]), (1,) * (self.input.dim() - 2)
        return replace(self, part=name, relates="positions", rows="similarity", query_grid=grid, key_grid=grid, query_stride=ones,
                       key_stride=ones, weights=None, lazy=similarity(name, self.input, self.output))

    def _centred(self) -> "NLMap":
        if self.lazy is None:
            weights = precise(self.weights)
            return replace(self, weights=weights - weights.mean(1, keepdim=True), rows="raw")
        return replace(self, lazy=Sum(self.lazy, -self.lazy.mean_row()[:, None]), weights=None, rows="raw")

    def among_positions(self) -> "NLMap":
        """The map from positions to positions, without named tokens; rows that are distributions sum to 1 again.

        Raises:
            ValueError: every query, or every key, is a named token.
        """
        if not (self.query_tokens or self.key_tokens):
            return self
        sizes = cells(self.query_grid), cells(self.key_grid)
        if 0 in sizes:
            raise ValueError(f"every {'query' if not sizes[0] else 'key'} is a named token")
        once = self.rows == "distribution"
        weights, lazy = (None if form is None else among_of(form, sizes, once) for form in (self.weights, self.lazy))
        return replace(self, weights=weights, lazy=lazy, query_tokens=(), key_tokens=(), values=None, product=None)

    def mean_row(self, item: int = 0) -> Tensor:
        """The mean of the rows of all queries, (N',).

        Raises:
            ValueError: a gate has no rows.
        """
        self._check(0, self.query_grid, "query")
        if self.heads is not None:
            return self.head().mean_row(item)
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
        queries = 1 if self.relates == "global" else cells(self.query_grid) + len(self.query_tokens)
        return queries, cells(self.key_grid) + len(self.key_tokens)

    def _check(self, index: int, grid: tuple[int, ...], what: str) -> None:
        if self.relates == "gate":
            raise ValueError(f"a gate has one value for each of {cells(self.key_grid)}, and no row for a query")
        tokens = self.query_tokens if what == "query" else self.key_tokens
        if not 0 <= index < cells(grid) + len(tokens):
            beside = f" and {len(tokens)} named tokens" if tokens else ""
            raise IndexError(f"{what} {index} is outside the grid {grid} of {cells(grid)} positions{beside}")
