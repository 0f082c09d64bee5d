"""Every block as the plainest PyTorch of its equation: each map built whole, by matmul and softmax, as the published codes do.

Each function of PLAIN takes a block of nlviz, for its layers, and x; it gives the block's output.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from nlviz.blocks import Block


def rows(x: Tensor) -> Tensor:
    """(B, C, *grid) -> (B, N, C)."""
    return x.flatten(2).permute(0, 2, 1)


def attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(q . k) v of feature grids, (B, C, H, W)."""
    weights = torch.softmax(rows(q) @ k.flatten(2), -1)
    return (weights @ rows(v)).permute(0, 2, 1).reshape(q.shape[0], v.shape[1], *q.shape[2:])


def gaussian(block: Block, x: Tensor) -> Tensor:
    return block.W(attention(x, block.phi(x), block.g(x))) + x


def embedded_gaussian(block: Block, x: Tensor) -> Tensor:
    return block.W(attention(block.theta(x), block.phi(x), block.g(x))) + x


def dot_product(block: Block, x: Tensor) -> Tensor:
    weights = rows(block.theta(x)) @ block.phi(x).flatten(2)
    y = weights / weights.shape[2] @ rows(block.g(x))
    return block.W(y.permute(0, 2, 1).reshape(len(x), -1, *x.shape[2:])) + x


def concatenation(block: Block, x: Tensor) -> Tensor:
    q, k = block.theta(x).flatten(2)[..., None], block.phi(x).flatten(2)[:, :, None]
    pairs = torch.cat([q.expand(-1, -1, -1, k.shape[3]), k.expand(-1, -1, q.shape[2], -1)], 1)  # (B, 2C', N, N')
    weights = block.concat_project(pairs)[:, 0]
    y = weights / weights.shape[2] @ rows(block.g(x))
    return block.W(y.permute(0, 2, 1).reshape(len(x), -1, *x.shape[2:])) + x


def context(block: Block, x: Tensor) -> Tensor:
    weights = torch.softmax(block.conv_mask(x).flatten(2), -1)
    return (x.flatten(2) @ weights.permute(0, 2, 1))[..., None]


def snl(block: Block, x: Tensor) -> Tensor:
    return x + block.conv_value(context(block, x))


def gc(block: Block, x: Tensor) -> Tensor:
    return x + block.channel_add_conv(context(block, x))


def se(block: Block, x: Tensor) -> Tensor:
    return x * torch.sigmoid(block.fc2(torch.relu(block.fc1(F.adaptive_avg_pool2d(x, 1)))))


def pam(block: Block, x: Tensor) -> Tensor:
    return block.gamma * attention(block.query_conv(x), block.key_conv(x), block.value_conv(x)) + x


def cam(block: Block, x: Tensor) -> Tensor:
    energy = x.flatten(2) @ rows(x)
    weights = torch.softmax(energy.max(-1, keepdim=True)[0].expand_as(energy) - energy, -1)
    return block.gamma * (weights @ x.flatten(2)).view_as(x) + x


