"""Every token in its place: the grid that the network really had, named tokens beside it, windows in the cells of the picture."""

from fractions import Fraction

import pytest
import timm
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from nlviz import capture_maps
from nlviz.analysis import places_of
from nlviz.maps import Windows, flat_index
from nlviz.pictures import Frame


def captured(net, x, **options):
    with torch.no_grad(), capture_maps(net.eval(), **options) as maps:
        net(x)
    assert maps.report.faults == []
    return maps


def vit(size, patch, **options):
    return timm.create_model("vit_tiny_patch16_224", img_size=size, patch_size=patch, depth=1, embed_dim=24, num_heads=3, **options)


def frame(width, height):
    return Frame((width, height), (0, 0, width, height))


def seen(nl_map, cell):
    """Rows and columns of the keys that a query sees."""
    row = nl_map.row(flat_index(cell, nl_map.query_grid))
    cells = (row[:nl_map.key_grid[0] * nl_map.key_grid[1]] > 1e-12).view(nl_map.key_grid).nonzero()
    return [(int(axis.min()), int(axis.max())) for axis in cells.T]


def test_an_encoder_layer_gives_eight_heads_of_six_by_six():
    maps = captured(nn.TransformerEncoderLayer(32, 8, batch_first=True), torch.randn(2, 6, 32))
    assert (maps[0].heads, tuple(maps[0].weights.shape), maps[0].query_grid) == (8, (2, 8, 6, 6), (6,))


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("items", [1, 2, 6])
def test_items_and_tokens_are_told_apart_whichever_comes_first(batch_first, items):
    layer = nn.TransformerEncoderLayer(32, 8, batch_first=batch_first)
    x = torch.randn(items, 5, 32)
    maps = captured(layer, x if batch_first else x.transpose(0, 1))
    given = x if batch_first else x.transpose(0, 1)
    expected = layer.self_attn(given, given, given, average_attn_weights=False)[1]
    torch.testing.assert_close(maps[0].weights, expected, rtol=0, atol=1e-6)


def test_a_patch_that_does_not_divide_the_picture_leaves_a_rest_that_is_stated():
    maps = captured(vit((427, 488), 8, class_token=False, global_pool="avg"), torch.randn(1, 3, 427, 488))
    assert maps[0].query_grid == (53, 61) and maps[0].query_stride == (8, 8) and maps[0].picture == (427, 488)
    assert maps[0].rest() == (3, 0)  # pixels below and to the right that no position covers
    place = frame(488, 427).place(maps[0].picture).coarser(maps[0].query_grid, maps[0].query_stride)
    assert place.cell_of_pixel(487, 423, (488, 427)) == (52, 60) and place.cell_of_pixel(0, 424, (488, 427)) is None


@pytest.mark.parametrize("size, patch, grid", [((64, 256), 16, (4, 16)), ((256, 64), 16, (16, 4)), ((64, 64), 16, (4, 4)),
                                               ((144, 64), 16, (9, 4))])
def test_the_grid_is_never_a_square_root(size, patch, grid):
    maps = captured(vit(size, patch), torch.randn(1, 3, *size))
    assert (maps[0].query_grid, maps[0].key_grid) == (grid, grid) and maps[0].query_tokens == ("class token",)


def test_registers_are_named_beside_the_places():
    net = timm.create_model("vit_small_patch14_reg4_dinov2", img_size=196, depth=2, embed_dim=24, num_heads=3)
    maps = captured(net, torch.randn(2, 3, 196, 196))
    names = ("class token", *(f"register token {n}" for n in range(1, 5)))
    assert maps[0].query_grid == (14, 14) and maps[0].query_tokens == maps[0].key_tokens == names
    assert maps[0].shape == (201, 201) and maps[0].key("register token 4") == 200
    shares = maps[0].shares(3)
    assert list(shares) == list(names)
    assert sum(shares.values()) + maps[0].row(3)[:196].sum().item() == pytest.approx(1, abs=1e-5)
    with pytest.raises(ValueError, match="no query is called 'distillation token'; the named ones are: class token"):
        maps[0].query("distillation token")


