"""Pictures in: every kind of file, upright, in RGB, or an error that says what to do."""


import numpy as np
import pytest
from PIL import Image

from nlviz.pictures import Picture, PictureError, open_picture
from tests.pictures.drawn import COLOURS, bomb, encoded, quarters


def corners(picture: Picture) -> list:
    width, height = picture.size
    return [[picture.image.getpixel((x, y)) for x in (width // 4, 3 * width // 4)] for y in (height // 4, 3 * height // 4)]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_applied(orientation):
    turn = Image.Transpose
    undo = {1: None, 2: turn.FLIP_LEFT_RIGHT, 3: turn.ROTATE_180, 4: turn.FLIP_TOP_BOTTOM,
            5: turn.TRANSPOSE, 6: turn.ROTATE_90, 7: turn.TRANSVERSE, 8: turn.ROTATE_270}
    stored = quarters() if undo[orientation] is None else quarters().transpose(undo[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = open_picture(encoded(stored, exif=exif))
    assert picture.size == (40, 24) and corners(picture) == COLOURS


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK"])
def test_every_colour_mode_becomes_the_same_rgb(mode):
    picture = open_picture(encoded(quarters().convert(mode), "TIFF" if mode == "CMYK" else "PNG"))
    assert picture.image.mode == "RGB"
    assert np.abs(np.array(corners(picture)) - np.array(COLOURS)).max() <= 3


@pytest.mark.parametrize("mode, dtype, top", [("L", np.uint8, 255), ("I;16", np.uint16, 65535), ("1", bool, 1)])
def test_grey_pictures_keep_black_middle_and_white(mode, dtype, top):
    pixels = np.zeros((20, 30), dtype)
    pixels[:, 10:20], pixels[:, 20:] = top // 2, top
    picture = open_picture(encoded(Image.fromarray(pixels)))
    found = [picture.image.getpixel((x, 5))[0] for x in (5, 15, 25)]
    assert found == ([0, 0, 255] if mode == "1" else [0, 127, 255])


def test_float_pictures_are_stretched_from_their_minimum_to_their_maximum():
    pixels = np.linspace(-2, 2, 20 * 20, dtype=np.float32).reshape(20, 20)
    picture = open_picture(encoded(Image.fromarray(pixels), "TIFF"))
    assert picture.image.getpixel((0, 0)) == (0, 0, 0) and picture.image.getpixel((19, 19)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_are_white_and_it_is_said(mode):
    image = Image.new("RGBA", (20, 20), (0, 0, 0, 0)).convert(mode)
    options = {"transparency": image.getpixel((0, 0))} if mode == "P" else {}
    picture = open_picture(encoded(image, **options))
    assert picture.image.getpixel((5, 5)) == (255, 255, 255)
    assert "white" in picture.notes[0]


def test_an_opaque_alpha_channel_is_not_worth_a_word():
    assert open_picture(encoded(quarters().convert("RGBA"))).notes == ()


def test_a_picture_that_mentions_svg_is_still_a_picture():
    assert open_picture(encoded(quarters(), "JPEG", comment=b"made from <svg>")).size == (40, 24)


@pytest.mark.parametrize("exif", [b"Exif\0\0II*", b"Exif\0\0no exif at all"])
def test_broken_exif_does_not_spoil_the_pixels(exif):
    picture = open_picture(encoded(quarters(), exif=exif))
    assert corners(picture) == COLOURS and picture.notes == ("Its EXIF data cannot be read; it is shown as stored.",)


def test_an_animated_gif_shows_its_first_frame_and_says_so():
    frames = [Image.new("RGB", (20, 20), c) for c in ("red", "green", "blue")]
    picture = open_picture(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), "moving.gif")
    assert picture.image.getpixel((5, 5)) == (255, 0, 0)
    assert picture.notes == ("moving.gif has several frames; the first is shown.",)


@pytest.mark.parametrize("content, message", [
    (b"", "empty"),
    (b"no picture at all", "not a picture"),
    (encoded(quarters(400, 300))[:500], "broken or cut short"),
    (encoded(quarters(400, 300), "JPEG")[:700], "broken or cut short"),
    (b"%!PS-Adobe-3.0 EPSF-3.0\n", "not a picture"),
    (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
    (bomb(), r"million pixels|30000 x 30000"),
    (encoded(Image.new("RGB", (9000, 8000)), compress_level=1), "9000 x 8000 pixels; at most 50 million"),
    (encoded(Image.new("RGB", (1, 1))), "1 x 1 pixels; at least 16"),
    (encoded(Image.new("RGB", (1, 4000))), "1 x 4000 pixels; at least 16"),
    (encoded(Image.new("RGB", (20, 4000))), "20 x 4000 pixels; at most 8 times"),
], ids=["empty", "text", "cut png", "cut jpeg", "eps", "svg", "bomb", "large", "1x1", "1x4000", "long"])
def test_bad_pictures_say_what_came_and_what_to_do(content, message):
    with pytest.raises(PictureError, match=message):
        open_picture(content, "mine.png")


def test_a_missing_file_is_a_picture_error(tmp_path):
    with pytest.raises(PictureError, match=r"none\.png: cannot be read"):
        open_picture(tmp_path / "none.png")


def test_the_sha256_is_of_the_pixels_not_of_the_file():
    a, b = open_picture(encoded(quarters())), open_picture(encoded(quarters(), "BMP"), "other")
    assert a.sha256 == b.sha256 != open_picture(quarters(24, 40)).sha256
