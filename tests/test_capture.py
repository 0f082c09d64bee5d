"""capture_maps: outputs untouched, hooks gone, maps in order; and the parity check."""

import pytest
import torch
from torch import nn

from nlviz import capture_maps, check_parity
from nlviz.blocks import BLOCKS, Block
from nlviz.maps import cell_of, flat_index
from tests.test_blocks import randomised


class Nested(nn.Module):
    """Blocks at several depths, one of them run twice, and an in-place ReLU behind each."""

    def __init__(self):
        super().__init__()
        self.first = BLOCKS["embedded_gaussian"](4)
        self.deep = nn.ModuleDict({"a": nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), BLOCKS["gc"](4))})
        self.twice = BLOCKS["dot_product"](4, sub_sample=False)

    def forward(self, x):
        x = nn.functional.relu(self.first(x), inplace=True)
        x = self.deep["a"](x).relu_()
        return self.twice(self.twice(x).relu_()).relu_()


def hooks_of(model):
    return [h for m in model.modules() for h in (*m._forward_hooks, *m._forward_pre_hooks)]


@pytest.fixture
def x():
    return torch.randn(2, 4, 6, 5, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("dense_bytes", [2**20, 0])
def test_outputs_are_bit_equal_and_no_hook_is_left(x, dense_bytes):
    model = randomised(Nested()).float()
    expected = model(x.clone())
    with capture_maps(model, dense_bytes) as maps:
        found = model(x.clone())
    assert torch.equal(found, expected)
    assert len(maps) == 4 and hooks_of(model) == []


def test_maps_come_in_the_order_computed_with_their_layers_and_grids(x):
    with capture_maps(randomised(Nested()).float()) as maps:
        pass
    assert maps == []
    model = randomised(Nested()).float()
    with capture_maps(model) as maps:
        model(x)
    assert [(m.layer, m.block, m.relates, m.rows) for m in maps] == [
        ("first", "embedded_gaussian", "positions", "distribution"), ("deep.a.1", "gc", "global", "distribution"),
        ("twice", "dot_product", "positions", "scaled"), ("twice", "dot_product", "positions", "scaled")]
    assert [m.query_grid for m in maps] == [(6, 5)] * 4
    assert [m.key_grid for m in maps] == [(3, 2), (6, 5), (6, 5), (6, 5)]
    assert [m.key_stride for m in maps] == [(2, 2), (1, 1), (1, 1), (1, 1)]
    assert not torch.equal(maps[2].weights, maps[3].weights)


def test_the_captured_map_is_the_one_the_block_returns(x):
    model = randomised(Nested()).float()
    with capture_maps(model) as maps:
        model(x)
    for nl_map in maps:
        z, weights = model.get_submodule(nl_map.layer)(nl_map.input, return_nl_map=True)
        assert torch.equal(nl_map.weights, weights) and torch.equal(nl_map.output, z)
        assert nl_map.weights.shape[1:] == nl_map.shape


@pytest.mark.parametrize("call", [
    lambda b, x: b(x, return_nl_map=True), lambda b, x: b(x, True), lambda b, x: b(x=x, return_nl_map=True)])
def test_a_caller_who_asks_for_the_map_still_gets_it(x, call):
    block = randomised(BLOCKS["gaussian"](4)).float()
    with capture_maps(block) as maps:
        z, nl_map = call(block, x)
    assert torch.equal(maps[0].weights, nl_map) and torch.equal(maps[0].output, z)


def test_kept_tensors_are_copies_that_later_changes_cannot_reach(x):
    block = randomised(BLOCKS["embedded_gaussian"](4)).float()
    with capture_maps(block) as maps:
        z, nl_map = block(x, return_nl_map=True)
        before = [t.clone() for t in (maps[0].input, maps[0].output, maps[0].weights)]
        x.zero_(), z.detach().zero_(), nl_map.detach().zero_()
    assert all(torch.equal(a, b) for a, b in zip(before, (maps[0].input, maps[0].output, maps[0].weights)))
    assert not any(t.requires_grad for t in (maps[0].input, maps[0].output, maps[0].weights))


def test_the_users_own_hooks_see_the_output_alone(x):
    block, seen = randomised(BLOCKS["embedded_gaussian"](4)).float(), []
    block.register_forward_hook(lambda module, args, z: seen.append(z.detach()))
    with capture_maps(block) as maps:
        z = block(x)
    assert torch.equal(seen[0], z) and len(maps) == 1


class Sharper(BLOCKS["embedded_gaussian"]):
    """A user's block whose map is not what its factors say."""

    def affinity(self, x):
        return (4 * super().affinity(x).log()).softmax(-1)


class NoFactors(BLOCKS["embedded_gaussian"]):
    """A user's block with a map and nothing else."""

    factors = Block.factors

    def affinity(self, x):
        return torch.full((len(x), x[0, 0].numel(), self.g(x)[0, 0].numel()), 1 / self.g(x)[0, 0].numel())


@pytest.mark.parametrize("kind", [Sharper, NoFactors])
@pytest.mark.parametrize("dense_bytes", [2**20, 0])
def test_a_block_with_an_affinity_of_its_own_shows_the_map_that_it_used(x, kind, dense_bytes):
    block = randomised(kind(4)).float()
    used = block(x, return_nl_map=True)[1]
    with capture_maps(block, 2**20 if kind is Sharper else dense_bytes) as maps:
        block(x)
    assert maps[0].factors is None and torch.equal(maps[0].row(7), used[0, 7])
    assert check_parity(block, maps[0]).outcome == "holds"


def test_hooks_are_gone_when_the_forward_pass_raised(x):
    model = Nested()
    with pytest.raises(ValueError, match="expects 4 channels"), capture_maps(model):
        model(x[:, :3])
    assert hooks_of(model) == []
    assert torch.is_tensor(model(x))


@pytest.mark.parametrize("name", BLOCKS)
def test_above_the_byte_budget_rows_and_columns_come_from_the_factors(x, name):
    block = randomised(BLOCKS[name](4)).float()
    with capture_maps(block) as dense:
        block(x)
    with capture_maps(block, dense_bytes=0) as kept:
        block(x)
    assert (kept[0].weights is None) == (block.relates == "positions")
    for item in (0, 1):
        for query in range(30):
            torch.testing.assert_close(kept[0].row(query, item), dense[0].row(query, item))
        for key in range(kept[0].shape[1]):
            torch.testing.assert_close(kept[0].column(key, item), dense[0].column(key, item))


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("dense_bytes", [2**20, 0])
def test_parity_holds_for_the_map_that_was_used_and_not_for_another(x, name, dense_bytes):
    x = x.repeat(1, 4, 1, 1)
    block = randomised(BLOCKS[name](16, **({"ratio": 0.5} if name == "gc" else {}))).float()
    with capture_maps(block, dense_bytes) as maps:
        block(x)
    good = check_parity(block, maps[0])
    assert good.outcome == "holds" and good.difference < 1e-4 and "gives what the block added" in good.text
    with capture_maps(block, 2**20) as other:
        block(x.flip(-1) * 2)
    wrong = check_parity(block, type(maps[0])(**{**vars(maps[0]), "weights": other[0].weights}))
    assert wrong.outcome == "differs" and "does not give" in wrong.text


@pytest.mark.parametrize("name", BLOCKS)
def test_parity_calls_an_untrained_block_one_that_adds_nothing(x, name):
    block = BLOCKS[name](4).eval()
    with capture_maps(block) as maps:
        block(x)
    assert check_parity(block, maps[0]).outcome == "nothing added"


@pytest.mark.parametrize("grid, cell, index", [((3, 5), (0, 0), 0), ((3, 5), (2, 4), 14), ((3, 5), (1, 2), 7),
                                               ((2, 3, 4), (1, 2, 3), 23), ((9,), (8,), 8)])
def test_cells_are_counted_in_raster_order(grid, cell, index):
    assert flat_index(cell, grid) == index and cell_of(index, grid) == cell


@pytest.mark.parametrize("cell", [(3, 0), (0, 5), (-1, 0)])
def test_a_cell_outside_the_grid_is_an_index_error(cell):
    with pytest.raises(IndexError, match="outside the grid"):
        flat_index(cell, (3, 5))


def test_a_query_or_key_outside_the_map_is_an_index_error(x):
    block = BLOCKS["embedded_gaussian"](4).eval()
    with capture_maps(block) as maps:
        block(x)
    with pytest.raises(IndexError, match="query 30 is outside the grid"):
        maps[0].row(30)
    with pytest.raises(IndexError, match="key 6 is outside the grid"):
        maps[0].column(6)
