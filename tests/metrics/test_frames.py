"""What of a clip's map depends on the query's place and what on its frame: by hand, by plain loops, by SciPy."""

import gc
import math

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon, pdist, squareform
from scipy.stats import entropy as scipy_entropy

from nlviz import metrics
from nlviz.metrics import FrameDivergences, frames

LN2 = math.log(2)


def rows_of(frames, per_frame, keys, place=1.0, frame=1.0, seed=0):
    """Softmax rows whose logits have a part of the query's own and one that its whole frame shares."""
    random = torch.Generator().manual_seed(seed)
    own, shared = (torch.randn(frames, n, keys, generator=random, dtype=torch.float64) for n in (per_frame, 1))
    return (place * own + frame * shared).softmax(-1).flatten(0, 1)


def own_frame(frames, per_frame):
    """Rows that are uniform over their query's own frame."""
    return torch.block_diag(*[torch.full((per_frame, per_frame), 1 / per_frame, dtype=torch.float64)] * frames)


def js(p, q):
    return np.nan_to_num(jensenshannon(p, q) ** 2)  # of nearly equal rows the root of a rounding below zero


def by_loops(rows, frames, per_frame):
    """(all, place, frame) by SciPy, a pair at a time."""
    rows = rows.double().numpy().reshape(frames, per_frame, -1)
    flat, means = rows.reshape(frames * per_frame, -1), rows.mean(1)
    every = np.mean([[js(p, q) for q in flat] for p in flat])
    place = np.mean([np.mean([[js(p, q) for q in own] for p in own]) for own in rows])
    return every, place, np.mean([[js(p, q) for q in means] for p in means])


# ---------------------------------------------------------------------------------------------------- by hand

@pytest.mark.parametrize("frames, per_frame", [(4, 1), (4, 6), (2, 9), (1, 5), (8, 3)])
def test_rows_uniform_over_their_querys_own_frame_depend_on_the_frame_alone(frames, per_frame):
    found = FrameDivergences(own_frame(frames, per_frame), frames, per_frame, metrics.pairs.FINE)
    expected = (1 - 1 / frames) * LN2  # pairs of two frames have no key in common
    assert found.all.mean() == pytest.approx(expected, abs=1e-9) == found.frame()
    assert found.place() == pytest.approx(0, abs=1e-9)
    assert found.information() == pytest.approx((0, math.log(frames)), abs=1e-12)


def test_four_frames_that_each_see_themselves_are_at_0_52_nats():
    found = FrameDivergences(own_frame(4, 12), 4, 12)
    assert [round(number, 4) for number in (found.all.mean(), found.place(), found.frame())] == [0.5199, 0.0, 0.5199]


@pytest.mark.parametrize("frames, per_frame", [(4, 5), (3, 1), (1, 4)])
def test_rows_that_are_one_at_their_query_depend_on_both(frames, per_frame):
    n = frames * per_frame
    found = FrameDivergences(torch.eye(n, dtype=torch.float64), frames, per_frame, metrics.pairs.FINE)
    assert found.all.mean() == pytest.approx((1 - 1 / n) * LN2, abs=1e-9)
    assert found.place() == pytest.approx((1 - 1 / per_frame) * LN2, abs=1e-9)
    assert found.frame() == pytest.approx((1 - 1 / frames) * LN2, abs=1e-9)
    assert found.information() == pytest.approx((math.log(per_frame), math.log(frames)), abs=1e-9)


def test_rows_that_see_their_place_in_every_frame_depend_on_the_place_alone():
    rows = torch.eye(6, dtype=torch.float64).repeat(4, 4) / 4  # 4 frames of 6
    found = FrameDivergences(rows, 4, 6, metrics.pairs.FINE)
    assert found.all.mean() == pytest.approx(5 / 6 * LN2, abs=1e-9) == found.place()
    assert found.frame() == pytest.approx(0, abs=1e-9) and found.information() == pytest.approx((math.log(6), 0), abs=1e-9)


