"""Layers x heads of a network, as figures draw them."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..analysis import Analysis, PlacedMap
from .columns import letter

MEAN = 0  # stands for the mean of the heads where heads are numbered


@dataclass(frozen=True)
class Stack:
    """The maps of a network's layers.

    Attributes:
        maps: (layer, head) to map, both from 1; head MEAN is the mean of several.
    """

    letter: str
    analysis: Analysis
    maps: dict[tuple[int, int], PlacedMap]

    @property
    def layers(self) -> list[int]:
        return sorted({layer for layer, _ in self.maps})

    @property
    def heads(self) -> list[int]:
        """MEAN first, where there is one."""
        return sorted({head for _, head in self.maps})

    @property
    def of_heads(self) -> list[PlacedMap]:
        """Every map that is no mean, layer by layer."""
        return [self.maps[key] for key in sorted(self.maps) if key[1] != MEAN]


def stacks_of(analyses: Sequence[Analysis]) -> tuple[list[Stack], list[str]]:
    """The networks that have layers x heads over the picture; and of each other network a sentence that says so."""
    found, without = [], []
    for at, analysis in enumerate(analyses):
        maps = {(placed.layer, _number(placed, analysis)): placed for placed in analysis.maps
                if placed.layer is not None and placed.keys is not None}
        if maps:
            found.append(Stack(letter(at), analysis, maps))
        else:
            without.append(f"({letter(at)}) {analysis.model.title}: n/a, it has no layers × heads over the picture.")
    return found, without


def _number(placed: PlacedMap, analysis: Analysis) -> int:
    """Where a layer has one head, it is head 1."""
    if placed.head is not None:
        return placed.head
    return MEAN if any(other.layer == placed.layer and other.head == 1 for other in analysis.maps) else 1
