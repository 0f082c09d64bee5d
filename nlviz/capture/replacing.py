"""replaced_maps: the network runs with other maps in the place of its own."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ..blocks import Block, Instead, Used, Weights
from ..maps import replaced_map
from .arranging import told_of
from .chosen import Chosen, Heads
from .evidence import Evidence
from .instead import key_cells, product_instead
from .refusing import CannotReplace, check_watchable, explained, run_as_written
from .report import Maps, nothing_found
from .session import Session
from .watching import in_transform, recomputing

HOWS = ("mean row", "identity", "uniform", "shuffled", "nothing", "itself")
LINEAR = "the softmax that was replaced is one side of a linear attention, no map; choose other layers"


class Replaced(NamedTuple):
    """A map that was replaced.

    Attributes:
        layer: dotted name of its module, "" for the model itself.
        number: from 1, in the order of its pass, as ``layers`` takes it.
        heads: how many it has; None of a block of nlviz.
    """

    layer: str
    number: int
    heads: int | None


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

    Args:
        model: as in ``capture_maps``.
        how: one of HOWS.
        layers: dotted names of modules, as in ``capture_maps``, or numbers of maps from 1 in the order computed (as
            ``PlacedMap.layer``; of a block of nlviz each call is one number); by default all.
        heads: numbers from 0, as in ``NLMap.head``, of every chosen layer; or a dict of layer (name or number) to heads, in the place
            of ``layers``. By default all. A block of nlviz has one, number 0.

    Returns:
        a list that is filled with a ``Replaced`` for each map that was replaced, or stays by its definition.

    Raises:
        ValueError: ``how``, a layer or a head that there is not. Numbers are known when the pass is over.
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
        ([Replaced(layer='', number=1, heads=8)], True)
    """
    check_watchable(model)
    if how not in HOWS:
        raise ValueError(f"how must be one of {', '.join(map(repr, HOWS))}, got {how!r}")
    session = Replacing(model, how, Chosen(model, layers, heads))
    with ExitStack() as stack:
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


class Replacing(Session):
    """What ``replaced_maps`` knows while it lasts.

    Attributes:
        done: the maps that were replaced.
    """

    gradients = True

    def __init__(self, model: nn.Module, how: str, chosen: Chosen):
        super().__init__(model, Maps(), 0, None, None)
        self.how, self.chosen = how, chosen
        self.done: list[Replaced] = []
        self.kept: set[str] = set()  # layers with gates or maps of channels

    @property
    def follows(self) -> bool:
        """Whether operations are followed: not where blocks of nlviz alone are chosen, by their names."""
        return not self.chosen.blocks_alone

    def _next(self, layer: str) -> Heads:
        self.running.maps += 1
        return self.chosen.heads_of(layer, self.running.maps)

    # -- blocks of nlviz

    def instead_of(self, block: Block, x: Tensor) -> Instead | None:
        """What runs instead of a block's own ``attend``; None where it is not to be replaced."""
        layer = self.names.get(id(block))
        heads = False if layer is None else self._next(layer)
        if heads is False:
            return None
        if block.relates in ("channels", "gate"):
            self.kept.add(layer)
            return None
        if heads not in (None, (0,)):
            raise CannotReplace(f"layer {layer!r}: a block of nlviz has one head, number 0, not {heads}")
        self.done.append(Replaced(layer, self.running.maps, None))
        if self.how == "nothing":
            return lambda x: (block.affinity(x), x.clone())
        return lambda x: self._replaced(layer, block, x)

    def _replaced(self, layer: str, block: Block, x: Tensor) -> tuple[Used, Tensor]:
        own = _own_keys(layer, block, x) if self.how == "identity" else None

        def change(weights: Weights) -> Weights:
            one_row = len(weights.shape) != 3 or weights.shape[1] == 1  # a gate, or one map for all
            return weights if one_row else replaced_map(weights, self.how, own)

        return block.attend_with(x, change)

    # -- any other attention

    def _found(self, e: Evidence) -> object | None:
        if in_transform():
            raise CannotReplace("inside of a transform of torch.func (vmap, grad, ...) nothing is replaced; call the network itself")
        if not self.running.modules or recomputing():
            self.maps.report.outside += not recomputing()
            return None
        layer = self.names[id(self.running.modules[-1])]
        heads = self._next(layer)
        if heads is False:
            self.maps.report.others.add(layer)
            return None
        if e.over == "channels":
            self.kept.add(layer)
            return None
        self.done.append(Replaced(layer, self.running.maps, self._replace(layer, e, heads)))
        placed = e.pair or e.rows is not None or e.centre is not None or e.product.shape[-2] == 1
        return None if placed else layer

    def _replace(self, layer: str, e: Evidence, heads: tuple[int, ...] | None) -> int:
        """Put the product of the replaced map into the evidence; gives how many heads the map has."""
        tags, known = self.running.follower.tags, self.running.follower.known
        try:
            arranged, told = told_of(e, tags.tokens, tags.batch, None, known)
            if not e.pair and told[1].size == 1 and self.how != "nothing":  # one map for all
                return told[0].shape[2]
            product = e.as_out(product_instead(arranged, told, self.how, heads).reshape(e.product.shape))
            e.instead = torch.empty_like(e.out).copy_(product)
            return told[0].shape[2]
        except CannotReplace as error:
            raise CannotReplace(f"layer {layer!r}: {error}") from None
        except Exception as error:  # whoever follows takes it for an operation that it does not understand
            raise CannotReplace(f"layer {layer!r}: {type(error).__name__}: {error}") from error

    def _took_back(self, layer: str | None, why: str) -> None:
        if layer is not None:
            raise CannotReplace(f"layer {layer!r}: {LINEAR}")
        super()._took_back(None, why)

    def check_done(self) -> None:
        """Raise where something that was chosen was not there."""
        report = self.maps.report
        if report.faults:
            warnings.warn(f"not understood, so that a map behind it may not be replaced: {'; '.join(dict.fromkeys(report.faults))}",
                          stacklevel=4)
        if not report.ran and self.follows:
            return
        self.chosen.check_met(self.running.maps)
        if not self.done and self.kept:
            raise CannotReplace(f"there are only gates and maps of channels here, which stay: {', '.join(sorted(self.kept))}")
        if not self.done and self.follows:
            raise nothing_found(report, self.chosen.names)


def _own_keys(layer: str, block: Block, x: Tensor) -> Tensor:
    strides = block.query_stride, block.key_stride
    grids = [tuple(size // step for size, step in zip(x.shape[2:], stride)) for stride in strides]
    found = key_cells(*grids, *strides)
    if -2 in found:
        raise CannotReplace(f"layer {layer!r}: \"identity\" needs a key for each query, and {found.count(-2)} of {len(found)} lie in "
                            f"none: keys are pooled by {block.key_stride} on a grid of {tuple(x.shape[2:])}")
    return torch.tensor(found, device=x.device)
