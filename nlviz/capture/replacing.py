"""One pass with replaced maps: what runs in the place of a block, and of a product of a map with its values."""

import warnings
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..blocks import Block, Instead, Used, Weights
from ..maps import replaced_map
from .arranging import told_of
from .chosen import Chosen, Heads
from .evidence import Evidence
from .instead import key_cells, product_instead
from .known import Known, compared, may_be_block
from .refusing import CannotReplace
from .report import Maps, nothing_found
from .session import Session
from .watching import in_transform, recomputing

LINEAR = "the softmax that was replaced is one side of a linear attention, no map; choose other layers"


@dataclass(frozen=True)
class Replaced:
    """A map that was replaced.

    Attributes:
        layer: dotted name of its module, "" for the model itself.
        number: from 1, in the order of its pass, as ``layers`` takes it.
        heads: how many it has; None of a block of nlviz.
        stays: whether it is one map for all queries, which ``nothing`` alone changes.
    """

    layer: str
    number: int
    heads: int | None
    stays: bool = False


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
        return None if layer is None else self._instead(layer, block, x)

    def _instead(self, layer: str, block: Block, x: Tensor) -> Instead | None:
        heads = self._next(layer)
        if heads is False:
            return None
        if block.relates in ("channels", "gate"):
            self.kept.add(layer)
            return None
        if heads not in (None, (0,)):
            raise CannotReplace(f"layer {layer!r}: a block of nlviz has one head, number 0, not {heads}")
        self.done.append(Replaced(layer, self.running.maps, None, block.relates == "global"))
        if self.how == "nothing":
            return lambda x: (block.affinity(x), x.clone())
        return lambda x: self._replaced(layer, block, x)

    def _replaced(self, layer: str, block: Block, x: Tensor) -> tuple[Used, Tensor]:
        own = _own_keys(layer, block, x) if self.how == "identity" else None

        def change(weights: Weights) -> Weights:
            one_row = len(weights.shape) != 3 or weights.shape[1] == 1  # a gate, or one map for all
            return weights if one_row else replaced_map(weights, self.how, own)

        return block.attend_with(x, change)

    # -- modules of other libraries that are such blocks

    def _meet(self, module: nn.Module, args: tuple) -> None:
        """The block runs in the module's place, unless gradients are wanted: these are of the module's own operations."""
        before = len(self.running.known)
        super()._meet(module, args)
        learns = torch.is_grad_enabled() and any(t.requires_grad for t in (*args, *module.parameters()) if isinstance(t, Tensor))
        if len(self.running.known) > before and not learns and not module.training:
            with self._apart():
                taken = may_be_block(self.running.known[-1])
            self.running.known[-1].taken = taken
            self.running.blocks += taken

    def _knew(self, known: Known, x: Tensor, z: Tensor) -> Tensor | None:
        if not known.taken:
            return None
        with self._apart():
            found = compared(known, z)
            if isinstance(found, str):
                raise CannotReplace(f"layer {known.layer!r}: {type(known.module).__name__} is no block of nlviz whose map could "
                                    f"be replaced: {found}")
            before = known.x.to(found.z.dtype)
            instead = self._instead(known.layer, found.block, before)
            if instead is not None:
                with torch.no_grad(), torch.autocast(z.device.type, enabled=False):
                    z = instead(before)[1].to(z.dtype)
        self.running.follower.after_block(x, z)
        return z

    # -- any other attention

    def _found(self, e: Evidence) -> object | None:
        if in_transform():
            raise CannotReplace("inside of a transform of torch.func (vmap, grad, ...) nothing is replaced; call the network "
                                "itself")
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
        self.done.append(self._replace(Replaced(layer, self.running.maps, None), e, heads))
        placed = e.pair or e.rows is not None or e.centre is not None or e.product.shape[-2] == 1
        return None if placed else layer

    def _replace(self, one: Replaced, e: Evidence, heads: tuple[int, ...] | None) -> Replaced:
        """Put the product of the replaced map into the evidence; says how many heads there are."""
        tags, known = self.running.follower.tags, self.running.follower.known
        try:
            arranged, told = told_of(e, tags.tokens, tags.batch, None, known)
            one = replace(one, heads=told[0].shape[2], stays=not e.pair and told[1].size == 1)
            if one.stays and self.how != "nothing":
                return one
            product = e.as_out(product_instead(arranged, told, self.how, heads).reshape(e.product.shape))
            e.instead = torch.empty_like(e.out).copy_(product)
            return one
        except CannotReplace as error:
            raise CannotReplace(f"layer {one.layer!r}: {error}") from None
        except Exception as error:  # whoever follows takes it for an operation that it does not understand
            raise CannotReplace(f"layer {one.layer!r}: {type(error).__name__}: {error}") from error

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
        raise CannotReplace(f"layer {layer!r}: \"identity\" needs a key for each query, and {found.count(-2)} of {len(found)} "
                            f"lie in none: keys are pooled by {block.key_stride} on a grid of {tuple(x.shape[2:])}")
    return torch.tensor(found, device=x.device)
