"""A map with the places of its cells in the picture."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from ..capture import Parity
from ..maps import NLMap, cell_of, cells, flat_index, precise
from ..pictures import Frame, Placement


@dataclass(frozen=True)
class PlacedMap:
    """A map of the picture, with the places of its cells in it.

    Attributes:
        nl_map: the map.
        queries, keys: where the cells of the query and the key grid lie in the picture; None for channels, for the
            queries of a gate, and where only named tokens are queries (or keys).
        channels: where the cells of the block's input, the feature map of every channel, lie in the picture; None of modules
            that are no block of nlviz.
        check: makes the parity check.
        layer, head: of a network's layers x heads, both from 1; head None for the mean of the heads, or where there is one.
            Both None for a map of a block of nlviz.
    """

    nl_map: NLMap
    queries: Placement | None
    keys: Placement | None
    channels: Placement | None
    check: Callable[[], Parity]
    layer: int | None = None
    head: int | None = None

    @cached_property
    def parity(self) -> Parity:
        """Outcome of the parity check, which is made when it is first asked for."""
        return self.check()

    def heatmap(self, x: float, y: float, token: str = "", frame: int = 0) -> torch.Tensor:
        """What lies over the picture for the query at fractions (x, y) of it, on the key grid: (rows, columns), of a clip
        (frames, rows, columns).

        That is the query's row; of a global map or of a gate of positions the same for every query. What named keys (a class
        token) take of the row is not in it: see :meth:`nlviz.maps.NLMap.shares`.

        Args:
            token: ask the named token of that name instead of a place, such as ``class token``.
            frame: of a clip, in which frame the query is, from 0.

        Raises:
            ValueError: x or y is outside 0 to 1, there is no such frame, no query covers the place, rows are those of channels, or
                there is no such token.
        """
        if self.keys is None:
            raise ValueError(f"a place in the picture has no row in this map of {self.nl_map.block}: "
                             f"it relates {self.nl_map.key_grid[0]} channels")
        if self.nl_map.relates == "gate":
            return precise(self.nl_map.weights[0]).view(self.keys.grid)
        row = precise(self.nl_map.row(self.query(x, y, token, frame)))
        return row[: cells(self.keys.grid)].view(self.keys.grid)

    def query(self, x: float, y: float, token: str = "", frame: int = 0) -> int:
        """The number of the row of a place, or of a named token.

        Raises:
            ValueError: as in ``heatmap``.
        """
        if token:
            return self.nl_map.query(token)
        if self.queries is None:
            raise ValueError(f"only named tokens are queries in this map: {', '.join(self.nl_map.query_tokens[:5])}")
        cell = self.queries.cell(x, y, frame)
        if cell is None:
            raise ValueError(f"no query of {self.nl_map.block} covers the place {x}, {y}")
        return flat_index(cell, self.queries.grid)

    def term(self, name: str) -> "PlacedMap":
        """One of :meth:`nlviz.maps.NLMap.term` at its place; a similarity is of the cells of the block's input.

        Raises:
            ValueError: the map has no such term; the message says why.
        """
        nl_map = self.nl_map.term(name)
        alike = nl_map.rows == "similarity"
        return replace(self, nl_map=nl_map, **({"queries": self.channels, "keys": self.channels} if alike else {}))

    def strongest(self, x: float, y: float, token: str = "", frame: int = 0) -> tuple[tuple[int, ...], float]:
        """((row, column), weight) of the key that weighs most for the query at (x, y), or for a named token; of a clip
        ((frame, row, column), weight)."""
        row = self.heatmap(x, y, token, frame).flatten()
        return cell_of(int(row.argmax()), self.keys.grid), row.max().item()


def places_of(nl_map: NLMap, frame: Frame) -> tuple[Placement | None, Placement | None]:
    """Where the queries and the keys of a map lie in the picture; None for channels, gates and named tokens alone.

    Raises:
        ValueError: nobody can tell which positions they are, or they lie in another kind of input.
    """
    base = nl_map.picture or tuple(nl_map.input.shape[2:]) if nl_map.picture or nl_map.input is not None else None
    found = []
    for side, grid, stride in (("query", nl_map.query_grid, nl_map.query_stride), ("key", nl_map.key_grid, nl_map.key_stride)):
        if nl_map.relates == "channels" or (nl_map.relates == "gate" and len(grid) < 2) or grid == (0,):
            found.append(None)
            continue
        nl_map.check_grid(side)
        check_base(base, grid, frame, nl_map.layer)
        found.append(frame.place(base).coarser(grid, stride))
    return tuple(found)


def check_base(base: tuple[int, ...] | None, grid: tuple[int, ...], frame: Frame, layer: str) -> None:
    """Raise ValueError where the positions of a map do not lie in what the network was given."""
    if frame.frames > 1:
        if base is None or len(base) != 3:
            raise ValueError(f"the map of layer {layer!r} has grid {grid}; only (frames, rows, columns) lie in a clip")
    elif base is None or len(base) != 2:
        more = "; it is of a clip: give one" if len(grid) == 3 else ""
        raise ValueError(f"the map of layer {layer!r} has grid {grid}; only (rows, columns) lie in a picture{more}")