def test_equal_rows_depend_on_nothing():
    found = FrameDivergences(rows_of(1, 1, 50).expand(12, -1), 3, 4)
    numbers = [found.all.mean(), found.place(), found.frame(), *found.information(), found.frame_dealt()]
    assert numbers == pytest.approx([0] * 6, abs=4e-7)


# ---------------------------------------------------------------------------------------------------- by plain loops

@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5), st.integers(1, 20), st.floats(0, 30), st.floats(0, 30), st.integers(0, 10**6))
@example(4, 3, 12, 0.0, 200.0, 0)
@example(3, 4, 12, 200.0, 0.0, 0)
@example(1, 1, 1, 1.0, 1.0, 0)
def test_the_numbers_are_those_of_a_loop_over_pairs(frames, per_frame, keys, place, frame, seed):
    rows = rows_of(frames, per_frame, keys, place, frame, seed)
    found, expected = FrameDivergences(rows, frames, per_frame), by_loops(rows, frames, per_frame)
    assert (found.all.mean(), found.place(), found.frame()) == pytest.approx(expected, abs=4e-7)
    for number in (found.all.mean(), found.place(), found.frame(), found.place_shuffled(), found.frame_shuffled(),
                   found.frame_dealt()):
        assert 0 <= number <= LN2
    of_place, of_frame = found.information()
    assert 0 <= of_place <= math.log(per_frame) + 1e-9 and 0 <= of_frame <= math.log(frames) + 1e-9
    whole = scipy_entropy(rows.mean(0).numpy()) - np.mean(scipy_entropy(rows.numpy(), axis=1))
    assert of_place + of_frame == pytest.approx(whole, abs=1e-9) == sum(found.information_dealt())
    means = rows.view(frames, per_frame, keys).mean(1).numpy()
    assert of_frame == pytest.approx(scipy_entropy(means.mean(0)) - np.mean(scipy_entropy(means, axis=1)), abs=1e-9)
    assert found.means.numpy() == pytest.approx(means)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_hundreds_of_positions_in_blocks_that_know_no_frames_agree_with_scipy(dtype):
    rows = rows_of(4, 70, 280, 2, 1).to(dtype)
    divergences = squareform(pdist(rows.double().numpy(), "jensenshannon") ** 2).reshape(4, 70, 4, 70)
    found = FrameDivergences((block for block in [rows[:1], rows[1:1], rows[1:150], rows[150:]]), 4, 70)
    assert found.all.mean() == pytest.approx(divergences.mean(), abs=3e-7)
    assert found.place() == pytest.approx(np.mean([divergences[t, :, t].mean() for t in range(4)]), abs=3e-7)
    means = squareform(pdist(found.means.numpy(), "jensenshannon") ** 2)
    assert found.frame() == pytest.approx(means.mean(), abs=3e-7)
    whole = metrics.Divergences(rows, metrics.COARSE)
    assert (found.all.mean(), found.all.shuffled(), found.all.entropy()) == pytest.approx(
        (whole.mean(), whole.shuffled(), whole.entropy()), abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(0, 10**6))
def test_the_order_of_frames_of_queries_in_them_and_of_keys_does_not_matter(frames, per_frame, seed):
    rows, random = rows_of(frames, per_frame, 15, 2, 2, seed), torch.Generator().manual_seed(seed)
    before, by_frame = FrameDivergences(rows, frames, per_frame), rows.view(frames, per_frame, 15)
    order = [torch.randperm(n, generator=random) for n in (frames, per_frame, 15)]
    for other in (by_frame[order[0]], by_frame[:, order[1]], by_frame[..., order[2]]):
        found = FrameDivergences(other.flatten(0, 1), frames, per_frame)
        assert (found.place(), found.frame(), *found.information()) == pytest.approx(
            (before.place(), before.frame(), *before.information()), abs=1e-9)


