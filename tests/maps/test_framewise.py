"""Maps of image networks that ran a clip frame by frame: block by block, they are what a dense block-diagonal map gives."""

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nlviz.maps import Crosses, Factors, Framewise, NLMap, Streamed, Sum, Windows
from nlviz.metrics import js_dependence, mean_js_divergence
from tests.blocks.memory import Largest

T = 3


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def dense_of(weights, tokens=(0, 0)):
    """(T, heads, n, m) to (1, heads, T n, T m) by plain loops; tokens behind all positions."""
    frames, heads, queries, keys = weights.shape
    found = torch.zeros(1, heads, frames * queries, frames * keys, dtype=weights.dtype)

    def place(frame, index, count, few):
        positions = count - few
        return frame * positions + index if index < positions else frames * positions + frame * few + index - positions

    for t in range(frames):
        for i in range(queries):
            for j in range(keys):
                found[0, :, place(t, i, queries, tokens[0]), place(t, j, keys, tokens[1])] = weights[t, :, i, j]
    return found


Q, K = random(T, 4, 6, 3, seed=1), random(T, 4, 5, 3, seed=2)
BIAS = random(1, 4, 6, 5, seed=3)
INNER = random(T, 2, 4, 2, 3, seed=4).softmax(-1)
FORMS = {
    "weights": (Q @ K.mT).softmax(-1), "factors": Factors(Q, K, "softmax"), "scaled": Factors(Q, K, "softmax", scale=0.3),
    "biased": Factors(Q, K, "softmax", bias=BIAS), "own biases": Factors(Q, K, "softmax", bias=random(T, 1, 6, 5, seed=5)),
    "causal": Factors(Q, K, "softmax", causal=True), "dot": Factors(Q, K, "dot", scale=0.2),
    "streamed": Streamed(Factors(Q, K, "dot")),
    "windows": Windows(INNER, torch.tensor([[0, 3], [1, 2]]), torch.tensor([[0, 3, 4], [1, 2, 4]]), (4, 5)),
}
HEADLESS = {
    "one head": Factors(Q[:, 0], K[:, 0], "softmax"), "crosses": Crosses(random(T, 2, 3, 5).abs()),
    "cells": Factors(Q[:, 0], Q[:, 1], "softmax", torch.tensor([0, 0, 1, 1, 2, 2])),
    "one row for all": random(T, 1, 5).softmax(-1).expand(T, 4, 5),
    "sum": Sum(Factors(Q[:, 0], K[:, 0], "softmax"), random(T, 1, 5)),
}
MAPS = {**FORMS, **HEADLESS}


def weights_of(inner):
    return inner if isinstance(inner, torch.Tensor) else inner.dense()


def expected(inner, tokens=(0, 0)):
    weights = weights_of(inner)
    return dense_of(weights, tokens) if weights.dim() == 4 else dense_of(weights[:, None], tokens)[:, 0]


@pytest.mark.parametrize("tokens", [(0, 0), (1, 1), (2, 1), (0, 2)], ids=str)
@pytest.mark.parametrize("form", MAPS)
def test_rows_columns_products_and_means_are_those_of_the_block_diagonal_map(form, tokens, monkeypatch):
    lazy, dense = Framewise(MAPS[form], tokens), expected(MAPS[form], tokens)
    assert lazy.shape == dense.shape and lazy.nbytes == dense.nbytes and lazy.frames == T
    values, n = random(*dense.shape[:-2], dense.shape[-1], 2), dense.shape[-2]
    for budget in (300, 2**22):
        monkeypatch.setattr("nlviz.maps.lazy.ROW_BLOCK_BYTES", budget)
        torch.testing.assert_close(lazy.dense(), dense)
        torch.testing.assert_close(torch.cat([lazy.rows(*span) for span in lazy.spans()], -2), dense)
        torch.testing.assert_close(lazy @ values, dense @ values)
        torch.testing.assert_close(lazy.mean_row(), dense.mean(-2))
    for start, stop in ((0, None), (1, n - 1), (2, 7), (3, 3), (n - 1, n)):
        torch.testing.assert_close(lazy.rows(start, stop), dense[..., start:stop, :])
    torch.testing.assert_close(torch.stack([lazy.column(j) for j in range(dense.shape[-1])], -1), dense)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31), frames=st.integers(1, 5), heads=st.integers(1, 3), queries=st.integers(1, 6),
       keys=st.integers(1, 6), data=st.data())
def test_any_rows_of_any_frames_are_those_of_the_block_diagonal_map(seed, frames, heads, queries, keys, data):
    q, k = random(frames, heads, queries, 2, seed=seed), random(frames, heads, keys, 2, seed=seed + 1)
    tokens = data.draw(st.integers(0, queries)), data.draw(st.integers(0, keys))
    lazy, dense = Framewise(Factors(q, k, "softmax"), tokens), dense_of((q @ k.mT).softmax(-1), tokens)
    start = data.draw(st.integers(0, frames * queries - 1))
    stop = data.draw(st.integers(start, frames * queries))
    torch.testing.assert_close(lazy.rows(start, stop), dense[:, :, start:stop])
    key = data.draw(st.integers(0, frames * keys - 1))
    torch.testing.assert_close(lazy.column(key), dense[..., key])


