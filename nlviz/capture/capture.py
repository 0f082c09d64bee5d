"""capture_maps: hooks in, maps out."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from ..blocks import BLOCKS, Block
from ..maps import LazyMap, NLMap, applied

CAPTURE_BYTES = 64 * 2**20  # dense maps kept by one capture; above it their smaller form alone


@contextmanager
def capture_maps(model: nn.Module, dense_bytes: int = CAPTURE_BYTES) -> Iterator[list[NLMap]]:
    """Collect the maps of every block that runs inside the ``with``.

    The model's outputs are the same to the last bit, and its hooks are gone afterwards, also when the
    forward pass raised. A block that runs twice gives its maps twice, in order. Everything kept is detached, and a copy
    wherever anybody else could change it. One capture at a time per model.

    Args:
        dense_bytes: budget for dense maps; when it is spent, maps that have a lazy form are kept as that alone.

    Example:
        >>> block = BLOCKS["embedded_gaussian"](in_channels=8)
        >>> with capture_maps(block) as maps:
        ...     z = block(torch.randn(1, 8, 6, 4))
        >>> maps[0].query_grid, maps[0].key_grid, tuple(maps[0].weights.shape)
        ((6, 4), (3, 2), (1, 24, 6))
    """
    maps: list[NLMap] = []
    hooks = [hook for layer, module in model.named_modules() if isinstance(module, Block)
             for hook in _hook(layer, module, maps, dense_bytes)]
    try:
        yield maps
    finally:
        for hook in hooks:
            hook.remove()


def _hook(layer: str, block: Block, maps: list[NLMap], dense_bytes: int) -> list:
    """A pre-hook that asks for the map, and a hook that keeps it and hands on what the caller asked for."""
    calls = []  # (input, the caller asked for the map), one entry a call in flight
    weights = _storages(*block.parameters(), *block.buffers())

    def before(module, args, kwargs):
        x = args[0] if args else kwargs["x"]
        calls.append((_copied(x), kwargs.get("return_nl_map", args[1] if len(args) > 1 else False)))
        return args[:1], {**kwargs, "return_nl_map": "as used"}

    def after(module, args, kwargs, output):
        (x, wanted), (z, used) = calls.pop(), output
        reachable = weights | _storages(args[0] if args else kwargs["x"], z)
        kept = applied(used, lambda t: _copied(t) if wanted or _storages(t) & reachable else t.detach())
        budget = dense_bytes - sum(m.weights.nbytes for m in maps if m.weights is not None)
        maps.extend(_nl_maps(layer, module, x, _copied(z), kept, budget))
        if wanted:
            return z, used if wanted == "as used" else module.dense(used)
        return z

    return [block.register_forward_pre_hook(before, with_kwargs=True),
            block.register_forward_hook(after, with_kwargs=True, prepend=True)]  # the user's own hooks see z alone


def _copied(tensor: Tensor) -> Tensor:
    return tensor.detach().clone()


def _storages(*tensors: Tensor) -> set[int]:
    """Where they lie in memory: two tensors that share a place change together."""
    return {tensor.untyped_storage().data_ptr() for tensor in tensors}


@torch.no_grad()
def _nl_maps(layer: str, block: Block, x: Tensor, z: Tensor, used, budget: int) -> list[NLMap]:
    names, found = [name for name, kind in BLOCKS.items() if type(block) is kind], []
    for number, part in enumerate(block.parts(x, used)):
        lazy = part.weights if isinstance(part.weights, LazyMap) else None
        if lazy is None or lazy.nbytes <= budget:
            weights = part.weights if lazy is None else lazy.dense()
            budget -= weights.nbytes
        else:
            weights = None
        found.append(NLMap(
            layer=layer, block=names[0] if names else type(block).__name__, part=part.name, number=number,
            relates=part.relates, rows=part.rows, query_grid=part.query_grid, key_grid=part.key_grid,
            query_stride=tuple(block.query_stride), key_stride=tuple(block.key_stride),
            weights=weights, lazy=lazy, used=used, input=x, output=z,
        ))
    return found
