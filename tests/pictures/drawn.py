"""Pictures drawn for tests, and files of them."""

import io

import numpy as np
from PIL import Image

COLOURS = [[(255, 0, 0), (0, 255, 0)], [(0, 0, 255), (255, 255, 255)]]  # rows of quarters


def quarters(width=40, height=24) -> Image.Image:
    """Red, green / blue, white quarters: shows every flip, rotation and transposition."""
    pixels = np.zeros((height, width, 3), np.uint8)
    for row in (0, 1):
        for column in (0, 1):
            top, left = row * height // 2, column * width // 2
            pixels[top:top + height // 2, left:left + width // 2] = COLOURS[row][column]
    return Image.fromarray(pixels)


def encoded(image: Image.Image, kind="PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def bomb() -> bytes:
    """A PNG header of 30,000 x 30,000 pixels with nothing behind it."""
    small = bytearray(encoded(Image.new("L", (16, 16))))
    small[16:24] = (30_000).to_bytes(4, "big") * 2
    import zlib
    small[29:33] = zlib.crc32(bytes(small[12:29])).to_bytes(4, "big")
    return bytes(small)
