"""The numbers of GCNet against SciPy and against sums over all pairs."""

import math
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon, pdist, squareform
from scipy.stats import entropy as scipy_entropy

from nlviz import metrics
from nlviz.metrics import pairs


def rows_of(count, keys, sharpness, seed=0, dtype=torch.float64):
    """Softmax rows: flat for sharpness 0, one-hot for a large one."""
    logits = torch.randn(count, keys, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return (logits * sharpness).softmax(-1).to(dtype)


def sparse_rows(count, keys, seed=0):
    """Rows with zeros in common: only every third key is ever used."""
    rows = rows_of(count, keys, 3, seed)
    rows[:, torch.arange(keys) % 3 > 0] = 0
    return rows / rows.sum(1, keepdim=True)


def js_by_hand(p, q):
    """The definition, key by key; a key where both are 0 adds 0."""
    total = 0.0
    for a, b in zip(p.tolist(), q.tolist()):
        total += sum(x * math.log(2 * x / (a + b)) for x in (a, b) if x > 0) / 2
    return total


def all_pairs(rows):
    """(N, N) divergences in float64 by the three entropies of each pair."""
    rows = rows.double()
    own = torch.special.entr(rows).sum(1)
    return torch.stack([torch.special.entr((rows + row) / 2).sum(1) - (own + own_row) / 2 for row, own_row in zip(rows, own)])


# ---------------------------------------------------------------------------------------------------- one row, two rows

@pytest.mark.parametrize("p, q, expected", [
    ([1, 0], [0, 1], math.log(2)), ([0.5, 0.5], [0.5, 0.5], 0), ([1, 0, 0], [0.5, 0.5, 0], 0.75 * math.log(4 / 3)),
    ([0, 0, 1], [0, 0, 1], 0)])
def test_js_divergence_of_hand_computed_pairs(p, q, expected):
    found = metrics.js_divergence(torch.tensor(p, dtype=torch.float64), torch.tensor(q, dtype=torch.float64))
    assert found.item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("a, b, expected", [([1, 0], [0, 2], 0.5), ([1, 1], [3, 3], 0), ([1, 0], [-4, 0], 1),
                                            ([1, 0], [1, 1], (1 - 0.5**0.5) / 2)])
def test_cosine_distance_of_hand_computed_pairs(a, b, expected):
    found = metrics.cosine_distance(torch.tensor(a).double(), torch.tensor(b).double()).item()
    assert found == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("row, k, expected", [([0.2, 0.5, 0.3], 1, 0.5), ([0.2, 0.5, 0.3], 2, 0.8),
                                              ([0.25] * 4, 3, 0.75), ([1], 1, 1)])
def test_top_mass_is_the_weight_of_the_k_largest(row, k, expected):
    assert metrics.top_mass(torch.tensor(row).double(), k).item() == pytest.approx(expected)


@pytest.mark.parametrize("row, query, expected", [
    ([1, 0, 0], (0, 0), 0), ([0, 1, 0], (0, 0), 5), ([0.5, 0.5, 0], (0, 0), 2.5), ([0, 0, 1], (6, 8), 0), ([1, 0, 0], (6, 8), 10)])
def test_attention_distance_is_weighted_by_the_row(row, query, expected):
    keys = torch.tensor([[0, 0], [3, 4], [6, 8]]).double()
    found = metrics.attention_distance(torch.tensor(row).double(), torch.tensor(query).double(), keys)
    assert found.item() == pytest.approx(expected)


def test_batches_are_the_single_rows_one_by_one():
    p, q = rows_of(6, 20, 2).view(2, 3, 20), rows_of(6, 20, 2, seed=1).view(2, 3, 20)
    places, keys = torch.rand(2, 3, 2).double(), torch.rand(20, 2).double()
    for whole, single in [
            (metrics.entropy(p), lambda i: metrics.entropy(p[i])), (metrics.top_mass(p, 4), lambda i: metrics.top_mass(p[i], 4)),
            (metrics.cosine_distance(p, q), lambda i: metrics.cosine_distance(p[i], q[i])),
            (metrics.js_divergence(p, q), lambda i: metrics.js_divergence(p[i], q[i])),
            (metrics.attention_distance(p, places, keys), lambda i: metrics.attention_distance(p[i], places[i], keys))]:
        assert whole.shape == (2, 3)
        assert all(whole[i].item() == pytest.approx(single(i).item(), abs=1e-12) for i in np.ndindex(2, 3))


@pytest.mark.parametrize("sharpness", [0, 1, 30])
@pytest.mark.parametrize("dtype, bound", [(torch.float64, 1e-12), (torch.float32, 1e-6)])
def test_distances_and_entropy_are_scipys(sharpness, dtype, bound):
    p, q = rows_of(2, 300, sharpness, dtype=dtype)
    a, b = p.double().numpy(), q.double().numpy()
    assert metrics.entropy(p).item() == pytest.approx(scipy_entropy(a), abs=300 * bound)
    assert metrics.js_divergence(p, q).item() == pytest.approx(jensenshannon(a, b) ** 2, abs=bound)
    assert metrics.cosine_distance(p, q).item() == pytest.approx(pdist([a, b], "cosine")[0] / 2, abs=bound)


# ---------------------------------------------------------------------------------------------------- all pairs

MAPS = {f"{count} x {keys}, sharpness {sharpness}": rows_of(count, keys, sharpness)
        for count, keys in [(1, 5), (2, 1), (2, 3), (17, 40), (60, 200), (300, 100)] for sharpness in (0, 0.01, 1, 5, 200)} | {
        "one-hot": torch.eye(37, dtype=torch.float64)[torch.arange(50) % 37], "zeros in common": sparse_rows(40, 60),
        "rows of tiny weights": torch.cat([torch.full((30, 999), 1e-9, dtype=torch.float64),
                                           torch.full((30, 1), 1 - 999e-9, dtype=torch.float64)], 1)}


@cache
def truth_of(name, dtype):
    return all_pairs(MAPS[name].to(dtype))


@pytest.mark.parametrize("name", MAPS)
@pytest.mark.parametrize("error", [1e-9, 3e-7])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_means_over_all_pairs_keep_to_their_error(name, error, dtype):
    rows, truth = MAPS[name].to(dtype), truth_of(name, dtype)
    assert metrics.mean_js_divergence(rows, error) == pytest.approx(truth.mean().item(), abs=error)
    assert metrics.js_dependence(rows, error=error).numpy() == pytest.approx(truth.mean(1).numpy(), abs=2 * error)
    alone = metrics.js_dependence(rows, query=rows[-1]).item()  # each divergence at most ln 2, also where float32 rows sum to more
    assert alone == pytest.approx(truth[-1].mean().item(), abs=1e-9 if dtype == torch.float64 else 1e-7)


def test_the_oracle_of_all_pairs_is_the_definition():
    rows = sparse_rows(9, 30)
    assert all_pairs(rows).numpy() == pytest.approx(np.array([[js_by_hand(p, q) for q in rows] for p in rows]), abs=1e-12)


@pytest.mark.parametrize("sharpness", [0, 2, 50])
def test_hundreds_of_positions_agree_with_scipy(sharpness):
    rows = rows_of(300, 1000, sharpness)  # several blocks of a CPU's cache
    truth = squareform(pdist(rows.numpy(), "jensenshannon") ** 2)
    assert metrics.mean_js_divergence(rows) == pytest.approx(truth.mean(), abs=1e-9)
    assert metrics.js_dependence(rows).numpy() == pytest.approx(truth.mean(1), abs=2e-9)
    assert metrics.mean_cosine_distance(rows) == pytest.approx(squareform(pdist(rows.numpy(), "cosine")).mean() / 2, abs=1e-9)


@pytest.mark.parametrize("count", [1, 7, 50])
def test_mean_cosine_distances_are_those_of_a_loop_over_pairs(count):
    rows = torch.randn(count, 9, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    pairs = torch.tensor([[metrics.cosine_distance(a, b).item() for b in rows] for a in rows])
    assert metrics.mean_cosine_distance(rows) == pytest.approx(pairs.mean().item(), abs=1e-7)
    assert metrics.cosine_dependence(rows).numpy() == pytest.approx(pairs.mean(1).numpy(), abs=1e-7)
    assert metrics.cosine_matrix(rows).numpy() == pytest.approx(pairs.numpy(), abs=1e-7)


def test_the_matrix_of_a_few_queries_has_every_pair():
    rows = sparse_rows(5, 12)
    assert metrics.js_matrix(rows).numpy() == pytest.approx(all_pairs(rows).numpy(), abs=1e-12)


def test_rows_may_come_in_blocks_and_need_never_be_there_at_once():
    rows, blocks = rows_of(400, 60, 2), lambda: iter(rows_of(400, 60, 2).split(33))
    assert metrics.mean_js_divergence(blocks()) == pytest.approx(metrics.mean_js_divergence(rows), abs=1e-12)
    assert metrics.shuffled_js_divergence(blocks()) == pytest.approx(metrics.shuffled_js_divergence(rows), abs=1e-12)
    assert metrics.mean_cosine_distance(blocks()) == pytest.approx(metrics.mean_cosine_distance(rows), abs=1e-12)
    assert metrics.js_dependence(list(blocks())).numpy() == pytest.approx(metrics.js_dependence(rows).numpy(), abs=1e-12)
    with pytest.raises(ValueError, match="gone through twice"):
        metrics.js_dependence(blocks())


def test_the_sums_are_of_nodes_by_keys_however_many_queries_there_are():
    block = rows_of(64, 50, 1)
    few, many = (metrics.Divergences(block for _ in range(count)) for count in (2, 40))
    assert few.sums.shape == many.sums.shape and many.sums.numel() < 120 * 50 and many.count == 40 * 64
    assert many.mean() == pytest.approx(few.mean(), abs=1e-9)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(1, 40), st.floats(0, 50), st.integers(0, 10**6))
@example(30, 40, 0.0, 0)
@example(30, 40, 1000.0, 0)
def test_divergences_are_symmetric_bounded_and_blind_to_the_order_of_keys_and_queries(count, keys, sharpness, seed):
    rows = rows_of(count, keys, sharpness, seed)
    p, q = rows[0], rows[-1]
    assert torch.equal(metrics.js_divergence(p, q), metrics.js_divergence(q, p))
    assert 0 <= metrics.js_divergence(p, q) <= math.log(2)
    mean, each, generator = metrics.mean_js_divergence(rows), metrics.js_dependence(rows), torch.Generator().manual_seed(seed)
    assert 0 <= mean <= math.log(2) and each.mean().item() == pytest.approx(mean, abs=2e-9)
    order = torch.randperm(count, generator=generator)
    for shuffled in (rows[:, torch.randperm(keys, generator=generator)], rows[order]):
        assert metrics.mean_js_divergence(shuffled) == pytest.approx(mean, abs=1e-11)
    assert metrics.js_dependence(rows[order]).numpy() == pytest.approx(each[order].numpy(), abs=1e-11)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 30), st.integers(2, 40), st.floats(0, 50), st.integers(0, 10**6))
