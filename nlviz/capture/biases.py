"""What is added to the logits of maps, each different matrix of it once: windows and heads mostly share theirs."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True)
class Bias:
    """A bias of maps (S..., N, N').

    Attributes:
        matrices: (M, N, N') or (M, 1, N'), ...: those that there are; bool where False is what is not seen.
        which: (S...) the number of each map's.
    """

    matrices: Tensor
    which: Tensor

    @staticmethod
    def of(tensor: Tensor, shared: torch.Size) -> "Bias | None":
        """That of a tensor broadcastable to (S..., N, N'); None where it is not."""
        lead = tensor.shape[:-2] if tensor.dim() > 2 else ()
        if tensor.dim() < 1 or len(lead) > len(shared):
            return None
        matrices = tensor.detach().reshape(-1, *((1,) * (2 - min(tensor.dim(), 2))), *tensor.shape[-2:])
        which = torch.arange(len(matrices), device=tensor.device).view(lead)
        try:
            return Bias(matrices, which.expand(shared))
        except RuntimeError:
            return None

    def scaled(self, by: float) -> "Bias":
        return replace(self, matrices=self.matrices * by)

    def reshaped(self, shared: torch.Size) -> "Bias":
        return replace(self, which=self.which.reshape(shared))

    def ordered(self, order: Tensor) -> Tensor:
        """(B, windows, heads, N, N') for maps in the order (B, windows, heads); once where items, windows or heads share it."""
        which = self.which.reshape(-1)[order]
        for axis in range(3):
            first = which.narrow(axis, 0, 1)
            which = first if bool((which == first).all()) else which
        return self.matrices[which]


def summed(biases: tuple[Tensor, ...]) -> Tensor | None:
    """All of them as one; False in one of them is not seen."""
    found = None
    for bias in sorted(biases, key=lambda bias: bias.dtype == torch.bool):
        if found is None:
            found = bias
        elif bias.dtype == torch.bool:
            found = found & bias if found.dtype == torch.bool else found.masked_fill(~bias, -torch.inf)
        else:
            found = found + bias
    return found
