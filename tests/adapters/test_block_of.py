"""block_of: other people's weights in our blocks, and what it says of weights that do not fit."""

import re

import pytest
import torch

from nlviz.adapters import KINDS, FileWeights, block_of, under_our_names
from tests.adapters import live_object


def conv(name, out, channels, axes=2, bias=True):
    made = {f"{name}.weight": torch.randn(out, channels, *(1,) * axes)}
    return made | ({f"{name}.bias": torch.randn(out)} if bias else {})


def norm(name, channels):
    kinds = ("weight", "bias", "running_mean", "running_var")
    return {f"{name}.{kind}": torch.rand(channels) + 0.5 for kind in kinds}


def mmcv(axes=2, pooled="", bn=True):
    found = {}
    for name in (f"g{pooled}", f"phi{pooled}", "theta"):
        found |= conv(f"{name}.conv", 4, 8, axes)
    return found | conv("conv_out.conv", 8, 4, axes, bias=not bn) | (norm("conv_out.bn", 8) if bn else {})


def pam(*names, gamma="gamma"):
    query, key, value = names
    return conv(query, 2, 8) | conv(key, 2, 8) | conv(value, 8, 8) | {gamma: torch.tensor(0.5)}


CONTEXT = conv("channel_add_conv.0", 3, 8) | conv("channel_add_conv.3", 8, 3) | {
    "channel_add_conv.1.weight": torch.ones(3, 1, 1), "channel_add_conv.1.bias": torch.zeros(3, 1, 1)}
SLOWFAST = {key: tensor for name in ("theta", "phi", "g") for key, tensor in conv(f"conv_{name}", 4, 8, 3).items()} | conv(
    "conv_out", 8, 4, 3)
BASE_OC = conv("stages.0.f_key.0", 3, 8) | norm("stages.0.f_key.1", 3) | conv("stages.0.f_value", 5, 8) | conv(
    "stages.0.W", 8, 5) | conv("conv_bn_dropout.0", 8, 16) | norm("conv_bn_dropout.1", 8)
RGA = live_object.RGA_Module(8, 30).state_dict()
OFFICIAL = "query_conv", "key_conv", "value_conv"
SCALED = {"mode": "embedded_gaussian", "use_scale": "yes"}
TEMPERED = SCALED | {"temperature": "0.05"}


@pytest.mark.parametrize("kind, weights, told, options", [
    ("mmcv_nonlocal", mmcv(), SCALED, {"dimension": 2, "sub_sample": False, "scale_power": -0.5, "inter_channels": 4}),
    ("mmcv_nonlocal", mmcv(3, ".0"), {"mode": "dot_product"}, {"dimension": 3, "sub_sample": True}),
    ("mmcv_nonlocal", mmcv(1, bn=False), {"mode": "embedded_gaussian", "use_scale": False}, {"dimension": 1, "scale_power": 0}),
    ("mmseg_dnl", mmcv() | conv("conv_mask", 1, 8), TEMPERED, {"use_scale": True, "rows": "raw"}),
    ("mmseg_pam", pam("query_project", "key_project", "value_project", gamma="gamma.scale"), {}, {"in_channels": 8}),
    ("danet_pam", pam(*OFFICIAL), {}, {"in_channels": 8}),
    ("mmseg_cam", {"gamma.scale": torch.tensor(0.5)}, {"channels": 16}, {"in_channels": 16}),
    ("mmcv_criss_cross", pam(*OFFICIAL, gamma="gamma.scale"), {"recurrence": "2"}, {"recurrence": 2}),
    ("mmcv_context", CONTEXT, {}, {"conv_mask": None}),
])
def test_shapes_are_read_from_the_weights(kind, weights, told, options):
    block = block_of(kind, weights, **told)
    assert {name: getattr(block, name) for name in options} == options and not block.training
    assert block(torch.randn(1, block.in_channels, *(6,) * block.dimension)).shape[1] == block.in_channels
    own = under_our_names(kind, weights, **told)
    assert own.keys() <= block.state_dict().keys() and all(torch.equal(block.state_dict()[key], own[key]) for key in own)


@pytest.mark.parametrize("kind, weights, told, error, words", [
    ("mmcv_nonlocal", mmcv(), {}, TypeError, "do not tell mode"),
    ("mmcv_nonlocal", mmcv(), {"mode": "embedded_gaussian"}, TypeError, "do not tell use_scale"),
    ("mmcv_nonlocal", mmcv(), {"mode": "gaussian"}, ValueError, "not 'gaussian'"),
    ("mmcv_nonlocal", mmcv(), {"mode": "dot_product", "temperature": 1}, TypeError, "is told mode, use_scale, not temperature"),
    ("mmcv_nonlocal", mmcv(), {"mode": "embedded_gaussian", "use_scale": "maybe"}, ValueError, "is yes or no"),
    ("mmcv_nonlocal", mmcv() | conv("other", 4, 8), SCALED, ValueError, "has not: other.bias, other.weight"),
    ("mmcv_nonlocal", {"conv_mask.weight": torch.ones(1)}, SCALED, ValueError, "g.weight or g.0.weight is missing"),
    ("mmcv_nonlocal", mmcv() | conv("theta.conv", 5, 8), SCALED, ValueError, "theta.conv.weight is"),
    ("mmseg_dnl", mmcv() | conv("conv_mask", 1, 8), SCALED, TypeError, "do not tell temperature"),
    ("mmcv_criss_cross", pam(*OFFICIAL), {"recurrence": 0.5}, ValueError, "a whole number above 0"),
    ("mmcv_context", {}, {}, ValueError, "there are none"),
    ("mmseg_dnl", mmcv(pooled=".0") | conv("conv_mask", 1, 8), TEMPERED, ValueError, "is no published block"),
    ("slowfast_nonlocal", SLOWFAST, {"mode": "softmax", "norm_type": "none"}, TypeError, "do not tell pool_size"),
    ("slowfast_nonlocal", SLOWFAST, {"mode": "softmax", "pool_size": None}, TypeError, "do not tell norm_type"),
    ("slowfast_nonlocal", SLOWFAST, {"mode": "dot_product", "norm_type": "none", "pool_size": 2}, ValueError, "3 whole numbers"),
    ("ocnet_base_oc", BASE_OC, {}, TypeError, "do not tell sizes"),
    ("ocnet_base_oc", BASE_OC | {"stages.1.W.bias": torch.ones(8)}, {"sizes": (1, 2)}, ValueError, "several sizes"),
    ("ocnet_base_oc", BASE_OC | conv("stages.0.f_query.0", 3, 8), {"sizes": 1}, ValueError, "one projection"),
    ("rga", {}, {"grid": (5, 6)}, ValueError, "theta_spatial.0.weight or theta_channel.0.weight is missing"),
    ("rga", RGA, {"grid": "5x5"}, ValueError, "are for 30 positions, and 5 x 5 are 25"),
    ("mmcv", {}, {}, ValueError, "there is no kind 'mmcv'"),
])
def test_what_does_not_fit_is_said_in_words(kind, weights, told, error, words):
    with pytest.raises(error, match=words):
        block_of(kind, weights, **told)


