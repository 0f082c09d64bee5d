"""Pictures in, and every pixel in its one cell."""

import io
import itertools
import struct
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nlviz.pictures import Picture, PictureError, Placement, Preprocess, open_picture

SIDES = st.integers(16, 700)
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


def test_broken_exif_does_not_spoil_the_pixels(monkeypatch):
    def broken(image):
        raise struct.error("unpack requires a buffer of 2 bytes")

    monkeypatch.setattr("nlviz.pictures.picture.ImageOps.exif_transpose", broken)
    picture = open_picture(encoded(quarters()))
    assert corners(picture) == COLOURS and picture.notes == ("Its EXIF data cannot be read; it is shown as stored.",)


def test_an_animated_gif_shows_its_first_frame_and_says_so():
    frames = [Image.new("RGB", (20, 20), c) for c in ("red", "green", "blue")]
    picture = open_picture(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]), "moving.gif")
    assert picture.image.getpixel((5, 5)) == (255, 0, 0)
    assert picture.notes == ("moving.gif has 3 frames; the first is shown.",)


def bomb() -> bytes:
    """A PNG header of 30,000 x 30,000 pixels with nothing behind it."""
    small = bytearray(encoded(Image.new("L", (16, 16))))
    small[16:24] = (30_000).to_bytes(4, "big") * 2
    import zlib
    small[29:33] = zlib.crc32(bytes(small[12:29])).to_bytes(4, "big")
    return bytes(small)


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


@given(SIDES, SIDES, st.sampled_from([224, 448, 672]))
def test_the_whole_picture_fills_the_input_without_distortion_beyond_the_stride(width, height, resolution):
    frame = Preprocess().frame((width, height), resolution)
    assert max(frame.size) == resolution and frame.content == (0, 0, *frame.size)
    assert all(side % 16 == 0 for side in frame.size)
    exact = [side * resolution / max(width, height) for side in (width, height)]
    assert all(abs(got - want) <= 8 or got == 16 for got, want in zip(frame.size, exact))


@given(SIDES, SIDES)
def test_a_fixed_input_is_letterboxed_in_the_middle(width, height):
    frame = Preprocess(channels=1, fixed=(28, 28)).frame((width, height), 448)
    left, top, right, bottom = frame.content
    assert frame.size == (28, 28) and max(right - left, bottom - top) == 28
    assert abs(left - (28 - right)) <= 1 and abs(top - (28 - bottom)) <= 1


def test_the_input_is_the_normalised_picture_in_place():
    x, frame = Preprocess()(open_picture(quarters(64, 32)), 64)
    assert x.shape == (1, 3, 32, 64) and frame.size == (64, 32)
    for row in (0, 1):
        for column in (0, 1):
            expected = [(v - 127) / 128 for v in COLOURS[row][column]]
            assert x[0, :, 8 + 16 * row, 16 + 32 * column].tolist() == pytest.approx(expected)


def test_padding_of_a_letterboxed_input_is_black():
    x, frame = Preprocess(channels=1, mean=0, std=255, fixed=(28, 28))(open_picture(Image.new("RGB", (56, 28), "white")))
    assert frame.content == (0, 7, 28, 21)
    assert x[0, 0, 7:21].min() == 1 and x[0, 0, :7].max() == 0 and x[0, 0, 21:].max() == 0


@st.composite
def placements(draw):
    """A picture, and a grid of queries or of pooled keys over the whole of it or over a letterboxed input."""
    size = draw(st.tuples(SIDES, SIDES))
    preprocess = draw(st.sampled_from([Preprocess(), Preprocess(channels=1, fixed=(28, 28))]))
    frame = preprocess.frame(size, draw(st.sampled_from([224, 448])))
    stride = 2 if preprocess.fixed else 16
    return size, frame.place((frame.size[1] // stride, frame.size[0] // stride))


@given(placements(), st.data())
def test_every_pixel_has_one_query_cell_whose_rectangle_contains_its_centre(case, data):
    (width, height), place = case
    column, row = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    cell = place.cell_of_pixel(column, row, (width, height))
    assert cell is not None
    centre = Fraction(2 * column + 1, 2 * width), Fraction(2 * row + 1, 2 * height)
    left, top, right, bottom = place.rectangle(*cell)
    assert left <= centre[0] < right and top <= centre[1] < bottom


@given(placements())
def test_rectangles_of_the_queries_tile_the_picture(case):
    _, place = case
    rows, columns = place.grid
    across = [place.rectangle(0, c)[::2] for c in range(columns)]
    down = [place.rectangle(r, 0)[1::2] for r in range(rows)]
    for spans in (across, down):
        assert spans[0][0] == 0 and spans[-1][1] == 1
        assert all(a[1] == b[0] for a, b in itertools.pairwise(spans))


@given(placements())
def test_a_pooled_key_covers_exactly_its_query_cells(case):
    _, queries = case
    keys = queries.coarser((queries.grid[0] // 2, queries.grid[1] // 2), (2, 2))
    for row in range(keys.grid[0]):
        for column in range(keys.grid[1]):
            members = [queries.rectangle(2 * row + i, 2 * column + j) for i in (0, 1) for j in (0, 1)]
            lefts, tops, rights, bottoms = zip(*members)
            assert keys.rectangle(row, column) == (min(lefts), min(tops), max(rights), max(bottoms))


def test_the_strip_that_pooling_drops_has_no_key():
    queries = Preprocess().frame((70, 30), 112).place((3, 7))
    keys = queries.coarser((1, 3), (2, 2))
    assert keys.cell(0.99, 0.5) is None and keys.cell(0.85, 0.5) == (0, 2) and keys.cell(0.5, 0.99) is None


@pytest.mark.parametrize("size", [(333, 97), (97, 333), (448, 448), (17, 16)])
def test_a_click_on_the_last_pixel_is_the_last_cell(size):
    frame = Preprocess().frame(size, 448)
    place = frame.place((frame.size[1] // 16, frame.size[0] // 16))
    last = (place.grid[0] - 1, place.grid[1] - 1)
    assert place.cell_of_pixel(size[0] - 1, size[1] - 1, size) == last
    assert place.cell(1, 1) == last and place.cell(0, 0) == (0, 0)


@pytest.mark.parametrize("x, y", [(-0.01, 0.5), (0.5, 1.01), (float("nan"), 0.5)])
def test_a_query_outside_the_picture_is_a_value_error(x, y):
    with pytest.raises(ValueError, match="0 to 1"):
        Placement((4, 4), (Fraction(4), Fraction(4))).cell(x, y)
