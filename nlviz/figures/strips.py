"""A strip: the frames of a clip under what one query sees in one network, with arrows, and each frame's share under it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import hypot

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from ..pictures import Clip
from .arrows import draw_arrows, targets
from .channels import INK
from .columns import Column
from .dots import DOT, draw_dot
from .film import Film, smaller
from .formats import Format
from .frame_shares import frame_shares, share_text, time_shares, time_words
from .lines import text_width
from .looks import Look, Query, scale_of
from .panels import draw_bare, draw_heatmap, outline_cell
from .placing import LINE
from .scales import Scale
from .sheet import Cell
from .style import Style
from .words import headings_of

NARROWEST, WIDEST = 0.72, 1.9  # inches of a frame, in print
GAP = 0.045  # inches between frames
SHARE = 0.022  # inches that the bar of a frame's share is high
QUIET, FAINT = "0.35", "0.62"  # greys: what is said under the frames that do not ask, the bars of their shares
LONGEST = 900  # pixels of a frame that print still resolves


@dataclass(frozen=True)
class Strip:
    """What one query sees in one column; ``number`` is that of its dot."""

    column: Column
    query: Query
    number: int
    look: Look


def film_of(clip: Clip, form: Format) -> Film:
    """The frames for a page: as many side by side as stay large enough, as even rows as can be, words below each."""
    room, gap, count = form.column(1), GAP * form.scale, len(clip.frames)
    most = max(1, int((room + gap) / (NARROWEST * form.scale + gap)))
    across = -(-count // -(-count // most))
    wide = frame_width(across, form)
    frames = smaller(clip.frames, LONGEST)
    pixels = frames[0].width / wide  # an inch
    return Film(frames, across, (gap * pixels, _below(form) * pixels), (_below(form) - 0.03 * form.scale) * pixels)


def frame_width(across: int, form: Format) -> float:
    """Inches of a frame with so many side by side."""
    return min((form.column(1) + GAP * form.scale) / across - GAP * form.scale, WIDEST * form.scale)


def _below(form: Format) -> float:
    """Inches under a frame: the bar of its share, a line of words, and a little to the next row."""
    return (SHARE + 0.035) * form.scale + form.small * LINE + 0.03 * form.scale


def caption_of_strip(strip: Strip, style: Style, form: Format) -> str:
    """Where the weights lie in space and time, on one line; on a slide what of it matters most."""
    if strip.look.values is None or strip.column.form != "heatmap":
        return ""
    said = strip.look.text.splitlines()
    said = [said[0].partition(",")[0]] if form.brief else said
    return "; ".join(filter(None, [*said, time_words(time_shares(strip.look, style), style)]))


def cell_of_strip(strip: Strip, film: Film, style: Style, shared: Mapping[str, Scale], arrows: int, form: Format) -> Cell:
    heading = ", ".join(filter(None, (text for text, _ in headings_of([strip.column])[0])))
    shown = strip.column.form == "heatmap"
    scale = scale_of(strip.look, style, shared) if shown else None
    draw = partial(_draw, strip=strip, film=film, style=style, scale=scale, arrows=arrows, form=form)
    note = strip.look.note or ("" if shown else "no row: channels")
    return Cell(draw, ((heading, 3),) * (strip.number == 1), caption_of_strip(strip, style, form), note, "black" if shown else INK)


def _draw(axes: Axes, strip: Strip, film: Film, style: Style, scale: Scale | None, arrows: int, form: Format) -> None:
    look = strip.look
    if scale is None:
        draw_bare(axes, film, style.backdrop)
    else:
        draw_heatmap(axes, look.column.placed, film, look.values, scale, style.colours_of(look.column.kind), style.opacity,
                     style.smooth, look.on_keys, style.veil, style.backdrop)
        _draw_words(axes, film, frame_shares(look, style), strip, style, form)
        draw_arrows(axes, look, film, strip.query[2], arrows, style.forward, form.scale)
    if look.cell:
        outline_cell(axes, look.cell, look.frames, film, 0.75 * form.scale)
    if not style.token:
        _draw_dot_beside(axes, film, strip, arrows, form)


def _draw_words(axes: Axes, film: Film, shares: Sequence[float] | None, strip: Strip, style: Style, form: Format) -> None:
    """Under each frame its number and its share, and a bar as long as that; the frame that asks stands out."""
    pixels = film.size[0] / (frame_width(film.across, form) / film.frame[0] * film.size[0])  # an inch
    wide, high, most = *film.frame, max(map(abs, shares or [0.0]))
    names = [f"frame {number}" for number in range(1, len(film.frames) + 1)]
    texts = [f"{name} · {share_text(share, style)}" for name, share in zip(names, shares)] if shares else names
    if any(text_width(text, form.small) > wide / pixels for text in texts):
        texts = [text.removeprefix("frame ") for text in texts]
    for at, text in enumerate(texts):
        left, top = film.corner(at)
        asks = at == strip.query[2] and not style.token
        if most > 0:
            axes.add_patch(Rectangle((left, top + high + 0.012 * form.scale * pixels), wide * abs(shares[at]) / most,
                                     SHARE * form.scale * pixels, color="black" if asks else FAINT, linewidth=0, clip_on=False))
        baseline = top + high + ((SHARE + 0.035) * form.scale + form.small * 0.95 / 72) * pixels
        axes.text(left + wide / 2, baseline, text, fontsize=form.small, color="black" if asks else QUIET,
                  ha="center", va="baseline")


def _draw_dot_beside(axes: Axes, film: Film, strip: Strip, arrows: int, form: Format) -> None:
    """The query's dot at a corner of its cell, so that the cell is seen: within its frame, and where the fewest arrows begin."""
    x, y, frame = strip.query
    size = form.scale
    away = (DOT / 2 * size + 2.2 * form.scale) / 72 * film.frame[0] / frame_width(film.across, form)  # pixels
    (left, top), (wide, high) = film.corner(frame), film.frame
    at_x, at_y = film.at(x, y, frame)
    ends = targets(strip.look, film, frame, arrows) if strip.look.asked and strip.look.values is not None else []

    def cost(place: tuple[float, float]) -> float:
        """How many arrows, by their weight, begin towards it; and whether it is out of its frame."""
        (dx, dy), inside = (place[0] - at_x, place[1] - at_y), (left < place[0] < left + wide, top < place[1] < top + high)
        begin = [(end, part, hypot(end[0] - at_x, end[1] - at_y)) for end, part in ends]
        towards = (part * max(0.0, (dx * (end[0] - at_x) + dy * (end[1] - at_y)) / (hypot(dx, dy) * far)) ** 4
                   for end, part, far in begin if far > 0)
        return sum(towards) + 100 * (2 - sum(inside))

    corners = [(at_x + across, at_y + down) for across in (-away, away) for down in (-away, away)]
    draw_dot(axes, min(corners, key=cost), strip.number, size)
