"""No block makes its whole map unless asked, and PyTorch's fused attention is used where it can be."""

import pytest
import torch
from torch.nn import functional as F

from nlviz.blocks import BLOCKS
from tests.blocks.building import PAIRWISE, built, picture
from tests.blocks.memory import largest


def test_the_largest_tensor_is_found_where_the_dense_map_is_built():
    block, x = built("criss_cross", 8, (16, 16)).float(), torch.zeros(1, 8, 16, 16)
    assert largest(lambda x: block(x, return_nl_map=True), x) == 4 * 256 * 256


def test_criss_cross_never_makes_a_tensor_as_large_as_the_map():
    block, x = built("criss_cross", 8, (64, 64)).float(), torch.randn(1, 8, 64, 64)
    assert largest(block, x) == 4 * 64 * 64 * (64 + 64)  # 2 MiB; the map is 64 MiB


def test_concatenation_never_makes_the_pairs():
    block, x = built("concatenation", 16, (64, 64)).float(), torch.randn(1, 16, 64, 64)
    assert largest(block, x) <= 4 * 4096 * 1024  # the map, 16 MiB; the pairs are 256 MiB


@pytest.mark.parametrize("name", [name for name in BLOCKS if BLOCKS[name].relates == "positions"])
def test_no_block_makes_its_whole_map_unless_asked(name, monkeypatch):
    for budget in ("lazy.ROW_BLOCK_BYTES", "attending.UNFUSED_BYTES"):
        monkeypatch.setattr(f"nlviz.maps.{budget}", 2**18)
    options = {"sub_sample": False} if name in PAIRWISE else {"ratio": 64} if name == "rga_spatial" else {}
    size = 64 if name == "asp_oc" else 32
    block, x = built(name, 16, (size, size), **options).float(), torch.randn(1, 16, size, size)
    positions = (size // block.query_stride[0]) ** 2
    assert positions == 1024
    weights = max(p.nbytes for p in block.parameters())
    assert largest(block, x) <= max(2**18, x.nbytes * 8, weights) <= 4 * positions**2 / 2


@pytest.mark.parametrize("name, queries", [("pam", 30), ("base_oc", 30), ("pyramid_oc", 3 * 30), ("asp_oc", 3 * 2),
                                           ("embedded_gaussian", 30), ("disentangled", 30)])
def test_a_plain_forward_gives_every_query_to_pytorchs_fused_attention_once(name, queries, monkeypatch):
    monkeypatch.setattr("nlviz.maps.attending.PLAIN_BYTES", 0)  # small maps whose values are wider than their queries
    calls, real = [], F.scaled_dot_product_attention
    monkeypatch.setattr(F, "scaled_dot_product_attention", lambda *args, **kwargs: calls.append(args) or real(*args, **kwargs))
    built(name, 6, (6, 5))(picture(6, (6, 5)))
    assert sum(q.shape[2] for q, _, _ in calls) == queries
