"""Divided attention (TimeSformer): which maps see space and which time, and what both do together."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .grids import cells
from .lazy import LazyMap
from .nl_map import NLMap
from .windows import Windows

SEEN = {"space": "Over space: a query sees its own frame alone.",
        "time": "Over time: a query sees its own place in the frames alone."}


def seen(lazy: LazyMap | None, query_grid: tuple[int, ...], key_grid: tuple[int, ...]) -> str | None:
    """``space`` where each query sees keys of its own frame alone, ``time`` where it sees its own place in the frames alone.

    Args:
        lazy: of a map of a clip, grids (frames, rows, columns); None, and any that is not kept by windows, sees both.
    """
    if not isinstance(lazy, Windows) or len(query_grid) != 3 or query_grid != key_grid or len(lazy.queries) < 2:
        return None
    inside = math.prod(query_grid[1:])
    for name, of in (("space", lambda index: index // inside), ("time", lambda index: index % inside)):
        if all(_alike(of, *sides, cells(query_grid)) for sides in zip(lazy.queries, lazy.keys)):
            return name
    return None


def _alike(of, queries: Tensor, keys: Tensor, positions: int) -> bool:
    """Whether the positions among queries and keys of a window have one frame, or one place."""
    index = torch.cat([queries, keys])
    return of(index[(index >= 0) & (index < positions)]).unique().numel() <= 1


def space_times(maps: Sequence[NLMap]) -> list[NLMap]:
    """What each pair of maps, one over time and one over space right after it, or the other way round, does together.

    Bertasius, Wang, Torresani: Is Space-Time Attention All You Need for Video Understanding?, 2021 (arXiv 2102.05095), section 3:
    attention over space mixes what attention over time has mixed, so that the query at place p of frame t weighs place p' of frame
    t' by space_t[p, p'] time_p'[t, t'], with the mean of the heads of each. It is derived from the two maps; no layer used it, and
    the map says so. What a layer passes on beside its attention is not in it (``rollout`` takes that in, and needs the N x N').

    Args:
        maps: in the order in which they were computed.

    Returns:
        a map for each pair, (B, N, N') in a form that is not N x N', rows that are distributions, ``part`` "space x time, derived".
    """
    kinds = [seen(m.lazy, m.query_grid, m.key_grid) if m.rows == "distribution" else None for m in maps]
    pairs = [(maps[at], maps[at + 1], kinds[at]) for at in range(len(maps) - 1) if {kinds[at], kinds[at + 1]} == {"space", "time"}]
    return [_together(*pair) for pair in pairs if _of_one_layer(*pair[:2]) and pair[0].query_grid == pair[1].query_grid
            and not (pair[0].key_tokens and pair[1].key_tokens)]


def _of_one_layer(first: NLMap, last: NLMap) -> bool:
    """Whether the names of two modules differ below their layer's number alone: layer.0.time and layer.0.space."""
    numbers = [[part for part in m.layer.split(".") if part.isdigit()] for m in (first, last)]
    return numbers[0] == numbers[1]


def _together(first: NLMap, last: NLMap, applied_first: str) -> NLMap:
    lazy = Composed(_mean(last.lazy), _mean(first.lazy), cells(last.query_grid))
    second = "space" if applied_first == "time" else "time"
    note = (f"Derived: attention over {second} applied to what attention over {applied_first} had mixed, the mean of the heads of "
            "each; no layer used it, and what a layer passes on beside its attention is left out.")
    return replace(last, layer=f"{first.layer} and {last.layer}", block="space x time", part="space x time, derived", number=0,
                   weights=None, lazy=lazy, used=lazy, heads=None, values=None, product=None, input=None, output=None,
                   key_tokens=last.key_tokens or first.key_tokens, notes=(note,))


def _mean(windows: Windows) -> Windows:
    """The mean of the heads, (B, 1, N, N'), its weights kept."""
    inner = torch.stack([windows.of(window).mean(1, keepdim=True) for window in range(len(windows.queries))], 1)
    return replace(windows, inner=inner)


@dataclass(frozen=True)
class Composed(LazyMap):
    """The product of two maps of windows with one head each, last @ first: (B, N, N').

    Attributes:
        last, first: (B, 1, N, N'). Tokens that one of them has behind the positions are left as they are by the other.
        positions: how many there are.
    """

    last: Windows
    first: Windows
    positions: int

    @property
    def shape(self) -> tuple[int, ...]:
        keys = max(self.last.sizes[1], self.first.sizes[1])
        return self.last.shape[0], self.last.sizes[0], keys

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        return self._mixed(self.last.rows(start, stop))

    def mean_row(self) -> Tensor:
        return self._mixed(self.last.mean_row()[:, :, None])[:, 0]

    def _mixed(self, rows: Tensor) -> Tensor:
        """Rows (B, 1, n, N') of the last map times the first."""
        mixed = self.first.under(rows[..., : self.positions])
        if self.last.sizes[1] == self.positions:
            return mixed[:, 0]
        return torch.cat([mixed, rows[..., self.positions :]], -1)[:, 0]

    def column(self, key: int) -> Tensor:
        one = torch.zeros(self.shape[0], self.shape[2], 1, dtype=next(self.tensors()).dtype, device=next(self.tensors()).device)
        one[:, key] = 1
        return (self @ one)[..., 0]

    def __matmul__(self, values: Tensor) -> Tensor:
        """A times values (B, N', C) -> (B, N, C)."""
        values = values[:, None]
        mixed = self.first @ values[:, :, : self.first.sizes[1]]
        if self.last.sizes[1] > self.positions:
            mixed = torch.cat([mixed, values[:, :, self.positions :]], 2)
        return (self.last @ mixed[:, :, : self.last.sizes[1]])[:, 0]
