"""A photo and its mask seen by a moving camera, and an object that was cut out of another photo and moves over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

THINGS = (3, 4, 5, 8, 10, 11, 12, 13, 14, 15, 16, 17, 19, 20, 21, 22)  # msrc's classes of objects, from 0: cow to boat
VOID = -1


@dataclass(frozen=True)
class Photo:
    """A photo as numbers: ``pixels`` (3, rows, columns), 0 to 255, float32; ``mask`` (rows, columns), classes, void -1."""

    pixels: Tensor
    mask: Tensor

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.mask.shape[1], self.mask.shape[0]


@dataclass(frozen=True)
class View:
    """What a camera shows: the point (x, y) of the photo in the middle of the frame, how many of its pixels one of the frame's
    covers along a side, and by how many degrees it is turned.
    """

    x: float
    y: float
    step: float
    degrees: float = 0.0

    def inside(self, photo: tuple[int, int], frame: tuple[int, int]) -> "View":
        """The same, moved so that nothing beyond the photo is seen, where the photo is large enough."""
        c, s = (abs(f(radians(self.degrees))) for f in (cos, sin))
        half = [self.step * (frame[0] * c + frame[1] * s) / 2, self.step * (frame[0] * s + frame[1] * c) / 2]
        x, y = (min(max(at, h), side - h) if 2 * h <= side else side / 2 for at, h, side in zip((self.x, self.y), half, photo))
        return View(x, y, self.step, self.degrees)


def points(view: View, frame: tuple[int, int]) -> Tensor:
    """Where in the photo the pixels of a frame of (width, height) lie, (height, width, 2): (x, y), pixel centres at one half."""
    right, down = (torch.arange(side) + 0.5 - side / 2 for side in frame)
    c, s = cos(radians(view.degrees)) * view.step, sin(radians(view.degrees)) * view.step
    return torch.stack([view.x + c * right - s * down[:, None], view.y + s * right + c * down[:, None]], -1)


def seen(photo: Photo, views: Sequence[View], frame: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """The frames (T, 3, height, width) of a camera, 0 to 255, and their masks (T, height, width); void beyond the photo.

    Pixels are interpolated and masks are not: a pixel's class is that of the photo's pixel it lies in.
    """
    at = torch.stack([points(view, frame) for view in views])
    return _sampled(photo.pixels, at, "bilinear"), _sampled((photo.mask - VOID).float()[None], at, "nearest").long()[:, 0] + VOID


def _sampled(values: Tensor, at: Tensor, mode: str) -> Tensor:
    """(C, rows, columns) at the points (T, height, width, 2); 0 beyond, by whole pixels where the mode is nearest."""
    scaled = at / torch.tensor([values.shape[2], values.shape[1]]) * 2 - 1
    beyond = "zeros" if mode == "nearest" else "border"
    return F.grid_sample(values.expand(len(at), -1, -1, -1), scaled, mode, padding_mode=beyond, align_corners=False)


@dataclass(frozen=True)
class CutOut:
    """An object of a photo: a rectangle of it in which ``mask`` is the object's class, void elsewhere."""

    photo: Photo

    def over(self, frames: Tensor, masks: Tensor, centres: Sequence[tuple[float, float]], height: float) -> None:
        """Put it over the frames in place, its middle at (x, y) of each, ``height`` pixels high."""
        (width, rows), frame = self.photo.size, tuple(frames.shape[:1:-1])
        step = rows / height
        views = [View(width / 2 + (frame[0] / 2 - x) * step, rows / 2 + (frame[1] / 2 - y) * step, step) for x, y in centres]
        pixels, mask = seen(self.photo, views, frame)
        here = mask != VOID
        frames[:] = torch.where(here[:, None], pixels, frames)
        masks[:] = torch.where(here, mask, masks)


def cut_out(photo: Photo, random: np.random.Generator) -> CutOut | None:
    """An object that takes 4 to 50 % of a photo, all of its class there; None where there is none."""
    shares = {thing: (photo.mask == thing).float().mean().item() for thing in THINGS}
    fitting = [thing for thing, share in shares.items() if 0.04 <= share <= 0.5]
    if not fitting:
        return None
    own = photo.mask == fitting[random.integers(len(fitting))]
    (top, bottom), (left, right) = ((found.min().item(), found.max().item() + 1) for found in own.nonzero().T)
    part = (..., slice(top, bottom), slice(left, right))
    return CutOut(Photo(photo.pixels[part], photo.mask.where(own, VOID)[part]))
