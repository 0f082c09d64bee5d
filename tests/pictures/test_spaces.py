"""Colour spaces that are named without a profile: converted, or said."""

import io
import struct
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image, PngImagePlugin

from nlviz.pictures import open_picture
from nlviz.pictures.spaces import PRIMARIES, SRGB, SRGB_CURVE, rgb_profile
from tests.pictures.drawn import encoded
from tests.pictures.test_colours import ADOBE, P3, by_hand, linear

COLOUR = (180, 100, 90)


def png(colour=COLOUR, **chunks: bytes) -> bytes:
    """A PNG with more chunks before its pixels."""
    content = encoded(Image.new("RGB", (64, 64), colour))
    more = b"".join(struct.pack(">I", len(data)) + (kind := name.encode()) + data + struct.pack(">I", zlib.crc32(kind + data))
                    for name, data in chunks.items())
    return content[:33] + more + content[33:]


def interoperability(index: str) -> Image.Exif:
    exif = Image.Exif()
    exif[0x8769] = {0xA001: 65535, 0xA005: {1: index}}
    return exif


def found(content: bytes) -> tuple[np.ndarray, tuple[str, ...]]:
    picture = open_picture(content)
    return np.array(picture.image.getpixel((32, 32))), picture.notes


def test_adobe_rgb_by_its_exif_data_is_converted_and_it_is_said():
    stored = Image.new("RGB", (64, 64), COLOUR)
    colour, notes = found(encoded(stored, "JPEG", quality=100, subsampling=0, exif=interoperability("R03")))
    assert np.abs(colour - by_hand(COLOUR, ADOBE, 563 / 256)).max() <= 3
    assert notes == ("Its colours are converted to sRGB from Adobe RGB.",)
    colour, notes = found(encoded(stored, "JPEG", quality=100, subsampling=0, exif=interoperability("R98")))
    assert np.abs(colour - COLOUR).max() <= 2 and notes == ()


def p3() -> np.ndarray:
    return by_hand(255 * linear(np.array(COLOUR) / 255), P3, 1)  # the curve of sRGB


def test_a_png_that_names_display_p3_is_converted_and_it_is_said():
    colour, notes = found(png(cICP=bytes([12, 13, 0, 1])))
    assert np.abs(colour - p3()).max() <= 2 and notes == ("Its colours are converted to sRGB from Display P3.",)
    assert found(png(cICP=bytes([1, 13, 0, 1])))[1] == found(png(cICP=bytes([2, 2, 0, 1])))[1] == ()


@pytest.mark.parametrize("numbers, name", [((9, 16), "BT.2020 PQ (HDR)"), ((9, 18), "BT.2020 HLG (HDR)"),
                                           ((10, 8), "colours of kind 10")])
def test_what_cannot_be_converted_is_said(numbers, name):
    colour, notes = found(png(cICP=bytes([*numbers, 0, 1])))
    assert tuple(colour) == COLOUR and len(notes) == 1
    assert notes[0].startswith(f"Its colours are meant as {name}")
    assert notes[0].endswith("; they are shown as sRGB, paler than they are.")


@pytest.mark.parametrize("exponent", [1.0, 1.8])
def test_the_gamma_of_a_png_is_applied_and_it_is_said(exponent):
    gamma = struct.pack(">I", round(100_000 / exponent))
    colour, notes = found(png(gAMA=gamma))
    srgb = [(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)]
    assert np.abs(colour - by_hand(COLOUR, srgb, exponent)).max() <= 2
    assert notes == (f"Its colours are converted to sRGB from a gamma of {exponent:g}.",)
    assert found(png(sRGB=b"\0", gAMA=gamma))[1] == ()


@pytest.mark.parametrize("chunks", [
    {"gAMA": struct.pack(">I", 45455)}, {"gAMA": bytes(4)}, {"gAMA": b"\xff" * 4}, {"cICP": b""}, {"cICP": b"\x0c"},
    {"gAMA": struct.pack(">I", 45455), "cHRM": struct.pack(">8I", *(round(100_000 * value) for value in SRGB))},
    {"gAMA": struct.pack(">I", 100_000), "cHRM": bytes(32)}])
def test_the_usual_gamma_and_broken_names_change_nothing(chunks):
    colour, notes = found(png(**chunks))
    assert tuple(colour) == COLOUR and notes == ()


def test_a_png_with_its_own_primaries_is_converted():
    wide = struct.pack(">8I", *(round(100_000 * value) for value in PRIMARIES[12][1]))
    colour, notes = found(png(gAMA=struct.pack(">I", 45455), cHRM=wide))
    assert np.abs(colour - p3()).max() <= 2 and "its own primaries" in notes[0]


def test_a_profile_counts_more_than_a_name():
    info = PngImagePlugin.PngInfo()
    info.add(b"cICP", bytes([12, 13, 0, 1]))
    content = encoded(Image.new("RGB", (64, 64), COLOUR), pnginfo=info, icc_profile=rgb_profile("mine", SRGB, SRGB_CURVE))
    colour, notes = found(content)
    assert tuple(colour) == COLOUR and notes == ()


@pytest.mark.parametrize("numbers", [(12, 13), (9, 16), (1, 13)])
def test_a_heic_that_names_its_primaries_is_converted_or_it_is_said(numbers):
    file = pillow_heif.from_pillow(Image.new("RGB", (64, 64), COLOUR))
    content = io.BytesIO()
    try:
        file.save(content, quality=-1, color_primaries=numbers[0], transfer_characteristics=numbers[1])
    except RuntimeError:
        pytest.skip("no HEIC encoder")
    colour, notes = found(content.getvalue())
    if numbers == (12, 13):
        assert np.abs(colour - p3()).max() <= 4 and notes == ("Its colours are converted to sRGB from Display P3.",)
    else:
        assert np.abs(colour - COLOUR).max() <= 3 and ("BT.2020 PQ (HDR)" in str(notes)) == (numbers[0] == 9) == bool(notes)


def test_an_avif_that_names_its_primaries_is_converted_and_it_is_said():
    content = encoded(Image.new("RGB", (64, 64), COLOUR), "AVIF", quality=100)
    assert found(content)[1] == () and content.count(b"colrnclx") == 1
    before, box, after = content.partition(b"colrnclx")
    colour, notes = found(before + box + struct.pack(">HH", 12, 13) + after[4:])
    assert np.abs(colour - p3()).max() <= 4 and notes == ("Its colours are converted to sRGB from Display P3.",)
