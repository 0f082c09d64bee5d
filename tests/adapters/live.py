"""Small modules with the class names, attributes and formulas of published code, for what an oracle cannot run.

Each is written from the source that it names, not copied: the same names of weights, the same order of operations.
"""

import torch
from torch import nn
from torch.nn import functional as F


class Conv(nn.Module):
    """mmcv's ConvModule without activation: ``conv`` and, with a norm, ``bn``."""

    def __init__(self, channels, out, axes=2, norm=False):
        super().__init__()
        self.conv = getattr(nn, f"Conv{axes}d")(channels, out, 1, bias=not norm)
        self.bn = getattr(nn, f"BatchNorm{axes}d")(out, eps=1e-3) if norm else None

    def forward(self, x):
        return self.conv(x) if self.bn is None else self.bn(self.conv(x))


def normalised(logits, mode):
    return logits / logits.shape[-1] if mode == "dot_product" else logits.softmax(-1)


class NonLocal2d(nn.Module):
    """mmcv/cnn/bricks/non_local.py, embedded Gaussian and dot product."""

    def __init__(self, channels, mode="embedded_gaussian", use_scale=True, sub_sample=False, norm=True):
        super().__init__()
        inter = channels // 2
        self.mode, self.use_scale, self.sub_sample, self.inter_channels = mode, use_scale, sub_sample, inter
        self.g, self.theta, self.phi = (Conv(channels, inter) for _ in range(3))
        self.conv_out = Conv(inter, channels, norm=norm)
        if sub_sample:
            self.g, self.phi = (nn.Sequential(layer, nn.MaxPool2d((2, 2))) for layer in (self.g, self.phi))

    def scale(self):
        return self.inter_channels**0.5

    def weights(self, x):
        theta, phi = self.theta(x).flatten(2).transpose(1, 2), self.phi(x).flatten(2)
        logits = torch.matmul(theta, phi)
        if self.mode == "embedded_gaussian" and self.use_scale:
            logits /= self.scale()
        return normalised(logits, self.mode)

    def forward(self, x):
        y = torch.matmul(self.weights(x), self.g(x).flatten(2).transpose(1, 2))
        return x + self.conv_out(y.permute(0, 2, 1).reshape(len(x), -1, *x.shape[2:]))


class NonLocal2D(NonLocal2d):
    """mmdetection's as GCNet had it (mmdet/models/plugins/non_local.py, 2019): its scale multiplies; since then it divides."""

    def __init__(self, channels, multiplies=True):
        super().__init__(channels)
        self.multiplies = multiplies

    def scale(self):
        return self.inter_channels ** (-0.5 if self.multiplies else 0.5)


class DisentangledNonLocal2d(NonLocal2d):
    """mmseg/models/decode_heads/dnl_head.py: means are subtracted in place."""

    def __init__(self, channels, temperature=0.05):
        super().__init__(channels)
        self.temperature, self.conv_mask = temperature, nn.Conv2d(channels, 1, 1)

    def forward(self, x):
        theta, phi = self.theta(x).flatten(2).transpose(1, 2), self.phi(x).flatten(2)
        theta -= theta.mean(-2, keepdim=True)
        phi -= phi.mean(-1, keepdim=True)
        logits = torch.matmul(theta, phi)
        logits /= torch.tensor(theta.shape[-1], dtype=torch.float) ** torch.tensor(0.5)
        logits /= torch.tensor(self.temperature)
        g = self.g(x).flatten(2).transpose(1, 2)
        y = torch.matmul(logits.softmax(-1), g)
        unary = torch.matmul(self.conv_mask(x).flatten(2).softmax(-1), g)
        y = y.permute(0, 2, 1).reshape(len(x), -1, *x.shape[2:])
        return x + self.conv_out(y + unary.permute(0, 2, 1).unsqueeze(-1))


