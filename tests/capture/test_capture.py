"""capture_maps: outputs untouched, hooks gone, maps in order."""

import pytest
import torch
from torch import nn

from nlviz import capture_maps
from nlviz.blocks import BLOCKS
from nlviz.maps import applied
from tests.blocks.building import built, randomised
from tests.capture.pictures import pictures

SEVERAL = {"gc": 3, "pyramid_oc": 3, "criss_cross": 3, "rga_spatial": 2, "rga_channel": 2, "disentangled": 3}  # maps of a call
DENSE_ONLY = {"snl", "gc", "se", "cam"}  # none of their maps has a smaller form


class Nested(nn.Module):
    """Blocks at several depths, one of them run twice, and an in-place ReLU behind each."""

    def __init__(self):
        super().__init__()
        self.first = BLOCKS["embedded_gaussian"](4)
        self.deep = nn.ModuleDict({"a": nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), BLOCKS["gc"](4))})
        self.twice = BLOCKS["dot_product"](4, sub_sample=False)
        self.crosses = BLOCKS["criss_cross"](4)

    def forward(self, x):
        x = nn.functional.relu(self.first(x), inplace=True)
        x = self.deep["a"](x).relu_()
        return self.crosses(self.twice(self.twice(x).relu_()).relu_()).relu_()


def hooks_of(model):
    return [h for m in model.modules() for h in (*m._forward_hooks, *m._forward_pre_hooks)]


@pytest.fixture
def x():
    return pictures(4)


@pytest.fixture
def model():
    return randomised(Nested()).float()


@pytest.mark.parametrize("dense_bytes", [2**20, 0])
def test_outputs_are_bit_equal_and_no_hook_is_left(x, model, dense_bytes):
    expected = model(x.clone())
    with capture_maps(model, dense_bytes) as maps:
        found = model(x.clone())
    assert torch.equal(found, expected)
    assert len(maps) == 8 and hooks_of(model) == []


def test_maps_come_in_the_order_computed_with_their_layers_numbers_and_grids(x, model):
    with capture_maps(model) as maps:
        pass
    assert maps == []
    with capture_maps(model) as maps:
        model(x)
    assert [(m.layer, m.block, m.part, m.number, m.relates, m.rows) for m in maps] == [
        ("first", "embedded_gaussian", "", 0, "positions", "distribution"),
        ("deep.a.1", "gc", "attention", 0, "global", "distribution"),
        ("deep.a.1", "gc", "added to channels", 1, "gate", "raw"),
        ("twice", "dot_product", "", 0, "positions", "scaled"), ("twice", "dot_product", "", 0, "positions", "scaled"),
        ("crosses", "criss_cross", "A2 A1", 0, "positions", "distribution"),
        ("crosses", "criss_cross", "A1", 1, "positions", "distribution"),
        ("crosses", "criss_cross", "A2", 2, "positions", "distribution")]
    assert [m.query_grid for m in maps] == [(6, 5), (6, 5), (), *[(6, 5)] * 5]
    assert [m.key_grid for m in maps] == [(3, 2), (6, 5), (4,), *[(6, 5)] * 5]
    assert [m.key_stride for m in maps] == [(2, 2), *[(1, 1)] * 7] and {m.query_stride for m in maps} == {(1, 1)}
    assert not torch.equal(maps[3].weights, maps[4].weights)  # the block that ran twice


def test_queries_and_keys_that_were_pooled_say_so():
    x = pictures(4)
    for name, options, queries, keys, stride in [
            ("base_oc", {"scale": 2}, (3, 2), (3, 2), (2, 2)), ("base_oc", {"scale": 3}, (2, 1), (2, 1), (3, 3)),
            ("asp_oc", {}, (3, 2), (3, 2), (2, 2)), ("gaussian", {}, (6, 5), (3, 2), None)]:
        block = built(name, 4, (6, 5), **options).float()
        with capture_maps(block) as maps:
            block(x)
        assert (maps[0].query_grid, maps[0].key_grid) == (queries, keys)
        assert (maps[0].query_stride, maps[0].key_stride) == (stride or (1, 1), stride or (2, 2))


@pytest.mark.parametrize("name", BLOCKS)
def test_captured_maps_are_what_the_block_returns(name):
    block, x = built(name, 4, (6, 5)).float(), pictures(4)
    with capture_maps(block) as maps:
        block(x)
    z, nl_map = block(x, return_nl_map=True)
    assert [m.number for m in maps] == list(range(SEVERAL.get(name, 1)))
    assert len({m.part for m in maps}) == len(maps) and {m.block for m in maps} == {name}
    found = torch.stack([m.weights for m in maps], 1) if name == "pyramid_oc" else maps[0].weights
    assert torch.equal(found, nl_map)
    for m in maps:
        assert torch.equal(m.output, z) and torch.equal(m.input, x) and m.used is maps[0].used
        assert m.weights.shape[1:] == m.shape


