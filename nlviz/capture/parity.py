"""The parity check: is the map shown the map the block used?"""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..blocks import Block
from ..maps import LazyMap, NLMap, Streamed, Windows, applied
from .known import made_by

TOLERANCE = 1e-3  # of the largest value the block added
EPSILONS = 12  # of the coarsest precision, as a share of the largest value added: half precision rounds at every step
PRODUCT_TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-4, torch.float16: 8e-3, torch.bfloat16: 6e-2}
SMALLEST = 1e-6  # of the largest input value: what float32 can still tell from nothing


@dataclass(frozen=True)
class Parity:
    """The outcome of a parity check.

    Attributes:
        outcome: ``holds``, ``differs``, ``nothing added`` where z equals x, or ``undecided`` of a map as given or derived.
        difference: largest |re-derived - actual| as a share of the largest |z - x|; 0 where nothing is added. Of a module that is
            no block of nlviz: as a share of the largest value of the product.
        added: largest |z - x| as a share of the largest |x|; 1 of a module that is no block.
        of: ``block``, ``product`` where map times values was compared with what the product gave, or ``given`` or ``derived``:
            nothing to compare; ``difference`` of two maps, with what was found of each in ``sides``.
    """

    outcome: str
    difference: float
    added: float
    of: str = "block"
    sides: tuple["Parity", ...] = ()

    @property
    def text(self) -> str:
        """The outcome in words."""
        if self.of == "difference":
            return "; ".join(f"the {which}: {side.text}" for which, side in zip(("first", "second"), self.sides))
        if self.of == "given":
            return "a map as given: there is no network to compare it with"
        if self.of == "derived":
            return "derived from two maps that the network used: no product of its own to compare it with"
        if self.of == "product":
            verb = "is" if self.outcome == "holds" else "is not"
            return f"map times values {verb} what the product gave (difference {self.difference:.1e})"
        if self.outcome == "nothing added":
            return "the block adds nothing to its input: it was not trained, or its last layer is zero"
        verb = "gives" if self.outcome == "holds" else "does not give"
        return (f"its map {verb} what the block added "
                f"(difference {self.difference:.1e}; it adds up to {self.added:.2g} of its input)")


@torch.no_grad()
def check_parity(block: nn.Module | None, nl_map: NLMap) -> Parity:
    """Re-derive what the block added from the map, in float64 on the CPU, and compare it with what it did add.

    Of any other module: map times values, from the map that is shown, beside what the module's own product gave. It holds where
    the largest difference is at most PRODUCT_TOLERANCE of the largest value of the product: 1e-10 in float64, 1e-4 in float32
    (5e-3 on a GPU, which may multiply in TF32), 8e-3 in float16, 6e-2 in bfloat16.

    For a non-local block that is W(A g(x)) (Wang et al. 2018, eq. 1 and 6), for a global one the transform of
    the pooled context (GCNet, eq. 5 and 6). Products are of the rows that are shown, also where the block multiplied
    by a faster way. It holds where the largest difference is at most 1e-3 of the
    largest value added (5e-3 on a GPU; at least 12 eps of the coarsest precision that the block computed in, autocast's
    included: 9e-2 in bfloat16), plus the rounding of the network's own numbers (4 eps max|z|).

    Args:
        block: the block that made the map, or the module of another library that is one, unchanged since, in eval mode; None for
            a map of another module.

    Raises:
        ValueError: the map is of a block, and what is given is none, or no longer gives what it gave.
    """
    if nl_map.values is not None:
        return _product_parity(nl_map)
    if block is None:
        raise ValueError(f"the map of layer {nl_map.layer!r} has neither values to multiply with nor a block to ask")
    block = made_by(block, nl_map)
    if not isinstance(block, Block):
        raise ValueError(f"the map of layer {nl_map.layer!r} is of the block {nl_map.block}, and {type(block).__name__} does not "
                         "give its output")
    exact = copy.deepcopy(block).cpu().double().eval()
    x, z = nl_map.input.cpu().double(), nl_map.output.cpu().double()
    whole = nl_map.number == 0 and nl_map.weights is not None and not isinstance(nl_map.used, tuple)
    shown = nl_map.weights if whole else nl_map.used  # what is shown may be a part of what was used, or follow from it
    shown = _streamed(applied(shown, lambda t: t.cpu().double() if t.is_floating_point() else t.cpu()))
    largest, added, difference = map(_largest, (x, z - x, exact.rederive(x, shown) - z))
    rounding = 4 * torch.finfo(nl_map.output.dtype).eps * _largest(z)
    tolerance = max(TOLERANCE if nl_map.output.device.type == "cpu" else 5 * TOLERANCE,  # GPUs may convolve in TF32
                    EPSILONS * torch.finfo(nl_map.precision or nl_map.output.dtype).eps)
    if added <= SMALLEST * largest:
        outcome = "nothing added" if difference <= rounding else "differs"
    else:
        outcome = "holds" if difference <= tolerance * added + rounding else "differs"
    return Parity(outcome, difference / added if added else 0.0, added / largest if largest else 0.0)


def _product_parity(nl_map: NLMap) -> Parity:
    values, product = nl_map.values.double(), nl_map.product.double()
    if nl_map.weights is not None:
        found = nl_map.weights.double() @ values
    elif isinstance(nl_map.lazy, Windows):
        found = nl_map.lazy @ values
    else:
        found = Streamed(applied(nl_map.lazy, lambda t: t.double() if t.is_floating_point() else t)) @ values
    largest, difference = _largest(product), _largest(found - product)
    kind = nl_map.precision or nl_map.product.dtype
    tolerance = PRODUCT_TOLERANCE[kind]
    if nl_map.product.device.type != "cpu" and kind is torch.float32:
        tolerance = 50 * tolerance
    share = difference / largest if largest else difference
    return Parity("holds" if share <= tolerance else "differs", share, 1.0, "product")


def _largest(tensor: Tensor) -> float:
    return tensor.abs().max().item() if tensor.numel() else 0.0


def _streamed(weights):
    if isinstance(weights, tuple):
        return tuple(_streamed(part) for part in weights)
    return Streamed(weights) if isinstance(weights, LazyMap) else weights
