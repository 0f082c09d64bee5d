"""The numbers of every map of one picture, as plain values: for JSON, CSV and scripts."""

import csv
import io
from collections.abc import Sequence

from ..analysis import Analysis, PlacedMap
from .dependence import NAMES
from .fresh import measure_fresh
from .heads import measure_placed

NUMBERS = [name + ending for name in NAMES for ending in ("", "_shuffled", "_fresh")]
NUMBERS.remove("cosine_input_fresh")  # the input does not depend on the block
COLUMNS = ("model", "layer", "block", "part", "layer_number", "head", "relates", "rows", "query_grid", "key_grid", *NUMBERS,
           "jsd_reason", "entropy_share", "added_share", "attention_distance_cells", "parity", "note")


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
    """
    return [_of(analysis, placed, seed) for placed in (analysis.maps if maps is None else maps)]


def _of(analysis: Analysis, placed: PlacedMap, seed: int) -> dict:
    nl_map, (found, away) = placed.nl_map, measure_placed(placed)
    try:
        fresh, reasons = measure_fresh(analysis.module_of(nl_map), nl_map, seed), found.reasons
    except ValueError as error:
        fresh, reasons = {}, found.reasons | {"fresh": str(error)}
    known = {name + ending: value for ending, values in (("", found.values), ("_shuffled", found.shuffled), ("_fresh", fresh))
             for name, value in values.items()}
    return {
        "model": analysis.model.name, **{name: getattr(nl_map, name) for name in ("layer", "block", "part", "relates", "rows")},
        "layer_number": placed.layer, "head": placed.head,
        "query_grid": list(nl_map.query_grid), "key_grid": list(nl_map.key_grid), **{name: known.get(name) for name in NUMBERS},
        "jsd_reason": found.reasons.get("jsd_att_nats"), "entropy_share": found.entropy_share, "added_share": found.added_share,
        "attention_distance_cells": away, "parity": placed.parity.outcome, "note": found.note,
        "reasons": reasons,
    }


def measures_csv(rows: Sequence[dict]) -> str:
    """The rows of ``measures_of`` as CSV, grids as 28x28."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {name: "x".join(map(str, row[name])) for name in ("query_grid", "key_grid")})
    return file.getvalue()