def forms(used):
    return [type(part) for part in (used if isinstance(used, tuple) else (used,))]


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("call", [
    lambda b, x, form: b(x, return_nl_map=form), lambda b, x, form: b(x, form), lambda b, x, form: b(x=x, return_nl_map=form)],
    ids=["by name", "by place", "both by name"])
def test_a_caller_who_asks_for_the_map_still_gets_it(name, call):
    block, x = built(name, 4, (6, 5)).float(), pictures(4)
    expected, expected_map = block(x, return_nl_map=True)
    with capture_maps(block) as maps:
        z, nl_map = call(block, x, True)
        _, used = call(block, x, "as used")
        alone = call(block, x, False)
    assert torch.equal(nl_map, expected_map) and torch.equal(z, expected) and torch.equal(alone, expected)
    assert forms(used) == forms(block(x, return_nl_map="as used")[1]) == forms(maps[0].used)
    assert len(maps) == 3 * SEVERAL.get(name, 1)


@pytest.mark.parametrize("name", BLOCKS)
def test_kept_tensors_are_copies_that_later_changes_cannot_reach(name):
    block, x = built(name, 4, (6, 5)).float(), pictures(4)
    with capture_maps(block) as maps:
        z, used = block(x, return_nl_map="as used")
    before = [t.clone() for m in maps for t in kept(m)]
    with torch.no_grad():
        x.zero_(), z.zero_(), applied(used, torch.Tensor.zero_)
        for parameter in block.parameters():
            parameter.zero_()
    assert all(torch.equal(a, b) for a, b in zip(before, [t for m in maps for t in kept(m)], strict=True))
    assert not any(t.requires_grad for m in maps for t in kept(m))


def test_what_a_block_made_for_itself_is_kept_without_a_copy():
    block, x, made = built("embedded_gaussian", 4, (6, 5), sub_sample=False).float(), pictures(4), []
    block.theta.register_forward_hook(lambda module, args, output: made.append(output))
    with capture_maps(block) as maps:
        block(x)
    assert maps[0].used.q.data_ptr() == made[0].data_ptr()


def test_what_a_map_shares_with_the_input_is_kept_as_a_copy():
    block, x = built("gaussian", 4, (6, 5)).float(), pictures(4)  # its queries are its input
    with capture_maps(block) as maps:
        block(x)
    before = maps[0].row(7).clone(), maps[0].used.q.clone()
    x.zero_()
    assert torch.equal(maps[0].row(7), before[0]) and torch.equal(maps[0].used.q, before[1])


def kept(m):
    """Every tensor that a map keeps."""
    found = [m.input, m.output, m.weights]
    for form in (m.lazy, *(m.used if isinstance(m.used, tuple) else (m.used,))):
        found += [form] if isinstance(form, torch.Tensor) else form.tensors() if form is not None else []
    return found


@pytest.mark.parametrize("name", BLOCKS)
def test_gradients_are_those_without_capture(name):
    block, x = built(name, 4, (6, 5)).float(), pictures(4)
    found = []
    for captured in (False, True):
        block.zero_grad()
        leaf = x.clone().requires_grad_()
        if captured:
            with capture_maps(block):
                z = block(leaf)
        else:
            z = block(leaf)
        z.square().sum().backward()
        found.append([leaf.grad, *(p.grad for p in block.parameters())])
    assert all(torch.equal(a, b) for a, b in zip(*found))


@pytest.mark.parametrize("name", BLOCKS)
def test_in_training_capture_changes_no_statistics_and_no_random_numbers(name):
    x, found = pictures(8), []
    for captured in (False, True):
        block = built(name, 8, (6, 5)).float().train()
        before = {key: t.clone() for key, t in block.state_dict().items()}
        torch.manual_seed(3)
        if captured:
            with capture_maps(block):
                z = block(x)
        else:
            z = block(x)
        found.append((z, torch.rand(1), block.state_dict()))
        changed = {key for key, t in block.state_dict().items() if not torch.equal(t, before[key])}
        assert changed == {key for key in before if "running" in key or "num_batches" in key}
    (z, number, state), (other_z, other_number, other_state) = found
    assert torch.equal(z, other_z) and torch.equal(number, other_number)
    assert all(torch.equal(t, other_state[key]) for key, t in state.items())


