"""What changed from one network to another, map by map: two checkpoints, two snapshots, two seeds of one network."""

from dataclasses import replace
from typing import TYPE_CHECKING

from torch import Tensor

from ..capture import Parity
from ..maps import Difference, LazyMap, NLMap, precise
from ..models import Minus
from .placed import PlacedMap

if TYPE_CHECKING:
    from .analysis import Analysis

ALIKE = ("relates", "query_grid", "key_grid", "query_tokens", "key_tokens")


def difference(first: "Analysis", second: "Analysis") -> "Analysis":
    """The maps of ``first`` less those of ``second``, signed; see :func:`nlviz.difference`.

    Raises:
        ValueError: of two pictures, or a map of the first has no counterpart in the second.
    """
    if first.picture.sha256 != second.picture.sha256:
        raise ValueError(f"the maps are of two pictures, {first.picture.name} and {second.picture.name}: analyse the same one")
    others = {(placed.nl_map.layer, placed.nl_map.part): placed for placed in second.maps}
    pairs = [(placed, others.get((placed.nl_map.layer, placed.nl_map.part))) for placed in first.maps]
    maps = tuple(_minus(placed, other) for placed, other in pairs if other and _alike(placed, other))
    if len(maps) < len(pairs):
        raise ValueError(f"{first.model.name} and {second.model.name} do not have the same maps: "
                         f"{len(pairs) - len(maps)} of {len(pairs)} have no counterpart of their name, shape and place")
    notes = tuple(dict.fromkeys((*first.notes, *second.notes)))
    return replace(first, model=Minus(first.model, second.model), maps=maps, prediction=None, notes=notes)


def _alike(one: PlacedMap, other: PlacedMap) -> bool:
    same_place = one.queries == other.queries and one.keys == other.keys
    return same_place and all(getattr(one.nl_map, name) == getattr(other.nl_map, name) for name in ALIKE)


def _minus(one: PlacedMap, other: PlacedMap) -> PlacedMap:
    lazy = Difference(_form(one.nl_map), _form(other.nl_map))
    dense = all(isinstance(side, Tensor) for side in (lazy.first, lazy.second))
    own = {"weights": precise(lazy.first) - precise(lazy.second), "lazy": None} if dense else {"weights": None, "lazy": lazy}
    return replace(one, check=lambda: _both(one.parity, other.parity), nl_map=replace(
        one.nl_map, **own, rows="difference", used=lazy, input=None, output=None, values=None, product=None))


def _both(one: Parity, other: Parity) -> Parity:
    """Of a difference it holds where it does of both; else what is worse of the two."""
    worse = max(one, other, key=lambda side: ("holds", "nothing added", "undecided", "differs").index(side.outcome))
    return Parity(worse.outcome, worse.difference, worse.added, "difference", (one, other))


def _form(nl_map: NLMap) -> Tensor | LazyMap:
    return nl_map.lazy if nl_map.weights is None else nl_map.weights
