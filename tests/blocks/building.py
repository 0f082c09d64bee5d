"""Blocks for tests: small, with random weights everywhere."""

import itertools

import torch
from torch import nn

from nlviz.blocks import BLOCKS

PAIRWISE = ["gaussian", "embedded_gaussian", "dot_product", "concatenation"]
FRESH_IDENTITY = [*PAIRWISE, "snl", "gc", "pam", "cam", "criss_cross", "disentangled"]


def randomised(block: nn.Module) -> nn.Module:
    """Random weights and statistics everywhere: a zero-initialised last layer would hide a wrong map."""
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in itertools.chain(block.parameters(), block.buffers()):
            if tensor.is_floating_point():
                tensor.copy_(torch.rand(tensor.shape, generator=generator) + 0.2)
        for tensor in block.parameters():
            if tensor.dim() > 1:
                tensor.copy_(torch.randn(tensor.shape, generator=generator) * 0.5)
    return block.double().eval()


def picture(channels, grid, batch=2):
    return torch.randn(batch, channels, *grid, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def built(name, channels, grid, **options):
    """A block that takes this grid, of a size for tests."""
    fitting = {"gc": {"ratio": 0.5, "fusion_types": ("channel_add", "channel_mul")}, "se": {"ratio": 0.5},
               "pyramid_oc": {"sizes": range(1, min(grid) + 1)[:3]}, "asp_oc": {"dilations": (1, 2, 3)},
               "rga_spatial": {"grid": grid, "ratio": 2}, "rga_channel": {"grid": grid, "ratio": 2}}
    return randomised(BLOCKS[name](channels, **{**fitting.get(name, {}), **options}))
