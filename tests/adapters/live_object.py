"""OCNet's and RGA's modules in small, written from openseg-group/OCNet.pytorch (oc_module/) and
microsoft/Relation-Aware-Global-Attention-Networks (reid/models/models_utils/rga_modules.py)."""

import torch
from torch import nn
from torch.nn import functional as F


class InPlaceABN(nn.BatchNorm2d):
    """mapillary/inplace_abn as used there: it multiplies with |weight| + eps, and a leaky ReLU follows."""

    def forward(self, x):
        norm = F.batch_norm(x, self.running_mean, self.running_var, self.weight.abs() + self.eps, self.bias, False, 0, self.eps)
        return F.leaky_relu(norm, 0.01)


class Stage(nn.Module):
    """_SelfAttentionBlock and _PyramidSelfAttentionBlock."""

    def __init__(self, channels, keys, values, scale, pyramid=False):
        super().__init__()
        self.scale, self.pyramid = scale, pyramid
        self.f_key = nn.Sequential(nn.Conv2d(channels, keys, 1), InPlaceABN(keys))
        self.f_query = self.f_key
        self.f_value, self.W = nn.Conv2d(channels, values, 1), nn.Conv2d(values, channels, 1)

    def attended(self, query, key, value):
        shape = value.shape
        query, key, value = (t.flatten(2) for t in (query, key, value))
        weights = F.softmax(key.shape[1] ** -0.5 * torch.matmul(query.permute(0, 2, 1), key), dim=-1)
        return torch.matmul(weights, value.permute(0, 2, 1)).permute(0, 2, 1).reshape(shape)

    def forward(self, x):
        size = x.shape[2:]
        if self.pyramid:
            sides = self.f_query(x), self.f_key(x), self.f_value(x)
            rows, columns = (self.cuts(n) for n in size)
            context = torch.cat([torch.cat([self.attended(*(t[:, :, a:b, c:d] for t in sides)) for c, d in columns], 3)
                                 for a, b in rows], 2)
            return self.W(context)
        x = F.max_pool2d(x, self.scale) if self.scale > 1 else x
        context = self.W(self.attended(self.f_query(x), self.f_key(x), self.f_value(x)))
        return F.interpolate(context, size, mode="bilinear", align_corners=True) if self.scale > 1 else context

    def cuts(self, n):
        step = n // self.scale
        return [(i * step, n if i == self.scale - 1 else (i + 1) * step) for i in range(self.scale)]


class BaseOC_Module(nn.Module):
    def __init__(self, channels, keys, values, sizes=(1,)):
        super().__init__()
        self.stages = nn.ModuleList([Stage(channels, keys, values, size) for size in sizes])
        self.conv_bn_dropout = nn.Sequential(nn.Conv2d(2 * channels, channels, 1), InPlaceABN(channels), nn.Dropout2d(0.05))

    def forward(self, x):
        return self.conv_bn_dropout(torch.cat([sum(stage(x) for stage in self.stages), x], 1))


class BaseOC_Context_Module(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.stages = nn.ModuleList([Stage(channels, channels // 2, channels, 2)])
        self.conv_bn_dropout = nn.Sequential(nn.Conv2d(channels, channels, 1), InPlaceABN(channels))

    def forward(self, x):
        return self.conv_bn_dropout(self.stages[0](x))


class Pyramid_OC_Module(nn.Module):
    def __init__(self, channels, sizes):
        super().__init__()
        group = len(sizes)
        self.stages = nn.ModuleList([Stage(channels, channels // 2, channels, size, True) for size in sizes])
        self.conv_bn_dropout = nn.Sequential(nn.Conv2d(2 * channels * group, channels, 1), InPlaceABN(channels), nn.Dropout2d(0.05))
        self.up_dr = nn.Sequential(nn.Conv2d(channels, channels * group, 1), InPlaceABN(channels * group))

    def forward(self, x):
        return self.conv_bn_dropout(torch.cat([self.up_dr(x), *(stage(x) for stage in self.stages)], 1))


class ASP_OC_Module(nn.Module):
    def __init__(self, channels, out, dilations):
        super().__init__()
        self.context = nn.Sequential(nn.Conv2d(channels, out, 3, padding=1), InPlaceABN(out), BaseOC_Context_Module(out))
        self.conv2 = nn.Sequential(nn.Conv2d(channels, out, 1, bias=False), InPlaceABN(out))
        self.conv3, self.conv4, self.conv5 = (nn.Sequential(
            nn.Conv2d(channels, out, 3, padding=d, dilation=d, bias=False), InPlaceABN(out)) for d in dilations)
        self.conv_bn_dropout = nn.Sequential(nn.Conv2d(5 * out, 2 * out, 1, bias=False), InPlaceABN(2 * out), nn.Dropout2d(0.1))

    def forward(self, x):
        branches = (self.context, self.conv2, self.conv3, self.conv4, self.conv5)
        return self.conv_bn_dropout(torch.cat([branch(x) for branch in branches], 1))


def embedding(channels, out):
    return nn.Sequential(nn.Conv2d(channels, out, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU())


def gate(channels, ratio):
    planes = channels // ratio
    return nn.Sequential(*embedding(channels, planes), nn.Conv2d(planes, 1, 1, bias=False), nn.BatchNorm2d(1))


class RGA_Module(nn.Module):
    def __init__(self, channels, positions, use_spatial=True, use_channel=True, cha_ratio=2, spa_ratio=4, down_ratio=3):
        super().__init__()
        self.in_channel, self.in_spatial, self.use_spatial, self.use_channel = channels, positions, use_spatial, use_channel
        inter, pairs = channels // cha_ratio, positions // spa_ratio
        if use_spatial:
            self.theta_spatial, self.phi_spatial, self.gx_spatial = (embedding(channels, inter) for _ in range(3))
            self.gg_spatial, self.W_spatial = embedding(2 * positions, pairs), gate(1 + pairs, down_ratio)
        if use_channel:
            self.theta_channel, self.phi_channel, self.gx_channel = (embedding(positions, pairs) for _ in range(3))
            self.gg_channel, self.W_channel = embedding(2 * channels, inter), gate(1 + inter, down_ratio)

    def forward(self, x):
        b, c, h, w = x.shape
        if self.use_spatial:
            relations = torch.matmul(self.theta_spatial(x).flatten(2).permute(0, 2, 1), self.phi_spatial(x).flatten(2))
            joint = torch.cat([relations.permute(0, 2, 1).reshape(b, h * w, h, w), relations.view(b, h * w, h, w)], 1)
            own = self.gx_spatial(x).mean(1, keepdim=True)
            x = torch.sigmoid(self.W_spatial(torch.cat([own, self.gg_spatial(joint)], 1)).expand_as(x)) * x
        if self.use_channel:
            things = x.reshape(b, c, -1).permute(0, 2, 1).unsqueeze(-1)
            theta, phi = self.theta_channel(things).squeeze(-1).permute(0, 2, 1), self.phi_channel(things).squeeze(-1)
            relations = torch.matmul(theta, phi)
            joint = torch.cat([relations.permute(0, 2, 1).unsqueeze(-1), relations.unsqueeze(-1)], 1)
            own = self.gx_channel(things).mean(1, keepdim=True)
            x = torch.sigmoid(self.W_channel(torch.cat([own, self.gg_channel(joint)], 1)).transpose(1, 2)) * x
        return x
