"""Which files open, how the others are named, and what is said of a damaged one."""

import re

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from nlviz.pictures import SUFFIXES, PictureError, open_picture
from tests.pictures.test_pictures import COLOURS, corners, encoded, quarters

pillow_heif.register_heif_opener()  # here it is for writing
JPEG_XL = b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(30)
JPEG_2000 = encoded(quarters(), "JPEG2000")
VIDEO = b"\0\0\0\x14ftypqt  \0\0\0\0qt  " + bytes(30)


def detailed(width=320, height=240) -> Image.Image:
    """Noise, so that every part of the file holds something."""
    return Image.fromarray(np.random.default_rng(0).integers(0, 255, (height, width, 3), dtype=np.uint8))


def emptied(content: bytes, share: float = 0.5) -> bytes:
    """Its last part all zeros, as an interrupted copy leaves it."""
    kept = round(len(content) * (1 - share))
    return content[:kept] + bytes(len(content) - kept)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF", "WEBP", "JPEG"])
@pytest.mark.parametrize("suffix", ["heic", "jpg"])
def test_what_phones_write_opens_under_any_name(kind, suffix, tmp_path):
    path = tmp_path / f"photo.{suffix}"
    path.write_bytes(encoded(quarters(256, 128), kind, quality=95))
    picture = open_picture(path)
    assert picture.size == (256, 128) and picture.notes == ()
    assert np.abs(np.array(corners(picture)) - np.array(COLOURS)).max() <= 12


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_what_a_turned_phone_writes_is_upright(kind):
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = quarters(256, 128).transpose(Image.Transpose.ROTATE_90)
    picture = open_picture(encoded(turned, kind, quality=95, exif=exif.tobytes()))
    assert picture.size == (256, 128)
    assert np.abs(np.array(corners(picture)) - np.array(COLOURS)).max() <= 12


@pytest.mark.parametrize("content, kind", [(JPEG_XL, "JPEG XL"), (b"\xff\x0a" + bytes(30), "JPEG XL"), (JPEG_2000, "JPEG 2000"),
                                           (JPEG_2000[JPEG_2000.index(b"\xff\x4f\xff\x51"):], "JPEG 2000"), (b"%PDF-1.7\n", "PDF")])
def test_other_formats_are_named_whatever_the_file_is_called(content, kind):
    with pytest.raises(PictureError, match=rf"^photo\.jpg: {kind} cannot be read\. Save it as JPEG or PNG first\.$"):
        open_picture(content, "photo.jpg")


def test_a_video_is_called_so_whatever_the_file_is_called():
    with pytest.raises(PictureError, match=r"^photo\.jpg: this is a video: open it as a clip, or save one of its frames as"):
        open_picture(VIDEO, "photo.jpg")


def test_the_refusal_names_what_opens():
    with pytest.raises(PictureError, match="Use ") as refusal:
        open_picture(b"no picture at all")
    named = {word.lower() for word in re.findall(r"\w+", str(refusal.value).partition("Use ")[2])}
    assert {"jpeg", "png", "webp", "gif", "bmp", "tiff", "heic", "avif"} <= named
    assert {suffix[1:] for suffix in SUFFIXES} - {"jpg", "tif", "heif"} <= named


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "HEIF", "AVIF"])
def test_a_file_cut_short_is_called_so(kind):
    options = {"compression": "tiff_lzw"} if kind == "TIFF" else {}
    content = encoded(detailed(), kind, **options)
    with pytest.raises(PictureError, match="broken or cut short"):
        open_picture(content[:len(content) // 2])


@pytest.mark.parametrize("share", [0.5, 0.1])
@pytest.mark.parametrize("kind, options", [
    ("JPEG", {"quality": 50}), ("JPEG", {"quality": 100}), ("JPEG", {"progressive": True}), ("PNG", {}), ("GIF", {}),
    ("WEBP", {}), ("WEBP", {"lossless": True}), ("TIFF", {"compression": "tiff_lzw"}), ("HEIF", {}), ("AVIF", {})])
def test_a_file_that_ends_in_zeros_is_never_shown_without_a_word(kind, options, share):
    whole = encoded(detailed(), kind, **options)
    assert open_picture(whole).notes == ()
    try:
        notes = open_picture(emptied(whole, share)).notes
    except PictureError as error:
        notes = (str(error),)
    assert re.search("damaged or cut short|broken or cut short", " ".join(notes))


def test_a_jpeg_without_its_end_is_shown_with_a_word():
    content = encoded(detailed(), "JPEG")
    assert "damaged or cut short" in open_picture(content[:-2] + bytes(600)).notes[0]
    assert open_picture(content + bytes(600)).notes == () == open_picture(content + b"what a camera adds").notes


def test_a_wrong_checksum_of_a_png_is_told():
    content = bytearray(encoded(detailed()))
    content[content.index(b"IEND") - 8] ^= 1  # of the last pixels
    assert open_picture(bytes(content)).notes == ("Its file is damaged or cut short: part of the picture may be missing.",)


@pytest.mark.parametrize("kind, options", [("JPEG", {"optimize": True}), ("JPEG", {"progressive": True}), ("PNG", {}), ("WEBP", {}),
                                           ("WEBP", {"lossless": True}), ("HEIF", {}), ("AVIF", {})])
def test_a_plain_picture_is_not_taken_for_a_damaged_one(kind, options):
    assert open_picture(encoded(Image.new("RGB", (1200, 900), "white"), kind, **options)).notes == ()
