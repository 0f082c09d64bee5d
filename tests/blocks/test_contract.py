"""What every block promises: outputs, gradients, rows, and errors that say what to do."""

import pytest
import torch

from nlviz import capture_maps
from nlviz.blocks import BLOCKS
from tests.blocks.building import FRESH_IDENTITY, PAIRWISE, built, picture


@pytest.mark.parametrize("name", BLOCKS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_output_is_bit_equal_whether_the_map_is_asked_for_captured_or_not(name, dtype):
    block, x = built(name, 6, (6, 5)).to(dtype), picture(6, (6, 5)).to(dtype)
    expected = block(x)
    assert torch.equal(block(x, return_nl_map=True)[0], expected)
    assert torch.equal(block(x, return_nl_map="as used")[0], expected)
    for dense_bytes in (2**20, 0):
        with capture_maps(block, dense_bytes):
            assert torch.equal(block(x), expected)


@pytest.mark.parametrize("name", BLOCKS)
def test_gradients_of_input_and_parameters_are_those_of_finite_differences(name):
    block, x = built(name, 4, (3, 2)), picture(4, (3, 2), batch=1)
    parameters = dict(block.named_parameters())
    assert all(p.requires_grad for p in parameters.values())
    values = [t.detach().clone().requires_grad_() for t in (x, *parameters.values())]
    assert torch.autograd.gradcheck(lambda x, *values: torch.func.functional_call(block, dict(zip(parameters, values)), (x,)),
                                    values)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_fresh_block_is_the_identity_where_the_published_one_is(name):
    x = picture(8, (4, 6)).float()
    block = BLOCKS[name](8, **({"grid": (4, 6)} if "rga" in name else {"sizes": (1, 2)} if name == "pyramid_oc" else {})).eval()
    assert torch.allclose(block(x), x) == (name in FRESH_IDENTITY)


@pytest.mark.parametrize("name", BLOCKS)
def test_rows_are_what_the_block_says_they_are(name):
    block, x = built(name, 6, (6, 4)), picture(6, (6, 4))
    with capture_maps(block) as maps:
        block(x)
    assert (maps[0].relates, maps[0].rows) == (block.relates, block.rows)
    positions = (24, 6) if name in PAIRWISE else (6, 6) if name == "asp_oc" else (24, 24)
    for m in maps:
        shape = {"positions": positions, "global": (1, 24), "channels": (6, 6),
                 "gate": (24,) if m.part == "gate of positions" else (6,)}[m.relates]
        assert m.weights.shape == (2, *shape) and m.shape == shape
        sums = m.weights.sum(-1)
        if m.rows == "distribution":
            assert (m.weights >= 0).all()
            torch.testing.assert_close(sums, torch.ones_like(sums))
        else:
            assert (sums - 1).abs().min() > 1e-3
        if m.part.startswith("gate") or name == "se":
            assert ((m.weights > 0) & (m.weights < 1)).all()
        if m.part == "relations":
            assert (m.weights >= 0).all()
        if m.part == "sum":
            torch.testing.assert_close(sums, torch.full_like(sums, 2))


@pytest.mark.parametrize("name", BLOCKS)
def test_bad_input_says_what_was_expected_and_what_came(name):
    block = built(name, 6, (4, 4)).float()
    with pytest.raises(ValueError, match=r"expects 6 channels, got 5"):
        block(torch.zeros(1, 5, 4, 4))
    for shape in [(1, 6, 4), (6, 4, 4), (1, 6, 2, 4, 4)]:
        with pytest.raises(ValueError, match=rf"expects \(B, C, 2 grid axes\), got shape {shape}".replace("(1", r"\(1").replace(
                "(6", r"\(6").replace("4)", r"4\)")):
            block(torch.zeros(shape))
    for channels in (0, -3):
        with pytest.raises(ValueError, match=rf"in_channels must be at least 1, got {channels}"):
            BLOCKS[name](channels)


@pytest.mark.parametrize("name, options, shape, message", [
    *((name, {"dimension": d}, None, f"dimension must be 1, 2 or 3, got {d}")
      for name in (*PAIRWISE, "gc", "snl", "se", "cam") for d in (0, 4)),
    ("embedded_gaussian", {}, (1, 6, 1, 9), r"pools keys by \(2, 2\), but the grid is only \(1, 9\)"),
    ("gaussian", {"dimension": 1}, (1, 6, 1), r"pools keys by \(2,\), but the grid is only \(1,\)"),
    ("concatenation", {"dimension": 3}, (1, 6, 1, 2, 1), r"pools keys by \(1, 2, 2\), but the grid is only \(1, 2, 1\)"),
    ("gc", {"pooling_type": "max"}, None, "pooling_type must be 'att' or 'avg', got 'max'"),
    ("gc", {"fusion_types": []}, None, r"fusion_types must be some of 'channel_add', 'channel_mul', got \[\]"),
    ("gc", {"fusion_types": ["add"]}, None, r"fusion_types must be some of .*, got \['add'\]"),
    ("base_oc", {"scale": 0}, None, "scale must be at least 1, got 0"),
    ("base_oc", {"scale": 3}, (1, 6, 2, 9), r"BaseOC pools keys by \(3, 3\), but the grid is only \(2, 9\)"),
    ("pyramid_oc", {"sizes": ()}, None, r"sizes must be one or more partitions of at least 1, got \(\)"),
    ("pyramid_oc", {"sizes": (2, 0)}, None, r"sizes must be one or more partitions of at least 1, got \(2, 0\)"),
    ("pyramid_oc", {}, (1, 6, 9, 5), r"parts the grid 6 x 6, but it is only \(9, 5\)"),
    ("asp_oc", {"dilations": (1, 2)}, None, r"dilations must be three.*, got \(1, 2\)"),
    ("asp_oc", {"dilations": (1, 2, 0)}, None, r"dilations must be three of at least 1, got \(1, 2, 0\)"),
    ("asp_oc", {}, (1, 6, 5, 1), r"AspOC pools keys by \(2, 2\), but the grid is only \(5, 1\)"),
    ("criss_cross", {"recurrence": 0}, None, "recurrence must be at least 1, got 0"),
    *((name, options, shape, message) for name in ("rga_spatial", "rga_channel") for options, shape, message in [
        ({"grid": (4, 5)}, (1, 6, 5, 4), r"built for a grid of \(4, 5\).*got \(5, 4\)\. Build it with grid=\(5, 4\)"),
        ({"grid": (4,)}, None, r"grid must be \(rows, columns\).*, got \(4,\)"),
        ({"grid": (4, 0)}, None, r"grid must be \(rows, columns\).*, got \(4, 0\)"),
        ({"ratio": 0}, None, "ratio must be at least 1, got 0")]),
    *(("disentangled", {"temperature": t}, None, f"temperature must be above 0, got {t}") for t in (0, -0.5)),
], ids=str)
def test_impossible_arguments_are_a_clear_value_error(name, options, shape, message):
    if shape is None:  # wrong options fail when the block is built, not when it runs
        with pytest.raises(ValueError, match=message):
            BLOCKS[name](6, **options)
    else:
        block = BLOCKS[name](6, **options)
        with pytest.raises(ValueError, match=message):
            block(torch.zeros(shape))
