"""What moves, by the first bytes of a file and not by its name."""

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .limits import CLIP_SUFFIXES, MIN_FRAMES

HEAD = 512  # bytes that are enough to tell
STEPS = 400_000  # parts of a file that are walked through at most: an animated picture's first frames have fewer
STILLS = (b"hei", b"hev", b"mif", b"msf", b"avi")  # brands of pictures in files of boxes begin so; the others are videos
BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
STARTS = {b"\x1a\x45\xdf\xa3": "matroska", b"OggS": "ogg", b"FLV\1": "flv", b"\x30\x26\xb2\x75\x8e\x66\xcf\x11": "asf",
          b"\0\0\1\xba": "mpeg"}


def container_of(head: bytes) -> str | None:
    """FFmpeg's name of the kind of file that a video lies in; None where it is none that is read."""
    if head[4:8] in BOXES:
        return None if head[4:8] == b"ftyp" and head[8:11] in STILLS else "mov"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    if any(head[first:first + 2 * step + 1:step] == b"GGG" for first, step in ((0, 188), (4, 192))):
        return "mpegts"
    return next((kind for start, kind in STARTS.items() if head.startswith(start)), None)


def opens_as_clip(source: str | os.PathLike | bytes) -> bool:
    """Is it a video, an animated picture of at least 4 frames, or a folder? By its content; false where it cannot be read."""
    try:
        if isinstance(source, bytes):
            return _moves(io.BytesIO(source))
        if Path(source).is_dir():
            return True
        if not Path(source).is_file():
            return False
        with Path(source).open("rb") as file:
            return _moves(file)
    except (OSError, ValueError):
        return False


def _moves(file: BinaryIO) -> bool:
    head = file.read(HEAD)
    if container_of(head):
        return True
    if head[4:12] == b"ftypavis":
        return True
    kind = next((kind for start, kind in ((b"GIF8", _gif), (b"\x89PNG", _png), (b"RIFF", _webp)) if head.startswith(start)), None)
    frames = kind(_Walked(file)) if kind else iter(())
    return all(next(frames, None) is not None for _ in range(MIN_FRAMES))


class _Walked:
    """A file that is read in at most STEPS parts."""

    def __init__(self, file: BinaryIO) -> None:
        self.file, self.seek, self.tell, self.left = file, file.seek, file.tell, STEPS

    def read(self, size: int) -> bytes:
        self.left -= 1
        if not self.left:
            raise ValueError("no end of it")
        return self.file.read(size)


def _gif(file: _Walked) -> Iterator[int]:
    """One number for each of its frames."""
    file.seek(10)
    _skip_colours(file)
    file.seek(2, 1)
    while (kind := file.read(1)) in (b"!", b","):
        if kind == b",":
            yield file.tell()
            file.seek(8, 1)
            _skip_colours(file)
        file.seek(1, 1)  # the kind of the extension, or the bits of a code
        while (size := file.read(1)) not in (b"", b"\0"):
            file.seek(size[0], 1)


def _skip_colours(file: _Walked) -> None:
    flags = (file.read(1) or b"\0")[0]
    file.seek((3 << (flags & 7) + 1 if flags & 0x80 else 0), 1)


def _png(file: _Walked) -> Iterator[int]:
    file.seek(8)
    while len(head := file.read(8)) == 8 and head[4:] != b"IDAT":
        if head[4:] == b"acTL":
            yield from range(int.from_bytes(file.read(4), "big"))
            return
        file.seek(int.from_bytes(head[:4], "big") + 4, 1)


def _webp(file: _Walked) -> Iterator[int]:
    file.seek(12)
    while len(head := file.read(8)) == 8:
        if head[:4] == b"ANMF":
            yield file.tell()
        size = int.from_bytes(head[4:], "little")
        file.seek(size + size % 2, 1)


def is_clip_name(name: str) -> bool:
    """Does a file of this name hold a video? An animated picture has the name of any picture: see ``opens_as_clip``."""
    return name.lower().endswith(CLIP_SUFFIXES)