def test_equal_rows_are_at_no_distance_and_rows_without_a_common_key_at_the_largest(count, keys, sharpness, seed):
    row = rows_of(1, keys, sharpness, seed)
    assert metrics.mean_js_divergence(row.expand(count, -1)) == pytest.approx(0, abs=1e-9)
    assert metrics.mean_cosine_distance(row.expand(count, -1)) == pytest.approx(0, abs=1e-9)
    assert metrics.mean_js_divergence(torch.eye(keys, dtype=torch.float64)) == pytest.approx(math.log(2) * (1 - 1 / keys), abs=1e-9)


# ---------------------------------------------------------------------------------------------------- keys shuffled

@pytest.mark.parametrize("sharpness", [0, 1, 5, 60])
def test_the_shuffled_baselines_are_the_mean_of_many_shuffles(sharpness):
    rows, generator = rows_of(60, 80, sharpness), torch.Generator().manual_seed(1)
    draws = [torch.stack([row[torch.randperm(80, generator=generator)] for row in rows]) for _ in range(60)]
    for expected, measure in [(metrics.shuffled_js_divergence(rows), metrics.mean_js_divergence),
                              (metrics.shuffled_cosine_distance(rows), metrics.mean_cosine_distance)]:
        found = torch.tensor([measure(draw) for draw in draws], dtype=torch.float64)
        assert expected == pytest.approx(found.mean().item(), abs=5 * found.std().item() / 60**0.5 + 2e-4 * expected + 1e-9)


