"""capture_maps: attention in, maps out."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from torch import nn

from ..blocks import Block
from ..maps import NLMap
from .refusing import check_layers, check_watchable, explained, names_of, run_as_written
from .report import Maps, nothing_found
from .session import Session
from .watching import Watch

CAPTURE_BYTES = 64 * 2**20  # dense maps kept by one capture; above it their smaller form alone


@contextmanager
def capture_maps(model: nn.Module, dense_bytes: int = CAPTURE_BYTES, layers: Sequence[str] | None = None,
                 grid: tuple[int, ...] | None = None) -> Iterator[Maps]:
    """Collect every map that is multiplied with values while the model runs inside the ``with``.

    Attention is found by what it does: a product of values with a map, where the map came from a product of two activations or
    from a softmax, whichever module or function makes it (nn.MultiheadAttention, F.scaled_dot_product_attention, matmul, bmm,
    einsum, @). Blocks of nlviz give their own maps; a module of another library that is such a block (mmcv's NonLocal2d and
    ContextBlock, DANet's PAM_Module, CCNet's CrissCrossAttention, ..., see ``nlviz.adapters.adapt``) is shown as that block, where
    the block gives what the module gave. The outputs are the same to the last bit, except where PyTorch would have
    run a fused transformer layer (its fast path), which then runs operation by operation: within 1e-5 in float32. Nothing is
    left on the model afterwards, also when the pass raised; copies and pickles made inside have nothing of it. A module
    that runs twice gives its maps twice, in order; a pass that checkpointing repeats gives none. All that is kept is a copy.

    Args:
        model: any module, in any precision; compiled ones run as they were written.
        dense_bytes: budget for dense maps; when it is spent, maps that have a smaller form are kept as that alone.
        layers: dotted names of modules whose maps are wanted; of the others nothing is kept.
        grid: (rows, columns) of positions whose grid nobody can tell: sequences that come from no feature map.

    Returns:
        a list of NLMap, whose ``report`` says what was found where and what was not.

    Raises:
        Unwatchable: the model, or a part of it, is scripted, traced or exported.
        NoAttention: the model ran, and no map was multiplied with values; the message says what there was instead.
        ValueError: no such layer; the input lies on another device than the model.

    Example:
        >>> import torch
        >>> layer = torch.nn.TransformerEncoderLayer(32, 8, batch_first=True).eval()
        >>> with torch.no_grad(), capture_maps(layer) as maps:
        ...     z = layer(torch.randn(2, 6, 32))
        >>> maps.report.summary, maps[0].layer, tuple(maps[0].weights.shape)  # heads, queries, keys
        ('1 of 1 maps', 'self_attn', (2, 8, 6, 6))
    """
    check_watchable(model)
    check_layers(model, layers)
    maps = Maps()
    session = Session(model, maps, dense_bytes, None if layers is None else tuple(layers), grid)
    watch = Watch({key: name for key, name in session.names.items() if session.wants(name)}, maps, session.left)
    with ExitStack() as stack:
        stack.enter_context(run_as_written(model))
        Block.watchers.append(watch)
        stack.callback(Block.watchers.remove, watch)
        if not _blocks_alone(model, layers):
            for hook in session.hooks():
                stack.callback(hook.remove)
            stack.enter_context(session.follow_here())
        try:
            yield maps
        except (RuntimeError, NotImplementedError) as error:
            raise explained(error, model, session.running.follower) from error
        finally:
            session.ended()
    if not maps and maps.report.ran:
        raise nothing_found(maps.report, layers)


def _blocks_alone(model: nn.Module, layers: Sequence[str] | None) -> bool:
    """Whether blocks of nlviz are all that is to be watched: then no operation is followed."""
    wanted = [model] if layers is None else [model.get_submodule(name) for name in layers]
    return all(isinstance(module, Block) for module in wanted)


@contextmanager
def capture_blocks(model: nn.Module, dense_bytes: int = CAPTURE_BYTES) -> Iterator[list[NLMap]]:
    """Collect the maps of the blocks of nlviz alone, none where there is no block.

    Args, and what is left of it: as in ``capture_maps``.

    Raises:
        Unwatchable: the model, or a part of it, is scripted, traced or exported.
    """
    check_watchable(model)
    maps: list[NLMap] = []
    watch = Watch(names_of(model), maps,
                  lambda: dense_bytes - sum(m.weights.nbytes for m in list(maps) if m.weights is not None))
    with run_as_written(model):
        Block.watchers.append(watch)
        try:
            yield maps
        finally:
            Block.watchers.remove(watch)


