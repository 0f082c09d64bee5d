"""Picture or clip -> a network's input, and where it lies in it."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .clip import Clip
from .picture import Picture
from .placement import Placement

MAX_RESOLUTION = 2048


@dataclass(frozen=True)
class Frame:
    """How a picture, or each frame of a clip, fills a network's input.

    Attributes:
        size: (width, height) of the input in pixels.
        content: (left, top, right, bottom) that the picture takes of it; the rest is padding. What was cropped lies outside:
            below 0, or above the size.
        frames: of a clip, all of which the input holds; 1 of a picture.
    """

    size: tuple[int, int]
    content: tuple[int, int, int, int]
    frames: int = 1

    def place(self, grid: tuple[int, ...]) -> Placement:
        """Where a feature map of (rows, columns), of a clip (frames, rows, columns), over the whole input lies in the picture."""
        left, top, right, bottom = self.content
        per_pixel = [Fraction(cells, pixels) for cells, pixels in zip(grid[::-1], self.size)]
        scale = (right - left) * per_pixel[0], (bottom - top) * per_pixel[1]
        offset = left * per_pixel[0], top * per_pixel[1]
        if len(grid) == 2:
            return Placement(grid, scale, offset)
        return Placement(grid, (*scale, Fraction(grid[0], self.frames)), (*offset, Fraction(0)), self.frames)


@dataclass(frozen=True)
class Preprocess:
    """A picture as a network's input.

    Attributes:
        stride: both sides are multiples of it.
        channels: 3 for RGB, 1 for grey.
        mean, std: the input is (pixel - mean) / std with pixels 0 to 255; one number, or one of each channel.
        fixed: (width, height) of a network that takes one size only: the picture is letterboxed into it.
        clips: the network takes all frames of a clip at once, (1, channels, T, H, W).
    """

    stride: int = 16
    channels: int = 3
    mean: float | tuple[float, ...] = 127.0
    std: float | tuple[float, ...] = 128.0
    fixed: tuple[int, int] | None = None
    clips: bool = False

    def frame(self, size: tuple[int, int], resolution: int) -> Frame:
        """Long side = resolution, the aspect ratio kept up to rounding to the stride; nothing is cropped.

        Raises:
            ValueError: a resolution below the stride or above 2048.
        """
        if not self.stride <= resolution <= MAX_RESOLUTION:
            raise ValueError(f"resolution must be {self.stride} to {MAX_RESOLUTION} pixels, got {resolution}")
        target, stride = (self.fixed, 1) if self.fixed else ((resolution, resolution), self.stride)
        ratio = min(Fraction(t, s) for t, s in zip(target, size))
        width, height = (max(stride, round(s * ratio / stride) * stride) for s in size)
        if not self.fixed:
            return Frame((width, height), (0, 0, width, height))
        left, top = (target[0] - width) // 2, (target[1] - height) // 2
        return Frame(target, (left, top, left + width, top + height))

    def __call__(self, picture: Picture, resolution: int = 448) -> tuple[Tensor, Frame]:
        """The input (1, channels, H, W) and where the picture lies in it; padding is black.

        Of a clip (T, channels, H, W), frame by frame, or with ``clips`` (1, channels, T, H, W).
        """
        frame = self.frame(picture.size, resolution)
        if not isinstance(picture, Clip):
            return self._filled(picture.image, frame), frame
        x = torch.cat([self._filled(image, frame) for image in picture.frames])
        return x.transpose(0, 1)[None].contiguous() if self.clips else x, replace(frame, frames=len(picture.frames))

    def _filled(self, image: Image.Image, frame: Frame) -> Tensor:
        left, top, right, bottom = frame.content
        image = image.convert("L" if self.channels == 1 else "RGB")
        image = image.resize((right - left, bottom - top), Image.Resampling.BICUBIC)
        canvas = Image.new(image.mode, frame.size)
        canvas.paste(image, (left, top))
        return normalised(canvas, self.mean, self.std)


def normalised(image: Image.Image, mean: float | tuple[float, ...], std: float | tuple[float, ...]) -> Tensor:
    """(pixel - mean) / std with pixels 0 to 255 as (1, channels, H, W)."""
    pixels = torch.from_numpy(np.array(image)).float().view(image.size[1], image.size[0], -1)
    return ((pixels - torch.tensor(mean)) / torch.tensor(std)).permute(2, 0, 1).unsqueeze(0).contiguous()
