"""Squeeze-and-excitation: no map of positions, a gate for every channel.

Hu, Shen, Albanie, Sun, Wu: 2018 (arXiv 1709.01507), eq. 2 to 4. Weight names are those of timm and torchvision: fc1, fc2.
"""

from torch import Tensor
from torch.nn import functional as F

from .base import Block, beside, pointwise


class SE(Block):
    """z_c = s_c x_c with s = sigmoid(fc2(ReLU(fc1(mean_i x_i)))).

    Args:
        in_channels: C.
        ratio: width of the bottleneck as a fraction of C.
        dimension: grid axes: 1 (T), 2 (H, W) or 3 (T, H, W).
    """

    relates = "gate"
    rows = "raw"

    def __init__(self, in_channels: int, ratio: float = 1 / 16, dimension: int = 2):
        super().__init__(in_channels, dimension)
        planes = max(1, int(in_channels * ratio))
        self.fc1 = pointwise(in_channels, planes, dimension)
        self.fc2 = pointwise(planes, in_channels, dimension)

    def affinity(self, x: Tensor) -> Tensor:
        squeezed = beside(x.flatten(2).mean(2), self.dimension)  # (B, C, 1, ...)
        return self.fc2(F.relu(self.fc1(squeezed))).sigmoid().flatten(1)  # (B, C), 0 to 1

    def aggregate(self, x: Tensor, nl_map: Tensor) -> Tensor:
        return x * beside(nl_map, self.dimension)
