"""The same block with fresh random weights: the baseline of GCNet's numbers. And how much a trained one is used."""

import copy
from dataclasses import replace

import torch
from torch import nn

from ..analysis import joined
from ..blocks import Block
from ..capture import capture_blocks
from ..maps import LazyMap, NLMap
from .dependence import measure

NO_FRESH = "fresh weights: of blocks of nlviz only"


def last_scale(block: nn.Module) -> float | None:
    """What the block's addition is multiplied with last: |gamma|, or the mean |weight| of its last BatchNorm.

    None without one, and of a module that is no block of nlviz.

    Near 0 the block is hardly used, whatever its map looks like.
    """
    if not isinstance(block, Block):
        return None
    norms = [module for module in block.modules() if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d))]
    weights = block.gamma if hasattr(block, "gamma") else norms[-1].weight if norms else None
    return None if weights is None else weights.detach().abs().mean().item()


def fresh_block(block: Block, seed: int = 0) -> Block:
    """A copy with fresh random weights: PyTorch's own initialisation everywhere, factors such as gamma at 1, no layer at zero."""
    fresh = copy.deepcopy(block)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in fresh.modules():
            if hasattr(module, "reset_parameters"):
                module.reset_parameters()
            else:
                for weight in module.parameters(recurse=False):
                    nn.init.ones_(weight)
    return fresh.eval()


def measure_fresh(block: nn.Module | None, nl_map: NLMap, seed: int = 0) -> dict[str, float]:
    """The values of :func:`measure` for the same block with fresh random weights.

    Raises:
        ValueError: the module is no block of nlviz.
    """
    if not isinstance(block, Block):
        raise ValueError(NO_FRESH)
    return measure(fresh_map(fresh_block(block, seed), nl_map)).values


@torch.no_grad()
def fresh_map(fresh: Block, nl_map: NLMap, item: int = 0) -> NLMap:
    """The same map, of the same picture or clip, by a block with fresh weights."""
    x = nl_map.input[item : item + 1]
    if x.dim() == fresh.dimension + 3:  # of an image network, which sees a clip frame by frame
        with capture_blocks(fresh) as maps:
            fresh(x[0].transpose(0, 1))
        return [one for by_frame in maps for one in joined(by_frame)][nl_map.number]
    used, z = fresh.attend(x)
    lazy = fresh.parts(x, used)[nl_map.number].weights
    if isinstance(lazy, LazyMap):  # dense where the trained block's own is
        dense = None if nl_map.weights is None else lazy.dense()
        return replace(nl_map, weights=dense, lazy=lazy, used=used, input=x, output=z)
    return replace(nl_map, weights=lazy, lazy=None, used=used, input=x, output=z)
