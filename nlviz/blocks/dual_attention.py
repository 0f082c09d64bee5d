"""DANet's two modules: attention over positions and attention over channels.

Fu, Liu, Tian, Li, Bao, Fang, Lu: Dual Attention Network, 2019 (arXiv 1809.02983), section 3. Weight names are those of
junfu1115/DANet: query_conv, key_conv, value_conv, gamma.
"""

import torch
from torch import Tensor, nn

from ..maps import Factors
from .base import Block, Weights, to_grid, to_positions


class PAM(Block):
    """z_i = gamma sum_j softmax_j(q_i . k_j) v_j + x_i (eq. 1 and 2); no 1 / sqrt(d). gamma starts at zero, so that z = x.

    Args:
        in_channels: C.
        inter_channels: of queries and keys, by default C / 8 and at least 1.
    """

    def __init__(self, in_channels: int, inter_channels: int | None = None):
        super().__init__(in_channels)
        inter = inter_channels or max(1, in_channels // 8)
        self.query_conv, self.key_conv = (nn.Conv2d(in_channels, inter, 1) for _ in range(2))
        self.value_conv = nn.Conv2d(in_channels, in_channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def affinity(self, x: Tensor) -> Factors:
        return Factors(to_positions(self.query_conv(x)), to_positions(self.key_conv(x)), "softmax")

    def aggregate(self, x: Tensor, nl_map: Weights) -> Tensor:
        y = nl_map @ to_positions(self.value_conv(x))
        return self.gamma * to_grid(y, x.shape[2:]) + x


class CAM(Block):
    """z_c = gamma sum_d A_cd x_d + x_c with A = softmax_d(max_e x_c . x_e - x_c . x_d) (eq. 3 and 4, as published in code).

    The less two channels are alike, the more they weigh for each other.

    Args:
        in_channels: C.
        dimension: grid axes: 1 (T), 2 (H, W) or 3 (T, H, W).
    """

    relates = "channels"

    def __init__(self, in_channels: int, dimension: int = 2):
        super().__init__(in_channels, dimension)
        self.gamma = nn.Parameter(torch.zeros(1))

    def affinity(self, x: Tensor) -> Tensor:
        channels = x.flatten(2)  # (B, C, N)
        return (-channels @ channels.mT).softmax(-1)  # the row's maximum cancels in the softmax

    def aggregate(self, x: Tensor, nl_map: Tensor) -> Tensor:
        return self.gamma * (nl_map @ x.flatten(2)).view_as(x) + x
