"""Colours as a picture's profile means them, and grey by the bits that are there."""

import io
import struct
import zlib
from itertools import product

import numpy as np
import pytest
from PIL import Image, ImageCms

from nlviz.pictures import open_picture
from tests.pictures.test_pictures import encoded, quarters

# Columns are the primaries adapted to D50, as ICC profiles store them.
ADOBE = [(0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)]
P3 = [(0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407)]
D50 = (0.96420, 1.0, 0.82491)


def xyz(values) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)


def gamma(exponent: float) -> bytes:
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(exponent * 256))


def profile(space: bytes, kind: bytes, name: str, **tags: bytes) -> bytes:
    """An ICC profile of version 2 with these tags."""
    tags |= {"desc": b"desc\0\0\0\0" + struct.pack(">I", len(name) + 1) + name.encode() + bytes(79), "wtpt": xyz(D50)}
    table, data = struct.pack(">I", len(tags)), b""
    for tag, content in tags.items():
        content += bytes(-len(content) % 4)
        table += tag.encode() + struct.pack(">II", 132 + 12 * len(tags) + len(data), len(content))
        data += content
    head = struct.pack(">I4sI4s4s4s12s4s", 128 + len(table + data), b"\0\0\0\0", 0x02400000, kind, space,
                       b"Lab " if kind == b"prtr" else b"XYZ ", bytes(12), b"acsp")
    return head.ljust(68, b"\0") + xyz(D50)[8:] + bytes(48) + table + data


def rgb_profile(name: str, primaries, exponent: float) -> bytes:
    colours = {f"{c}XYZ": xyz(p) for c, p in zip("rgb", primaries)}
    return profile(b"RGB ", b"mntr", name, **colours, **{f"{c}TRC": gamma(exponent) for c in "rgb"})


def ink_profile() -> bytes:
    """Four inks of which each takes a third of the light, and black all: a table of Lab values."""
    corners = b"".join(bytes([int(255 * (1 - k) * (1 - (c + m + y) / 3)), 128, 128]) for c, m, y, k in product((0, 1), repeat=4))
    ramp = bytes(range(256))
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + b"".join(struct.pack(">i", 65536 * (i % 4 == 0)) for i in range(9))
    return profile(b"CMYK", b"prtr", "Four inks", A2B0=table + 4 * ramp + corners + 3 * ramp)


def linear(values: np.ndarray) -> np.ndarray:
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def by_hand(colour, primaries, exponent: float) -> np.ndarray:
    """The sRGB colour of a profile's colour, by its definition: light, XYZ, sRGB's primaries adapted to D50, sRGB's curve."""
    srgb = np.array([(0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410)])
    light = np.linalg.solve(srgb.T, np.array(primaries).T @ (np.array(colour) / 255) ** exponent).clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("colour", [(128, 128, 128), (180, 100, 90), (60, 120, 200), (0, 255, 0)])
@pytest.mark.parametrize("name, primaries, exponent", [("Adobe RGB (1998)", ADOBE, 2.2), ("Display P3", P3, 2.2)])
def test_colours_of_a_wide_profile_become_srgb_and_it_is_said(name, primaries, exponent, colour):
    picture = open_picture(encoded(Image.new("RGB", (20, 20), colour), icc_profile=rgb_profile(name, primaries, exponent)))
    assert np.abs(picture.image.getpixel((9, 9)) - by_hand(colour, primaries, exponent)).max() <= 2
    assert picture.notes == (f"Its colours are converted to sRGB from {name}.",)


def test_a_converted_picture_is_not_converted_again():
    image = Image.new("RGB", (20, 20), (180, 100, 90))
    stored = Image.open(io.BytesIO(encoded(image, icc_profile=rgb_profile("wide", ADOBE, 2.2))))
    picture = open_picture(stored)
    assert picture.image.info == {} and "icc_profile" in stored.info
    again = open_picture(encoded(picture.image))
    assert again.sha256 == picture.sha256 != open_picture(image).sha256 and again.notes == ()


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P"])
def test_srgb_under_any_name_is_left_as_it_is(mode):
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = quarters().convert(mode)
    assert open_picture(encoded(image, icc_profile=srgb)).sha256 == open_picture(image).sha256
    assert open_picture(encoded(image, icc_profile=srgb)).notes == ()


