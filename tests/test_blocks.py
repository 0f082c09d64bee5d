"""Every block against a plain loop of its equation, in float64, with randomised weights."""

import itertools
import math

import pytest
import torch
from torch import nn

from nlviz.blocks import BLOCKS
from nlviz.blocks import base as base_module
from nlviz.blocks.factors import Factors

PAIRWISE = ["gaussian", "embedded_gaussian", "dot_product", "concatenation"]
GRIDS = {1: [(5,), (8,)], 2: [(3, 5), (4, 4), (7, 2)], 3: [(3, 2, 5), (2, 4, 2)]}
OPTIONS = {"gc": [{"pooling_type": p, "fusion_types": f, "ratio": 0.5}
                  for p in ("att", "avg") for f in (["channel_add"], ["channel_mul"], ["channel_add", "channel_mul"])]}
POOL = {1: (2,), 2: (2, 2), 3: (1, 2, 2)}


def randomised(block: nn.Module) -> nn.Module:
    """Random weights and statistics everywhere: a zero-initialised last layer would hide a wrong map."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in itertools.chain(block.parameters(), block.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.2)
        for tensor in block.parameters():
            if tensor.dim() > 1:
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.5)
    return block.double().eval()


def picture(channels, grid, batch=2):
    return torch.randn(batch, channels, *grid, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def linear(conv, vector):
    """A 1x1 convolution at one position, as the sum it is."""
    weight = conv.weight.flatten(1)
    bias = conv.bias.tolist() if conv.bias is not None else [0.0] * len(weight)
    return [sum(w * v for w, v in zip(row, vector)) + b for row, b in zip(weight.tolist(), bias)]


def positions(grid):
    return list(itertools.product(*map(range, grid)))


def at(x, cell):
    return x[(slice(None), *cell)].tolist()


def pooled(project, x, grid, sub_sample):
    """Projected vectors of the keys, max-pooled over each key's own cells."""
    stride = POOL[len(grid)] if sub_sample else (1,) * len(grid)
    keys = []
    for key in positions([g // s for g, s in zip(grid, stride)]):
        members = [project(at(x, [k * s + o for k, s, o in zip(key, stride, offset)])) for offset in positions(stride)]
        keys.append([max(values) for values in zip(*members)])
    return keys


def softmax(logits):
    top = max(logits)
    total = sum(math.exp(v - top) for v in logits)
    return [math.exp(v - top) / total for v in logits]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def first(layer):
    return layer[0] if isinstance(layer, nn.Sequential) else layer


def loop_non_local(name, block, x, grid, sub_sample):
    """Map and output of one picture from equations 1 to 6 of the non-local paper, one position at a time."""
    def identity(v):
        return v
    theta = (lambda v: linear(block.theta, v)) if name != "gaussian" else identity
    phi = (lambda v: linear(first(block.phi), v)) if name != "gaussian" else identity
    values = pooled(lambda v: linear(first(block.g), v), x, grid, sub_sample)
    keys = pooled(phi, x, grid, sub_sample)
    nl_map, outputs = [], []
    for query in positions(grid):
        q = theta(at(x, query))
        if name == "concatenation":
            w = block.concat_project[0].weight.flatten().tolist()
            row = [max(0.0, dot(w, q + k)) / len(keys) for k in keys]
        elif name == "dot_product":
            row = [dot(q, k) / len(keys) for k in keys]
        else:
            row = softmax([dot(q, k) for k in keys])
        y = [dot(row, channel) for channel in zip(*values)]
        wy = linear(first(block.W), y)
        if isinstance(block.W, nn.Sequential):
            norm = block.W[1]
            wy = [(v - m) / math.sqrt(s + norm.eps) * g + b for v, m, s, g, b in zip(
                wy, *(t.tolist() for t in (norm.running_mean, norm.running_var, norm.weight, norm.bias)))]
        nl_map.append(row)
        outputs.append([a + b for a, b in zip(wy, at(x, query))])
    return torch.tensor(nl_map, dtype=torch.float64), torch.tensor(outputs, dtype=torch.float64)


def transform(layers, vector):
    """1x1 convolution, LayerNorm, ReLU, 1x1 convolution of one vector."""
    hidden = linear(layers[0], vector)
    norm, mean = layers[1], sum(hidden) / len(hidden)
    variance = sum((h - mean) ** 2 for h in hidden) / len(hidden)
    hidden = [max(0.0, (h - mean) / math.sqrt(variance + norm.eps) * w + b)
              for h, w, b in zip(hidden, norm.weight.flatten().tolist(), norm.bias.flatten().tolist())]
    return linear(layers[3], hidden)


def loop_global(name, block, x, grid, options):
    """Map and output of one picture from equations 5 and 6 of GCNet."""
    cells = positions(grid)
    uniform = options.get("pooling_type") == "avg"
    row = [1 / len(cells)] * len(cells) if uniform else softmax([linear(block.conv_mask, at(x, c))[0] for c in cells])
    context = [dot(row, channel) for channel in zip(*(at(x, c) for c in cells))]
    outputs = []
    for cell in cells:
        z = at(x, cell)
        if name == "snl":
            outputs.append([a + b for a, b in zip(z, linear(block.conv_value, context))])
            continue
        if block.channel_mul_conv is not None:
            z = [a / (1 + math.exp(-m)) for a, m in zip(z, transform(block.channel_mul_conv, context))]
        if block.channel_add_conv is not None:
            z = [a + b for a, b in zip(z, transform(block.channel_add_conv, context))]
        outputs.append(z)
    return torch.tensor([row], dtype=torch.float64), torch.tensor(outputs, dtype=torch.float64)


CASES = [(name, {"dimension": d, "sub_sample": s, "bn_layer": b}, grid)
         for name in PAIRWISE for d in (1, 2, 3) for s in (True, False) for b in (True, False) for grid in GRIDS[d]]
CASES += [(name, options, grid) for name in ("snl", "gc") for options in OPTIONS.get(name, [{}]) for grid in GRIDS[2]]


@pytest.mark.parametrize("name, options, grid", CASES, ids=str)
def test_map_and_output_are_those_of_a_plain_loop_over_the_equation(name, options, grid):
    block, x = randomised(BLOCKS[name](6, **options)), picture(6, grid)
    z, nl_map = block(x, return_nl_map=True)
    for item in range(len(x)):
        if name in PAIRWISE:
            expected_map, expected_z = loop_non_local(name, block, x[item], grid, options["sub_sample"])
        else:
            expected_map, expected_z = loop_global(name, block, x[item], grid, options)
        torch.testing.assert_close(nl_map[item], expected_map, rtol=1e-10, atol=1e-12)
        torch.testing.assert_close(z[item].flatten(1).T, expected_z, rtol=1e-10, atol=1e-12)


def test_every_block_has_a_loop_to_be_checked_against():
    assert {case[0] for case in CASES} == set(BLOCKS)


@pytest.mark.parametrize("name", BLOCKS)
def test_the_output_does_not_depend_on_asking_for_the_map(name):
    block, x = randomised(BLOCKS[name](6)), picture(6, (6, 5))
    assert torch.equal(block(x), block(x, return_nl_map=True)[0])


@pytest.mark.parametrize("name", BLOCKS)
def test_gradients_are_those_of_finite_differences(name):
    block = randomised(BLOCKS[name](4))
    x = picture(4, (3, 2), batch=1).requires_grad_()
    assert torch.autograd.gradcheck(block, (x,))
    parameters = dict(block.named_parameters())
    assert all(p.requires_grad for p in parameters.values())
    assert torch.autograd.gradcheck(
        lambda *values: torch.func.functional_call(block, dict(zip(parameters, values)), (x.detach(),)),
        tuple(p.detach().clone().requires_grad_() for p in parameters.values()))


@pytest.mark.parametrize("name", BLOCKS)
def test_a_fresh_block_is_the_identity(name):
    x = picture(8, (4, 6)).float()
    assert torch.allclose(BLOCKS[name](8).eval()(x), x)


@pytest.mark.parametrize("name", BLOCKS)
def test_rows_are_what_the_block_says_they_are(name):
    block, x = randomised(BLOCKS[name](6)), picture(6, (6, 4))
    nl_map = block(x, return_nl_map=True)[1]
    assert nl_map.shape[1] == (1 if block.relates == "global" else 24)
    if block.rows == "distribution":
        assert (nl_map >= 0).all()
        assert torch.allclose(nl_map.sum(-1), torch.ones(()).double())
    else:
        assert not torch.allclose(nl_map.sum(-1), torch.ones(()).double())


@pytest.mark.parametrize("name", PAIRWISE)
@pytest.mark.parametrize("rows_at_a_time", [1, 7, 1000])
def test_rows_columns_and_products_of_the_factors_are_those_of_the_dense_map(name, rows_at_a_time, monkeypatch):
    block, x = randomised(BLOCKS[name](6)), picture(6, (6, 5))
    factors, values = block.factors(x), picture(1, (6, 3)).expand(2, 6, 6, 3)[:, :, :, 0]
    dense = factors.dense()
    monkeypatch.setattr("nlviz.blocks.factors.ROW_BLOCK_BYTES", rows_at_a_time * dense.nbytes // dense.shape[1])
    assert dense.nbytes == factors.nbytes
    torch.testing.assert_close(torch.stack([factors.column(j) for j in range(dense.shape[2])], -1), dense)
    torch.testing.assert_close(torch.cat([factors.rows(i, i + 1) for i in range(dense.shape[1])], 1), dense)
    torch.testing.assert_close(factors @ values, dense @ values)


@pytest.mark.parametrize("name", PAIRWISE)
def test_above_the_byte_budget_the_output_is_the_same_and_no_dense_map_is_built(name, monkeypatch):
    block, x = randomised(BLOCKS[name](6)), picture(6, (6, 5))
    expected, expected_map = block(x, return_nl_map=True)
    monkeypatch.setattr(base_module, "DENSE_BYTES", 0)
    monkeypatch.setattr("nlviz.blocks.non_local.DENSE_BYTES", 0)
    assert isinstance(block.affinity(x), Factors)
    z, nl_map = block(x, return_nl_map=True)
    torch.testing.assert_close(z, expected)
    torch.testing.assert_close(nl_map, expected_map)


def test_weight_names_are_the_published_ones():
    def names(name, **options):
        return set(BLOCKS[name](8, **options).state_dict())
    conv = {"g.0.weight", "g.0.bias", "W.0.weight", "W.0.bias"}
    norm = {f"W.1.{n}" for n in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")}
    embedded = conv | norm | {"theta.weight", "theta.bias", "phi.0.weight", "phi.0.bias"}
    assert names("gaussian") == conv | norm
    assert names("embedded_gaussian") == names("dot_product") == embedded
    assert names("concatenation") == embedded | {"concat_project.0.weight"}
    assert names("embedded_gaussian", sub_sample=False, bn_layer=False) == {
        f"{layer}.{kind}" for layer in ("g", "theta", "phi", "W") for kind in ("weight", "bias")}
    assert names("snl") == {"conv_mask.weight", "conv_mask.bias", "conv_value.weight"}
    assert names("gc") == {"conv_mask.weight", "conv_mask.bias"} | {
        f"channel_add_conv.{i}.{kind}" for i in (0, 1, 3) for kind in ("weight", "bias")}
    assert BLOCKS["concatenation"](8).concat_project[0].weight.shape == (1, 8, 1, 1)


@pytest.mark.parametrize("name", BLOCKS)
def test_wrong_channels_say_what_was_expected_and_what_came(name):
    with pytest.raises(ValueError, match="expects 6 channels, got 5"):
        BLOCKS[name](6)(torch.zeros(1, 5, 4, 4))


@pytest.mark.parametrize("name, options, shape, message", [
    ("gaussian", {"dimension": 4}, None, "dimension must be 1, 2 or 3, got 4"),
    ("embedded_gaussian", {}, (1, 6, 9), "2 grid axes"),
    ("embedded_gaussian", {}, (1, 6, 1, 9), r"pools keys by \(2, 2\), but the grid is only \(1, 9\)"),
    ("snl", {}, (1, 6, 4), "2 grid axes"),
    ("gc", {"pooling_type": "max"}, None, "pooling_type must be 'att' or 'avg', got 'max'"),
    ("gc", {"fusion_types": []}, None, "fusion_types must be some of"),
    ("gc", {"fusion_types": ["add"]}, None, "fusion_types must be some of"),
])
def test_impossible_arguments_are_a_clear_value_error(name, options, shape, message):
    with pytest.raises(ValueError, match=message):
        block = BLOCKS[name](6, **options)
        block(torch.zeros(shape))