# ---------------------------------------------------------------------------------------------------- what has no number

@pytest.mark.parametrize("rows, why", [
    (torch.tensor([[0.5, 0.4]]), "a row sums to 0.9"), (torch.tensor([[1.5, -0.5]]), "the lowest weight is -0.5"),
    (torch.tensor([[math.nan, 1.0]]), "a row sums to nan"), (torch.tensor([[1.0, 1.0]]), "a row sums to 2")])
@pytest.mark.parametrize("measure", [
    metrics.entropy, metrics.mean_js_divergence, metrics.js_dependence, metrics.shuffled_js_divergence, metrics.js_matrix,
    lambda rows: metrics.js_divergence(rows, rows), lambda rows: metrics.top_mass(rows, 1),
    lambda rows: metrics.attention_distance(rows, torch.zeros(1, 2), torch.zeros(2, 2))])
def test_rows_that_are_no_distributions_are_a_value_error_that_says_why(rows, why, measure):
    with pytest.raises(ValueError, match=f"rows that are nowhere negative and sum to 1; {why}"):
        measure(rows)


@pytest.mark.parametrize("measure", [metrics.mean_cosine_distance, metrics.cosine_dependence, metrics.shuffled_cosine_distance,
                                     lambda rows: metrics.cosine_distance(rows[0], rows[1])])
