"""Picture -> a network's input as the network's own library makes it, its crop included, and where the picture lies in it."""

from dataclasses import dataclass
from fractions import Fraction

from PIL import Image
from torch import Tensor

from .picture import Picture
from .preprocess import Frame, normalised


@dataclass(frozen=True)
class Cropped:
    """A picture resized, then cropped about its middle, or padded where the crop is larger. The resolution is the library's.

    Attributes:
        resize: (width, height) in pixels.
        fit: ``cover``: the smallest of the picture's shape that covers ``resize``; ``contain``: the largest inside it;
            ``fill``: ``resize`` itself, whatever the picture's shape.
        crop: (width, height) in pixels of the input; None for all of it.
        mean, std: the input is (pixel - mean) / std with pixels 0 to 255, of each channel.
        interpolation: a name of ``PIL.Image.Resampling``.
        padding: red, green and blue, 0 to 255.
        halves: where half a pixel is left over on each side, the crop begins at the ``even`` one or at the ``lower``.
    """

    resize: tuple[int, int]
    fit: str = "cover"
    crop: tuple[int, int] | None = None
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (255.0, 255.0, 255.0)
    interpolation: str = "BICUBIC"
    padding: tuple[int, int, int] = (0, 0, 0)
    halves: str = "even"

    def frame(self, size: tuple[int, int], resolution: int | None = None) -> Frame:
        """Where a picture of (width, height) pixels lies in the input: what is cropped lies outside, below 0 or above the size."""
        resized = self._resized(size)
        crop = self.crop or resized
        left, top = (self._start(full, cut) for full, cut in zip(resized, crop))
        return Frame(crop, (left, top, left + resized[0], top + resized[1]))

    def _resized(self, size: tuple[int, int]) -> tuple[int, int]:
        if self.fit == "fill":
            return self.resize
        ratios = [Fraction(wanted, side) for wanted, side in zip(self.resize, size)]
        ratio = max(ratios) if self.fit == "cover" else min(ratios)
        square = self.fit == "cover" and self.resize[0] == self.resize[1]  # the libraries truncate then, and round otherwise
        return tuple(max(1, int(side * ratio) if square else round(side * ratio)) for side in size)

    def _start(self, full: int, cut: int) -> int:
        """The first pixel of the resized picture in the input, along one axis."""
        if full < cut:
            return (cut - full) // 2
        return -((full - cut) // 2 if self.halves == "lower" else round((full - cut) / 2))

    def __call__(self, picture: Picture, resolution: int | None = None) -> tuple[Tensor, Frame]:
        """The input (1, 3, H, W) and where the picture lies in it."""
        frame = self.frame(picture.size)
        left, top, right, bottom = frame.content
        image = picture.image.convert("RGB").resize((right - left, bottom - top), Image.Resampling[self.interpolation])
        canvas = Image.new("RGB", frame.size, self.padding)
        canvas.paste(image, (left, top))
        return normalised(canvas, self.mean, self.std), frame
