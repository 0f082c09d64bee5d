"""capture_maps: attention in, maps out."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from torch import nn

from ..blocks import Block
from ..maps import NLMap
from .refusing import check_watchable, names_of, run_as_written
from .watching import Watch

CAPTURE_BYTES = 64 * 2**20  # dense maps kept by one capture; above it their smaller form alone


@contextmanager
def capture_maps(model: nn.Module, dense_bytes: int = CAPTURE_BYTES) -> Iterator[list[NLMap]]:
    """Collect the maps of every block that runs inside the ``with``.

    The model's outputs are the same to the last bit, and nothing is left on it afterwards, also when the
    forward pass raised. A block that runs twice gives its maps twice, in order; a pass that checkpointing repeats
    gives none. Everything kept is detached, and a copy wherever anybody else could change it.

    Args:
        dense_bytes: budget for dense maps; when it is spent, maps that have a lazy form are kept as that alone.

    Raises:
        Unwatchable: the model, or a part of it, is scripted, traced or exported.

    Example:
        >>> block = BLOCKS["embedded_gaussian"](in_channels=8)
        >>> with capture_maps(block) as maps:
        ...     z = block(torch.randn(1, 8, 6, 4))
        >>> maps[0].query_grid, maps[0].key_grid, tuple(maps[0].weights.shape)
        ((6, 4), (3, 2), (1, 24, 6))
    """
    check_watchable(model)
    maps: list[NLMap] = []
    watch = Watch(names_of(model), maps, dense_bytes)
    with ExitStack() as stack:
        stack.enter_context(run_as_written(model))
        Block.watchers.append(watch)
        stack.callback(Block.watchers.remove, watch)
        yield maps