class NONLocalBlock2D(nn.Module):
    """AlexHex7/Non-local_pytorch, lib/non_local_embedded_gaussian.py and lib/non_local_dot_product.py: no attribute tells which."""

    def __init__(self, channels, mode, sub_sample=True, bn_layer=True):
        super().__init__()
        inter = channels // 2
        self.g, self.theta, self.phi = (nn.Conv2d(channels, inter, 1) for _ in range(3))
        self.W = nn.Conv2d(inter, channels, 1)
        self.W = nn.Sequential(self.W, nn.BatchNorm2d(channels)) if bn_layer else self.W
        self.normalise = lambda logits: normalised(logits, mode)
        if sub_sample:
            self.g, self.phi = (nn.Sequential(layer, nn.MaxPool2d((2, 2))) for layer in (self.g, self.phi))

    def forward(self, x, return_nl_map=False):
        theta, phi = self.theta(x).flatten(2).transpose(1, 2), self.phi(x).flatten(2)
        weights = self.normalise(torch.matmul(theta, phi))
        y = torch.matmul(weights, self.g(x).flatten(2).transpose(1, 2)).permute(0, 2, 1).reshape(len(x), -1, *x.shape[2:])
        z = self.W(y) + x
        return (z, weights) if return_nl_map else z


class ContextBlock(nn.Module):
    """mmcv/cnn/bricks/context_block.py with attention, addition and a gate."""

    def __init__(self, channels, planes):
        super().__init__()
        self.conv_mask = nn.Conv2d(channels, 1, 1)
        self.channel_add_conv, self.channel_mul_conv = (nn.Sequential(
            nn.Conv2d(channels, planes, 1), nn.LayerNorm([planes, 1, 1]), nn.ReLU(inplace=True), nn.Conv2d(planes, channels, 1))
            for _ in range(2))

    def forward(self, x):
        mask = F.softmax(self.conv_mask(x).flatten(2), dim=2).unsqueeze(-1)
        context = torch.matmul(x.flatten(2).unsqueeze(1), mask).view(*x.shape[:2], 1, 1)
        return x * torch.sigmoid(self.channel_mul_conv(context)) + self.channel_add_conv(context)


class Scale(nn.Module):
    """mmcv's Scale: one number."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(0.0))

    def forward(self, x):
        return x * self.scale


class PAM(nn.Module):
    """mmseg/models/decode_heads/da_head.py."""

    def __init__(self, channels, inter):
        super().__init__()
        self.query_project, self.key_project = (nn.Conv2d(channels, inter, 1) for _ in range(2))
        self.value_project, self.gamma = nn.Conv2d(channels, channels, 1), Scale()
        self.query_downsample = self.key_downsample = self.out_project = None
        self.matmul_norm = False

    def forward(self, x):
        query, key, value = (layer(x).flatten(2) for layer in (self.query_project, self.key_project, self.value_project))
        weights = F.softmax(torch.matmul(query.permute(0, 2, 1), key), dim=-1)
        return self.gamma(torch.matmul(weights, value.permute(0, 2, 1)).permute(0, 2, 1).reshape(x.shape)) + x


def of_channels(x):
    """What DANet's channel attention adds before gamma."""
    channels = x.flatten(2)
    energy = torch.bmm(channels, channels.permute(0, 2, 1))
    weights = F.softmax(energy.max(-1, keepdim=True)[0].expand_as(energy) - energy, dim=-1)
    return torch.bmm(weights, channels).view(x.shape)


class CAM(nn.Module):
    """mmseg/models/decode_heads/da_head.py."""

    def __init__(self):
        super().__init__()
        self.gamma = Scale()

    def forward(self, x):
        return self.gamma(of_channels(x)) + x


