"""Does a block give what a module gave?"""

from dataclasses import dataclass

import torch
from torch import Tensor

from ..blocks import Block, Used

TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4, torch.float16: 2e-2, torch.bfloat16: 1e-1}  # of the largest value added
GPU = 50  # times that in float32: GPUs may multiply in TF32
ROUNDING = 16  # eps of the largest value of the output, which bounds what can be seen of an addition


@dataclass(frozen=True)
class Match:
    """A block that was run in a module's place.

    Attributes:
        block: the block, in eval mode.
        used: its map in the form in which it used it.
        z: what it gave.
        off: the largest difference from what the module gave, as a share of the largest value that the module added.
        holds: whether rounding explains the difference: 1e-9 in float64, 1e-4 in float32.
    """

    block: Block
    used: Used
    z: Tensor
    off: float
    holds: bool


@torch.no_grad()
def run_beside(block: Block, x: Tensor, z: Tensor, precision: torch.dtype) -> Match | None:
    """Run a block on a module's input, in the block's precision, and compare it with what the module gave; None where it takes
    no such input.

    Args:
        x, z: the module's input and output.
        precision: the coarsest that the module computed in.
    """
    weights = next(block.parameters())
    x = x.to(weights.dtype)
    try:
        block.check(x)
    except ValueError:
        return None
    with torch.autocast(x.device.type, enabled=False):
        used, found = block.attend(x)
    if found.shape != z.shape:
        return None
    z = z.to(found.dtype)
    added, largest, off = (t.abs().max().item() for t in (z - x if x.shape == z.shape else z, z, found - z))
    tolerance = TOLERANCE[precision] * (GPU if z.device.type != "cpu" and precision is torch.float32 else 1)
    allowed = tolerance * added + ROUNDING * torch.finfo(precision).eps * largest
    return Match(block, used, found, off / added if added else off, off <= allowed)
