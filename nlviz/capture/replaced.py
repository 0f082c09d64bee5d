"""replaced_maps: the network runs with other maps in the place of its own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from torch import nn

from ..blocks import Block
from .chosen import Chosen
from .refusing import check_watchable, explained, run_as_written
from .replacing import Replaced, Replacing

RUNNING: list[tuple[nn.Module, Chosen]] = []  # every ``with`` that is not over
HOWS = ("mean row", "identity", "uniform", "shuffled", "nothing", "itself")


@contextmanager
def replaced_maps(model: nn.Module, how: str, layers: Sequence[str | int] | None = None,
                  heads: Sequence[int] | Mapping[str | int, Sequence[int]] | None = None) -> Iterator[list[Replaced]]:
    """Run the model with the rows of its maps replaced while it runs inside the ``with``: is the map used, and what for?

    GCNet found that maps hardly depend on the query, and that one map for all queries costs nothing (Cao et al. 2019, arXiv
    1904.11492, section 3): this is the second half, as an experiment. Later maps are computed from what the replaced ones gave.
    Gates, and maps of channels, stay as they are; a map that is one for all queries stays too, except that ``nothing`` leaves
    out what it adds.

    What a row becomes, for each item, head and window; rows keep their sums (1 where they are distributions):

    - ``mean row``: the mean of the rows of all queries, named tokens among them, padding not. Windows, and cells of a
      partition, have a mean of their own, since their rows reach nothing else; a criss-cross block's rows get the mean over all
      positions, beyond their crosses. Where a mask inside a window (causal, Swin's shift) lets queries see different keys, the mean
      is over all of them.
    - ``identity``: all on the key that is the query itself, or, where keys are pooled, that contains its centre.
    - ``uniform``: the same for every key that the query sees: in its window, cell or cross, and of a softmax not masked (weights
      below 1e-30 of the row's largest, which is what masks of -100 and -inf leave). Keys that are padding count where the
      network lets them be seen.
    - ``shuffled``: another query's row, the same one each time.
    - ``nothing``: none. z = x of nlviz's blocks; of other networks what the attention's product gives is zero.
    - ``itself``: the same row, multiplied again: the proof that a replacement changes nothing else (within 1e-5).

    Works on what ``capture_maps`` finds, in every thread, and in training too: gradients flow through the replaced product
    (those of a row's sum not, where a fused kernel made it). Passes that checkpointing repeats after the ``with`` are not
    replaced. Maps that are captured inside are those used, of nlviz's blocks; of others those before they were replaced. Nothing is
    left on the model afterwards, also when the pass raised.

    A module of another library that is a block of nlviz counts as that block, one map a call; where gradients are wanted, and in
    training, its products are replaced as any other's.

    Args:
        model: as in ``capture_maps``.
        how: one of HOWS.
        layers: dotted names of modules, as in ``capture_maps``, or numbers of maps from 1 in the order computed (as
            ``PlacedMap.layer``; of a block of nlviz each call is one number); by default all.
        heads: numbers from 0, as in ``NLMap.head``, of every chosen layer; or a dict of layer (name or number) to heads, in the
            place of ``layers``. By default all. A block of nlviz has one, number 0.

    Returns:
        a list that is filled with a ``Replaced`` for each map that was replaced, or stays by its definition.

    Raises:
        ValueError: ``how``, a layer or a head that there is not. Numbers are known when the pass is over. Or a ``with`` inside of
            another of the same model, unless both choose layers by name, or both by number, and none is in both.
        CannotReplace: a map whose rows cannot be replaced so; the message names its layer and says why.
        NoAttention: the model ran, and no map was there to replace.
        Unwatchable: as in ``capture_maps``.

    Example:
        >>> import torch
        >>> layer = torch.nn.MultiheadAttention(32, 8, batch_first=True).eval()
        >>> x = torch.randn(2, 6, 32)
        >>> with torch.no_grad(), replaced_maps(layer, "mean row") as replaced:
        ...     z, _ = layer(x, x, x)
        >>> replaced, torch.allclose(z[:, :1].expand_as(z), z, atol=1e-6)  # one map for all queries: one output
        ([Replaced(layer='', number=1, heads=8, stays=False)], True)
    """
    check_watchable(model)
    if how not in HOWS:
        raise ValueError(f"how must be one of {', '.join(map(repr, HOWS))}, got {how!r}")
    chosen = Chosen(model, layers, heads)
    _check_apart(model, chosen)
    session = Replacing(model, how, chosen)
    with ExitStack() as stack:
        RUNNING.append((model, chosen))
        stack.callback(RUNNING.remove, (model, chosen))
        stack.enter_context(run_as_written(model))
        Block.replacers.append(session.instead_of)
        stack.callback(Block.replacers.remove, session.instead_of)
        if session.follows:
            for hook in session.hooks():
                stack.callback(hook.remove)
            stack.enter_context(session.follow_here())
        try:
            yield session.done
        except (RuntimeError, NotImplementedError) as error:
            raise explained(error, model, session.running.follower) from error
        finally:
            session.ended()
    session.check_done()


def _check_apart(model: nn.Module, chosen: Chosen) -> None:
    modules = set(map(id, model.modules()))
    for other, layers in RUNNING:
        if modules & set(map(id, other.modules())) and not (model is other and chosen.is_apart_from(layers)):
            raise ValueError("maps of this model are replaced already, by a `with` that is not over: leave it first, or choose "
                             "layers in both, by name or by number, none of which is in the other")
