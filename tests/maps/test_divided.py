"""Attention over time, then over space: what both do together is the plain product, and no N x N' is ever made of it."""

import math
from dataclasses import replace

import pytest
import torch

from nlviz.maps import Factors, NLMap, Windows, check_finite, seen, space_times
from nlviz.metrics import mean_js_divergence
from tests.blocks.memory import Largest

T, P, HEADS, ITEMS = 3, 4, 2, 2
GRID = (T, 2, 2)
G = torch.Generator().manual_seed(5)


def softmax(*shape):
    return (2 * torch.randn(*shape, generator=G, dtype=torch.float64)).softmax(-1)


TIME = softmax(ITEMS, P, HEADS, T, T)
SPACE = softmax(ITEMS, T, HEADS, P + 1, P + 1)  # and a class token of each frame, the last


def windows_over_time(inner=TIME, frames=T, places=P):
    index = torch.arange(frames * places).view(frames, places).T
    return Windows(inner, index, index, (frames * places,) * 2)


def windows_over_space(inner=SPACE, frames=T, places=P, tokens=1):
    index = torch.arange(frames * places).view(frames, places)
    named = frames * places + torch.arange(frames * tokens).view(frames, tokens)
    index = torch.cat([index, named], 1)
    return Windows(inner, index, index, (frames * (places + tokens),) * 2)


def a_map(lazy, layer, tokens=0, grid=GRID):
    names = tuple(f"class token of frame {t + 1}" for t in range(tokens))
    return NLMap(layer=layer, block="B", part="", number=0, relates="positions", rows="distribution", query_grid=grid,
                 key_grid=grid, query_stride=(1, 16, 16), key_stride=(1, 16, 16), weights=None, lazy=lazy, used=lazy, input=None,
                 output=None, heads=lazy.shape[1], query_tokens=names, key_tokens=names, picture=(grid[0], 32, 32))


def pair(layer="0"):
    return [a_map(windows_over_time(), f"layer.{layer}.time"), a_map(windows_over_space(), f"layer.{layer}.space", T)]


def by_loops():
    """(B, T P + T, T P + T): weight of (t, p) on (t', p') is space_t[p, p'] time_p'[t, t']; class tokens have no time to mix."""
    n = T * P
    found = torch.zeros(ITEMS, n + T, n + T, dtype=torch.float64)
    time, space = TIME.mean(2), SPACE.mean(2)
    for t in range(T):
        for p in range(P + 1):
            row = t * P + p if p < P else n + t
            found[:, row, n + t] = space[:, t, p, P]
            for p2 in range(P):
                for t2 in range(T):
                    found[:, row, t2 * P + p2] = space[:, t, p, p2] * time[:, p2, t, t2]
    return found


def test_space_after_time_is_the_product_of_both_by_plain_loops():
    (found,), expected = space_times(pair()), by_loops()
    lazy = found.lazy
    assert lazy.shape == expected.shape and found.weights is None and found.heads is None
    torch.testing.assert_close(lazy.dense(), expected)
    torch.testing.assert_close(expected.sum(-1), torch.ones(ITEMS, T * P + T, dtype=torch.float64))
    torch.testing.assert_close(torch.stack([found.row(i, 1) for i in range(T * P + T)]), expected[1])
    torch.testing.assert_close(torch.stack([found.column(j, 1) for j in range(T * P + T)], -1), expected[1])
    torch.testing.assert_close(found.mean_row(1), expected[1].mean(0))
    values = torch.randn(ITEMS, T * P + T, 3, generator=G, dtype=torch.float64)
    torch.testing.assert_close(lazy @ values, expected @ values)
    torch.testing.assert_close(lazy.rows(3, 8), expected[:, 3:8])
    alone = found.among_positions()
    torch.testing.assert_close(alone.row(2), expected[0, 2, : T * P] / expected[0, 2, : T * P].sum())
    assert found.part == "space x time, derived" and found.layer == "layer.0.time and layer.0.space"
    assert found.notes[0].startswith("Derived: attention over space applied to what attention over time had mixed")