def test_the_sums_grow_with_frames_and_keys_and_not_with_queries():
    block = rows_of(1, 50, 30)
    few, many = (FrameDivergences((block for _ in range(3 * count)), 3, 50 * count) for count in (1, 20))
    for found in (few, many):
        assert found.all.sums.numel() < 60 * 30 and found.means.shape == (3, 30) and found._deals.shape == (4, 3, 30)
    assert many.place() == pytest.approx(few.place(), abs=1e-9) and many.all.count == 3000


@pytest.mark.parametrize("frames, per_frame, keys", [(4, 30, 20), (1, 5, 7), (3, 1, 4)])
def test_rows_given_at_the_keys_of_their_own_frame_have_the_numbers_of_the_whole_map(frames, per_frame, keys):
    inside = [rows_of(1, per_frame, keys, 3, seed=seed) for seed in range(frames)]
    whole = FrameDivergences(torch.block_diag(*inside), frames, per_frame)
    found = FrameDivergences(iter(inside), frames, per_frame, own=True)
    for name in ("place", "frame", "place_shuffled", "frame_shuffled", "frame_dealt", "information", "information_dealt"):
        assert getattr(found, name)() == pytest.approx(getattr(whole, name)(), abs=6e-7), name
    for name in ("mean", "shuffled", "entropy"):
        assert getattr(found.all, name)() == pytest.approx(getattr(whole.all, name)(), abs=6e-7), name
    assert found.means.shape == (frames, frames * keys) and found.all.keys == whole.all.keys


# ---------------------------------------------------------------------------------------------------- baselines

@pytest.mark.parametrize("place, frame", [(1, 3), (3, 1), (5, 0)])
def test_frames_dealt_at_every_place_give_the_mean_of_many_deals(place, frame):
    rows, random = rows_of(4, 20, 60, place, frame), torch.Generator().manual_seed(1)
    found, dealt = FrameDivergences(rows, 4, 20), []
    for _ in range(60):
        to = torch.stack([torch.randperm(4, generator=random) for _ in range(20)], 1)  # of each place a frame for each frame
        dealt.append(FrameDivergences(rows.view(4, 20, 60)[to, torch.arange(20)].flatten(0, 1), 4, 20))
    for expected, draws in [(found.frame_dealt(), [d.frame() for d in dealt]),
                            (found.information_dealt()[0], [d.information()[0] for d in dealt]),
                            (found.information_dealt()[1], [d.information()[1] for d in dealt])]:
        draws = torch.tensor(draws, dtype=torch.float64)
        assert expected == pytest.approx(draws.mean().item(), abs=4 * draws.std().item() / 2 + 1e-6)  # of four deals


def test_rows_that_know_no_frame_are_where_deals_are():
    found = FrameDivergences(rows_of(4, 200, 90, 3, 0, seed=1), 4, 200)
    assert found.place() == pytest.approx(found.all.mean(), rel=0.01)
    assert found.frame() == pytest.approx(found.frame_dealt(), rel=0.2) and found.frame() < 0.06 * found.place()


def test_rows_that_follow_from_their_place_leave_nothing_to_chance():
    """Frames whose queries are the same are no different, and dealing them changes nothing, however far places are apart."""
    found = FrameDivergences(rows_of(1, 30, 40, 5, 0).repeat(3, 1), 3, 30)
    of_frame = [found.frame(), found.frame_dealt(), found.information()[1], found.information_dealt()[1]]
    assert found.place() > 0.4 and of_frame == pytest.approx([0] * 4, abs=1e-6)


def test_shuffled_keys_are_those_of_each_frames_rows_and_of_the_mean_rows():
    rows = rows_of(3, 10, 40, 2, 2)
    found = FrameDivergences(rows, 3, 10)
    own = [metrics.Divergences(part, metrics.COARSE).shuffled() for part in rows.split(10)]
    assert found.place_shuffled() == pytest.approx(np.mean(own), abs=1e-9)
    assert found.frame_shuffled() == pytest.approx(metrics.shuffled_js_divergence(found.means), abs=3e-7)


