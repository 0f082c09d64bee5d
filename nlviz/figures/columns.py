"""What stands in a column: one map of a call of a block, or the term of it that was asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..analysis import Analysis, PlacedMap
from .style import TIMES, Style


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
    """A column for each call of a block: its first map, or the one that ``parts`` names.

    Raises:
        ValueError: ``parts`` names a call or a map that is not there.
    """
    calls = [(a, f"{a.model.name}/{number}", call) for a in analyses for number, call in enumerate(a.calls)]
    keys = [key for _, key, _ in calls]
    for unknown in (key for key in parts if key not in keys):
        raise ValueError(f"no call of a block is named {unknown!r}; there are: {', '.join(keys)}")
    return [_column(_letter(at), analysis, call, _chosen(key, call, parts), term) for at, (analysis, key, call) in enumerate(calls)]


def columns_of_channels(analyses: Sequence[Analysis]) -> list[Column]:
    """A column for each map of channels: a matrix, or a value for each of them."""
    found = [(a, call, placed) for a in analyses for call in a.calls for placed in call if placed.keys is None]
    return [_column(_letter(at), analysis, call, placed, "full") for at, (analysis, call, placed) in enumerate(found)]


def _letter(index: int) -> str:
    return chr(97 + index) if index < 26 else str(index + 1)


def _chosen(key: str, call: Sequence[PlacedMap], parts: Mapping[str, str]) -> PlacedMap:
    named = {placed.nl_map.part: placed for placed in call}
    if key not in parts:
        return call[0]
    if parts[key] not in named:
        raise ValueError(f"{key} has no map {parts[key]!r}; it has: {', '.join(map(repr, named))}")
    return named[parts[key]]


def _column(letter: str, analysis: Analysis, call: Sequence[PlacedMap], whole: PlacedMap, term: str) -> Column:
    try:
        placed, note = whole.term(term), ""
    except ValueError as error:
        placed, note = whole, str(error)
    return Column(letter, analysis, whole, placed, term, note, len(call) > 1)
