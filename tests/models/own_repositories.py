"""Segmentation networks of papers' own repositories as plain functions of a state_dict, straight from their source.

junfu1115/DANet (encoding/dilated/resnet.py, encoding/models/sseg/danet.py, encoding/nn/da_att.py), speedinghzl/CCNet
(networks/ccnet.py, libs/src/bn.cu), openseg-group/OCNet.pytorch (network/resnet101_*_oc.py, oc_module/*). Small and random.
"""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor
from torch.nn import functional as F

State = dict[str, Tensor]
WIDTH, CLASSES = 2, 19
BLOCKS = (3, 4, 6, 3)


# -- shapes by published names

def conv(name: str, out: int, channels: int, size: int = 1, bias: bool = False) -> dict[str, tuple]:
    return {f"{name}.weight": (out, channels, size, size)} | ({f"{name}.bias": (out,)} if bias else {})


def norm(name: str, channels: int) -> dict[str, tuple]:
    return {f"{name}.{part}": (channels,) for part in ("weight", "bias", "running_mean", "running_var")}


def conv_norm(name: str, out: int, channels: int, size: int = 1, bias: bool = False) -> dict[str, tuple]:
    return conv(f"{name}.0", out, channels, size, bias) | norm(f"{name}.1", out)


def backbone(prefix: str, stem: str) -> dict[str, tuple]:
    """A ResNet-50 with the stem of one convolution, of encoding's ``deep`` one, or of ``three``."""
    shapes, channels = {}, 4 * WIDTH if stem != "one" else 2 * WIDTH
    widths = {"one": [channels], "deep": [2, 2, channels], "three": [2, 3, channels]}[stem]
    for number, (before, after) in enumerate(zip((3, *widths), widths)):
        name = {"one": "conv1", "deep": f"conv1.{3 * number}", "three": f"conv{number + 1}"}[stem]
        shapes |= conv(prefix + name, after, before, 7 if stem == "one" else 3)
        at = {"one": "bn1", "deep": "bn1" if number == 2 else f"conv1.{3 * number + 1}", "three": f"bn{number + 1}"}[stem]
        shapes |= norm(prefix + at, after)
    for stage, blocks in enumerate(BLOCKS):
        width = WIDTH << stage
        for block in range(blocks):
            name = f"{prefix}layer{stage + 1}.{block}"
            for number, (out, before, size) in enumerate(((width, channels, 1), (width, width, 3), (4 * width, width, 1)), 1):
                shapes |= conv(f"{name}.conv{number}", out, before, size) | norm(f"{name}.bn{number}", out)
            if block == 0:
                shapes |= conv_norm(f"{name}.downsample", 4 * width, channels)
            channels = 4 * width
    return shapes


def random_state(shapes: dict[str, tuple], seed: int = 0) -> State:
    """Random values, negative norm weights among them, such that layers keep the size of what they get."""
    generator, found = torch.Generator().manual_seed(seed), {}
    for name, shape in shapes.items():
        normal = torch.randn(shape, generator=generator, dtype=torch.float64)
        if len(shape) > 1:
            found[name] = normal * (2.5 if "query" in name or "key" in name else 1.4) / normal[0].numel() ** 0.5
        elif name.endswith("running_var"):
            found[name] = 0.5 + torch.rand(shape, generator=generator, dtype=torch.float64)
        elif name.endswith(".weight"):
            found[name] = (0.4 if "bn3" in name or "downsample" in name else 1) * (1 + normal * 0.3) * normal.sign()
        else:
            found[name] = 0.2 * normal + ("gamma" in name)
    return found


# -- layers