def test_time_after_space_is_the_other_product():
    time, space = pair()
    (found,) = space_times([replace(space, layer="layer.0.a"), replace(time, layer="layer.0.b")])
    expected = time.lazy.dense().mean(1) @ space.lazy.dense().mean(1)[:, : T * P]
    torch.testing.assert_close(found.lazy.dense(), expected)
    values = torch.randn(ITEMS, T * P + T, 3, generator=G, dtype=torch.float64)
    torch.testing.assert_close(found.lazy @ values, expected @ values)
    torch.testing.assert_close(found.mean_row(), expected[0].mean(0))
    assert found.key_tokens == space.key_tokens and found.query_tokens == ()
    assert found.notes[0].startswith("Derived: attention over time applied to what attention over space had mixed")


def test_only_time_and_space_of_one_layer_make_a_pair():
    time, space = pair()
    assert len(space_times([*pair("0"), *pair("1")])) == 2  # not the space of layer 0 with the time of layer 1
    assert space_times([time, time]) == space_times([space]) == space_times([time, replace(space, layer="layer.1.space")]) == []
    assert space_times([time, replace(space, rows="raw")]) == []


def test_what_a_map_sees_is_told_from_its_windows():
    assert seen(windows_over_time(), GRID, GRID) == "time" and seen(windows_over_space(), GRID, GRID) == "space"
    index = torch.tensor([[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 10, 11]])  # of two frames
    assert seen(Windows(softmax(1, 3, 1, 4, 4), index, index, (12, 12)), GRID, GRID) is None
    assert seen(windows_over_time(), (12,), (12,)) is None and seen(None, GRID, GRID) is None
    halves = torch.tensor([[0, 1], [2, 3], [4, 5], [6, 7], [8, 9], [10, 11]])  # two windows a frame
    assert seen(Windows(softmax(1, 6, 1, 2, 2), halves, halves, (12, 12)), GRID, GRID) == "space"


def test_over_all_pairs_uniform_rows_of_both_are_alike_and_one_hot_ones_apart():
    even = [a_map(windows_over_time(torch.full((1, P, 1, T, T), 1 / T)), "0.time"),
            a_map(windows_over_space(torch.full((1, T, 1, P, P), 1 / P), tokens=0), "0.space")]
    assert mean_js_divergence(list(space_times(even)[0].row_blocks())) == pytest.approx(0, abs=1e-8)
    own = [a_map(windows_over_time(torch.eye(T).expand(1, P, 1, T, T)), "0.time"),
           a_map(windows_over_space(torch.eye(P).expand(1, T, 1, P, P), tokens=0), "0.space")]
    n = T * P
    assert mean_js_divergence(list(space_times(own)[0].row_blocks())) == pytest.approx((1 - 1 / n) * math.log(2), abs=1e-8)


def test_it_is_never_kept_or_computed_as_a_whole(monkeypatch):
    monkeypatch.setattr("nlviz.maps.lazy.ROW_BLOCK_BYTES", 2**14)
    frames, places = 8, 64
    time = windows_over_time(torch.rand(1, places, 1, frames, frames), frames, places)
    space = windows_over_space(torch.rand(1, frames, 1, places, places), frames, places, 0)
    with Largest() as noticed:
        (found,) = space_times([a_map(time, "0.time", grid=(8, 8, 8)), a_map(space, "0.space", grid=(8, 8, 8))])
        found.row(100), found.column(77), found.mean_row(), [block.sum() for block in found.row_blocks()]
    whole = (frames * places) ** 2 * 4
    assert noticed.nbytes <= frames * places**2 * 4 == whole / frames
    assert sum(t.nbytes for t in found.lazy.tensors() if t.is_floating_point()) == 4 * (frames * places**2 + places * frames**2)


@pytest.mark.parametrize("form", ["weights", "queries and keys"])
def test_numbers_that_are_not_finite_are_found_window_by_window(form, monkeypatch):
    inner = TIME.clone() if form == "weights" else Factors(*(torch.randn(1, P, HEADS, T, 2, generator=G) for _ in "qk"), "softmax")
    (inner if form == "weights" else inner.q)[0, 1, 0, 2] = torch.nan
    nl_map = a_map(windows_over_time(inner), "layer.0.time")
    monkeypatch.setattr(Windows, "rows", lambda *_: pytest.fail("rows of the whole clip are not needed for it"))
    with pytest.raises(ValueError, match=rf"3 of {(ITEMS if form == 'weights' else 1) * P * HEADS * T * T} weights in the map"):
        check_finite(nl_map, "mine")
    nl_map.lazy.mean_row(), nl_map.head(1).mean_row(), nl_map.head().mean_row()
