"""Parts and terms of a map are drawn as their definitions say, or the reason is."""

import numpy as np
import pytest
from torch import nn

from nlviz.analysis import analyse
from nlviz.blocks import BLOCKS
from nlviz.figures import DIVERGING, colour_table, queries_by_networks
from tests.figures.looking import EIGHT, LINEAR, OPAQUE, look_at, network, picture
from tests.figures.reading import assert_drawn, bars, ends, flowing, heatmaps, panels, pixel_at, render, texts

CENTRED = "row minus the mean row"


@pytest.mark.parametrize("block, part, number", [
    ("criss_cross", "A2 A1", 0), ("criss_cross", "A1", 1), ("criss_cross", "A2", 2), ("pyramid_oc", "2 × 2 cells", 1),
    ("disentangled", "pairwise", 1), ("disentangled", "unary", 2), ("rga_spatial", "gate of positions", 1)])
def test_parts_choose_the_map_of_a_call_and_the_heading_names_it(block, part, number):
    analysis = look_at("pam", block, std=0.5)
    figure = queries_by_networks([analysis], [(0.4, 0.5)], scale="per panel", **OPAQUE, parts={"net/1": part})
    values = analysis.maps[1 + number].heatmap(0.4, 0.5)
    assert_drawn(render(figure), heatmaps(figure)[1], values, ends(values), but=[analysis.maps[0].queries.cell(0.4, 0.5)])
    assert f"msrc, at 2 {part}" in flowing(figure) and f"Block {block} at 2, {part};" in flowing(figure)


def test_a_heading_names_no_part_where_a_call_has_one_map():
    shown = flowing(queries_by_networks([look_at("pam")], [(0.5, 0.5)], scale="shared"))
    assert "(a) Non-local, embedded Gaussian msrc range" in shown and "Block pam at 1; queries" in shown


def centred(weights):
    return weights - weights.mean(0)


def pairwise(lazy):
    return ((lazy.q - lazy.q.mean(1))[0] @ (lazy.k - lazy.k.mean(1))[0].T).softmax(1)


def unary(lazy):
    return (lazy.q.mean(1) @ lazy.k[0].T).softmax(1).expand(30, -1)


@pytest.mark.parametrize("direction", ["attends to", "attended by"])
@pytest.mark.parametrize("term, weights, colour_map", [
    ("pairwise only", lambda m: pairwise(m.lazy), "magma"), ("unary only", lambda m: unary(m.lazy), "magma"),
    (CENTRED, lambda m: centred(m.weights[0]), DIVERGING)])
def test_a_term_is_drawn_as_its_definition_says(term, weights, colour_map, direction):
    analysis = look_at("embedded_gaussian", sub_sample=False)
    figure = queries_by_networks([analysis], [(0.4, 0.5)], term=term, direction=direction, scale="per panel", **OPAQUE,
                                 colour_map="magma")
    cell, expected = (2, 2), weights(analysis.maps[0].nl_map)  # (30, 30)
    values = (expected[14] if direction == "attends to" else expected[:, 14]).view(5, 6)
    most = values.abs().max().item()
    limits = (-most, most) if term == CENTRED else ends(values)
    assert_drawn(render(figure), heatmaps(figure)[0], values, limits, colour_map, but=[cell])
    assert f"Term: {term}" in flowing(figure)


def test_the_term_is_not_printed_where_it_is_the_whole_map():
    assert "Term" not in flowing(queries_by_networks([look_at("pam")], [(0.5, 0.5)], term="full"))


