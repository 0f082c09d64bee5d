"""Any image that Pillow knows -> upright 8-bit RGB, with a word about what had to be changed."""

import struct
from collections.abc import Sequence
from sys import byteorder
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

from .colour import to_srgb
from .limits import PictureError, check_size, within
from .spaces import named_space

ORIENTATION = 0x0112  # of EXIF
LOWER = {"RGB;16B": "RGB;16L", "RGB;16L": "RGB;16B", "RGBA;16B": "RGBA;16L", "RGBA;16L": "RGBA;16B",
         "RGB;16N": f"RGB;16{'B' if byteorder == 'little' else 'L'}", "RGBA;16N": f"RGBA;16{'B' if byteorder == 'little' else 'L'}",
         "LA;16B": "RGBA"}  # how pixels are stored -> how Pillow reads the lower bytes instead of the upper
HOT = 10_000  # one pixel in so many may be far brighter than the rest, and is no measure for it
FAR = 4  # bits
SCALED = "Its frames of {} x {} pixels are scaled down to {} x {}."


def upright(image: Image.Image, name: str) -> tuple[Image.Image, list[str]]:
    """The image as upright 8-bit sRGB on white, and notes for the user.

    Raises:
        PictureError: its size is out of bounds, or its pixels are not finite.
    """
    check_size(image.size, name)  # known from the header, before any pixel is decoded
    notes = []
    if getattr(image, "is_animated", False):  # never n_frames: counting walks through them all
        notes.append(f"{name} has several frames; the first is shown.")
        image.seek(0)
    space, deep = named_space(image), _has_deep_colour(image)
    image, lower = _by_lower_bytes(image) if deep else (image, False)
    try:
        if image.getexif().get(ORIENTATION, 1) != 1:
            image = ImageOps.exif_transpose(image)
    except (struct.error, KeyError, TypeError, ValueError, SyntaxError):  # the EXIF data is broken, not the pixels
        notes.append("Its EXIF data cannot be read; it is shown as stored.")
    profile, grey = image.info.get("icc_profile"), image.mode.startswith(("1", "L", "I", "F")) and image.mode != "LAB"
    if image.mode.startswith(("I", "F")):
        image = _to_8_bit(image, name, notes)
    elif deep:
        image = _brighter(image, lower, notes)
    if image.has_transparency_data:
        image = on_white(image, notes)
    if profile or (space and space.profile):
        image = to_srgb(image, profile or space.profile, grey, notes)
    elif space:
        notes.append(f"Its colours are meant as {space.name}; they are shown as sRGB, paler than they are.")
    return image if image.mode == "RGB" else image.convert("RGB"), notes


def _to_8_bit(image: Image.Image, name: str, notes: list[str]) -> Image.Image:
    """16-bit grey by the highest bits that are used; 32-bit and float grey (no fixed range) from minimum to maximum."""
    values = np.asarray(image)
    low, high = values.min().item(), values.max().item()
    if not np.isfinite([low, high]).all():
        raise PictureError(f"{name}: has pixels that are not finite numbers.")
    if image.mode.startswith("I") and low >= 0 and high <= 65535:
        bits, hot = _used_bits([np.count_nonzero(values >= 2**bit) for bit in range(high.bit_length())], values.size)
        low, high = 0, 2**bits - 1
        if 0 < bits < 16:
            notes.append(f"Its 16-bit grey uses {bits} bits{hot}; {high} is shown as white.")
    else:
        notes.append(f"Its grey values are shown from black, {low:.6g}, to white, {high:.6g}.")
    shown = np.empty(values.shape, np.uint8)
    for rows in range(0, len(values), 64):  # eight bytes a pixel, of few at a time
        scaled = (values[rows:rows + 64].astype(np.float64) - low) * (255 / max(high - low, 1e-12))
        shown[rows:rows + 64] = scaled.round().clip(0, 255)
    return Image.fromarray(shown)


def _has_deep_colour(image: Image.Image) -> bool:
    """16 bits a channel, of which Pillow reads the upper 8; known until the pixels are read."""
    return image.mode in ("RGB", "RGBA", "LA") and any(";16" in str(tile[3]) for tile in getattr(image, "tile", ()))


