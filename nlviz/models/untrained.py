"""Blocks that were never trained: their last weights are exactly zero."""

import math
from copy import deepcopy

import torch
from torch import nn

from ..blocks import Block

SIDE = 4  # cells along each axis of the grid on which a block is tried
ROUNDING = 1e-14  # of double precision, some operations long


@torch.no_grad()
def untrained(net: nn.Module) -> list[str]:
    """A sentence on each block whose last weights are exactly zero, as they are before any training."""
    return [f"{name} is untrained: its last weights are exactly zero, so that its map changes nothing"
            for name, block in net.named_modules() if isinstance(block, Block) and _changes_nothing(block)]


def _changes_nothing(block: Block) -> bool:
    """Whether it adds the same to every input, or multiplies every input with the same: to the rounding of double precision, since
    what a trained block adds may be small."""
    shape = (1, block.in_channels, *(SIDE,) * block.dimension)
    x = torch.linspace(-1, 1.5, math.prod(shape), dtype=torch.float64).view(shape)
    other, exact = x.flip(-1) * 2, deepcopy(block).double().eval()
    try:
        ours, others = exact(x), exact(other)
    except (ValueError, RuntimeError):  # it takes one grid alone
        return False
    scale = 1 + ours.abs().max().item() + others.abs().max().item()
    return any((one - two).abs().max().item() <= ROUNDING * scale for one, two in (
        (ours - x, others - other), (ours * other, others * x)))
