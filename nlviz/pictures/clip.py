"""A clip: some frames of a video, as upright 8-bit RGB pictures of one size."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import pairwise

from PIL import Image, ImageDraw, ImageOps

from .choosing import FIRST, Chosen, nth
from .picture import BAND, Picture


@dataclass(frozen=True)
class Clip(Picture):
    """Some frames of a video; as a picture it is the first of them.

    Attributes:
        frames: upright 8-bit RGB, all of one size.
        numbers: of each frame in the video, from 0.
        seconds: when each is shown, after the video's first; None where that is not known.
        chosen: which they are: what was asked for, or what of it there was.
        total: how many frames the video has; None where that is not known.
        fps: how many of them are shown in a second, on average; None where that is not known.
    """

    frames: tuple[Image.Image, ...] = ()
    numbers: tuple[int, ...] = ()
    seconds: tuple[float | None, ...] = ()
    chosen: Chosen = FIRST
    total: int | None = None
    fps: float | None = None

    @cached_property
    def sha256(self) -> str:
        """Of their number, the size and the RGB pixels of all frames, whatever the file's name or format."""
        found, (width, height) = sha256(repr((len(self.frames), self.size)).encode()), self.size
        for frame in self.frames:
            for top in range(0, height, BAND):
                found.update(frame.crop((0, top, width, min(top + BAND, height))).tobytes())
        return found.hexdigest()


def clip_of(frames: Sequence[Image.Image], name: str = "clip", notes: Sequence[str] = (), numbers: Sequence[int] | None = None,
            seconds: Sequence[float | None] | None = None, chosen: Chosen | None = None, total: int | None = None,
            fps: float | None = None) -> Clip:
    """A clip of frames that are upright RGB and of one size already."""
    numbers = tuple(range(len(frames)) if numbers is None else numbers)
    chosen = chosen or Chosen(numbers[0], len(frames), numbers[1] - numbers[0] if len(numbers) > 1 else 1)
    return Clip(frames[0], name, tuple(notes), tuple(frames), numbers, tuple(seconds or [None] * len(frames)), chosen, total, fps)


def contact_sheet(clip: Clip, side: int) -> tuple[Image.Image, int]:
    """All frames in one image, tight, their long side at most ``side`` pixels; and how many stand side by side."""
    width, height = clip.size
    shrunk = min(1.0, side / max(width, height))
    size = max(1, round(width * shrunk)), max(1, round(height * shrunk))
    across = math.ceil(math.sqrt(len(clip.frames)))
    sheet = Image.new("RGB", (size[0] * across, size[1] * math.ceil(len(clip.frames) / across)))
    for at, frame in enumerate(clip.frames):
        sheet.paste(frame.resize(size, Image.Resampling.LANCZOS), (at % across * size[0], at // across * size[1]))
    return sheet, across


def still(clip: Clip, side: int) -> Image.Image:
    """A square of ``side`` pixels of the clip's middle frame, with a sign of playing."""
    image = ImageOps.fit(clip.frames[len(clip.frames) // 2], (side, side))
    draw, unit = ImageDraw.Draw(image, "RGBA"), side / 120
    draw.ellipse([34 * unit, 34 * unit, 86 * unit, 86 * unit], fill=(0, 0, 0, 150))
    draw.polygon([(52 * unit, 45 * unit), (52 * unit, 75 * unit), (76 * unit, 60 * unit)], fill=(255, 255, 255, 255))
    return image


def frames_words(clip: Clip) -> str:
    """Which frames of the video they are, counted from 1, and when: ``8 frames, 1 to 29 of 90, every 4th, 0.0 to 0.9 s``."""
    steps = {after - before for before, after in pairwise(clip.numbers)}
    every = f", every {nth(steps.pop())}" if len(steps) == 1 and steps != {1} else ""
    of = f" of {clip.total}" if clip.total else ""
    when = f", {clip.seconds[0]:.1f} to {clip.seconds[-1]:.1f} s" if None not in (clip.seconds[0], clip.seconds[-1]) else ""
    return f"{len(clip.frames)} frames, {clip.numbers[0] + 1} to {clip.numbers[-1] + 1}{of}{every}{when}"