class PAM_Module(nn.Module):
    """junfu1115/DANet, encoding/nn/da_att.py; CCNet's repository has one of this name whose softmax is over queries (dim=1)."""

    def __init__(self, channels, dim=-1):
        super().__init__()
        self.query_conv, self.key_conv = (nn.Conv2d(channels, channels // 8, 1) for _ in range(2))
        self.value_conv, self.gamma, self.dim = nn.Conv2d(channels, channels, 1), nn.Parameter(torch.zeros(1)), dim

    def forward(self, x):
        query, key, value = (layer(x).flatten(2) for layer in (self.query_conv, self.key_conv, self.value_conv))
        weights = F.softmax(torch.bmm(query.permute(0, 2, 1), key), dim=self.dim)
        return self.gamma * torch.bmm(value, weights.permute(0, 2, 1)).view(x.shape) + x


class CAM_Module(nn.Module):
    """junfu1115/DANet, encoding/nn/da_att.py."""

    def __init__(self, channels):
        super().__init__()
        self.chanel_in, self.gamma = channels, nn.Parameter(torch.zeros(1))

    def forward(self, x):
        return self.gamma * of_channels(x) + x


class CrissCrossAttention(nn.Module):
    """speedinghzl/CCNet, cc_attention/functions.py in pure PyTorch."""

    def __init__(self, channels):
        super().__init__()
        self.query_conv, self.key_conv = (nn.Conv2d(channels, channels // 8, 1) for _ in range(2))
        self.value_conv, self.gamma = nn.Conv2d(channels, channels, 1), nn.Parameter(torch.zeros(1))

    def forward(self, x):
        batch, _, height, width = x.shape
        query, key, value = self.query_conv(x), self.key_conv(x), self.value_conv(x)

        def columns(t):
            return t.permute(0, 3, 1, 2).reshape(batch * width, -1, height)

        def rows(t):
            return t.permute(0, 2, 1, 3).reshape(batch * height, -1, width)

        itself = torch.diag(torch.full((height,), float("inf"), dtype=x.dtype))
        down = (torch.bmm(columns(query).permute(0, 2, 1), columns(key)) - itself).view(batch, width, height, height)
        along = torch.bmm(rows(query).permute(0, 2, 1), rows(key)).view(batch, height, width, width)
        weights = torch.cat([down.permute(0, 2, 1, 3), along], 3).softmax(3)
        of_column = weights[..., :height].permute(0, 2, 1, 3).reshape(batch * width, height, height)
        of_row = weights[..., height:].reshape(batch * height, width, width)
        out = torch.bmm(columns(value), of_column.permute(0, 2, 1)).view(batch, width, -1, height).permute(0, 2, 3, 1)
        out = out + torch.bmm(rows(value), of_row.permute(0, 2, 1)).view(batch, height, -1, width).permute(0, 2, 1, 3)
        return self.gamma * out + x


class Nonlocal(nn.Module):
    """facebookresearch/SlowFast, slowfast/models/nonlocal_helper.py: x is pooled before keys and values; newer has ``bn``."""

    def __init__(self, channels, inter, pool_size=None, instantiation="softmax", norm_type="batchnorm", newer=False):
        super().__init__()
        self.pool_size, self.instantiation, self.norm_type, self.dim_inner = pool_size, instantiation, norm_type, inter
        self.use_pool = pool_size is not None and any(size > 1 for size in pool_size)
        self.conv_theta, self.conv_phi, self.conv_g = (nn.Conv3d(channels, inter, 1) for _ in range(3))
        self.conv_out = nn.Conv3d(inter, channels, 1)
        if norm_type != "none":
            self.norm = nn.BatchNorm3d(channels) if norm_type == "batchnorm" else nn.GroupNorm(1, channels, affine=False)
        if self.use_pool:
            self.pool = nn.MaxPool3d(pool_size, pool_size)
        if newer:
            del self.norm_type
            self.bn = self._modules.pop("norm")

    def forward(self, x):
        before, theta = x, self.conv_theta(x).flatten(2)
        x = self.pool(x) if self.use_pool else x
        phi, g = self.conv_phi(x).flatten(2), self.conv_g(x).flatten(2)
        logits = torch.einsum("nct,ncp->ntp", theta, phi)
        if self.instantiation == "softmax":
            weights = F.softmax(logits * self.dim_inner**-0.5, dim=2)
        else:
            weights = logits / logits.shape[2]
        p = self.conv_out(torch.einsum("ntg,ncg->nct", weights, g).view(len(x), -1, *before.shape[2:]))
        norm = getattr(self, "norm", getattr(self, "bn", None))
        return before + (p if norm is None else norm(p))
