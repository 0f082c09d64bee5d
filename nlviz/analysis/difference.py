"""What changed from one network to another, map by map: two checkpoints, two snapshots, two seeds of one network."""

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from torch import Tensor

from ..capture import Parity
from ..maps import Difference, LazyMap, NLMap, precise
from ..models import Minus, ModelError
from .placed import PlacedMap

if TYPE_CHECKING:
    from .analysis import Analysis

ALIKE = ("relates", "query_grid", "key_grid", "query_tokens", "key_tokens")


def difference(first: "Analysis", second: "Analysis") -> "Analysis":
    """The maps of ``first`` less those of ``second``, signed; see :func:`nlviz.difference`.

    Of a block that is called several times, call by call.

    Raises:
        ModelError: of two pictures, or the networks do not have the same maps.
    """
    if first.picture.sha256 != second.picture.sha256:
        raise ModelError(f"the maps are of two pictures, {first.picture.name} and {second.picture.name}: analyse the same one")
    own, others = _by_name(first), _by_name(second)
    maps = tuple(_minus(placed, others[name]) for name, placed in own.items() if name in others and _alike(placed, others[name]))
    most = max(len(own), len(others))
    if len(maps) < most:
        raise ModelError(f"{first.model.name} and {second.model.name} do not have the same maps: "
                         f"{most - len(maps)} of {most} have no counterpart of their name, shape and place")
    notes = tuple(dict.fromkeys((*first.notes, *second.notes)))
    return replace(first, model=Minus(first.model, second.model), maps=maps, prediction=None, notes=notes)


def _by_name(analysis: "Analysis") -> dict[tuple[str, str, int], PlacedMap]:
    """Each map by its layer, its part, and how many of these were before it."""
    found, seen = {}, Counter()
    for placed in analysis.maps:
        name = placed.nl_map.layer, placed.nl_map.part
        found[(*name, seen[name])] = placed
        seen[name] += 1
    return found


def _alike(one: PlacedMap, other: PlacedMap) -> bool:
    same_place = one.queries == other.queries and one.keys == other.keys
    return same_place and all(getattr(one.nl_map, name) == getattr(other.nl_map, name) for name in ALIKE)


def _minus(one: PlacedMap, other: PlacedMap) -> PlacedMap:
    lazy = Difference(_form(one.nl_map), _form(other.nl_map))
    dense = all(isinstance(side, Tensor) for side in (lazy.first, lazy.second))
    own = {"weights": precise(lazy.first) - precise(lazy.second), "lazy": None} if dense else {"weights": None, "lazy": lazy}
    return replace(one, check=lambda: _both(one.parity, other.parity), nl_map=replace(
        one.nl_map, **own, rows="difference", used=lazy, input=None, output=None, values=None, product=None,
        notes=tuple(dict.fromkeys((*one.nl_map.notes, *other.nl_map.notes)))))


def _both(one: Parity, other: Parity) -> Parity:
    """Of a difference it holds where it does of both; else what is worse of the two."""
    worse = max(one, other, key=lambda side: ("holds", "nothing added", "undecided", "differs").index(side.outcome))
    return Parity(worse.outcome, worse.difference, worse.added, "difference", (one, other))


def _form(nl_map: NLMap) -> Tensor | LazyMap:
    return nl_map.lazy if nl_map.weights is None else nl_map.weights
