"""Modules of other libraries that are blocks of ours: met when they begin, compared with the block when they end."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ..adapters import Match, adapt, candidates, is_known, match
from ..blocks import Block
from ..maps import NLMap
from .watching import copied, maps_of, precision


@dataclass
class Known:
    """A module that runs and has the name of one that may be a block of ours.

    Attributes:
        module, layer: the module and its dotted name.
        x: a copy of its input, which it may change in place.
        inside: maps that were found in it, as any other attention.
        faults: how many operations were not understood before it.
        taken: whether the block runs in its place, so that nothing inside of it is followed.
    """

    module: nn.Module
    layer: str
    x: Tensor
    inside: list[NLMap] = field(default_factory=list)
    faults: int = 0
    taken: bool = False


def met(module: nn.Module, layer: str, args: tuple) -> Known | None:
    """What is kept of a module that begins; None where it is no known one, or its input none of a block."""
    if not args or not is_known(module):
        return None
    x = args[0]
    if not isinstance(x, Tensor) or not x.is_floating_point() or x.is_meta:
        return None
    return Known(module, layer, copied(x))


def may_be_block(known: Known) -> bool:
    """Whether a module has the weights and attributes of a block, whatever it computes."""
    return any(True for _ in candidates(known.module, known.x))


def output_of(output: object) -> Tensor | None:
    """What a module gave; some give a map beside it."""
    first = output[0] if isinstance(output, tuple) and output else output
    return first if isinstance(first, Tensor) else None


def compared(known: Known, z: Tensor) -> Match | str:
    """The block that gives what the module gave; or why there is none, in words."""
    try:
        return match(known.module, known.x, z.detach(), precision([known.x, z]))
    except Exception as error:  # the pass is the user's: it goes on
        return f"its block could not be run beside it ({type(error).__name__}: {error})"


def maps_of_match(known: Known, found: Match, z: Tensor, budget: int) -> list[NLMap]:
    """The maps of a module's block, whose output is what the module gave."""
    kind = found.z.dtype
    return maps_of(known.layer, found.block, known.x.to(kind), copied(z).to(kind), found.used, budget, precision([known.x, z]))


def made_by(module: nn.Module | None, nl_map: NLMap) -> nn.Module | None:
    """The block that made a map: the module itself, or the block that it is, of a module of another library.

    Args:
        module: of the map's layer; None of a map as given.
    """
    if module is None or isinstance(module, Block) or nl_map.input is None or nl_map.output is None:
        return module
    kind = nl_map.precision if nl_map.precision in (torch.float64, torch.float32, torch.float16, torch.bfloat16) else None
    return adapt(module, nl_map.input, nl_map.output, kind) or module
