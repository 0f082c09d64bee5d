"""Opening a picture: any file, its bytes or a PIL image, as upright 8-bit RGB, or an error that says what to do."""

from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path

from PIL import Image

from .decoding import decode
from .limits import MAX_BYTES, PictureError
from .workers import DECODER

BAND = 256  # rows of pixels


@dataclass(frozen=True)
class Picture:
    """An upright RGB picture.

    Attributes:
        image: 8-bit RGB, after EXIF rotation.
        name: what to call it.
        notes: what had to be changed to get there, in words for the user.
    """

    image: Image.Image
    name: str = "picture"
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.image.size

    @cached_property
    def sha256(self) -> str:
        """Of the size and the RGB pixels, so that a rename or another file format changes nothing."""
        found, (width, height) = sha256(repr(self.size).encode()), self.size
        for top in range(0, height, BAND):  # never all pixels a second time
            found.update(self.image.crop((0, top, width, min(top + BAND, height))).tobytes())
        return found.hexdigest()


def open_picture(source: str | Path | bytes | Image.Image, name: str | None = None) -> Picture:
    """Open a file, its bytes or a PIL image as an upright 8-bit RGB picture.

    Files are decoded in a process of their own, which is stopped after 10 seconds of computing or at 2 GB.

    Raises:
        PictureError: not a readable picture, fewer than 16 pixels on a side, more than 50 million
            pixels, longer than 8 to 1, or beyond these limits.
    """
    if isinstance(source, Image.Image):
        image, notes = decode(source, name or "picture")
        return Picture(image, name or "picture", tuple(notes))
    if not isinstance(source, bytes):
        name = name or Path(source).name
        source = _read(Path(source), name)
    name = name or "picture"
    if not source:
        raise PictureError(f"{name}: the file is empty (0 bytes). Choose another picture.")
    image, notes = DECODER.decode(source, name)
    return Picture(image, name, tuple(notes))


def _read(path: Path, name: str) -> bytes:
    try:
        if path.exists() and not path.is_file():  # a pipe or a device may never end
            raise PictureError(f"{name}: not a file. Choose a picture.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise PictureError(f"{name}: {size / 2**20:.0f} MB; at most {MAX_BYTES // 2**20} can be opened. Scale it down first.")
        with path.open("rb") as file:
            return file.read(size)
    except PictureError:
        raise
    except (OSError, ValueError) as error:
        raise PictureError(f"{name}: cannot be read ({getattr(error, 'strerror', error)}).") from None
