"""The numbers of every map of one picture, as plain values: for JSON, CSV and scripts."""

import csv
import io
from collections.abc import Sequence

from ..analysis import Analysis
from .dependence import NAMES, measure, measure_fresh

NUMBERS = [name + ending for name in NAMES for ending in ("", "_shuffled", "_fresh")]
NUMBERS.remove("cosine_input_fresh")  # the input does not depend on the block
COLUMNS = ("model", "layer", "block", "part", "relates", "rows", "query_grid", "key_grid", *NUMBERS, "jsd_reason",
           "entropy_share", "added_share", "parity")


def measures_of(analysis: Analysis, seed: int = 0) -> list[dict]:
    """GCNet's numbers of every map, with their baselines (see :class:`nlviz.measures.Dependence`).

    Args:
        seed: of the fresh weights.

    Returns:
        For each map in the order computed: COLUMNS and ``reasons``. A value that is undefined is None and has its reason in
        ``reasons`` (that of the divergence also in ``jsd_reason``).
    """
    return [_of(analysis, placed.nl_map, placed.parity.outcome, seed) for placed in analysis.maps]


def _of(analysis: Analysis, nl_map, parity: str, seed: int) -> dict:
    found = measure(nl_map)
    fresh = measure_fresh(analysis.model.net.get_submodule(nl_map.layer), nl_map, seed)
    known = {name + ending: value for ending, values in (("", found.values), ("_shuffled", found.shuffled), ("_fresh", fresh))
             for name, value in values.items()}
    return {
        "model": analysis.model.name, **{name: getattr(nl_map, name) for name in ("layer", "block", "part", "relates", "rows")},
        "query_grid": list(nl_map.query_grid), "key_grid": list(nl_map.key_grid), **{name: known.get(name) for name in NUMBERS},
        "jsd_reason": found.reasons.get("jsd_att_nats"), "entropy_share": found.entropy_share,
        "added_share": found.added_share, "parity": parity, "reasons": found.reasons,
    }


def measures_csv(rows: Sequence[dict]) -> str:
    """The rows of ``measures_of`` as CSV, grids as 28x28."""
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {name: "x".join(map(str, row[name])) for name in ("query_grid", "key_grid")})
    return file.getvalue()
