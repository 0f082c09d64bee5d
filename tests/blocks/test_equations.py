"""Every block against plain loops of its equation, in float64, with randomised weights and statistics; and against its peers."""

import itertools

import pytest
import torch
from timm.layers import GlobalContext, NonLocalAttn, SqueezeExcite
from torch import nn
from torchvision.ops import SqueezeExcitation

from nlviz import capture_maps
from nlviz.blocks import BLOCKS
from tests.blocks.building import PAIRWISE, built, picture, randomised
from tests.blocks.loops import LOOPS, Weights

GRIDS = {1: [(5,), (8,)], 2: [(3, 5), (4, 4), (7, 2)], 3: [(3, 2, 5), (2, 4, 2)]}
CASES = [(name, 6, {"dimension": d, "sub_sample": s, "bn_layer": b}, grid)
         for name in PAIRWISE for d in (1, 2, 3) for s in (True, False) for b in (True, False) for grid in GRIDS[d]]
CASES += [(name, channels, options, grid) for name, channels, choices, grids in [
    ("embedded_gaussian", 6, [{"scale_power": power} for power in (0.5, -0.5)], GRIDS[2]),
    ("snl", 6, [{}], GRIDS[2]),
    ("gc", 6, [{"pooling_type": p, "fusion_types": f, "ratio": 0.5} for p in ("att", "avg")
               for f in (["channel_add"], ["channel_mul"], ["channel_add", "channel_mul"])], GRIDS[2]),
    ("se", 6, [{"ratio": 0.5}, {}], GRIDS[2]),
    ("pam", 6, [{}], GRIDS[2]),
    ("pam", 17, [{}], GRIDS[2]),
    ("cam", 6, [{}], GRIDS[2]),
    ("base_oc", 5, [{"scale": 1}, {"scale": 2}, {"scale": 3}], [(3, 5), (6, 6), (7, 4)]),
    ("pyramid_oc", 4, [{"sizes": (1, 2, 3)}, {"sizes": (2,)}, {"sizes": (3, 1)}], [(3, 5), (7, 4)]),
    ("pyramid_oc", 3, [{"sizes": (1, 2, 3, 6)}], [(6, 11)]),
    ("asp_oc", 4, [{"dilations": (1, 2, 3)}, {"dilations": (4, 1, 1)}, {}], [(5, 3), (4, 6), (2, 7)]),
    ("criss_cross", 6, [{"recurrence": r} for r in (1, 2, 3)], [*GRIDS[2], (1, 4), (4, 1), (1, 1)]),
    ("criss_cross", 17, [{}], [(4, 3)]),
    ("disentangled", 6, [{"use_scale": s, "temperature": t, "bn_layer": b}
                         for s in (True, False) for t in (0.05, 1.0) for b in (True, False)], GRIDS[2]),
] for options in choices for grid in grids]
CASES += [(name, 6, options | {"dimension": d}, grid) for d in (1, 3) for grid in GRIDS[d] for name, options in (
    ("snl", {}), ("se", {"ratio": 0.5}), ("cam", {}), ("gc", {"ratio": 0.5, "fusion_types": ["channel_add", "channel_mul"]}),
    ("gc", {"pooling_type": "avg"}))]
CASES += [(name, 6, {"grid": grid, "ratio": ratio}, grid)
          for name in ("rga_spatial", "rga_channel") for ratio in (1, 2, 8) for grid in GRIDS[2]]


@pytest.mark.parametrize("name, channels, options, grid", CASES, ids=str)
def test_maps_and_output_are_those_of_a_plain_loop_over_the_equation(name, channels, options, grid):
    block, x = randomised(BLOCKS[name](channels, **options)), picture(channels, grid)
    with capture_maps(block) as captured:
        z, nl_map = block(x, return_nl_map=True)
    cells = list(itertools.product(*map(range, grid)))
    for item in range(len(x)):
        vectors = dict(zip(cells, x[item].flatten(1).T.tolist()))
        maps, expected_z = LOOPS[name](Weights(block.state_dict()), vectors, **options)
        assert z.shape == x.shape
        close(z[item].flatten(1).T, list(expected_z.values()))
        close(nl_map[item], list(maps.values()) if name == "pyramid_oc" else next(iter(maps.values())))
        assert [m.part for m in captured] == (list(maps) if len(maps) > 1 else [captured[0].part])
        for part, expected in zip(captured, maps.values()):
            close(part.weights[item], expected)


