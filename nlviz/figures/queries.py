"""Queries by networks: the figure of GCNet."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from ..analysis import Analysis
from ..images import Picture
from .colours import COLOUR_MAPS, PIN_COLOURS, check_choice
from .looks import Look, columns_of, look_from, number, shared_limits
from .output import settings
from .panels import draw_bare, draw_heatmap, draw_photo, outline
from .sheet import SMALL, Sheet
from .words import ROWS, footer_of, headings_of

SCALES = ("shared", "per panel")
DIRECTIONS = ("attends to", "attended by")


def queries_by_networks(analyses: Sequence[Analysis], queries: Sequence[tuple[float, float]], *, colour_map: str = "viridis",
                        scale: str = "shared", smooth: bool = False, opacity: float = 0.6,
                        direction: str = "attends to") -> Figure:
    """The figure of GCNet (arXiv 1904.11492, fig. 1): a row for each query, the photo and a column for each map.

    Up to five columns make it at most 6.9 inches wide with text of 6 points and more; further columns widen it.

    Args:
        analyses: of one picture; every map of each becomes a column.
        queries: (x, y), fractions of width and height, 1 to 8 of them.
        scale: ``shared`` by all panels with the same kind of rows, from min(0, lowest) to highest; or ``per panel``.
        direction: ``attends to``, the row of the query on the key grid; or ``attended by``, the column of the key
            at that point on the query grid.

    Raises:
        ValueError: no query or more than 8, one outside 0 to 1, no map, different pictures, opacity outside
            0 to 1, unknown colour map, scale or direction.
    """
    _check(analyses, queries, colour_map, scale, direction, opacity)
    columns = columns_of(analyses)
    table = [[look_from(column, x, y, direction, scale) for column in columns] for x, y in queries]
    shared = shared_limits(table) if scale == "shared" else {}
    with settings():
        sheet = Sheet.plan(columns, len(queries), _small_enough(analyses[0].picture), headings_of(columns),
                           list(shared), footer_of(columns, queries, scale, smooth, opacity, direction))
        sheet.draw_headings()
        for index, (query, looks) in enumerate(zip(queries, table)):
            draw_photo(sheet.panel(index, 0), sheet.picture, [query], first=index + 1)
            for position, look in enumerate(looks, 1):
                limits = shared.get(look.column.placed.nl_map.rows, look.limits)
                _draw_look(sheet.panel(index, position), sheet.picture, look, limits, colour_map, opacity, smooth, direction)
                sheet.caption(index, position, look.text.splitlines())
        for index, (rows, limits) in enumerate(shared.items()):
            panels = sum(look.limits is not None and look.column.placed.nl_map.rows == rows for looks in table for look in looks)
            sheet.draw_bar(index, limits, colour_map, f"weight ({ROWS.get(rows, rows)}), {number(limits[0])} to "
                           f"{number(limits[1])}, shared by {panels} panel{'s' * (panels != 1)}")
        sheet.draw_footer()
    return sheet.figure


def _check(analyses: Sequence[Analysis], queries: Sequence[tuple[float, float]], colour_map: str, scale: str,
           direction: str, opacity: float) -> None:
    check_choice("colour map", colour_map, COLOUR_MAPS)
    check_choice("scale", scale, SCALES)
    check_choice("direction", direction, DIRECTIONS)
    if not 1 <= len(queries) <= len(PIN_COLOURS):
        raise ValueError(f"a figure takes 1 to {len(PIN_COLOURS)} queries, got {len(queries)}")
    for x, y in queries:
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f"a query is given by fractions of width and height, 0 to 1, got {x}, {y}")
    if not 0 <= opacity <= 1:
        raise ValueError(f"opacity goes from 0 to 1, got {opacity}")
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


def _draw_look(axes: Axes, picture: Picture, look: Look, limits: tuple[float, float] | None, colour_map: str,
               opacity: float, smooth: bool, direction: str) -> None:
    if look.values is None:
        draw_bare(axes, picture)
        axes.text(0.5, 0.5, look.note, transform=axes.transAxes, fontsize=SMALL, ha="center", va="center",
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})
        return
    draw_heatmap(axes, look.column.placed, picture, look.values, limits, colour_map, opacity, smooth, direction == "attends to")
    if look.cell:
        outline(axes, look.cell, picture.size)
