"""Pictures that are right and take very long to decode."""

import struct
import zlib
from collections.abc import Callable, Iterator
from random import Random

from PIL import Image

from attack.field import Field
from attack.judging import Outcome, attempt
from attack.pictures import Made, chunk, encoded, photo, png

NUMBER = 6


def repeated_scan(random: Random) -> Made:
    """A progressive JPEG with its last scan again and again: every one of them goes over all pixels."""
    flat = Image.new("RGB", (5000, 5000), (random.randrange(256), 80, 90))
    content = encoded(flat, "JPEG", progressive=True, quality=50)
    last = content.rindex(b"\xff\xda")
    return "scans.jpg", content[:last] + content[last:-2] * 3000 + content[-2:]


def many_directories(random: Random) -> Made:
    """A TIFF with 340,000 directories behind its picture."""
    content = bytearray(encoded(photo(random), "TIFF"))
    start, = struct.unpack_from("<I", content, 4)
    entries, = struct.unpack_from("<H", content, start)
    at, first = start + 2 + 12 * entries, len(content) + len(content) % 2
    content += bytes(len(content) % 2)
    struct.pack_into("<I", content, at, first)
    entry = struct.pack("<HHHII", 1, 256, 4, 1, 1)
    chain = b"".join(entry + struct.pack("<I", first + 18 * number) for number in range(1, 340_000))
    return "directories.tif", bytes(content) + chain + entry + bytes(4)


def many_frames(random: Random) -> Made:
    """A GIF of 200,000 frames."""
    content = encoded(photo(random, 64, 64).convert("P"), "GIF")
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\0"
    return "frames.gif", content[:-1] + frame * 200_000 + content[-1:]


def interlaced(random: Random) -> Made:
    """49 million pixels in a few bytes, as much as is allowed, in seven passes."""
    content = png(7000, 7000, data=zlib.compress(bytes(7001 * 7000 * 2), 9))
    return "interlaced.png", content[:16] + chunk(b"IHDR", content[16:28] + b"\1")[8:] + content[33:]


def lossless(random: Random) -> Made:
    """49 million pixels of one colour as WebP."""
    flat = Image.new("RGB", (7000, 7000), (random.randrange(256), 1, 2))
    return "flat.webp", encoded(flat, "WEBP", lossless=True, method=0, quality=0)


def many_texts(random: Random) -> Made:
    """A PNG of a million empty chunks."""
    content = encoded(photo(random), "PNG")
    return "chunks.png", content[:33] + chunk(b"tEXt", b"k\0") * 1_000_000 + content[33:]


KINDS: list[Callable[[Random], Made]] = [repeated_scan, many_directories, many_frames, interlaced, lossless, many_texts]


def run(field: Field) -> Iterator[Outcome]:
    for make in field.chosen(KINDS, NUMBER):
        name, content = make(field.random)
        visit = field.server.visit()
        yield attempt(f"{make.__name__}: {len(content) // 1000} KB", lambda v=visit, n=name, c=content: v.show(n, c))
