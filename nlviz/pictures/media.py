"""A picture or a clip, whichever a file holds."""

from pathlib import Path

from .choosing import Chosen
from .limits import MIN_FRAMES
from .looking import Overview, overview
from .opening import open_clip
from .picture import Picture, open_picture
from .sniffing import opens_as_clip

USUAL_FRAMES, A_SECOND = 8, 3


def usual_choice(whole: Overview, start: int | None = None, count: int | None = None, stride: int | None = None) -> Chosen:
    """Which frames of a video are shown where nobody says it: 8 from the first on, three a second, or nearer where it is short.

    Args:
        start, count, stride: what is said of it, as in :class:`Chosen`.
    """
    start = start or 0
    left = max(whole.count - start, 1)
    count = count or max(MIN_FRAMES, min(USUAL_FRAMES, left))
    nearest = max(1, (left - 1) // (count - 1))
    return Chosen(start, count, stride or min(nearest, max(1, round((whole.fps or 1) / A_SECOND))))


def open_media(path: str | Path, name: str | None = None, start: int | None = None, count: int | None = None,
               stride: int | None = None) -> Picture:
    """A video, an animated picture or a folder of frames as a clip, any other file as a picture.

    Args:
        start, count, stride: which frames, as in :func:`usual_choice`.

    Raises:
        PictureError: it cannot be opened, or frames are asked for of a picture that has one.
        ValueError: no such choice of frames.
    """
    if not Path(path).is_dir() and not opens_as_clip(path):
        if (start, count, stride) != (None, None, None):
            raise ValueError(f"{name or Path(path).name}: a picture, of which no frames can be chosen")
        return open_picture(path, name)
    if None in (start, count, stride):
        return open_clip(path, name, usual_choice(overview(path, name, 1), start, count, stride))
    return open_clip(path, name, Chosen(start, count, stride))
