"""Maps with heads, windows, biases and shared keys: rows, columns and terms are those of the dense map."""

from dataclasses import replace

import pytest
import torch

from nlviz.maps import Factors, NLMap, OverHeads, Windows, rollout

G = torch.Generator().manual_seed(3)


def random(*shape):
    return torch.randn(*shape, generator=G, dtype=torch.float64)


def softmax(logits):
    return logits.softmax(-1).nan_to_num(0)


Q, K, SHARED = random(2, 4, 6, 3), random(2, 4, 5, 3), random(2, 2, 5, 3)
BIAS, UNSEEN = random(2, 4, 6, 5), torch.rand(1, 1, 6, 5, generator=G) > 0.4
UNSEEN[..., 2, :] = False  # a query that sees nothing
CAUSAL = torch.ones(6, 5, dtype=torch.bool).tril()
DOT = Q @ K.mT
FORMS = {
    "heads": (Factors(Q, K, "softmax"), softmax(DOT)),
    "scaled": (Factors(Q, K, "softmax", scale=0.4), softmax(0.4 * DOT)),
    "biased": (Factors(Q, K, "softmax", bias=BIAS, scale=0.4), softmax(0.4 * DOT + BIAS)),
    "bias of the keys": (Factors(Q, K, "softmax", bias=BIAS[:, :, :1]), softmax(DOT + BIAS[:, :, :1])),
    "masked": (Factors(Q, K, "softmax", bias=UNSEEN), softmax(DOT.masked_fill(~UNSEEN, -torch.inf))),
    "causal": (Factors(Q, K, "softmax", causal=True), softmax(DOT.masked_fill(~CAUSAL, -torch.inf))),
    "shared keys": (Factors(Q, SHARED, "softmax"), softmax(Q @ SHARED.repeat_interleave(2, 1).mT)),
    "dot": (Factors(Q, K, "dot", scale=0.2), 0.2 * DOT),
}
INNER = random(2, 3, 4, 2, 4).softmax(-1)  # items, windows, heads, n, m
QUERIES = torch.tensor([[0, 1], [2, -1], [4, 3]])
KEYS = torch.tensor([[0, 1, 2, 6], [1, 2, 3, 6], [6, 6, 5, 4]])


def windows_dense():
    """By a plain loop."""
    found = torch.zeros(2, 4, 6, 7, dtype=torch.float64)
    for item in range(2):
        for window in range(3):
            for head in range(4):
                for n, query in enumerate(QUERIES[window].tolist()):
                    for m, key in enumerate(KEYS[window].tolist()):
                        if query >= 0:
                            found[item, head, query, key] += INNER[item, window, head, n, m]
    return found


FORMS["windows"] = (Windows(INNER, QUERIES, KEYS, (6, 7)), windows_dense())


def an_nl_map(lazy, dense, weights=None):
    return NLMap(layer="a", block="B", part="", number=0, relates="positions", rows="distribution", query_grid=(2, 3),
                 key_grid=(dense.shape[-1],), query_stride=(1, 1), key_stride=(1,), weights=weights, lazy=lazy, used=lazy,
                 input=None, output=None, heads=4)


@pytest.mark.parametrize("form", FORMS)
def test_rows_columns_and_products_are_those_of_the_dense_map(form):
    lazy, dense = FORMS[form]
    values = random(2, 4, dense.shape[-1], 3)
    torch.testing.assert_close(lazy.dense(), dense)
    assert lazy.shape == dense.shape and lazy.nbytes == dense.nbytes
    for start, stop in ((0, 6), (1, 3), (5, 6), (2, 2)):
        torch.testing.assert_close(lazy.rows(start, stop), dense[:, :, start:stop])
    for key in range(dense.shape[-1]):
        torch.testing.assert_close(lazy.column(key), dense[..., key])
    torch.testing.assert_close(lazy @ values, dense @ values)
    torch.testing.assert_close(lazy.mean_row(), dense.mean(-2))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kept", ["lazy", "dense"])
@pytest.mark.parametrize("head, of", [(0, lambda w: w[:, 0]), (3, lambda w: w[:, 3]), ("mean", lambda w: w.mean(1)),
                                      ("max", lambda w: w.amax(1))], ids=["first", "last", "mean", "max"])
