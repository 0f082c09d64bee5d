"""Filmstrip with arrows: the frames of a clip, and over them what a place in one of them attends to in all."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from matplotlib.figure import Figure

from ..analysis import Analysis
from ..pictures import Clip
from ..recipes import Recipe
from .bars import Bar
from .checks import check_analyses, check_queries
from .columns import columns_of
from .film import Film
from .formats import Format, format_for
from .frame_shares import frame_shares
from .lines import NBSP, wrap
from .looks import Look, Query, looks_of, of_form, shared_scales
from .output import Lazily
from .scales import Scale
from .sheet import compose
from .strips import Strip, caption_of_strip, cell_of_strip, film_of, frame_width
from .style import OPACITY, TIMES, Style
from .words import bar_label, footer_of


def filmstrip(analyses: Sequence[Analysis], queries: Sequence[Query], *, colour_map: str = "viridis", scale: str = TIMES,
              smooth: bool = False, opacity: float = OPACITY, direction: str = "attends to", term: str = "full",
              veil: str = "rising", backdrop: str = "grey", token: str = "", parts: Mapping[str, str] | None = None,
              arrows: int = 20, width: str = "two columns") -> Figure:
    """The figure of Wang et al. 2018 (arXiv 1711.07971, fig. 1): the frames of a clip side by side, in rows where the page is
    narrow, and arrows from the query's cell to its strongest keys in all of them. A strip for each network and query.

    Under each frame stands its share of the row's weight.

    Args:
        analyses: of one clip.
        queries: (x, y, frame), fractions of width and height, and the frame from 0; 1 to 8 of them.
        arrows: how many keys they lead to, those with the largest weights but the query's own cell; 0 for none.

    For the other arguments and errors see :func:`nlviz.figures.queries_by_networks`.

    Raises:
        ValueError: the analyses are of a picture; or see there.
    """
    style = Style(colour_map, scale, smooth, opacity, direction, term, veil, backdrop, token)
    check_queries(queries)
    check_clip(analyses)
    check_analyses(analyses, queries)
    columns = columns_of(analyses, style.term, parts or {})
    table = looks_of(columns, queries, style)
    strips = [Strip(column, query, number, table[number - 1][at]) for at, column in enumerate(columns)
              for number, query in enumerate(queries, 1)]
    return draw_strips(strips, style, shared_scales(of_form("heatmap", table), style), arrows, width)


def check_clip(analyses: Sequence[Analysis]) -> None:
    """Raise ValueError where they are not of a clip."""
    if analyses and not isinstance(analyses[0].picture, Clip):
        raise ValueError(f"{analyses[0].picture.name} is a picture: a filmstrip shows the frames of a clip")


def draw_moments(analyses: Sequence[Analysis], places: Sequence[Query], recipe: Recipe) -> Sequence[Figure]:
    """A filmstrip for each place of a query that moves, drawn one by one, on the scales of all and with the same room for words."""
    style, form = Style.of(recipe), format_for(recipe.width)
    columns = columns_of(analyses, style.term, recipe.parts)
    table = looks_of(columns, places, style)
    shared = shared_scales(of_form("heatmap", table), style)
    rows = [[Strip(column, query, 1, look) for column, look in zip(columns, looks)] for query, looks in zip(places, table)]
    captions = _equally_long([[caption_of_strip(strip, style, form) for strip in row] for row in rows], form)
    return Lazily(len(rows), lambda at: draw_strips(rows[at], style, shared, recipe.arrows, recipe.width, captions[at]))


def _equally_long(table: Sequence[Sequence[str]], form: Format) -> list[list[str]]:
    """Captions that take as many lines at each place, so that nothing jumps."""
    lines = [[len(wrap(caption, form.column(1), form.small)) for caption in row] for row in table]
    most = [max(column) for column in zip(*lines)]
    return [[caption + f"\n{NBSP}" * (longest - count) for caption, count, longest in zip(row, counts, most)]
            for row, counts in zip(table, lines)]


def draw_strips(strips: Sequence[Strip], style: Style, shared: Mapping[str, Scale], arrows: int, width: str,
                captions: Sequence[str] = ()) -> Figure:
    """The strips below each other; with ``captions`` these in place of their own."""
    form, clip = format_for(width), strips[0].column.analysis.picture
    film = film_of(clip, form)
    found = [strip.look for strip in strips if strip.look.values is not None and strip.column.form == "heatmap"]
    cells = [cell_of_strip(strip, film, style, shared, arrows, form) for strip in strips]
    cells = [replace(cell, caption=caption) for cell, caption in zip(cells, captions)] or cells
    counts = Counter(look.column.kind for look in found)
    bars = [Bar(one, style.colours_of(kind), bar_label(kind, one, counts[kind], style), style.veil)
            for kind, one in shared.items() if counts[kind]]
    columns, queries = (list({key(strip): value(strip) for strip in strips}.values()) for key, value in (
        (lambda strip: strip.column.letter, lambda strip: strip.column), (lambda strip: strip.number, lambda strip: strip.query)))
    about = footer_of(columns, queries, style, any(look.cell for look in found), form.brief)
    footer = [*_reading(found, style, arrows, form), *about]
    return compose(form, [[cell] for cell in cells], partial(_size, film, form), bars, footer)


def _size(film: Film, form: Format, widest: float, room: float) -> tuple[float, float]:
    """(width, height) of a strip in inches: its frames are as wide as the page allows."""
    inches = frame_width(film.across, form) / film.frame[0]
    return film.size[0] * inches, film.size[1] * inches


def _reading(found: Sequence[Look], style: Style, arrows: int, form: Format) -> list[str]:
    """What arrows and shares are."""
    if not found or form.brief:
        return []
    largest = "similarities" if style.alike else "values" if style.centred or any(
        look.column.kind == "difference" for look in found) else "weights"
    ends = ("from the query's cell to", "keys", "row") if style.forward else ("to the key's cell from", "queries", "column")
    said = []
    if arrows and any(look.asked for look in found):
        said.append(f"Arrows: {ends[0]} the {arrows} other {ends[1]} with the largest {largest}, the larger the wider.")
    if any(frame_shares(look, style) for look in found):
        said.append(f"Under each frame its share of the {ends[2]}'s weight, and a bar, as wide as the frame for the largest.")
    return [" ".join(said)] * bool(said)


