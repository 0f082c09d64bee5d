"""Any module's map: the one that it used, by a plain recomputation, and everything as if nobody had looked."""

import copy
import pickle
import threading

import pytest
import torch
from torch import nn
from torch.nn.modules import module as hooked
from torch.overrides import _get_current_function_mode

from nlviz import capture_maps
from nlviz.blocks import Block
from nlviz.capture import NoAttention
from tests.capture import modules

EVERY = pytest.mark.parametrize("kind", modules.EVERY)
DISTRIBUTIONS = {modules.NoSoftmax: "raw", modules.Sigmoid: "raw", modules.TalkingHeads: "raw"}


def made(kind):
    torch.manual_seed(4)
    return kind().eval()


def tokens(items=2, seed=0):
    return torch.randn(items, 6, 8, generator=torch.Generator().manual_seed(seed))


def nothing_is_left():
    return (Block.watchers == [] and _get_current_function_mode() is None and not hooked._global_forward_hooks
            and not hooked._global_forward_pre_hooks)


@EVERY
@pytest.mark.parametrize("items", [1, 2, 3])
def test_the_map_is_the_one_that_was_used_and_the_output_is_untouched(kind, items):
    net, x = made(kind), tokens(items)
    expected = net(x)
    with capture_maps(net) as maps:
        found = net(x)
    used = net.used(x)
    assert torch.equal(found, expected) and nothing_is_left()
    assert len(maps) == 1 and maps.report.summary == "1 of 1 maps" and maps.report.faults == []
    torch.testing.assert_close(maps[0].weights, used, rtol=0, atol=3e-7)
    assert maps[0].heads == kind.heads and maps[0].query_grid == maps[0].key_grid == (6,)
    masked = kind is modules.FusedMasked  # one of its queries sees nothing
    assert masked or maps[0].rows == DISTRIBUTIONS.get(kind, "distribution")
    assert maps[0].layer == "" and maps[0].block == kind.__name__


@EVERY
def test_map_times_values_is_what_the_product_gave_and_another_map_is_not(kind):
    net, x = made(kind), tokens()
    for dense_bytes in (2**20, 0):
        try:
            with capture_maps(net, dense_bytes) as maps:
                net(x)
        except NoAttention as error:
            assert dense_bytes == 0 and error.report.too_large == [""] and "larger than the budget" in str(error)
            continue
        parity, = maps.report.parity
        assert parity.outcome == "holds" and parity.difference < 1e-6 and "is what the product gave" in parity.text
        maps[0].values.copy_(maps[0].values.flip(2))
        wrong, = maps.report.parity
        assert wrong.outcome == "differs" and "is not" in wrong.text


@EVERY
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_parity_holds_in_every_precision(kind, dtype):
    net, x = made(kind).to(dtype), tokens().to(dtype)
    with torch.no_grad(), capture_maps(net) as maps:
        net(x)
    assert maps[0].precision is dtype and maps.report.parity[0].outcome == "holds"


@EVERY
def test_under_autocast_the_map_is_the_one_that_was_used(kind):
    net, x = made(kind), tokens()
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        expected = net(x)
        with capture_maps(net) as maps:
            found = net(x)
        used = net.used(x)
    assert torch.equal(found, expected) and maps.report.parity[0].outcome == "holds"
    torch.testing.assert_close(maps[0].weights.float(), used.float(), rtol=0, atol=2e-2)


@EVERY
def test_a_backward_pass_inside_changes_no_gradient_and_adds_no_map(kind):
    found = []
    for captured in (False, True):
        net, x = made(kind), tokens().requires_grad_()
        if captured:
            with capture_maps(net) as maps:
                net(x).square().sum().backward()
            assert len(maps) == 1 and not maps[0].weights.requires_grad
        else:
            net(x).square().sum().backward()
        found.append([x.grad, *(p.grad for p in net.parameters())])
    assert all((a is None and b is None) or torch.equal(a, b) for a, b in zip(*found))


@EVERY
def test_a_module_that_runs_twice_gives_two_maps_in_order(kind):
    net = made(kind)
    first, second = tokens(seed=1), tokens(1, seed=2)
    with capture_maps(net) as maps:
        net(first), net(second)
    torch.testing.assert_close(maps[0].weights, net.used(first), rtol=0, atol=3e-7)
    torch.testing.assert_close(maps[1].weights, net.used(second), rtol=0, atol=3e-7)


def test_what_is_kept_is_out_of_reach_of_later_changes():
    net, x = made(modules.Fused), tokens()
    with capture_maps(net) as maps:
        z = net(x)
    before = [t.clone() for t in (maps[0].weights, maps[0].lazy.q, maps[0].values, maps[0].product)]
    with torch.no_grad():
        z.zero_(), x.zero_(), [p.zero_() for p in net.parameters()]
    assert all(torch.equal(a, b) for a, b in zip(before, (maps[0].weights, maps[0].lazy.q, maps[0].values, maps[0].product)))