@pytest.mark.parametrize("mode", ["L", "LA", "I;16"])
def test_grey_has_profiles_too(mode):
    value = 100 * 257 if mode == "I;16" else 100
    image = Image.new("L", (20, 20), 100).convert(mode) if mode != "I;16" else Image.fromarray(np.full((20, 20), value, np.uint16))
    if mode == "I;16":
        image.putpixel((0, 0), 65535)
    picture = open_picture(encoded(image, icc_profile=profile(b"GRAY", b"mntr", "Linear grey", kTRC=gamma(1))))
    expected = 255 * (1.055 * (100 / 255) ** (1 / 2.4) - 0.055)
    assert np.abs(np.array(picture.image.getpixel((9, 9))) - expected).max() <= 2
    assert picture.notes == ("Its colours are converted to sRGB from Linear grey.",)


@pytest.mark.parametrize("inks, lightness", [
    ((0, 0, 0, 0), 100), ((255, 0, 0, 0), 66.6), ((255, 255, 0, 0), 33.3), ((0, 0, 0, 255), 0)])
def test_inks_are_read_by_their_profile(inks, lightness):
    picture = open_picture(encoded(Image.new("CMYK", (32, 32), inks), "TIFF", icc_profile=ink_profile()))
    luminance = ((lightness + 16) / 116) ** 3 if lightness > 8 else lightness / 903.3
    assert np.abs(linear(np.array(picture.image.getpixel((9, 9))) / 255) - luminance).max() < 0.02
    assert picture.notes == ("Its colours are converted to sRGB from Four inks.",)


@pytest.mark.parametrize("mode, stored", [
    ("RGB", b"no profile"), ("RGB", rgb_profile("cut", P3, 2.2)[:200]), ("RGB", ink_profile()),
    ("CMYK", rgb_profile("Display P3", P3, 2.2)), ("RGB", profile(b"GRAY", b"mntr", "grey", kTRC=gamma(1)))],
    ids=["junk", "cut", "inks for RGB", "RGB for inks", "grey for RGB"])
def test_a_profile_that_cannot_be_used_is_said_and_the_colours_are_as_stored(mode, stored):
    image = quarters().convert(mode)
    picture = open_picture(encoded(image, "TIFF", icc_profile=stored))
    assert picture.sha256 == open_picture(image).sha256
    assert picture.notes == ("Its colour profile cannot be used; its colours are shown as stored.",)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 15])
@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_grey_of_few_bits_in_a_16_bit_file_is_shown_from_black_to_white_and_it_is_said(bits, kind):
    pixels = np.zeros((20, 30), np.uint16)
    pixels[:, 10:20], pixels[:, 20:] = 2**bits // 2, 2**bits - 1
    picture = open_picture(encoded(Image.fromarray(pixels), kind))
    assert [picture.image.getpixel((x, 5))[0] for x in (5, 15, 25)] == [0, 128, 255]
    assert picture.notes == (f"Its 16-bit grey uses {bits} bits; {2**bits - 1} is shown as white.",)


def deep_png(pixels: np.ndarray) -> bytes:
    """A PNG of 16 bits a channel, which Pillow cannot write: (H, W, 2 to 4)."""
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    height, width, channels = pixels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in pixels)
    head = struct.pack(">IIBBBBB", width, height, 16, {2: 4, 3: 2, 4: 6}[channels], 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def deep_tiff(pixels: np.ndarray, order: str, packed: bool) -> bytes:
    """A TIFF of 16 bits a channel, which Pillow cannot write either: (H, W, 3)."""
    data = pixels.astype(f"{order}u2").tobytes()
    data = zlib.compress(data) if packed else data
    height, width, _ = pixels.shape
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 8), (259, 3, 1, 8 if packed else 1), (262, 3, 1, 2),
               (273, 4, 1, 14), (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, len(data))]
    table = b"".join(struct.pack(f"{order}HHI", *entry[:3]) + (struct.pack(f"{order}HH", entry[3], 0) if entry[1:3] == (3, 1)
                     else struct.pack(f"{order}I", entry[3])) for entry in entries)
    start = struct.pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 14 + len(data) + len(data) % 2)
    data += bytes(len(data) % 2)
    return start + struct.pack(f"{order}3H", 16, 16, 16) + data + struct.pack(f"{order}H", 9) + table + bytes(4)


@pytest.mark.parametrize("bits", [8, 12, 16])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("order", "<>")
def test_colour_of_few_bits_in_a_tiff_is_not_black_either(order, packed, bits):
    picture = open_picture(deep_tiff(np.full((20, 30, 3), 2**bits - 1, np.uint16), order, packed))
    assert picture.image.getpixel((5, 5)) == (255,) * 3 and (f"uses {bits} bits" in str(picture.notes)) == (bits < 16)


