"""How far attention reaches: in the picture, and in a clip within the frame and from frame to frame."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

import torch
from torch import Tensor

from ..analysis import PlacedMap
from ..maps import Framewise, NLMap, cells, each_frame
from ..metrics import attention_distance, frame_shares, place_shares
from ..pictures import Placement

REACH = ("attention_distance_cells", "attention_distance_frames", "share_same_frame", "share_past", "share_future")


@dataclass(frozen=True)
class Reach:
    """Means over the queries of a map, from positions to positions; the last four are None of pictures.

    Attributes:
        cells: the attention distance (Dosovitskiy et al. 2021, arXiv 2010.11929, fig. 7): how far the centre of a query's cell is
            from those of its keys, weighted by its row, in cells of the query grid. Of a clip within the frame: how far they
            would be if all lay in one.
        frames: how far they are in time, in frames of the clip, from the middle of one to the middle of the other.
        same, past, future: the share of a row that goes to keys that share a frame with the query, that lie before it, and after
            it; together 1. (A query or key may cover several frames.)
    """

    cells: float
    frames: float | None = None
    same: float | None = None
    past: float | None = None
    future: float | None = None

    def named(self, ending: str = "") -> dict[str, float]:
        """By the names of REACH: without an ending, or with one such as ``_flat``."""
        values = (self.cells, self.frames, self.same, self.past, self.future)
        return {name + ending: value for name, value in zip(REACH, values) if value is not None}


def is_clip(nl_map: NLMap) -> bool:
    """Whether the queries of a map are positions of a clip, (frames, rows, columns)."""
    return nl_map.relates in ("positions", "global") and len(nl_map.query_grid) == 3 == len(nl_map.key_grid)


def reach_of(placed: PlacedMap) -> Reach | None:
    """How far a map reaches, in one pass over its rows, exactly.

    Returns:
        None where rows are no distributions, or queries or keys have no place in the picture.
    """
    nl_map, queries, keys = placed.nl_map, placed.queries, placed.keys
    if queries is None or keys is None or nl_map.relates not in ("positions", "global") or nl_map.rows != "distribution":
        return None
    if isinstance(nl_map.lazy, Framewise):
        return _within_frames(placed)
    asked, away, total = centres(queries, queries), centres(keys, queries), 0.0
    per_frame, frames = len(asked), len(keys.grid) == 3 and keys.grid[0]
    matrix = torch.zeros(queries.grid[0], frames, dtype=torch.float64) if frames else None
    try:
        for query, rows in _numbered(nl_map.among_positions()):
            if frames:
                _add_frames(matrix, query, rows, per_frame, nl_map.relates == "global")
                rows = place_shares(rows, frames)
            own = asked if nl_map.relates == "global" else asked[torch.arange(query, query + len(rows)) % per_frame]
            distances = attention_distance(rows, own.to(rows.device), away.to(rows.device))
            total += distances.double().sum().item() / (len(own) if nl_map.relates == "global" else cells(nl_map.query_grid))
    except ValueError:  # rows that see no position
        return None
    return Reach(total) if matrix is None else Reach(total, *_in_time(matrix / per_frame, queries, keys))


def _within_frames(placed: PlacedMap) -> Reach | None:
    """Of rows that end at their frame's edge: the mean over the frames, each as a picture."""
    first = [replace(place, grid=place.grid[1:], scale=place.scale[:2], offset=place.offset[:2], frames=1)
             for place in (placed.queries, placed.keys)]
    found = [reach_of(replace(placed, nl_map=one, queries=first[0], keys=first[1])) for one in each_frame(placed.nl_map)]
    return None if None in found else Reach(sum(one.cells for one in found) / len(found), 0.0, 1.0, 0.0, 0.0)