def test_the_users_own_hooks_see_the_output_alone(x):
    block, seen = built("embedded_gaussian", 4, (6, 5)).float(), []
    block.register_forward_hook(lambda module, args, z: seen.append(z.detach()))
    with capture_maps(block) as maps:
        z = block(x)
    assert torch.equal(seen[0], z) and len(maps) == 1 and len(hooks_of(block)) == 1


class Fails(nn.Module):
    def forward(self, x):
        raise RuntimeError("no memory")


def test_hooks_are_gone_when_the_forward_pass_raised(x, model):
    with pytest.raises(ValueError, match="expects 4 channels"), capture_maps(model):
        model(x[:, :3])
    assert hooks_of(model) == []
    assert torch.is_tensor(model(x))
    model.deep["a"].append(Fails())
    with pytest.raises(RuntimeError, match="no memory"), capture_maps(model) as maps:
        model(x)
    assert hooks_of(model) == [] and [m.layer for m in maps] == ["first", "deep.a.1", "deep.a.1"]  # what ran is kept
    with pytest.raises(KeyError), capture_maps(model):
        raise KeyError("the user's own mistake")
    assert hooks_of(model) == []


def test_a_call_that_raised_leaves_the_following_maps_right(x):
    block = built("embedded_gaussian", 4, (6, 5)).float()
    with capture_maps(block) as maps:
        with pytest.raises(ValueError, match="expects 4 channels"):
            block(x[:, :3], return_nl_map=True)
        z = block(x)
    assert torch.is_tensor(z) and len(maps) == 1
    assert torch.equal(maps[0].input, x) and torch.equal(maps[0].weights, block(x, True)[1])


@pytest.mark.parametrize("name", BLOCKS)
def test_above_the_byte_budget_rows_and_columns_come_from_the_lazy_form(name):
    block, x = built(name, 4, (6, 5)).float(), pictures(4)
    with capture_maps(block) as dense:
        block(x)
    with capture_maps(block, dense_bytes=0) as lazily:
        block(x)
    for kept, full in zip(lazily, dense, strict=True):
        smaller = name not in DENSE_ONLY and kept.relates in ("positions", "channels")
        assert (kept.weights is None) == (kept.lazy is not None) == smaller and full.weights is not None
        assert kept.shape == full.shape
        if kept.relates == "gate":
            assert torch.equal(kept.weights, full.weights)
            for question in (kept.row, kept.column):
                with pytest.raises(ValueError, match=f"a gate has one value for each of {kept.shape[0]}"):
                    question(0)
            continue
        queries = range(len(full.column(0)))
        for item in (0, 1):
            close(torch.stack([kept.row(i, item) for i in queries]), torch.stack([full.row(i, item) for i in queries]))
            close(torch.stack([kept.column(j, item) for j in range(kept.shape[1])], -1),
                  torch.stack([full.row(i, item) for i in queries]))


def close(found, expected):
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


def test_the_budget_is_spent_in_the_order_in_which_maps_come(x, model):
    with capture_maps(model) as maps:
        model(x)
    sizes = [m.weights.nbytes for m in maps]
    assert sizes == [2 * 30 * 6 * 4, 2 * 30 * 4, 2 * 4 * 4, *[2 * 30 * 30 * 4] * 5]
    for fitting in (4, 5, 7):
        for budget, dense in ((sum(sizes[:fitting]), fitting), (sum(sizes[:fitting]) - 1, fitting - 1)):
            with capture_maps(model, budget) as kept:
                model(x)
            assert [m.weights is not None for m in kept] == [number < dense for number in range(8)]
            assert sum(m.weights.nbytes for m in kept if m.weights is not None) <= budget


@pytest.mark.parametrize("dense_bytes", [2**20, 0])
@pytest.mark.parametrize("name, queries, keys", [("embedded_gaussian", 30, 6), ("snl", 30, 30), ("cam", 4, 4), ("asp_oc", 6, 6),
                                                 ("criss_cross", 30, 30), ("rga_channel", 4, 4)])
def test_a_query_or_key_outside_the_map_is_an_index_error(name, queries, keys, dense_bytes):
    block = built(name, 4, (6, 5)).float()
    with capture_maps(block, dense_bytes) as maps:
        block(pictures(4))
    for index in (queries, -1):
        with pytest.raises(IndexError, match=rf"query {index} is outside the grid .* of {queries} positions"):
            maps[0].row(index)
    for index in (keys, -1):
        with pytest.raises(IndexError, match=rf"key {index} is outside the grid .* of {keys} positions"):
            maps[0].column(index)
