"""Distance against layer: how far the heads of every layer reach, and whether they depend on the query."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..analysis import Analysis
from ..measures import dependence_of_layers, diagonal, flat_distance
from .checks import check_analyses, check_queries
from .clip_words import is_clip, name_words
from .formats import Format, format_for
from .layer_charts import Points, colour_of, draw_points
from .lines import wrap
from .output import settings
from .placing import LINE, add_axes, write_lines
from .stack_words import about_stack
from .stacks import Stack, stacks_of
from .words import photo_words, tokens_left_out

READING = ("Points: heads, side by side in their layer; line: their mean. {}: the mean distance between a query and its keys{}, "
           "weighted by its row (Dosovitskiy et al. 2021, fig. 7), in {}. {}: the mean Jensen-Shannon divergence of the rows of "
           "all pairs of queries, as a share of that with the numbers of every row shuffled, which is what unrelated queries would "
           "give; heads whose rows are all nearly flat have none.")
NARROW = 5.0  # inches of a page on which one chart stands over the other


@dataclass(frozen=True)
class Measured:
    """A stack with the numbers of its heads, see :func:`nlviz.measures.dependence_of_layers`."""

    stack: Stack
    rows: list[dict]

    @property
    def label(self) -> str:
        return f"({self.stack.letter}) {self.stack.analysis.model.title}"

    def points(self, value: Callable[[dict], float | None]) -> Points:
        known = [(row["layer"], found) for row in self.rows if (found := value(row)) is not None]
        return Points(self.label, [layer for layer, _ in known], [found for _, found in known])


def distance_against_layer(analyses: Sequence[Analysis], queries: Sequence[tuple[float, ...]] = (), *,
                           width: str = "two columns") -> Figure:
    """For every head its mean attention distance, and how much its rows depend on the query, against its layer.

    The figure of Dosovitskiy et al. 2021 (arXiv 2010.11929, fig. 7), of one picture. In cells where all networks have one grid,
    else as shares of the picture's diagonal. A network that has no layers x heads is named in the caption.

    Args:
        queries: not drawn.

    For the other arguments and errors see :func:`nlviz.figures.queries_by_networks`.
    """
    check_queries(queries, least=0)
    check_analyses(analyses, queries)
    form = format_for(width)
    stacks, without = stacks_of(analyses)
    found = [_measured(stack) for stack in stacks]
    _check(found)
    cells = len({placed.queries.grid[-2:] for stack in stacks for placed in stack.of_heads if placed.queries}) <= 1
    unit = "cells" if cells else "% of the picture's diagonal"
    return _sheet(form, found, cells, unit, _footer(analyses, stacks, without, unit, form))


def _footer(analyses: Sequence[Analysis], stacks: Sequence[Stack], without: Sequence[str], unit: str, form: Format) -> list[str]:
    if form.brief:
        said = [one.rstrip(".") for one in without] + [about_stack(stack, brief=True) for stack in stacks]
        return ["; ".join([name_words(analyses[0].picture), *said]) + "."]
    first, second = ("Above", "Below") if form.width < NARROW else ("Left", "Right")
    left_out = tokens_left_out(name for one in stacks for placed in one.of_heads for name in placed.nl_map.key_tokens)
    within = " within a frame: as far as it would be if all keys lay in the query's frame" * is_clip(analyses[0])
    return [*without, READING.format(first, within, unit, second), *left_out, photo_words(analyses[0].picture, []),
            *map(about_stack, stacks)]


def _measured(stack: Stack) -> Measured:
    shown = {placed.nl_map.part for placed in stack.of_heads}
    return Measured(stack, [row for row in dependence_of_layers(stack.analysis) if row["part"] in shown])


def _check(found: Sequence[Measured]) -> None:
    rows = [row for one in found for row in one.rows]
    if rows and all(row["attention_distance_cells"] is None and row["share"] is None for row in rows):
        raise ValueError(f"no head of these networks has a distance or a divergence: {rows[0]['reason']}")


def _sheet(form: Format, found: Sequence[Measured], cells: bool, unit: str, footer: Sequence[str]) -> Figure:
    room, size, stacked = form.width - 2 * form.margin, form.small, form.width < NARROW
    lines = [line for text in footer for line in wrap(text, room, size)]
    legend = [wrap(one.label, room - 0.3 * form.scale, size) for one in found]
    wide = room if stacked else (room - 0.3 * form.scale) / 2
    high = min(0.62 * wide, 2.6 * form.scale)
    block, side, under = high + 0.62 * form.scale, 0.34 * form.scale, sum(map(len, legend)) * size * LINE
    height = form.margin + block * (2 if stacked else 1) + under + 0.08 * form.scale + len(lines) * size * LINE + form.margin
    with settings():
        figure = Figure((form.width, height), facecolor="white")
        for at, draw in enumerate((_draw_distances, _draw_shares)):
            left, top = (0, at * block) if stacked else (at * (wide + 0.3 * form.scale), 0)
            top += form.margin + 0.22 * form.scale
            draw(add_axes(figure, form.margin + left + side, top, wide - side, high), found, cells, unit, size)
        top = form.margin + block * (2 if stacked else 1)
        _legend(figure, form, legend, top)
        write_lines(figure, form.margin, top + under + 0.08 * form.scale, lines, size)
    return figure


def _draw_distances(axes: Axes, found: Sequence[Measured], cells: bool, unit: str, size: float) -> None:
    def value(one: Measured) -> Callable[[dict], float | None]:
        places = {placed.nl_map.part: placed.queries for placed in one.stack.of_heads}

        def of(row: dict) -> float | None:
            away = row["attention_distance_cells"]
            return away if away is None or cells else 100 * away / diagonal(places[row["part"]])

        return of

    points = [one.points(value(one)) for one in found]
    flat = {"flat rows": _flat(found[0], cells)} if any(one.values for one in points) else {}
    draw_points(axes, points, f"mean attention distance, {unit}", size, baselines=flat)
    _say_none(axes, points, size)


def _flat(one: Measured, cells: bool) -> float:
    """How far apart cells are: as a share of the diagonal nearly the same on every grid."""
    placed = next(placed for placed in one.stack.of_heads if placed.queries)
    return flat_distance(placed) if cells else 100 * flat_distance(placed) / diagonal(placed.queries)


def _draw_shares(axes: Axes, found: Sequence[Measured], cells: bool, unit: str, size: float) -> None:
    points = [one.points(lambda row: None if row["share"] is None else 100 * row["share"]) for one in found]
    draw_points(axes, points, "divergence between queries, % of shuffled", size, top=105)
    _say_none(axes, points, size)


def _say_none(axes: Axes, points: Sequence[Points], size: float) -> None:
    if not any(one.values for one in points):
        axes.text(0.5, 0.5, "n/a", transform=axes.transAxes, fontsize=size, ha="center", va="center", color="0.35")


def _legend(figure: Figure, form: Format, legend: Sequence[Sequence[str]], top: float) -> None:
    width, height = figure.get_size_inches()
    for at, lines in enumerate(legend):
        y, ends = 1 - (top + 0.55 * form.small * LINE) / height, (form.margin / width, (form.margin + 0.22 * form.scale) / width)
        figure.add_artist(Line2D(ends, (y, y), color=colour_of(at), linewidth=1.1 * form.scale))
        write_lines(figure, form.margin + 0.3 * form.scale, top, lines, form.small)
        top += len(lines) * form.small * LINE
