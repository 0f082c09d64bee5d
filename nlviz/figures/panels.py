"""One panel: the photo or the clip's frames with their dots, or a heatmap over them."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ..analysis import PlacedMap
from ..pictures import Clip, Picture, Placement
from .colours import colours
from .dots import draw_dots
from .exact import add_cells, add_photo
from .film import Film, film_for, most_of
from .film_images import add_frames, add_heat
from .formats import Format
from .scales import Scale

Ground = Picture | Film  # what a panel is drawn over


def draw_heatmap(axes: Axes, placed: PlacedMap, picture: Ground, values: Tensor, scale: Scale | tuple[float, float],
                 colour_map: str, opacity: float, smooth: bool, on_keys: bool = True, veil: str = "even",
                 backdrop: str = "grey") -> None:
    """Draw weights over the photo, every cell at its place; the Axes become the picture, in its pixels.

    Of a clip the Axes become all its frames, side by side in rows, and a cell is drawn in each frame that it lies on. Cells
    outside the picture (a letterboxed input) are clipped; where no cell lies, the photo stays bare.

    Args:
        picture: a ``Picture``, a ``Clip``, or a ``Film``, which says where a clip's frames stand.
        values: (rows, columns) of the key grid, or of the query grid with ``on_keys`` False; of a clip (t, rows, columns).
        scale: values of the first and the last colour, see :class:`nlviz.figures.Scale`; equal ones give the middle one.
        opacity: of the heatmap, 0 to 1.
        smooth: values bilinear between the cells' centres instead of one a cell, of a clip within each frame; on a logarithmic
            scale their logarithms.
        veil: ``rising`` along the scale, see :meth:`nlviz.figures.Scale.opacities`; or ``even``.
        backdrop: the photo in ``grey`` or in ``colour``.

    Raises:
        ValueError: unknown colour map, or values of another shape than the grid.
    """
    place = placed.keys if on_keys else placed.queries
    if tuple(values.shape) != tuple(place.grid):
        raise ValueError(f"values have shape {tuple(values.shape)}, the grid is {tuple(place.grid)}")
    picture = on_film(picture)
    _add_backdrop(axes, picture, backdrop)
    scale = Scale(*scale)
    values = scale.drawn(values, placed.nl_map.shape[1]) if scale.times else values
    paint = partial(_painted, scale=scale, colour_map=colour_map, veil=veil, opacity=opacity)
    if isinstance(picture, Film):
        add_heat(axes, picture, place, values, paint, smooth)
    else:
        add_cells(axes, paint(_finer(values) if smooth else values), _extent(place, picture.size))
    _frame(axes, picture.size)


def _painted(values: Tensor, scale: Scale, colour_map: str, veil: str, opacity: float) -> np.ndarray:
    heat = colours(values, scale, colour_map, veil)
    heat[..., 3] = (heat[..., 3] * opacity).round()  # not the image's alpha, which SVG and PDF apply twice
    return heat


def _add_backdrop(axes: Axes, picture: Ground, backdrop: str) -> None:
    if isinstance(picture, Film):
        add_frames(axes, picture, backdrop)
    else:
        add_photo(axes, picture.image if backdrop == "colour" else picture.image.convert("L").convert("RGB"))


def _finer(values: Tensor) -> Tensor:
    """Bilinear values, an odd number of points a cell, so that a cell's centre keeps its own value."""
    points = max(1, 600 // max(values.shape)) | 1
    return functional.interpolate(values[None, None], scale_factor=points, mode="bilinear", align_corners=False)[0, 0]


def draw_photo(axes: Axes, picture: Ground, queries: Sequence[tuple[float, ...]], first: int = 1, scale: float = 1) -> None:
    """Draw the photo in colour with a numbered dot at every query; the Axes become the picture, in its pixels, from their top.

    Args:
        picture: of a clip the Axes become all its frames, see ``draw_heatmap``.
        queries: (x, y), fractions of width and height; of a clip (x, y, frame), the frame from 0.
        first: number of the first dot; number n has colour PIN_COLOURS[n - 1].
        scale: of the dots.
    """
    picture = on_film(picture)
    _add_backdrop(axes, picture, "colour")
    _frame(axes, picture.size)
    axes.set_anchor("N")
    axes.apply_aspect()
    if len(queries):
        film = isinstance(picture, Film)
        places = np.array([picture.at(*query) for query in queries]) if film else np.multiply(queries, picture.size)
        draw_dots(axes, places, first, scale)


def _extent(place: Placement, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """(left, right, bottom, top) of the whole grid in pixels of the picture; may reach out of it or not fill it."""
    (left, right), (top, bottom) = (
        [float((edge - offset) / scale * pixels) for edge in (0, cells)]
        for cells, scale, offset, pixels in zip(place.grid[::-1], place.scale, place.offset, size)
    )
    return left, right, bottom, top


def draw_bare(axes: Axes, picture: Ground, backdrop: str = "grey") -> None:
    """Draw the photo under a heatmap and nothing on it; the Axes become the picture, in its pixels."""
    picture = on_film(picture)
    _add_backdrop(axes, picture, backdrop)
    _frame(axes, picture.size)


def _frame(axes: Axes, size: tuple[int, int]) -> None:
    axes.set(xlim=(0, size[0]), ylim=(size[1], 0), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def outline_cell(axes: Axes, box: Sequence[float], frames: Sequence[int], picture: Ground, scale: float = 1) -> None:
    """A white frame round a cell; of a clip in each of the ``frames`` that it lies on."""
    if not isinstance(picture, Film):
        outline(axes, box, picture.size, scale)
        return
    for frame in frames:
        outline(axes, box, picture.frame, scale, picture.corner(frame), picture.size[0])


def outline(axes: Axes, box: Sequence[float], size: tuple[int, int], scale: float = 1, corner: Sequence[float] = (0, 0),
            across: float | None = None) -> None:
    """A white frame round (left, top, right, bottom), fractions; at least 5 points wide, so that it is seen in print.

    Args:
        size: of the picture in the Axes' units.
        corner: its left and upper edge.
        across: how wide the Axes are; by default as wide as the picture.
    """
    least = 5 * scale / 72 * axes.figure.dpi * (across or size[0]) / axes.bbox.width
    (left, width), (top, height) = (
        _widened(float(box[at]) * size[at], float(box[at + 2]) * size[at], least, size[at]) for at in (0, 1))
    left, top = left + corner[0], top + corner[1]
    axes.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor="white", linewidth=0.7 * scale, clip_on=False,
                             path_effects=[patheffects.withStroke(linewidth=1.6 * scale, foreground="black")]))


def _widened(start: float, stop: float, least: float, end: float) -> tuple[float, float]:
    """(start, length) of a span of at least this length around another one, within 0 to end where there is room."""
    length = max(least, stop - start)
    return min(max((start + stop - length) / 2, 0.0), max(end - length, (end - length) / 2)), length


def on_film(picture: Ground | Clip) -> Ground:
    """A clip's frames side by side; anything else as it is."""
    return Film.of(picture) if isinstance(picture, Clip) else picture


def ground_of(picture: Picture, form: Format, panels: int) -> Ground:
    """What panels are drawn over: the photo at a size that print still resolves; a clip's frames as they fit beside others."""
    return film_for(picture, form, panels) if isinstance(picture, Clip) else small_enough(picture)


def most_beside(form: Format, picture: Ground) -> int:
    """How many panels over it stand side by side."""
    return most_of(form) if isinstance(picture, Film) else form.most()


def panel_size(form: Format, picture: Ground) -> Callable[[float, float], tuple[float, float]]:
    """What a panel over it measures: see :meth:`Format.panel`."""
    rows = {"rows": picture.down} if isinstance(picture, Film) else {}
    return partial(form.panel, picture.size[0] / picture.size[1], **rows)


def small_enough(picture: Picture, longest: int = 1400) -> Picture:
    """The picture at a size that print still resolves: a panel of 2.4 inches at 600 dpi, of 4.8 at 300."""
    if max(picture.size) <= longest:
        return picture
    size = [max(1, round(side * longest / max(picture.size))) for side in picture.size]
    return Picture(picture.image.resize(size, Image.Resampling.LANCZOS), picture.name, picture.notes)
