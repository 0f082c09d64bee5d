"""The channel maps of networks: matrices of channels that attend to each other, and a value for each channel."""

from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..analysis import Analysis
from .bars import Bar
from .channels import INK, draw_bars, draw_empty, draw_matrix
from .checks import check_analyses, check_queries
from .clip_words import is_clip
from .columns import columns_of_channels
from .dependence import CLIP, PHOTO
from .formats import format_for, shared_out
from .looks import Look, look_at_channels, of_form, scale_of, shared_scales
from .panels import draw_photo, ground_of, most_beside
from .scales import Scale
from .sheet import Cell, compose
from .style import TIMES, Style
from .words import about, bar_label, headings_of, key_facts

READING = "Matrices: rows are the channels that ask, columns the channels asked. Bars stand on zero, the largest value first."


def channels_by_networks(analyses: Sequence[Analysis], queries: Sequence[tuple[float, ...]] = (), *, colour_map: str = "viridis",
                         scale: str = TIMES, parts: Mapping[str, str] | None = None, width: str = "two columns") -> Figure:
    """The photo, then every map of channels: a matrix, or a bar for each value of a gate.

    Args:
        queries: dots on the photo, up to 8.
        scale: ``times uniform``, logarithmic, shared by all matrices whose rows are distributions; others, and all with
            ``shared``, have a linear one for each kind of rows; or ``per panel``. Bars have scales of their own.
        parts: which of a network's layers x heads are drawn; by default the first.

    Raises:
        ValueError: no network has a map of channels; or see :func:`nlviz.figures.queries_by_networks`.
    """
    check_queries(queries, least=0)
    check_analyses(analyses, queries)
    style, form = Style(colour_map, scale, False, 1.0, "attends to", "full"), format_for(width)
    columns = columns_of_channels(analyses, parts or {})
    if not columns:
        raise ValueError(f"none of these networks has a map of channels: {', '.join(a.model.name for a in analyses)}; "
                         "choose one with dual attention, relation-aware channels, squeeze and excitation or global context")
    looks = [look_at_channels(column, style) for column in columns]
    matrices = of_form("matrix", [looks])
    shared = shared_scales(matrices, style)
    picture = ground_of(analyses[0].picture, form, len(columns) + 1)
    over = CLIP if is_clip(analyses[0]) else PHOTO
    cells = [Cell(partial(draw_photo, picture=picture, queries=queries, scale=form.scale), over)]
    cells += [Cell(partial(_draw, look=look, scale=_scale(look, style, shared),
                           colour_map=style.matrix_colours_of(look.column.kind)), heading,
                   look.text, look.note, INK) for look, heading in zip(looks, headings_of(columns))]
    bars = [Bar(one, style.matrix_colours_of(kind), bar_label(kind, one, sum(look.column.kind == kind for look in matrices), style))
            for kind, one in shared.items()]
    footer = key_facts(columns) if form.brief else [READING, *about(columns, queries)]
    return compose(form, shared_out(cells, most_beside(form, picture)), partial(form.panel, 1.0), bars, footer)


def _scale(look: Look, style: Style, shared: Mapping[str, Scale]) -> Scale | None:
    return scale_of(look, style, shared) if look.column.form == "matrix" else None


def _draw(axes: Axes, look: Look, scale: Scale | None, colour_map: str) -> None:
    if look.values is None:
        draw_empty(axes)
    elif look.column.form == "matrix":
        draw_matrix(axes, look.values, scale, colour_map)
    else:
        draw_bars(axes, look.values, look.limits)
