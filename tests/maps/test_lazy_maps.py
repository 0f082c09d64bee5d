"""Maps in their lazy forms: rows, columns, products, means and terms are those of the dense map, and memory stays bounded."""

from dataclasses import dataclass, replace
from functools import reduce
from itertools import product as product_of

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nlviz import capture_maps
from nlviz.blocks import BLOCKS
from nlviz.maps import TERMS, Crosses, Factors, LazyMap, Product, Streamed, Sum, applied
from tests.blocks.building import built, picture
from tests.blocks.memory import Largest

GRID = (3, 5)


def random(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


Q, K, FEW = random(2, 15, 4, seed=1), random(2, 15, 4, seed=2), random(2, 6, 4, seed=3)
CELLS = torch.tensor([7, 7, 2, 2, 2] * 2 + [4, 4, 0, 0, 0])  # as a partition of GRID, in any numbers
SHARED = random(2, 1, 15, seed=4)
NUMBERS = [random(2, *GRID, sum(GRID), seed=seed).abs() for seed in (5, 6, 7)]


def dense_softmax(q, k, cells=None):
    weights = torch.zeros(len(q), q.shape[1], k.shape[1], dtype=q.dtype)
    for b, i in torch.cartesian_prod(torch.arange(len(q)), torch.arange(q.shape[1])).tolist():
        seen = [j for j in range(k.shape[1]) if cells is None or cells[i] == cells[j]]
        logits = torch.stack([torch.dot(q[b, i], k[b, j]) for j in seen])
        weights[b, i, seen] = (logits - logits.max()).exp() / (logits - logits.max()).exp().sum()
    return weights


def dense_crosses(weights):
    batch, height, width, _ = weights.shape
    dense = torch.zeros(batch, height, width, height, width, dtype=weights.dtype)
    for h in range(height):
        for w in range(width):
            for i in range(height):
                dense[:, h, w, i, w] += weights[:, h, w, i]
            for j in range(width):
                dense[:, h, w, h, j] += weights[:, h, w, height + j]
    return dense.view(batch, height * width, height * width)


FACTORS = [
    ("softmax", Factors(Q, K, "softmax"), dense_softmax(Q, K)),
    ("softmax, fewer keys", Factors(Q, FEW, "softmax"), dense_softmax(Q, FEW)),
    ("softmax in cells", Factors(Q, K, "softmax", CELLS), dense_softmax(Q, K, CELLS)),
    ("dot", Factors(Q, K, "dot"), torch.einsum("bic,bjc->bij", Q, K)),
    ("dot, fewer keys", Factors(Q, FEW, "dot"), torch.einsum("bic,bjc->bij", Q, FEW)),
    ("relu_sum", Factors(Q[..., :1], FEW[..., :1], "relu_sum"), (Q[..., :1] + FEW[:, None, :, 0]).clamp(min=0)),
]
CROSSES = [(name, Crosses(weights), dense_crosses(weights)) for name, weights in [
    ("crosses", NUMBERS[0]), ("crosses of one column", NUMBERS[1][:, :, :1, :4]), ("crosses of one row", NUMBERS[2][:, :1, :, :6])]]
PRODUCTS = [(f"product of {n}", Product(tuple(map(Crosses, NUMBERS[:n]))), reduce(torch.matmul, map(dense_crosses, NUMBERS[:n])))
            for n in (1, 2, 3)]
SIMPLE = FACTORS + CROSSES + PRODUCTS
SUMS = [(f"{name} and a shared row", Sum(lazy, SHARED[..., :dense.shape[2]]), dense + SHARED[..., :dense.shape[2]])
        for name, lazy, dense in SIMPLE]
MAPS = SIMPLE + SUMS + [(f"streamed {name}", Streamed(lazy), dense) for name, lazy, dense in SIMPLE + SUMS[:1]]


def tabled(maps):
    return pytest.mark.parametrize("lazy, dense", [pytest.param(lazy, dense, id=name) for name, lazy, dense in maps])


def close(found, expected, rtol=1e-12):
    torch.testing.assert_close(found, expected, rtol=rtol, atol=1e-13)


@tabled(MAPS)
def test_rows_and_columns_are_those_of_the_dense_map(lazy, dense):
    batch, queries, keys = dense.shape
    assert lazy.shape == (batch, queries, keys) and lazy.nbytes == dense.nbytes
    close(lazy.dense(), dense)
    for start, stop in [(0, None), (1, queries - 1), (queries - 1, None), (0, 1)]:
        close(lazy.rows(start, stop), dense[:, start:stop])
    close(torch.cat([lazy.rows(i, i + 1) for i in range(queries)], 1), dense)
    close(torch.stack([lazy.column(j) for j in range(keys)], -1), dense)


@tabled(MAPS)
@pytest.mark.parametrize("budget", [1, 500, 2**26])
def test_products_and_the_mean_row_are_those_of_the_dense_map_however_few_rows_fit(lazy, dense, budget, monkeypatch):
    monkeypatch.setattr("nlviz.maps.lazy.ROW_BLOCK_BYTES", budget)
    monkeypatch.setattr("nlviz.maps.attending.UNFUSED_BYTES", budget)
    covered = [i for start, stop in lazy.spans() for i in range(start, stop)]
    assert covered == list(range(dense.shape[1]))  # every row once
    assert len(lazy.spans()) == {1: dense.shape[1], 2**26: 1}.get(budget, len(lazy.spans()))
    for width in (1, 4, 7):  # 4: as wide as queries, where PyTorch fuses
        values = random(2, dense.shape[2], width, seed=width)
        close(lazy @ values, dense @ values)
    close(lazy.mean_row(), dense.mean(1))
    if isinstance(lazy, Factors) and lazy.kind == "softmax":
        close(torch.stack([lazy.column(j) for j in range(dense.shape[2])], -1), dense)


@tabled([entry for entry in MAPS if "dot" in entry[0] or "relu" in entry[0] if "shared" not in entry[0]])
def test_the_transposed_map_is_that_of_the_dense_map(lazy, dense):
    values = random(2, dense.shape[1], 3)
    close(lazy.mT.dense(), dense.mT)
    close(lazy.mT @ values, dense.mT @ values)
    close(lazy.mT.column(2), dense[:, 2])


@tabled(FACTORS[:3])
def test_a_softmax_has_no_transpose_rather_than_a_wrong_one(lazy, dense):
    with pytest.raises(ValueError, match="softmax over rows"):
        _ = lazy.mT


@pytest.mark.parametrize("far", [10.0, 1000.0])
def test_a_column_of_a_map_in_cells_is_finite_where_keys_of_other_cells_have_far_larger_logits(far):
    q, k = (torch.tensor([[[v] for v in values]], dtype=torch.float64) for values in ([1, 2, 0.01, 0.02], [1, 2, far, 2 * far]))
    factors = Factors(q, k, "softmax", torch.tensor([0, 0, 1, 1]))
    close(torch.stack([factors.column(j) for j in range(4)], -1), dense_softmax(q, k, factors.cells))


@tabled([entry for entry in MAPS if "streamed" not in entry[0]])
def test_every_tensor_of_a_map_can_be_changed_and_the_map_stays_what_it_is(lazy, dense):
    copy = lazy.apply(torch.clone)
    ours, theirs = list(lazy.tensors()), list(copy.tensors())
    assert type(copy) is type(lazy) and copy.shape == lazy.shape
    assert not {t.data_ptr() for t in ours} & {t.data_ptr() for t in theirs}
    close(copy.dense(), dense)
    single = applied((lazy, SHARED, "name"), lambda t: t.float() if t.is_floating_point() else t)
    assert single[0].dense().dtype == single[1].dtype == torch.float32 and single[2] == "name"


@dataclass(frozen=True)
class Shift(LazyMap):
    """A user's own lazy map: every query looks at the next position."""

    like: torch.Tensor

    @property
    def shape(self):
        return 1, len(self.like), len(self.like)

    def rows(self, start=0, stop=None):
        return torch.eye(len(self.like), dtype=self.like.dtype).roll(1, 1)[None, start:stop]

    def column(self, key):
        return torch.eye(len(self.like), dtype=self.like.dtype).roll(1, 1)[None, :, key]


def test_a_lazy_map_of_ones_own_needs_shape_rows_and_columns_only(monkeypatch):
    monkeypatch.setattr("nlviz.maps.lazy.ROW_BLOCK_BYTES", 50)
    shift, values = Shift(torch.zeros(6)), torch.arange(12.0).view(1, 6, 2)
    close(shift @ values, values.roll(-1, 1))
    close(shift.mean_row(), torch.full((1, 6), 1 / 6))
    close(Sum(shift, torch.ones(1, 1, 6)).dense(), shift.dense() + 1)
    assert shift.nbytes == 6 * 6 * 4 and len(shift.spans()) == 3


LARGE = [random(1, 256, 8, seed=seed).float() for seed in (1, 2)]
IN_CELLS = torch.arange(256) // 64


@pytest.mark.parametrize("lazy", [
    Factors(*LARGE, "softmax"), Factors(*LARGE, "softmax", IN_CELLS), Factors(*LARGE, "dot"),
    Factors(*(t[..., :1] for t in LARGE), "relu_sum"), Sum(Factors(*LARGE, "softmax"), random(1, 1, 256).float()),
    Crosses(random(1, 16, 16, 32).float()), Product((Crosses(random(1, 16, 16, 32).float()),) * 2),
    Streamed(Factors(*LARGE, "softmax"))], ids=lambda lazy: type(lazy).__name__ + getattr(lazy, "kind", ""))
def test_nothing_but_the_dense_map_itself_needs_memory_for_it(lazy, monkeypatch):
    budget = 2**14  # 16 rows of the map, which is 256 KiB
    monkeypatch.setattr("nlviz.maps.lazy.ROW_BLOCK_BYTES", budget)
    monkeypatch.setattr("nlviz.maps.attending.UNFUSED_BYTES", budget)
    for ask in (lambda: lazy @ torch.ones(1, 256, 8), lambda: lazy @ torch.ones(1, 256, 3), lazy.mean_row,
                lambda: lazy.column(5), lambda: lazy.rows(7, 8)):
        with Largest() as seen:
            ask()
        assert seen.nbytes <= 2 * budget  # a column of crosses is read from all their numbers
    with Largest() as seen:
        lazy.dense()
    assert seen.nbytes >= lazy.nbytes == 2**18


def check_split(factors):
    split = factors.split()
    pairwise, unary = (term.dense() for term in split)
    product = pairwise * unary
    close(product / product.sum(-1, keepdim=True), factors.dense(), rtol=1e-10)
    for term in (pairwise, unary):
        close(term.sum(-1), torch.ones(factors.shape[:2], dtype=term.dtype))
    cells = factors.cells if factors.cells is not None else torch.zeros(factors.shape[1])
    for cell in cells.unique():
        rows = unary[:, cells == cell]
        assert (rows - rows[:, :1]).abs().max() <= 1e-15  # the same for every query of the cell
        keys = cells == cell if factors.cells is not None else slice(None)
        for centred in (split[0].q[:, cells == cell], split[0].k[:, keys]):  # nothing shared is left in the pairwise term
            assert centred.mean(1).abs().max() < 1e-13


@tabled(FACTORS[:3])
def test_a_softmax_is_its_pairwise_times_its_unary_term(lazy, dense):
    check_split(lazy)
    assert lazy.split()[0].rows(3, 4).shape == dense[:, 3:4].shape


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**31), batch=st.integers(1, 2), queries=st.integers(1, 9), keys=st.integers(1, 9),
       width=st.integers(1, 5), size=st.floats(0.01, 4), shift=st.floats(-3, 3),
       cells=st.none() | st.lists(st.integers(-3, 9), min_size=9, max_size=9))
