"""Photos and cells exactly at their places: matplotlib itself rounds an image to whole dots, and so shifts it by up to one."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from PIL import Image

Extent = tuple[float, float, float, float]  # left, right, bottom, top in the Axes' own units


def add_cells(axes: Axes, colours: np.ndarray, extent: Extent) -> None:
    """Draw (rows, columns, 4) colours, each cell with hard edges at its place; vector formats keep one value a cell."""
    axes.imshow(colours, extent=extent, interpolation="none")


def add_photo(axes: Axes, photo: Image.Image) -> None:
    """Draw a photo from (0, 0) to its own size, with as many pixels as the paper has dots for."""
    image = Photo(axes, photo)
    image.set_clip_path(axes.patch)
    axes.add_image(image)
    axes.set(xlim=(0, photo.width), ylim=(photo.height, 0), aspect="equal")


class Photo(AxesImage):
    """A photo that is made smaller before the renderer gets it, which then only has to place it."""

    def __init__(self, axes: Axes, photo: Image.Image):
        super().__init__(axes, interpolation="none", extent=(0, photo.width, photo.height, 0))
        self.photo = photo
        self.set_data(np.asarray(photo))

    def draw(self, renderer: RendererBase) -> None:
        scale = renderer.get_image_magnification()
        dots = [max(1, round(side * scale)) for side in self.get_window_extent(renderer).size]
        if dots[0] < self.photo.width:
            self.set_data(np.asarray(self.photo.resize(dots, Image.Resampling.LANCZOS)))
        else:
            self.set_data(np.asarray(self.photo))
        super().draw(renderer)


@contextmanager
def on_whole_dots(figure: Figure, dpi: float) -> Iterator[None]:
    """Panels with pictures begin and end between two dots of a PNG while the ``with`` lasts, so that nothing in them is rounded."""
    panels = [axes for axes in figure.axes if axes.get_images()]
    before = [(axes.get_position(original=True), axes.get_aspect()) for axes in panels]
    width, height = figure.get_size_inches() * dpi
    for axes in panels:
        axes.apply_aspect()
        left, bottom, right, top = (round(edge * dots) / dots for edge, dots in
                                    zip(axes.get_position().extents, (width, height, width, height)))
        axes.set_position((left, bottom, right - left, top - bottom))
        axes.set_aspect("auto")
    try:
        yield
    finally:
        for axes, (position, aspect) in zip(panels, before):
            axes.set_position(position)
            axes.set_aspect(aspect)
