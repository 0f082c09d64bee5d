"""Blocks in networks of others: nothing else changes, and what they do is shown like any other block's."""

import copy
import pickle

import pytest
import torch
import torchvision
from torch import nn

from nlviz import capture_maps, check_parity
from nlviz.blocks import BLOCKS
from nlviz.models import with_blocks

SILENT = ["gaussian", "embedded_gaussian", "dot_product", "concatenation", "disentangled", "snl", "gc", "pam", "cam", "criss_cross"]


def video():
    torch.manual_seed(0)
    return torchvision.models.video.r3d_18(weights=None).eval()


CLIP = torch.randn(1, 3, 8, 56, 56, generator=torch.Generator().manual_seed(1))


def output(net, x=CLIP):
    with torch.no_grad():
        return net(x)


def test_a_video_network_with_blocks_gives_what_it_gave_and_its_tensors_keep_their_names():
    net, plain = video(), video()
    before, names = output(net), list(net.state_dict())
    assert with_blocks(net, {"layer3.1": "embedded_gaussian", "layer3": "gc"}) is net
    torch.testing.assert_close(output(net), before, rtol=0, atol=0)
    state = net.state_dict()
    assert [name for name in state if "nl_block" not in name] == names and not net.training
    assert {"layer3.1.nl_block.theta.weight", "layer3.1.nl_block.W.1.weight", "layer3.nl_block.conv_mask.weight"} <= state.keys()
    assert tuple(state["layer3.1.nl_block.theta.weight"].shape) == (128, 256, 1, 1, 1)
    assert net.load_state_dict(plain.state_dict(), strict=False).unexpected_keys == []
    plain.load_state_dict({name: tensor for name, tensor in state.items() if "nl_block" not in name})


def test_its_maps_lie_on_frames_rows_and_columns_and_are_what_the_block_added():
    net = with_blocks(video(), {"layer3.1": "embedded_gaussian", "layer4.0": "dot_product"}, sub_sample=False)
    for module in net.modules():
        if isinstance(module, tuple(BLOCKS.values())):
            nn.init.normal_(module.W[1].weight)
    with torch.no_grad(), capture_maps(net) as maps:
        net(CLIP)
    assert [(m.layer, m.block, m.query_grid) for m in maps] == [
        ("layer3.1.nl_block", "embedded_gaussian", (2, 7, 7)), ("layer4.0.nl_block", "dot_product", (1, 4, 4))]
    blocks = dict(net.named_modules())
    assert all(check_parity(blocks[m.layer], m).outcome == "holds" for m in maps)
    assert not torch.allclose(output(net), output(video()))


def test_keys_are_pooled_in_space_alone_and_options_are_of_one_block_or_of_all():
    one = ("gaussian", {"sub_sample": False})
    net = with_blocks(video(), {"layer3.1": "embedded_gaussian", "layer2": one, "layer3": "gaussian"})
    assert net.layer2.nl_block.key_stride == (1, 1, 1) and net.layer3.nl_block.key_stride == (1, 2, 2)
    net = with_blocks(video(), {"layer3.1": "embedded_gaussian"}, inter_channels=5)
    assert net.layer3[1].nl_block.theta.out_channels == 5
    with torch.no_grad(), capture_maps(net) as maps:
        net(CLIP)
    assert (maps[0].query_grid, maps[0].key_grid, maps[0].key_stride) == ((2, 7, 7), (2, 3, 3), (1, 2, 2))


def test_a_picture_network_gets_blocks_of_two_dimensions_and_a_sequence_of_one():
    net = with_blocks(torchvision.models.resnet50(weights=None).eval(), {"layer2.3": "pam", "layer3": "se"})
    assert (net.layer2[3].nl_block.in_channels, net.layer3.nl_block.in_channels) == (512, 1024)
    assert {net.layer2[3].nl_block.dimension, net.layer3.nl_block.dimension} == {2}
    sound = with_blocks(nn.Sequential(nn.Conv1d(2, 6, 3), nn.BatchNorm1d(6)), {"1": "embedded_gaussian"})
    assert sound[1].nl_block.dimension == 1 and sound.eval()(torch.randn(2, 2, 9)).shape == (2, 6, 7)


@pytest.mark.parametrize("name", BLOCKS)
def test_what_adds_nothing_at_first_is_what_the_words_say(name):
    torch.manual_seed(0)
    net, x = nn.Sequential(nn.Conv2d(3, 16, 1), nn.ReLU()).eval(), torch.randn(1, 3, 8, 8)
    before = output(net, x)
    options = {"grid": (8, 8)} if name.startswith("rga") else {}
    after = output(with_blocks(net, {"0": name}, **options), x)
    assert torch.allclose(after, before) == (name in SILENT)
    assert all(name in with_blocks.__doc__ for name in ("disentangled", "snl", "gc", "pam", "cam", "criss_cross", "rga_"))


