"""How far attention reaches in the picture, as one number."""

from ..analysis import PlacedMap
from .reach import flat_reach, reach_of


def mean_distance(placed: PlacedMap) -> float | None:
    """The mean attention distance of a map in cells of the query grid, of a clip within the frame: see :class:`Reach`.

    Returns:
        0 (every query attends to itself) to the grid's diagonal; None where rows are no distributions, or queries or keys have
        no place in the picture.
    """
    found = reach_of(placed)
    return None if found is None else found.cells


def flat_distance(placed: PlacedMap) -> float:
    """What ``mean_distance`` would be if every query attended to all keys alike: how far apart cells are."""
    return flat_reach(placed).cells
