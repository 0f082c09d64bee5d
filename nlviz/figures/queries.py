"""Queries by networks: the figure of GCNet."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from PIL import Image

from ..analysis import Analysis
from ..images import Picture
from .channels import INK, draw_bars, draw_empty, draw_matrix
from .colours import PIN_COLOURS
from .columns import columns_of
from .looks import Look, heatmaps, looks_of, shared_limits
from .output import settings
from .panels import draw_bare, draw_heatmap, draw_photo, outline
from .sheet import Sheet
from .style import Style
from .words import bar_label, footer_of, headings_of


def queries_by_networks(analyses: Sequence[Analysis], queries: Sequence[tuple[float, float]], *, colour_map: str = "viridis",
                        scale: str = "shared", smooth: bool = False, opacity: float = 0.6, direction: str = "attends to",
                        term: str = "full", parts: Mapping[str, str] | None = None) -> Figure:
    """The figure of GCNet (arXiv 1904.11492, fig. 1): a row for each query, the photo and a column for each call of a block.

    Positions are a heatmap over the photo. Channels have no row for a place in the picture: their matrix, or a bar for
    each of their values, stands in the first row alone, with a scale of its own. Up to five columns make the figure at
    most 6.9 inches wide with text of 6 points and more; further columns widen it.

    Args:
        analyses: of one picture.
        queries: (x, y), fractions of width and height, 1 to 8 of them.
        scale: ``shared`` by all heatmaps with the same kind of rows, from min(0, lowest) to highest; or ``per panel``.
        direction: ``attends to``, the row of the query on the key grid; or ``attended by``, the column of the key
            at that point on the query grid.
        term: one of :data:`nlviz.maps.TERMS`. Columns without it say why. Differences from the mean row have colours
            of their own, centred at zero.
        parts: ``{model.name}/{number of the call}`` to the name of the map to draw (``NLMap.part``), for blocks with
            several; without it a call's first map is drawn.

    Raises:
        ValueError: no query or more than 8, one outside 0 to 1, no map, different pictures, opacity outside
            0 to 1, unknown colour map, scale, direction, term or part.
    """
    _check(analyses, queries)
    style = Style(colour_map, scale, smooth, opacity, direction, term)
    columns = columns_of(analyses, term, parts or {})
    table = looks_of(columns, queries, style)
    shared = shared_limits(table, style)
    framed = any(look.cell for looks in table for look in looks)
    with settings():
        sheet = Sheet.plan(_small_enough(analyses[0].picture), headings_of(columns),
                           [[look.text for look in looks] for looks in table], len(shared),
                           footer_of(columns, queries, style, framed))
        for row, (query, looks) in enumerate(zip(queries, table)):
            draw_photo(sheet.panel(row, 0), sheet.picture, [query], first=row + 1)
            for column, look in enumerate(looks, 1):
                _draw(sheet, row, column, look, shared.get(look.column.kind, look.limits), style)
        for index, (kind, limits) in enumerate(shared.items()):
            panels = sum(look.column.kind == kind for look in heatmaps(table))
            sheet.draw_bar(index, limits, style.heat_colours, bar_label(kind, limits, panels, style))
        sheet.draw_headings()
        sheet.draw_captions()
        sheet.draw_footer()
    return sheet.figure


def _check(analyses: Sequence[Analysis], queries: Sequence[tuple[float, float]]) -> None:
    if not 1 <= len(queries) <= len(PIN_COLOURS):
        raise ValueError(f"a figure takes 1 to {len(PIN_COLOURS)} queries, got {len(queries)}")
    for x, y in queries:
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f"a query is given by fractions of width and height, 0 to 1, got {x}, {y}")
    if not any(a.maps for a in analyses):
        raise ValueError("a figure needs at least one analysis with a map in it")
    first = analyses[0].picture
    for other in (a.picture for a in analyses):
        if other is not first and other.sha256 != first.sha256:
            raise ValueError(f"all analyses must be of one picture, got {first.name} {first.size} and {other.name} {other.size}")


def _small_enough(picture: Picture, longest: int = 1400) -> Picture:
    """The picture at a size that print still resolves: a panel of 2.4 inches at 600 dpi."""
    if max(picture.size) <= longest:
        return picture
    size = [max(1, round(side * longest / max(picture.size))) for side in picture.size]
    return Picture(picture.image.resize(size, Image.Resampling.LANCZOS), picture.name, picture.notes)


def _draw(sheet: Sheet, row: int, column: int, look: Look, limits: tuple[float, float] | None, style: Style) -> None:
    """Draw a look into its panel; limits are those of a heatmap, shared or its own."""
    axes, form = sheet.panel(row, column), look.column.form
    if look.values is None and (form == "heatmap" or look.column.note):
        draw_bare(axes, sheet.picture)
        sheet.note(axes, look.note, "black")
    elif look.values is None:
        draw_empty(axes)
        sheet.note(axes, look.note, INK)
    elif form == "matrix":
        draw_matrix(axes, look.values, look.limits, style.colour_map)
    elif form == "bars":
        draw_bars(axes, look.values, look.limits)
    else:
        draw_heatmap(axes, look.column.placed, sheet.picture, look.values, limits, style.heat_colours, style.opacity,
                     style.smooth, look.on_keys)
        if look.cell:
            outline(axes, look.cell, sheet.picture.size)