@pytest.mark.parametrize("bad", [[0.0, 0.0], [math.nan, 1.0], [math.inf, 1.0]])
def test_a_vector_without_a_direction_is_a_value_error(measure, bad):
    with pytest.raises(ValueError, match="no direction"):
        measure(torch.tensor([bad, [1.0, 0.0]]))


@pytest.mark.parametrize("call, why", [
    (lambda: metrics.mean_js_divergence(iter([])), "no row"), (lambda: metrics.mean_cosine_distance(torch.zeros(0, 3)), "no row"),
    (lambda: metrics.shuffled_cosine_distance([]), "no row"),
    (lambda: metrics.mean_js_divergence(torch.ones(3)), r"\(queries, keys\)"),
    (lambda: metrics.mean_js_divergence([torch.ones(2, 1), torch.eye(2)]), "2 keys where those before had 1"),
    (lambda: metrics.mean_js_divergence(torch.eye(2), 1e-12), "error must be at least 1e-09"),
    (lambda: metrics.top_mass(torch.eye(2), 3), "k must be 1 to 2")])
def test_what_cannot_be_measured_is_a_value_error_that_says_why(call, why):
    with pytest.raises(ValueError, match=why):
        call()


def test_rows_that_need_a_gradient_are_measured_like_others():
    rows = rows_of(5, 7, 1).requires_grad_()
    assert metrics.mean_js_divergence(rows) == metrics.mean_js_divergence(rows.detach())


def test_the_rules_own_error_is_what_its_bound_says():
    """kappa of the trapezoid rule in ln t, from its nodes alone: s ln s for one s."""
    for error, bound in ((pairs.COARSE, 1.2e-7), (pairs.FINE, 1e-13)):
        chains, _, _ = pairs.NODES[error]
        t = 2 ** (np.arange(-60 * chains, 60 * chains + 1) / chains)
        for s in np.geomspace(1e-3, 2, 40):
            found = math.log(2) / chains * ((np.expm1(-t * s) - s * np.expm1(-t)) / t).sum()
            assert abs(found - s * math.log(s)) <= 2 * bound * s + 1e-10


def test_a_gpu_gets_larger_blocks_than_a_cpu_and_the_numbers_are_the_same(monkeypatch):
    assert len(list(pairs._blocks(torch.empty(9409, 9409, device="meta"), checked=False))) == 3  # 708 MB in float64 by 256 MiB
    rows = torch.rand(300, 400, dtype=torch.float64).softmax(-1)
    in_blocks = [*_numbers(rows)]
    monkeypatch.setattr(pairs, "BLOCK_BYTES", pairs.GPU_BLOCK_BYTES)
    for a, b in zip(in_blocks, _numbers(rows), strict=True):
        torch.testing.assert_close(torch.as_tensor(a), torch.as_tensor(b), rtol=1e-12, atol=1e-13)


def _numbers(rows):
    found = metrics.Divergences(rows)
    return found.mean(), found.shuffled(), found.entropy(), found.of_each(rows), metrics.mean_cosine_distance(rows)
