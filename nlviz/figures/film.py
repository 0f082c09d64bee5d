"""The frames of a clip as one panel: where each stands in it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from ..pictures import Clip
from .formats import Format

GAP = 0.04  # between frames, of a frame's width
BLANK = 0.12  # of a frame's size that a panel without blanks may cost
NARROWEST = 1.5  # inches of a panel, in print
LONGEST = 1400  # pixels of a panel that print still resolves


@dataclass(frozen=True)
class Film:
    """Frames side by side, in rows; lengths in pixels of a frame, from the panel's left and upper edge.

    Attributes:
        frames: of one size.
        across: how many stand side by side.
        gap: between two frames, across and down.
        below: under the last row.
    """

    frames: tuple[Image.Image, ...]
    across: int
    gap: tuple[float, float]
    below: float = 0.0

    @classmethod
    def of(cls, clip: Clip, across: int | None = None, gap: float = GAP, longest: int = LONGEST) -> "Film":
        """A clip's frames with one gap both ways, about as wide as high by default; small enough for print."""
        across = across or across_for(len(clip.frames), clip.size[0] / clip.size[1], 1.6, 1.2)
        frames = smaller(clip.frames, max(160, longest // max(across, -(-len(clip.frames) // across))))
        return cls(frames, across, (gap * frames[0].width,) * 2)

    @property
    def frame(self) -> tuple[int, int]:
        """(width, height) of a frame."""
        return self.frames[0].size

    @property
    def down(self) -> int:
        """How many rows of frames."""
        return -(-len(self.frames) // self.across)

    @property
    def size(self) -> tuple[float, float]:
        """(width, height) of the panel."""
        wide, high = ((side + gap) * count - gap for side, gap, count in zip(self.frame, self.gap, (self.across, self.down)))
        return wide, high + self.below

    def corner(self, frame: int) -> tuple[float, float]:
        """The left and upper edge of a frame."""
        return tuple(at * (side + gap) for at, side, gap in zip((frame % self.across, frame // self.across), self.frame, self.gap))

    def at(self, x: float, y: float, frame: int = 0) -> tuple[float, float]:
        """Where a point at fractions (x, y) of a frame lies in the panel."""
        return tuple(edge + part * side for edge, part, side in zip(self.corner(frame), (x, y), self.frame))

    def along(self, dots: int, axis: int) -> tuple[np.ndarray, np.ndarray]:
        """For the middle of each of so many dots of the panel: which frame along an axis it lies in, and where, 0 to 1; beside the
        frames outside 0 to 1."""
        side, gap, count = self.frame[axis], self.gap[axis], (self.across, self.down)[axis]
        places = (np.arange(dots) + 0.5) / dots * self.size[axis]
        frames = np.minimum(places // (side + gap), count - 1).astype(int)
        return frames, (places - frames * (side + gap)) / side


def across_for(count: int, aspect: float, width: float, height: float) -> int:
    """How many of ``count`` frames stand side by side where they are largest in a panel of at most (width, height); a little
    smaller ones that leave no blank are preferred."""
    def size(across: int) -> float:
        down = -(-count // across)
        return min(width / across, height / down * aspect) * (1 - BLANK * (across * down > count))

    return max(range(1, count + 1), key=size)


def most_of(form: Format) -> int:
    """How many films stand side by side: wide ones, so that their frames are seen."""
    return form.most(NARROWEST * form.scale)


def film_for(clip: Clip, form: Format, panels: int) -> Film:
    """The frames of a clip for a page with so many panels side by side, as far as they fit."""
    width = form.column(min(panels, most_of(form)))
    return Film.of(clip, across_for(len(clip.frames), clip.size[0] / clip.size[1], width, min(width, 2.4 * form.scale)))


def smaller(frames: Sequence[Image.Image], longest: int) -> tuple[Image.Image, ...]:
    """The frames with sides of at most so many pixels."""
    most = max(frames[0].size)
    if most <= longest:
        return tuple(frames)
    size = tuple(max(1, math.floor(side * longest / most + 0.5)) for side in frames[0].size)
    return tuple(frame.resize(size, Image.Resampling.LANCZOS) for frame in frames)
