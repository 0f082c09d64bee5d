"""Video networks of other people: maps on the grid of frames, rows and columns, each equal to what the network says itself."""

import pytest
import torch
import torchvision
import transformers
from torch.nn import functional as F

from nlviz import capture_maps
from nlviz.maps import Factors, Windows, cell_of, cells, flat_index, space_times
from tests.blocks.memory import Largest

FRAMES, SIDE, PATCH = 4, 48, 16
SMALL = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32, "image_size": SIDE,
         "num_frames": FRAMES}


def built(kind, seed=0, **options):
    """With weights large enough for sharp maps, and biases that are not zero; float64."""
    torch.manual_seed(seed)
    made = getattr(transformers, kind)
    net = made._from_config(made.config_class(**SMALL | options), attn_implementation="eager").eval().double()
    for weight in net.parameters():
        torch.nn.init.normal_(weight, std=0.3)
    return net


def clip(items=2, frames=FRAMES, side=SIDE):
    """(B, T, C, H, W)."""
    return torch.randn(items, frames, 3, side, side, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def captured(net, x, **options):
    with torch.no_grad(), capture_maps(net.eval(), **options) as maps:
        net(x)
    assert maps.report.faults == [] and maps.report.missed == []
    assert all(parity.outcome == "holds" and parity.difference < 1e-10 for parity in maps.report.parity)
    return maps


def own_attentions(net, x):
    with torch.no_grad():
        return net(x, output_attentions=True).attentions


@pytest.mark.parametrize("kind, first, options", [
    ("VideoMAEModel", 0, {"patch_size": PATCH, "tubelet_size": 2}), ("VivitModel", 1, {"tubelet_size": [2, PATCH, PATCH]}),
    ("TimesformerModel", 1, {"patch_size": PATCH, "attention_type": "joint_space_time"})])
def test_joint_attention_is_over_all_frames_rows_and_columns(kind, first, options):
    net, x = built(kind, **options), clip()
    maps, expected = captured(net, x), own_attentions(net, x)
    tubelet = 1 if kind.startswith("Times") else 2
    assert len(maps) == len(expected) == 2
    for nl_map, weights in zip(maps, expected):
        assert nl_map.query_grid == nl_map.key_grid == (FRAMES // tubelet, 3, 3) and nl_map.picture == (FRAMES, SIDE, SIDE)
        assert nl_map.query_stride == nl_map.key_stride == (tubelet, PATCH, PATCH)  # frames, and pixels of the network's input
        assert nl_map.query_tokens == nl_map.key_tokens == ("class token",) * first
        if kind.startswith("Times"):  # which holds its positions frame by frame within each place
            weights = by_frame(weights)
        torch.testing.assert_close(nl_map.weights, weights.roll((-first, -first), (-2, -1)), rtol=0, atol=1e-12)


def by_frame(weights):
    """TimeSformer's order (class token, then place by place its frames) as (class token, then frame by frame its places)."""
    order = torch.arange(9 * FRAMES).view(9, FRAMES).T.flatten() + 1
    order = torch.cat([torch.zeros(1, dtype=torch.long), order])
    return weights[..., order, :][..., order]


def divided(items=2, layers=2, patch=PATCH):
    """TimeSformer, its clip, and what its own softmaxes gave: of each layer time (B, P, heads, T, T), space (B, T, heads, n, n)."""
    net = built("TimesformerModel", patch_size=patch, attention_type="divided_space_time", num_hidden_layers=layers)
    x = clip(items)
    found, hooks = [], []
    for name, module in net.named_modules():
        if name.endswith("attn_drop"):
            hooks.append(module.register_forward_hook(lambda module, args, out: found.append(out.unflatten(0, (items, -1)))))
    with torch.no_grad():
        net(x)
    for hook in hooks:
        hook.remove()
    return net, x, found


def test_divided_attention_is_two_maps_of_the_clip_each_zero_where_it_does_not_look():
    net, x, expected = divided()
    maps = captured(net, x)
    assert [m.layer.split(".")[3] for m in maps] == ["temporal_attention", "attention"] * 2
    n = 9 * FRAMES
    for nl_map, own in zip(maps, expected):
        assert nl_map.query_grid == nl_map.key_grid == (FRAMES, 3, 3) and nl_map.heads == 2 and nl_map.rows == "distribution"
        assert nl_map.query_stride == (1, PATCH, PATCH) and nl_map.picture == (FRAMES, SIDE, SIDE)
        assert isinstance(nl_map.lazy, Windows) and nl_map.weights is None and nl_map.lazy.shape[0] == 2
        dense = nl_map.lazy.dense()
        positions = dense[..., :n, :n].unflatten(-1, (FRAMES, 9)).unflatten(-3, (FRAMES, 9))  # (B, heads, t, p, t', p')
        torch.testing.assert_close(dense.sum(-1), torch.ones_like(dense[..., 0]))
        if nl_map.layer.split(".")[3] == "temporal_attention":
            assert nl_map.query_tokens == ()
            torch.testing.assert_close(torch.einsum("bhtpup->bphtu", positions), own, rtol=0, atol=1e-12)
        else:
            assert nl_map.query_tokens == nl_map.key_tokens == tuple(f"class token of frame {t}" for t in range(1, FRAMES + 1))
            torch.testing.assert_close(torch.einsum("bhtptq->bthpq", positions), own[..., 1:, 1:], rtol=0, atol=1e-12)
            for t, name in enumerate(nl_map.query_tokens):
                row = nl_map.row(nl_map.query(name), item=1)
                torch.testing.assert_close(row[9 * t : 9 * t + 9], own[1, t, :, 0, 1:].mean(0))
                assert row[nl_map.key(name)].item() == pytest.approx(own[1, t, :, 0, 0].mean().item())


def test_frames_that_only_look_at_themselves_have_a_class_token_each():
    net, x = built("TimesformerModel", patch_size=PATCH, attention_type="space_only"), clip()
    maps, expected = captured(net, x), own_attentions(net, x)
    for nl_map, weights in zip(maps, expected):
        weights = weights.unflatten(0, (2, FRAMES))
        row = nl_map.row(flat_index((2, 1, 1), (FRAMES, 3, 3)), item=1, head=1)
        torch.testing.assert_close(row[18:27], weights[1, 2, 1, 5, 1:])
        assert row[nl_map.key("class token of frame 3")] == pytest.approx(weights[1, 2, 1, 5, 0].item())
        assert row[:18].abs().max() == row[27:36].abs().max() == 0


def test_time_and_space_of_each_layer_have_a_product_that_is_called_derived():
    net, x, expected = divided(items=1)
    maps = captured(net, x)
    found = space_times(maps)
    assert [m.layer for m in found] == [f"encoder.layer.{n}.temporal_attention.attention and encoder.layer.{n}.attention.attention"
                                        for n in range(2)]
    time, space = expected[2][0].mean(1), expected[3][0].mean(1)  # of the last layer: (P, T, T), (T, n, n)
    row = found[1].row(flat_index((1, 2, 0), (FRAMES, 3, 3)))
    for t in range(FRAMES):
        torch.testing.assert_close(row[9 * t : 9 * t + 9], space[1, 7, 1:] * time[:, 1, t])
    assert row[found[1].key("class token of frame 2")].item() == pytest.approx(space[1, 7, 0].item())
    assert row.sum().item() == pytest.approx(1)
    assert maps[0].notes == ("Over time: a query sees its own place in the frames alone.",)
    assert maps[1].notes == ("Over space: a query sees its own frame alone.",) and found[0].notes[0].startswith("Derived")


def sharp(net):
    for name, weight in net.named_parameters():
        torch.nn.init.normal_(weight, mean=float("norm" in name and "weight" in name), std=0.2)
    return net.eval().double()


def softmaxes(net, x, monkeypatch):
    """What every softmax of a pass gives."""
    found, plain, tensors = [], F.softmax, torch.Tensor.softmax

    def kept(given, *args, **kwargs):
        found.append(tensors(given, -1))
        return found[-1]

    with monkeypatch.context() as patched, torch.no_grad():
        patched.setattr(F, "softmax", kept)
        patched.setattr(torch.Tensor, "softmax", kept)
        net(x)
    assert plain is F.softmax
    return found


def windows_of_swin(soft, grid, window, shift):
    """(heads, N, N) by plain loops from (windows, heads, n, n): two cells see each other in one window of the shifted grid, and
    not over its edge."""
    found = torch.zeros(soft.shape[1], cells(grid), cells(grid), dtype=soft.dtype)
    counts = [size // side for size, side in zip(grid, window)]
    for q in range(cells(grid)):
        for k in range(cells(grid)):
            moved = [[place - by for place, by in zip(cell_of(one, grid), shift)] for one in (q, k)]
            groups = [[place // side for place, side in zip(one, window)] for one in moved]
            if groups[0] == groups[1]:
                at = [place % size // side for place, size, side in zip(moved[0], grid, window)]
                row, column = (flat_index([place % size % side for place, size, side in zip(one, grid, window)], window)
                               for one in moved)
                found[:, q, k] = soft[flat_index(at, counts), :, row, column]
    return found


@pytest.mark.parametrize("dense_bytes", [2**26, 0])
def test_shifted_windows_of_video_swin_are_read_in_the_cells_of_the_clip_also_without_their_weights(dense_bytes, monkeypatch):
    torch.manual_seed(0)
    net = sharp(torchvision.models.video.SwinTransformer3d(patch_size=[1, 4, 4], embed_dim=8, depths=[2], num_heads=[2],
                                                            window_size=[2, 3, 3], num_classes=2))
    x = torch.randn(1, 3, 4, 24, 24, dtype=torch.float64)
    maps, soft = captured(net, x, dense_bytes=dense_bytes), softmaxes(net, x, monkeypatch)
    for nl_map, own, shift in zip(maps, soft, [(0, 0, 0), (1, 1, 1)], strict=True):
        assert nl_map.query_grid == (4, 6, 6) and nl_map.query_stride == (1, 4, 4) and nl_map.picture == (4, 24, 24)
        assert nl_map.weights is None and isinstance(nl_map.lazy.inner, Factors if dense_bytes == 0 else torch.Tensor)
        expected = windows_of_swin(own, (4, 6, 6), (2, 3, 3), shift)
        torch.testing.assert_close(nl_map.lazy.dense()[0], expected, rtol=0, atol=1e-12)
        torch.testing.assert_close(nl_map.column(50, head=1), expected[1, :, 50], rtol=0, atol=1e-12)
    if dense_bytes == 0:  # the bias of all windows once, and the masks of the shifted ones
        assert [[tuple(bias.shape[:3]) for bias in m.lazy.inner.biases] for m in maps] == [[(1, 1, 2)], [(1, 1, 2), (1, 8, 1)]]


def multiscale(relative):
    mvit = torchvision.models.video.mvit
    blocks = [mvit.MSBlockConfig(num_heads=1, input_channels=8, output_channels=16, kernel_q=[3, 3, 3], kernel_kv=[3, 3, 3],
                                 stride_q=[1, 1, 1], stride_kv=[1, 2, 2]),
              mvit.MSBlockConfig(num_heads=2, input_channels=16, output_channels=16, kernel_q=[3, 3, 3], kernel_kv=[3, 3, 3],
                                 stride_q=[1, 2, 2], stride_kv=[1, 1, 1])]
    return sharp(torchvision.models.video.MViT(
        spatial_size=(32, 32), temporal_size=8, block_setting=blocks, residual_pool=relative, residual_with_cls_embed=not relative,
        rel_pos_embed=relative, proj_after_attn=relative, num_classes=2))


@pytest.mark.parametrize("relative", [True, False], ids=["MViTv2", "MViTv1"])
@pytest.mark.parametrize("dense_bytes", [2**26, 0])
def test_pooled_keys_of_multiscale_networks_lie_on_a_grid_of_their_own_also_without_weights(relative, dense_bytes, monkeypatch):
    torch.manual_seed(0)
    net, x = multiscale(relative), torch.randn(2, 3, 8, 32, 32, dtype=torch.float64)
    maps, soft = captured(net, x, dense_bytes=dense_bytes), softmaxes(net, x, monkeypatch)
    grids = [((4, 8, 8), (4, 4, 4)), ((4, 4, 4), (4, 8, 8))]
    for nl_map, own, (queries, keys) in zip(maps, soft, grids, strict=True):
        assert (nl_map.query_grid, nl_map.key_grid, nl_map.picture) == (queries, keys, (8, 32, 32))
        assert (nl_map.query_stride, nl_map.key_stride) == tuple((2, 32 // grid[1], 32 // grid[2]) for grid in (queries, keys))
        assert nl_map.query_tokens == nl_map.key_tokens == ("class token",)
        assert (nl_map.weights is None) == (dense_bytes == 0)
        expected = own.roll((-1, -1), (-2, -1))
        dense = nl_map.weights if nl_map.lazy is None else nl_map.lazy.dense()
        torch.testing.assert_close(dense, expected, rtol=0, atol=1e-10)
        if dense_bytes == 0:  # frames, rows, columns and the class token, beside the channels of a head
            assert isinstance(nl_map.lazy, Factors) and nl_map.lazy.biases == ()
            assert nl_map.lazy.q.shape[-1] == (16 if relative and queries == grids[0][0] else 8) + relative * (sum(keys) + 1)


def test_time_and_space_kept_by_queries_and_keys_are_the_same_and_never_n_by_n():
    net, x, _ = divided(items=1)
    for lazy, dense in zip(captured(net, x, dense_bytes=0), captured(net, x)):
        assert isinstance(lazy.lazy.inner, Factors) and isinstance(dense.lazy.inner, torch.Tensor)
        torch.testing.assert_close(lazy.lazy.dense(), dense.lazy.dense(), rtol=0, atol=1e-12)
    net, x, _ = divided(items=1, layers=1, patch=4)
    with Largest() as noticed:
        captured(net, x, dense_bytes=0)
    assert 4 * noticed.nbytes <= 2 * (144 * FRAMES) ** 2 * 8 * 1.02  # the weights of each frame among themselves
