"""What a clip is made from: a file that moves, or several pictures, perhaps those of a folder."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from .choosing import Chosen, evenly, fitted
from .limits import MAX_BYTES, MAX_CLIP_SIDE, MAX_VIDEO_BYTES, MAX_VIDEO_FRAMES, SINGLE, SUFFIXES, THUMBNAIL_SIDE, PictureError
from .picture import open_picture
from .upright import of_one_size, scaled_down

One = str | os.PathLike | bytes | Image.Image
Source = One | Sequence[One]


def source_of(source: Source, name: str | None) -> tuple[str | bytes | list[One], str]:
    """The path or bytes of a file that moves, or a list of pictures, and what to call it.

    Raises:
        PictureError: nothing that can be read, too large, or fewer than 4 pictures.
    """
    if isinstance(source, bytes):
        name = name or "clip"
        if len(source) > MAX_BYTES:
            raise PictureError(f"{name}: {len(source) / 2**20:.0f} MB; at most {MAX_BYTES // 2**20} can be opened. Cut it first.")
        _not_empty(len(source), name)
        return source, name
    if isinstance(source, Image.Image):
        raise PictureError(f"{name or 'clip'}: {SINGLE}")
    if isinstance(source, (str, os.PathLike)):
        path = Path(source).absolute()
        name = name or path.name
        return (_in_folder(path, name) if path.is_dir() else _file(path, name)), name
    source = list(source)
    first = next((Path(one).name for one in source if isinstance(one, (str, os.PathLike))), "pictures")
    return source, name or first + (f" and {len(source) - 1} more" if len(source) > 1 and first != "pictures" else "")


def _file(path: Path, name: str) -> str:
    try:
        if path.exists() and not path.is_file():  # a pipe or a device may never end
            raise PictureError(f"{name}: not a file. Choose a video.")
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        if isinstance(error, PictureError):
            raise
        raise PictureError(f"{name}: cannot be read ({getattr(error, 'strerror', error)}).") from None
    if size > MAX_VIDEO_BYTES:
        raise PictureError(f"{name}: {size / 2**20:.0f} MB; at most {MAX_VIDEO_BYTES // 2**20} can be opened. Cut it first.")
    _not_empty(size, name)
    return str(path)


def _not_empty(size: int, name: str) -> None:
    if not size:
        raise PictureError(f"{name}: the file is empty (0 bytes). Choose another video.")


def _in_folder(path: Path, name: str) -> list[One]:
    """The pictures of a folder, by their names as they are read: 2 before 10."""
    try:
        found = [entry.path for entry in os.scandir(path)
                 if entry.name.lower().endswith(SUFFIXES) and not entry.name.startswith(".") and entry.is_file()]
    except OSError as error:
        raise PictureError(f"{name}: cannot be read ({error.strerror}).") from None
    if not found:
        raise PictureError(f"{name}: no picture in this folder. A clip is made from one of frames ({', '.join(SUFFIXES)}).")
    if len(found) > MAX_VIDEO_FRAMES:
        raise PictureError(f"{name}: {len(found):,} pictures; at most {MAX_VIDEO_FRAMES:,} can be chosen from.")
    return sorted(found, key=lambda one: _natural(os.path.basename(one)))


def _natural(name: str) -> list[tuple[int, str]]:
    parts = re.split(r"([0-9]+)", name.lower())
    return [(int(part), "") if place % 2 else (0, part) for place, part in enumerate(parts)] + [(0, name)]


def of_pictures(source: list[One], name: str, chosen: Chosen) -> tuple[Chosen, list[Image.Image], list[str]]:
    """Which of the pictures make a clip, they, of one size, and what is to be said of them. Raises as ``open_clip``."""
    found, notes = fitted(chosen, len(source), name, "pictures")
    images = []
    for number in found.numbers:
        picture = open_picture(source[number])
        notes.extend(picture.notes)
        images.append(scaled_down(picture.image, MAX_CLIP_SIDE, notes))
    images = of_one_size(images, notes)
    return found, images, list(dict.fromkeys(notes))


def thumbnails_of(source: list[One], name: str, count: int) -> tuple[list[int], list[Image.Image], tuple[int, int]]:
    """Numbers of some pictures from all of them, they, small, and the size of the first."""
    numbers, small, size = evenly(len(source), count), [], None
    for number in numbers:
        image = open_picture(source[number]).image
        size = size or image.size
        small.append(scaled_down(image, THUMBNAIL_SIDE, []))
    return numbers, of_one_size(small, []), size
