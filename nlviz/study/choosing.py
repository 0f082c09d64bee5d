"""Pictures and clips of a folder: which frames of a video are measured."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ..pictures import Chosen, Clip, PictureError, is_clip_name, open_clip, opens_as_clip, overview, usual_choice

CHUNK = 2**20  # bytes


@dataclass(frozen=True)
class Frames:
    """Which frames of every video.

    Attributes:
        start: number of the first, from 0.
        count: how many, 4 to 32.
        stride: every so many-th frame of the video; None for about three a second, nearer where it is short.

    Raises:
        ValueError: one of them is out of its range.
    """

    start: int = 0
    count: int = 8
    stride: int | None = None

    def __post_init__(self) -> None:
        Chosen(self.start, self.count, self.stride or 1)

    def of(self, source: Path) -> Clip:
        """Those of a video or an animated picture.

        Raises:
            PictureError: as :func:`nlviz.pictures.open_clip`.
        """
        if self.stride is None:
            return open_clip(source, chosen=usual_choice(overview(source, thumbnails=1), self.start, self.count))
        return open_clip(source, chosen=Chosen(self.start, self.count, self.stride))

    @property
    def words(self) -> str:
        """``8 frames, the first number 1, about three a second``."""
        every = {None: "about three a second", 1: "one after the other"}.get(self.stride, f"one in {self.stride}")
        return f"{self.count} frames, the first number {self.start + 1}, {every}"


def is_clip(path: Path) -> bool:
    """Whether a file is a video, by its content or its name, or an animated picture of at least 4 frames."""
    return path.is_file() and (is_clip_name(path.name) or opens_as_clip(path))


def digest_of(path: Path, frames: Frames) -> str:
    """Of a video's bytes, whatever its name, and of which frames are measured.

    Raises:
        PictureError: it cannot be read.
    """
    found = sha256(f"{frames.start} {frames.count} {frames.stride} ".encode())
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                found.update(chunk)
    except OSError as error:
        raise PictureError(f"cannot be read ({error.strerror}).") from None
    return found.hexdigest()