def test_the_split_is_exact_for_any_queries_keys_and_cells(seed, batch, queries, keys, width, size, shift, cells):
    keys = queries if cells else keys
    q, k = random(batch, queries, width, seed=seed) * size + shift, random(batch, keys, width, seed=seed + 1) * size - shift
    check_split(Factors(q, k, "softmax", torch.tensor(cells[:queries]) if cells else None))


@tabled(FACTORS[3:])
def test_only_a_softmax_splits(lazy, dense):
    with pytest.raises(ValueError, match=f"pairwise and a unary term, not kind '{lazy.kind}'"):
        lazy.split()


SOFTMAX, GLOBAL, OTHER, NO_ROW = "softmax", "one map for every query", "not a softmax over q · k", "no query has a row here"
TERMS_OF = {"gaussian": [SOFTMAX], "embedded_gaussian": [SOFTMAX], "dot_product": [OTHER], "concatenation": [OTHER],
            "snl": [GLOBAL], "gc": [GLOBAL, NO_ROW, NO_ROW], "se": [NO_ROW], "pam": [SOFTMAX], "cam": [NO_ROW],
            "base_oc": [SOFTMAX], "pyramid_oc": [SOFTMAX] * 3, "asp_oc": [SOFTMAX], "criss_cross": [OTHER] * 3,
            "rga_spatial": [OTHER, NO_ROW], "rga_channel": [NO_ROW] * 2, "disentangled": [OTHER, SOFTMAX, GLOBAL]}


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("dense_bytes", [2**20, 0])
def test_every_term_is_what_it_says_or_an_error_that_says_why_not(name, dense_bytes):
    block, x = built(name, 6, (3, 4)), picture(6, (3, 4))
    with capture_maps(block) as dense:
        block(x)
    with capture_maps(block, dense_bytes) as maps:
        block(x)
    assert len(maps) == len(TERMS_OF[name])
    for m, d, kind in zip(maps, dense, TERMS_OF[name]):
        assert m.term("full") is m
        if kind == NO_ROW:
            for term in TERMS[1:]:
                with pytest.raises(ValueError, match=NO_ROW):
                    m.term(term)
            continue
        check_centred(m, d.weights)
        if kind == SOFTMAX:
            check_terms(m, d.weights)
            continue
        with pytest.raises(ValueError, match=kind):
            m.term("pairwise only")
        if kind == GLOBAL:
            assert m.term("unary only") is m
        else:
            with pytest.raises(ValueError, match=kind):
                m.term("unary only")


