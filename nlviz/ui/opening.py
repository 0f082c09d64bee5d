"""What is on screen: which photo, or which frames of which video, and how it is opened. A path is that of an upload, of an example,
or of the picture that the page begins with."""

from functools import lru_cache
from typing import NamedTuple

from ..pictures import Chosen, Overview, Picture, PictureError, open_clip, open_picture, opens_as_clip, overview, usual_choice
from .examples import MADE, WHOLE

THUMBNAILS = 16


class Shown(NamedTuple):
    """The path of a photo or a video, and which of its frames; None of a photo."""

    path: str
    clip: Chosen | None = None

    @property
    def box(self) -> str | None:
        """The value of the photo box, which takes no videos."""
        return self.path if self.clip is None and self.path not in MADE else None

    @classmethod
    def of_scene(cls, path: str, scene: dict) -> "Shown":
        """What a scene shows of a file: the frames that there were."""
        clip = scene["key"].get("clip")
        return cls(path, clip and Chosen(**clip))


def moves(path: str) -> bool:
    """Whether it is a clip.

    Raises:
        OSError: it cannot be read.
    """
    return path in MADE or opens_as_clip(path)


def opened(path: str, clip: Chosen | None = None, as_picture: bool = False) -> Picture:
    """The photo or the clip.

    Args:
        clip: which frames; None for the usual ones.
        as_picture: of an animated picture its first frame.

    Raises:
        PictureError: it cannot be opened; the message says why.
    """
    if as_picture or not moves(path):
        return open_picture(path)
    clip = clip or usual_choice(overview_of(path))
    return MADE[path](clip) if path in MADE else open_clip(path, chosen=clip)


@lru_cache(32)
def overview_of(path: str) -> Overview:
    """A look over a video, whose path says what it holds.

    Raises:
        PictureError: as in ``opened``.
    """
    if path not in MADE:
        return overview(path, thumbnails=THUMBNAILS)
    clip = MADE[path](WHOLE)
    small = tuple(frame.resize([side // 4 for side in frame.size]) for frame in clip.frames)
    return Overview(clip.name, len(small), True, None, clip.fps, clip.size, small, clip.numbers)


@lru_cache(256)
def sha256_of(path: str, clip: Chosen | None) -> str | None:
    """Of the pixels of a photo, or of these frames; None where it is not that."""
    try:
        return None if clip and not moves(path) else opened(path, clip, clip is None).sha256
    except (PictureError, OSError):
        return None