def flat_reach(placed: PlacedMap) -> Reach:
    """What ``reach_of`` would be if every query attended to all keys alike: how far apart cells are. Its baseline."""
    queries, keys = placed.queries, placed.keys
    apart = torch.cdist(centres(queries, queries), centres(keys, queries), compute_mode="donot_use_mm_for_euclid_dist")
    total = apart.double().mean().item()
    if len(keys.grid) < 3:
        return Reach(total)
    frames = keys.grid[0]
    return Reach(total, *_in_time(torch.full((queries.grid[0], frames), 1 / frames, dtype=torch.float64), queries, keys))


def frame_matrix(nl_map: NLMap, item: int = 0, head: int | str = "mean") -> Tensor:
    """The mean weight from frame to frame of a clip's map, (T, T') in float64.

    [t, s] is the mean over the queries of frame t of what their rows give to all keys of frame s together.

    From positions to positions; of distributions each row of it sums to 1, and is 1 / T' everywhere where attention does not care
    for frames. In one pass over the rows, block by block, exactly.

    Args:
        item: which of the batch.
        head: of a map with heads: one, their ``mean`` or ``max``.

    Raises:
        ValueError: the map is not one of a clip's positions, or has no such head.
    """
    if not is_clip(nl_map):
        raise ValueError(f"only maps of positions (frames, rows, columns) go from frame to frame; the map of layer "
                         f"{nl_map.layer!r} relates {nl_map.relates}, its queries {nl_map.query_grid}, its keys {nl_map.key_grid}")
    if isinstance(nl_map.lazy, Framewise) and nl_map.rows == "distribution":
        return torch.eye(nl_map.query_grid[0], dtype=torch.float64)
    found = torch.zeros(nl_map.query_grid[0], nl_map.key_grid[0], dtype=torch.float64)
    per_frame = cells(nl_map.query_grid[1:])
    for query, rows in _numbered(nl_map.head(head).among_positions(), item):
        _add_frames(found, query, rows, per_frame, nl_map.relates == "global")
    return found / per_frame


def _numbered(nl_map: NLMap, item: int = 0) -> Iterator[tuple[int, Tensor]]:
    """The number of a block's first query, and its rows."""
    start = 0
    for rows in nl_map.row_blocks(item):
        yield start, rows
        start += len(rows)


def _add_frames(matrix: Tensor, first: int, rows: Tensor, per_frame: int, shared: bool) -> None:
    """Add rows (n, N') of the queries from the first on to those of their frames; or one that all share."""
    shares = frame_shares(rows, matrix.shape[1]).double().cpu()
    if shared:
        matrix += shares * per_frame
    else:
        matrix.index_add_(0, torch.arange(first, first + len(rows)) // per_frame, shares)


def _in_time(matrix: Tensor, queries: Placement, keys: Placement) -> tuple[float, float, float, float]:
    """(frames, same, past, future) from the mean weight from frame to frame, (T, T')."""
    asked, given = (_times(place) for place in (queries, keys))
    found = [0.0] * 4
    for (begin, end), row in zip(asked, (matrix / len(matrix)).tolist()):
        for (start, stop), weight in zip(given, row):
            found[0] += weight * float(abs(start + stop - begin - end) / 2)
            found[2 if stop <= begin else 3 if start >= end else 1] += weight
    return tuple(found)


def _times(place: Placement) -> list[tuple[Fraction, Fraction]]:
    """When each frame of a grid begins and ends, in frames of the clip."""
    return [tuple((Fraction(edge) - place.offset[2]) / place.scale[2] for edge in (t, t + 1)) for t in range(place.grid[0])]


def diagonal(place: Placement) -> float:
    """The length of the picture's diagonal, in cells."""
    return sum(float(side) ** 2 for side in place.scale[:2]) ** 0.5


def centres(place: Placement, unit: Placement) -> Tensor:
    """Where the centres of a placement's cells lie, of a clip in each frame: (rows * columns, 2), (x, y) in cells of another."""
    across, down = (torch.tensor([float((cell + Fraction(1, 2) - offset) / scale * to) for cell in range(count)])
                    for count, offset, scale, to in zip(place.grid[:-3:-1], place.offset, place.scale, unit.scale))
    return torch.cartesian_prod(down, across).flip(1)
