"""What a figure shows: every column as seen from every query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from torch import Tensor, finfo

from ..analysis import PlacedMap
from ..maps import NLMap, cells, flat_index
from ..numbers import number
from ..pictures import Placement
from .captions import caption_of, named_shares, own_limits, reach, span
from .columns import Column
from .scales import Scale
from .style import Style

Query = tuple[float, ...]  # (x, y), fractions of width and height; of a clip (x, y, frame)
ROUNDING = 1e-5  # of the largest weight: what float32 leaves of the difference between equal rows; half precision its eps


@dataclass(frozen=True)
class Look:
    """A column seen from one query: values and their limits, or a note why there are none.

    Attributes:
        values: (rows, columns) of a heatmap or a matrix, (C,) of bars.
        limits: the lowest and the highest value, of differences alike on both sides of zero; of bars their heights.
        on_keys: a heatmap lies on the key grid, else on the query grid.
        cell: the asked cell's rectangle (left, top, right, bottom) in fractions of the picture; None where the map does
            not depend on it.
        asked: (row, column) of the cell, of a clip (t, row, column).
        whole: the sum of the row, named tokens included.
        note: stands in the panel in place of values.
        text: the caption.
        named: what named tokens take of the row.
    """

    column: Column
    values: Tensor | None = None
    limits: tuple[float, float] | None = None
    on_keys: bool = True
    cell: Sequence[float] | None = None
    asked: tuple[int, ...] | None = None
    whole: float = 1.0
    note: str = ""
    text: str = ""
    named: Mapping[str, float] = field(default_factory=dict)

    @property
    def shown_on(self) -> Placement:
        """Where the values lie."""
        return self.column.placed.keys if self.on_keys else self.column.placed.queries

    @property
    def asked_on(self) -> Placement:
        """Where the asked cell lies."""
        return self.column.placed.queries if self.on_keys else self.column.placed.keys

    @property
    def frames(self) -> list[int]:
        """Of a clip, those that the asked cell lies on; of a photo the one that it is."""
        return self.asked_on.frames_of(self.asked[0]) if len(self.asked) == 3 else [0]


def looks_of(columns: Sequence[Column], queries: Sequence[tuple[float, ...]], style: Style) -> list[list[Look]]:
    """The table of a figure: a row for each query (x, y), of a clip (x, y, frame), and a look for each column. What no query
    changes is drawn once."""
    return [[_look(column, query, style, first=not row) for column in columns] for row, query in enumerate(queries)]


def _look(column: Column, query: Query, style: Style, first: bool) -> Look:
    if column.note:
        return Look(column, note=column.note)
    if column.form == "heatmap":
        return _heatmap(column, query, style)
    return look_at_channels(column, style, alone=True) if first else Look(column, note="no row: channels")


def look_at_channels(column: Column, style: Style, alone: bool = False) -> Look:
    """What a column of channels holds; ``alone``: a matrix shares its scale with no other."""
    values = _own(column.placed.nl_map)
    if not values.isfinite().all():
        return Look(column, note="not finite")
    return _matrix(column, values, style, alone) if column.form == "matrix" else _bars(column, values)


def _heatmap(column: Column, query: Query, style: Style) -> Look:
    found = _weights_at(column, column.placed, query, style)
    if found is None:
        return Look(column, note=f"no {style.token or ('query' if style.forward else 'key')} here")
    weights, on_keys, asked = found
    if not weights.isfinite().all():
        return Look(column, note="not finite")
    if style.centred:
        largest = _weights_at(column, column.whole, query, style)[0].abs().max()
        rounding = max(ROUNDING, finfo(column.whole.nl_map.dtype).eps)
        weights = weights * (weights.abs().max() > rounding * largest)
    place = column.placed.keys if on_keys else column.placed.queries
    values = weights[: cells(place.grid)]
    limits = (-1.0, 1.0) if column.alike else own_limits(values, style.centred or column.kind == "difference")
    named = named_shares(column, weights) if style.forward else {}
    on = column.placed.queries if on_keys else column.placed.keys
    return Look(column, values.view(place.grid), limits, on_keys, asked and on.rectangle(*asked), asked, weights.sum().item(),
                named=named, text=caption_of(column, weights, values, limits, style))


def _weights_at(column: Column, placed: PlacedMap, query: Query,
                style: Style) -> tuple[Tensor, bool, tuple[int, ...] | None] | None:
    """(weights (N',) or (N,), whether they lie on the key grid, the asked cell); None where no cell covers the place.

    Named tokens stand behind the positions.
    """
    nl_map, forward = placed.nl_map, style.forward
    if not forward and placed.queries is None and nl_map.relates == "positions":
        return None  # only named tokens ask: what a key gets lies nowhere in the picture
    if style.token:
        if style.token not in (nl_map.query_tokens if forward else nl_map.key_tokens):
            return None
        index, cell = (nl_map.query if forward else nl_map.key)(style.token), None
    elif nl_map.relates == "gate":
        return _own(nl_map), True, None
    elif forward and column.same_for_all:
        return nl_map.row(0).detach().cpu().double(), True, None
    else:
        asked = placed.queries if forward else placed.keys
        cell = asked and asked.cell(*query)
        if cell is None:
            return None
        index = flat_index(cell, asked.grid)
    weights = nl_map.row(index) if forward else nl_map.column(index)
    return weights.detach().cpu().double(), forward, cell


def _own(nl_map: NLMap) -> Tensor:
    """All that a map of channels or a gate holds of the picture: (C, C), (C,) or (N,)."""
    weights = nl_map.weights if nl_map.weights is not None else nl_map.lazy.dense()
    return weights[0].detach().cpu().double()


def _matrix(column: Column, values: Tensor, style: Style, alone: bool) -> Look:
    """(C, C), rows and columns alike in the order of the weight received, the most first."""
    order = values.sum(0).argsort(descending=True, stable=True)
    limits = own_limits(values, column.kind == "difference")
    what = "own scale" if alone or not style.shared else "range"
    text = span(what, limits)
    if column.in_times(style):
        text = f"{'own scale in times uniform, ' * alone}{reach(values * len(values), 'weights')}"
    text = f"{len(values)} × {len(values)} channels, sorted by weight received, {text}"
    return Look(column, values[order][:, order], limits, text=text)


def _bars(column: Column, values: Tensor) -> Look:
    """(C,), the largest first; bars stand on zero."""
    limits = own_limits(values)
    text = f"{len(values)} channels, sorted\n{span('', limits)}"
    if not Scale(*limits).is_flat:
        text += f", median {number(values.quantile(0.5).item())}"
    return Look(column, values.sort(descending=True).values, (min(0.0, limits[0]), max(0.0, limits[1])), text=text)


def scale_of(look: Look, style: Style, shared: Mapping[str, Scale] | None = None) -> Scale | None:
    """The scale of a look, shared or its own; None where there are no values."""
    if look.values is None:
        return None
    if shared:
        return shared[look.column.kind]
    return _times_scale([look]) if look.column.in_times(style) else Scale(*look.limits)


def shared_scales(looks: Sequence[Look], style: Style) -> dict[str, Scale]:
    """Kind -> scale of all these looks, by the page's rules; none ``per panel``.

    Of distributions from 1/16 to the highest, in times uniform; of others, and on the linear scale, from the lowest to the
    highest and zero.
    """
    kinds = {look.column.kind: [other for other in looks if other.column.kind == look.column.kind] for look in looks}
    return {kind: _shared(alike, style) for kind, alike in kinds.items() if style.shared}


def _shared(looks: Sequence[Look], style: Style) -> Scale:
    if looks[0].column.in_times(style):
        return _times_scale(looks)
    return Scale(min(0.0, *(look.limits[0] for look in looks)), max(0.0, *(look.limits[1] for look in looks)))


def _times_scale(looks: Sequence[Look]) -> Scale:
    return Scale.of_times(max(look.limits[1] * look.column.placed.nl_map.shape[1] for look in looks))


def of_form(form: str, table: Sequence[Sequence[Look]]) -> list[Look]:
    """The looks of a form that have values."""
    return [look for looks in table for look in looks if look.column.form == form and look.values is not None]