def a_map(inner, tokens=(), heads=None, rows="distribution"):
    lazy = Framewise(inner, (len(tokens), len(tokens)))
    names = tuple(f"{name} of frame {frame + 1}" for frame in range(T) for name in tokens)
    grids = [(T, 1, count // T - len(tokens)) for count in lazy.shape[-2:]]
    return NLMap(layer="a", block="B", part="", number=0, relates="positions", rows=rows, query_grid=grids[0], key_grid=grids[1],
                 query_stride=(1, 1, 1), key_stride=(1, 1, 1), weights=None, lazy=lazy, used=lazy, input=None, output=None,
                 heads=heads, query_tokens=names, key_tokens=names)


@pytest.mark.parametrize("head, over", [(2, lambda w: w[:, 2]), ("mean", lambda w: w.mean(1)), ("max", lambda w: w.amax(1))],
                         ids=["one", "mean", "max"])
@pytest.mark.parametrize("form", ["weights", "factors", "biased", "windows"])
def test_heads_of_the_clip_are_those_of_the_frames(form, head, over):
    nl_map, dense = a_map(FORMS[form], heads=4), over(expected(FORMS[form]))[0]
    single = nl_map.head(head)
    assert isinstance(single.lazy, Framewise) and single.heads is None
    torch.testing.assert_close(torch.stack([single.row(i) for i in range(len(dense))]), dense)
    torch.testing.assert_close(torch.stack([nl_map.row(i, head=head) for i in range(len(dense))]), dense)
    torch.testing.assert_close(nl_map.column(3, head=head), dense[:, 3])
    torch.testing.assert_close(single.mean_row(), dense.mean(0))


def test_terms_are_those_of_each_frame_and_their_product_is_the_map():
    single = a_map(FORMS["scaled"], heads=4).head(1)
    dense = expected(FORMS["scaled"])[0, 1]
    terms = single.term("pairwise only"), single.term("unary only")
    pairwise, unary = (torch.stack([term.row(i) for i in range(18)]) for term in terms)
    product = pairwise * unary
    torch.testing.assert_close(product / product.sum(-1, keepdim=True), dense)
    for frame in range(T):
        rows = unary[6 * frame : 6 * frame + 6]
        assert (rows - rows[0]).abs().max() < 1e-14 and rows[0, 5 * frame : 5 * frame + 5].sum() == pytest.approx(1)
    centred = torch.stack([single.term("row minus the mean row").row(i) for i in range(18)])
    torch.testing.assert_close(centred, dense - dense.mean(0))
    for form in ("weights", "dot", "windows"):
        with pytest.raises(ValueError, match="not a softmax over q · k"):
            a_map(FORMS[form], heads=4).head(1).term("pairwise only")


@pytest.mark.parametrize("form", ["weights", "factors", "biased"])
def test_named_tokens_of_the_frames_stand_behind_all_positions_and_can_be_left_out(form):
    square = {"weights": (Q @ Q.mT).softmax(-1),
              "factors": Factors(Q, Q, "softmax"), "biased": Factors(Q, Q, "softmax", bias=BIAS[..., :1])}
    nl_map = a_map(square[form], ("class token",), heads=4)
    weights = weights_of(square[form]).mean(1)
    row = nl_map.row(nl_map.query("class token of frame 2"))
    torch.testing.assert_close(row[5:10], weights[1, 5, :5])
    assert row[:5].abs().max() == row[10:15].abs().max() == 0
    assert nl_map.shares(7)["class token of frame 2"] == pytest.approx(weights[1, 2, 5].item())
    assert nl_map.shares(7)["class token of frame 1"] == 0
    alone = nl_map.among_positions()
    each = weights_of(square[form])[..., :5, :5]
    torch.testing.assert_close(torch.cat(list(alone.row_blocks())), expected(each / each.sum(-1, keepdim=True)).mean(1)[0])


def test_over_all_pairs_of_queries_frames_are_apart_by_ln_2_and_within_frames_nothing_changes():
    inner = Factors(2 * Q[:, 0], 2 * K[:, 0], "softmax")
    rows = list(a_map(inner).row_blocks())
    within = [mean_js_divergence(frame) for frame in inner.dense()]
    expected_mean = sum(within) / T**2 + (1 - 1 / T) * math.log(2)  # rows of two frames have no key in common
    assert mean_js_divergence(rows) == pytest.approx(expected_mean, abs=1e-8)
    assert js_dependence(rows).mean().item() == pytest.approx(expected_mean, abs=1e-8)


def test_uniform_rows_of_four_frames_depend_on_the_frame_by_three_quarters_of_ln_2_and_not_on_the_place():
    uniform = Framewise(torch.full((4, 9, 9), 1 / 9, dtype=torch.float64))
    assert mean_js_divergence([rows for rows in uniform.rows()]) == pytest.approx(0.75 * math.log(2), abs=1e-8)
    assert 0.75 * math.log(2) == pytest.approx(0.5199, abs=5e-5)
    assert mean_js_divergence(uniform.rows()[0, :9]) == pytest.approx(0, abs=1e-8)


def test_nothing_but_a_block_of_rows_is_ever_computed(monkeypatch):
    budget = 2**14
    monkeypatch.setattr("nlviz.maps.lazy.ROW_BLOCK_BYTES", budget)
    q, k = random(8, 64, 4, seed=1).float(), random(8, 64, 4, seed=2).float()
    lazy = Framewise(Factors(q, k, "softmax"))
    for ask in (lambda: lazy.rows(100, 101), lambda: lazy.column(77), lazy.mean_row, lambda: lazy @ torch.ones(1, 512, 3),
                lambda: [lazy.rows(*span).sum() for span in lazy.spans()]):
        with Largest() as seen:
            ask()
        assert seen.nbytes <= 8 * 2**14 < lazy.nbytes == 2**20
    assert lazy.held == 0 and Framewise(lazy.inner.dense()).held == 8 * 64 * 64 * 4


def test_a_copy_of_it_is_what_it_is():
    lazy = Framewise(FORMS["factors"], (1, 0))
    copy = lazy.apply(torch.clone)
    assert copy.tokens == (1, 0) and replace(copy, tokens=(0, 0)).shape == lazy.shape
    torch.testing.assert_close(copy.dense(), lazy.dense())
