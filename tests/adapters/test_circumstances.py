"""Live modules of other libraries in unusual circumstances: what is no such block is shown as before, and the report says why."""

import pytest
import torch
from torch import nn

from nlviz.adapters import adapt
from nlviz.analysis import analyse
from nlviz.blocks import Block
from nlviz.capture import CannotReplace, capture_maps, replaced_maps
from nlviz.measures import measure_fresh
from nlviz.pictures import open_picture
from tests.adapters import live
from tests.blocks.building import randomised
from tests.pictures.drawn import quarters

SHAPE = (2, 8, 6, 5)
X = torch.randn(SHAPE, generator=torch.Generator().manual_seed(3))


def captured(module, x=X, **options):
    net = nn.Sequential(nn.Conv2d(8, 8, 1), module).to(x.dtype)
    with torch.no_grad(), capture_maps(net, **options) as maps:
        net(x)
    return maps


def made(module, dtype=torch.float32):
    return randomised(module).to(dtype)


class PAM_Module(live.PAM_Module):
    """One whose gamma is 1 + gamma: the published names, another formula."""

    def forward(self, x):
        return super().forward(x) + super().forward(x) - x


class CrissCrossAttention(nn.Module):
    """Another library's class of this name."""

    def __init__(self):
        super().__init__()
        self.attend = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        tokens = x.flatten(2).mT
        return self.attend(tokens, tokens, tokens)[0].mT.reshape(x.shape)


@pytest.mark.parametrize("module, words", [
    (PAM_Module(8), "PAM_Module is shown as any other attention: its output is not that of pam: they differ by"),
    (live.PAM_Module(8, dim=1), "its output is not that of pam"),
    (live.NonLocal2d(8, "dot_product").requires_grad_(False), "it is in training mode"),
    (CrissCrossAttention(), "it has not the weights, the attributes or the input of the published module of this name")])
def test_what_gives_another_output_keeps_its_products_and_the_report_says_why(module, words):
    module = made(module)
    module.train("training" in words)
    maps = captured(module)
    assert words in maps.report.unlike["1"] and words in maps.report.text
    assert len(maps) >= 1 and all(nl_map.input is None and nl_map.values is not None for nl_map in maps)


def test_a_module_that_adds_nothing_does_not_tell_which_of_two_blocks_it_is():
    module = made(live.NONLocalBlock2D(8, "dot_product"))
    nn.init.zeros_(module.W[1].weight)
    nn.init.zeros_(module.W[1].bias)
    maps = captured(module)
    assert "too little for dot_product and embedded_gaussian to be told apart" in maps.report.unlike["1"]
    assert adapt(module) is None and maps[0].input is None


def test_without_an_input_what_attributes_leave_open_is_not_guessed():
    assert adapt(live.NONLocalBlock2D(8, "dot_product")) is None
    assert adapt(live.NonLocal2D(8)) is None  # it multiplies or divides
    assert type(adapt(live.CAM())).__mro__[1].__name__ == "CAM" and type(adapt(live.NonLocal2d(8))).__name__ == "EmbeddedGaussian"
    assert adapt(nn.Conv2d(8, 8, 1)) is None


def test_a_module_that_writes_into_its_input_is_compared_with_what_it_was_given():
    class PAM_Module(live.PAM_Module):
        def forward(self, x):
            return x.copy_(super().forward(x))

    maps = captured(made(PAM_Module(8)))
    assert [m.block for m in maps] == ["pam"] and not torch.equal(maps[0].input, maps[0].output)


def test_a_module_that_runs_twice_is_shown_twice():
    class Head(nn.Module):
        """As mmsegmentation's CCHead with two recurrences."""

        def __init__(self):
            super().__init__()
            self.cca = made(live.CrissCrossAttention(8))

        def forward(self, x):
            return self.cca(self.cca(x))

    head = Head().eval()
    with torch.no_grad(), capture_maps(head) as maps:
        z = head(X)
    assert [(m.layer, m.block, m.part, m.number) for m in maps] == [("cca", "criss_cross", "A1", 0)] * 2
    assert torch.equal(maps[0].output, maps[1].input) and torch.equal(maps[1].output, z)


def test_terms_and_a_fresh_block_are_of_the_adapted_block():
    module = made(live.NonLocal2d(8))
    (nl_map,) = captured(module)
    unary, full = nl_map.term("unary only").lazy.dense(), nl_map.term("full").lazy.dense()
    assert torch.equal(unary, unary[:, :1].expand_as(unary)) and not torch.equal(full, unary)
    assert measure_fresh(adapt(module), nl_map)


def test_analyse_shows_it_as_a_block_with_its_parity():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.stem, self.gc_block = nn.Conv2d(3, 8, 16, 16), made(live.ContextBlock(8, 3))

        def forward(self, x):
            return self.gc_block(self.stem(x))

    net = Net().eval()
    found = analyse(net, open_picture(quarters(64, 64)), 64)
    assert [placed.nl_map.part for placed in found.maps] == ["attention", "added to channels", "gate of channels"]
    assert found.maps[0].parity.outcome == "holds" and isinstance(found.module_of(found.maps[0].nl_map), Block)


def test_only_wanted_layers_are_compared():
    net = nn.Sequential(made(live.PAM_Module(8)), made(live.PAM_Module(8)))
    with torch.no_grad(), capture_maps(net, layers=["1"]) as maps:
        net(X)
    assert [m.layer for m in maps] == ["1"] and maps.report.unlike == {}


def test_autocast_is_no_other_block():
    with torch.autocast("cpu", torch.bfloat16):
        maps = captured(made(live.NonLocal2d(8)))
    assert [m.block for m in maps] == ["embedded_gaussian"] and maps[0].precision == torch.bfloat16


def test_replacing_maps_of_what_is_no_block_is_refused_in_words():
    net = made(PAM_Module(8))
    with torch.no_grad(), pytest.raises(CannotReplace, match="no block of nlviz whose map could be replaced: its output"):
        with replaced_maps(net, "uniform"):
            net(X)


def test_replaced_rows_are_those_of_the_block():
    module = made(live.PAM_Module(8), torch.float64)
    x = X.double()
    with torch.no_grad():
        with replaced_maps(module, "mean row") as replaced:
            z = module(x)
        values = module.value_conv(x).flatten(2)
        weights = (module.query_conv(x).flatten(2).mT @ module.key_conv(x).flatten(2)).softmax(-1).mean(1, keepdim=True)
        expected = module.gamma * (values @ weights.mT)[..., None] + x
    assert torch.allclose(z, expected, atol=1e-12) and [one.heads for one in replaced] == [None]


def test_gradients_flow_through_the_modules_own_product():
    module = made(live.PAM_Module(8))
    with replaced_maps(module, "uniform"):
        module(X).sum().backward()
    assert module.value_conv.weight.grad.abs().sum() > 0
