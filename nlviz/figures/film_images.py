"""Frames and cells drawn dot by dot: each dot that a panel has when it is drawn gets what lies under its middle."""

from collections.abc import Callable, Iterator

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.image import AxesImage
from PIL import Image
from torch import Tensor

from ..pictures import Placement
from .film import Film

Block = tuple[int, slice, slice]  # a frame, and its rows and columns of dots


class FilmImage(AxesImage):
    """An image over all of a film's panel, filled for the dots that there are.

    Args:
        fill: (height, width) in dots -> (height, width, 4) uint8.
    """

    def __init__(self, axes: Axes, film: Film, fill: Callable[[tuple[int, int]], np.ndarray]):
        width, height = film.size
        super().__init__(axes, interpolation="none", extent=(0, width, height, 0))
        self.fill = fill
        self.set_data(np.zeros((1, 1, 4), np.uint8))

    def draw(self, renderer: RendererBase) -> None:
        scale = renderer.get_image_magnification()
        width, height = (max(1, round(side * scale)) for side in self.get_window_extent(renderer).size)
        self.set_data(self.fill((height, width)))
        super().draw(renderer)


def add_frames(axes: Axes, film: Film, backdrop: str = "colour") -> None:
    """Draw the frames, in ``grey`` or in ``colour``; the Axes become the panel, in pixels of a frame."""
    frames = film.frames if backdrop == "colour" else [frame.convert("L").convert("RGB") for frame in film.frames]

    def fill(dots: tuple[int, int]) -> np.ndarray:
        found = np.zeros((*dots, 4), np.uint8)
        for frame, rows, columns in blocks(film, dots):
            size = columns.stop - columns.start, rows.stop - rows.start
            shrinks = size[0] < frames[frame].width
            found[rows, columns, :3] = frames[frame].resize(size, Image.Resampling.LANCZOS if shrinks else Image.Resampling.BICUBIC)
            found[rows, columns, 3] = 255
        return found

    _add(axes, FilmImage(axes, film, fill), film)


def add_heat(axes: Axes, film: Film, place: Placement, values: Tensor, paint: Callable[[Tensor], np.ndarray], smooth: bool) -> None:
    """Draw values (t, rows, columns) over the frames, every cell at its place in each frame that it lies on.

    Args:
        paint: values (rows, columns) -> colours (rows, columns, 4) uint8.
        smooth: bilinear between the cells' centres, within a frame.
    """
    painted = None if smooth else [paint(one) for one in values]

    def fill(dots: tuple[int, int]) -> np.ndarray:
        found = np.zeros((*dots, 4), np.uint8)
        (_, across), (_, down) = film.along(dots[1], 0), film.along(dots[0], 1)
        for frame, rows, columns in blocks(film, dots):
            t = place.at_frame(frame)
            if t is None:
                continue
            (y, has_y), (x, has_x) = _positions(down[rows], place, 1), _positions(across[columns], place, 0)
            colours = paint(_between(values[t], y, x)) if smooth else painted[t][_cells(y, place, 1)][:, _cells(x, place, 0)]
            found[rows, columns] = colours * (has_y[:, None] & has_x)[..., None]
        return found

    _add(axes, FilmImage(axes, film, fill), film)


def _add(axes: Axes, image: FilmImage, film: Film) -> None:
    image.set_clip_path(axes.patch)
    axes.add_image(image)
    axes.set(xlim=(0, film.size[0]), ylim=(film.size[1], 0), aspect="equal")


def blocks(film: Film, dots: tuple[int, int]) -> Iterator[Block]:
    """The dots (height, width) of a panel that each frame has."""
    for frame in range(len(film.frames)):
        found = []
        for axis, at in ((1, frame // film.across), (0, frame % film.across)):
            of, place = film.along(dots[1 - axis], axis)
            inside = np.flatnonzero((of == at) & (place >= 0) & (place < 1))
            found.append(slice(inside[0], inside[-1] + 1) if len(inside) else slice(0, 0))
        if all(span.stop > span.start for span in found):
            yield frame, *found


def _positions(fractions: np.ndarray, place: Placement, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Places in cells along an axis, and whether there is a cell."""
    found = fractions * float(place.scale[axis]) + float(place.offset[axis])
    return found, (found >= 0) & (found < place.grid[-1 - axis])


def _cells(positions: np.ndarray, place: Placement, axis: int) -> np.ndarray:
    return positions.astype(int).clip(0, place.grid[-1 - axis] - 1)


def _between(values: Tensor, y: np.ndarray, x: np.ndarray) -> Tensor:
    """Bilinear values at places (y, x) in cells; beyond the outer cells' centres theirs."""
    found = values.double()
    for axis, places in ((0, y), (1, x)):
        at = torch.from_numpy(places - 0.5).clamp(0, found.shape[axis] - 1)
        low, high = at.floor().long(), at.ceil().long()
        part = (at - low).view([-1, 1] if axis == 0 else [1, -1])
        found = found.index_select(axis, low) * (1 - part) + found.index_select(axis, high) * part
    return found
