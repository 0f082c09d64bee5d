"""The parity check: it holds for the map that a block used, and for no other."""

from dataclasses import replace

import pytest
import torch

from nlviz import capture_maps, check_parity
from nlviz.blocks import BLOCKS
from nlviz.maps import Factors, LazyMap, applied
from tests.blocks.building import FRESH_IDENTITY, built, randomised
from tests.capture.pictures import pictures


class Sharper(BLOCKS["embedded_gaussian"]):
    """A user's block whose map is dense and not what its parent's queries and keys say."""

    def affinity(self, x):
        return (4 * super().affinity(x).dense().log()).softmax(-1)


class Uniform(BLOCKS["pam"]):
    """A user's block that looks at everything alike."""

    def affinity(self, x):
        return torch.full((len(x), x[0, 0].numel(), x[0, 0].numel()), 1 / x[0, 0].numel())


class Closer(BLOCKS["embedded_gaussian"]):
    """A user's block with a lazy map of its own making."""

    def affinity(self, x):
        found = super().affinity(x)
        return replace(found, q=3 * found.q)


@pytest.mark.parametrize("kind", [Sharper, Uniform, Closer])
@pytest.mark.parametrize("dense_bytes", [2**20, 0])
def test_a_block_with_an_affinity_of_its_own_shows_the_map_that_it_used(kind, dense_bytes):
    block, x = randomised(kind(8)).float(), pictures(8)
    used = block(x, return_nl_map=True)[1]
    with capture_maps(block, dense_bytes) as maps:
        block(x)
    assert maps[0].block == kind.__name__
    assert isinstance(maps[0].lazy, LazyMap) == (kind is Closer)
    assert (maps[0].weights is None) == (kind is Closer and dense_bytes == 0)
    torch.testing.assert_close(torch.stack([maps[0].row(i) for i in range(30)]), used[0])
    assert check_parity(block, maps[0]).outcome == "holds"
    inherited = kind.__bases__[0](8)
    inherited.load_state_dict(block.state_dict())
    assert check_parity(inherited.eval(), maps[0]).outcome == "holds"  # the same values, so the map alone decides
    with capture_maps(inherited) as others:
        inherited(x)
    assert not torch.allclose(others[0].row(7), maps[0].row(7), atol=1e-3)


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("dense_bytes", [2**20, 0])
def test_parity_holds_for_the_map_that_was_used_and_not_for_another(name, dense_bytes):
    block, x = built(name, 16, (6, 5)).float(), pictures(16)
    with capture_maps(block, dense_bytes) as maps:
        block(x)
    with capture_maps(block, dense_bytes) as others:
        block(0.5 - x.flip(-1))
    for m, other in zip(maps, others, strict=True):
        good = check_parity(block, m)
        assert good.outcome == "holds" and good.difference < 1e-4 and "gives what the block added" in good.text
        wrong = check_parity(block, replace(m, weights=other.weights, lazy=other.lazy, used=other.used))
        assert wrong.outcome == "differs" and wrong.difference > 10 * good.difference and "does not give" in wrong.text


class Doubled(Factors):
    """Factors whose product is not that of their rows."""

    def __matmul__(self, values):
        return 2 * super().__matmul__(values)


class Lies(BLOCKS["embedded_gaussian"]):
    """A block that uses another map than the one it shows."""

    def affinity(self, x):
        return Doubled(**vars(super().affinity(x)))


@pytest.mark.parametrize("dense_bytes", [2**20, 0])
def test_parity_differs_where_a_block_multiplied_by_something_else_than_the_rows_it_shows(dense_bytes):
    block, x = randomised(Lies(16)).float(), pictures(16)
    with capture_maps(block, dense_bytes) as maps:
        block(x)
    assert check_parity(block, maps[0]).outcome == "differs"


@pytest.mark.parametrize("name, parts", [("pyramid_oc", 3), ("criss_cross", 2), ("disentangled", 2)])
def test_parity_needs_every_one_of_the_maps_that_a_block_used(name, parts):
    block, x = built(name, 16, (6, 5)).float(), pictures(16)
    with capture_maps(block) as maps:
        block(x)
    with capture_maps(block) as others:
        block(0.5 - x.flip(-1))
    assert len(maps[0].used) == parts
    for number in range(parts):
        used = (*maps[0].used[:number], others[0].used[number], *maps[0].used[number + 1:])
        assert check_parity(block, replace(maps[0], used=used)).outcome == "differs"


@pytest.mark.parametrize("name", ["rga_spatial", "rga_channel"])
def test_parity_takes_the_gate_from_the_relations_that_are_shown(name):
    block, x = built(name, 16, (6, 5)).float(), pictures(16)
    with capture_maps(block) as maps:
        block(x)
    relations, gate = maps[0].used
    other = applied(relations, lambda t: t.flip(1))
    assert check_parity(block, replace(maps[0], used=(other, gate))).outcome == "differs"  # though the gate is the one used


@pytest.mark.parametrize("recurrence", [1, 2, 3])
@pytest.mark.parametrize("dense_bytes", [2**20, 0])
def test_parity_holds_for_criss_cross_however_often_it_recurs(recurrence, dense_bytes):
    block, x = built("criss_cross", 16, (6, 5), recurrence=recurrence).float(), pictures(16)
    with capture_maps(block, dense_bytes) as maps:
        block(x)
    assert [m.number for m in maps] == list(range(1 if recurrence == 1 else recurrence + 1))
    assert check_parity(block, maps[0]).outcome == "holds"
    shifted = applied(maps[0].used, lambda t: t.roll(1, 2))
    assert check_parity(block, replace(maps[0], used=shifted, weights=None, lazy=None)).outcome == "differs"


@pytest.mark.parametrize("name", FRESH_IDENTITY)
def test_parity_calls_an_untrained_block_one_that_adds_nothing(name):
    block, x = BLOCKS[name](4).eval(), pictures(4)
    with capture_maps(block) as maps:
        block(x)
    assert check_parity(block, maps[0]).outcome == "nothing added"
    changed = check_parity(block, replace(maps[0], output=x + 1e-8 * x.abs().max() + 1e-5 * x))
    assert changed.outcome == "differs"


@pytest.mark.parametrize("cells", [0, 10**6])
def test_parity_of_criss_cross_holds_through_the_composed_map_and_one_recurrence_after_the_other(cells, monkeypatch):
    monkeypatch.setattr("nlviz.blocks.criss_cross.COMPOSED_CELLS", cells)
    block, x = randomised(BLOCKS["criss_cross"](4)).float(), pictures(4)
    with capture_maps(block) as maps:
        block(x)
    assert check_parity(block, maps[0]).outcome == "holds"
    swapped = replace(maps[0], used=maps[0].used[::-1])
    assert check_parity(block, swapped).outcome == "differs"
