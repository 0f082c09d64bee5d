"""A library's own crop: what is cut away lies outside, and a marked pixel arrives where the frame says."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from nlviz.pictures import Cropped, Preprocess, open_picture
from tests.pictures.drawn import quarters

SIDES = st.integers(32, 250)
SIZES = st.tuples(st.integers(16, 96), st.integers(16, 96))


@st.composite
def crops(draw) -> Cropped:
    square = draw(st.booleans())
    resize = (draw(st.integers(16, 96)),) * 2 if square else draw(SIZES)
    return Cropped(resize, draw(st.sampled_from(["cover", "contain", "fill"])), draw(st.none() | SIZES),
                   halves=draw(st.sampled_from(["even", "lower"])))


@given(SIDES, SIDES, crops())
def test_the_input_has_the_size_of_the_crop_and_the_picture_lies_about_its_middle(width, height, preprocess):
    frame = preprocess.frame((width, height))
    left, top, right, bottom = frame.content
    assert frame.size == (preprocess.crop or (right - left, bottom - top))
    assert abs(left - (frame.size[0] - right)) <= 1 and abs(top - (frame.size[1] - bottom)) <= 1
    if preprocess.fit == "fill":
        assert (right - left, bottom - top) == preprocess.resize
    else:
        exceed = [full - wanted for full, wanted in zip((right - left, bottom - top), preprocess.resize)]
        assert (min(exceed) == 0) if preprocess.fit == "cover" else (max(exceed) == 0)


@given(SIDES, SIDES, crops(), st.data())
def test_a_marked_pixel_arrives_where_the_frame_says_and_what_is_cropped_has_no_cell(width, height, preprocess, data):
    column, row = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    frame = preprocess.frame((width, height))
    grid = frame.size[::-1]  # a cell for each pixel of the input
    cell = frame.place(grid).cell_of_pixel(column, row, (width, height))
    left, top, right, bottom = frame.content
    there = (left + Fraction(2 * column + 1, 2 * width) * (right - left), top + Fraction(2 * row + 1, 2 * height) * (bottom - top))
    if not all(0 <= at < side for at, side in zip(there, frame.size)):
        assert cell is None
        return
    assert cell == (int(there[1]), int(there[0]))
    marked = Image.new("RGB", (width, height))
    radius = [2 * max(1, side // full) for side, full in zip((width, height), (right - left, bottom - top))]
    marked.paste("white", (column - radius[0], row - radius[1], column + radius[0] + 1, row + radius[1] + 1))
    tensor, _ = preprocess(open_picture(marked))
    assert tensor.shape == (1, 3, *grid) and tensor[0, 0, cell[0], cell[1]] > 0.5


def test_cells_of_a_crop_cover_only_what_the_network_saw():
    placement = Cropped((100, 100), "cover", (80, 80)).frame((200, 100)).place((8, 8))
    assert placement.rectangle(0, 0) == pytest.approx((60 / 200, 0.1, 70 / 200, 0.2))
    assert placement.cell(0.5, 0.5) == (4, 4) and placement.cell(0.2, 0.5) is None and placement.cell(1, 1) is None


def test_mean_and_deviation_may_be_of_each_channel():
    picture = open_picture(quarters(60, 40))
    grey, _ = Preprocess(mean=(127.0,) * 3, std=(128.0,) * 3)(picture, 64)
    assert torch.equal(grey, Preprocess()(picture, 64)[0])
    coloured, _ = Preprocess(mean=(0.0, 100.0, 0.0), std=(1.0, 1.0, 2.0))(picture, 64)
    plain, _ = Preprocess(mean=0.0, std=1.0)(picture, 64)
    assert torch.equal(coloured, torch.stack([plain[:, 0], plain[:, 1] - 100, plain[:, 2] / 2], 1))