def test_a_distillation_token_is_named():
    net = timm.create_model("deit_tiny_distilled_patch16_224", img_size=32, depth=1)
    assert captured(net, torch.randn(1, 3, 32, 32))[0].key_tokens == ("class token", "distillation token")


def test_positions_come_first_and_tokens_after_them():
    net, x = vit(48, 16), torch.randn(1, 3, 48, 48)
    maps = captured(net, x)
    with torch.no_grad():
        tokens = net.norm_pre(net._pos_embed(net.patch_embed(x)))
        attention = net.blocks[0].attn
        q, k, _ = attention.qkv(net.blocks[0].norm1(tokens)).reshape(1, 10, 3, 3, 8).permute(2, 0, 3, 1, 4)
        raw = (q @ k.mT / 8**0.5).softmax(-1)  # the class token first
    torch.testing.assert_close(maps[0].weights, raw.roll((-1, -1), (2, 3)), rtol=0, atol=1e-6)


@pytest.fixture(scope="module")
def swin():
    torch.manual_seed(0)
    return captured(torchvision.models.swin_t(), torch.randn(1, 3, 224, 224))


def test_shifted_windows_lie_in_the_cells_of_the_picture(swin):
    assert swin[0].query_grid == (56, 56) and isinstance(swin[0].lazy, Windows)
    assert seen(swin[0], (0, 0)) == [(0, 6), (0, 6)]
    assert seen(swin[1], (0, 0)) == [(0, 2), (0, 2)]  # shifted by 3 of 7: what wrapped around is masked
    assert seen(swin[1], (3, 3)) == [(3, 9), (3, 9)]
    assert seen(swin[1], (55, 55)) == [(52, 55), (52, 55)] and seen(swin[0], (10, 50)) == [(7, 13), (49, 55)]


def test_windows_of_merged_patches_lie_on_the_coarser_grid(swin):
    assert [m.query_grid for m in swin] == [(56, 56)] * 2 + [(28, 28)] * 2 + [(14, 14)] * 6 + [(7, 7)] * 2
    assert [m.query_stride for m in swin[::2]] == [(4, 4), (8, 8), (16, 16), (16, 16), (16, 16), (32, 32)]
    assert seen(swin[3], (0, 0)) == [(0, 2), (0, 2)] and seen(swin[3], (27, 3)) == [(24, 27), (3, 9)]


def test_a_windows_map_is_its_dense_form_row_by_row(swin):
    dense = swin[3].lazy.rows()
    assert torch.equal(swin[3].lazy.rows(100, 103), dense[:, :, 100:103])
    torch.testing.assert_close(swin[3].column(45), dense[..., 45].mean(1)[0])
    torch.testing.assert_close(dense @ swin[3].values, swin[3].product, rtol=0, atol=1e-4)
    torch.testing.assert_close(dense.sum(-1), torch.ones(1, 6, 784))


def test_one_key_of_segformers_first_stage_covers_32_by_32_pixels():
    transformers = pytest.importorskip("transformers")
    config = transformers.SegformerConfig(depths=[1] * 4, hidden_sizes=[8, 16, 24, 32], num_attention_heads=[1, 2, 3, 4])
    first, *_ = captured(transformers.SegformerModel(config), torch.randn(1, 3, 224, 224))
    assert (first.query_grid, first.key_grid, first.query_stride, first.key_stride) == ((56, 56), (7, 7), (4, 4), (32, 32))
    place = frame(224, 224).place(first.picture).coarser(first.key_grid, first.key_stride)
    assert [float(edge * 224) for edge in place.rectangle(2, 3)] == [96, 64, 128, 96]


def test_maxvits_grids_are_spread_over_the_picture():
    net = timm.create_model("maxvit_rmlp_pico_rw_256", img_size=128)  # windows and grids of 4 at a stride of 4
    block, grid, *_ = captured(net, torch.randn(1, 3, 128, 128))
    side = block.query_grid[0]
    assert block.query_grid == (32, 32) and seen(block, (0, 0)) == [(0, 3), (0, 3)]
    row = grid.row(0).view(side, side) > 1e-12
    assert row.nonzero()[:, 0].unique().tolist() == row.nonzero()[:, 1].unique().tolist() == [0, 8, 16, 24]


def test_halo_keys_overlap_and_padding_is_a_named_key():
    net = timm.create_model("halonet26t")
    maps = captured(net, torch.randn(1, 3, 256, 256))
    first = maps[0]
    assert first.query_grid == (16, 16) and first.key_tokens == ("padding",)
    assert seen(first, (0, 0)) == [(0, 9), (0, 9)] and seen(first, (8, 8)) == [(6, 15), (6, 15)]  # blocks of 8 and a halo of 2
    assert 0 < first.shares(0)["padding"] < 1 and first.rows == "distribution"


def test_channels_are_channels():
    net = timm.create_model("xcit_nano_12_p16_224", img_size=64, depth=1)
    maps = captured(net, torch.randn(1, 3, 64, 64))
    assert [(m.relates, m.query_grid) for m in maps] == [("channels", (32,)), ("positions", (0,)), ("positions", (0,))]
    assert maps[1].query_tokens == ("class token",) and maps[1].key_grid == (4, 4)
    with pytest.raises(ValueError, match=r"the 32 channels of layer .* have no place in the picture"):
        maps[0].check_grid()


class Rearranged(nn.Module):
    """A patch embedding without a convolution, and one attention."""

    def __init__(self, patch=4):
        super().__init__()
        self.patch, self.embed, self.attention = patch, nn.Linear(3 * patch**2, 8), nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, x):
        b, c, h, w = x.shape
        p = self.patch
        tokens = x.reshape(b, c, h // p, p, w // p, p).permute(0, 2, 4, 3, 5, 1).reshape(b, -1, p * p * c)
        tokens = self.embed(tokens)
        return self.attention(tokens, tokens, tokens, need_weights=False)[0]


def test_patches_cut_by_reshaping_have_the_grid_of_the_patches():
    first, = captured(Rearranged(), torch.randn(2, 3, 12, 20))
    assert (first.query_grid, first.query_stride, first.picture) == ((3, 5), (4, 4), (12, 20))


class Unfolded(Rearranged):
    def forward(self, x):
        tokens = self.embed(F.unfold(x, self.patch, stride=self.patch).mT)
        return self.attention(tokens, tokens, tokens)[0]


def test_patches_cut_by_unfolding_have_the_grid_of_the_patches():
    first, = captured(Unfolded(), torch.randn(2, 3, 12, 20))
    assert first.query_grid == (3, 5)


def test_a_grid_that_nobody_can_tell_is_asked_for():
    layer, x = nn.TransformerEncoderLayer(8, 2, batch_first=True), torch.randn(1, 13, 8)
    maps = captured(layer, x)
    assert maps[0].query_grid == (13,)
    with pytest.raises(ValueError, match=r"the 13 query tokens without rows and columns of layer 'self_attn' have no place in the "
                                         r"picture.*capture_maps\(model, grid=\(rows, columns\)\), rows x columns = 13"):
        maps[0].check_grid()
    told, = captured(layer, x, grid=(3, 4))
    assert told.query_grid == (3, 4) and told.query_tokens == ("token 1",)
    told.check_grid()
    torch.testing.assert_close(told.weights, maps[0].weights.roll((-1, -1), (2, 3)))


def test_queries_that_are_a_part_of_the_positions_are_a_coarser_grid():
    maps = captured(timm.create_model("levit_128s"), torch.randn(1, 3, 224, 224))
    assert [(m.query_grid, m.key_grid) for m in maps if m.query_grid != m.key_grid] == [((7, 7), (14, 14)), ((4, 4), (7, 7))]
    assert maps[2].query_stride == (32, 32)


def test_a_video_has_frames():
    transformers = pytest.importorskip("transformers")
    config = transformers.VideoMAEConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
                                         image_size=48, patch_size=16, num_frames=4)
    first, = captured(transformers.VideoMAEModel(config), torch.randn(1, 4, 3, 48, 48))
    assert first.query_grid == (2, 3, 3) and first.query_stride == (2, 16, 16)


