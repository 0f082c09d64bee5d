"""A map that holds what is no number is one sentence wherever it would be drawn, written or measured."""

import json
import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from nlviz import capture_maps
from nlviz.analysis import analyse, as_model
from nlviz.blocks import BLOCKS
from nlviz.maps import Factors, check_finite
from nlviz.study import Study, run_study

KINDS = ("embedded_gaussian", "dot_product", "gc", "se", "pam", "cam", "criss_cross", "disentangled")
SENTENCE = (r"net: \d+ of \d+ weights in the map .*of layer 1 are not finite numbers \(NaN or infinite\)\. "
            "Check the network's weights")


def network(kind, bad=math.nan):
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 16, stride=16), BLOCKS[kind](8))
    net[0].bias.data[0] = bad
    return as_model(net, name="net")


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    return tmp_path / "a.png"


@pytest.mark.parametrize("weight", ["g.0.weight", "W.0.bias", "W.1.weight"])
def test_nan_beside_the_map_is_one_sentence_too(photo, weight):
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 16, 16, stride=16), BLOCKS["embedded_gaussian"](16))
    net[1].get_parameter(weight).data.fill_(math.nan)
    with pytest.raises(ValueError, match=r"net: \d+ of \d+ numbers in the output of layer 1 are not finite numbers"):
        analyse(as_model(net, name="net"), photo)


@pytest.mark.parametrize("kind", KINDS)
def test_a_map_with_nan_is_one_sentence_instead_of_an_analysis(photo, kind):
    with pytest.raises(ValueError, match=SENTENCE):
        analyse(network(kind), photo, 64)


def test_a_study_lists_it_and_keeps_no_number_of_it(photo, tmp_path):
    summary = run_study(Study([network("pam")], 64), tmp_path, ["a.png"], tmp_path / "out", progress=iter)
    assert re.match(f"ValueError: {SENTENCE}", summary["failed"][0]["reason"]) and not summary["rows"]
    assert "NaN," not in (tmp_path / "out" / "summary.json").read_text()
    json.loads((tmp_path / "out" / "summary.json").read_text(), parse_constant=lambda _: 1 / 0)


def kept_as_factors(kind):
    block = BLOCKS[kind](8)
    with capture_maps(block, dense_bytes=0) as maps:
        block(torch.randn(1, 8, 6, 6))
    return maps[0]


def test_a_map_kept_as_queries_and_keys_is_checked_as_the_dense_one():
    nl_map = kept_as_factors("pam")
    check_finite(nl_map, "net")
    q = nl_map.lazy.q.clone()
    q[0, 5, 0] = math.nan
    with pytest.raises(ValueError, match="net: 36 of 1296 weights in the map of the block itself are not finite"):
        check_finite(replace(nl_map, lazy=replace(nl_map.lazy, q=q)), "net")


def test_large_queries_and_keys_are_no_error_as_long_as_their_weights_are_finite():
    nl_map = kept_as_factors("pam")
    far = Factors(nl_map.lazy.q * 0 + 1e30, nl_map.lazy.k * 0 + 1e-30, "softmax")
    near = Factors(torch.eye(2)[None] * 1e25, torch.eye(2).flip(0)[None] * 1e25, "softmax")  # logits of 0 and 1e50
    check_finite(replace(nl_map, lazy=far), "net")
    with pytest.raises(ValueError, match="not finite"):
        check_finite(replace(nl_map, lazy=near), "net")
