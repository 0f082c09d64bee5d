"""One panel: the photo with its dots, or a heatmap over the photo."""

from collections.abc import Sequence

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from PIL import Image
from torch import Tensor
from torch.nn import functional

from ..analysis import PlacedMap
from ..pictures import Picture, Placement
from .colours import colours
from .dots import draw_dots
from .exact import add_cells, add_photo
from .scales import Scale


def draw_heatmap(axes: Axes, placed: PlacedMap, picture: Picture, values: Tensor, scale: Scale | tuple[float, float],
                 colour_map: str, opacity: float, smooth: bool, on_keys: bool = True, veil: str = "even",
                 backdrop: str = "grey") -> None:
    """Draw weights over the photo, every cell at its place; the Axes become the picture, in its pixels.

    Cells outside the picture (a letterboxed input) are clipped; where no cell lies, the photo stays bare.

    Args:
        values: (rows, columns) of the key grid, or of the query grid with ``on_keys`` False.
        scale: values of the first and the last colour, see :class:`nlviz.figures.Scale`; equal ones give the middle one.
        opacity: of the heatmap, 0 to 1.
        smooth: values bilinear between the cells' centres instead of one a cell; on a logarithmic scale their logarithms.
        veil: ``rising`` along the scale, see :meth:`nlviz.figures.Scale.opacities`; or ``even``.
        backdrop: the photo in ``grey`` or in ``colour``.

    Raises:
        ValueError: unknown colour map, or values of another shape than the grid.
    """
    place = placed.keys if on_keys else placed.queries
    if tuple(values.shape) != tuple(place.grid):
        raise ValueError(f"values have shape {tuple(values.shape)}, the grid is {tuple(place.grid)}")
    _add_backdrop(axes, picture, backdrop)
    scale = Scale(*scale)
    values = scale.drawn(values, placed.nl_map.shape[1]) if scale.times else values
    heat = colours(_finer(values) if smooth else values, scale, colour_map, veil)
    heat[..., 3] = (heat[..., 3] * opacity).round()  # not the image's alpha, which SVG and PDF apply twice
    add_cells(axes, heat, _extent(place, picture.size))
    _frame(axes, picture.size)


def _add_backdrop(axes: Axes, picture: Picture, backdrop: str) -> None:
    add_photo(axes, picture.image if backdrop == "colour" else picture.image.convert("L").convert("RGB"))


def _finer(values: Tensor) -> Tensor:
    """Bilinear values, an odd number of points a cell, so that a cell's centre keeps its own value."""
    points = max(1, 600 // max(values.shape)) | 1
    return functional.interpolate(values[None, None], scale_factor=points, mode="bilinear", align_corners=False)[0, 0]


def draw_photo(axes: Axes, picture: Picture, queries: Sequence[tuple[float, float]], first: int = 1, scale: float = 1) -> None:
    """Draw the photo in colour with a numbered dot at every query; the Axes become the picture, in its pixels, from their top.

    Args:
        queries: (x, y), fractions of width and height.
        first: number of the first dot; number n has colour PIN_COLOURS[n - 1].
        scale: of the dots.
    """
    add_photo(axes, picture.image)
    _frame(axes, picture.size)
    axes.set_anchor("N")
    axes.apply_aspect()
    if len(queries):
        draw_dots(axes, np.multiply(queries, picture.size), first, scale)


def _extent(place: Placement, size: tuple[int, int]) -> tuple[float, float, float, float]:
    """(left, right, bottom, top) of the whole grid in pixels of the picture; may reach out of it or not fill it."""
    (left, right), (top, bottom) = (
        [float((edge - offset) / scale * pixels) for edge in (0, cells)]
        for cells, scale, offset, pixels in zip(place.grid[::-1], place.scale, place.offset, size)
    )
    return left, right, bottom, top


def draw_bare(axes: Axes, picture: Picture, backdrop: str = "grey") -> None:
    """Draw the photo under a heatmap and nothing on it; the Axes become the picture, in its pixels."""
    _add_backdrop(axes, picture, backdrop)
    _frame(axes, picture.size)


def _frame(axes: Axes, size: tuple[int, int]) -> None:
    axes.set(xlim=(0, size[0]), ylim=(size[1], 0), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)


def outline(axes: Axes, box: Sequence[float], size: tuple[int, int], scale: float = 1) -> None:
    """A white frame round (left, top, right, bottom), fractions; at least 5 points wide, so that it is seen in print."""
    least = 5 * scale / 72 * axes.figure.dpi * size[0] / axes.bbox.width
    (left, width), (top, height) = (
        _widened(float(box[at]) * size[at], float(box[at + 2]) * size[at], least, size[at]) for at in (0, 1))
    axes.add_patch(Rectangle((left, top), width, height, fill=False, edgecolor="white", linewidth=0.7 * scale, clip_on=False,
                             path_effects=[patheffects.withStroke(linewidth=1.6 * scale, foreground="black")]))


def _widened(start: float, stop: float, least: float, end: float) -> tuple[float, float]:
    """(start, length) of a span of at least this length around another one, within 0 to end where there is room."""
    length = max(least, stop - start)
    return min(max((start + stop - length) / 2, 0.0), max(end - length, (end - length) / 2)), length


def small_enough(picture: Picture, longest: int = 1400) -> Picture:
    """The picture at a size that print still resolves: a panel of 2.4 inches at 600 dpi, of 4.8 at 300."""
    if max(picture.size) <= longest:
        return picture
    size = [max(1, round(side * longest / max(picture.size))) for side in picture.size]
    return Picture(picture.image.resize(size, Image.Resampling.LANCZOS), picture.name, picture.notes)
