"""Every block against plain loops of its equation, in float64, with randomised weights and statistics."""

import itertools

import pytest
import torch
from timm.layers import GlobalContext, NonLocalAttn, SqueezeExcite
from torch import nn
from torch.nn import functional as F
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torchvision.ops import SqueezeExcitation

from nlviz import capture_maps
from nlviz.blocks import BLOCKS
from tests.blocks.loops import LOOPS, Weights

PAIRWISE = ["gaussian", "embedded_gaussian", "dot_product", "concatenation"]
FRESH_IDENTITY = [*PAIRWISE, "snl", "gc", "pam", "cam", "criss_cross", "disentangled"]
GRIDS = {1: [(5,), (8,)], 2: [(3, 5), (4, 4), (7, 2)], 3: [(3, 2, 5), (2, 4, 2)]}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    """Tensors are tiny: on a busy machine, threads that wait for each other take ten times as long as one."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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


def built(name, channels, grid, **options):
    """A block that takes this grid, of a size for tests."""
    fitting = {"gc": {"ratio": 0.5, "fusion_types": ("channel_add", "channel_mul")}, "se": {"ratio": 0.5},
               "pyramid_oc": {"sizes": range(1, min(grid) + 1)[:3]}, "asp_oc": {"dilations": (1, 2, 3)},
               "rga_spatial": {"grid": grid, "ratio": 2}, "rga_channel": {"grid": grid, "ratio": 2}}
    return randomised(BLOCKS[name](channels, **{**fitting.get(name, {}), **options}))


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


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_output_is_bit_equal_whether_the_map_is_asked_for_captured_or_not(name, dtype):
    block, x = built(name, 6, (6, 5)).to(dtype), picture(6, (6, 5)).to(dtype)
    expected = block(x)
    assert torch.equal(block(x, return_nl_map=True)[0], expected)
    assert torch.equal(block(x, return_nl_map="as used")[0], expected)
    for dense_bytes in (2**20, 0):
        with capture_maps(block, dense_bytes):
            assert torch.equal(block(x), expected)


@pytest.mark.parametrize("name", BLOCKS)
def test_gradients_of_input_and_parameters_are_those_of_finite_differences(name):
    block, x = built(name, 4, (3, 2)), picture(4, (3, 2), batch=1)
    parameters = dict(block.named_parameters())
    assert all(p.requires_grad for p in parameters.values())
    values = [t.detach().clone().requires_grad_() for t in (x, *parameters.values())]
    assert torch.autograd.gradcheck(lambda x, *values: torch.func.functional_call(block, dict(zip(parameters, values)), (x,)),
                                    values)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_fresh_block_is_the_identity_where_the_published_one_is(name):
    x = picture(8, (4, 6)).float()
    block = BLOCKS[name](8, **({"grid": (4, 6)} if "rga" in name else {"sizes": (1, 2)} if name == "pyramid_oc" else {})).eval()
    assert torch.allclose(block(x), x) == (name in FRESH_IDENTITY)


@pytest.mark.parametrize("name", BLOCKS)
def test_rows_are_what_the_block_says_they_are(name):
    block, x = built(name, 6, (6, 4)), picture(6, (6, 4))
    with capture_maps(block) as maps:
        block(x)
    assert (maps[0].relates, maps[0].rows) == (block.relates, block.rows)
    positions = (24, 6) if name in PAIRWISE else (6, 6) if name == "asp_oc" else (24, 24)
    for m in maps:
        shape = {"positions": positions, "global": (1, 24), "channels": (6, 6),
                 "gate": (24,) if m.part == "gate of positions" else (6,)}[m.relates]
        assert m.weights.shape == (2, *shape) and m.shape == shape
        sums = m.weights.sum(-1)
        if m.rows == "distribution":
            assert (m.weights >= 0).all()
            torch.testing.assert_close(sums, torch.ones_like(sums))
        else:
            assert (sums - 1).abs().min() > 1e-3
        if m.part.startswith("gate") or name == "se":
            assert ((m.weights > 0) & (m.weights < 1)).all()
        if m.part == "relations":
            assert (m.weights >= 0).all()
        if m.part == "sum":
            torch.testing.assert_close(sums, torch.full_like(sums, 2))


def layers(*names, kinds=("weight", "bias")):
    return {f"{name}.{kind}" for name in names for kind in kinds}


def norms(*names):
    return layers(*names, kinds=("weight", "bias", "running_mean", "running_var", "num_batches_tracked"))


def object_context(stage):
    return layers(*(f"{stage}.{layer}" for layer in ("f_key.0", "f_query.0", "f_value", "W"))) | norms(
        f"{stage}.f_key.1", f"{stage}.f_query.1")


def relation_aware(suffix):
    names = [f"{name}_{suffix}" for name in ("gx", "gg", "theta", "phi", "W")]
    return (layers(*(f"{name}.0" for name in names), f"W_{suffix}.3", kinds=["weight"])
            | norms(*(f"{name}.1" for name in names), f"W_{suffix}.4"))


NON_LOCAL = layers("g.0", "W.0") | norms("W.1")
EMBEDDED = NON_LOCAL | layers("theta", "phi.0")
DAN = layers("query_conv", "key_conv", "value_conv") | {"gamma"}
PUBLISHED_NAMES = [
    ("gaussian", {}, NON_LOCAL),
    ("embedded_gaussian", {}, EMBEDDED),
    ("dot_product", {}, EMBEDDED),
    ("concatenation", {}, EMBEDDED | {"concat_project.0.weight"}),
    ("gaussian", {"sub_sample": False}, layers("g", "W.0") | norms("W.1")),
    ("embedded_gaussian", {"sub_sample": False, "bn_layer": False}, layers("g", "theta", "phi", "W")),
    ("snl", {}, layers("conv_mask") | {"conv_value.weight"}),
    ("gc", {}, layers("conv_mask", *(f"channel_add_conv.{i}" for i in (0, 1, 3)))),
    ("gc", {"pooling_type": "avg", "fusion_types": ["channel_mul"]}, layers(*(f"channel_mul_conv.{i}" for i in (0, 1, 3)))),
    ("se", {}, layers("fc1", "fc2")),
    ("pam", {}, DAN),
    ("cam", {}, {"gamma"}),
    ("base_oc", {}, object_context("stages.0") | layers("conv_bn_dropout.0") | norms("conv_bn_dropout.1")),
    ("pyramid_oc", {}, set.union(*(object_context(f"stages.{i}") for i in range(4)))
     | layers("up_dr.0", "conv_bn_dropout.0") | norms("up_dr.1", "conv_bn_dropout.1")),
    ("asp_oc", {}, object_context("context.2.stages.0") | layers("context.0", "context.2.conv_bn_dropout.0")
     | layers("conv2.0", "conv3.0", "conv4.0", "conv5.0", "conv_bn_dropout.0", kinds=["weight"])
     | norms("context.1", "context.2.conv_bn_dropout.1", "conv2.1", "conv3.1", "conv4.1", "conv5.1", "conv_bn_dropout.1")),
    ("criss_cross", {}, DAN),
    ("rga_spatial", {}, relation_aware("spatial")),
    ("rga_channel", {}, relation_aware("channel")),
    ("disentangled", {}, layers("g", "theta", "phi", "conv_mask", "W.0") | norms("W.1")),
]


@pytest.mark.parametrize("name, options, expected", PUBLISHED_NAMES, ids=str)
def test_weight_names_are_the_published_ones(name, options, expected):
    assert set(BLOCKS[name](8, **options).state_dict()) == expected


def test_every_block_has_its_published_names_checked():
    assert {name for name, _, _ in PUBLISHED_NAMES} == set(BLOCKS)


@pytest.mark.parametrize("name, channels, options, shapes", [
    ("embedded_gaussian", 512, {}, {"theta.weight": (256, 512), "g.0.weight": (256, 512), "W.0.weight": (512, 256)}),
    ("concatenation", 512, {}, {"concat_project.0.weight": (1, 512)}),
    ("gc", 512, {}, {"conv_mask.weight": (1, 512), "channel_add_conv.0.weight": (32, 512), "channel_add_conv.1.weight": (32,)}),
    ("se", 512, {}, {"fc1.weight": (32, 512), "fc2.weight": (512, 32)}),
    ("pam", 512, {}, {"query_conv.weight": (64, 512), "key_conv.weight": (64, 512), "value_conv.weight": (512, 512),
                      "gamma": (1,)}),
    ("cam", 512, {}, {"gamma": (1,)}),
    ("base_oc", 512, {}, {"stages.0.f_key.0.weight": (256, 512), "stages.0.f_value.weight": (256, 512),
                          "stages.0.W.weight": (512, 256), "conv_bn_dropout.0.weight": (512, 1024)}),
    ("pyramid_oc", 512, {}, {"stages.3.f_key.0.weight": (256, 512), "stages.3.f_value.weight": (512, 512),
                             "up_dr.0.weight": (2048, 512), "conv_bn_dropout.0.weight": (512, 4096)}),
    ("asp_oc", 512, {}, {"context.0.weight": (256, 512, 3, 3), "context.2.stages.0.f_key.0.weight": (128, 256),
                         "context.2.stages.0.f_value.weight": (256, 256), "conv3.0.weight": (256, 512, 3, 3),
                         "conv_bn_dropout.0.weight": (512, 1280)}),
    ("criss_cross", 512, {}, {"query_conv.weight": (64, 512), "value_conv.weight": (512, 512)}),
    ("rga_spatial", 256, {"grid": (64, 32)}, {"theta_spatial.0.weight": (32, 256), "gx_spatial.0.weight": (32, 256),
                                              "gg_spatial.0.weight": (256, 4096), "W_spatial.0.weight": (32, 257)}),
    ("rga_channel", 256, {"grid": (64, 32)}, {"theta_channel.0.weight": (256, 2048), "gx_channel.0.weight": (256, 2048),
                                              "gg_channel.0.weight": (32, 512), "W_channel.0.weight": (4, 33)}),
    ("disentangled", 512, {}, {"theta.weight": (256, 512), "conv_mask.weight": (1, 512)}),
], ids=str)
def test_weights_have_the_published_shapes(name, channels, options, shapes):
    with torch.device("meta"):
        state = BLOCKS[name](channels, **options).state_dict()
    for layer, shape in shapes.items():
        assert tuple(state[layer].shape) in (shape, (*shape, 1, 1)), layer


@pytest.mark.parametrize("name, stage", [("base_oc", "stages.0"), ("pyramid_oc", "stages.1"), ("asp_oc", "context.2.stages.0")])
def test_queries_of_object_context_are_keys_saved_under_both_names(name, stage):
    block = built(name, 8, (4, 5))
    assert block.get_submodule(f"{stage}.f_query") is block.get_submodule(f"{stage}.f_key")
    state, other = block.state_dict(), built(name, 8, (4, 5))
    assert all(state[key].data_ptr() == state[key.replace("f_query", "f_key")].data_ptr() for key in state if "f_query" in key)
    changed = {key: t + 0.5 if t.is_floating_point() else t for key, t in state.items()}
    other.load_state_dict(changed)
    assert all(torch.equal(t, changed[key]) for key, t in other.state_dict().items())


@pytest.mark.parametrize("name", BLOCKS)
def test_bad_input_says_what_was_expected_and_what_came(name):
    block = built(name, 6, (4, 4)).float()
    with pytest.raises(ValueError, match=r"expects 6 channels, got 5"):
        block(torch.zeros(1, 5, 4, 4))
    for shape in [(1, 6, 4), (6, 4, 4), (1, 6, 2, 4, 4)]:
        with pytest.raises(ValueError, match=rf"expects \(B, C, 2 grid axes\), got shape {shape}".replace("(1", r"\(1").replace(
                "(6", r"\(6").replace("4)", r"4\)")):
            block(torch.zeros(shape))
    for channels in (0, -3):
        with pytest.raises(ValueError, match=rf"in_channels must be at least 1, got {channels}"):
            BLOCKS[name](channels)


@pytest.mark.parametrize("name, options, shape, message", [
    *((name, {"dimension": d}, None, f"dimension must be 1, 2 or 3, got {d}") for name in PAIRWISE for d in (0, 4)),
    ("embedded_gaussian", {}, (1, 6, 1, 9), r"pools keys by \(2, 2\), but the grid is only \(1, 9\)"),
    ("gaussian", {"dimension": 1}, (1, 6, 1), r"pools keys by \(2,\), but the grid is only \(1,\)"),
    ("concatenation", {"dimension": 3}, (1, 6, 1, 2, 1), r"pools keys by \(1, 2, 2\), but the grid is only \(1, 2, 1\)"),
    ("gc", {"pooling_type": "max"}, None, "pooling_type must be 'att' or 'avg', got 'max'"),
    ("gc", {"fusion_types": []}, None, r"fusion_types must be some of 'channel_add', 'channel_mul', got \[\]"),
    ("gc", {"fusion_types": ["add"]}, None, r"fusion_types must be some of .*, got \['add'\]"),
    ("base_oc", {"scale": 0}, None, "scale must be at least 1, got 0"),
    ("base_oc", {"scale": 3}, (1, 6, 2, 9), r"BaseOC pools keys by \(3, 3\), but the grid is only \(2, 9\)"),
    ("pyramid_oc", {"sizes": ()}, None, r"sizes must be one or more partitions of at least 1, got \(\)"),
    ("pyramid_oc", {"sizes": (2, 0)}, None, r"sizes must be one or more partitions of at least 1, got \(2, 0\)"),
    ("pyramid_oc", {}, (1, 6, 9, 5), r"parts the grid 6 x 6, but it is only \(9, 5\)"),
    ("asp_oc", {"dilations": (1, 2)}, None, r"dilations must be three.*, got \(1, 2\)"),
    ("asp_oc", {"dilations": (1, 2, 0)}, None, r"dilations must be three of at least 1, got \(1, 2, 0\)"),
    ("asp_oc", {}, (1, 6, 5, 1), r"AspOC pools keys by \(2, 2\), but the grid is only \(5, 1\)"),
    ("criss_cross", {"recurrence": 0}, None, "recurrence must be at least 1, got 0"),
    *((name, options, shape, message) for name in ("rga_spatial", "rga_channel") for options, shape, message in [
        ({"grid": (4, 5)}, (1, 6, 5, 4), r"built for a grid of \(4, 5\).*got \(5, 4\)\. Build it with grid=\(5, 4\)"),
        ({"grid": (4,)}, None, r"grid must be \(rows, columns\).*, got \(4,\)"),
        ({"grid": (4, 0)}, None, r"grid must be \(rows, columns\).*, got \(4, 0\)"),
        ({"ratio": 0}, None, "ratio must be at least 1, got 0")]),
    *(("disentangled", {"temperature": t}, None, f"temperature must be above 0, got {t}") for t in (0, -0.5)),
], ids=str)
def test_impossible_arguments_are_a_clear_value_error(name, options, shape, message):
    if shape is None:  # wrong options fail when the block is built, not when it runs
        with pytest.raises(ValueError, match=message):
            BLOCKS[name](6, **options)
    else:
        block = BLOCKS[name](6, **options)
        with pytest.raises(ValueError, match=message):
            block(torch.zeros(shape))


class Largest(TorchDispatchMode):
    """The bytes of the largest tensor that any operation makes."""

    nbytes = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        found = func(*args, **(kwargs or {}))
        self.nbytes = max([self.nbytes, *(t.untyped_storage().nbytes() for t in tree_leaves(found) if isinstance(t, torch.Tensor))])
        return found


def largest(block, x):
    with Largest() as seen, torch.no_grad():
        block(x)
    return seen.nbytes


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
    for budget in ("lazy.ROW_BLOCK_BYTES", "factors.UNFUSED_BYTES"):
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
    monkeypatch.setattr("nlviz.maps.factors.PLAIN_BYTES", 0)  # small maps whose values are wider than their queries
    calls, real = [], F.scaled_dot_product_attention
    monkeypatch.setattr(F, "scaled_dot_product_attention", lambda *args, **kwargs: calls.append(args) or real(*args, **kwargs))
    built(name, 6, (6, 5))(picture(6, (6, 5)))
    assert sum(q.shape[2] for q, _, _ in calls) == queries
