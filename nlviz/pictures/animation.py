"""An animated picture (GIF, WebP, APNG, AVIF) -> some of its frames. Pillow lays each over the ones before, as a browser does."""

import time
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from PIL import Image

from .choosing import Late, evenly
from .limits import MAX_VIDEO_FRAMES, SINGLE, PictureError, check_size
from .upright import scaled_down, upright

KINDS = ("GIF", "WEBP", "PNG", "AVIF")
SHORTEST, USUAL = 10, 100  # ms: browsers show a frame of at most the first for the second


class Animation:
    """As ``Video``, of an animated picture.

    Raises:
        PictureError: a single picture, or one with too many frames; or its size is out of bounds.
    """

    exact, damaged = True, False

    def __init__(self, file: BinaryIO, name: str) -> None:
        file.seek(0)
        self.image, self.name, self.notes, self.until = Image.open(file, formats=KINDS), name, [], float("inf")
        check_size(self.image.size, name)
        if not getattr(self.image, "is_animated", False):
            raise PictureError(f"{name}: {SINGLE}")
        self._hidden = bool(getattr(self.image, "default_image", False))  # an APNG's picture for those who show no animation
        self.count = self.image.n_frames - self._hidden
        if self.count > MAX_VIDEO_FRAMES:
            raise PictureError(f"{name}: more than {MAX_VIDEO_FRAMES:,} frames. Cut out the part that you want first.")
        self.fps = self.duration = self.size = None

    def pictures(self, numbers: Iterable[int], side: int) -> Iterator[tuple[int, float, Image.Image]]:
        """The frames of these numbers, ascending: number, seconds after the first, upright RGB with sides of at most ``side``."""
        wanted, milliseconds = set(numbers), 0
        for number in range(max(wanted) + 1):
            if time.process_time() > self.until:
                raise Late
            self.image.seek(number + self._hidden)
            self.image.load()  # only now some know how long it is shown
            if number in wanted:
                yield number, milliseconds / 1000, self._upright(side)
            duration = self.image.info.get("duration") or 0
            milliseconds += duration if duration > SHORTEST else USUAL
        if number == self.count - 1:
            self.duration, self.fps = milliseconds / 1000, self.count * 1000 / milliseconds

    def spread(self, count: int) -> list[int]:
        """Numbers of at most so many frames, from all of it."""
        return evenly(self.count, count)

    def _upright(self, side: int) -> Image.Image:
        image, said = upright(self.image.copy(), self.name)
        self.size = image.size
        self.notes.extend(said)
        return scaled_down(image, side, self.notes)
