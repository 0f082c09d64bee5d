"""capture_maps under compilation, copies, threads, autocast and checkpoints: nothing mixed up, nothing twice, nothing left."""

import copy
import io
import pickle
import threading
from dataclasses import replace

import pytest
import torch
from torch import fx, nn
from torch.utils.checkpoint import checkpoint

from nlviz import capture_maps, check_parity
from nlviz.blocks import BLOCKS, Block
from nlviz.capture import Unwatchable
from tests.blocks.building import built
from tests.capture.pictures import pictures
from tests.capture.test_capture import SEVERAL, hooks_of

EVERY = pytest.mark.parametrize("name", BLOCKS)


def a_block(name):
    return built(name, 4, (6, 5)).float()


class Checkpointed(nn.Module):
    """A block whose activations are computed again in the backward pass."""

    def __init__(self, block, reentrant):
        super().__init__()
        self.block, self.reentrant = block, reentrant

    def forward(self, x):
        return checkpoint(self.block, x, use_reentrant=self.reentrant)


@EVERY
def test_a_compiled_network_that_already_ran_gives_its_maps(name):
    block, x = a_block(name), pictures(4)
    compiled = torch.compile(nn.Sequential(block), backend="eager")
    expected = compiled(x)
    with capture_maps(compiled) as maps:
        found = compiled(x)
    assert torch.equal(found, expected) and [m.layer for m in maps] == ["0"] * SEVERAL.get(name, 1)
    assert torch.equal(compiled(x), expected)


@pytest.mark.parametrize("compiled", ["whole", "in place", "a part", "a function inside"])
def test_whatever_part_of_a_network_is_compiled_runs_as_it_was_written(compiled):
    block, x = a_block("embedded_gaussian"), pictures(4)
    net = nn.Sequential(nn.Identity(), block)
    if compiled == "whole":
        net = torch.compile(net, backend="eager")
    elif compiled == "in place":
        net.compile(backend="eager")
    elif compiled == "a part":
        net[1] = torch.compile(block, backend="eager")
    else:
        block.forward = torch.compile(block.forward, backend="eager")
    net(x)
    with capture_maps(net) as maps:
        net(x)
    assert [m.layer for m in maps] == ["1"]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("made, said", [
    (lambda net, x: torch.jit.trace(net, x), "scripted or traced"),
    (lambda net, x: nn.Sequential(torch.jit.trace(net, x)), "its part '0' is scripted or traced"),
    (lambda net, x: torch.export.export(net, (x,)).module(), r"exported \(torch.export\)"),
    (lambda net, x: torch.export.export(net, (x,)), "capture the module that was exported"),
    (lambda net, x: torch.compile(lambda x: net(x), backend="eager"), "capture the module that is compiled"),
], ids=["traced", "a traced part", "exported", "the exported program", "a compiled function"])
def test_what_cannot_be_watched_is_refused_with_the_way_out(made, said):
    net, x = nn.Sequential(a_block("pam")), pictures(4)
    with pytest.raises(Unwatchable, match=said), capture_maps(made(net, x)):
        pass
    assert Block.watchers == []


@EVERY
def test_a_copy_or_a_pickle_made_inside_has_nothing_of_the_capture(name):
    block, x = a_block(name), pictures(4)
    with capture_maps(block) as maps:
        block(x)
        twin, thawed, file = copy.deepcopy(block), pickle.loads(pickle.dumps(block)), io.BytesIO()
        torch.save(block, file)
        twin(x), thawed(x)
    twin(x)
    assert len(maps) == SEVERAL.get(name, 1) and not [h for b in (block, twin, thawed) for h in hooks_of(b)]
    assert torch.equal(pickle.loads(pickle.dumps(twin))(x), block(x))


@pytest.mark.parametrize("name", ["embedded_gaussian", "criss_cross", "gc"])
def test_threads_that_run_one_block_get_the_maps_of_their_own_inputs(name):
    block, results = a_block(name), {}
    inputs = [pictures(4, seed) for seed in range(24)]

    def work(own):
        for x in own:
            results[id(x)] = block(x)

    with capture_maps(block) as maps:
        threads = [threading.Thread(target=work, args=(inputs[n::4],)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    firsts = [m for m in maps if m.number == 0]
    assert len(firsts) == len(inputs)
    for m in firsts:
        x = next(x for x in inputs if torch.equal(x, m.input))
        assert torch.equal(m.output, results[id(x)]) and torch.equal(m.weights, block(x, return_nl_map=True)[1])


@EVERY
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_parity_holds_under_autocast_and_still_tells_another_map(name, dtype):
    block, x = built(name, 16, (6, 5)).float(), pictures(16)
    with torch.no_grad(), torch.autocast("cpu", dtype):
        with capture_maps(block) as maps:
            block(x)
        with capture_maps(block) as others:
            block(0.5 - x.flip(-1))
    assert maps[0].precision is dtype and check_parity(block, maps[0]).outcome == "holds"
    wrong = replace(maps[0], weights=others[0].weights, lazy=others[0].lazy, used=others[0].used)
    faint = name == "rga_spatial"  # its gates are nearly shut here, whatever the relations
    assert check_parity(block, wrong).difference > (5 if faint else 10) * check_parity(block, maps[0]).difference
    assert faint or check_parity(block, wrong).outcome == "differs"


@EVERY
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reentrant", [True, False])
def test_a_checkpointed_block_gives_its_maps_once(name, reentrant):
    net, x = Checkpointed(a_block(name), reentrant), pictures(4).requires_grad_()
    with capture_maps(net) as maps:
        net(x).square().sum().backward()
    assert len(maps) == SEVERAL.get(name, 1) and x.grad is not None


@EVERY
def test_a_batch_of_nothing_gives_nothing(name):
    block, x = a_block(name), pictures(4)[:0]
    with capture_maps(block) as maps:
        assert block(x).shape == x.shape
    assert maps[0].weights.shape[0] == 0 and check_parity(block, maps[0]).outcome == "nothing added"


@EVERY
def test_fx_traces_a_network_around_a_block_which_is_captured_there(name):
    block, x = a_block(name), pictures(4)
    for net, layer in ((nn.Sequential(block, nn.ReLU()), "0"), (block, "itself")):
        traced = fx.symbolic_trace(net)
        with capture_maps(traced) as maps:
            found = traced(x)
        assert torch.equal(found, net(x))
        assert {m.layer for m in maps} == {layer} and len(maps) == SEVERAL.get(name, 1)


@EVERY
def test_a_whole_graph_is_compiled_and_exported_outside_of_a_capture(name):
    net, x = nn.Sequential(a_block(name)), pictures(4)
    whole = name != "pyramid_oc"  # which asks its cells for their members
    torch.testing.assert_close(torch.compile(net, backend="eager", fullgraph=whole)(x), net(x))
    if whole:
        torch.testing.assert_close(torch.export.export(net, (x,)).module()(x), net(x))
