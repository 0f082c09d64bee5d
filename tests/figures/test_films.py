"""A clip in a panel: its frames side by side, and every cell at its place in every frame that it lies on."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from nlviz.figures import Film, colour_table, draw_heatmap, draw_photo
from nlviz.figures.film import across_for
from nlviz.pictures import Frame, Placement
from tests.figures.filmed import clip, placed_on
from tests.figures.reading import render

LOW, HIGH = (tuple(colour_table("gray")[at].tolist()) for at in (0, 255))


def panel(place, values, film, smooth=False, size=(4.0, 4.0), limits=(0, 1)):
    """The pixels of a heatmap alone, (height, width, 3) from the top, and its Axes."""
    figure = Figure(size)
    axes = figure.add_axes((0, 0, 1, 1))
    draw_heatmap(axes, placed_on(place), film, values, limits, "gray", 1.0, smooth)
    return render(figure), axes


def box_of(axes, film, frame):
    """(left, bottom, right, top) of a frame in dots, from the lower left."""
    (left, top), (wide, high) = film.corner(frame), film.frame
    (x0, y0), (x1, y1) = axes.transData.transform([(left, top + high), (left + wide, top)])
    return x0, y0, x1, y1


def shown(pixels, axes, film, frame, rows, columns):
    """(rows, columns, 3): the colour in the middle of every cell of a grid over a frame."""
    x0, y0, x1, y1 = box_of(axes, film, frame)
    return np.array([[pixels[floor(y1 - (y1 - y0) * (row + 0.5) / rows), floor(x0 + (x1 - x0) * (column + 0.5) / columns)]
                      for column in range(columns)] for row in range(rows)])


def test_a_one_hot_map_at_frame_3_cell_5_9_lights_one_cell_in_one_frame():
    seen, values = clip(8, (224, 224)), torch.zeros(8, 14, 14)
    values[3, 5, 9] = 1
    film = Film.of(seen)
    pixels, axes = panel(Frame((224, 224), (0, 0, 224, 224), 8).place((8, 14, 14)), values, film, size=(8.0, 8.0))
    for frame in range(8):
        lit = (shown(pixels, axes, film, frame, 14, 14) == HIGH).all(2)
        assert np.argwhere(lit).tolist() == ([[5, 9]] if frame == 3 else [])
    x0, y0, x1, y1 = box_of(axes, film, 3)
    white = (pixels[floor(y0) + 2:floor(y1) - 1, floor(x0) + 2:floor(x1) - 1] == HIGH).all(2)
    assert white.sum() == pytest.approx((x1 - x0) * (y1 - y0) / 14**2, rel=0.12)


def test_keys_8_x_7_x_7_under_queries_8_x_56_x_56_colour_8_x_8_of_them_in_their_frame():
    values, place = torch.zeros(8, 7, 7), Frame((448, 448), (0, 0, 448, 448), 8).place((8, 56, 56)).coarser((8, 7, 7), (1, 8, 8))
    values[5, 2, 6] = 1
    film = Film.of(clip(8, (224, 224)), across=4)
    pixels, axes = panel(place, values, film, size=(8, 4))
    for frame in range(8):
        lit = (shown(pixels, axes, film, frame, 56, 56) == HIGH).all(2)
        assert lit.sum() == (64 if frame == 5 else 0) and (frame != 5 or lit[16:24, 48:56].all())


@pytest.mark.parametrize("smooth", [False, True])
def test_a_tubelet_lies_on_both_of_its_frames(smooth):
    film, values = Film.of(clip(8)), torch.zeros(4, 5, 6)
    values[2] = 1
    pixels, axes = panel(Frame((96, 80), (0, 0, 96, 80), 8).place((4, 5, 6)), values, film, smooth)
    for frame in range(8):
        assert (shown(pixels, axes, film, frame, 5, 6) == (HIGH if frame in (4, 5) else LOW)).all()


@pytest.mark.parametrize("smooth", [False, True])
def test_every_cell_has_its_colour_in_its_frame_and_none_is_mixed_with_the_next_frame(smooth):
    film, values = Film.of(clip(6)), torch.rand(6, 5, 6, generator=torch.Generator().manual_seed(0))
    pixels, axes = panel(Frame((96, 80), (0, 0, 96, 80), 6).place((6, 5, 6)), values, film, smooth, size=(6, 5))
    for frame in range(6):
        found, expected = shown(pixels, axes, film, frame, 5, 6)[..., 0].astype(float), 255 * values[frame].numpy()
        assert np.abs(found - expected).max() < (12 if smooth else 2)  # between centres values run on


def test_cells_on_the_padding_are_not_drawn_and_the_gaps_stay_white():
    film = Film.of(clip(4, (96, 48)), across=2)
    place = Frame((96, 96), (0, 24, 96, 72), 4).place((4, 6, 6))  # letterboxed: rows 1.5 to 4.5 are seen
    values = torch.arange(6.0)[None, :, None].expand(4, 6, 6) / 8
    pixels, axes = panel(place, values, film, size=(6, 3.1))
    for frame in range(4):
        rows = shown(pixels, axes, film, frame, 6, 1)[:, 0, 0] / 255 * 8
        assert rows.round().tolist() == [1, 2, 2, 3, 3, 4]
    x = axes.transData.transform((film.frame[0] + film.gap[0] / 2, 0))[0]
    assert (pixels[:, floor(x)] == 255).all()


def test_where_no_cell_lies_in_time_the_frame_stays_bare():
    place = Placement((3, 5, 6), (Fraction(6), Fraction(5), Fraction(1)), (Fraction(0),) * 3, 4)
    film = Film.of(clip(4))
    pixels, axes = panel(place, torch.ones(3, 5, 6), film)
    assert (shown(pixels, axes, film, 2, 5, 6) == HIGH).all() and not (shown(pixels, axes, film, 3, 5, 6) == HIGH).all()


def test_dots_lie_in_their_frames():
    film, figure = Film.of(clip(8)), Figure((4, 4))
    axes = figure.add_axes((0, 0, 1, 1))
    draw_photo(axes, film, [(0.25, 0.5, 0), (0.75, 0.1, 6)])
    places = [line.get_xydata()[0] for line in axes.lines if line.get_marker() == "o"]
    for (x, y), (left, top) in zip(places, (film.corner(0), film.corner(6))):
        assert left <= x <= left + film.frame[0] and top <= y <= top + film.frame[1]
    assert np.allclose(places, [film.at(0.25, 0.5, 0), film.at(0.75, 0.1, 6)])


@pytest.mark.parametrize("count, aspect, width, height, across", [
    (8, 16 / 9, 1.6, 1.6, 2), (8, 1, 1.6, 1.6, 3), (8, 1, 8, 1, 8), (4, 1, 2, 2, 2), (32, 1, 2, 1, 8), (5, 9 / 16, 6, 2, 5)])
def test_frames_stand_as_they_are_largest(count, aspect, width, height, across):
    assert across_for(count, aspect, width, height) == across
