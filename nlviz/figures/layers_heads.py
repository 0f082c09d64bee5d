"""Layers x heads: every map of a network for one query, as a matrix of thumbnails."""

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..analysis import Analysis
from ..numbers import percent
from ..pictures import Clip, Picture
from .bars import Bar
from .checks import check_analyses, check_queries
from .clip_words import name_words
from .columns import column_of
from .film import Film
from .formats import format_for
from .looks import Look, looks_of, of_form, scale_of, shared_scales
from .matrix_sheet import Band, compose_stacks
from .panels import Ground, draw_bare, draw_heatmap, draw_photo, outline_cell, small_enough
from .scales import Scale
from .stack_words import about_stack, heading_of
from .stacks import MEAN, Stack, stacks_of
from .style import OPACITY, TIMES, Style
from .words import bar_label, kinds_of, photo_words, reading_words, term_words, veil_words

THUMBNAIL = 500  # pixels of the photo under a thumbnail: 0.66 inches at 600 dpi
TIGHT = 0.03  # between a thumbnail's frames, of a frame's width
Looks = dict[tuple[int, int], Look]


def layers_by_heads(analyses: Sequence[Analysis], query: tuple[float, ...], *, colour_map: str = "viridis", scale: str = TIMES,
                    smooth: bool = False, opacity: float = OPACITY, direction: str = "attends to", term: str = "full",
                    veil: str = "rising", backdrop: str = "grey", token: str = "", width: str = "two columns") -> Figure:
    """The photo with the query, and beside it a thumbnail for every head of every layer, and for every layer's mean.

    Layers run down and heads across, or the other way round where thumbnails are larger then. Networks follow one another; of
    one that has no layers x heads the caption says so.

    For the arguments and errors see :func:`nlviz.figures.queries_by_networks`.
    """
    check_queries([query])
    check_analyses(analyses, [query])
    style, form = Style(colour_map, scale, smooth, opacity, direction, term, veil, backdrop, token), format_for(width)
    photo, small = grounds_of(analyses[0].picture)
    stacks, without = stacks_of(analyses)
    looks = [_looks(stack, query, style) for stack in stacks]
    drawn = of_form("heatmap", [list(own.values()) for own in looks])
    shared = shared_scales(drawn, style)
    draw = partial(_draw, picture=small, shared=shared, style=style, scale_of_text=form.scale)
    bands = [Band(stack, heading_of(stack), _caption(own), partial(draw, looks=own))
             for stack, own in zip(stacks, looks)] or [Band(None, "", "", _nothing)]
    counts = Counter(look.column.kind for look in drawn)
    bars = [Bar(one, style.colours_of(kind), bar_label(kind, one, counts[kind], style), style.veil) for kind, one in shared.items()]
    seen = photo if isinstance(photo, Picture) else analyses[0].picture
    footer = [*without, *_footer(stacks, drawn, looks, query, style, form.brief)] + [photo_words(seen, [query])] * (not stacks)
    dot = partial(draw_photo, picture=photo, queries=[query], scale=form.scale)
    return compose_stacks(form, bands, photo.size[0] / photo.size[1], dot, bars, footer)


def grounds_of(picture: Picture) -> tuple[Ground, Ground]:
    """What the query and what the thumbnails are drawn over; of a clip all frames, close together in thumbnails."""
    if isinstance(picture, Clip):
        photo = Film.of(picture)
        return photo, Film.of(picture, photo.across, TIGHT, 2 * THUMBNAIL)
    return small_enough(picture), small_enough(picture, THUMBNAIL)


def _looks(stack: Stack, query: tuple[float, ...], style: Style) -> Looks:
    columns = [column_of(stack.letter, stack.analysis, (placed, placed), placed, style.term) for placed in stack.maps.values()]
    return dict(zip(stack.maps, looks_of(columns, [query], style)[0]))


def _caption(looks: Looks) -> str:
    """What named tokens take of the rows, from the head that gives them least to the one that gives them most."""
    found: dict[str, list[float]] = {}
    for look in (look for (_, head), look in looks.items() if head != MEAN):
        for name, share in look.named.items():
            found.setdefault(name, []).append(share)
    return "\n".join(f"{name} {percent(min(taken))} to {percent(max(taken))} of the row" for name, taken in found.items())


def _footer(stacks: Sequence[Stack], drawn: Sequence[Look], looks: Sequence[Looks], query: tuple[float, ...], style: Style,
            brief: bool) -> list[str]:
    """How to read it, then what each network is."""
    if not stacks:
        return []
    kinds, picture = kinds_of([look.column for look in drawn], style), stacks[0].analysis.picture
    clip = isinstance(picture, Clip)
    if brief:
        said = [name_words(picture), *([veil_words(style, kinds, clip)] if kinds else []), *term_words(style)]
        return ["; ".join([*said, *(about_stack(stack, brief) for stack in stacks)]) + "."]
    reading = [reading_words(style, any(look.cell for look in drawn), kinds, clip)] if kinds else []
    return [*reading, *term_words(style), *_missing(looks), photo_words(picture, [query]), *map(about_stack, stacks)]


def _missing(looks: Sequence[Looks]) -> list[str]:
    """Why thumbnails have no heatmap, each reason once."""
    notes = Counter(look.note for own in looks for look in own.values() if look.note)
    return [f"Without a heatmap, n/a: {note} ({count} of them)." for note, count in notes.items()]


def _draw(axes: Axes, key: tuple[int, int], looks: Looks, picture: Ground, shared: Mapping[str, Scale], style: Style,
          scale_of_text: float) -> None:
    look, scale = looks[key], scale_of(looks[key], style, shared)
    if look.values is None:
        draw_bare(axes, picture, style.backdrop)
        return
    draw_heatmap(axes, look.column.placed, picture, look.values, scale, style.colours_of(look.column.kind), style.opacity,
                 style.smooth, look.on_keys, style.veil, style.backdrop)
    if look.cell:
        outline_cell(axes, look.cell, look.frames, picture, 0.6 * scale_of_text)


def _nothing(axes: Axes, key: tuple[int, int]) -> None:
    """Of a network without layers x heads."""
