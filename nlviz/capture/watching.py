"""Maps of nlviz's own blocks: each block is watched while it runs, and hands over the map that it used."""

from collections.abc import Callable

import torch
from torch import Tensor

from ..blocks import Block, Seen, Used, block_name
from ..maps import LazyMap, NLMap, applied


class Watch:
    """What is asked before each call of a block, in whatever thread.

    Everything of a call is held by that call: threads that run one block at once do not meet, and nothing is on the block, so
    that a copy or a pickle of it has nothing of the capture.

    Args:
        names: dotted names of the modules by id; other blocks are not watched.
        maps: where the maps go.
        left: how many bytes are left for dense maps.
    """

    def __init__(self, names: dict[int, str], maps: list[NLMap], left: Callable[[], int]):
        self.names, self.maps, self.left = names, maps, left

    def __call__(self, block: Block, x: Tensor) -> Seen | None:
        layer = self.names.get(id(block))
        if layer is None or recomputing() or in_transform():
            return None
        before = copied(x)  # the block may change it in place

        def seen(used: Used, z: Tensor, handed_out: bool) -> None:
            reachable = storages(x, z, *block.parameters(), *block.buffers())
            kept = applied(used, lambda t: copied(t) if handed_out or storages(t) & reachable else t.detach())
            self.maps.extend(maps_of(layer, block, before, copied(z), kept, self.left()))

        return seen


def recomputing() -> bool:
    """Whether a backward pass is under way: checkpointing then computes again what was captured before."""
    return torch._C._current_graph_task_id() != -1


def in_transform() -> bool:
    """Whether a transform of ``torch.func`` (vmap, grad, ...) is under way: its tensors live no longer than it does."""
    return torch._C._functorch.maybe_current_level() is not None


def copied(tensor: Tensor) -> Tensor:
    return tensor.detach().clone()


def storages(*tensors: Tensor) -> set[int]:
    """Where they lie in memory: two tensors that share a place change together."""
    return {tensor.untyped_storage().data_ptr() for tensor in tensors}


def precision(tensors: list[Tensor]) -> torch.dtype:
    """The coarsest precision that a pass computes in: autocast's, where it is on, else that of the tensors."""
    kinds = [t.dtype for t in tensors if t.is_floating_point()]
    device = tensors[0].device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        kinds.append(torch.get_autocast_dtype(device))
    return max(kinds, key=lambda kind: torch.finfo(kind).eps)


@torch.no_grad()
def maps_of(layer: str, block: Block, x: Tensor, z: Tensor, used: Used, budget: int,
            coarsest: torch.dtype | None = None) -> list[NLMap]:
    """The maps of one call of a block.

    Args:
        layer: its dotted name.
        x, z: its input and its output, copies.
        used: its map in the form in which it used it.
        budget: bytes left for dense maps.
        coarsest: the coarsest precision that it computed in, by default what the pass computes in.
    """
    found, coarsest = [], coarsest or precision([x, z])
    for number, part in enumerate(block.parts(x, used)):
        lazy = part.weights if isinstance(part.weights, LazyMap) else None
        if lazy is None or lazy.nbytes <= budget:
            weights = part.weights if lazy is None else lazy.dense()
            budget -= weights.nbytes
        else:
            weights = None
        found.append(NLMap(
            layer=layer, block=part.block or block_name(block), part=part.name, number=number,
            relates=part.relates, rows=part.rows, query_grid=part.query_grid, key_grid=part.key_grid,
            query_stride=tuple(block.query_stride), key_stride=tuple(block.key_stride),
            weights=weights, lazy=lazy, used=used, input=x, output=z, precision=coarsest,
        ))
    return found
