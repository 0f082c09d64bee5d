"""Picture -> a network's input as the network's own library makes it, its crop included, and where the picture lies in it."""

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from .clip import Clip
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
        smoothed: whether a smaller picture is smoothed as Pillow does; else it is read between the four nearest pixels, as PyTorch
            does without antialiasing (``BILINEAR`` alone).
        clips: of a network that takes all frames of a clip at once the order of its axes, ``CT`` for (1, 3, T, H, W) or ``TC`` for
            (1, T, 3, H, W); empty for one of pictures.
        frames: how many frames such a network takes, None for any number.
    """

    resize: tuple[int, int]
    fit: str = "cover"
    crop: tuple[int, int] | None = None
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (255.0, 255.0, 255.0)
    interpolation: str = "BICUBIC"
    padding: tuple[int, int, int] = (0, 0, 0)
    halves: str = "even"
    smoothed: bool = True
    clips: str = ""
    frames: int | None = None

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
        """The input (1, 3, H, W) and where the picture lies in it.

        Of a clip (T, 3, H, W), frame by frame, or all frames at once as ``clips`` says.

        Raises:
            ValueError: a network of clips is given a picture, or another number of frames than it takes.
        """
        frame = self.frame(picture.size)
        if not isinstance(picture, Clip):
            if self.clips:
                raise ValueError(f"this network takes clips, and {picture.name} is a picture: choose a video")
            return self._filled(picture.image, frame), frame
        count = len(picture.frames)
        if self.frames not in (None, count):
            raise ValueError(f"this network takes {self.frames} frames, and the clip has {count}: choose {self.frames}")
        x, frame = torch.cat([self._filled(image, frame) for image in picture.frames]), replace(frame, frames=count)
        return (x if not self.clips else x[None] if self.clips == "TC" else x.transpose(0, 1)[None].contiguous()), frame

    def _filled(self, image: Image.Image, frame: Frame) -> Tensor:
        left, top, right, bottom = frame.content
        image = self._scaled(image.convert("RGB"), (right - left, bottom - top))
        canvas = Image.new("RGB", frame.size, self.padding)
        canvas.paste(image, (left, top))
        return normalised(canvas, self.mean, self.std)

    def _scaled(self, image: Image.Image, size: tuple[int, int]) -> Image.Image:
        if self.smoothed:
            return image.resize(size, Image.Resampling[self.interpolation])
        pixels = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float()
        found = torch.nn.functional.interpolate(pixels, size[::-1], mode="bilinear", align_corners=False)
        return Image.fromarray(found[0].round().byte().permute(1, 2, 0).numpy())
