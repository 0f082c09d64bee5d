"""OCNet's object context in its three forms: base, pyramid and in the place of ASPP's global pooling.

Yuan, Wang: OCNet, 2018 (arXiv 1809.00916), section 3. Weight names are those of openseg-group/OCNet.pytorch. Queries and
keys are one projection: ``f_query`` is ``f_key``, saved under both names.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..maps import Factors
from .base import Block, Part, Weights, to_grid, to_positions


class NormActivation(nn.BatchNorm2d):
    """BatchNorm, then leaky ReLU of slope 0.01: what the published code's InPlaceABN computes, under its names."""

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(super().forward(x), 0.01)


class SelfAttention(nn.Module):
    """context_i = W(sum_j softmax_j(f(x_i) . f(x_j) / sqrt(C_key)) f_value(x_j)), within each cell of a partition.

    Args:
        in_channels: C.
        key_channels, value_channels: widths of f and f_value.
        scale: x is max-pooled by it first; the context is upsampled after.
        partition: s, for s x s cells that do not see each other; the last ones take what is left over.
    """

    def __init__(self, in_channels: int, key_channels: int, value_channels: int, scale: int = 1, partition: int = 1):
        super().__init__()
        self.scale, self.partition = scale, partition
        self.f_key = nn.Sequential(nn.Conv2d(in_channels, key_channels, 1), NormActivation(key_channels))
        self.f_query = self.f_key
        self.f_value = nn.Conv2d(in_channels, value_channels, 1)
        self.W = nn.Conv2d(value_channels, in_channels, 1)
        nn.init.zeros_(self.W.weight)
        nn.init.zeros_(self.W.bias)

    def pooled(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, self.scale) if self.scale > 1 else x

    def attend(self, x: Tensor) -> tuple[Factors, Tensor]:
        """(the map, the context (B, C, H, W)) of x."""
        pooled = self.pooled(x)
        nl_map = self._affinity(pooled)
        return nl_map, self._context(pooled, nl_map, x.shape[2:])

    def affinity(self, x: Tensor) -> Factors:
        return self._affinity(self.pooled(x))

    def context(self, x: Tensor, nl_map: Weights) -> Tensor:
        """(B, C, H, W)."""
        return self._context(self.pooled(x), nl_map, x.shape[2:])

    def _affinity(self, pooled: Tensor) -> Factors:
        k = to_positions(self.f_key(pooled))
        return Factors(k * k.shape[2] ** -0.5, k, "softmax", self.cells(pooled) if self.partition > 1 else None)

    def cells(self, x: Tensor) -> Tensor:
        """The number of the cell of each position, (N,)."""
        down, right = ((torch.arange(size, device=x.device) // (size // self.partition)).clamp(max=self.partition - 1)
                       for size in x.shape[2:])
        return (down[:, None] * self.partition + right).flatten()

    def _context(self, pooled: Tensor, nl_map: Weights, grid: tuple[int, ...]) -> Tensor:
        context = self.W(to_grid(nl_map @ to_positions(self.f_value(pooled)), pooled.shape[2:]))
        return context if self.scale == 1 else F.interpolate(context, grid, mode="bilinear", align_corners=True)


def fused(in_channels: int, out_channels: int, dropout: float | None = None) -> nn.Sequential:
    """1x1 convolution, norm, activation and, where the published block has it, dropout."""
    layers = [nn.Conv2d(in_channels, out_channels, 1), NormActivation(out_channels)]
    return nn.Sequential(*layers, *([] if dropout is None else [nn.Dropout2d(dropout)]))


class BaseOC(Block):
    """z = fuse([context(x), x]) with one attention over all positions.

    Args:
        in_channels: C.
        scale: max-pool x by it before the attention: queries and keys are then N / scale^2.
        dropout: of whole channels, in training only.
        key_channels, value_channels: by default C / 2, at least 1.
    """

    def __init__(self, in_channels: int, scale: int = 1, dropout: float = 0.05, key_channels: int | None = None,
                 value_channels: int | None = None):
        super().__init__(in_channels)
        if scale < 1:
            raise ValueError(f"scale must be at least 1, got {scale}")
        half = max(1, in_channels // 2)
        self.scale = scale
        self.stages = nn.ModuleList([SelfAttention(in_channels, key_channels or half, value_channels or half, scale=scale)])
        self.conv_bn_dropout = fused(2 * in_channels, in_channels, dropout)

    @property
    def query_stride(self) -> tuple[int, int]:
        return self.scale, self.scale

    key_stride = query_stride

    def attend(self, x: Tensor) -> tuple[Factors, Tensor]:
        nl_map, context = self.stages[0].attend(x)
        return nl_map, self._fuse(x, context)

    def affinity(self, x: Tensor) -> Factors:
        return self.stages[0].affinity(x)

    def aggregate(self, x: Tensor, nl_map: Weights) -> Tensor:
        return self._fuse(x, self.stages[0].context(x, nl_map))

    def _fuse(self, x: Tensor, context: Tensor) -> Tensor:
        return self.conv_bn_dropout(torch.cat([context, x], 1))


class PyramidOC(Block):
    """z = fuse([up(x), context_s(x) for each size s]): attention within each cell of an s x s partition.

    Every map is (B, N, N') over the whole picture, zero where query and key lie in different cells;
    ``return_nl_map=True`` gives them stacked, (B, sizes, N, N').

    Args:
        in_channels: C; keys have C / 2, at least 1, values C.
        sizes: the partitions.
        dropout: of whole channels, in training only.
    """

    def __init__(self, in_channels: int, sizes: Sequence[int] = (1, 2, 3, 6), dropout: float = 0.05):
        super().__init__(in_channels)
        if not sizes or min(sizes) < 1:
            raise ValueError(f"sizes must be one or more partitions of at least 1, got {tuple(sizes)}")
        self.sizes, groups = tuple(sizes), len(sizes)
        self.stages = nn.ModuleList(SelfAttention(in_channels, max(1, in_channels // 2), in_channels, partition=size)
                                    for size in sizes)
        self.up_dr = fused(in_channels, in_channels * groups)
        self.conv_bn_dropout = fused(2 * in_channels * groups, in_channels, dropout)

    def check(self, x: Tensor) -> None:
        super().check(x)
        if min(x.shape[2:]) < max(self.sizes):
            raise ValueError(f"PyramidOC parts the grid {max(self.sizes)} x {max(self.sizes)}, "
                             f"but it is only {tuple(x.shape[2:])}. Use a larger input or smaller sizes.")

    def affinity(self, x: Tensor) -> tuple[Factors, ...]:
        return tuple(stage.affinity(x) for stage in self.stages)

    def aggregate(self, x: Tensor, nl_map: Sequence[Weights]) -> Tensor:
        contexts = [stage.context(x, weights) for stage, weights in zip(self.stages, nl_map)]
        return self.conv_bn_dropout(torch.cat([self.up_dr(x), *contexts], 1))

    def dense(self, nl_map: Sequence[Factors]) -> Tensor:
        return torch.stack([factors.dense() for factors in nl_map], 1)

    def parts(self, x: Tensor, nl_map: Sequence[Factors]) -> list[Part]:
        return [self.part(x, factors, f"{size} × {size} cells" if size > 1 else "whole picture")
                for size, factors in zip(self.sizes, nl_map)]


class AspOC(Block):
    """z = fuse([context(x), 1x1 convolution, three dilated 3x3 convolutions]): ASPP with attention for its global pooling.

    The attention sees a 3x3 convolution of x, max-pooled by 2: queries and keys are N / 4.

    Args:
        in_channels: C; the branches have C / 2 channels, keys C / 4, at least 1.
        dilations: of the three 3x3 convolutions.
        dropout: of whole channels, in training only.
    """

    def __init__(self, in_channels: int, dilations: Sequence[int] = (12, 24, 36), dropout: float = 0.1):
        super().__init__(in_channels)
        if len(dilations) != 3 or min(dilations) < 1:
            raise ValueError(f"dilations must be three of at least 1, got {tuple(dilations)}")
        half = max(1, in_channels // 2)
        attention = nn.Module()
        attention.stages = nn.ModuleList([SelfAttention(half, max(1, half // 2), half, scale=2)])
        attention.conv_bn_dropout = fused(half, half)
        self.context = nn.Sequential(nn.Conv2d(in_channels, half, 3, padding=1), NormActivation(half), attention)
        self.conv2 = nn.Sequential(nn.Conv2d(in_channels, half, 1, bias=False), NormActivation(half))
        self.conv3, self.conv4, self.conv5 = (
            nn.Sequential(nn.Conv2d(in_channels, half, 3, padding=d, dilation=d, bias=False), NormActivation(half))
            for d in dilations)
        self.conv_bn_dropout = nn.Sequential(nn.Conv2d(5 * half, in_channels, 1, bias=False), NormActivation(in_channels),
                                             nn.Dropout2d(dropout))

    @property
    def query_stride(self) -> tuple[int, int]:
        return 2, 2

    key_stride = query_stride

    def attend(self, x: Tensor) -> tuple[Factors, Tensor]:
        nl_map, context = self._stage.attend(self.context[:2](x))
        return nl_map, self._fuse(x, context)

    def affinity(self, x: Tensor) -> Factors:
        return self._stage.affinity(self.context[:2](x))

    def aggregate(self, x: Tensor, nl_map: Weights) -> Tensor:
        return self._fuse(x, self._stage.context(self.context[:2](x), nl_map))

    @property
    def _stage(self) -> SelfAttention:
        return self.context[2].stages[0]

    def _fuse(self, x: Tensor, context: Tensor) -> Tensor:
        branches = [conv(x) for conv in (self.conv2, self.conv3, self.conv4, self.conv5)]
        return self.conv_bn_dropout(torch.cat([self.context[2].conv_bn_dropout(context), *branches], 1))
