"""replaced_maps: the pass with other rows is the one written by hand with those rows, and nothing is left of it."""

import copy
import pickle
import threading

import pytest
import timm
import torch
import torchvision
from timm.layers import Attention
from timm.models.swin_transformer import WindowAttention
from torch import nn
from torch.nn.modules import module as hooked
from torch.overrides import _get_current_function_mode_stack

from nlviz import capture_maps, replaced_maps
from nlviz.blocks import BLOCKS, Block
from nlviz.capture import HOWS, CannotReplace, NoAttention, Replaced
from nlviz.maps import new_order
from tests.capture.by_hand import OfSwin, OfTimm, OfTorch, by_hand, rows_replaced, windows_there
from tests.capture.modules import ByHandNormalised, Einsum, FirstAxis, Functional, NoSoftmax, Sigmoid

GATES = ("se", "cam", "rga_channel")
POSITIONS = [name for name in BLOCKS if name not in (*GATES, "snl", "gc")]
OPTIONS = {"rga_spatial": {"grid": (6, 6), "ratio": 1}, "rga_channel": {"grid": (6, 6)}}


def built(name: str, **options) -> tuple[Block, torch.Tensor]:
    """A block in float64 with every weight random, and two pictures for it."""
    torch.manual_seed(0)
    block = BLOCKS[name](6, **OPTIONS.get(name, {}), **options).double().eval()
    for weights in block.parameters():
        nn.init.normal_(weights, std=0.5)
    return block, torch.randn(2, 6, 6, 6, dtype=torch.float64)


