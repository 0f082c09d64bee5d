"""The figures of a study: the numbers stand where they belong, and every text is inside and apart from the others."""

import itertools
import math
import warnings

import pytest
from matplotlib.text import Text

from nlviz.figures import distances_by_layer, distribution_by_network, figure_bytes
from tests.figures.reading import render, texts

NAMES = ["msrc_embedded_gaussian", "caltech101_disentangled · pairwise", "msrc_pyramid_oc · whole picture", "x"]


def rows(count):
    return [{"label": NAMES[i % 4] if i < 4 else f"network {i}", "values": [0.1 + 0.01 * i, 0.2, 0.3, 0.35, 0.4],
             "shuffled": 0.6, "fresh": 0.05 if i % 2 else None} for i in range(count)]


def networks(count):
    def layer(name, at):
        known = {"mean": 0.1 * at + 0.05, "low": 0.1 * at, "high": 0.1 * at + 0.2}
        measures = dict.fromkeys(("cosine_input", "cosine_output", "cosine_att"), known)
        return {"layer": name, "measures": measures | {"jsd_att_nats": {"reason": "raw"}}}
    return {f"caltech101_embedded_gaussian_{i}": [layer("a", i), layer("b", i + 1)] for i in range(count)}


def assert_every_text_is_inside_and_apart(figure):
    render(figure)
    frame, shown = figure.bbox, [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]
    boxes = [(t.get_text(), t.get_window_extent()) for t in shown]
    for words, box in boxes:
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= frame.x1 + 1 and box.y1 <= frame.y1 + 1, words
    for (one, a), (other, b) in itertools.combinations(boxes, 2):
        width, height = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
        assert min(width, height) <= 1, (one, other)


@pytest.mark.parametrize("count", [0, 1, 4, 30])
def test_a_distribution_has_a_line_for_each_map_and_its_texts_are_apart(count):
    figure = distribution_by_network(rows(count))
    assert_every_text_is_inside_and_apart(figure)
    assert all(row["label"] in texts(figure) for row in rows(count)) and "nats, 0 to ln 2" in texts(figure)


def test_a_distribution_marks_median_quartiles_extremes_and_both_baselines():
    axes, = distribution_by_network(rows(2)).axes
    drawn = {(tuple(line.get_xdata()), tuple(line.get_ydata())) for line in axes.lines}
    marks = {(float(line.get_xdata()[0]), float(line.get_ydata()[0]), line.get_marker()) for line in axes.lines
             if len(line.get_xdata()) == 1}
    assert marks == {(0.6, 0.0, "|"), (0.6, 1.0, "|"), (0.05, 1.0, "x")}  # no fresh weights in the first
    spans = {tuple(sorted(map(float, x))) for x, _ in drawn if len(x) == 2}
    assert {(0.1, 0.2), (0.35, 0.4), (0.3, 0.3)} <= spans and axes.get_xlim() == (0, pytest.approx(math.log(2)))


def test_no_map_with_a_divergence_is_said():
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # nothing else is said on the command line
        assert "no map whose rows are distributions" in texts(distribution_by_network([]))


@pytest.mark.parametrize("count", [1, 3, 8])
def test_layers_have_a_panel_for_each_measure_and_their_texts_are_apart(count):
    figure = distances_by_layer(networks(count))
    assert_every_text_is_inside_and_apart(figure)
    assert len(figure.axes) == 4 and all(name in texts(figure) for name in networks(count))
    first = figure.axes[0].lines[0]
    assert list(first.get_xdata()) == [1, 2] and list(first.get_ydata()) == pytest.approx([0.05, 0.15])
    assert not len(figure.axes[3].lines[0].get_xdata())  # undefined: nothing is drawn


def test_the_same_numbers_give_the_same_bytes():
    for format in ("png", "pdf"):
        assert figure_bytes(distribution_by_network(rows(3)), format) == figure_bytes(distribution_by_network(rows(3)), format)