def plain(state: State, name: str, x: Tensor) -> Tensor:
    """BatchNorm in eval mode."""
    return F.batch_norm(x, *(state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias")), eps=1e-5)


def in_place(state: State, name: str, x: Tensor) -> Tensor:
    """InPlaceABN without an activation: (x - mean) / sqrt(var + eps) * (|weight| + eps) + bias."""
    mean, var, weight, bias = (state[f"{name}.{part}"][:, None, None] for part in ("running_mean", "running_var", "weight", "bias"))
    return (x - mean) / (var + 1e-5).sqrt() * (weight.abs() + 1e-5) + bias


def convolved(state: State, name: str, x: Tensor, stride: int = 1, dilation: int = 1) -> Tensor:
    weight = state[f"{name}.weight"]
    return F.conv2d(x, weight, state.get(f"{name}.bias"), stride, dilation * (weight.shape[-1] // 2), dilation)


def conv_relu(state: State, name: str, x: Tensor) -> Tensor:
    return plain(state, f"{name}.1", convolved(state, f"{name}.0", x)).relu()


def conv_abn(state: State, name: str, x: Tensor, dilation: int = 1) -> Tensor:
    return F.leaky_relu(in_place(state, f"{name}.1", convolved(state, f"{name}.0", x, dilation=dilation)), 0.01)


def features(state: State, x: Tensor, strides: Iterable[int], dilation: Callable[[int, int], int], bn: Callable,
             ceil: bool) -> Tensor:
    """The last stage of a ResNet-50; ``dilation`` of stage 0 to 3 and a block's number."""
    if "conv1.0.weight" in state:
        x = bn(state, "conv1.1", convolved(state, "conv1.0", x, 2)).relu()
        x = bn(state, "conv1.4", convolved(state, "conv1.3", x)).relu()
        x = bn(state, "bn1", convolved(state, "conv1.6", x)).relu()
    else:
        for number in (1, 2, 3):
            if f"conv{number}.weight" in state:
                x = bn(state, f"bn{number}", convolved(state, f"conv{number}", x, 2 if number == 1 else 1)).relu()
    x = F.max_pool2d(x, 3, 2, 1, ceil_mode=ceil)
    for stage, (blocks, stride) in enumerate(zip(BLOCKS, strides)):
        for block in range(blocks):
            x = _bottleneck(state, f"layer{stage + 1}.{block}", x, 1 if block else stride, dilation(stage, block), bn)
    return x


def _bottleneck(state: State, name: str, x: Tensor, stride: int, dilation: int, bn: Callable) -> Tensor:
    z = bn(state, f"{name}.bn1", convolved(state, f"{name}.conv1", x)).relu()
    z = bn(state, f"{name}.bn2", convolved(state, f"{name}.conv2", z, stride, dilation)).relu()
    z = bn(state, f"{name}.bn3", convolved(state, f"{name}.conv3", z))
    if f"{name}.downsample.0.weight" in state:
        x = bn(state, f"{name}.downsample.1", convolved(state, f"{name}.downsample.0", x, stride))
    return (z + x).relu()


def inside(state: State, prefix: str) -> State:
    return {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}


# -- DANet

def danet_state(stem: str) -> State:
    channels, inner = 32 * WIDTH, 16
    shapes = backbone("pretrained.", stem) | {"pretrained.fc.weight": (10, channels), "pretrained.fc.bias": (10,)}
    for name in ("conv5a", "conv5c"):
        shapes |= conv_norm(f"head.{name}", inner, channels, 3)
    for name in ("conv51", "conv52"):
        shapes |= conv_norm(f"head.{name}", inner, inner, 3)
    for name in ("conv6", "conv7", "conv8"):
        shapes |= conv(f"head.{name}.1", CLASSES, inner, bias=True)
    for name, out in (("query", 2), ("key", 2), ("value", inner)):
        shapes |= conv(f"head.sa.{name}_conv", out, inner, bias=True)
    return random_state(shapes | {"head.sa.gamma": (1,), "head.sc.gamma": (1,)})


def danet(state: State, x: Tensor, dilation: str) -> tuple[Tensor, dict[str, Tensor]]:
    """(logits, maps by layer); ``dilation`` is multi_grid (--multi-dilation 4 8 16) or the stride."""
    strides = (1, 2, 2, 1) if dilation == "16" else (1, 2, 1, 1)
    blocks = {"multi_grid": ((1, 1), (1, 1), (1, 2), (4, 8, 16)), "8": ((1, 1), (1, 1), (1, 2), (2, 4)),
              "16": ((1, 1), (1, 1), (1, 1), (1, 2))}[dilation]  # of the first block and of those behind it
    x = features(inside(state, "pretrained."), x, strides, lambda stage, block: blocks[stage][min(block, len(blocks[stage]) - 1)],
                 plain, False)
    head = inside(state, "head.")
    x1, x2 = conv_relu(head, "conv5a", x), conv_relu(head, "conv5c", x)
    query, key, value = (convolved(head, f"sa.{name}_conv", x1).flatten(2) for name in ("query", "key", "value"))
    positions = torch.bmm(query.permute(0, 2, 1), key).softmax(-1)
    sa = head["sa.gamma"] * torch.bmm(value, positions.permute(0, 2, 1)).view_as(x1) + x1
    energy = torch.bmm(x2.flatten(2), x2.flatten(2).permute(0, 2, 1))
    channels = (energy.max(-1, keepdim=True)[0].expand_as(energy) - energy).softmax(-1)
    sc = head["sc.gamma"] * torch.bmm(channels, x2.flatten(2)).view_as(x2) + x2
    logits = convolved(head, "conv8.1", conv_relu(head, "conv51", sa) + conv_relu(head, "conv52", sc))
    return logits, {"head.sa": positions, "head.sc": channels}


# -- CCNet and OCNet: MIT's ResNet with InPlaceABN

def dilated(state: State, x: Tensor) -> Tensor:
    return features(state, x, (1, 2, 1, 1), lambda stage, block: (1, 1, 2, 4)[stage], in_place, True)


def dsn() -> dict[str, tuple]:
    return conv_norm("dsn", 8, 16 * WIDTH, 3, True) | conv("dsn.3", CLASSES, 8, bias=True)


def ccnet_state() -> State:
    channels, inner = 32 * WIDTH, 16
    shapes = backbone("", "three") | dsn() | conv_norm("head.conva", inner, channels, 3) | conv_norm("head.convb", inner, inner, 3)
    shapes |= conv_norm("head.bottleneck", 12, channels + inner, 3) | conv("head.bottleneck.3", CLASSES, 12, bias=True)
    for name, out in (("query", 2), ("key", 2), ("value", inner)):
        shapes |= conv(f"head.cca.{name}_conv", out, inner, bias=True)
    return random_state(shapes | {"head.cca.gamma": (1,)})


def criss_cross(state: State, x: Tensor) -> tuple[Tensor, Tensor]:
    """(what one recurrence gives, the dense map): each position's row and column, itself counted once."""
    query, key, value = (convolved(state, f"{name}_conv", x) for name in ("query", "key", "value"))
    batch, _, height, width = x.shape
    dense = torch.full((batch, height, width, height, width), -torch.inf, dtype=x.dtype)
    for i in range(height):
        for j in range(width):
            dense[:, i, j, i, :] = torch.einsum("bc,bcw->bw", query[:, :, i, j], key[:, :, i, :])
            dense[:, i, j, :, j] = torch.einsum("bc,bch->bh", query[:, :, i, j], key[:, :, :, j])
    weights = dense.flatten(1, 2).flatten(2).softmax(-1)
    return state["gamma"] * torch.einsum("bnm,bcm->bcn", weights, value.flatten(2)).view_as(x) + x, weights


def ccnet(state: State, x: Tensor, recurrence: int) -> tuple[Tensor, list[Tensor]]:
    """(logits, a map of each recurrence)."""
    x, head, maps = dilated(state, x), inside(state, "head."), []
    z = conv_abn(head, "conva", x)
    for _ in range(recurrence):
        z, weights = criss_cross(inside(head, "cca."), z)
        maps.append(weights)
    z = torch.cat([x, conv_abn(head, "convb", z)], 1)
    return convolved(head, "bottleneck.3", conv_abn(head, "bottleneck", z)), maps


def attention(name: str, channels: int, key: int, value: int) -> dict[str, tuple]:
    """OCNet's self-attention; f_query is f_key, saved under both names."""
    shapes = conv_norm(f"{name}.f_key", key, channels, bias=True) | conv_norm(f"{name}.f_query", key, channels, bias=True)
    return shapes | conv(f"{name}.f_value", value, channels, bias=True) | conv(f"{name}.W", channels, value, bias=True)


def ocnet_state(kind: str) -> State:
    inner, half = 16, 8
    shapes = backbone("", "three") | dsn() | conv("cls", CLASSES, inner, bias=True)
    shapes |= conv_norm("layer5" if kind == "pyramid" else "context", inner, 32 * WIDTH, 3, True)
    if kind == "base":
        shapes |= attention("context.2.stages.0", inner, half, half)
        shapes |= conv_norm("context.2.conv_bn_dropout", inner, 2 * inner, 1, True)
    if kind == "pyramid":
        for stage in range(4):
            shapes |= attention(f"context.stages.{stage}", inner, half, inner)
        shapes |= conv_norm("context.conv_bn_dropout", inner, 8 * inner, 1, True)
        shapes |= conv_norm("context.up_dr", 4 * inner, inner, 1, True)
    if kind == "asp":
        shapes |= conv_norm("context.2.context", half, inner, 3, True) | attention("context.2.context.2.stages.0", half, 4, half)
        shapes |= conv_norm("context.2.context.2.conv_bn_dropout", half, half, 1, True)
        for number, size in ((2, 1), (3, 3), (4, 3), (5, 3)):
            shapes |= conv_norm(f"context.2.conv{number}", half, inner, size)
        shapes |= conv_norm("context.2.conv_bn_dropout", inner, 5 * half)
    state = random_state(shapes)
    return {name: state[name.replace("f_query", "f_key")] for name in state}


def object_context(state: State, name: str, x: Tensor, scale: int = 1, partition: int = 1) -> tuple[Tensor, Tensor]:
    """(context, map): of x max-pooled by ``scale``, or within each cell of ``partition`` x ``partition``."""
    size = x.shape[2:]
    x = F.max_pool2d(x, scale) if scale > 1 else x
    query, key = conv_abn(state, f"{name}.f_query", x), conv_abn(state, f"{name}.f_key", x)
    value = convolved(state, f"{name}.f_value", x)
    height, width = x.shape[2:]
    context = torch.zeros_like(value)
    dense = torch.zeros(len(x), height, width, height, width, dtype=x.dtype)
    for i in range(partition):
        for j in range(partition):
            rows = slice(i * (height // partition), height if i == partition - 1 else (i + 1) * (height // partition))
            columns = slice(j * (width // partition), width if j == partition - 1 else (j + 1) * (width // partition))
            q, k, v = (part[:, :, rows, columns] for part in (query, key, value))
            weights = (key.shape[1] ** -0.5 * torch.matmul(q.flatten(2).permute(0, 2, 1), k.flatten(2))).softmax(-1)
            context[:, :, rows, columns] = torch.matmul(v.flatten(2), weights.permute(0, 2, 1)).view_as(v)
            dense[:, rows, columns, rows, columns] = weights.view(len(x), *q.shape[2:], *q.shape[2:])
    context = convolved(state, f"{name}.W", context)
    if scale > 1:
        context = F.interpolate(context, size, mode="bilinear", align_corners=True)
    return context, dense.flatten(1, 2).flatten(2)


def ocnet(state: State, x: Tensor, kind: str) -> tuple[Tensor, list[Tensor]]:
    """(logits, maps)."""
    x = dilated(state, x)
    if kind == "pyramid":
        x = in_place(state, "layer5.1", convolved(state, "layer5.0", x))
        found = [object_context(state, f"context.stages.{stage}", x, partition=size) for stage, size in enumerate((1, 2, 3, 6))]
        z = torch.cat([conv_abn(state, "context.up_dr", x), *(context for context, _ in found)], 1)
        return convolved(state, "cls", conv_abn(state, "context.conv_bn_dropout", z)), [weights for _, weights in found]
    x = conv_abn(state, "context", x)
    if kind == "base":
        context, weights = object_context(state, "context.2.stages.0", x)
        return convolved(state, "cls", conv_abn(state, "context.2.conv_bn_dropout", torch.cat([context, x], 1))), [weights]
    context, weights = object_context(state, "context.2.context.2.stages.0", conv_abn(state, "context.2.context", x), scale=2)
    branches = [conv_abn(state, f"context.2.conv{number}", x, dilation) for number, dilation in ((2, 1), (3, 12), (4, 24), (5, 36))]
    z = torch.cat([conv_abn(state, "context.2.context.2.conv_bn_dropout", context), *branches], 1)
    return convolved(state, "cls", conv_abn(state, "context.2.conv_bn_dropout", z)), [weights]
