"""Of a clip's map: how much its rows depend on the query's place in the frame, and how much on the frame."""

import math
from collections.abc import Iterable, Iterator, Mapping

import torch
from torch import Tensor

from ..maps import Framewise, NLMap, cells, each_frame
from ..metrics import COARSE, Divergences, FrameDivergences
from ..numbers import percent

CLIP_NAMES = ("jsd_place_nats", "jsd_frame_nats", "information_place_nats", "information_frame_nats")
DEALT = CLIP_NAMES[1:]
LITTLE = 1e-3  # nats that a key tells of its query: below it there is nothing to share out

Numbers = dict[str, float]


def measure_clip(nl_map: NLMap, item: int = 0) -> tuple[Divergences, Numbers, Numbers, Numbers]:
    """The numbers of a clip's map whose rows are distributions: see :class:`nlviz.metrics.FrameDivergences` for their equations.

    ``jsd_place_nats``: the mean divergence between queries of one frame; ``jsd_frame_nats``: between the frames' mean rows, over
    all pairs; both 0 to ln 2. ``information_place_nats`` and ``information_frame_nats``: what a key tells of its query's place
    within its frame, 0 to ln n, and of its frame, 0 to ln T; they add up to what it tells of the query.

    Returns:
        what all rows left; the numbers by CLIP_NAMES; the same with keys ``shuffled`` (divergences alone); and by DEALT, with
        frames ``dealt`` to the queries of each place at random. Of a global map, one row for all, 0.

    Raises:
        ValueError: a row is no distribution.
    """
    frames, per_frame = nl_map.query_grid[0], cells(nl_map.query_grid[1:])
    if nl_map.relates == "global":
        one, nothing = Divergences(nl_map.row_blocks(item), COARSE), dict.fromkeys(CLIP_NAMES, 0.0)
        return one, nothing, dict(zip(CLIP_NAMES, (one.shuffled(per_frame), one.shuffled(frames)))), dict.fromkeys(DEALT, 0.0)
    own = isinstance(nl_map.lazy, Framewise)
    found = FrameDivergences(own_rows(nl_map, range(frames)) if own else nl_map.row_blocks(item), frames, per_frame, own=own)
    return (found.all, dict(zip(CLIP_NAMES, (found.place(), found.frame(), *found.information()))),
            dict(zip(CLIP_NAMES, (found.place_shuffled(), found.frame_shuffled()))),
            dict(zip(DEALT, (found.frame_dealt(), *found.information_dealt()))))


def each_by_frame(nl_map: NLMap) -> Tensor:
    """Each query's mean divergence to all, (N,), of a map that was computed frame by frame: two frames' rows are ln 2 apart."""
    frames = nl_map.query_grid[0]
    inside = [Divergences(own_rows(nl_map, [at]), COARSE).of_each(own_rows(nl_map, [at])) for at in range(frames)]
    return torch.cat(inside) / frames + (1 - 1 / frames) * math.log(2)


def own_rows(nl_map: NLMap, frames: Iterable[int]) -> Iterator[Tensor]:
    """The rows of some frames of a map that was computed frame by frame, as blocks (n, N' / T) at the keys of their own frame."""
    each = each_frame(nl_map)
    for frame in frames:
        yield from each[frame].row_blocks()


def clip_in_words(values: Mapping[str, float], shuffled: Mapping[str, float], dealt: Mapping[str, float],
                  relates: str = "positions", by_frame: bool = False) -> str:
    """What the numbers of a clip say, ``measure``'s of one map or their means; "" of what is no clip and of one map for all."""
    if not all(name in values for name in CLIP_NAMES) or relates == "global":
        return ""
    if by_frame:
        return "Between frames rows have no key in common: the network sees one frame at a time."
    said = [f"{what} differ by {percent(values[name] / shuffled[name])} of what shuffled ones would." for name, what in
            zip(CLIP_NAMES, ("Within a frame rows", "The frames' mean rows")) if shuffled[name] > LITTLE]
    place, frame = (values[name] for name in CLIP_NAMES[2:])
    if place + frame > LITTLE:
        of_place, of_frame, by_chance = (percent(one / (place + frame)) for one in (place, frame, dealt[CLIP_NAMES[3]]))
        said.append(f"What a key tells of its query is {of_place} the place in the frame and {of_frame} the frame ({by_chance} if "
                    "frames were dealt at random).")
    return " ".join(said)