@pytest.mark.parametrize("opaque", [4095, 65535])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_colour_of_12_bits_in_a_16_bit_file_is_not_nearly_black_and_it_is_said(channels, opaque):
    pixels = np.zeros((20, 30, channels), np.uint16)
    pixels[:, 10:20], pixels[:, 20:] = 2047, 4095
    if channels != 3:
        pixels[..., -1] = opaque
    picture = open_picture(deep_png(pixels))
    assert [picture.image.getpixel((x, 5)) for x in (5, 15, 25)] == [(0,) * 3, (119,) * 3, (255,) * 3]
    assert picture.notes == (
        "Its 16-bit colour uses 12 bits, of which the upper 4 are read; all of them set is shown as white.",)


@pytest.mark.parametrize("top", [255, 127])
@pytest.mark.parametrize("opaque", ["as the colours", 65535])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_colour_of_8_bits_in_a_16_bit_file_is_not_black_and_it_is_said(channels, opaque, top):
    pixels = np.zeros((20, 30, channels), np.uint16)
    pixels[:, 10:20], pixels[:, 20:] = top // 3, top
    if channels != 3:
        pixels[..., -1] = opaque if isinstance(opaque, int) else top
    picture = open_picture(deep_png(pixels))
    assert [picture.image.getpixel((x, 5))[0] for x in (5, 15, 25)] == [0, round(255 * (top // 3) / top), 255]
    assert picture.notes == (f"Its 16-bit colour uses {top.bit_length()} bits; all of them set is shown as white.",)


def test_black_of_16_bits_stays_black_without_a_word():
    for channels in (2, 3, 4):
        pixels = np.zeros((20, 20, channels), np.uint16)
        if channels != 3:
            pixels[..., -1] = 65535
        picture = open_picture(deep_png(pixels))
        assert picture.image.getextrema() == ((0, 0),) * 3 and picture.notes == ()


def test_a_picture_opened_by_pillow_from_a_path_is_read_by_its_lower_bytes_too(tmp_path):
    (tmp_path / "a.png").write_bytes(deep_png(np.full((20, 20, 3), 255, np.uint16)))
    with Image.open(tmp_path / "a.png") as image:
        assert open_picture(image).image.getpixel((5, 5)) == (255,) * 3


def test_a_few_hot_pixels_are_no_measure_for_the_others_and_it_is_said():
    pixels = np.zeros((200, 300), np.uint16)
    pixels[:, 100:200], pixels[:, 200:] = 2048, 4095
    pixels[0, :6] = 65535
    but = "12 bits but for less than one pixel in 10,000"
    for content, note in ((encoded(Image.fromarray(pixels)), f"Its 16-bit grey uses {but}; 4095 is shown as white."),
                          (deep_png(np.stack([pixels] * 3, -1)),
                           f"Its 16-bit colour uses {but}, of which the upper 4 are read; all of them set is shown as white.")):
        picture = open_picture(content)
        assert [picture.image.getpixel((x, 5))[0] // 16 for x in (50, 150, 250)] == [0, 8, 15]
        assert picture.image.getpixel((0, 0)) == (255,) * 3 and picture.notes == (note,)
    pixels[0, :10] = 65535
    assert open_picture(encoded(Image.fromarray(pixels))).image.getpixel((250, 5)) == (16,) * 3


def test_a_single_bright_pixel_on_black_is_no_hot_one():
    pixels = np.zeros((200, 300), np.uint16)
    pixels[5, 5] = 65535
    assert open_picture(encoded(Image.fromarray(pixels))).notes == ()


def test_colour_of_all_16_bits_is_read_as_it_is():
    picture = open_picture(deep_png(np.full((20, 20, 3), 40_000, np.uint16)))
    assert picture.image.getpixel((5, 5)) == (156,) * 3 and picture.notes == ()


def test_all_16_bits_need_no_word_and_black_stays_black():
    pixels = np.zeros((20, 20), np.uint16)
    black = open_picture(encoded(Image.fromarray(pixels)))
    assert black.image.getextrema() == ((0, 0),) * 3 and black.notes == ()
    pixels[5, 5] = 40_000
    picture = open_picture(encoded(Image.fromarray(pixels)))
    assert picture.image.getpixel((5, 5)) == (156,) * 3 and picture.notes == ()


def test_grey_without_a_fixed_range_says_what_is_black_and_what_white():
    pixels = np.linspace(-2, 812.5, 400, dtype=np.float32).reshape(20, 20)
    assert open_picture(encoded(Image.fromarray(pixels), "TIFF")).notes == (
        "Its grey values are shown from black, -2, to white, 812.5.",)
