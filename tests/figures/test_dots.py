"""Dots: at their places, or beside them where they would hide each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from nlviz.figures.dots import apart, draw_dots
from nlviz.figures.panels import draw_photo
from tests.figures.looking import EIGHT, picture

BOX = (10, 10, 70, 70)
PLACES = st.lists(st.tuples(*[st.floats(10, 70)] * 2), min_size=1, max_size=8)


def distances(places) -> np.ndarray:
    first, second = np.triu_indices(len(places), 1)
    return np.hypot(*(np.asarray(places)[first] - np.asarray(places)[second]).T)


@given(PLACES)
@settings(deadline=None)
def test_eight_dots_in_a_small_photo_do_not_hide_each_other(places):
    moved = apart(np.array(places), 9.7, BOX)
    assert (distances(moved) > 9.2).all() and (moved >= 10).all() and (moved <= 70).all()


def test_dots_that_are_apart_stay_exactly_where_they_are():
    places = np.array([(10.0, 10), (30, 10), (10, 30)])
    assert (apart(places, 9.7, BOX) == places).all()


def dots(axes) -> np.ndarray:
    return np.array([np.ravel(line.get_data()) for line in axes.lines if line.get_marker() == "o"])


@pytest.mark.parametrize("size", [(60, 60), (240, 90)], ids=str)
def test_a_dot_that_had_to_move_is_tied_to_its_place(size):
    figure = Figure((0.9, 0.9))
    axes, queries = figure.add_axes((0, 0, 1, 1)), [(0.5, 0.5), (0.52, 0.5), (0.1, 0.1)]
    draw_photo(axes, picture(*size), queries)
    true, shown = np.multiply(queries, size), dots(axes)
    ties = [np.transpose(line.get_data()) for line in axes.lines if line.get_marker() == "None"]
    assert np.allclose(shown[2], true[2]) and not np.allclose(shown[:2], true[:2])
    for tie in ties:
        assert any(np.allclose(tie[0], place) for place in true[:2]) and any(np.allclose(tie[1], at) for at in shown[:2])
    assert (distances(axes.transData.transform(shown)) * 72 / figure.dpi > 9).all()


def test_dots_that_did_not_move_have_no_line():
    axes = Figure((3, 3)).add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, 1), ylim=(1, 0))
    draw_dots(axes, np.array(EIGHT))
    assert len(axes.lines) == 8 and np.allclose(dots(axes), EIGHT)
