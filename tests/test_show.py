"""nlviz.show: the viewer, numbers and figures for maps that were computed elsewhere."""

from fractions import Fraction

import numpy as np
import pytest
import torch

import nlviz
from tests.pictures.drawn import quarters

RANDOM = np.random.default_rng(0)
Q, K = RANDOM.normal(size=(2, 2, 3, 25, 8)).astype("f4")  # layers, heads, class token and 4 x 6 positions
SCALE = 8 ** -0.5


def softmax(q, k):
    e = np.exp(SCALE * q.astype(float) @ k.astype(float).swapaxes(-1, -2))
    return e / e.sum(-1, keepdims=True)


WEIGHTS = softmax(Q, K)
ROW, CELL = 1 + 1 * 6 + 4, (0.75, 0.4)  # row 1, column 4


@pytest.mark.parametrize("weights", [WEIGHTS, WEIGHTS.astype("f4"), torch.from_numpy(WEIGHTS), (Q, K, SCALE)],
                         ids=["float64", "float32", "torch", "q k scale"])
def test_a_place_has_the_row_of_the_array(weights):
    shown = nlviz.show(quarters(120, 80), weights, query_grid=(4, 6), tokens=["class token"])
    assert [placed.nl_map.part for placed in shown.maps][:2] == ["layer 2, mean of 3 heads", "layer 1, mean of 3 heads"]
    for placed in shown.maps:
        whole = WEIGHTS[placed.layer - 1]
        expected = whole.mean(0) if placed.head is None else whole[placed.head - 1]
        np.testing.assert_allclose(placed.heatmap(*CELL).flatten(), expected[ROW, 1:], rtol=1e-5)
        np.testing.assert_allclose(placed.heatmap(*CELL, "class token").flatten(), expected[0, 1:], rtol=1e-5)
        assert placed.nl_map.shares(placed.query(*CELL)) == {"class token": pytest.approx(expected[ROW, 0], rel=1e-5)}


def test_a_plain_map_with_coarser_keys():
    weights = RANDOM.dirichlet(np.ones(6), size=24)
    (placed,) = nlviz.show(quarters(120, 80), weights, query_grid=(4, 6), key_grid=(2, 3)).maps
    np.testing.assert_allclose(placed.heatmap(*CELL), weights[ROW - 1].reshape(2, 3), rtol=1e-5)
    assert placed.nl_map.part == "" and placed.nl_map.rows == "distribution"
    assert placed.keys.rectangle(1, 2) == (Fraction(2, 3), Fraction(1, 2), 1, 1) and placed.parity.outcome == "undecided"


def test_rows_that_are_no_distributions_are_called_raw():
    (placed,) = nlviz.show(quarters(120, 80), RANDOM.normal(size=(24, 24)), query_grid=(4, 6)).maps
    assert placed.nl_map.rows == "raw"


def test_it_is_saved_as_every_kind_of_file(tmp_path):
    shown = nlviz.show(quarters(120, 80), RANDOM.dirichlet(np.ones(24), size=24), query_grid=(4, 6), name="from JAX")
    for kind in ("html", "png", "svg", "pdf", "zip"):
        shown.save(tmp_path / f"figure.{kind}", [(0.2, 0.2)])
        assert (tmp_path / f"figure.{kind}").stat().st_size > 5000


@pytest.mark.parametrize("weights, grid, tokens, words", [
    (np.ones((25, 25)) / 25, (4, 6), (), "query_grid (4, 6) has 24 positions, but there are 25 queries. 25 may be 5 x 5."),
    (np.ones((24, 25)) / 25, (4, 6), (), "key_grid (4, 6) has 24 positions, but there are 25 keys"),
    (np.ones((27, 27)) / 27, (4, 6), ("class token",), "and 1 named token, but there are 27 queries. 26 may be 2 x 13."),
    (np.ones(24), (4, 6), (), "expected 2 axes, 3 with heads in front or 4 with layers and heads, got shape (24,)"),
    ((Q, K), (4, 6), (), "queries, keys and the scale of q . k: (q, k, scale), got 2 parts"),
    ((Q, K[:1], 1.0), (4, 6), ("class token",), "do not fit keys of shape (1, 3, 25, 8)"),
    (np.full((24, 24), np.nan), (4, 6), (), "576 of 576 weights in the map of layer given 1 are not finite numbers"),
])
def test_what_does_not_fit_says_what_was_expected(weights, grid, tokens, words):
    with pytest.raises(ValueError) as raised:
        nlviz.show(quarters(120, 80), weights, query_grid=grid, tokens=tokens)
    assert words in str(raised.value)
