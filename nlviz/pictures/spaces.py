"""Colour spaces that a picture names without carrying a profile: the profile is made here, or a note says what is meant."""

import struct
from dataclasses import dataclass

import numpy as np
from PIL import Image

D65, D50 = (0.3127, 0.3290), (0.9642, 1.0, 0.8249)
Curve = tuple[int, tuple[float, ...]]  # of light by value: the kind of an ICC parametric curve, and its numbers
SRGB_CURVE: Curve = 3, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
SRGB = (*D65, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)  # x and y of white, red, green, blue
ADOBE = (*D65, 0.64, 0.33, 0.21, 0.71, 0.15, 0.06)
# By the numbers of ITU-T H.273, which PNG, HEIC and AVIF use.
PRIMARIES = {1: ("sRGB", SRGB), 5: ("BT.601 (625 lines)", (*D65, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06)),
             6: ("BT.601 (525 lines)", (*D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07)),
             7: ("SMPTE 240M", (*D65, 0.63, 0.34, 0.31, 0.595, 0.155, 0.07)),
             9: ("BT.2020", (*D65, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046)),
             12: ("Display P3", (*D65, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060))}
NAMES = {4: ", gamma 2.2", 5: ", gamma 2.8", 8: ", linear light"}
CURVES = {**dict.fromkeys((1, 2, 6, 13, 14, 15), SRGB_CURVE), 4: (0, (2.2,)), 5: (0, (2.8,)), 8: (0, (1.0,))}
HDR = {16: "PQ", 18: "HLG"}
HEAD = 2**18  # bytes of a file in which its colours are named
BRADFORD = np.array([(0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296)])
INTEROPERABILITY, EXIF_INDEX = 0xA005, 1
USUAL, NEAR = 2.2, 0.05  # a PNG's gamma that near means sRGB


@dataclass(frozen=True)
class Space:
    """What a picture's colours are meant as: with a profile where there is one to make."""

    name: str
    profile: bytes | None = None


def named_space(image: Image.Image) -> Space | None:
    """The space that the file names, whatever ICC profile it has; None: sRGB, or nothing is said. Ask before pixels are read."""
    try:
        return _by_numbers(image) or _by_exif(image) or _by_gamma(image)
    except Exception:  # what is broken names nothing: Pillow's readers raise many kinds, and numbers may make no triangle
        return None


def _by_numbers(image: Image.Image) -> Space | None:
    numbers = _numbers(image)
    if numbers is None:
        return None
    primaries, transfer = numbers[0] if numbers[0] != 2 else 1, numbers[1]  # 2: not specified
    name, corners = PRIMARIES.get(primaries, (f"colours of kind {primaries}", None))
    if transfer in HDR:
        return Space(f"{name} {HDR[transfer]} (HDR)")
    curve = CURVES.get(transfer, SRGB_CURVE)
    if corners == SRGB and curve is SRGB_CURVE:
        return None
    name += NAMES.get(transfer, "")
    return Space(name, rgb_profile(name, corners, curve) if corners else None)


def _numbers(image: Image.Image) -> tuple[int, int] | None:
    """Primaries and transfer, by their numbers."""
    if nclx := image.info.get("nclx_profile"):
        return int(nclx["color_primaries"]), int(nclx["transfer_characteristics"])
    if image.format == "PNG":
        _, found, rest = _head(image).partition(b"IDAT")[0].partition(b"\0\0\0\4cICP")
        return (rest[0], rest[1]) if found else None
    if image.format == "AVIF":
        _, found, rest = _head(image).partition(b"colrnclx")
        return struct.unpack(">HH", rest[:4]) if found else None
    return None


def _head(image: Image.Image) -> bytes:
    place = image.fp.tell()
    image.fp.seek(0)
    head = image.fp.read(HEAD)
    image.fp.seek(place)
    return head


def _by_exif(image: Image.Image) -> Space | None:
    if image.format not in ("JPEG", "MPO", "TIFF"):  # a PNG would be asked for its pixels
        return None
    index = image.getexif().get_ifd(INTEROPERABILITY).get(EXIF_INDEX)
    index = index.decode("latin-1") if isinstance(index, bytes) else str(index)
    return Space("Adobe RGB", rgb_profile("Adobe RGB", ADOBE, (0, (563 / 256,)))) if index.strip("\0 ") == "R03" else None


def _by_gamma(image: Image.Image) -> Space | None:
    """A PNG's gAMA and cHRM; beside sRGB they count for nothing."""
    stored = image.info.get("gamma")
    if image.format != "PNG" or "srgb" in image.info or not stored:
        return None
    exponent, corners = 1 / stored, image.info.get("chromaticity") or SRGB
    usual = abs(exponent / USUAL - 1) <= NEAR
    if not 0.2 <= exponent <= 5 or (usual and corners == SRGB):
        return None
    name = f"its own primaries and a gamma of {exponent:.3g}" if corners != SRGB else f"a gamma of {exponent:.3g}"
    return Space(name, rgb_profile(name, corners, SRGB_CURVE if usual else (0, (exponent,))))


def rgb_profile(name: str, corners: tuple[float, ...], curve: Curve) -> bytes:
    """An ICC profile of version 4.

    Args:
        corners: x and y of white, red, green, blue.
    """
    kind, numbers = curve
    tone = b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + b"".join(map(_fixed, numbers))
    tags = {"desc": _text(name), "cprt": _text("none"), "wtpt": _xyz(D50)}
    tags |= {f"{c}XYZ": _xyz(column) for c, column in zip("rgb", _to_d50(corners).T)} | {f"{c}TRC": tone for c in "rgb"}
    table, data = struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        table += tag.encode() + struct.pack(">II", 132 + 12 * len(tags) + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    head = struct.pack(">I4xI4s4s4s12x4s", 128 + len(table + data), 0x04000000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    return head.ljust(68, b"\0") + b"".join(map(_fixed, D50)) + bytes(48) + table + data


def _to_d50(corners: tuple[float, ...]) -> np.ndarray:
    """Light of red, green and blue, in columns, as XYZ beside D50, to which profiles are adapted."""
    white, *colours = (np.array([x / y, 1, (1 - x - y) / y]) for x, y in zip(corners[::2], corners[1::2]))
    colours = np.stack(colours, 1)
    scaled = colours * np.linalg.solve(colours, white)
    adapted = np.diag((BRADFORD @ D50) / (BRADFORD @ white))
    return np.linalg.inv(BRADFORD) @ adapted @ BRADFORD @ scaled


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: np.ndarray | tuple[float, ...]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded
