"""Layers x heads: what analyse makes of networks that have no block of nlviz."""

import pytest
import timm
import torch
from torch import nn

from nlviz.analysis import NetworkError, analyse
from nlviz.blocks import BLOCKS
from nlviz.models import Model
from nlviz.pictures import Picture, Preprocess, open_picture
from tests.pictures.drawn import quarters


@pytest.fixture(scope="module")
def picture() -> Picture:
    return open_picture(quarters(96, 64))


@pytest.fixture(scope="module")
def vit() -> Model:
    torch.manual_seed(0)
    net = timm.create_model("vit_tiny_patch16_224", img_size=(64, 96), depth=4, num_classes=0)
    return Model("vit", net, Preprocess(mean=127.0, std=60.0))


def test_layers_and_heads_are_one_call_named_as_people_count_the_last_layers_mean_first(vit, picture):
    analysis = analyse(vit, picture, 96)
    (call,) = analysis.calls
    names = [placed.nl_map.part for placed in call]
    assert names[:3] == ["layer 4, mean of 3 heads", "layer 1, mean of 3 heads", "layer 1, head 1"]
    assert names[-1] == "layer 4, head 3"
    assert len(set(names)) == len(names) == 4 * (1 + 3)
    assert [placed.nl_map.number for placed in call] == list(range(16))
    assert (call[0].layer, call[0].head) == (4, None) and (call[-1].layer, call[-1].head) == (4, 3)


def test_each_map_is_that_of_its_layer_and_head(vit, picture):
    seen = {}
    hooks = [block.attn.qkv.register_forward_hook(lambda _, __, out, at=at: seen.update({at: out}))
             for at, block in enumerate(vit.net.blocks, 1)]
    analysis = analyse(vit, picture, 96)
    for hook in hooks:
        hook.remove()
    for placed in analysis.maps:
        q, k, _ = seen[placed.layer].reshape(1, 25, 3, 3, 64).permute(2, 0, 3, 1, 4).double()
        weights = (q @ k.mT / 8).softmax(-1)[0]  # heads, class token first
        expected = weights.mean(0) if placed.head is None else weights[placed.head - 1]
        for x, y, query in ((0.0, 0.0, 1), (0.99, 0.99, 24), (0.4, 0.6, 1 + 2 * 6 + 2)):
            torch.testing.assert_close(placed.heatmap(x, y).flatten().double(), expected[query, 1:], rtol=1e-4, atol=1e-6)
        torch.testing.assert_close(placed.heatmap(0, 0, "class token").flatten().double(), expected[0, 1:], rtol=1e-4, atol=1e-6)
        assert placed.parity.outcome == "holds"


def test_from_position_to_position_rows_sum_to_one_again(vit, picture):
    for placed in analyse(vit, picture, 96).maps[:3]:
        whole = torch.stack([placed.nl_map.row(query) for query in range(24)])[:, :24].double()
        among = placed.nl_map.among_positions()
        assert among.shape == (24, 24) and among.query_tokens == among.key_tokens == ()
        found = torch.cat(list(among.row_blocks()))
        torch.testing.assert_close(found.double(), whole / whole.sum(1, keepdim=True), rtol=1e-4, atol=1e-7)
        torch.testing.assert_close(among.column(5), found[:, 5])


def test_bytes_of_heads_that_share_a_layer_count_once(vit, picture):
    analysis = analyse(vit, picture, 96)
    layer = 3 * 25 * 25 * 4 + 3 * 25 * 3 * 64 * 4  # dense, and queries and keys as the network's own q, k, v
    assert analysis.nbytes < 4 * 2 * layer + 3 * 96 * 64


class Shared(nn.Module):
    """A transformer behind a block of nlviz."""

    def __init__(self):
        super().__init__()
        self.patch, self.gc = nn.Conv2d(3, 32, 16, stride=16), BLOCKS["gc"](32)
        self.layer = nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)

    def forward(self, x):
        return self.layer(self.gc(self.patch(x)).flatten(2).mT)


def test_a_network_of_both_kinds_shows_its_blocks_then_its_layers(picture):
    calls = analyse(Shared(), picture, 96).calls
    assert [call[0].nl_map.block for call in calls] == ["gc", "MultiheadAttention"]
    assert [placed.nl_map.part for placed in calls[1]] == ["mean of 4 heads", "head 1", "head 2", "head 3", "head 4"]


def test_a_class_attention_is_one_row_for_all(picture):
    net = timm.create_model("cait_xxs24_224", img_size=(64, 96), depth=2, num_classes=0)
    calls = analyse(Model("cait", net, Preprocess(mean=127.0, std=60.0)), picture, 96).calls
    last = calls[0][-1]
    assert last.nl_map.relates == "global" and last.nl_map.shape == (1, 25) and last.heatmap(0.1, 0.1).shape == (4, 6)
    assert "Only the class token asks here." in last.nl_map.notes
    assert calls[0][0].nl_map.relates == "positions"  # what is shown first


def test_a_network_that_refuses_the_size_says_so_with_its_own_words(picture):
    net = timm.create_model("vit_tiny_patch16_224", depth=1, num_classes=0)
    with pytest.raises(NetworkError, match=r"small: its forward pass failed on an input of 96 × 64 pixels \(AssertionError: .*224"):
        analyse(Model("small", net), picture, 96)


def test_a_network_of_convolutions_says_what_ran(picture):
    with pytest.raises(ValueError, match="no map was multiplied with values"):
        analyse(nn.Sequential(nn.Conv2d(3, 8, 16, 16), nn.ReLU()), picture, 96)


def test_tokens_without_rows_and_columns_say_what_to_do(picture):
    class Sequence(nn.Module):
        def __init__(self):
            super().__init__()
            self.start, self.layer = nn.Parameter(torch.randn(1, 7, 32)), nn.TransformerEncoderLayer(32, 4, 64, batch_first=True)

        def forward(self, x):
            return self.layer(self.start + x.mean())

    with pytest.raises(ValueError, match=r"can be shown\. Layer 1 is not shown: the 7 query tokens without rows"):
        analyse(Sequence(), picture, 96)
