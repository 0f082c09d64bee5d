"""Opening a picture: any file, its bytes or a PIL image, as upright 8-bit RGB, or an error that says what to do."""

import io
import struct
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MIN_SIDE = 16
MAX_PIXELS = 50_000_000
MAX_ASPECT = 8
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
class PictureError(ValueError):
    """A picture that cannot be used; the message says what came and what to do."""


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

    @property
    def sha256(self) -> str:
        """Of the size and the RGB pixels, so that a rename or another file format changes nothing."""
        return sha256(repr(self.size).encode() + self.image.tobytes()).hexdigest()


def open_picture(source: str | Path | bytes | Image.Image, name: str | None = None) -> Picture:
    """Open a file, its bytes or a PIL image as an upright 8-bit RGB picture.

    Raises:
        PictureError: not a readable picture, fewer than 16 pixels on a side, more than 50 million
            pixels, or longer than 8 to 1.
    """
    if not isinstance(source, (bytes, Image.Image)):
        name = name or Path(source).name
        try:
            source = Path(source).read_bytes()
        except (OSError, ValueError) as error:
            raise PictureError(f"{name}: cannot be read ({getattr(error, 'strerror', error)}).") from None
    name = name or "picture"
    if not source:
        raise PictureError(f"{name}: the file is empty (0 bytes). Choose another picture.")
    try:
        image = source if isinstance(source, Image.Image) else Image.open(io.BytesIO(source), formats=FORMATS)
        return _upright(image, name)
    except UnidentifiedImageError:
        if b"<svg" in source[:2048].lower():
            raise PictureError(f"{name}: SVG is a drawing, not pixels. Export it as PNG first.") from None
        raise PictureError(f"{name}: not a picture that can be read. Use JPEG, PNG, WebP, GIF, BMP or TIFF.") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{name}: more than {MAX_PIXELS // 10**6} million pixels. Scale it down first.") from None
    except PictureError:
        raise
    except Exception as error:  # Pillow's decoders raise many kinds on broken files
        raise PictureError(f"{name}: the file is broken or cut short ({error}). Save or download it again.") from None


def _upright(image: Image.Image, name: str) -> Picture:
    _check_size(image.size, name)  # known from the header, before any pixel is decoded
    notes = []
    if getattr(image, "n_frames", 1) > 1:
        notes.append(f"{name} has {image.n_frames} frames; the first is shown.")
        image.seek(0)
    try:
        image = ImageOps.exif_transpose(image)
    except (struct.error, KeyError, TypeError, ValueError, SyntaxError):  # the EXIF data is broken, not the pixels
        notes.append("Its EXIF data cannot be read; it is shown as stored.")
    if image.mode.startswith(("I", "F")):
        image = _to_8_bit(image, name)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        if image.getchannel("A").getextrema()[0] < 255:
            notes.append("Transparent parts are shown on white.")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return Picture(image.convert("RGB"), name, tuple(notes))


def _to_8_bit(image: Image.Image, name: str) -> Image.Image:
    """16-bit grey by its high byte; 32-bit and float grey (no fixed range) from their own minimum to maximum."""
    values = np.asarray(image, dtype=np.float64)
    if not np.isfinite(values).all():
        raise PictureError(f"{name}: has pixels that are not finite numbers.")
    wide = image.mode.startswith("I") and values.min() >= 0 and values.max() <= 65535
    low, high = (0, 65535) if wide else (values.min(), values.max())
    scaled = (values - low) * (255 / max(high - low, 1e-12))
    return Image.fromarray(scaled.round().clip(0, 255).astype(np.uint8))


def _check_size(size: tuple[int, int], name: str) -> None:
    width, height = size
    if min(size) < MIN_SIDE:
        raise PictureError(f"{name}: {width} x {height} pixels; at least {MIN_SIDE} on each side are needed.")
    if width * height > MAX_PIXELS:
        raise PictureError(f"{name}: {width} x {height} pixels; at most {MAX_PIXELS // 10**6} million "
                           "can be opened. Scale it down first.")
    if max(size) > MAX_ASPECT * min(size):
        raise PictureError(f"{name}: {width} x {height} pixels; at most {MAX_ASPECT} times as long as wide "
                           "can be shown. Crop it first.")