def test_copies_and_pickles_run_their_own_block_and_it_learns():
    net = with_blocks(nn.Sequential(nn.Conv2d(3, 8, 1)), {"0": "embedded_gaussian"}).double()
    x = torch.randn(2, 3, 6, 6, dtype=torch.float64)
    others = copy.deepcopy(net), pickle.loads(pickle.dumps(net))
    nn.init.ones_(net[0].nl_block.W[1].weight)
    changed = output(net.eval(), x)
    for other in others:
        assert not torch.allclose(output(other.eval(), x), changed)
        other.load_state_dict(net.state_dict())
        torch.testing.assert_close(output(other, x), changed)
    net(x).square().mean().backward()
    assert net[0].nl_block.theta.weight.grad.abs().max() > 0


class Tokens(nn.Module):
    """Channels last, a tuple, and a convolution whose output is not what it gives."""

    def __init__(self):
        super().__init__()
        self.last, self.pair, self.shrinks = nn.Linear(3, 5), Pair(), nn.Sequential(nn.Conv2d(3, 8, 1), nn.Flatten(2))

    def forward(self, x):
        return self.last(x.movedim(1, -1)), self.pair(x), self.shrinks(x)


class Pair(nn.Module):
    def forward(self, x):
        return x, x


def test_an_example_tells_what_modules_do_not_say():
    class Shuffled(nn.Module):
        def __init__(self):
            super().__init__()
            self.inside = nn.Sequential(nn.Conv2d(3, 8, 1), nn.PixelShuffle(2))

        def forward(self, x):
            return self.inside(x)

    x = torch.randn(1, 3, 4, 4)
    net = with_blocks(Shuffled(), {"inside": "gc"}, example=x)
    assert net.inside.nl_block.in_channels == 2 and net.training  # its mode stays
    wrong = with_blocks(Shuffled(), {"inside": "gc"})
    with pytest.raises(ValueError, match="expects 8 channels, got 2"):
        wrong(x)
    with pytest.raises(ValueError, match=r"built for \(B, 7, 2 grid axes\) and was given shape \(1, 8, 4, 4\): call with_blocks"):
        with_blocks(nn.Sequential(nn.Conv2d(3, 8, 1)), {"0": "gc"}, in_channels=7)(x)


@pytest.mark.parametrize("name, options, said", [
    ("layer3.2", {}, "the network has no module 'layer3.2'; near it: 'layer3.1', "),
    ("nothing", {}, "has no module 'nothing'; near it: '"), ("avgpool", {}, "nothing in 'avgpool' .* tells how many"),
    ("layer3.1", {"kind": "nonlocal"}, "no block called 'nonlocal'; there are gaussian, embedded_gaussian"),
    ("layer3.1", {"kind": "pam"}, "the block 'pam' is one of pictures, .*; 'layer3.1' gives another grid"),
    ("fc", {"example": CLIP}, r"'fc' gives shape \(1, 400\); a block takes"),
    ("layer3.1", {"ratio": 2}, "the block 'embedded_gaussian' behind 'layer2.0': .*ratio")])
def test_what_cannot_be_done_is_said_and_nothing_is_changed(name, options, said):
    net = video()
    kind = options.pop("kind", "embedded_gaussian")
    with pytest.raises(ValueError, match=said):
        with_blocks(net, {"layer2.0": "embedded_gaussian"} | {name: kind}, **options)
    assert not any("nl_block" in key for key in net.state_dict())


def test_modules_that_give_no_tensor_of_channels_and_grid_are_refused():
    x = torch.randn(1, 3, 4, 4)
    with pytest.raises(ValueError, match=r"'last' gives shape \(1, 4, 4, 5\), its 5 channels last"):
        with_blocks(Tokens(), {"last": "gc"}, example=x)
    with pytest.raises(ValueError, match="'pair' gave tuple in a pass of the example"):
        with_blocks(Tokens(), {"pair": "gc"}, example=x)
    lists = nn.Module()
    lists.stages = nn.ModuleList([nn.Conv2d(3, 4, 1)])
    with pytest.raises(ValueError, match=r"'stages' is a list of modules, .* such as 'stages.0'"):
        with_blocks(lists, {"stages": "gc"})
    twice = with_blocks(nn.Sequential(nn.Conv2d(3, 8, 1)), {"0": "gc"})
    with pytest.raises(ValueError, match=r"a block behind '0' already: put the next one behind '0.nl_block'"):
        with_blocks(twice, {"0": "gc"})
    with_blocks(twice, {"0.nl_block": "gc"})
    assert twice(torch.randn(1, 3, 4, 4)).shape == (1, 8, 4, 4)
    with pytest.raises(ValueError, match="no module is named"):
        with_blocks(twice, {})
