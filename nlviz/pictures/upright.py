"""Any image that Pillow knows -> upright 8-bit RGB, with a word about what had to be changed."""

import struct

import numpy as np
from PIL import Image, ImageOps

from .colour import to_srgb
from .limits import PictureError, check_size

ORIENTATION = 0x0112  # of EXIF


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
    deep = _has_deep_colour(image)
    try:
        if image.getexif().get(ORIENTATION, 1) != 1:
            image = ImageOps.exif_transpose(image)
    except (struct.error, KeyError, TypeError, ValueError, SyntaxError):  # the EXIF data is broken, not the pixels
        notes.append("Its EXIF data cannot be read; it is shown as stored.")
    profile, grey = image.info.get("icc_profile"), image.mode.startswith(("1", "L", "I", "F")) and image.mode != "LAB"
    if image.mode.startswith(("I", "F")):
        image = _to_8_bit(image, name, notes)
    elif deep:
        image = _brighter(image, notes)
    if image.has_transparency_data:
        image = _on_white(image, notes)
    if profile:
        image = to_srgb(image, profile, grey, notes)
    return image if image.mode == "RGB" else image.convert("RGB"), notes


def _to_8_bit(image: Image.Image, name: str, notes: list[str]) -> Image.Image:
    """16-bit grey by the highest bits that are used; 32-bit and float grey (no fixed range) from minimum to maximum."""
    values = np.asarray(image)
    low, high = values.min().item(), values.max().item()
    if not np.isfinite([low, high]).all():
        raise PictureError(f"{name}: has pixels that are not finite numbers.")
    if image.mode.startswith("I") and low >= 0 and high <= 65535:
        bits = max(high.bit_length(), 1)
        low, high = 0, 2**bits - 1
        if bits < 16:
            notes.append(f"Its 16-bit grey uses {bits} bits; {high} is shown as white.")
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


def _brighter(image: Image.Image, notes: list[str]) -> Image.Image:
    """Colour of which only lower bits are used, so that it does not come out nearly black."""
    bands = image.split()
    colours = bands[:-1] if image.mode.endswith("A") else bands
    bits = max(band.getextrema()[1] for band in colours).bit_length()
    if not 0 < bits < 8:
        return image
    notes.append(f"Its 16-bit colour uses {8 + bits} bits, of which the upper {bits} are read; all of them set is shown as white.")
    shown = [band.point([min(255, round(value * 255 / (2**bits - 1))) for value in range(256)]) for band in colours]
    return Image.merge(image.mode, [*shown, *bands[len(colours):]])


def _on_white(image: Image.Image, notes: list[str]) -> Image.Image:
    image = image.convert("RGBA")
    if image.getchannel("A").getextrema()[0] < 255:
        notes.append("Transparent parts are shown on white.")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