def check_centred(m, weights):
    centred = m.term("row minus the mean row")
    rows = torch.stack([torch.stack([centred.row(query, item) for query in range(weights.shape[1])]) for item in range(2)])
    close(rows, weights - weights.mean(1, keepdim=True))
    close(torch.stack([m.mean_row(item) for item in range(2)]), weights.mean(1))
    assert centred.rows == "raw" and centred.relates == m.relates and centred.shape == m.shape
    if m.relates == "global":
        assert (rows == 0).all()
    else:
        assert rows.mean(1).abs().max() < 1e-14 and rows.abs().max() > 1e-3
        close(torch.stack([centred.column(1, item) for item in range(2)]), rows[..., 1])


def check_terms(m, weights):
    pairwise, unary = (torch.stack([torch.stack([term.row(query, item) for query in range(weights.shape[1])]) for item in range(2)])
                       for term in (m.term("pairwise only"), m.term("unary only")))
    product = pairwise * unary
    close(product / product.sum(-1, keepdim=True), weights, rtol=1e-10)
    for item, query in product_of(range(2), range(weights.shape[1])):
        row = weights[item, query]
        alike = row > 0 if len(row) == weights.shape[1] else slice(None)  # in a partition, the query's cell
        close(unary[item, alike], unary[item, query].expand_as(unary[item, alike]))
    assert (pairwise[0] - pairwise[0, :1]).abs().max() > 1e-3  # the pairwise term does depend on the query
    assert m.term("unary only").rows == m.term("pairwise only").rows == "distribution"


def test_a_term_of_another_name_is_an_error_that_lists_the_names():
    block, x = built("embedded_gaussian", 6, (3, 4)), picture(6, (3, 4))
    with capture_maps(block) as maps:
        block(x)
    names = "full, pairwise only, unary only, row minus the mean row, input similarity, output similarity"
    with pytest.raises(ValueError, match=f"term must be one of {names}, got 'mean'"):
        maps[0].term("mean")


def test_a_dense_map_alone_has_its_mean_row_taken_off_and_no_other_term():
    block, x = built("embedded_gaussian", 6, (3, 4)), picture(6, (3, 4))
    with capture_maps(block) as maps:
        block(x)
    alone = replace(maps[0], lazy=None)
    check_centred(alone, maps[0].weights)
    with pytest.raises(ValueError, match=OTHER):
        alone.term("unary only")


def test_a_gpu_gets_larger_blocks_of_rows_than_a_cpu():
    def spans(device):
        q, k = (torch.empty(1, 9409, 8, device=device) for _ in range(2))
        return Factors(q, k, "softmax").spans()

    assert len(spans("meta")) == 2 and len(spans("cpu")) == 85  # 354 MB by 256 MiB, and by 4 MiB