def test_what_the_preprocessing_cropped_away_has_no_query():
    first, = captured(vit(64, 16), torch.randn(1, 3, 64, 64))
    queries, _ = places_of(first, Frame((64, 64), (-16, 0, 80, 64)))  # 96 pixels of the picture's width, the middle 64 in sight
    assert queries.cell(0.1, 0.5) is None and queries.cell(0.99, 0.5) is None and queries.cell(0.5, 0.5) == (2, 2)
    assert queries.cell(Fraction(1, 6), 0) == (0, 0)


def test_a_method_of_a_network_sees_the_same_grid_as_the_network():
    net = vit(64, 16).eval()
    with torch.no_grad(), capture_maps(net) as maps:
        net.forward_features(torch.randn(2, 3, 64, 64))
    assert maps[0].query_grid == (4, 4) and maps[0].query_tokens == ("class token",)


def test_keys_that_are_weights_are_named_after_them():
    layer = nn.MultiheadAttention(8, 2, batch_first=True, add_bias_kv=True, add_zero_attn=True).eval()
    x = torch.randn(2, 5, 8)
    maps = captured_as(layer, x)
    expected = layer(x, x, x, average_attn_weights=False)[1]
    torch.testing.assert_close(maps[0].weights.sort(-1)[0], expected.sort(-1)[0], rtol=0, atol=1e-6)


def captured_as(layer, x):
    with torch.no_grad(), capture_maps(layer) as maps:
        layer(x, x, x)
    return maps


@pytest.mark.parametrize("options", [{}, {"need_weights": False}, {"average_attn_weights": False},
                                     {"key_padding_mask": torch.tensor([[False] * 4 + [True], [False] * 5])},
                                     {"attn_mask": torch.ones(5, 5).triu(1).bool(), "need_weights": False, "is_causal": True}])
def test_multihead_attention_gives_its_own_weights_however_it_is_called(options):
    layer = nn.MultiheadAttention(8, 2, batch_first=True).eval()
    x = torch.randn(2, 5, 8)
    with torch.no_grad():
        bare = layer(x, x, x, **options)[0]
        with capture_maps(layer) as maps:
            found = layer(x, x, x, **options)[0]
        expected = layer(x, x, x, **options | {"need_weights": True, "average_attn_weights": False, "is_causal": False})[1]
    torch.testing.assert_close(found, bare, rtol=0, atol=1e-6)
    torch.testing.assert_close(maps[0].weights, expected, rtol=0, atol=1e-6)
    assert maps.report.parity[0].outcome == "holds"


@pytest.mark.parametrize("asks", ["vectors", "pixels"])
def test_vectors_that_a_layer_made_of_one_position_are_not_added_up_but_a_sequence_of_their_own(asks):
    class Merged(nn.Module):
        """Seven vectors of the whole picture, which attend to each other, or to which its pixels attend."""

        def __init__(self):
            super().__init__()
            self.embed, self.attend = nn.Linear(2 * 3 * 4, 7 * 2), nn.MultiheadAttention(2, 1, batch_first=True)

        def forward(self, x):
            vectors = self.embed(x.flatten(1)).view(1, 7, 2)
            return self.attend(vectors if asks == "vectors" else x.flatten(2).mT, vectors, vectors)[0]

    torch.manual_seed(0)
    net, x = Merged().double().eval(), torch.randn(1, 2, 3, 4).double()
    with torch.no_grad(), capture_maps(net) as maps:
        net(x)
    with torch.no_grad():
        vectors = net.embed(x.flatten(1)).view(1, 7, 2)
        _, expected = net.attend(vectors if asks == "vectors" else x.flatten(2).mT, vectors, vectors)
    assert maps[0].key_grid == (7,) and maps[0].query_grid == ((7,) if asks == "vectors" else (3, 4))
    torch.testing.assert_close(maps[0].weights[:, 0], expected, rtol=1e-10, atol=1e-12)
    with pytest.raises(ValueError, match="7 key tokens without rows and columns"):
        maps[0].check_grid("key")