@pytest.mark.parametrize("kind, weights, told, options", [
    ("slowfast_nonlocal", SLOWFAST, {"mode": "dot_product", "pool_size": "1x2x2", "norm_type": "none"}, {"key_stride": (1, 2, 2)}),
    ("ocnet_base_oc", BASE_OC, {"sizes": (2,)}, {"scale": 2, "query_stride": (2, 2)}),
    ("rga", RGA, {"grid": "5x6"}, {"in_channels": 8}),
])
def test_what_is_told_may_be_a_text(kind, weights, told, options):
    block = block_of(kind, weights, **told)
    assert {name: getattr(block, name) for name in options} == options


def test_inplace_abn_multiplies_with_the_size_of_its_weight():
    negative = BASE_OC | {"stages.0.f_key.1.weight": torch.tensor([-0.5, 0.25, -1.0])}
    inplace, plain = (block_of("ocnet_base_oc", negative, sizes=1, **more) for more in ({}, {"inplace_abn": False}))
    assert torch.allclose(inplace.stages[0].f_key[1].weight, torch.tensor([0.5, 0.25, 1.0]) + 1e-5)
    assert plain.stages[0].f_key[1].weight.tolist() == [-0.5, 0.25, -1.0]


def test_half_precision_becomes_float32_and_other_weights_are_not_copied():
    weights = mmcv()
    block = block_of("mmcv_nonlocal", {key: tensor.half() for key, tensor in weights.items()}, mode="dot_product")
    assert block.theta.weight.dtype == torch.float32
    block = block_of("mmcv_nonlocal", weights, mode="dot_product")
    assert block.theta.weight.data_ptr() == weights["theta.conv.weight"].data_ptr()


def test_missing_weights_are_named_and_kept_as_made_where_that_is_asked_for():
    weights = {key: tensor for key, tensor in mmcv().items() if not key.startswith("theta.conv.bias")}
    with pytest.raises(ValueError, match=r"missing: theta\.bias"):
        block_of("mmcv_nonlocal", weights, **SCALED)
    block = block_of("mmcv_nonlocal", weights, partial=True, **SCALED)
    assert block.theta.bias.device.type == "cpu" and torch.isfinite(block.theta.bias).all()


@pytest.mark.parametrize("kind, weights, name, told", [
    ("mmcv_nonlocal", mmcv(), "g.conv.weight", SCALED), ("mmcv_nonlocal", mmcv(), "theta.conv.weight", SCALED),
    ("mmcv_nonlocal", mmcv(), "conv_out.conv.weight", SCALED), ("mmcv_nonlocal", mmcv(bn=False), "conv_out.conv.weight", SCALED),
    ("danet_pam", pam(*OFFICIAL), "query_conv.weight", {}), ("danet_pam", pam(*OFFICIAL), "value_conv.weight", {}),
    ("mmcv_context", CONTEXT, "channel_add_conv.0.weight", {}), ("ocnet_base_oc", BASE_OC, "stages.0.f_key.0.weight", {"sizes": 1}),
    ("ocnet_base_oc", BASE_OC, "stages.0.W.weight", {"sizes": 1}), ("rga", RGA, "theta_spatial.0.weight", {"grid": "5x6"}),
    ("slowfast_nonlocal", SLOWFAST | norm("bn", 8), "conv_theta.weight", {"mode": "softmax", "pool_size": None}),
    ("slowfast_nonlocal", SLOWFAST | norm("bn", 8), "conv_out.weight", {"mode": "softmax", "pool_size": None})])
@pytest.mark.parametrize("shape", [(), (7,), (7, 7)], ids=str)
def test_a_weight_of_another_shape_is_called_as_in_its_file(kind, weights, name, told, shape):
    weights = weights | {name: torch.ones(shape)}
    inside = FileWeights(weights, {key: f"head.block.{key}" for key in weights}, "head.block.")
    said = re.escape(f"head.block.{name} is {shape}")
    with pytest.raises(ValueError, match=f"{said}(, no convolution's| and not)"):
        block_of(kind, inside, partial=True, **told)


def test_every_kind_says_what_it_is_told_in_words():
    assert all(name.isidentifier() and len(what) > 2 for kind in KINDS.values() for name, what in kind.told.items())
