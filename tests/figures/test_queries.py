"""Queries by networks: each panel shows its own row, everything is printed."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from nlviz.analysis import analyse
from nlviz.blocks import BLOCKS
from nlviz.figures import colour_table, figure_bytes, queries_by_networks
from nlviz.pictures import Picture
from tests.figures.looking import EIGHT, LINEAR, OPAQUE, Cells, look_at, network, picture
from tests.figures.reading import assert_drawn, bars, ends, flowing, heatmaps, panels, pixel_at, render, texts
from tests.figures.svg import svg_texts


def test_each_row_shows_its_own_numbered_query_and_its_own_map():
    analysis = look_at("embedded_gaussian", sub_sample=False)
    figure = queries_by_networks([analysis], EIGHT[:3], **LINEAR)
    photos = [a for a in panels(figure) if len(a.get_images()) == 1]
    assert [a.texts[0].get_text() for a in photos] == ["1", "2", "3"]
    for axes, (x, y) in zip(photos, EIGHT):
        assert axes.texts[0].xy == pytest.approx((96 * x, 80 * y))
    shared = max(analysis.maps[0].heatmap(*q).max().item() for q in EIGHT[:3])
    pixels = render(figure)
    for axes, query in zip(heatmaps(figure), EIGHT):
        asked = analysis.maps[0].queries.cell(*query)  # there the frame of the query lies
        assert_drawn(pixels, axes, analysis.maps[0].heatmap(*query), (0, shared), but=[asked])


def test_shared_limits_are_one_for_all_panels_of_a_kind():
    """A colour means the same weight in every panel of its kind: two networks, one of them with much larger weights."""
    weak, strong = look_at("gc"), look_at("embedded_gaussian", sub_sample=False)
    scaled = look_at("dot_product", sub_sample=False)
    figure = queries_by_networks([weak, strong, scaled], EIGHT[:2], **LINEAR)
    highest = max(a.maps[0].heatmap(*q).max().item() for a in (weak, strong) for q in EIGHT[:2])
    assert bars(figure)[0].get_xlim() == pytest.approx((0, highest))
    rows = torch.stack([scaled.maps[0].heatmap(*q) for q in EIGHT[:2]])
    assert rows.min() < 0 and bars(figure)[1].get_xlim() == pytest.approx(ends(rows))
    pixels, values = render(figure), weak.maps[0].heatmap(0, 0)
    axes = heatmaps(figure)[0]
    index = math.floor(256 * values[2, 2].item() / highest)
    assert pixel_at(pixels, axes, 40, 40) == tuple(colour_table("viridis")[min(255, index)].tolist())
    assert "weight (rows sum to 1)" in flowing(figure) and "shared by 4 panels" in flowing(figure)
    assert "weight (rows scaled by 1/N′)" in flowing(figure) and "shared by 2 panels" in flowing(figure)


def test_per_panel_limits_are_printed_and_no_bar_is_drawn():
    analysis = look_at("embedded_gaussian", sub_sample=False)
    figure = queries_by_networks([analysis], [(0.5, 0.5)], scale="per panel", **OPAQUE)
    assert len(figure.axes) == 2 and "scale" in texts(figure) and "shared" not in texts(figure)
    values = analysis.maps[0].heatmap(0.5, 0.5)
    assert f"to {values.max().item():.2g}" in texts(figure) and "by itself" in flowing(figure)
    row, column = divmod(int(values.argmin()), 6)
    found = pixel_at(render(figure), heatmaps(figure)[0], 16 * column + 3, 16 * row + 3)
    assert found == tuple(colour_table("viridis")[0].tolist())


def test_captions_give_range_entropy_grids_layer_weights_and_parity():
    analysis = look_at("embedded_gaussian", "gc")
    figure = queries_by_networks([analysis], [(0.25, 0.5)], scale="shared")
    row = analysis.maps[0].heatmap(0.25, 0.5).flatten().double()
    share = 100 * -(row * row.log()).sum().item() / math.log(6)
    shown = flowing(figure)
    assert f"{float(row.max()):.2g}" in shown
    assert f"entropy {share:.0f} % of uniform" in shown or f"entropy {share:.1f} % of uniform" in shown
    for part in ("queries 5 × 6, keys 2 × 3", "at 1;", "at 2, attention;", "input 96 × 80 px", "pixel accuracy 89.1 %",
                 "trained on msrc", "what the block added follows from its maps", "same for every query", "1 (0.25, 0.5)",
                 "(a)", "(b)"):
        assert part in shown, part


def test_an_untrained_block_and_weights_of_unknown_source_are_called_so():
    analysis = analyse(nn.Sequential(Cells(), BLOCKS["embedded_gaussian"](3)), picture(), 96)
    shown = flowing(queries_by_networks([analysis], [(0.5, 0.5)]))
    assert "the block adds nothing: not trained" in shown and "weights as given, no score" in shown


def test_scaled_rows_have_no_entropy():
    assert "entropy" not in texts(queries_by_networks([look_at("dot_product")], [(0.5, 0.5)]))


def test_attended_by_draws_the_column_of_the_key_on_the_query_grid():
    analysis = look_at("embedded_gaussian", sub_sample=True)  # 5 x 6 queries, 2 x 3 keys
    figure = queries_by_networks([analysis], [(0.9, 0.1)], direction="attended by", **OPAQUE, scale="per panel")
    column = analysis.maps[0].nl_map.column(2).view(5, 6)  # key (0, 2)
    under = [(row, at) for row in (0, 1) for at in (4, 5)]  # the frame of the key
    assert_drawn(render(figure), heatmaps(figure)[0], column, ends(column), but=under)
    assert "entropy" not in texts(figure)


def test_where_no_key_lies_the_panel_says_so():
    figure = queries_by_networks([look_at("embedded_gaussian")], [(0.5, 0.99)], direction="attended by")
    assert "no key here" in texts(figure) and "range" not in texts(figure) and not heatmaps(figure)


def test_one_map_for_all_gives_a_key_the_same_from_every_query():
    analysis = look_at("gc")
    figure = queries_by_networks([analysis], [(0.5, 0.5)], direction="attended by", **OPAQUE, scale="per panel")
    weight = analysis.maps[0].nl_map.row(0)[2 * 6 + 3].item()
    assert f"{weight:.2g} everywhere" in texts(figure) and "same for every query" in texts(figure)
    pixels, axes = render(figure), heatmaps(figure)[0]
    assert {pixel_at(pixels, axes, x, y) for x in (8, 88) for y in (8, 72)} == {tuple(colour_table("viridis")[128].tolist())}


def test_weights_that_are_not_numbers_are_named_not_drawn():
    analysis = look_at("embedded_gaussian")
    placed = analysis.maps[0]
    broken = replace(placed, nl_map=replace(placed.nl_map, weights=placed.nl_map.weights * math.nan))
    figure = queries_by_networks([replace(analysis, maps=(broken,))], [(0.5, 0.5)])
    assert "not finite" in texts(figure) and not heatmaps(figure)


def test_a_column_is_the_first_map_of_each_call_of_a_block():
    analysis = look_at("criss_cross", "gc")  # 3 maps, 2 maps
    figure = queries_by_networks([analysis], [(0.4, 0.5)], scale="per panel", **OPAQUE)
    assert [len(call) for call in analysis.calls] == [3, 2] and len(heatmaps(figure)) == 2
    pixels, cell = render(figure), analysis.maps[0].queries.cell(0.4, 0.5)
    composed = analysis.maps[2].nl_map.weights[0] @ analysis.maps[1].nl_map.weights[0]  # A2 A1
    row = composed[cell[0] * 6 + cell[1]].view(5, 6)
    assert_drawn(pixels, heatmaps(figure)[0], row, ends(row), but=[cell])
    assert_drawn(pixels, heatmaps(figure)[1], analysis.maps[3].heatmap(0, 0), ends(analysis.maps[3].heatmap(0, 0)))
    assert "(b)" in texts(figure) and "(c)" not in texts(figure)


def test_rows_of_the_disentangled_sum_are_raw_sum_to_2_and_have_no_entropy():
    analysis = look_at("disentangled")
    figure = queries_by_networks([analysis], EIGHT[:2])
    rows = torch.stack([analysis.maps[0].heatmap(*q) for q in EIGHT[:2]])
    assert rows.sum((1, 2)).tolist() == pytest.approx([2, 2], abs=1e-5)
    assert bars(figure)[0].get_xlim() == pytest.approx((0, rows.max().item()))
    assert "weight (raw), linear, 0 to" in flowing(figure) and "entropy" not in texts(figure)
    assert "entropy" in texts(queries_by_networks([analysis], EIGHT[:1], parts={"net/0": "pairwise"}))


@pytest.mark.parametrize("block", ["base_oc", "asp_oc"])
def test_pooled_queries_are_framed_where_they_lie_and_missed_where_none_does(block):
    analysis = look_at(block)  # 2 x 3 queries on 5 x 6 cells
    figure = queries_by_networks([analysis], [(0.5, 0.2), (0.5, 0.95)], **OPAQUE, scale="per panel")
    (axes,) = heatmaps(figure)
    frame = axes.patches[0]
    assert (*frame.get_xy(), frame.get_width(), frame.get_height()) == pytest.approx((32, 0, 32, 32))
    row = analysis.maps[0].nl_map.row(1).view(2, 3)
    pixels = render(figure)
    for cell in np.ndindex(2, 3):
        index = min(255, math.floor(256 * (row[cell].item() - ends(row)[0]) / (ends(row)[1] - ends(row)[0])))
        found = pixel_at(pixels, axes, 32 * cell[1] + 16, 32 * cell[0] + 16)
        assert np.abs(np.array(found) - colour_table("viridis")[max(0, index - 1):index + 2]).max(1).min() == 0, cell
    assert [a.texts[0].get_text() for a in panels(figure) if a.texts] == ["1", "2", "no query here"]


@pytest.mark.parametrize("block", ["criss_cross", "disentangled", "pyramid_oc", "rga_channel"])
def test_a_map_kept_in_its_smaller_form_is_drawn_alike(block):
    analysis = look_at(block)
    lazy = tuple(replace(m, nl_map=replace(m.nl_map, weights=None)) if m.nl_map.lazy is not None else m for m in analysis.maps)
    assert lazy[0].nl_map.weights is None
    whole, small = (queries_by_networks([a], EIGHT[:2]) for a in (analysis, replace(analysis, maps=lazy)))
    assert texts(whole) == texts(small) and np.abs(render(whole).astype(int) - render(small)).max() <= 3


def test_a_dollar_in_a_name_is_a_dollar():
    analysis = analyse(network(BLOCKS["gc"](3), title="cost $5 and $x_"), picture(), 96)
    figure = queries_by_networks([analysis], [(0.5, 0.5)])
    assert "cost $5 and $x_" in " ".join(text for text, *_ in svg_texts(figure_bytes(figure, "svg", dpi=72)))


@pytest.mark.parametrize("queries, options, says", [
    ([], {}, "1 to 8 queries, got 0"),
    ([(0.5, 0.5)] * 9, {}, "1 to 8 queries, got 9"),
    ([(0.5, 1.2)], {}, "0 to 1, got 0.5, 1.2"),
    ([(0.5, 0.5)], {"colour_map": "jet"}, "viridis, inferno, magma, cividis, gray"),
    ([(0.5, 0.5)], {"scale": "log"}, "shared, per panel"),
    ([(0.5, 0.5)], {"direction": "both"}, "attends to, attended by"),
    ([(0.5, 0.5)], {"opacity": 60}, "0 to 1, got 60"),
    ([(0.5, 0.5)], {"term": "half"}, "full, pairwise only, unary only, row minus the mean row"),
    ([(0.5, 0.5)], {"parts": {"gc/0": "attention"}}, "'gc/0'; there are: net/0"),
    ([(0.5, 0.5)], {"parts": {"net/1": "attention"}}, "'net/1'; there are: net/0"),
    ([(0.5, 0.5)], {"parts": {"net/0": "A1"}}, "net/0 has no map 'A1'; it has: 'attention', 'added to channels'"),
])
def test_bad_arguments_say_what_is_allowed(queries, options, says):
    with pytest.raises(ValueError, match=says):
        queries_by_networks([look_at("gc")], queries, **options)


def test_analyses_must_be_of_one_picture():
    with pytest.raises(ValueError, match="one picture"):
        queries_by_networks([look_at("gc"), look_at("gc", seen=picture(80, 96))], [(0.5, 0.5)])
    again = Picture(picture().image.copy(), "renamed.png")
    assert queries_by_networks([look_at("gc"), look_at("gc", seen=again)], [(0.5, 0.5)])  # the same pixels are the same picture
    with pytest.raises(ValueError, match="at least one analysis"):
        queries_by_networks([], [(0.5, 0.5)])
