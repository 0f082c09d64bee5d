"""Malformed pictures by kind, each made from chance: its file's name and its bytes."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from random import Random

import numpy as np
from PIL import Image, PngImagePlugin

from attack.field import Field
from attack.judging import Outcome, attempt

NUMBER = 180
FORMATS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "TIFF": "tif"}
OTHERS = [b"", b"\0", b"hello", b"%PDF-1.7\n", b"PK\3\4" + bytes(100), b"<html><script>alert(1)</script></html>",
          b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", b"<?php system('id'); ?>", b"GIF89a/*<script>*/=1",
          b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"II*\0\xff\xff\xff\xff", b"\0\0\0\x18ftypheic" + bytes(40),
          b"\0\0\0\x0cJXL \r\n\x87\n", b"\0\0\0\x0cjP  \r\n\x87\n", b"#!/bin/sh\nid\n", b"cos\nsystem\n(S'id'\ntR."]
NAMES = ["<img src=x onerror=alert(1)>.png", "../../../etc/passwd.png", "a\nb.png", "x" * 300 + ".png", "**/*.png", "%00.png",
         ".png", "\u202egnp.exe.png", "con.png", "a b;id.png", "$(id).png", "{}.png", "'\".png", "a\r\nx: y.png"]
Made = tuple[str, bytes]


def pixels(random: Random, width: int = 96, height: int = 64, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(random.getrandbits(32)).integers(0, 255, (height, width, channels), dtype=np.uint8)


def photo(random: Random, width: int = 96, height: int = 64) -> Image.Image:
    return Image.fromarray(pixels(random, width, height))


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def good(random: Random) -> Made:
    kind = random.choice(list(FORMATS))
    return f"photo.{FORMATS[kind]}", encoded(photo(random), kind)


def truncated(random: Random) -> Made:
    name, content = good(random)
    return name, content[:random.randrange(1, len(content))]


def bits_flipped(random: Random) -> Made:
    name, content = good(random)
    content = bytearray(content)
    for _ in range(random.choice([1, 8, 64, 512])):
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)
    return name, bytes(content)


def half_zeros(random: Random) -> Made:
    name, content = good(random)
    return name, content[:len(content) // 2] + bytes(len(content) - len(content) // 2)


def wrong_suffix(random: Random) -> Made:
    return f"photo.{random.choice([*FORMATS.values(), 'heic', 'avif', 'jxl', 'jp2', 'txt', ''])}", good(random)[1]


def no_picture(random: Random) -> Made:
    return f"photo.{random.choice(['png', 'jpg', 'svg', 'gif'])}", random.choice([*OTHERS, random.randbytes(5000)])


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes, data: bytes = b"") -> bytes:
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def bomb(random: Random) -> Made:
    side = random.choice([7_000, 7_072, 30_000, 65_535, 2**31 - 1])
    zeros = zlib.compress(bytes(2**20)) if side > 7_072 else zlib.compress(bytes((side + 1) * side), 9)
    gif, bmp = (bytearray(encoded(photo(random), kind)) for kind in ("GIF", "BMP"))
    gif[6:10], bmp[18:26] = struct.pack("<HH", 65535, 65535), struct.pack("<ii", min(side, 2**31 - 1), -side)
    return random.choice([("bomb.png", png(side, side, data=zeros)), ("bomb.gif", bytes(gif)), ("bomb.bmp", bytes(bmp))])


def odd_mode(random: Random) -> Made:
    mode = random.choice(["1", "L", "P", "LA", "CMYK", "I;16", "I", "F", "LAB", "YCbCr", "RGBA", "PA"])
    if mode == "F":
        values = pixels(random)[..., 0].astype(np.float32)
        values[0, 0] = random.choice([np.nan, np.inf, -np.inf, 3e38, 0])
        return "odd.tif", encoded(Image.fromarray(values), "TIFF")
    if mode in ("I;16", "I"):
        values = pixels(random)[..., 0].astype(np.uint16 if mode == "I;16" else np.int32) * random.choice([1, 16, 257])
        return "odd.png", encoded(Image.fromarray(values), "PNG")
    image = photo(random).convert("RGBA").convert("LA").convert("PA") if mode == "PA" else photo(random)
    image = image if mode in ("PA", "LAB") else image.convert(mode)
    kind = {"CMYK": "JPEG", "YCbCr": "JPEG", "LAB": "TIFF", "PA": "TIFF"}.get(mode, "PNG")
    return f"odd.{FORMATS[kind]}", encoded(image, kind)


def thin(random: Random) -> Made:
    long = random.choice([1, 15, 16, 17, 129, 5000, 60_000])
    size = random.choice([(1, long), (long, 1), (16, long), (long, 15), (15, 15), (16, 16)])
    return "thin.png", encoded(photo(random, *size), "PNG")


def broken_exif(random: Random) -> Made:
    orientation = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01" + struct.pack("<HII", 3, 1, random.choice([0, 6, 9, 65535])) + bytes(4)
    loop = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x69\x87\x04\0\x01\0\0\0\x08\0\0\0\x08\0\0\0"
    others = [b"Exif\0\0" + random.randbytes(200), b"Exif\0\0MM\0*" + b"\xff" * 60, orientation[:-9]]
    return "exif.jpg", encoded(photo(random), "JPEG", exif=random.choice([orientation, loop, *others]))


def broken_profile(random: Random) -> Made:
    profile = random.choice([random.randbytes(400), b"", bytes(128), b"\xff" * 3000, bytes(4) + b"lcms" + random.randbytes(300)])
    if random.random() < 0.3:
        content = encoded(photo(random), "PNG")
        return "profile.png", content[:33] + chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(2**26), 9)) + content[33:]
    return "profile.jpg", encoded(photo(random), "JPEG", icc_profile=profile)


def many_frames(random: Random) -> Made:
    kind, suffix = random.choice([("GIF", "gif"), ("PNG", "png"), ("WEBP", "webp"), ("TIFF", "tif")])
    frames = [photo(random, 32, 32) for _ in range(random.choice([2, 60]))]
    return f"frames.{suffix}", encoded(frames[0], kind, save_all=True, append_images=frames[1:])


def odd_chunks(random: Random) -> Made:
    text = PngImagePlugin.PngInfo()
    for _ in range(random.choice([1, 2000])):
        text.add_text("nlviz_recipe"[:random.randrange(1, 13)], "x" * random.choice([1, 1000]))
    content = encoded(photo(random), "PNG", pnginfo=text)
    extra = random.choice([b"", chunk(b"zTXt", b"k\0\0" + zlib.compress(bytes(2**26), 9)), struct.pack(">I", 2**31 - 1) + b"tEXt",
                           chunk(b"IHDR", bytes(13)), chunk(b"acTL", b"\xff" * 8), chunk(b"PLTE", bytes(5))])
    return "chunks.png", content[:33] + extra + content[33:]


def odd_name(random: Random) -> Made:
    return random.choice(NAMES), random.choice([encoded(photo(random), "PNG"), b"no picture"])


KINDS: list[Callable[[Random], Made]] = [truncated, bits_flipped, half_zeros, wrong_suffix, no_picture, bomb, odd_mode, thin,
                                         broken_exif, broken_profile, many_frames, odd_chunks, odd_name]


def run(field: Field) -> Iterator[Outcome]:
    for make in field.chosen(KINDS, NUMBER):
        name, content = make(field.random)
        visit = field.server.visit()
        yield attempt(f"{make.__name__}: {name[:40]!r}, {len(content)} bytes", lambda v=visit, n=name, c=content: v.show(n, c))
