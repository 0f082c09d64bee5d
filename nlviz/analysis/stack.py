"""Layers x heads: the maps of a network of other people, each head, and each layer's mean, by a name of its own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache

from ..capture import Parity, check_parity
from ..maps import NLMap, check_finite, space_times
from ..pictures import Frame
from .frame_by_frame import joined, over_clip
from .placed import PlacedMap, places_of

GIVEN = Parity("undecided", 0.0, 0.0, "given")  # a map that no network made here
DERIVED = Parity("undecided", 0.0, 0.0, "derived")
DERIVED_BYTES = 32 * 2**20  # of dense maps: they reach the page so


def stack(maps: Sequence[NLMap], frame: Frame, network: str,
          by_frame: bool = False) -> tuple[tuple[PlacedMap, ...], tuple[str, ...]]:
    """The maps of all layers as those of one call, named ``layer 12, mean of 6 heads`` and ``layer 12, head 3``.

    The first is the mean of the last layer whose queries and keys lie in the picture; then all in the order computed, each
    layer's mean before its heads.

    Args:
        by_frame: the frames of a clip went through an image network as a batch; see ``joined``.

    Returns:
        the maps; and what has to be said, a sentence for each layer that cannot be shown.

    Raises:
        ValueError: no layer can be shown, or a weight is no finite number.
    """
    found, notes = [], []
    for number, nl_map in enumerate(maps, 1):
        check_finite(nl_map, network)
        try:
            places = places_of(over_clip(nl_map) if by_frame else nl_map, frame)
        except ValueError as error:
            notes.append(f"Layer {number} is not shown: {error}")
            continue
        if places[1] is None and nl_map.relates != "channels":
            notes.append(f"Layer {number} is not shown: its keys are named tokens alone, which have no place in the picture.")
            continue
        check = cache(lambda nl_map=nl_map: check_parity(None, nl_map) if nl_map.values is not None else GIVEN)
        found += _layer(nl_map, places, check, number, len(maps), by_frame)
    if not found:
        raise ValueError(f"{network}: none of its {len(maps)} maps can be shown. {notes[0]}")
    found.insert(0, found.pop(_shown(found)))
    return tuple(replace(placed, nl_map=replace(placed.nl_map, number=at)) for at, placed in enumerate(found)), tuple(notes)


def _layer(nl_map: NLMap, places: tuple, check: Callable, number: int, layers: int, by_frame: bool) -> list[PlacedMap]:
    """The mean of a layer's heads, then each head; of a clip's frames together."""
    heads = nl_map.heads or 1
    found = []
    for head in (None, *range(1, heads + 1)) if heads > 1 else (None,):
        one = _asked_once(nl_map.head("mean" if head is None and heads > 1 else (head or 1) - 1))
        placed = (places[1], places[1]) if one.relates == "global" else places
        one = replace(one, part=_name(number, layers, head, heads))
        found += [PlacedMap(of, *placed, None, check, number, head) for of in (joined(one) if by_frame else [one])]
    return found


def _name(layer: int, layers: int, head: int | None, heads: int) -> str:
    """As people count: from 1."""
    where = f"layer {layer}" if layers > 1 else ""
    which = "" if heads == 1 else f"mean of {heads} heads" if head is None else f"head {head}"
    return ", ".join(filter(None, (where, which)))


def _asked_once(nl_map: NLMap) -> NLMap:
    """A map whose only query is a named token (class attention) is one row for all."""
    if nl_map.query_grid != (0,) or len(nl_map.query_tokens) != 1:
        return nl_map
    weights = nl_map.weights if nl_map.weights is not None else nl_map.lazy.dense()
    return replace(nl_map, relates="global", query_grid=nl_map.key_grid, query_stride=nl_map.key_stride, weights=weights, lazy=None,
                   used=weights, query_tokens=(), notes=(*nl_map.notes, f"Only the {nl_map.query_tokens[0]} asks here."))


def _shown(found: list[PlacedMap]) -> int:
    """The mean of the last layer whose queries and keys lie in the picture; else of the last with keys there."""
    means = [at for at, placed in enumerate(found) if placed.head is None]
    for wanted in (lambda p: p.queries and p.keys and p.nl_map.relates == "positions", lambda p: p.keys):
        if fitting := [at for at in means if wanted(found[at])]:
            return fitting[-1]
    return means[-1]


def derived(maps: Sequence[NLMap], frame: Frame) -> tuple[PlacedMap, ...]:
    """What attention divided into space and time does together, as one more call: see :func:`nlviz.maps.space_times`.

    The last layer first, and as many before it as DERIVED_BYTES hold.
    """
    found, size, all_of_them = [], 0, list(reversed(space_times(maps)))
    for at, nl_map in enumerate(all_of_them):
        size += nl_map.lazy.nbytes
        if found and size > DERIVED_BYTES:
            break
        name = f"pair {len(all_of_them) - at} of {len(all_of_them)}, {nl_map.part}"
        found.append(PlacedMap(replace(nl_map, part=name, number=at), *places_of(nl_map, frame), None, lambda: DERIVED))
    return tuple(found)
