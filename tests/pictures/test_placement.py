"""From a picture to the network's input, and every pixel in its one cell."""

import itertools
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nlviz.pictures import Placement, Preprocess, open_picture
from tests.pictures.drawn import COLOURS, quarters

SIDES = st.integers(16, 700)


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
