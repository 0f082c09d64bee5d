"""A look over a video: how long it is, and thumbnails from all of it."""

from dataclasses import dataclass

from PIL import Image

from .limits import MAX_THUMBNAILS
from .several import Source, source_of, thumbnails_of
from .workers import DECODER


@dataclass(frozen=True)
class Overview:
    """A look over a video, from which one chooses a clip.

    Attributes:
        name: what to call it.
        count: how many frames it has; ``exact`` is false where that is about as many.
        duration: seconds; None where it is not known, as of several pictures.
        fps: frames a second on average; None where that is not known.
        size: (width, height) of a frame in pixels, as it is shown; a clip's are scaled down to sides of at most 2048.
        thumbnails: small pictures from all of it, RGB, of one size, the first frame first.
        numbers: of the thumbnails' frames in the video, from 0.
        notes: what had to be changed, in words for the user.
    """

    name: str
    count: int
    exact: bool
    duration: float | None
    fps: float | None
    size: tuple[int, int]
    thumbnails: tuple[Image.Image, ...]
    numbers: tuple[int, ...]
    notes: tuple[str, ...] = ()


def overview(source: Source, name: str | None = None, thumbnails: int = 12) -> Overview:
    """A look over what ``open_clip`` opens, with thumbnails from all of it, at most 160 pixels long and 48 of them.

    Key frames are taken where they lie near, and after 8 seconds of computing the thumbnails that are missing are left out.

    Raises:
        PictureError: as ``open_clip``; but a video with fewer than 4 frames is looked over as well.
    """
    source, name = source_of(source, name)
    count = max(1, min(thumbnails, MAX_THUMBNAILS))
    if isinstance(source, list):
        numbers, small, size = thumbnails_of(source, name, count)
        return Overview(name, len(source), True, None, None, size, tuple(small), tuple(numbers))
    said, small = DECODER.look(source, name, count)
    return Overview(name, said["count"], said["exact"], said["duration"], said["fps"], tuple(said["frame"]), tuple(small),
                    tuple(said["numbers"]), tuple(said["notes"]))
