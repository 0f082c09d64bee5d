"""Dependence pictures: where in the photo attention depends on the query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from ..analysis import Analysis
from ..measures import Dependence, dependence_of_queries, measure
from ..numbers import number, percent
from ..pictures import Picture
from .bars import Bar
from .checks import check_analyses, check_queries
from .columns import Column, columns_of
from .formats import format_for, shared_out
from .panels import Ground, draw_bare, draw_heatmap, draw_photo, ground_of, most_beside, panel_size
from .scales import Scale
from .sheet import Cell, compose
from .style import OPACITY, TIMES, Style
from .words import LN_2, about, among_words, headings_of, key_facts, shared_by, veil_words

PHOTO, CLIP = (("photo", 1),), (("clip", 1),)  # over it
WHAT = "mean Jensen-Shannon divergence of a query's row to the rows of all queries, nats"


@dataclass(frozen=True)
class Found:
    """A column's numbers, and each query's mean divergence to all (rows, columns), in nats; or why there is none."""

    column: Column
    numbers: Dependence
    values: Tensor | None = None
    note: str = ""

    @property
    def limits(self) -> tuple[float, float]:
        return self.values.min().item(), self.values.max().item()

    def caption(self, shared: bool) -> str:
        """The mean over all pairs of queries beside that of the same rows shuffled, and what they mean."""
        lines = [] if shared or self.values is None else [f"scale {' to '.join(map(number, self.limits))} nats"]
        if "jsd_att_nats" in self.numbers.values:
            mean, shuffled = self.numbers.values["jsd_att_nats"], self.numbers.shuffled["jsd_att_nats"]
            share = percent(mean / shuffled) if shuffled > 0 else "n/a"
            lines.append(f"mean {number(mean)} nats, {share} of {number(shuffled)} nats shuffled")
        if "cosine_att" in self.numbers.values:
            lines.append(self.numbers.sentence)
        if self.numbers.of_clip:
            lines.append(self.numbers.of_clip)
        return "\n".join(lines)


def dependence_by_networks(analyses: Sequence[Analysis], queries: Sequence[tuple[float, ...]] = (), *,
                           colour_map: str = "viridis", scale: str = TIMES, smooth: bool = False, opacity: float = OPACITY,
                           veil: str = "rising", backdrop: str = "grey", parts: Mapping[str, str] | None = None,
                           width: str = "two columns") -> Figure:
    """The photo, and for each call of a block every query's mean Jensen-Shannon divergence to all, on the query grid.

    Args:
        queries: dots on the photo, up to 8.
        scale: linear, divergences being no weights: from 0 to the highest of all panels; or ``per panel``, from its lowest to
            its highest.

    For the other arguments and errors see :func:`nlviz.figures.queries_by_networks`.
    """
    check_queries(queries, least=0)
    check_analyses(analyses, queries)
    form = format_for(width)
    style = Style(colour_map, scale, smooth, opacity, "attends to", "full", veil, backdrop)
    columns = columns_of(analyses, style.term, parts or {})
    picture = ground_of(analyses[0].picture, form, len(columns) + 1)
    found = list(map(_found, columns))
    drawn = [one for one in found if one.values is not None]
    shared = Scale(0.0, max(one.limits[1] for one in drawn)) if drawn and style.shared else None
    over = PHOTO if isinstance(picture, Picture) else CLIP
    cells = [Cell(partial(draw_photo, picture=picture, queries=queries, scale=form.scale), over)]
    cells += [Cell(partial(_draw, found=one, picture=picture, scale=shared, style=style), heading, one.caption(style.shared),
                   one.note) for one, heading in zip(found, headings_of(columns))]
    bars = [Bar(shared, colour_map, f"{WHAT}, 0 to {number(shared.high)}, {shared_by(len(drawn))}", veil)] if shared else []
    footer = key_facts(columns) if form.brief else [_reading(style, over is CLIP), *among_words(columns), *about(columns, queries)]
    return compose(form, shared_out(cells, most_beside(form, picture)), panel_size(form, picture), bars, footer)


def _found(column: Column) -> Found:
    nl_map = column.whole.nl_map
    numbers = measure(nl_map)
    try:
        values = dependence_of_queries(nl_map).detach().cpu()
    except ValueError as error:
        return Found(column, numbers, note=f"n/a: {error}")
    return Found(column, numbers, values.view(column.whole.queries.grid))


def _draw(axes: Axes, found: Found, picture: Ground, scale: Scale | None, style: Style) -> None:
    if found.values is None:
        draw_bare(axes, picture, style.backdrop)
    else:
        draw_heatmap(axes, found.column.whole, picture, found.values, scale or found.limits, style.colour_map, style.opacity,
                     style.smooth, False, style.veil, style.backdrop)


def _reading(style: Style, clip: bool) -> str:
    cells = f"smoothed between cells{' of a frame' * clip}" if style.smooth else "a colour for each cell"
    own = "" if style.shared else " Colours run from the lowest to the highest, for each panel by itself."
    return (f"Dependence pictures: at every query the {WHAT} (0 to {LN_2}), {cells}, "
            f"{veil_words(style, ['linear'], clip)}. Under each the mean over all pairs of queries, as a share of the mean with "
            f"the numbers of every row shuffled, which is what unrelated queries would give.{own}")
