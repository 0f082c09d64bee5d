"""Which maps of a network are meant: by the names of layers, by their numbers, by heads."""

from collections.abc import Mapping, Sequence

from torch import nn

from ..blocks import Block
from .refusing import check_layers, names_of

Heads = tuple[int, ...] | None | bool  # numbers from 0; None for all; False where the layer is not meant


class Chosen:
    """Layers and heads as ``replaced_maps`` takes them.

    Raises:
        ValueError: there is no such layer; numbers that are no whole ones from 1 (heads: from 0), or none at all; a dict of heads
            beside layers.
    """

    def __init__(self, model: nn.Module, layers: Sequence[str | int] | None, heads: Sequence[int] | Mapping | None):
        if isinstance(heads, Mapping) and layers is not None:
            raise ValueError("a dict of heads says the layers itself: leave layers out")
        if isinstance(layers, (str, int)):
            raise ValueError(f"layers must be a list of names and numbers, got {layers!r}")
        self.all = _heads(None if isinstance(heads, Mapping) else heads)
        self.asked = {key: _heads(own) for key, own in heads.items()} if isinstance(heads, Mapping) else (
            None if layers is None else dict.fromkeys(layers, self.all))
        if self.asked == {}:
            raise ValueError("no layer is chosen: leave layers out for all of them")
        for number in self.asked or ():
            if not isinstance(number, str) and (type(number) is not int or number < 1):
                raise ValueError(f"a layer is a dotted name, or the number of a map from 1 on, got {number!r}")
        self.names = None if self.asked is None else tuple(key for key in self.asked if isinstance(key, str))
        check_layers(model, self.names)
        self.met: set[str | int] = set()
        self.blocks_alone = isinstance(model, Block) or self._blocks_alone(model)

    def _blocks_alone(self, model: nn.Module) -> bool:
        if self.asked is None or len(self.names) < len(self.asked):
            return False
        by_name = {name: module for module, name in zip(model.modules(), names_of(model).values())}
        return all(isinstance(by_name[name], Block) for name in self.names)

    def heads_of(self, layer: str, number: int) -> Heads:
        """The heads of a map that are meant: of one that is the ``number``-th of its pass, from 1."""
        if self.asked is None:
            return self.all
        for key, heads in self.asked.items():
            if key == number if isinstance(key, int) else _lies_in(layer, key):
                self.met.add(key)
                return heads
        return False

    def is_apart_from(self, other: "Chosen") -> bool:
        """Whether no map of the same model can be meant by both: names and numbers are not compared."""
        pairs = [(a, b) for a in self.asked or () for b in other.asked or ()]
        if not pairs or len({type(key) for pair in pairs for key in pair}) > 1:
            return False
        return not any(a == b or (isinstance(a, str) and (_lies_in(a, b) or _lies_in(b, a))) for a, b in pairs)

    def check_met(self, count: int) -> None:
        """Raise ValueError where something that was asked for was not met in a pass of so many maps."""
        for key in self.asked or ():
            if key not in self.met:
                raise ValueError(f"no map number {key}: there were {count} in this pass" if isinstance(key, int) else
                                 f"no attention ran in layer {key!r}")


def _lies_in(layer: str, key: str) -> bool:
    return key in (layer, "") or layer.startswith(f"{key}.")


def _heads(heads: Sequence[int] | None) -> tuple[int, ...] | None:
    if heads is None:
        return None
    found = (heads,) if isinstance(heads, int) else tuple(heads)
    if not found or any(type(head) is not int or head < 0 for head in found) or len(set(found)) < len(found):
        raise ValueError(f"heads are different numbers from 0 on, at least one, got {heads!r}")
    return found
