"""What the viewer asks of a map besides its rows: does attention depend on the query?"""

from ..analysis import Analysis, PlacedMap
from ..measures import NAMES, dependence_of_queries, measure, measure_fresh
from .scene import place_of, to_base64


def make_dependence(placed: PlacedMap) -> dict:
    """GCNet's numbers of a map, and each query's mean divergence to all."""
    found = measure(placed.nl_map)
    numbers = [{"name": name, "value": found.values.get(name), "shuffled": found.shuffled.get(name),
                "reason": found.reasons.get(name, "")} for name in NAMES]
    try:
        divergences, note = dependence_of_queries(placed.nl_map), ""
        picture = {"grid": placed.queries.grid, "place": place_of(placed.queries), "data": to_base64(divergences)}
    except ValueError as error:
        picture, note = None, str(error)
    return {"numbers": numbers, "sentence": found.sentence, "picture": picture, "note": note}


def make_fresh(analysis: Analysis, placed: PlacedMap) -> dict:
    """The same numbers for the same block with fresh random weights: name -> value."""
    return {"fresh": measure_fresh(analysis.model.net.get_submodule(placed.nl_map.layer), placed.nl_map), "note": ""}
