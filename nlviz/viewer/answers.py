"""What the viewer asks of a map besides its rows: does attention depend on the query?"""

from ..analysis import Analysis, PlacedMap
from ..blocks import Block
from ..maps import Framewise
from ..measures import NAMES, NO_FRESH, dependence_of_queries, heads_of, is_clip, measure, measure_fresh
from .texts import half_to_base64, place_of, to_base64


def make_dependence(placed: PlacedMap) -> dict:
    """GCNet's numbers of a map, of a clip's in words what is the place and what the frame; each query's mean divergence to all."""
    positions = placed.nl_map.shape[0]
    if is_clip(placed.nl_map) and positions > MOST_POSITIONS and not isinstance(placed.nl_map.lazy, Framewise):
        raise ValueError(f"between all pairs of {positions:,} positions would take minutes: choose fewer frames or a lower "
                         "resolution, or let the command line measure it")
    found = measure(placed.nl_map)
    numbers = [{"name": name, "value": found.values.get(name), "shuffled": found.shuffled.get(name),
                "reason": found.reasons.get(name, "")} for name in NAMES]
    try:
        divergences, note = dependence_of_queries(placed.nl_map), ""
        picture = {"grid": placed.queries.grid, "place": place_of(placed.queries), "data": to_base64(divergences)}
    except ValueError as error:
        picture, note = None, str(error)
    sentence = " ".join(filter(None, [found.sentence, found.of_clip]))
    return {"numbers": numbers, "sentence": sentence, "picture": picture, "note": note}


def make_shares(analysis: Analysis, layer: int) -> list[dict]:
    """How much each map of a layer depends on the query: its divergence between queries, and that of shuffled rows.

    Returns:
        of each ``name``, ``head``, ``share``, ``jsd`` and ``shuffled`` (nats), ``entropy_share``, ``distance`` (cells), ``reason``.

    Raises:
        ValueError: there is no such layer.
    """
    found = heads_of(analysis, layer)
    if not found:
        raise ValueError(f"there is no layer {layer}")
    return [{"name": one["part"], "head": one["head"], "share": one["share"], "jsd": one["jsd_att_nats"],
             "shuffled": one["shuffled"], "entropy_share": one["entropy_share"],
             "distance": one["attention_distance_cells"], "reason": one["reason"]} for one in found]


MOST_BYTES = 32 * 2**20  # of features that are sent
MOST_POSITIONS = 10_000  # between all pairs of which is measured while somebody waits


def make_similarity(placed: PlacedMap, term: str) -> dict:
    """Unit vectors of a block's features at every position, float16 (cosines to 1e-3); or the ``reason`` why there are none."""
    try:
        found = placed.term(term)
    except ValueError as error:
        return {"reason": str(error)}
    unit = found.nl_map.lazy.q[0].cpu()  # (N, C)
    if 2 * unit.numel() > MOST_BYTES:
        return {"reason": f"{unit.shape[1]} features at {unit.shape[0]} positions are too many to send; take a lower resolution"}
    return {"grid": found.keys.grid, "place": place_of(found.keys), "channels": unit.shape[1], "data": half_to_base64(unit)}


def make_fresh(analysis: Analysis, placed: PlacedMap) -> dict:
    """The same numbers for the same block with fresh random weights: name -> value; or a note why there are none."""
    block = analysis.module_of(placed.nl_map)
    if not isinstance(block, Block):
        return {"fresh": {}, "note": NO_FRESH}
    return {"fresh": measure_fresh(block, placed.nl_map), "note": ""}