def close(found, expected):
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64), rtol=1e-10, atol=1e-12)


def test_every_block_has_a_loop_to_be_checked_against():
    assert {case[0] for case in CASES} == set(LOOPS) == set(BLOCKS)


def renamed(module, names):
    """The state_dict of a module with its layers' names exchanged."""
    return {names[layer] + "." + kind: t for layer, kind in (key.rsplit(".", 1) for key in module.state_dict())
            for t in [module.state_dict()[f"{layer}.{kind}"]]}


@pytest.mark.parametrize("peer, name, options, names", [
    (lambda: SqueezeExcitation(6, 3), "se", {"ratio": 0.5}, {"fc1": "fc1", "fc2": "fc2"}),
    (lambda: SqueezeExcite(6, rd_channels=3), "se", {"ratio": 0.5}, {"fc1": "fc1", "fc2": "fc2"}),
    (lambda: NonLocalAttn(6, use_scale=False, rd_channels=3), "embedded_gaussian", {"sub_sample": False},
     {"t": "theta", "p": "phi", "g": "g", "z": "W.0", "norm": "W.1"}),
    (lambda: GlobalContext(6, fuse_add=True, fuse_scale=True, rd_channels=3), "gc",
     {"ratio": 0.5, "fusion_types": ("channel_add", "channel_mul")},
     {"conv_attn": "conv_mask"} | {f"mlp_{a}.{b}": f"channel_{c}_conv.{d}" for a, c in (("add", "add"), ("scale", "mul"))
                                   for b, d in (("fc1", 0), ("norm", 1), ("fc2", 3))}),
    (lambda: GlobalContext(6, use_attn=False, fuse_add=False, fuse_scale=True, rd_channels=3), "gc",
     {"ratio": 0.5, "pooling_type": "avg", "fusion_types": ("channel_mul",)},
     {f"mlp_scale.{b}": f"channel_mul_conv.{d}" for b, d in (("fc1", 0), ("norm", 1), ("fc2", 3))}),
], ids=["torchvision SE", "timm SE", "timm NonLocalAttn", "timm GlobalContext", "timm GlobalContext avg"])
def test_the_output_is_that_of_timm_and_torchvision_with_the_same_weights(peer, name, options, names):
    peer, block = randomised(peer()), randomised(BLOCKS[name](6, **options))
    for module in peer.modules():
        if isinstance(module, nn.LayerNorm):
            module.eps = 1e-5  # timm's own is 1e-6
    with torch.no_grad():
        for tensor in block.parameters():
            tensor.zero_()
    block.load_state_dict({key: t.view(block.state_dict()[key].shape) for key, t in renamed(peer, names).items()})
    x = picture(6, (5, 7))
    torch.testing.assert_close(block(x), peer(x), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("grid", [(3, 5), (4, 4), (6, 1)])
def test_two_recurrences_of_criss_cross_are_exactly_both_crosses_and_their_product(grid):
    """out = x + gamma (A1 + A2) V(x) + gamma^2 A2 A1 V(x) Wv^T, the bias of V counted once."""
    block, x = built("criss_cross", 9, grid), picture(9, grid)
    with capture_maps(block) as maps:
        z = block(x)
    weight, bias = block.value_conv.weight[..., 0, 0], block.value_conv.bias
    product, first, second = (m.weights for m in maps)
    assert [m.part for m in maps] == ["A2 A1", "A1", "A2"]
    vectors = x.flatten(2).mT
    values = vectors @ weight.T + bias
    expected = vectors + block.gamma * (first + second) @ values + block.gamma**2 * second @ first @ values @ weight.T
    torch.testing.assert_close(z.flatten(2).mT, expected, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(product, second @ first, rtol=1e-12, atol=1e-12)
    assert (product > 0).all()  # every position reaches every other one in two steps
    cross = torch.tensor([[a // grid[1] == b // grid[1] or a % grid[1] == b % grid[1] for b in range(first.shape[1])]
                          for a in range(first.shape[1])])
    assert ((first > 0) == cross).all() and ((second > 0) == cross).all()
