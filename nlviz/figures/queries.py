"""Queries by networks: the figure of GCNet. And the same of one query, as a figure that wraps."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..analysis import Analysis
from ..recipes import Recipe
from .bars import Bar
from .channels import INK, draw_bars, draw_empty, draw_matrix
from .checks import check_analyses, check_queries
from .columns import Column, columns_of
from .formats import Format, format_for, shared_out
from .looks import Look, Query, looks_of, of_form, scale_of, shared_scales
from .output import Lazily
from .panels import Ground, draw_bare, draw_heatmap, draw_photo, ground_of, most_beside, outline_cell, panel_size
from .scales import Scale
from .sheet import Cell, compose
from .style import OPACITY, TIMES, Style
from .words import bar_label, footer_of, headings_of

QUERY = (("query", 1),)  # over the photo


def queries_by_networks(analyses: Sequence[Analysis], queries: Sequence[tuple[float, ...]], *, colour_map: str = "viridis",
                        scale: str = TIMES, smooth: bool = False, opacity: float = OPACITY, direction: str = "attends to",
                        term: str = "full", veil: str = "rising", backdrop: str = "grey", token: str = "",
                        parts: Mapping[str, str] | None = None, width: str = "two columns") -> Figure:
    """The figure of GCNet (arXiv 1904.11492, fig. 1): a row for each query, the photo and a column for each call of a block.

    Positions are a heatmap over the photo. Channels have no row for a place in the picture: their matrix, or a bar for
    each of their values, stands in the first row alone, with a scale of its own. The figure is exactly as wide as asked
    for; what does not fit beside the photo goes on in a further band, under the photo again.

    Args:
        analyses: of one picture.
        queries: (x, y), fractions of width and height, 1 to 8 of them; of a clip (x, y, frame), the frame from 0.
        scale: ``times uniform``, logarithmic, shared by all heatmaps whose rows are distributions, from 1/16 of an even share
            to the highest; others, and all with ``shared``, have a linear one for each kind of rows, from min(0, lowest) to
            highest; or ``per panel``.
        direction: ``attends to``, the row of the query on the key grid; or ``attended by``, the column of the key
            at that point on the query grid.
        term: one of :data:`nlviz.maps.TERMS`. Columns without it say why. Differences from the mean row have colours
            of their own, centred at zero.
        veil: ``rising`` along the scale from the bare photo, see :meth:`nlviz.figures.Scale.opacities`; or ``even``.
        backdrop: the photo under heatmaps, in ``grey`` or in ``colour``.
        token: ask the named token of this name (``class token``) in place of the queries' places; panels of maps without it say
            so.
        parts: ``{model.name}/{number of the call}`` to the name of the map to draw (``NLMap.part``), for blocks with
            several; without it a call's first map is drawn. ``.../{number}+1`` is a further map beside it.
        width: a name of :data:`nlviz.recipes.WIDTHS`. Text has 6 points and more, on a slide 12.

    Raises:
        ValueError: no query or more than 8, one outside 0 to 1, no map, different pictures, opacity outside
            0 to 1, unknown colour map, scale, direction, term, veil, backdrop, part or width.
    """
    style = Style(colour_map, scale, smooth, opacity, direction, term, veil, backdrop, token)
    return _figure(analyses, queries, style, parts, width, _bands)


def one_query(analyses: Sequence[Analysis], query: tuple[float, ...], *, colour_map: str = "viridis", scale: str = TIMES,
              smooth: bool = False, opacity: float = OPACITY, direction: str = "attends to", term: str = "full",
              veil: str = "rising", backdrop: str = "grey", token: str = "", parts: Mapping[str, str] | None = None,
              width: str = "two columns") -> Figure:
    """The photo and a panel for each call of a block, in as many rows as the width needs; see ``queries_by_networks``."""
    style = Style(colour_map, scale, smooth, opacity, direction, term, veil, backdrop, token)
    return _figure(analyses, [query], style, parts, width, _flow)


def _figure(analyses: Sequence[Analysis], queries: Sequence[tuple[float, ...]], style: Style, parts: Mapping[str, str] | None,
            width: str, arrange: Callable[[list[list[Cell]], int], list[list[Cell]]]) -> Figure:
    check_queries(queries)
    check_analyses(analyses, queries)
    columns = columns_of(analyses, style.term, parts or {})
    table = looks_of(columns, queries, style)
    return _draw_table(columns, queries, table, shared_scales(of_form("heatmap", table), style), style, width, arrange)


def draw_places(analyses: Sequence[Analysis], places: Sequence[Query], recipe: Recipe) -> Sequence[Figure]:
    """``one_query`` for each place of a query that moves, drawn one by one, on the scales of all."""
    style = Style.of(recipe)
    columns = columns_of(analyses, style.term, recipe.parts)
    looks = [looks_of(columns, [place], style) for place in places]
    shared = shared_scales(of_form("heatmap", [row for table in looks for row in table]), style)
    return Lazily(len(places), lambda at: _draw_table(columns, [places[at]], looks[at], shared, style, recipe.width, _flow))


def _draw_table(columns: Sequence[Column], queries: Sequence[Query], table: Sequence[Sequence[Look]], shared: Mapping[str, Scale],
                style: Style, width: str, arrange: Callable[[list[list[Cell]], int], list[list[Cell]]]) -> Figure:
    form = format_for(width)
    picture, found = ground_of(columns[0].analysis.picture, form, len(columns) + 1), of_form("heatmap", table)
    headings = [QUERY, *headings_of(columns)]
    rows = [[Cell(partial(draw_photo, picture=picture, queries=[query], first=number, scale=form.scale)),
             *(_cell(look, picture, _scale(look, style, shared), style, form) for look in looks)]
            for number, (query, looks) in enumerate(zip(queries, table), 1)]
    rows[0] = [replace(cell, heading=heading) for cell, heading in zip(rows[0], headings)]
    counts = Counter(look.column.kind for look in found)
    bars = [Bar(one, style.colours_of(kind), bar_label(kind, one, counts[kind], style), style.veil) for kind, one in shared.items()]
    footer = footer_of(columns, queries, style, framed=any(look.cell for look in found), brief=form.brief)
    return compose(form, arrange(rows, most_beside(form, picture)), panel_size(form, picture), bars, footer)


def _scale(look: Look, style: Style, shared: Mapping[str, Scale]) -> Scale | None:
    """Heatmaps share theirs; matrices of channels have their own."""
    return scale_of(look, style, shared if look.column.form == "heatmap" else None)


def _bands(rows: list[list[Cell]], most: int) -> list[list[Cell]]:
    """All rows with the first columns, then all with the next, the photos again in front."""
    columns = shared_out(range(1, len(rows[0])), max(1, most - 1))
    return [[row[0], *(row[column] for column in band)] for band in columns for row in rows]


def _flow(rows: list[list[Cell]], most: int) -> list[list[Cell]]:
    return shared_out(rows[0], most)


def _cell(look: Look, picture: Ground, scale: Scale | None, style: Style, form: Format) -> Cell:
    """A look as a panel."""
    shown = look.column.form == "heatmap" or bool(look.column.note)
    draw = partial(_draw, look=look, picture=picture, scale=scale, style=style, form=form)
    caption = look.text.partition("\n")[0].partition(",")[0] if form.brief else look.text
    return Cell(draw, caption=caption, note=look.note, ink="black" if shown else INK)


def _draw(axes: Axes, look: Look, picture: Ground, scale: Scale | None, style: Style, form: Format) -> None:
    shape = look.column.form
    if look.values is None and (shape == "heatmap" or look.column.note):
        draw_bare(axes, picture, style.backdrop)
    elif look.values is None:
        draw_empty(axes)
    elif shape == "matrix":
        draw_matrix(axes, look.values, scale, style.matrix_colours_of(look.column.kind))
    elif shape == "bars":
        draw_bars(axes, look.values, look.limits)
    else:
        draw_heatmap(axes, look.column.placed, picture, look.values, scale, style.colours_of(look.column.kind), style.opacity,
                     style.smooth, look.on_keys, style.veil, style.backdrop)
        if look.cell:
            outline_cell(axes, look.cell, look.frames, picture, form.scale)
