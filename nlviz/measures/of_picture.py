"""The numbers of every map of one picture or clip, as plain values: for JSON, CSV and scripts."""

import csv
import io
from collections.abc import Mapping, Sequence

from ..analysis import Analysis, PlacedMap
from .clips import CLIP_NAMES, DEALT
from .dependence import NAMES
from .fresh import measure_fresh
from .heads import measure_with_reach
from .reach import REACH, Reach, flat_reach, frame_matrix, is_clip

NUMBERS = [name + ending for name in NAMES for ending in ("", "_shuffled", "_fresh")]
NUMBERS.remove("cosine_input_fresh")  # the input does not depend on the block
COLUMNS = ("model", "layer", "block", "part", "layer_number", "head", "relates", "rows", "query_grid", "key_grid", *NUMBERS,
           "jsd_reason", "entropy_share", "added_share", "attention_distance_cells", "parity", "note")
CLIP_NUMBERS = [name + ending for name in CLIP_NAMES for ending in ("", "_shuffled", "_dealt", "_fresh")
                if name in {"_shuffled": CLIP_NAMES[:2], "_dealt": DEALT}.get(ending, CLIP_NAMES)]
CLIP_COLUMNS = (*CLIP_NUMBERS, *REACH[1:], *(name + "_flat" for name in REACH))  # further ones of clips

Named = Mapping[str, float]


def measures_of(analysis: Analysis, seed: int = 0, maps: Sequence[PlacedMap] | None = None) -> list[dict]:
    """GCNet's numbers of every map, with their baselines (see :class:`nlviz.measures.Dependence`).

    Args:
        seed: of the fresh weights.
        maps: of the analysis' maps; by default all.

    Returns:
        For each map in the order computed: COLUMNS and ``reasons``. A value that is undefined is None and has its reason in
        ``reasons`` (that of the divergence also in ``jsd_reason``; that of fresh weights is ``fresh``). Of layers x heads
        ``layer_number`` and ``head`` count from 1. Maps with named tokens are measured from positions to positions, which
        ``note`` says.
        Of a clip ``note`` has all that is to be said of the map, and there are also CLIP_COLUMNS: the numbers of
        :func:`measure_clip` with their baselines, those of :class:`Reach` beside ``_flat``, what equal weights would give; and
        ``frame_matrix``, see there, a list of lists; ``in_words`` says what is the place and what the frame.
    """
    return [_of(analysis, placed, seed) for placed in (analysis.maps if maps is None else maps)]


def _of(analysis: Analysis, placed: PlacedMap, seed: int) -> dict:
    nl_map, (found, reach) = placed.nl_map, measure_with_reach(placed)
    try:
        fresh, reasons = measure_fresh(analysis.module_of(nl_map), nl_map, seed), found.reasons
    except ValueError as error:
        fresh, reasons = {}, found.reasons | {"fresh": str(error)}
    note = ". ".join(filter(None, (found.note, *(nl_map.notes if is_clip(nl_map) else ()))))
    known = numbers_with_baselines(found.values, found.shuffled, found.dealt, fresh)
    return {
        "model": analysis.model.name, **{name: getattr(nl_map, name) for name in ("layer", "block", "part", "relates", "rows")},
        "layer_number": placed.layer, "head": placed.head,
        "query_grid": list(nl_map.query_grid), "key_grid": list(nl_map.key_grid), **{name: known.get(name) for name in NUMBERS},
        "jsd_reason": found.reasons.get("jsd_att_nats"), "entropy_share": found.entropy_share, "added_share": found.added_share,
        "attention_distance_cells": None if reach is None else reach.cells, "parity": placed.parity.outcome, "note": note,
        "reasons": reasons, **(_of_clip(placed, known, reach, found.of_clip) if is_clip(nl_map) else {}),
    }


def numbers_with_baselines(values: Named, shuffled: Named, dealt: Named, fresh: Named) -> dict[str, float]:
    """By the names of NAMES and CLIP_NAMES, without an ending or with that of a baseline."""
    kinds = (("", values), ("_shuffled", shuffled), ("_dealt", dealt), ("_fresh", fresh))
    return {name + ending: value for ending, values in kinds for name, value in values.items()}


def _of_clip(placed: PlacedMap, known: Mapping[str, float], reach: Reach | None, words: str) -> dict:
    reached = {} if reach is None else reach.named() | flat_reach(placed).named("_flat")
    found = {name: (known | reached).get(name) for name in CLIP_COLUMNS}
    return found | {"in_words": words, "frame_matrix": frame_matrix(placed.nl_map).tolist()}


def measures_csv(rows: Sequence[dict]) -> str:
    """The rows of ``measures_of`` as CSV, grids as 28x28; with CLIP_COLUMNS where a row is of a clip."""
    file, columns = io.StringIO(), COLUMNS + CLIP_COLUMNS * any("frame_matrix" in row for row in rows)
    writer = csv.DictWriter(file, columns, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {name: "x".join(map(str, row[name])) for name in ("query_grid", "key_grid")})
    return file.getvalue()
