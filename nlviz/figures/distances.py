"""Distances between the rows of a few queries: a table for each network."""

from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.figure import Figure
from torch import Tensor

from ..analysis import Analysis
from ..measures import NO_DISTRIBUTION
from ..metrics import cosine_distance, js_divergence
from .channels import INK, draw_empty
from .checks import check_analyses, check_queries
from .columns import Column, columns_of
from .formats import Format, format_for, shared_out
from .lines import NBSP
from .looks import Look, looks_of
from .panels import draw_photo, ground_of
from .sheet import Cell, compose
from .style import Style
from .tables import draw_table
from .words import LN_2, about, among_words, headings_of, key_facts, term_words

QUERIES = (("queries", 1),)  # over the photo
ENTRY, LINES = 0.34, (0.17, 0.3)  # inches: the width of a table's column, the lowest and the highest that its lines may be
BRIEFLY = "above the diagonal Jensen-Shannon divergence in nats, below it cosine distance"
Entry = tuple[float | None, str]  # a distance, or why there is none


def distances_by_networks(analyses: Sequence[Analysis], queries: Sequence[tuple[float, ...]], *, direction: str = "attends to",
                          term: str = "full", parts: Mapping[str, str] | None = None, width: str = "two columns") -> Figure:
    """The photo with the queries, and for each call of a block a table of distances between their rows.

    Above the diagonal the Jensen-Shannon divergence in nats, below it the cosine distance (1 - cos) / 2.

    Args:
        queries: 2 to 8.

    For the other arguments and errors see :func:`nlviz.figures.queries_by_networks`.
    """
    check_queries(queries, least=2)
    check_analyses(analyses, queries)
    style, form = Style("viridis", "shared", False, 1.0, direction, term), format_for(width)
    columns = columns_of(analyses, term, parts or {})
    picture = ground_of(analyses[0].picture, form, len(columns) + 1)
    looks = list(zip(*looks_of(columns, queries, style)))  # of each column from all queries
    cells = [Cell(partial(draw_photo, picture=picture, queries=queries, scale=form.scale), QUERIES),
             *(_cell(column, seen, heading, style, form) for column, seen, heading in zip(columns, looks, headings_of(columns)))]
    across = max((len(queries) + 1) * ENTRY, 0.97) * form.scale
    size = partial(_size, across, len(queries) + 1, picture.size[0] / picture.size[1], form)
    footer = (key_facts(columns, [BRIEFLY, *term_words(style)]) if form.brief else
              [_reading(style), *among_words(columns), *about(columns, queries)])
    return compose(form, shared_out(cells, form.most(across)), size, [], footer)


def _size(across: float, lines: int, aspect: float, form: Format, widest: float, room: float) -> tuple[float, float]:
    """(width, height) of a table, and of the photo beside it, in inches: as high as the photo is where that suits the table."""
    low, high = (lines * line * form.scale for line in LINES)
    return across, min(max(low, min(across / aspect, room)), high)


def _cell(column: Column, looks: Sequence[Look], heading, style: Style, form: Format) -> Cell:
    if reason := column.note or _no_row(column):
        return Cell(draw_empty, heading, note=f"n/a: {reason}", ink=INK)
    table = [[_entry(looks, row, at, style) for at in range(len(looks))] for row in range(len(looks))]
    reasons = dict.fromkeys(reason for entries in table for _, reason in entries if reason)
    texts = [[distance_text(value) if not reason else "n/a" for value, reason in entries] for entries in table]
    return Cell(partial(draw_table, texts=texts, scale=form.scale), heading, "\n".join(reasons))


def _no_row(column: Column) -> str:
    if column.form != "heatmap":
        return "no row: channels"
    return "no row: a gate" if column.placed.nl_map.relates == "gate" else ""


def _entry(looks: Sequence[Look], row: int, at: int, style: Style) -> Entry:
    """The distance of two queries; of the diagonal nothing."""
    if row == at:
        return None, ""
    first, second = sorted((row, at))
    for query in (first, second):
        if looks[query].values is None:
            return None, f"query {query + 1} n/a: {looks[query].note}"
    rows = [_among(looks[query], style) for query in (first, second)]
    if row < at and (reason := _no_divergence(looks[first], style)):
        return None, f"divergence n/a: {reason}"
    try:
        found = js_divergence(*rows, looks[first].column.placed.nl_map.dtype) if row < at else cosine_distance(*rows)
        return found.item(), ""
    except ValueError as error:
        return None, f"{'divergence' if row < at else 'cosine'} n/a: {error}"


def _among(look: Look, style: Style) -> Tensor:
    """The row of a query over the positions alone; where named tokens take a part of it, it sums to 1 again."""
    row, nl_map = look.values.flatten().double(), look.column.placed.nl_map
    again = style.forward and nl_map.key_tokens and nl_map.rows == "distribution"
    return row / row.sum().clamp_min(1e-30) if again else row


def _no_divergence(look: Look, style: Style) -> str:
    if style.centred:
        return "a difference, not a distribution"
    if not style.forward:
        return "a column is not a distribution"
    return NO_DISTRIBUTION.get(look.column.placed.nl_map.rows, "")


def distance_text(value: float | None) -> str:
    """Three decimals; nothing for the diagonal."""
    if value is None:
        return "–"
    return "0" if value == 0 else "<0.001" if value < 0.0005 else f"{value:.3f}"


def _reading(style: Style) -> str:
    whose = ("rows, the weights that they give to the keys" if style.forward else
             "columns, the weights that all queries give to the keys at the dots")
    term = "".join(f" {words}" for words in term_words(style))
    return (f"Tables: how far apart the queries' {whose}, are. Above the diagonal the Jensen-Shannon divergence in nats, 0 to "
            f"{LN_2}; below it, on grey, the cosine distance (1{NBSP}−{NBSP}cos)/2, 0 to 1.{term}")
