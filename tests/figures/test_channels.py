"""Maps and gates of channels: matrices, bars, and the layout of them."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torch import nn

from nlviz.analysis import analyse
from nlviz.blocks import BLOCKS
from nlviz.figures import Scale, colour_table, figure_bytes, queries_by_networks
from nlviz.figures.channels import draw_bars, draw_matrix
from nlviz.numbers import number
from tests.figures.looking import EIGHT, LINEAR, Cells, look_at, look_at_channels, picture
from tests.figures.reading import assert_drawn, bars, by_weight_received, ends, flowing, heatmaps, panels, pixel_at, render, texts
from tests.figures.toys import drawn


@pytest.mark.parametrize("scale", ["shared", "per panel"])
@pytest.mark.parametrize("block", ["cam", "rga_channel"])
def test_channels_are_a_square_matrix_sorted_by_weight_received_with_its_own_scale(block, scale):
    analysis = look_at_channels(block)
    figure = queries_by_networks([analysis], EIGHT[:2], scale=scale, colour_map="inferno")
    (matrix,) = (a for a in panels(figure) if a.get_xlim() == (-0.5, 7.5))
    values = by_weight_received(analysis.maps[0].nl_map.weights[0].double().tolist())
    low, high = ends(values)
    pixels, box = render(figure), matrix.get_window_extent()
    for row, column in np.ndindex(8, 8):
        index = min(255, math.floor(256 * (values[row, column].item() - low) / (high - low)))
        assert pixel_at(pixels, matrix, column, row) == tuple(colour_table("inferno")[index].tolist()), (row, column)
    assert box.width == pytest.approx(box.height) and not bars(figure) and not heatmaps(figure)
    assert f"8 × 8 channels, sorted by weight received, own scale {number(low)} to {number(high)}" in flowing(figure)


@pytest.mark.parametrize("block", ["cam", "rga_channel", "se"])
def test_channels_have_no_row_for_a_further_query(block):
    figure = queries_by_networks([look_at_channels(block)], EIGHT[:3])
    empty = [axes for axes in figure.axes if axes.texts and axes.texts[0].get_text() == "no row: channels"]
    assert len(empty) == 2 and not any(axes.get_images() or axes.patches for axes in empty)
    for axes in empty:
        inner = axes.get_window_extent()
        corner = render(figure)[round(inner.y0) + 2:round(inner.y0) + 20, round(inner.x0) + 2:round(inner.x1) - 2]
        assert (corner == 255).all()
    assert flowing(figure).count("channels, sorted") == 1 and "Heatmaps" not in flowing(figure)


@pytest.mark.parametrize("channels, colours", [(4, {0, 255}), (400, {127, 128})])
def test_a_cell_of_a_matrix_is_crisp_and_neighbours_mix_where_print_has_no_dot_for_each(channels, colours):
    figure = Figure(figsize=(1, 1), dpi=100)
    board = (torch.arange(channels)[:, None] + torch.arange(channels)) % 2
    draw_matrix(figure.add_axes((0, 0, 1, 1)), board.double(), Scale(0, 1), "gray")
    assert set(np.unique(render(figure)[10:-10, 10:-10])) <= colours


def test_bars_stand_on_zero_from_the_largest_down():
    axes = Figure(figsize=(3, 3)).add_axes((0.1, 0.1, 0.8, 0.8))
    draw_bars(axes, torch.tensor([2.0, 1.0, -1.0]), (-1.0, 2.0))
    pixels = render(axes.figure)
    filled = [[pixel_at(pixels, axes, x, y) != (255, 255, 255) for y in (-0.5, 0.5, 1.5)] for x in (0.5, 1.5, 2.5)]
    assert filled == [[False, True, True], [False, True, False], [True, False, False]]
    column, row = map(round, axes.transData.transform((2.5, 0)))
    assert pixels[row - 1:row + 2, column].min() < 130 and axes.get_ylim() == (-1, 2)  # the zero line


@pytest.mark.parametrize("block, part, low, high", [("se", "", 0, 1), ("gc", "added to channels", None, None),
                                                    ("rga_channel", "gate of channels", 0, 1)])
def test_values_of_channels_are_sorted_bars_with_range_and_median(block, part, low, high):
    analysis = look_at_channels(block)
    placed = next(placed for placed in analysis.maps if placed.nl_map.part == part)
    values = sorted(placed.nl_map.weights[0].tolist(), reverse=True)
    figure = queries_by_networks([analysis], EIGHT[:1], parts={"net/0": part})
    (axes,) = (axes for axes in figure.axes if axes.patches)
    assert axes.patches[0].get_data().values.tolist() == pytest.approx(values)
    assert axes.get_ylim() == pytest.approx((min(0, values[-1]), max(0, values[0])))
    assert (low is None) == (values[-1] < 0) and (high is None or max(values) <= high)
    printed = map(number, (values[-1], values[0], (values[3] + values[4]) / 2))
    assert "8 channels, sorted {} to {}, median {}".format(*printed) in flowing(figure)
    assert not bars(figure) and "white frame" not in flowing(figure)


def test_values_that_are_all_zero_are_a_line():
    analysis = analyse(nn.Sequential(Cells(), BLOCKS["gc"](3)), picture(), 96)  # untrained: adds nothing
    figure = queries_by_networks([analysis], [(0.5, 0.5)], parts={"Sequential/0": "added to channels"})
    assert "3 channels, sorted\n0 everywhere" in texts(figure) and figure_bytes(figure, "png")


@pytest.mark.parametrize("direction", ["attends to", "attended by"])
def test_a_gate_of_positions_is_one_heatmap_on_a_scale_of_gates(direction):
    analysis = look_at_channels("rga_spatial", "rga_spatial")  # relations, and the gate of the other
    figure = queries_by_networks([analysis], EIGHT[:2], parts={"net/1": "gate of positions"}, **LINEAR, direction=direction)
    gate, relations = analysis.maps[3].nl_map.weights[0], analysis.maps[0].nl_map
    pixels, (first, second) = render(figure), heatmaps(figure)[1::2]
    for axes in (first, second):
        assert_drawn(pixels, axes, gate.view(5, 6), (0, gate.max().item()))
        assert not axes.patches
    rows = [relations.row(index) if direction == "attends to" else relations.column(index) for index in (0, 15)]
    assert [bar.get_xlim()[1] for bar in bars(figure)] == pytest.approx([max(r.max().item() for r in rows), gate.max().item()])
    shown = flowing(figure)
    assert f"gate, 0 to {gate.max().item():.2g}, shared by 2 panels" in shown and "weight (raw), 0 to" in shown
    assert "gate of positions, same for every query" in shown and "a gate for each of 5 × 6 positions" in shown


def test_values_of_channels_that_are_not_numbers_are_named_not_drawn():
    analysis = look_at("cam")
    placed = analysis.maps[0]
    broken = replace(placed, nl_map=replace(placed.nl_map, weights=placed.nl_map.weights * math.nan))
    figure = queries_by_networks([replace(analysis, maps=(broken,))], [(0.5, 0.5)])
    assert "not finite" in texts(figure) and len(panels(figure)) == 1


def test_channel_matrices_share_a_scale_and_gates_are_bars():
    analyses = [look_at_channels("cam", "se"), look_at("pam"), look_at_channels("cam")]
    figure = drawn(analyses, layout="channels", scale="shared")
    matrices = [a for a in panels(figure) if a.get_xlim() == (-0.5, 7.5)]
    found = [by_weight_received(a.maps[0].nl_map.weights[0].double().tolist()) for a in (analyses[0], analyses[2])]
    highest = max(values.max().item() for values in found)
    assert bars(figure)[0].get_xlim() == pytest.approx((0, highest)) and len(matrices) == 2
    pixels = render(figure)
    for axes, values in zip(matrices, found):
        for row, column in np.ndindex(8, 8):
            index = min(255, int(256 * values[row, column].item() / highest))
            x, y = axes.transData.transform((column, row))
            assert pixels[int(y), int(x)].tolist() == colour_table("viridis")[index].tolist(), (row, column)
    gate = sorted(analyses[0].maps[1].nl_map.weights[0].tolist(), reverse=True)
    drawn_bars = [a.patches[0].get_data().values.tolist() for a in figure.axes if a.patches and hasattr(a.patches[0], "get_data")]
    assert drawn_bars == [pytest.approx(gate)]
    shown = flowing(figure)
    assert "weight (rows sum to 1)" in shown and "shared by 2 panels" in shown
    assert "own scale" not in shown and "Block pam" not in shown
    assert "(c) Non-local" in shown and "(d)" not in shown


def test_per_panel_a_channel_matrix_has_its_own_printed_scale():
    analysis = look_at_channels("cam")
    figure = drawn([analysis], layout="channels", scale="per panel")
    low, high = map(number, ends(analysis.maps[0].nl_map.weights[0]))
    assert not bars(figure) and f"sorted by weight received, own scale {low} to {high}" in flowing(figure)


def test_all_channel_maps_of_a_block_are_drawn():
    shown = flowing(drawn([look_at_channels("rga_channel")], layout="channels"))
    assert "(a)" in shown and "gate of channels" in shown and "(b)" in shown


def test_networks_without_channels_are_refused_by_name():
    with pytest.raises(ValueError, match=r"none of these networks has a map of channels: net;.*dual attention"):
        drawn([look_at("pam")], layout="channels")