def test_differences_share_a_scale_centred_at_zero_for_each_kind_of_rows():
    analyses = [look_at("pam"), look_at("embedded_gaussian", sub_sample=False), look_at("dot_product", sub_sample=False)]
    figure = queries_by_networks(analyses, EIGHT[:2], term=CENTRED, **LINEAR)
    found = [[centred(a.maps[0].nl_map.weights[0])[index] for index in (0, 15)] for a in analyses]  # cells of the two queries
    most = [max(row.abs().max().item() for row in rows) for rows in (found[0] + found[1], found[2])]
    assert [bar.get_xlim() for bar in bars(figure)] == [pytest.approx((-m, m)) for m in most] and most[0] != most[1]
    for axes, row, m in zip(heatmaps(figure), [found[0][0], found[1][0], found[2][0]], [most[0], most[0], most[1]]):
        assert_drawn(render(figure), axes, row.view(5, 6), (-m, m), DIVERGING, but=[(0, 0)])
    low, high = ends(found[0][0])
    assert f"range −{-low:.2g} to {high:.2g}" in texts(figure) and "scale −" not in texts(figure)
    assert "difference from the mean row (rows sum to 1)" in flowing(figure) and "shared by 4 panels" in flowing(figure)
    assert "entropy" not in texts(figure)


def equal_rows():
    block = BLOCKS["dot_product"](3, sub_sample=False)
    net = network(block)
    nn.init.zeros_(block.theta.weight)
    return analyse(net, picture(), 96)


@pytest.mark.parametrize("scale", ["shared", "per panel"])
@pytest.mark.parametrize("analysis", [lambda: look_at("gc"), lambda: look_at("snl"), equal_rows])
def test_a_map_that_does_not_depend_on_the_query_is_its_mean_row_and_differs_by_nothing(analysis, scale):
    figure = queries_by_networks([analysis()], [(0.5, 0.5)], term=CENTRED, scale=scale, **OPAQUE)
    assert "0 everywhere" in texts(figure)
    pixels, axes = render(figure), heatmaps(figure)[0]
    colours = {pixel_at(pixels, axes, 16 * x + 8, 16 * y + 8) for x in range(6) for y in range(5) if (y, x) != (2, 3)}
    assert colours == {tuple(colour_table(DIVERGING)[128].tolist())}


@pytest.mark.parametrize("block, term, reason", [
    ("dot_product", "pairwise only", "not a softmax"), ("criss_cross", "unary only", "not a softmax"),
    ("gc", "pairwise only", "one map for every query"), ("cam", CENTRED, "no query has a row here"),
    ("rga_channel", "pairwise only", "no query has a row here"), ("se", "unary only", "no query has a row here")])
def test_a_map_without_the_term_is_the_bare_photo_with_the_reason(block, term, reason):
    figure = queries_by_networks([look_at(block)], EIGHT[:2], term=term)
    bare = [axes for axes in panels(figure) if axes.texts and axes.texts[0].get_text() not in "12"]
    assert len(bare) == 2 and not heatmaps(figure) and not bars(figure)
    assert all(reason in " ".join(text.get_text() for text in axes.texts) for axes in bare)
    found = np.array([pixel_at(render(figure), axes, 8, y) for axes in bare for y in (4, 76)])
    assert (np.ptp(found, axis=1) == 0).all() and np.unique(found).size > 1  # grey, and a photo
    assert not any(word in texts(figure) for word in ("range", "entropy", "Heatmaps", "same for every query\n"))


@pytest.mark.parametrize("block, same", [("embedded_gaussian", True), ("gc", True), ("pyramid_oc", False)])
def test_a_unary_term_is_the_same_for_every_query_of_a_cell(block, same):
    analysis = look_at(block)
    parts = {"net/0": "2 × 2 cells"} if block == "pyramid_oc" else {}
    figure = queries_by_networks([analysis], [(0.1, 0.1), (0.9, 0.9)], term="unary only", parts=parts, scale="per panel",
                                 **OPAQUE)
    first, second = heatmaps(figure)
    pixels = render(figure)
    places = [(8, 8), (40, 8), (72, 40), (40, 40)]
    assert same == ([pixel_at(pixels, first, *at) for at in places] == [pixel_at(pixels, second, *at) for at in places])
    assert same == ("same for every query" in flowing(figure)) == (not first.patches) == ("white frame" not in flowing(figure))