def expected_rows(block: Block, weights: torch.Tensor, how: str, cells: torch.Tensor | None = None) -> torch.Tensor:
    """Dense rows (B, N, N') replaced by loops, cell by cell."""
    if how == "identity" and weights.shape[2] < weights.shape[1]:  # keys pooled by 2 x 2
        cell = [(n // 6 // 2) * 3 + n % 6 // 2 for n in range(36)]
        return weights.sum(-1, keepdim=True) * nn.functional.one_hot(torch.tensor(cell), 9)
    seen = torch.ones_like(weights) if block.rows == "scaled" or "rga" in type(block).__name__.lower() else weights != 0
    if cells is None:
        return rows_replaced(weights, how, seen)
    found = torch.zeros_like(weights)
    for cell in cells.unique():
        at = (cells == cell).nonzero()[:, 0]
        found[:, at[:, None], at] = rows_replaced(weights[:, at[:, None], at], how)
    return found


def expected_z(name: str, block: Block, x: torch.Tensor, how: str) -> torch.Tensor:
    if how == "nothing":
        return x
    if name == "criss_cross":  # the second map is that of what the first, replaced, gave
        for _ in range(block.recurrence):
            x = block.recur(x, expected_rows(block, block.crosses(x).dense(), how))
        return x
    used = block(x, return_nl_map="as used")[1]
    if name == "pyramid_oc":
        return block.aggregate(x, [expected_rows(block, part.dense(), how, part.cells) for part in used])
    if name == "disentangled":  # the unary row stays
        return block.rederive(x, (expected_rows(block, used[0].dense(), how), used[1]))
    if name == "rga_spatial":
        return block.rederive(x, (expected_rows(block, used[0].dense(), how), used[1]))
    return block.rederive(x, expected_rows(block, used.dense(), how))


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", POSITIONS)
@torch.no_grad()
def test_a_block_gives_what_dense_rows_replaced_by_hand_give(name, how):
    block, x = built(name)
    z = block(x)
    with replaced_maps(block, how) as layers:
        found = block(x)
    assert (found - expected_z(name, block, x, how)).abs().max() <= 1e-9 * z.abs().max()
    assert [one.layer for one in layers] == [""] and torch.equal(block(x), z)
    assert how == "itself" or (found - z).abs().max() > 1e-6


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("name", ["snl", "gc"])
def test_one_map_for_all_queries_stays_and_nothing_takes_its_addition_away(name, how):
    block, x = built(name)
    with replaced_maps(block, how):
        found = block(x)
    assert torch.equal(found, x if how == "nothing" else block(x))


@pytest.mark.parametrize("name", GATES)
def test_gates_and_maps_of_channels_stay_and_alone_are_an_error(name):
    block, x = built(name)
    both = nn.Sequential(block, built("pam")[0])
    with replaced_maps(both, "nothing") as layers:
        assert torch.equal(both(x), block(x))
    assert [one.layer for one in layers] == ["1"]
    with pytest.raises(CannotReplace, match="gates and maps of channels"), replaced_maps(block, "mean row"):
        block(x)


@pytest.mark.parametrize("how", HOWS[:4])
@pytest.mark.parametrize("name", POSITIONS)
def test_a_replaced_map_that_is_captured_is_the_one_that_was_used(name, how):
    block, x = built(name)
    with replaced_maps(block, how), capture_maps(block) as maps:
        block(x)
    assert {parity.outcome for parity in maps.report.parity} <= {"holds"}
    if len(maps) == 1:
        torch.testing.assert_close(maps[0].weights, expected_rows(block, block(x, True)[1], how), rtol=0, atol=1e-12)
    torch.testing.assert_close(maps[-1].lazy.column(2) if maps[-1].lazy else maps[-1].weights[..., 2],
                               maps[-1].weights[..., 2], rtol=0, atol=1e-12)


def test_identity_needs_a_key_for_each_query_and_the_error_names_the_layer():
    net = nn.Sequential(nn.Identity(), BLOCKS["embedded_gaussian"](4))
    with pytest.raises(CannotReplace, match=r"layer '1'.*13 of 49 lie in none"), replaced_maps(net, "identity"):
        net(torch.randn(1, 4, 7, 7))
    cross = Cross()
    with pytest.raises(CannotReplace, match=r"layer ''.*identity.*4 queries"), replaced_maps(cross, "identity"):
        cross(torch.randn(2, 6, 8))


class Cross(nn.Module):
    """Four learned tokens ask a sequence."""

    def __init__(self):
        super().__init__()
        self.query_embed = nn.Parameter(torch.randn(4, 8))

    def forward(self, x):
        q = self.query_embed + 0 * x.mean(1, keepdim=True)
        return (q @ x.mT).softmax(-1) @ x


NETWORKS = {
    "timm's ViT": (lambda: timm.create_model("vit_tiny_patch16_224", img_size=48, depth=2), Attention, OfTimm, (2, 3, 48, 48)),
    "torchvision's ViT": (lambda: torchvision.models.VisionTransformer(48, 16, 2, 3, 48, 96), nn.MultiheadAttention, OfTorch,
                          (2, 3, 48, 48)),
    "Swin, windows and shifted": (lambda: timm.create_model("swin_tiny_patch4_window7_224", img_size=112, depths=(2, 2),
                                                            num_heads=(3, 6)), WindowAttention, OfSwin, (2, 3, 112, 112)),
    "nn.MultiheadAttention": (lambda: nn.MultiheadAttention(32, 4, batch_first=True), nn.MultiheadAttention, OfTorch, (2, 9, 32)),
}


@pytest.fixture(params=[(name, fused) for name in NETWORKS for fused in (True, False)], ids=str)
def network(request):
    """(network in float64 with a tail that is no zero, kind, its attention by hand, input), fused or step by step."""
    (make, kind, written, shape), fused = NETWORKS[request.param[0]], request.param[1]
    torch.manual_seed(0)
    net = make().double().eval()
    for name, weights in net.named_parameters():
        if name.startswith("head"):
            nn.init.normal_(weights)
    for module in net.modules():
        if hasattr(module, "fused_attn"):
            module.fused_attn = fused
    call = (lambda n, x: n(x, x, x, need_weights=not fused)[0]) if kind is type(net) else (lambda n, x: n(x))
    return net, kind, written, torch.randn(shape, dtype=torch.float64), call


@pytest.mark.parametrize("how", HOWS)
@torch.no_grad()
def test_a_network_gives_what_its_attention_by_hand_gives(network, how):
    net, kind, written, x, call = network
    before = call(net, x)
    expected = call(by_hand(net, kind, written, how), x)
    with replaced_maps(net, how) as layers:
        found = call(net, x)
    assert (found - expected).abs().max() <= 1e-8 * before.abs().max()
    assert len(layers) == sum(isinstance(module, kind) for module in net.modules())
    assert torch.equal(call(net, x), before) and (how == "itself" or not torch.allclose(found, before))


def test_itself_changes_nothing_in_float32(network):
    net, _, _, x, call = network
    net, x = net.float(), x.float()
    with torch.no_grad(), replaced_maps(net, "itself"):
        found = call(net, x)
    assert (found - call(net, x)).norm() <= 1e-5 * found.norm()


@pytest.mark.parametrize("module", [Functional, Einsum, FirstAxis, NoSoftmax, Sigmoid, ByHandNormalised])
@pytest.mark.parametrize("how", HOWS)
@torch.no_grad()
def test_an_attention_written_by_hand_is_replaced_whichever_axis_is_which(module, how):
    net, x = module().double(), torch.randn(2, 6, 8, dtype=torch.float64)
    with replaced_maps(net, how):
        found = net(x)
    expected = rows_replaced(net.used(x)[:, 0], how) @ net.v(x)
    assert (found - expected).abs().max() < 1e-12


@pytest.mark.parametrize("how", HOWS)
@torch.no_grad()
def test_padding_is_no_query(how):
    net = timm.create_model("swin_tiny_patch4_window7_224", img_size=72, depths=(2,), num_heads=(3,)).double().eval()
    torch.manual_seed(1)
    nn.init.normal_(net.head.fc.weight)
    x, hand = torch.randn(2, 3, 72, 72, dtype=torch.float64), by_hand(net, WindowAttention, OfSwin, how)
    for block in hand.layers[0].blocks:
        block.attn.there = windows_there((18, 18), block.window_size)
        assert not block.attn.there.all()
    with replaced_maps(net, how):
        found = net(x)
    assert (found - hand(x)).abs().max() <= 1e-8 * found.abs().max()


@torch.no_grad()
def test_a_masked_key_gets_no_weight():
    net, x = nn.MultiheadAttention(8, 2, batch_first=True).double().eval(), torch.randn(2, 5, 8, dtype=torch.float64)
    padded = torch.tensor([[False] * 5, [False, False, True, False, True]])
    for need_weights in (True, False):
        with replaced_maps(net, "uniform"):
            found = net(x, x, x, key_padding_mask=padded, need_weights=need_weights)[0]
        values = torch.nn.functional.linear(x, net.in_proj_weight[16:], net.in_proj_bias[16:])
        expected = net.out_proj(torch.stack([values[0].mean(0), values[1][~padded[1]].mean(0)]))
        assert (found - expected[:, None]).abs().max() < 1e-12


@torch.no_grad()
def test_a_causal_query_spreads_over_what_came_before_it():
    class Causal(Functional):
        def attend(self, q, k, v):
            return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)

    net, x = Causal().double(), torch.randn(1, 4, 8, dtype=torch.float64)
    with replaced_maps(net, "uniform"):
        found = net(x)
    torch.testing.assert_close(found[0, 2], net.v(x)[0, :3].mean(0))


@torch.no_grad()
def test_heads_are_numbered_from_0_and_the_others_stay():
    net, x = nn.MultiheadAttention(32, 4, batch_first=True).double().eval(), torch.randn(2, 9, 32, dtype=torch.float64)
    for heads in ([1], (0, 3), {1: [2]}, {"": (2, 0)}):
        with replaced_maps(net, "mean row", heads=heads):
            found = net(x, x, x)[0]
        chosen = next(iter(heads.values())) if isinstance(heads, dict) else heads
        torch.testing.assert_close(found, by_hand(net, nn.MultiheadAttention, OfTorch, "mean row", chosen)(x)[0])
    with pytest.raises(CannotReplace, match="no head 4: it has 4, numbered from 0"), replaced_maps(net, "mean row", heads=[4]):
        net(x, x, x)
    block, x = built("pam")
    with pytest.raises(CannotReplace, match="one head, number 0"), replaced_maps(block, "mean row", heads=[1]):
        block(x)


@torch.no_grad()
def test_layers_are_chosen_by_name_or_by_number():
    torch.manual_seed(0)
    net, x = timm.create_model("vit_tiny_patch16_224", img_size=48, depth=3).eval(), torch.randn(1, 3, 48, 48)
    nn.init.normal_(net.head.weight)
    outputs = []
    for layers, heads in ((["blocks.1"], None), ([2], None), ([2, 2], None), (None, {2: [0, 1, 2]}),
                          (None, {"blocks.1.attn": [2, 1, 0]})):
        with replaced_maps(net, "mean row", layers, heads) as done:
            outputs += [net(x), net(x)]  # numbers begin again with each pass
        assert done == [Replaced("blocks.1.attn", 2, 3)] * 2
    assert all(torch.equal(outputs[0], other) for other in outputs)
    own, x = nn.Sequential(built("pam")[0], built("pyramid_oc")[0], built("pam")[0]), built("pam")[1]
    with replaced_maps(own, "nothing", [2]) as done:
        own(x)
    assert done == [Replaced("1", 2, None)]


@pytest.mark.parametrize("arguments, words", [
    (("mean",), "how must be one of 'mean row', 'identity'.*got 'mean'"), (("mean row", ["blocks.9"]), "no layer 'blocks.9'"),
    (("mean row", "blocks"), "layers must be a list"), (("mean row", [0]), "from 1 on, got 0"),
    (("mean row", []), "no layer is chosen"),
    (("mean row", None, [-1]), "different numbers from 0"), (("mean row", None, []), "at least one"),
    (("mean row", None, [1, 1]), "different"), (("mean row", [1], {1: [0]}), "leave layers out"),
    (("mean row", [7]), "no map number 7: there were 2 in this pass"), (("mean row", ["patch_embed"]), "no attention ran in layer"),
])
def test_what_there_is_not_is_an_error_that_says_what_there_is(arguments, words):
    net = timm.create_model("vit_tiny_patch16_224", img_size=32, depth=2)
    with pytest.raises(ValueError, match=words), replaced_maps(net, *arguments):
        net(torch.randn(1, 3, 32, 32))


def test_a_network_without_attention_and_one_with_linear_attention_say_so():
    with pytest.raises(NoAttention), replaced_maps(net := nn.Conv2d(3, 3, 1), "mean row"):
        net(torch.randn(1, 3, 4, 4))

    class Linear(nn.Module):
        def forward(self, x):
            return x.softmax(-1) @ (x.softmax(-2).mT @ x)

    with pytest.raises((CannotReplace, NoAttention), match="linear attention"), replaced_maps(net := Linear(), "mean row"):
        net(torch.randn(1, 5, 4))


def left_over(net: nn.Module) -> tuple:
    return (len(hooked._global_forward_hooks), len(hooked._global_forward_pre_hooks), len(_get_current_function_mode_stack()),
            len(Block.replacers), len(Block.watchers), [len(m._forward_hooks) for m in net.modules()], list(vars(net)))


def test_nothing_is_left_also_when_the_pass_raised_or_the_model_was_copied_inside():
    net = nn.Sequential(built("pam")[0], nn.Flatten(2), Functional().double())
    x, before = torch.randn(2, 6, 2, 4, dtype=torch.float64), left_over(net)
    z = net(x)
    with replaced_maps(net, "mean row"):
        inside = copy.deepcopy(net), pickle.loads(pickle.dumps(net))
        assert not torch.equal(net(x), z)
        assert all(torch.equal(other(x), z) for other in inside)  # another network
    with pytest.raises(ValueError), replaced_maps(net, "mean row"):
        net(x[0])
    with pytest.raises(RuntimeError), replaced_maps(net, "mean row"):
        net(x[..., :3])
    assert left_over(net) == before and torch.equal(net(x), z)


def test_gradients_are_those_of_the_attention_by_hand():
    net, x = nn.MultiheadAttention(16, 2, batch_first=True).double().eval(), torch.randn(2, 5, 16, dtype=torch.float64)
    for how in ("mean row", "identity", "uniform", "shuffled"):
        found = []
        for other in (False, True):
            inputs = x.clone().requires_grad_()
            if other:
                out = by_hand(net, nn.MultiheadAttention, OfTorch, how)(inputs)[0]
            else:
                with replaced_maps(net, how):
                    out = net(inputs, inputs, inputs, need_weights=False)[0]
            found.append(torch.autograd.grad(out.square().sum(), inputs)[0])
        torch.testing.assert_close(*found)


@pytest.mark.parametrize("outer, inner", [
    (None, None), ([1], None), ([1], [2, 1]), (["blocks.0"], ["blocks.0.attn"]), (["blocks.0"], [2]), ([""], ["blocks.1"])])
def test_a_map_is_replaced_by_one_alone(outer, inner):
    net, x = timm.create_model("vit_tiny_patch16_224", img_size=32, depth=2).eval(), torch.randn(1, 3, 32, 32)
    with replaced_maps(net, "nothing", outer) as done:
        with pytest.raises(ValueError, match="replaced already, by a `with` that is not over"):
            replaced_maps(net, "identity", inner).__enter__()
        net(x)
    assert done
    with replaced_maps(net, "identity", inner):  # it is over
        net(x)


@torch.no_grad()
@pytest.mark.parametrize("first, second", [([1], [2]), (["blocks.0"], ["blocks.1"])])
def test_maps_of_different_layers_are_replaced_together_whichever_with_is_within(first, second):
    torch.manual_seed(0)
    net, x = timm.create_model("vit_tiny_patch16_224", img_size=32, depth=2).eval(), torch.randn(1, 3, 32, 32)
    nn.init.normal_(net.head.weight)
    with replaced_maps(net, "nothing", first) as one, replaced_maps(net, "uniform", second) as other:
        outputs = [net(x)]
    assert [[found.number for found in done] for done in (one, other)] == [[1], [2]]
    with replaced_maps(net, "uniform", second), replaced_maps(net, "nothing", first):
        outputs.append(net(x))
    for layers, how in ((first, "nothing"), (second, "uniform")):
        with replaced_maps(net, how, layers):
            outputs.append(net(x))
    assert torch.allclose(outputs[0], outputs[1], atol=1e-6)
    assert all((outputs[0] - other).abs().max() > 1e-4 for other in outputs[2:])


@torch.no_grad()
def test_threads_get_the_same():
    net, x = timm.create_model("vit_tiny_patch16_224", img_size=48, depth=2).eval(), torch.randn(1, 3, 48, 48)
    nn.init.normal_(net.head.weight)
    outputs = {}

    def run(name: str) -> None:
        with torch.no_grad():
            outputs[name] = net(x)

    with replaced_maps(net, "mean row", [2]):
        threads = [threading.Thread(target=run, args=(name,)) for name in "ab"]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        here = net(x)
    assert torch.equal(outputs["a"], here) and torch.equal(outputs["b"], here) and not torch.equal(net(x), here)


def test_the_new_order_is_one_and_the_same_each_time():
    assert torch.equal(new_order(50).sort()[0], torch.arange(50)) and torch.equal(new_order(50), new_order(50))
    cells = torch.arange(12) % 3
    assert torch.equal(cells[new_order(12, cells)], cells)
