"""The layout distance against layer: points of heads where their numbers are, the line of their means, baselines."""

import math
from dataclasses import replace

import numpy as np
import pytest

from nlviz.analysis import analyse
from nlviz.figures import distance_against_layer
from nlviz.figures.layer_charts import Points
from nlviz.measures import dependence_of_layers
from nlviz.recipes import WIDTHS
from tests.figures.laid_out import assert_laid_out
from tests.figures.looking import look_at
from tests.figures.looking import picture as noise
from tests.figures.reading import flowing
from tests.figures.toys import drawn
from tests.transformers import seen, transformer

LAYOUT = {"layout": "distance against layer"}


def points_of(axes) -> list[tuple[np.ndarray, np.ndarray]]:
    return [line.get_data() for line in axes.lines if line.get_linestyle() == "None"]


def lines_of(axes) -> list[tuple[np.ndarray, np.ndarray]]:
    return [line.get_data() for line in axes.lines if line.get_linestyle() == "-"]


def test_every_head_is_a_point_in_its_layer_and_the_line_goes_through_their_means():
    away, share = distance_against_layer([seen()]).axes
    rows = [row for row in dependence_of_layers(seen()) if row["head"]]
    for axes, values in ((away, [row["attention_distance_cells"] for row in rows]), (share, [100 * row["share"] for row in rows])):
        (x, y), = points_of(axes)
        assert np.rint(x).tolist() == [row["layer"] for row in rows] and y.tolist() == pytest.approx(values)
        (layers, means), = lines_of(axes)
        assert list(layers) == [1, 2, 3, 4] and list(means) == pytest.approx(np.reshape(values, (4, 3)).mean(1))


def test_beside_distances_stands_how_far_apart_cells_are():
    away = distance_against_layer([seen()]).axes[0]
    dotted, = (line for line in away.lines if line.get_linestyle() == ":")
    places = [(n // 6, n % 6) for n in range(24)]
    assert dotted.get_ydata()[0] == pytest.approx(sum(math.dist(a, b) for a in places for b in places) / 24**2)


def test_networks_of_other_grids_are_compared_as_shares_of_the_diagonal():
    finer = seen("finer")
    alike = distance_against_layer([seen(), finer])
    assert "distance, cells" in alike.axes[0].get_title() and len(points_of(alike.axes[0])) == 2
    changed = tuple(replace(placed, queries=replace(placed.queries, grid=(2, 12))) for placed in finer.maps)
    other = distance_against_layer([seen(), replace(finer, maps=changed)])
    assert "% of the picture's diagonal" in other.axes[0].get_title()
    rows = [row["attention_distance_cells"] for row in dependence_of_layers(seen()) if row["head"]]
    assert points_of(other.axes[0])[0][1].tolist() == pytest.approx([100 * row / math.hypot(4, 6) for row in rows])


def test_heads_whose_rows_are_nearly_flat_have_no_share():
    model = transformer("flat")
    for block in model.net.blocks[:2]:
        block.attn.qkv.weight.data.zero_()
    analysis = analyse(model, noise(96, 64), 96)
    rows = dependence_of_layers(analysis)
    assert [row["share"] is None for row in rows if row["head"]] == [True] * 6 + [False] * 6
    assert rows[0]["reason"] == "every row is nearly flat: there is nothing to shuffle"
    away, share = distance_against_layer([analysis]).axes
    assert len(points_of(away)[0][0]) == 12 and len(points_of(share)[0][0]) == 6


def test_networks_without_layers_and_heads_are_named_and_without_any_other_there_is_nothing_to_draw():
    figure = drawn([replace(look_at("gaussian"), picture=seen().picture), seen()], **LAYOUT)
    assert "(a) Non-local, embedded Gaussian: n/a" in flowing(figure) and "(b) vit, weights as given" in flowing(figure)
    empty = drawn([look_at("gaussian")], **LAYOUT)
    assert [text.get_text() for axes in empty.axes for text in axes.texts] == ["n/a", "n/a"]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("networks", [1, 3, 8])
def test_nothing_overlaps_or_is_cut(width, networks):
    figure = drawn([seen(f"network {at} with a long name", 2) for at in range(networks)], width=width, **LAYOUT)
    assert figure.get_figwidth() == WIDTHS[width]
    assert_laid_out(figure)


def test_points_of_one_layer_stand_apart():
    x, = (points.get_xdata() for points in distance_against_layer([seen()]).axes[0].lines if points.get_linestyle() == "None")
    assert len(set(np.round(x, 6))) == 12 and np.abs(x - np.rint(x)).max() < 0.25
    assert Points("a", [1, 1, 2], [0.0, 1.0, 3.0]).means == {1: 0.5, 2: 3.0}