def test_threads_get_the_maps_of_their_own_inputs():
    net, inputs = nn.Sequential(made(modules.TwoHeads), made(modules.Fused)), [tokens(1, seed) for seed in range(12)]

    def work(own):
        for x in own:
            net(x)

    with torch.no_grad(), capture_maps(net) as maps:
        threads = [threading.Thread(target=work, args=(inputs[n::4],)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    firsts = [m.weights for m in maps if m.layer == "0"]
    assert len(maps) == 24 and all(any(torch.allclose(net[0].used(x), w) for w in firsts) for x in inputs)
    assert maps.report.summary == "24 of 24 maps" and nothing_is_left()


def test_copies_and_pickles_made_inside_have_nothing_of_the_capture():
    net, x = made(modules.Fused), tokens()
    with capture_maps(net) as maps:
        twin, thawed = copy.deepcopy(net), pickle.loads(pickle.dumps(net))
        twin(x), thawed(x), net(x)
    assert len(maps) == 1 and not any(m._forward_hooks or m._forward_pre_hooks for m in (net, twin, thawed))


def test_nothing_is_left_when_the_pass_raised():
    class Fails(nn.Module):
        def forward(self, x):
            raise RuntimeError("no memory")

    net, x = nn.Sequential(made(modules.Fused), Fails()), tokens()
    with pytest.raises(RuntimeError, match="no memory"), capture_maps(net) as maps:
        net(x)
    assert len(maps) == 1 and nothing_is_left()
    with pytest.raises(KeyError), capture_maps(net):
        raise KeyError("the user's own mistake")
    assert nothing_is_left()


def test_another_network_that_runs_inside_is_not_captured():
    net, other, x = made(modules.Fused), made(modules.TwoHeads), tokens()
    with capture_maps(net) as maps, capture_maps(other) as others:
        other(net(x))
    assert [m.block for m in maps] == ["Fused"] and [m.block for m in others] == ["TwoHeads"]


@pytest.mark.parametrize("compiled", ["whole", "in place"])
def test_a_compiled_network_that_already_ran_gives_its_maps(compiled):
    net, x = nn.Sequential(made(modules.TwoHeads)), tokens()
    if compiled == "whole":
        net = torch.compile(net, backend="eager")
    else:
        net.compile(backend="eager")
    expected = net(x)
    with capture_maps(net) as maps:
        found = net(x)
    assert torch.equal(found, expected) and [m.layer for m in maps] == ["0"]


def test_dropout_in_train_mode_is_said():
    class Dropped(modules.Written):
        def attend(self, q, k, v):
            return nn.functional.dropout(self.map(q, k), 0.5, self.training) @ v

    class InTheKernel(modules.Fused):
        options = {"dropout_p": 0.5}

    torch.manual_seed(1)
    with capture_maps(dropped := made(Dropped).train()) as maps:
        dropped(tokens())
    assert maps[0].notes == ("Dropout (train mode) is in these weights: they are those of this one pass.",)
    assert maps.report.parity[0].outcome == "holds" and maps[0].rows == "raw" and (maps[0].weights == 0).any()
    with capture_maps(kernel := made(InTheKernel)) as maps:
        kernel(tokens())
    assert "this is the map before it" in maps[0].notes[0] and maps.report.parity[0].outcome == "differs"


@pytest.mark.parametrize("kind", [modules.LinearAttention, modules.Efficient])
def test_linear_attention_is_named_and_gives_no_map(kind):
    net, x = nn.Sequential(made(kind), made(modules.Fused)), tokens()
    with capture_maps(net) as maps:
        net(x)
    assert [m.layer for m in maps] == ["1"] and "linear attention" in maps.report.refused["0"]
    assert maps.report.summary == "1 of 2 maps" and "0: linear attention" in maps.report.text


def test_a_gate_is_no_map():
    with pytest.raises(NoAttention, match="no map was multiplied with values in this pass, through 4 modules"), \
            capture_maps(net := made(modules.Gate)):
        net(tokens())


def test_maps_of_chosen_layers_alone_are_kept():
    net, x = nn.Sequential(made(modules.Fused), made(modules.TwoHeads)), tokens()
    with capture_maps(net, layers=["1"]) as maps:
        net(x)
    assert [m.layer for m in maps] == ["1"] and maps.report.summary == "1 of 1 maps"
    with pytest.raises(ValueError, match="has no layer 'head'; it has"), capture_maps(net, layers=["head"]):
        pass
    with pytest.raises(NoAttention, match=r"There are maps in 0, 1, but layers=\['0.q'\] asks for none"), \
            capture_maps(net, layers=["0.q"]):
        net(x)


def test_the_fast_path_of_a_transformer_layer_is_replaced_within_1e_5():
    encoder = nn.TransformerEncoder(nn.TransformerEncoderLayer(16, 2, batch_first=True), 2).eval()
    x, padded = torch.randn(2, 6, 16), torch.tensor([[False] * 4 + [True] * 2, [False] * 6])
    for mask in (None, padded):
        with torch.no_grad():
            expected = encoder(x, src_key_padding_mask=mask)
            with capture_maps(encoder) as maps:
                found = encoder(x, src_key_padding_mask=mask)
        seen = ~padded if mask is not None else torch.ones_like(padded)
        assert (found - expected)[seen].abs().max() <= 1e-5
        assert [m.layer for m in maps] == ["layers.0.self_attn", "layers.1.self_attn"]
        assert mask is None or (maps[0].weights[0, :, :, 4:] == 0).all()


def test_inference_mode_changes_nothing():
    net, x = made(modules.TwoHeads), tokens()
    with torch.inference_mode(), capture_maps(net) as maps:
        net(x)
    torch.testing.assert_close(maps[0].weights, net.used(x), rtol=0, atol=3e-7)
    assert maps.report.parity[0].outcome == "holds"
