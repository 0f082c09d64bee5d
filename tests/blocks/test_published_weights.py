"""Weights have the names and shapes of the published code."""

import pytest
import torch

from nlviz.blocks import BLOCKS
from tests.blocks.building import built


def layers(*names, kinds=("weight", "bias")):
    return {f"{name}.{kind}" for name in names for kind in kinds}


def norms(*names):
    return layers(*names, kinds=("weight", "bias", "running_mean", "running_var", "num_batches_tracked"))


def object_context(stage):
    return layers(*(f"{stage}.{layer}" for layer in ("f_key.0", "f_query.0", "f_value", "W"))) | norms(
        f"{stage}.f_key.1", f"{stage}.f_query.1")


def relation_aware(suffix):
    names = [f"{name}_{suffix}" for name in ("gx", "gg", "theta", "phi", "W")]
    return (layers(*(f"{name}.0" for name in names), f"W_{suffix}.3", kinds=["weight"])
            | norms(*(f"{name}.1" for name in names), f"W_{suffix}.4"))


NON_LOCAL = layers("g.0", "W.0") | norms("W.1")
EMBEDDED = NON_LOCAL | layers("theta", "phi.0")
DAN = layers("query_conv", "key_conv", "value_conv") | {"gamma"}
PUBLISHED_NAMES = [
    ("gaussian", {}, NON_LOCAL),
    ("embedded_gaussian", {}, EMBEDDED),
    ("dot_product", {}, EMBEDDED),
    ("concatenation", {}, EMBEDDED | {"concat_project.0.weight"}),
    ("gaussian", {"sub_sample": False}, layers("g", "W.0") | norms("W.1")),
    ("embedded_gaussian", {"sub_sample": False, "bn_layer": False}, layers("g", "theta", "phi", "W")),
    ("snl", {}, layers("conv_mask") | {"conv_value.weight"}),
    ("gc", {}, layers("conv_mask", *(f"channel_add_conv.{i}" for i in (0, 1, 3)))),
    ("gc", {"pooling_type": "avg", "fusion_types": ["channel_mul"]}, layers(*(f"channel_mul_conv.{i}" for i in (0, 1, 3)))),
    ("se", {}, layers("fc1", "fc2")),
    ("pam", {}, DAN),
    ("cam", {}, {"gamma"}),
    ("base_oc", {}, object_context("stages.0") | layers("conv_bn_dropout.0") | norms("conv_bn_dropout.1")),
    ("pyramid_oc", {}, set.union(*(object_context(f"stages.{i}") for i in range(4)))
     | layers("up_dr.0", "conv_bn_dropout.0") | norms("up_dr.1", "conv_bn_dropout.1")),
    ("asp_oc", {}, object_context("context.2.stages.0") | layers("context.0", "context.2.conv_bn_dropout.0")
     | layers("conv2.0", "conv3.0", "conv4.0", "conv5.0", "conv_bn_dropout.0", kinds=["weight"])
     | norms("context.1", "context.2.conv_bn_dropout.1", "conv2.1", "conv3.1", "conv4.1", "conv5.1", "conv_bn_dropout.1")),
    ("criss_cross", {}, DAN),
    ("rga_spatial", {}, relation_aware("spatial")),
    ("rga_channel", {}, relation_aware("channel")),
    ("disentangled", {}, layers("g", "theta", "phi", "conv_mask", "W.0") | norms("W.1")),
]


@pytest.mark.parametrize("name, options, expected", PUBLISHED_NAMES, ids=lambda value: "" if isinstance(value, set) else str(value))
def test_weight_names_are_the_published_ones(name, options, expected):
    assert set(BLOCKS[name](8, **options).state_dict()) == expected


def test_every_block_has_its_published_names_checked():
    assert {name for name, _, _ in PUBLISHED_NAMES} == set(BLOCKS)


@pytest.mark.parametrize("name, channels, options, shapes", [
    ("embedded_gaussian", 512, {}, {"theta.weight": (256, 512), "g.0.weight": (256, 512), "W.0.weight": (512, 256)}),
    ("concatenation", 512, {}, {"concat_project.0.weight": (1, 512)}),
    ("gc", 512, {}, {"conv_mask.weight": (1, 512), "channel_add_conv.0.weight": (32, 512), "channel_add_conv.1.weight": (32,)}),
    ("se", 512, {}, {"fc1.weight": (32, 512), "fc2.weight": (512, 32)}),
    ("pam", 512, {}, {"query_conv.weight": (64, 512), "key_conv.weight": (64, 512), "value_conv.weight": (512, 512),
                      "gamma": (1,)}),
    ("cam", 512, {}, {"gamma": (1,)}),
    ("base_oc", 512, {}, {"stages.0.f_key.0.weight": (256, 512), "stages.0.f_value.weight": (256, 512),
                          "stages.0.W.weight": (512, 256), "conv_bn_dropout.0.weight": (512, 1024)}),
    ("pyramid_oc", 512, {}, {"stages.3.f_key.0.weight": (256, 512), "stages.3.f_value.weight": (512, 512),
                             "up_dr.0.weight": (2048, 512), "conv_bn_dropout.0.weight": (512, 4096)}),
    ("asp_oc", 512, {}, {"context.0.weight": (256, 512, 3, 3), "context.2.stages.0.f_key.0.weight": (128, 256),
                         "context.2.stages.0.f_value.weight": (256, 256), "conv3.0.weight": (256, 512, 3, 3),
                         "conv_bn_dropout.0.weight": (512, 1280)}),
    ("criss_cross", 512, {}, {"query_conv.weight": (64, 512), "value_conv.weight": (512, 512)}),
    ("rga_spatial", 256, {"grid": (64, 32)}, {"theta_spatial.0.weight": (32, 256), "gx_spatial.0.weight": (32, 256),
                                              "gg_spatial.0.weight": (256, 4096), "W_spatial.0.weight": (32, 257)}),
    ("rga_channel", 256, {"grid": (64, 32)}, {"theta_channel.0.weight": (256, 2048), "gx_channel.0.weight": (256, 2048),
                                              "gg_channel.0.weight": (32, 512), "W_channel.0.weight": (4, 33)}),
    ("disentangled", 512, {}, {"theta.weight": (256, 512), "conv_mask.weight": (1, 512)}),
], ids=str)
def test_weights_have_the_published_shapes(name, channels, options, shapes):
    with torch.device("meta"):
        state = BLOCKS[name](channels, **options).state_dict()
    for layer, shape in shapes.items():
        assert tuple(state[layer].shape) in (shape, (*shape, 1, 1)), layer


@pytest.mark.parametrize("name, stage", [("base_oc", "stages.0"), ("pyramid_oc", "stages.1"), ("asp_oc", "context.2.stages.0")])
def test_queries_of_object_context_are_keys_saved_under_both_names(name, stage):
    block = built(name, 8, (4, 5))
    assert block.get_submodule(f"{stage}.f_query") is block.get_submodule(f"{stage}.f_key")
    state, other = block.state_dict(), built(name, 8, (4, 5))
    assert all(state[key].data_ptr() == state[key.replace("f_query", "f_key")].data_ptr() for key in state if "f_query" in key)
    changed = {key: t + 0.5 if t.is_floating_point() else t for key, t in state.items()}
    other.load_state_dict(changed)
    assert all(torch.equal(t, changed[key]) for key, t in other.state_dict().items())