def object_context(stage, x: Tensor) -> Tensor:
    """OCNet's attention, in each cell of its partition by itself."""
    small = F.max_pool2d(x, stage.scale) if stage.scale > 1 else x
    k, v, (height, width), s = stage.f_key(small), stage.f_value(small), small.shape[2:], stage.partition
    found = torch.zeros_like(v)
    for i in range(s):
        for j in range(s):
            top, bottom = i * (height // s), height if i == s - 1 else (i + 1) * (height // s)
            left, right = j * (width // s), width if j == s - 1 else (j + 1) * (width // s)
            cell = k[:, :, top:bottom, left:right]
            found[:, :, top:bottom, left:right] = attention(cell * k.shape[1] ** -0.5, cell, v[:, :, top:bottom, left:right])
    found = stage.W(found)
    return F.interpolate(found, x.shape[2:], mode="bilinear", align_corners=True) if stage.scale > 1 else found


def base_oc(block: Block, x: Tensor) -> Tensor:
    return block.conv_bn_dropout(torch.cat([object_context(block.stages[0], x), x], 1))


def pyramid_oc(block: Block, x: Tensor) -> Tensor:
    return block.conv_bn_dropout(torch.cat([block.up_dr(x), *(object_context(stage, x) for stage in block.stages)], 1))


def asp_oc(block: Block, x: Tensor) -> Tensor:
    attended = block.context[2]
    first = attended.conv_bn_dropout(object_context(attended.stages[0], block.context[:2](x)))
    return block.conv_bn_dropout(torch.cat([first, block.conv2(x), block.conv3(x), block.conv4(x), block.conv5(x)], 1))


def criss_cross(block: Block, x: Tensor) -> Tensor:
    """The published code: columns and rows as two batches of products."""
    b, _, h, w = x.shape
    for _ in range(block.recurrence):
        (q_down, q_right), (k_down, k_right), (v_down, v_right) = (
            (y.permute(0, 3, 1, 2).reshape(b * w, -1, h), y.permute(0, 2, 1, 3).reshape(b * h, -1, w))
            for y in (block.query_conv(x), block.key_conv(x), block.value_conv(x)))
        itself = torch.diag(torch.full((h,), torch.inf))
        down = (q_down.permute(0, 2, 1) @ k_down - itself).view(b, w, h, h).permute(0, 2, 1, 3)
        right = (q_right.permute(0, 2, 1) @ k_right).view(b, h, w, w)
        weights = torch.softmax(torch.cat([down, right], 3), 3)
        down = weights[..., :h].permute(0, 2, 1, 3).reshape(b * w, h, h)
        right = weights[..., h:].reshape(b * h, w, w)
        down = (v_down @ down.permute(0, 2, 1)).view(b, w, -1, h).permute(0, 2, 3, 1)
        right = (v_right @ right.permute(0, 2, 1)).view(b, h, -1, w).permute(0, 2, 1, 3)
        x = block.gamma * (down + right) + x
    return x


def gate(block: Block, things: Tensor) -> Tensor:
    """RGA's gate from things (B, features, things, 1), with the tensor of all relations, (B, 2 things, things, 1)."""
    theta, phi, gx, gg, last = (block.get_submodule(f"{name}_{block.suffix}") for name in ("theta", "phi", "gx", "gg", "W"))
    relations = rows(theta(things)) @ phi(things).flatten(2)
    joint = gg(torch.cat([relations.permute(0, 2, 1), relations], 1)[..., None])
    return torch.sigmoid(last(torch.cat([gx(things).mean(1, keepdim=True), joint], 1)))


def rga_spatial(block: Block, x: Tensor) -> Tensor:
    return x * gate(block, x.flatten(2)[..., None]).view(len(x), 1, *x.shape[2:])


def rga_channel(block: Block, x: Tensor) -> Tensor:
    return x * gate(block, rows(x)[..., None]).view(*x.shape[:2], 1, 1)


def disentangled(block: Block, x: Tensor) -> Tensor:
    q, k = rows(block.theta(x)), rows(block.phi(x))
    q, k = q - q.mean(1, keepdim=True), k - k.mean(1, keepdim=True)
    pairwise = q @ k.permute(0, 2, 1) / (block.temperature * q.shape[2] ** 0.5)
    weights = torch.softmax(pairwise, -1) + torch.softmax(block.conv_mask(x).flatten(2), -1)
    return block.W((weights @ rows(block.g(x))).permute(0, 2, 1).reshape(len(x), -1, *x.shape[2:])) + x


PLAIN = {function.__name__: function for function in (
    gaussian, embedded_gaussian, dot_product, concatenation, snl, gc, se, pam, cam, base_oc, pyramid_oc, asp_oc, criss_cross,
    rga_spatial, rga_channel, disentangled)}
