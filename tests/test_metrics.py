"""The numbers of GCNet against sums over all pairs."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nlviz.metrics import cosine_distance, entropy, js_divergence, mean_cosine_distance, mean_js_divergence


def rows_of(count, keys, sharpness, seed=0, dtype=torch.float64):
    """Softmax rows: flat for sharpness 0, one-hot for a large one."""
    return (torch.randn(count, keys, generator=torch.Generator().manual_seed(seed), dtype=dtype) * sharpness).softmax(-1)


def js_by_hand(p, q):
    """The definition, key by key; a key where both are 0 adds 0."""
    total = 0.0
    for a, b in zip(p.tolist(), q.tolist()):
        total += sum(x * math.log(2 * x / (a + b)) for x in (a, b) if x > 0) / 2
    return total


@pytest.mark.parametrize("p, q, expected", [
    ([1, 0], [0, 1], math.log(2)), ([0.5, 0.5], [0.5, 0.5], 0), ([1, 0, 0], [0.5, 0.5, 0], 0.75 * math.log(4 / 3)),
    ([0, 0, 1], [0, 0, 1], 0)])
def test_js_divergence_of_hand_computed_pairs(p, q, expected):
    found = js_divergence(torch.tensor(p, dtype=torch.float64), torch.tensor(q, dtype=torch.float64))
    assert found.item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("a, b, expected", [([1, 0], [0, 2], 0.5), ([1, 1], [3, 3], 0), ([1, 0], [-4, 0], 1),
                                            ([1, 0], [1, 1], (1 - 0.5**0.5) / 2)])
def test_cosine_distance_of_hand_computed_pairs(a, b, expected):
    assert cosine_distance(torch.tensor(a).double(), torch.tensor(b).double()).item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("count, keys", [(1, 5), (2, 3), (17, 40), (60, 200)])
@pytest.mark.parametrize("sharpness", [0, 0.1, 1, 5, 200])
@pytest.mark.parametrize("dtype, bound", [(torch.float64, 1e-7), (torch.float32, 1e-6)])
def test_the_mean_over_all_pairs_is_that_of_a_loop_over_pairs(count, keys, sharpness, dtype, bound):
    rows = rows_of(count, keys, sharpness, dtype=dtype)
    pairs = [js_by_hand(p, q) for p in rows[:20] for q in rows[:20]]
    assert mean_js_divergence(rows[:20]) == pytest.approx(sum(pairs) / len(pairs), abs=bound)
    everything = js_divergence(rows[:, None].double(), rows[None].double()).mean().item()
    assert mean_js_divergence(rows) == pytest.approx(everything, abs=bound)


@pytest.mark.parametrize("count", [1, 7, 50])
def test_the_mean_cosine_distance_is_that_of_a_loop_over_pairs(count):
    rows = torch.randn(count, 9, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    pairs = [cosine_distance(a, b).item() for a in rows for b in rows]
    assert mean_cosine_distance(rows) == pytest.approx(sum(pairs) / len(pairs), abs=1e-12)


def test_rows_may_come_in_blocks():
    rows = rows_of(400, 60, 2)
    assert mean_js_divergence(iter(rows.split(33))) == pytest.approx(mean_js_divergence(rows), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 40), st.floats(0, 50), st.integers(0, 10**6))
def test_divergences_are_symmetric_bounded_and_blind_to_the_order_of_keys_and_queries(count, keys, sharpness, seed):
    rows = rows_of(count, keys, sharpness, seed)
    p, q = rows[0], rows[-1]
    assert torch.equal(js_divergence(p, q), js_divergence(q, p)) and 0 <= js_divergence(p, q) <= math.log(2) + 1e-12
    mean, generator = mean_js_divergence(rows), torch.Generator().manual_seed(seed)
    assert 0 <= mean <= math.log(2)
    for shuffled in (rows[:, torch.randperm(keys, generator=generator)], rows[torch.randperm(count, generator=generator)]):
        assert mean_js_divergence(shuffled) == pytest.approx(mean, abs=1e-9)


def test_equal_rows_are_at_no_distance_and_rows_without_a_common_key_at_the_largest():
    assert mean_js_divergence(rows_of(1, 30, 1).expand(12, -1)) == pytest.approx(0, abs=1e-7)
    assert mean_js_divergence(torch.eye(8, dtype=torch.float64)) == pytest.approx(math.log(2) * 7 / 8, abs=1e-7)
    assert mean_cosine_distance(torch.ones(5, 3)) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("rows", [torch.tensor([[0.5, 0.4]]), torch.tensor([[1.5, -0.5]])])
@pytest.mark.parametrize("measure", [entropy, mean_js_divergence, lambda rows: js_divergence(rows, rows)])
def test_rows_that_are_no_distributions_are_a_value_error_that_says_why(rows, measure):
    with pytest.raises(ValueError, match="rows that are nowhere negative and sum to 1"):
        measure(rows)


def test_what_has_no_direction_and_what_has_no_row_are_value_errors():
    with pytest.raises(ValueError, match="no direction"):
        cosine_distance(torch.zeros(3), torch.ones(3))
    with pytest.raises(ValueError, match="no direction"):
        mean_cosine_distance(torch.tensor([[0.0, 0.0], [1.0, 0.0]]))
    with pytest.raises(ValueError, match="no row"):
        mean_js_divergence(iter([]))