def _by_lower_bytes(image: Image.Image) -> tuple[Image.Image, bool]:
    """Read again by the lower bytes, and true, where the upper bytes of every colour are 0: Pillow reads the upper alone."""
    file, args = image.fp, image.tile[0].args
    stored, *rest = [args] if isinstance(args, str) else args
    image.load()
    colours, alpha = _parts(image)
    partly = alpha and alpha.getextrema() != (255, 255) and alpha.getextrema()[1] > 0  # by its upper bytes
    if stored not in LOWER or partly or any(band.getextrema()[1] for band in colours):
        return image, False
    again = type(image)(image.filename if file.closed else _rewound(file))
    again.tile = [tile._replace(args=LOWER[stored] if isinstance(args, str) else (LOWER[stored], *rest)) for tile in again.tile]
    again.load()
    if stored == "LA;16B":  # both bytes of both are in the four bands
        _, grey, _, alpha = again.split()
        again.im = Image.merge("RGBA", (grey, grey, grey, alpha)).im
    return again, True


def _rewound(file: BinaryIO) -> BinaryIO:
    file.seek(0)
    return file


def _parts(image: Image.Image) -> tuple[Sequence[Image.Image], Image.Image | None]:
    bands = image.split()
    return (bands[:-1], bands[-1]) if image.mode.endswith("A") else (bands, None)


def _brighter(image: Image.Image, lower: bool, notes: list[str]) -> Image.Image:
    """Colour of which only lower bits are used, so that it does not come out nearly black."""
    colours, alpha = _parts(image)
    bits, hot = _bits_of(colours)
    alpha_bits = _bits_of([alpha])[0] if alpha else 8
    if 0 < alpha_bits < 8:  # opaque tells how many bits are meant, and is so where all of them are set
        bits, colours, alpha = max(bits, alpha_bits), [*colours, alpha], None
    if not bits or (bits == 8 and not lower):
        return image
    read = "" if lower else f", of which the upper {bits} are read"
    notes.append(f"Its 16-bit colour uses {bits if lower else 8 + bits} bits{hot}{read}; all of them set is shown as white.")
    shown = [band.point([min(255, round(value * 255 / (2**bits - 1))) for value in range(256)]) for band in colours]
    return Image.merge(image.mode, [*shown, *([alpha] if alpha else [])])


def _bits_of(bands: Sequence[Image.Image]) -> tuple[int, str]:
    counts = np.sum([band.histogram() for band in bands], 0)
    return _used_bits([int(counts[2**bit:].sum()) for bit in range(8)], int(counts.sum()))


def _used_bits(above: Sequence[int], count: int) -> tuple[int, str]:
    """How many bits are used, and a word where some pixels are left out of it.

    Args:
        above: how many values need more than 0, 1, 2... bits.
        count: of all values.
    """
    all_of_them, most = (sum(more > few for more in above) for few in (0, count // HOT))
    return (most, f" but for less than one pixel in {HOT:,}") if 0 < most <= all_of_them - FAR else (all_of_them, "")


def on_white(image: Image.Image, notes: list[str]) -> Image.Image:
    image = image.convert("RGBA")
    if image.getchannel("A").getextrema()[0] < 255:
        notes.append("Transparent parts are shown on white.")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)


def scaled_down(image: Image.Image, side: int, notes: list[str]) -> Image.Image:
    """The image with sides of at most ``side`` pixels."""
    size = within(image.size, side)
    if size == image.size:
        return image
    notes.append(SCALED.format(*image.size, *size))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)


def of_one_size(images: list[Image.Image], notes: list[str]) -> list[Image.Image]:
    """All scaled to the first's size."""
    size = images[0].size
    if all(image.size == size for image in images):
        return images
    notes.append(f"Its frames are not all of one size; they are scaled to the first's, {size[0]} x {size[1]} pixels.")
    return [image if image.size == size else image.resize(size, Image.Resampling.BICUBIC) for image in images]
