"""Time and place: every pixel of every frame lies in one cell, and a cell on the frames that it covers."""

from fractions import Fraction
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from nlviz.pictures import Chosen, Frame, Placement, Preprocess, clip_of, contact_sheet, frames_words


def coloured(count: int, size=(64, 32)) -> list[Image.Image]:
    return [Image.new("RGB", size, (20 * number, 255 - 20 * number, 7)) for number in range(count)]


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 6), st.integers(1, 3), st.integers(1, 9), st.integers(1, 9), st.integers(16, 24), st.integers(16, 24))
def test_every_pixel_of_every_frame_has_one_query_cell(cells, per_cell, rows, columns, width, height):
    frames = cells * per_cell
    place = Frame((width, height), (0, 0, width, height), frames).place((cells, rows, columns))
    found = {}
    for frame, row, column in product(range(frames), range(height), range(width)):
        found.setdefault(place.cell_of_pixel(column, row, (width, height), frame), []).append(frame)
    assert None not in found
    assert {cell[0] for cell in found} == set(range(cells))
    for (t, *_), on in found.items():
        assert sorted(set(on)) == list(place.frames_of(t)) == list(range(t * per_cell, (t + 1) * per_cell))


def test_a_token_of_frames_6_and_7_lies_on_both():
    place = Frame((32, 32), (0, 0, 32, 32), 16).place((16, 32, 32)).coarser((8, 2, 2), (2, 16, 16))
    assert place.frames_of(3) == [6, 7]
    assert place.cell(0.9, 0.1, 6) == place.cell(0.9, 0.1, 7) == (3, 0, 1)
    assert place.rectangle(3, 0, 1) == (Fraction(1, 2), 0, 1, Fraction(1, 2))


def test_a_key_of_8_by_8_query_cells_covers_them_in_its_slice_and_in_no_other():
    queries = Frame((448, 448), (0, 0, 448, 448), 8).place((8, 56, 56))
    keys = queries.coarser((8, 7, 7), (1, 8, 8))
    inside = [cell for cell in product(range(8), range(56), range(56))
              if keys.cell(*_middle(queries, cell), cell[0]) == (5, 2, 6)]
    assert inside == list(product([5], range(16, 24), range(48, 56)))


def _middle(place: Placement, cell):
    left, top, right, bottom = place.rectangle(*cell)
    return (left + right) / 2, (top + bottom) / 2


def test_a_picture_is_placed_as_it_was():
    place = Frame((64, 48), (0, 6, 64, 42)).place((3, 4))
    assert place.grid == (3, 4) and len(place.scale) == len(place.offset) == 2
    assert place.cell(1, 1) == (2, 3) and place.frames == 1


def test_frames_that_are_not_there_are_refused():
    place = Frame((32, 32), (0, 0, 32, 32), 4).place((4, 2, 2))
    with pytest.raises(ValueError, match=r"this clip has frames 1 to 4, got 5"):
        place.cell(0.5, 0.5, 4)


@pytest.mark.parametrize("clips", [False, True])
def test_the_input_holds_the_frames_in_order(clips):
    clip = clip_of(coloured(5))
    x, frame = Preprocess(clips=clips)(clip, 64)
    assert frame == Frame((64, 32), (0, 0, 64, 32), 5)
    assert x.shape == ((1, 3, 5, 32, 64) if clips else (5, 3, 32, 64))
    red = x[0, 0, :, 0, 0] if clips else x[:, 0, 0, 0]
    assert red.tolist() == [(20 * number - 127) / 128 for number in range(5)]


def test_another_frame_is_another_clip():
    first, other = clip_of(coloured(5)), clip_of([*coloured(4), Image.new("RGB", (64, 32))])
    assert first.sha256 == clip_of(coloured(5), name="renamed").sha256 != other.sha256


def test_the_contact_sheet_has_the_frames_row_by_row():
    sheet, across = contact_sheet(clip_of(coloured(6, (64, 32))), side=32)
    assert (across, sheet.size) == (3, (96, 32))
    for number in range(6):
        pixel = sheet.getpixel((32 * (number % 3) + 16, 16 * (number // 3) + 8))
        assert pixel == (20 * number, 255 - 20 * number, 7)


def test_words_count_frames_from_1():
    clip = clip_of(coloured(8), numbers=range(0, 32, 4), seconds=[number / 8 for number in range(8)])
    assert frames_words(clip) == "8 frames, 1 to 29, every 4th, 0.0 to 0.9 s"
    assert clip.chosen == Chosen(0, 8, 4)
    assert frames_words(clip_of(coloured(4))) == "4 frames, 1 to 4"


@pytest.mark.parametrize("wrong", [{"start": -1}, {"count": 3}, {"count": 33}, {"stride": 0}, {"count": 8.0}])
def test_a_choice_of_frames_says_what_it_may_be(wrong):
    with pytest.raises(ValueError, match=r"of a clip goes from \d+ to"):
        Chosen(**wrong)
