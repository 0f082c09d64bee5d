"""One item of the batch of a map, in whatever form the map is kept."""

from dataclasses import dataclass, fields, replace

from torch import Tensor

from .among import Among
from .crosses import Crosses, Product
from .difference import Difference
from .factors import Factors
from .lazy import LazyMap, OverHeads, Sum
from .windows import Windows

Form = Tensor | LazyMap
ALIKE = {Factors: ("cells",), Windows: ("queries", "keys"), Among: (), Crosses: (), Product: (), Difference: (), OverHeads: (),
         Sum: ()}  # forms, and which of their tensors all items share


def item_of(of: Form, item: int) -> Form:
    """The map of one item, (1, N, N') or (1, heads, N, N'), of a map (B, ...): nothing of the others is computed for it."""
    if isinstance(of, Tensor):
        return of[item : item + 1]
    if type(of) not in ALIKE:
        return Item(of, item)
    return replace(of, **{field.name: _part(getattr(of, field.name), item, len(of.shape)) for field in fields(of)
                          if field.name not in ALIKE[type(of)]})


def _part(value, item: int, axes: int):
    if isinstance(value, tuple):
        return tuple(_part(part, item, axes) for part in value)
    if isinstance(value, Tensor):  # a bias may be the same for all items
        return value if value.dim() < axes or value.shape[0] == 1 else value[item : item + 1]
    return item_of(value, item) if isinstance(value, LazyMap) else value


@dataclass(frozen=True)
class Item(LazyMap):
    """One item of a map that only gives the rows of all."""

    of: LazyMap
    item: int

    @property
    def shape(self) -> tuple[int, ...]:
        return 1, *self.of.shape[1:]

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        return self.of.rows(start, stop)[self.item : self.item + 1]

    def column(self, key: int) -> Tensor:
        return self.of.column(key)[self.item : self.item + 1]
