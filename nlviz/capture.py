"""capture_maps: hooks in, maps out."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from .blocks import BLOCKS, Block, Factors
from .maps import NLMap, cells

CAPTURE_BYTES = 64 * 2**20  # dense maps kept by one capture; larger ones are kept as queries and keys


@contextmanager
def capture_maps(model: nn.Module, dense_bytes: int = CAPTURE_BYTES) -> Iterator[list[NLMap]]:
    """Collect the map of every block that runs inside the ``with``.

    The model's outputs are the same to the last bit, and its hooks are gone afterwards, also when the
    forward pass raised. A block that runs twice gives two maps, in order. Everything kept is a detached
    copy. One capture at a time per model.

    Args:
        dense_bytes: budget for dense maps; when it is spent, maps that have factors are kept as those alone.

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
    calls = []  # (input, the caller asked too, we asked), one entry a call in flight

    def before(module, args, kwargs):
        x = args[0] if args else kwargs["x"]
        wanted = kwargs.get("return_nl_map", args[1] if len(args) > 1 else False)
        kept = sum(m.weights.nbytes for m in maps if m.weights is not None)
        ask = wanted or not _has_factors(module) or kept + _map_bytes(module, x) <= dense_bytes
        calls.append((x.detach().clone(), wanted, ask))
        if ask and not wanted:
            return args[:1], {**kwargs, "return_nl_map": True}

    def after(module, args, kwargs, output):
        x, wanted, asked = calls.pop()
        z, weights = output if asked else (output, None)
        maps.append(_nl_map(layer, module, x, z, weights))
        return output if wanted else z

    return [block.register_forward_pre_hook(before, with_kwargs=True),
            block.register_forward_hook(after, with_kwargs=True, prepend=True)]  # the user's own hooks see z alone


def _key_grid(block: Block, grid: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size // stride for size, stride in zip(grid, block.key_stride))


def _has_factors(block: Block) -> bool:
    return type(block).factors is not Block.factors


def _map_bytes(block: Block, x: Tensor) -> int:
    if block.relates == "global":
        return 0
    grid = tuple(x.shape[2:])
    return x.shape[0] * cells(grid) * cells(_key_grid(block, grid)) * x.element_size()


@torch.no_grad()
def _nl_map(layer: str, block: Block, x: Tensor, z: Tensor, weights: Tensor | None) -> NLMap:
    grid = tuple(x.shape[2:])
    names = [name for name, kind in BLOCKS.items() if type(block) is kind]
    factors = block.factors(x)
    if factors is not None and weights is not None and not _agree(factors, weights):
        factors = None  # a subclass with an affinity of its own
    return NLMap(
        layer=layer, block=names[0] if names else type(block).__name__, relates=block.relates, rows=block.rows,
        query_grid=grid, key_grid=_key_grid(block, grid), key_stride=tuple(block.key_stride),
        weights=None if weights is None else weights.detach().clone(), factors=factors,
        input=x, output=z.detach().clone(),
    )


def _agree(factors: Factors, weights: Tensor) -> bool:
    """Whether the first, middle and last row of the factors are those of the map that was used."""
    queries = {0, weights.shape[1] // 2, weights.shape[1] - 1}
    tolerance = 1e-3 * weights.abs().max()
    return all(((factors.rows(i, i + 1) - weights[:, i:i + 1]).abs() <= tolerance).all() for i in queries)