def test_the_same_seed_deals_alike_and_another_differently():
    rows = rows_of(3, 10, 40)
    first, again, other = (FrameDivergences(rows, 3, 10, seed=seed).frame_dealt() for seed in (0, 0, 1))
    assert first == again != other


# ---------------------------------------------------------------------------------------------------- what has no number

@pytest.mark.parametrize("rows, shape, why", [
    (torch.eye(6), (2, 2), "2 frames of 2 rows, got more"), (torch.eye(6), (2, 4), "2 rows of a frame are missing"),
    (torch.eye(6), (0, 2), "0 frames of 2 queries"), (torch.ones(4, 2), (2, 2), "a row sums to 2"),
    (torch.ones(4), (2, 2), "must be"), ([torch.eye(2), torch.ones(2, 1)], (2, 2), "1 keys where those before had 2")])
def test_what_are_no_frames_of_rows_is_a_value_error_that_says_why(rows, shape, why):
    with pytest.raises(ValueError, match=why):
        FrameDivergences(rows, *shape)


# ---------------------------------------------------------------------------------------------------- in space, in time

def test_shares_of_frames_and_places_are_sums_over_the_others():
    rows = rows_of(2, 3, 4 * 5).view(2, 3, 20)
    by_frame, by_place = metrics.frame_shares(rows, 4), metrics.place_shares(rows, 4)
    for i, j in np.ndindex(2, 3):
        row = rows[i, j].tolist()
        assert by_frame[i, j].tolist() == pytest.approx([sum(row[5 * t : 5 * t + 5]) for t in range(4)])
        assert by_place[i, j].tolist() == pytest.approx([sum(row[place::5]) for place in range(5)])
    assert metrics.frame_shares(rows.half(), 4).dtype == torch.float32


def test_distances_in_space_and_in_time_are_those_of_a_loop():
    rows, grid = rows_of(1, 3 * 4, 3 * 4), (3, 2, 2)
    cells = [np.unravel_index(n, grid) for n in range(12)]
    places, times = torch.cartesian_prod(torch.arange(2.0), torch.arange(2.0)), torch.arange(3.0)[:, None]
    space = metrics.attention_distance(metrics.place_shares(rows, 3), places.repeat(3, 1), places)
    time = metrics.attention_distance(metrics.frame_shares(rows, 3), times.repeat_interleave(4, 0), times)
    for i, (t, row, column) in enumerate(cells):
        plain = [sum(w * math.hypot(row - r, column - c) for w, (_, r, c) in zip(rows[i].tolist(), cells)),
                 sum(w * abs(t - s) for w, (s, _, _) in zip(rows[i].tolist(), cells))]
        assert [space[i].item(), time[i].item()] == pytest.approx(plain)


@pytest.mark.parametrize("shares", [metrics.frame_shares, metrics.place_shares])
@pytest.mark.parametrize("count", [0, 5])
def test_keys_that_are_not_as_many_in_each_frame_say_so(shares, count):
    with pytest.raises(ValueError, match=f"12 keys are not those of {count} frames"):
        shares(torch.ones(12), count)


def test_cosines_keep_nothing_of_a_block_but_a_number_a_row():
    """The sums over keys of all blocks together would be as large as a map whose blocks hold few rows."""
    alive = []

    def blocks():
        for number in range(50):
            if number in (3, 49):
                alive.append(sum(type(one) is torch.Tensor and one.numel() == 1013 for one in gc.get_objects()))
            yield torch.rand(1, 1013)

    assert len(metrics.Cosines(blocks()).sums) == 50 and alive[1] <= alive[0]


def test_at_every_place_each_frame_is_dealt_once():
    dealt_to = FrameDivergences(rows_of(4, 6, 5), 4, 6)._dealt_to.view(frames.DEALS, 4, 6)
    assert (dealt_to.sort(1).values == torch.arange(4)[:, None]).all() and not (dealt_to == dealt_to[..., :1]).all()
