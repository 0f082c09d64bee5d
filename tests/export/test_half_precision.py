"""Networks in half precision: their maps are drawn, measured and written as float32, and agree with the same network in float32."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from nlviz.analysis import analyse
from nlviz.blocks import BLOCKS
from nlviz.export import file_bytes, make_recipe
from nlviz.export.bundle import maps_bytes
from nlviz.figures import Style, columns_of, looks_of
from nlviz.maps import Factors
from nlviz.measures import measures_of, terms_of
from nlviz.metrics import entropy, js_divergence
from nlviz.recipes import Recipe
from tests.figures.looking import OPTIONS, network, picture

HALF = [torch.bfloat16, torch.float16]
KINDS = ("embedded_gaussian", "gc", "asp_oc", "criss_cross", "cam", "disentangled")


def looked_at(dtype, *names):
    """Each block by itself behind the same cells."""
    found = []
    for name in names:
        net = network(nn.Conv2d(3, 8, 1), BLOCKS[name](8, **OPTIONS.get(name, {})), std=0.3)
        net.name = name
        found.append(analyse(net.to(dtype), picture(), 96))
    return found


def recipe_of(analyses, **settings):
    return make_recipe(analyses, Recipe({}, (), ((0.5, 0.5), (0.1, 0.2)), 96, dpi=50, **settings))


def arrays(analyses):
    return dict(np.load(io.BytesIO(maps_bytes(analyses, recipe_of(analyses), whole_maps=True))))


@pytest.mark.parametrize("dtype", HALF)
def test_rows_of_half_precision_are_written_as_float32_and_are_those_of_float32(dtype):
    half, whole = (arrays(looked_at(precision, *BLOCKS)) for precision in (dtype, torch.float32))
    assert half.keys() == whole.keys()
    for name, array in half.items():
        assert array.dtype == (np.int64 if name.endswith("grid") else np.float32), name
        if name.endswith(("rows", "map")):
            assert np.abs(array - whole[name]).max() <= 20 * torch.finfo(dtype).eps * np.abs(whole[name]).max(), name


@pytest.mark.parametrize("kind", ["png", "svg", "pdf", "html", "zip"])
def test_every_kind_of_file_is_made_of_bfloat16(kind):
    analyses = looked_at(torch.bfloat16, *KINDS)
    assert len(file_bytes(analyses, recipe_of(analyses), kind)) > 1000


@pytest.mark.parametrize("layout", ["dependence", "distances"])
def test_figures_of_numbers_are_made_of_bfloat16(layout):
    analyses = looked_at(torch.bfloat16, *KINDS)
    assert len(file_bytes(analyses, recipe_of(analyses, layout=layout), "png")) > 1000


@pytest.mark.parametrize("dtype", HALF)
def test_numbers_of_half_precision_are_those_of_float32(dtype):
    for half, whole in zip(looked_at(dtype, *KINDS), looked_at(torch.float32, *KINDS)):
        for row, exact in zip(measures_of(half), measures_of(whole)):
            assert row["reasons"].keys() == exact["reasons"].keys()
            for name, value in exact.items():
                if isinstance(value, float) and name.startswith(("cosine_att", "jsd_att_nats", "entropy")):
                    assert row[name] == pytest.approx(value, rel=0.1, abs=0.01), (half.model.name, name)
    map_of = [looked_at(precision, "embedded_gaussian")[0].maps[0].nl_map for precision in (dtype, torch.float32)]
    assert terms_of(map_of[0]) == pytest.approx(terms_of(map_of[1]), rel=0.1, abs=1e-3)


@pytest.mark.parametrize("dtype, within", [(torch.bfloat16, 0.012), (torch.float16, 0.0015)])
def test_a_row_sums_to_one_within_its_own_precision(dtype, within):
    for share, right in ((within, True), (3 * within, False)):
        row = torch.tensor([0.5, 0.5 + share], dtype=dtype)
        assert abs(row.double().sum() - 1 - share) < 0.002
        if right:
            assert entropy(row).dtype == torch.float32 and entropy(row.double(), dtype).item() == pytest.approx(entropy(row).item())
            assert js_divergence(row.double(), row.double(), dtype) == 0
            with pytest.raises(ValueError, match=r"a row sums to 1\.0"):
                entropy(row.double())  # whoever says nothing is taken at float64's word
        else:
            with pytest.raises(ValueError, match=r"a row sums to 1\.0"):
                entropy(row)


@pytest.mark.parametrize("dtype", HALF)
def test_rows_and_columns_of_queries_and_keys_in_half_precision_are_exact_up_to_one_rounding(dtype):
    torch.manual_seed(0)
    q, k = 3 * torch.randn(1, 50, 16).to(dtype), torch.randn(1, 40, 16).to(dtype)  # logits of up to 40
    exact = (q.double() @ k.double().mT).softmax(-1)
    factors = Factors(q, k, "softmax")
    assert factors.rows().dtype == dtype and torch.allclose(factors.rows().double(), exact, rtol=torch.finfo(dtype).eps, atol=1e-6)
    column = factors.column(3)
    assert column.dtype == dtype and torch.allclose(column.double(), exact[..., 3], rtol=torch.finfo(dtype).eps, atol=1e-6)


@pytest.mark.parametrize("dtype", HALF)
def test_rounding_in_half_precision_is_not_drawn_as_a_difference_between_rows(dtype):
    analysis, eps = looked_at(dtype, "embedded_gaussian")[0], torch.finfo(dtype).eps
    placed, random = analysis.maps[0], torch.Generator().manual_seed(0)
    row = torch.rand(placed.nl_map.shape[1], generator=random).softmax(0)
    for noise, drawn in ((0.1 * eps, False), (10 * eps, True)):
        weights = row * (1 + noise * torch.randn(placed.nl_map.shape, generator=random))
        changed = replace(placed, nl_map=replace(placed.nl_map, weights=weights[None].to(dtype), lazy=None))
        style = Style("viridis", "shared", False, 0.6, "attends to", "row minus the mean row")
        columns = columns_of([replace(analysis, maps=(changed,))], style.term, {})
        ((look,),) = looks_of(columns, [(0.5, 0.5)], style)
        assert (look.values.abs().max() > 0) == drawn