def test_one_head_their_mean_and_their_maximum(form, kept, head, of):
    lazy, dense = FORMS[form]
    nl_map = an_nl_map(lazy if kept == "lazy" else None, dense, dense if kept == "dense" else None)
    expected = of(dense)
    single = nl_map.head(head)
    assert single.heads is None and single.rows == ("raw" if head == "max" else "distribution")
    for item in (0, 1):
        torch.testing.assert_close(torch.stack([single.row(i, item) for i in range(6)]), expected[item])
        torch.testing.assert_close(torch.stack([nl_map.row(i, item, head) for i in range(6)]), expected[item])
        torch.testing.assert_close(nl_map.column(1, item, head), expected[item, :, 1])
        torch.testing.assert_close(torch.cat(list(single.row_blocks(item))), expected[item])
        torch.testing.assert_close(single.mean_row(item), expected[item].mean(0))
    torch.testing.assert_close(torch.cat(list(nl_map.row_blocks(0))), dense.mean(1)[0])


def test_a_head_that_is_not_there_is_refused():
    nl_map = an_nl_map(*FORMS["heads"])
    for head in (4, -1, "median"):
        with pytest.raises(ValueError, match=f"head must be 'mean', 'max' or 0 to 3, got {head!r}"):
            nl_map.head(head)
    with pytest.raises(ValueError, match="this map has no heads, got head 2"):
        nl_map.head(0).head(2)


def test_one_head_of_queries_and_keys_still_has_its_terms():
    head = an_nl_map(*FORMS["scaled"]).head(1)
    assert isinstance(head.lazy, Factors) and not isinstance(head.lazy, OverHeads)
    pairwise, unary = (torch.stack([head.term(name).row(i) for i in range(6)]) for name in ("pairwise only", "unary only"))
    product = pairwise * unary
    torch.testing.assert_close(product / product.sum(-1, keepdim=True), FORMS["scaled"][1][0, 1])
    assert (unary - unary[0]).abs().max() < 1e-12
    with pytest.raises(ValueError, match="not one with a bias or a mask"):
        FORMS["biased"][0].split()
    centred = an_nl_map(*FORMS["heads"]).term("row minus the mean row")
    rows = torch.stack([centred.row(i) for i in range(6)])
    torch.testing.assert_close(rows, FORMS["heads"][1].mean(1)[0] - FORMS["heads"][1].mean(1)[0].mean(0))


def a_layer(seed, tokens=("class token",), grid=(2, 2)):
    n = grid[0] * grid[1] + len(tokens)
    weights = torch.rand(2, 3, n, n, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).softmax(-1)
    return NLMap(layer=f"blocks.{seed}", block="B", part="", number=0, relates="positions", rows="distribution", query_grid=grid,
                 key_grid=grid, query_stride=(1, 1), key_stride=(1, 1), weights=weights, lazy=None, used=weights, input=None,
                 output=None, heads=3, query_tokens=tokens, key_tokens=tokens)


def test_rollout_is_the_product_of_the_mixed_maps_by_a_plain_loop():
    layers = [a_layer(n) for n in range(3)]
    found = rollout(layers)
    expected = torch.eye(5, dtype=torch.float64)
    for layer in layers:
        expected = (0.5 * layer.weights[1].mean(0) + 0.5 * torch.eye(5)) @ expected
    torch.testing.assert_close(found.weights[1], expected)
    torch.testing.assert_close(found.weights.sum(-1), torch.ones(2, 5, dtype=torch.float64))
    assert (found.block, found.layer, found.heads, found.rows) == ("rollout", "blocks.0 to blocks.2", None, "distribution")
    assert found.notes[0].startswith("Derived: the rollout of 3 maps (Abnar and Zuidema 2020)") and found.key("class token") == 4
    torch.testing.assert_close(rollout(layers[:1], residual=0, head=1).weights, layers[0].weights[:, 1])


@pytest.mark.parametrize("layers, said", [
    ([], "at least one map"), ([a_layer(0), a_layer(1, grid=(1, 4))], "needs the same positions and tokens throughout"),
    ([a_layer(0), a_layer(1, tokens=())], "the first layer has 2 x 2 \\+ 1 tokens"),
    ([replace(a_layer(0), key_grid=(1, 1))], "has queries 2 x 2 \\+ 1 tokens and keys 1 x 1"),
    ([replace(a_layer(0), rows="raw")], "has raw rows"), ([replace(a_layer(0), relates="channels")], "rows of channels")])
def test_rollout_is_refused_where_it_means_nothing(layers, said):
    with pytest.raises(ValueError, match=said):
        rollout(layers)
    with pytest.raises(ValueError, match="residual must be 0 to 1"):
        rollout([a_layer(0)], residual=2)
