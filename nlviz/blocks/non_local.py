"""Non-local blocks with the four pairwise functions, in 1, 2 and 3 dimensions.

Wang, Girshick, Gupta, He: Non-local Neural Networks, 2018 (arXiv 1711.07971), section 3.
Weight names are those of AlexHex7/Non-local_pytorch: g, theta, phi, W, concat_project.
"""

import torch
from torch import Tensor, nn

from ..maps import Factors, transformed
from .base import CONV, Block, Weights, to_grid, to_positions

NORM = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}


class MaxPool2d(nn.MaxPool2d):
    """PyTorch's, on channels side by side in memory: there it pools several times faster on a CPU (``make bench``)."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x if transformed() else x.contiguous(memory_format=torch.channels_last))


POOL = {1: (nn.MaxPool1d, (2,)), 2: (MaxPool2d, (2, 2)), 3: (nn.MaxPool3d, (1, 2, 2))}


class NonLocal(Block):
    """z_i = W(sum_j A_ij g(x_j)) + x_i (eq. 1 and 6); subclasses say what A is.

    Args:
        in_channels: C.
        inter_channels: C', by default C / 2 and at least 1.
        dimension: grid axes: 1 (T), 2 (H, W) or 3 (T, H, W).
        sub_sample: max-pool the keys by 2 along H and W (or T in 1D), section 3.3.
        bn_layer: a BatchNorm behind W. It, or W itself, starts at zero, so that z = x.
    """

    def __init__(self, in_channels: int, inter_channels: int | None = None, dimension: int = 2,
                 sub_sample: bool = True, bn_layer: bool = True):
        super().__init__(in_channels, dimension)
        self.inter_channels = inter_channels or max(1, in_channels // 2)
        self.sub_sample = sub_sample
        conv = CONV[dimension]
        self.g = self._pooled(conv(in_channels, self.inter_channels, 1))
        self.W = conv(self.inter_channels, in_channels, 1)
        if bn_layer:
            self.W = nn.Sequential(self.W, NORM[dimension](in_channels))
        last = self.W[1] if bn_layer else self.W
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)

    @property
    def key_stride(self) -> tuple[int, ...]:
        return POOL[self.dimension][1] if self.sub_sample else (1,) * self.dimension

    def _pooled(self, layer: nn.Module) -> nn.Module:
        pool, size = POOL[self.dimension]
        return nn.Sequential(layer, pool(size)) if self.sub_sample else layer

    def aggregate(self, x: Tensor, nl_map: Weights) -> Tensor:
        y = nl_map @ to_positions(self.g(x))  # (B, N, C')
        return self.W(to_grid(y, x.shape[2:])) + x


class Gaussian(NonLocal):
    """A = softmax(x_i . x_j), eq. 2: no learned projection, keys max-pooled where sub-sampled."""

    def __init__(self, in_channels: int, inter_channels: int | None = None, dimension: int = 2,
                 sub_sample: bool = True, bn_layer: bool = True):
        super().__init__(in_channels, inter_channels, dimension, sub_sample, bn_layer)
        pool, size = POOL[dimension]
        self.phi = pool(size) if sub_sample else nn.Identity()

    def affinity(self, x: Tensor) -> Factors:
        return Factors(to_positions(x), to_positions(self.phi(x)), "softmax")


class Embedded(NonLocal):
    """Those that compare learned projections theta(x_i) and phi(x_j)."""

    def __init__(self, in_channels: int, inter_channels: int | None = None, dimension: int = 2,
                 sub_sample: bool = True, bn_layer: bool = True):
        super().__init__(in_channels, inter_channels, dimension, sub_sample, bn_layer)
        conv = CONV[dimension]
        self.theta = conv(in_channels, self.inter_channels, 1)
        self.phi = self._pooled(conv(in_channels, self.inter_channels, 1))


class EmbeddedGaussian(Embedded):
    """A = softmax(theta(x_i) . phi(x_j) C'^scale_power), eq. 3.

    Args:
        in_channels, inter_channels, dimension, sub_sample, bn_layer: as in NonLocal.
        scale_power: 0 is the paper's equation, -0.5 divides by sqrt(C') (Wang's and mmcv's code), 0.5 multiplies by it
            (GCNet's code).
    """

    def __init__(self, in_channels: int, inter_channels: int | None = None, dimension: int = 2,
                 sub_sample: bool = True, bn_layer: bool = True, scale_power: float = 0):
        super().__init__(in_channels, inter_channels, dimension, sub_sample, bn_layer)
        self.scale_power = scale_power

    def affinity(self, x: Tensor) -> Factors:
        q = to_positions(self.theta(x))
        if self.scale_power:
            q = q * self.inter_channels**self.scale_power
        return Factors(q, to_positions(self.phi(x)), "softmax")


class DotProduct(Embedded):
    """A = theta(x_i) . phi(x_j) / N', eq. 4: signed rows, not distributions."""

    rows = "scaled"

    def affinity(self, x: Tensor) -> Factors:
        k = to_positions(self.phi(x))
        return Factors(to_positions(self.theta(x)) / k.shape[1], k, "dot")


class Concatenation(Embedded):
    """A = ReLU(w . [theta(x_i), phi(x_j)]) / N', eq. 5.

    w = [w_a, w_b] splits the product into w_a . theta(x_i) + w_b . phi(x_j), so that the
    N x N' x 2C' tensor of the concatenated pairs is never built.
    """

    rows = "scaled"

    def __init__(self, in_channels: int, inter_channels: int | None = None, dimension: int = 2,
                 sub_sample: bool = True, bn_layer: bool = True):
        super().__init__(in_channels, inter_channels, dimension, sub_sample, bn_layer)
        self.concat_project = nn.Sequential(nn.Conv2d(2 * self.inter_channels, 1, 1, bias=False), nn.ReLU())

    def affinity(self, x: Tensor) -> Factors:
        w_a, w_b = self.concat_project[0].weight.view(2, self.inter_channels, 1)  # (C', 1) each
        k = to_positions(self.phi(x)) @ w_b
        return Factors(to_positions(self.theta(x)) @ w_a / k.shape[1], k / k.shape[1], "relu_sum")
