"""What a figure shows: every map as seen from every query."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log

from torch import Tensor

from ..analysis import Analysis, PlacedMap
from ..metrics import entropy
from .colours import is_flat


@dataclass(frozen=True)
class Column:
    """A map of a network, and the letter that ties its heading to its caption."""

    letter: str
    analysis: Analysis
    placed: PlacedMap

    @property
    def is_global(self) -> bool:
        return self.placed.nl_map.relates == "global"


@dataclass(frozen=True)
class Look:
    """A map seen from one query: values (rows, columns) and their limits, or a note why there are none."""

    column: Column
    values: Tensor | None
    limits: tuple[float, float] | None = None
    cell: Sequence[float] | None = None  # the asked cell's rectangle; None where the map does not depend on it
    note: str = ""
    text: str = ""


def columns_of(analyses: Sequence[Analysis]) -> list[Column]:
    pairs = [(a, placed) for a in analyses for placed in a.maps]
    letters = [chr(97 + i) if i < 26 else str(i + 1) for i in range(len(pairs))]
    return [Column(letter, *pair) for letter, pair in zip(letters, pairs)]


def look_from(column: Column, x: float, y: float, direction: str, scale: str) -> Look:
    nl_map, forward = column.placed.nl_map, direction == "attends to"
    asked, shown = (column.placed.queries, column.placed.keys)[:: 1 if forward else -1]
    cell = asked.cell(x, y)
    if forward and column.is_global:
        values, box = nl_map.row(0), None
    elif cell is None:
        return Look(column, None, note=f"no {'query' if forward else 'key'} here")
    else:
        index, box = cell[0] * asked.grid[1] + cell[1], asked.rectangle(*cell)
        values = nl_map.row(index) if forward else nl_map.column(index)
    values = values.detach().cpu().double()
    if not values.isfinite().all():
        return Look(column, None, note="not finite")
    limits = (values.min().item(), values.max().item())
    text = (f"{number(limits[1])} everywhere" if is_flat(limits) else
            f"{'range' if scale == 'shared' else 'scale'} {number(limits[0])} to {number(limits[1])}")
    if forward and nl_map.rows == "distribution" and len(values) > 1:
        text += f"\nentropy {percent(entropy(values).item() / log(len(values)))} of uniform"
    return Look(column, values.reshape(shown.grid), limits, box, text=text)


def shared_limits(table: list[list[Look]]) -> dict[str, tuple[float, float]]:
    """Kind of rows -> limits of all its panels: the page's rule, from the lowest to the highest and zero."""
    shared: dict[str, tuple[float, float]] = {}
    for look in (look for looks in table for look in looks if look.limits):
        rows = look.column.placed.nl_map.rows
        low, high = shared.get(rows, (0.0, 0.0))
        shared[rows] = (min(low, look.limits[0]), max(high, look.limits[1]))
    return shared


def number(value: float) -> str:
    size = abs(value)
    if size == 0:
        return "0"
    if size >= 1e5 or size < 1e-4:
        text = f"{value:.1e}".replace("e-0", "e-").replace("e+0", "e")
    else:
        text = f"{value:.0f}" if size >= 100 else f"{value:.3g}" if size >= 1 else f"{value:.2g}"
    return text.replace("-", "−")


def percent(share: float) -> str:
    value = 100 * share
    return "< 0.1 %" if 0 < value < 0.1 else f"{value:.0f} %" if value >= 10 else f"{value:.1f} %"
