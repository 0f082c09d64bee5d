"""What stands in a column: one map of a call of a block, or the term of it that was asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from ..analysis import Analysis, PlacedMap
from .style import TIMES, Style

Call = tuple[PlacedMap, ...]


@dataclass(frozen=True)
class Column:
    """A map of a network, and the letter that ties its heading to its caption.

    Attributes:
        whole: the map.
        placed: what is drawn: the map, or the term of it.
        term: one of TERMS or SIMILARITIES.
        note: why the map has no such term, "" where it has.
        several: its call has further maps.
    """

    letter: str
    analysis: Analysis
    whole: PlacedMap
    placed: PlacedMap
    term: str
    note: str
    several: bool

    @property
    def form(self) -> str:
        """How it is drawn: a ``heatmap`` over the photo, a ``matrix`` of channels or ``bars``, one for each channel."""
        if self.placed.keys is not None:
            return "heatmap"
        return "matrix" if self.whole.nl_map.relates == "channels" else "bars"

    @property
    def kind(self) -> str:
        """Panels of one kind share a scale: ``gate``, or what the rows of the whole map are."""
        if self.alike:
            return "similarity"
        return "gate" if self.whole.nl_map.relates == "gate" else self.whole.nl_map.rows

    @property
    def alike(self) -> bool:
        """Whether it is a similarity of features, and not of the map."""
        return self.placed.nl_map.rows == "similarity"

    def in_times(self, style: Style) -> bool:
        """Whether its scale is the logarithmic one: its rows are distributions, and so is the term that is drawn."""
        return style.scale == TIMES and self.kind == self.placed.nl_map.rows == "distribution"

    @property
    def same_for_all(self) -> bool:
        """Whether its heatmap is the same for every query: of a global map, a gate, a unary term of one cell."""
        nl_map = self.placed.nl_map
        unary = self.term == "unary only" and not self.note and getattr(nl_map.lazy, "cells", None) is None
        return self.form == "heatmap" and (nl_map.relates in ("global", "gate") or unary)


def columns_of(analyses: Sequence[Analysis], term: str, parts: Mapping[str, str]) -> list[Column]:
    """A column for each call of a block: its first map, or the one that ``parts`` names; behind it those of its further keys.

    Args:
        parts: ``{model.name}/{number of the call}`` to the name of a map, and ``.../{number}+1``, ``+2``, ... to further ones.

    Raises:
        ValueError: ``parts`` names a call or a map that is not there.
    """
    found = [(a, call, placed) for a, call, chosen in _chosen_of(analyses, parts) for placed in chosen]
    return [column_of(letter(at), analysis, call, placed, term) for at, (analysis, call, placed) in enumerate(found)]


def columns_of_channels(analyses: Sequence[Analysis], parts: Mapping[str, str] = MappingProxyType({})) -> list[Column]:
    """A column for each map of channels: a matrix, or a value for each of them; of layers x heads those that are chosen."""
    found = [(a, call, placed) for a, call, chosen in _chosen_of(analyses, parts)
             for placed in (call if call[0].layer is None else chosen) if placed.keys is None]
    return [column_of(letter(at), analysis, call, placed, "full") for at, (analysis, call, placed) in enumerate(found)]


def _chosen_of(analyses: Sequence[Analysis], parts: Mapping[str, str]) -> list[tuple[Analysis, Call, list[PlacedMap]]]:
    """For each call the maps that ``parts`` chooses of it, at least one."""
    calls = {f"{a.model.name}/{number}": None for a in analyses for number, _ in enumerate(a.calls)}
    keys: dict[str, list[str]] = {call: [call] for call in calls}
    for key in sorted(parts, key=lambda key: (len(key), key)):  # +2 before +10
        call = key if key in keys else key[: key.rfind("+")]
        if call not in keys:
            raise ValueError(f"no call of a block is named {key!r}; there are: {', '.join(calls)}")
        keys[call] += [key] * (key != call)
    return [(a, call, [_chosen(key, call, parts) for key in keys[f"{a.model.name}/{number}"]])
            for a in analyses for number, call in enumerate(a.calls)]


def letter(index: int) -> str:
    """a, b, ..., z, 27, ..."""
    return chr(97 + index) if index < 26 else str(index + 1)


def _chosen(key: str, call: Sequence[PlacedMap], parts: Mapping[str, str]) -> PlacedMap:
    named = {placed.nl_map.part: placed for placed in call}
    if key not in parts:
        return call[0]
    if parts[key] not in named:
        raise ValueError(f"{key} has no map {parts[key]!r}; it has: {', '.join(map(repr, named))}")
    return named[parts[key]]


def column_of(letter: str, analysis: Analysis, call: Sequence[PlacedMap], whole: PlacedMap, term: str) -> Column:
    """One map of a call, or the term of it."""
    try:
        placed, note = whole.term(term), ""
    except ValueError as error:
        placed, note = whole, str(error)
    return Column(letter, analysis, whole, placed, term, note, len(call) > 1)
