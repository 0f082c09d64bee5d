"""Picture -> tensor and pixel -> cell -> picture rectangle, side by side."""

import io
import math
import struct
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageOps, UnidentifiedImageError
from torch import Tensor

MIN_SIDE = 16
MAX_PIXELS = 50_000_000
MAX_ASPECT = 8
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
RESOLUTIONS = (224, 448, 672)  # offered by the page
MAX_RESOLUTION = 2048


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


@dataclass(frozen=True)
class Placement:
    """Where the cells of a grid lie in a picture, exactly (fractions, no rounding).

    A point at fraction (x, y) of the picture's width and height lies in column floor(x * scale_x + offset_x)
    and row floor(y * scale_y + offset_y).

    Attributes:
        grid: (rows, columns).
        scale: (x, y), cells per picture width and height.
        offset: (x, y), cells; above zero where a picture is letterboxed.
    """

    grid: tuple[int, int]
    scale: tuple[Fraction, Fraction]
    offset: tuple[Fraction, Fraction] = (Fraction(0), Fraction(0))

    def cell(self, x: Fraction | float, y: Fraction | float) -> tuple[int, int] | None:
        """(row, column) of the point at fractions (x, y); None where no cell covers it.

        Raises:
            ValueError: x or y is outside 0 to 1.
        """
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f"a query is given by fractions of width and height, 0 to 1, got {float(x)}, {float(y)}")
        row, column = self._index(y, 1), self._index(x, 0)
        return None if row is None or column is None else (row, column)

    def _index(self, fraction: Fraction | float, axis: int) -> int | None:
        position = Fraction(fraction) * self.scale[axis] + self.offset[axis]
        cells = self.grid[1 - axis]
        index = math.floor(position)
        if fraction == 1 and position == index:  # the picture's last edge belongs to the last cell
            index -= 1
        return index if 0 <= index < cells else None

    def cell_of_pixel(self, column: int, row: int, size: tuple[int, int]) -> tuple[int, int] | None:
        """The cell of a pixel's centre, in a picture of (width, height) pixels."""
        return self.cell(Fraction(2 * column + 1, 2 * size[0]), Fraction(2 * row + 1, 2 * size[1]))

    def rectangle(self, row: int, column: int) -> tuple[Fraction, Fraction, Fraction, Fraction]:
        """(left, top, right, bottom) of a cell in fractions of the picture, clipped to it."""
        (left, right), (top, bottom) = (
            [min(max((edge - offset) / scale, Fraction(0)), Fraction(1)) for edge in (index, index + 1)]
            for index, scale, offset in zip((column, row), self.scale, self.offset)
        )
        return left, top, right, bottom

    def coarser(self, grid: tuple[int, int], stride: tuple[int, int]) -> "Placement":
        """The placement of a grid whose cells cover stride (rows, columns) of these: max-pooled keys."""
        by = stride[::-1]
        return Placement(grid, tuple(s / b for s, b in zip(self.scale, by)), tuple(o / b for o, b in zip(self.offset, by)))


@dataclass(frozen=True)
class Frame:
    """How a picture fills a network's input.

    Attributes:
        size: (width, height) of the input in pixels.
        content: (left, top, right, bottom) that the picture takes of it; the rest is padding.
    """

    size: tuple[int, int]
    content: tuple[int, int, int, int]

    def place(self, grid: tuple[int, int]) -> Placement:
        """Where a feature map of (rows, columns) over the whole input lies in the picture."""
        left, top, right, bottom = self.content
        per_pixel = [Fraction(cells, pixels) for cells, pixels in zip(grid[::-1], self.size)]
        return Placement(grid, ((right - left) * per_pixel[0], (bottom - top) * per_pixel[1]),
                         (left * per_pixel[0], top * per_pixel[1]))


@dataclass(frozen=True)
class Preprocess:
    """A picture as a network's input.

    Attributes:
        stride: both sides are multiples of it.
        channels: 3 for RGB, 1 for grey.
        mean, std: the input is (pixel - mean) / std with pixels 0 to 255.
        fixed: (width, height) of a network that takes one size only: the picture is letterboxed into it.
    """

    stride: int = 16
    channels: int = 3
    mean: float = 127.0
    std: float = 128.0
    fixed: tuple[int, int] | None = None

    def frame(self, size: tuple[int, int], resolution: int) -> Frame:
        """Long side = resolution, the aspect ratio kept up to rounding to the stride; nothing is cropped.

        Raises:
            ValueError: a resolution below the stride or above 2048.
        """
        if not self.stride <= resolution <= MAX_RESOLUTION:
            raise ValueError(f"resolution must be {self.stride} to {MAX_RESOLUTION} pixels, got {resolution}")
        target, stride = (self.fixed, 1) if self.fixed else ((resolution, resolution), self.stride)
        ratio = min(Fraction(t, s) for t, s in zip(target, size))
        width, height = (max(stride, round(s * ratio / stride) * stride) for s in size)
        if not self.fixed:
            return Frame((width, height), (0, 0, width, height))
        left, top = (target[0] - width) // 2, (target[1] - height) // 2
        return Frame(target, (left, top, left + width, top + height))

    def __call__(self, picture: Picture, resolution: int = 448) -> tuple[Tensor, Frame]:
        """The input (1, channels, H, W) and where the picture lies in it; padding is black."""
        frame = self.frame(picture.size, resolution)
        left, top, right, bottom = frame.content
        image = picture.image.convert("L" if self.channels == 1 else "RGB")
        image = image.resize((right - left, bottom - top), Image.Resampling.BICUBIC)
        canvas = Image.new(image.mode, frame.size)
        canvas.paste(image, (left, top))
        pixels = torch.from_numpy(np.array(canvas)).float().view(frame.size[1], frame.size[0], self.channels)
        return ((pixels - self.mean) / self.std).permute(2, 0, 1).unsqueeze(0).contiguous(), frame
