"""A clip: some frames of a video, as upright 8-bit RGB pictures of one size."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import pairwise

from PIL import Image

from .picture import Picture

MIN_FRAMES, MAX_FRAMES = 4, 32


@dataclass(frozen=True)
class Chosen:
    """Which frames of a video.

    Attributes:
        start: number of the first frame, from 0 in the order in which they are shown.
        count: how many, MIN_FRAMES to MAX_FRAMES.
        stride: every so many-th frame of the video.
    """

    start: int = 0
    count: int = 8
    stride: int = 1

    def __post_init__(self) -> None:
        for what, value, least, most in (("start", self.start, 0, 10**7), ("frames", self.count, MIN_FRAMES, MAX_FRAMES),
                                         ("stride", self.stride, 1, 10**5)):
            if type(value) is not int or not least <= value <= most:
                raise ValueError(f"{what} of a clip goes from {least} to {most:,}, got {value!r:.40}")


@dataclass(frozen=True)
class Clip(Picture):
    """Some frames of a video; as a picture it is the first of them.

    Attributes:
        frames: upright 8-bit RGB, all of one size.
        numbers: of each frame in the video, from 0.
        seconds: when each is shown; None where that is not known.
        chosen: what was asked for.
    """

    frames: tuple[Image.Image, ...] = ()
    numbers: tuple[int, ...] = ()
    seconds: tuple[float | None, ...] = ()
    chosen: Chosen = Chosen()

    @cached_property
    def sha256(self) -> str:
        """Of the size and the RGB pixels of all frames."""
        found = sha256(repr((len(self.frames), self.size)).encode())
        for frame in self.frames:
            found.update(frame.tobytes())
        return found.hexdigest()


def clip_of(frames: Sequence[Image.Image], name: str = "clip", notes: Sequence[str] = (), numbers: Sequence[int] | None = None,
            seconds: Sequence[float | None] | None = None, chosen: Chosen | None = None) -> Clip:
    """A clip of frames that are upright RGB and of one size already."""
    numbers = tuple(range(len(frames)) if numbers is None else numbers)
    return Clip(frames[0], name, tuple(notes), tuple(frames), numbers, tuple(seconds or [None] * len(frames)),
                chosen or Chosen(numbers[0], len(frames), numbers[1] - numbers[0] if len(numbers) > 1 else 1))


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


def frames_words(clip: Clip) -> str:
    """Which frames of the video they are, counted from 1, and when: ``8 frames, 1 to 29, every 4th, 0.0 to 0.9 s``."""
    steps = {after - before for before, after in pairwise(clip.numbers)}
    every = f", every {_nth(steps.pop())}" if len(steps) == 1 and steps != {1} else ""
    when = f", {clip.seconds[0]:.1f} to {clip.seconds[-1]:.1f} s" if None not in (clip.seconds[0], clip.seconds[-1]) else ""
    return f"{len(clip.frames)} frames, {clip.numbers[0] + 1} to {clip.numbers[-1] + 1}{every}{when}"


def _nth(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10 if number % 100 not in (11, 12, 13) else 0, "th")
    return f"{number}{ending}"
