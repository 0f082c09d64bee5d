"""Other people's networks filled with random values of half precision, so that their files are small and exact."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def randomised(net: nn.Module, seed: int, values: Callable[[str, Tensor, torch.Generator], Tensor]) -> nn.Module:
    """The network in eval mode and double precision.

    Args:
        values: a tensor's name, the tensor and where random numbers come from -> its values.
    """
    net = net.double().eval()
    generator = torch.Generator().manual_seed(seed)
    for key, value in net.state_dict().items():
        if value.is_floating_point():
            value.copy_(values(key, value, generator).half())
    return net
