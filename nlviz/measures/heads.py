"""Layers x heads: does each head depend on the query, and how far does it reach?"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import torch

from ..analysis import Analysis, PlacedMap
from ..maps import NLMap
from .clips import CLIP_NAMES
from .dependence import NAMES, NEARLY_FLAT, Dependence, measure, note_of
from .reach import Reach, reach_of

THREADS = 2
DENSE_BYTES = 64 * 2**20
FLAT = "every row is nearly flat: there is nothing to shuffle"
_one_at_a_time = threading.Lock()


def heads_of(analysis: Analysis, layer: int) -> list[dict]:
    """The numbers of one layer: of its heads' mean, then of each head. See ``dependence_of_layers``."""
    return _measured([placed for placed in analysis.maps if placed.layer == layer])


def dependence_of_layers(analysis: Analysis, progress: Callable[[int, int], None] | None = None) -> list[dict]:
    """The numbers of every head of every layer, those of the layer that is shown first measured first.

    At 37 x 37 positions 12 layers of 6 heads, and their means, take some 4 seconds on two cores.

    Args:
        progress: told how many of how many maps are measured.

    Returns:
        For each map, in the analysis' order of layers, the mean of the heads before them: ``layer`` and ``head`` (from 1; None
        for the mean, or where there is one), ``part``, ``jsd_att_nats`` and what ``shuffled`` rows would give, their ratio
        ``share`` (of a clip that was seen frame by frame all three within a frame), ``entropy_share`` (0 to 1) and
        ``attention_distance_cells``; None what is undefined, and the ``reason`` why there is no divergence or no share, else "".
        Of a clip also what is defined of CLIP_NAMES, with ``_shuffled`` and
        ``_dealt``, and of REACH.
    """
    maps = [placed for placed in analysis.maps if placed.layer is not None]
    shown = maps[0].layer if maps else None
    maps.sort(key=lambda placed: placed.layer != shown)  # stable
    found = _measured(maps, progress)
    return sorted(found, key=lambda one: (one["layer"], one["head"] or 0))


def _measured(maps: Sequence[PlacedMap], progress: Callable[[int, int], None] | None = None) -> list[dict]:
    """On two threads of one core each: inside an operation PyTorch's own threads wait for each other longer than they work."""
    found = []
    with _one_at_a_time:
        before = torch.get_num_threads()
        pool = ThreadPoolExecutor(THREADS, initializer=torch.set_num_threads, initargs=(1,))
        try:
            for numbers in pool.map(numbers_of_map, maps):
                found.append(numbers)
                if progress:
                    progress(len(found), len(maps))
        finally:
            pool.shutdown(cancel_futures=True)
            torch.set_num_threads(before)
    return found


@torch.inference_mode()
def numbers_of_map(placed: PlacedMap) -> dict:
    """The numbers of one map, see ``dependence_of_layers``."""
    found, reach = measure_with_reach(placed, NAMES[3:])
    value, shuffled = (numbers.get("jsd_att_nats") for numbers in (found.values, found.shuffled))
    if found.by_frame and value is not None:  # rows of two frames have no key in common, by design
        value, shuffled = (numbers["jsd_place_nats"] for numbers in (found.values, found.shuffled))
    flat = shuffled is not None and shuffled < NEARLY_FLAT
    return {"layer": placed.layer, "head": placed.head, "part": placed.nl_map.part, "jsd_att_nats": value, "shuffled": shuffled,
            "share": None if value is None or flat else value / shuffled, "entropy_share": found.entropy_share,
            "attention_distance_cells": None if reach is None else reach.cells,
            "reason": FLAT if flat else found.reasons.get("jsd_att_nats", ""), **(_of_clip(found, reach) if found.dealt else {})}


def _of_clip(found: Dependence, reach: Reach | None) -> dict[str, float]:
    kinds = (("", found.values), ("_shuffled", found.shuffled), ("_dealt", found.dealt))
    named = {name + ending: values[name] for ending, values in kinds for name in CLIP_NAMES if name in values}
    return named | ({} if reach is None else reach.named())


def measure_placed(placed: PlacedMap, names: Sequence[str] = NAMES) -> tuple[Dependence, float | None]:
    """The numbers of a map and its mean attention distance, the rows computed once: see ``measure`` and ``mean_distance``."""
    found, reach = measure_with_reach(placed, names)
    return found, None if reach is None else reach.cells


def measure_with_reach(placed: PlacedMap, names: Sequence[str] = NAMES) -> tuple[Dependence, Reach | None]:
    """The numbers of a map and how far it reaches, the rows of small maps computed once: see ``measure`` and ``reach_of``."""
    dense = replace(placed, nl_map=_dense(placed.nl_map))
    return replace(measure(dense.nl_map, names=names), note=note_of(placed.nl_map)), reach_of(dense)


def _dense(nl_map: NLMap) -> NLMap:
    """Between positions, and where that is small densely: rows are gone through twice."""
    try:
        nl_map = nl_map.among_positions()
    except ValueError:  # all queries are named tokens, as measure will say
        return nl_map
    small = nl_map.weights is None and nl_map.lazy.nbytes <= DENSE_BYTES
    return replace(nl_map, weights=nl_map.lazy.dense()) if small else nl_map
