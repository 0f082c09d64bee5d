"""Maps of positions that are kept in a smaller form than N x N' and give exact rows and columns from it."""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

ROW_BLOCK_BYTES = 4 * 2**20  # rows computed at a time while streaming: what stays in a CPU's shared cache
GPU_BLOCK_BYTES = 256 * 2**20  # on a GPU: what keeps it busy between two calls


def precise(tensor: Tensor) -> Tensor:
    """Half precision as float32, which holds it exactly; anything else as it is."""
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


class LazyMap(ABC):
    """A map A (B, N, N'), or (B, heads, N, N'), that computes its rows when asked for them."""

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """(B, N, N') or (B, heads, N, N') of the dense map."""

    @abstractmethod
    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        """Rows start to stop of the map, (B, stop - start, N')."""

    @abstractmethod
    def column(self, key: int) -> Tensor:
        """The weight that every query gives to one key, (B, N)."""

    def dense(self) -> Tensor:
        """The whole map, (B, N, N')."""
        return self.rows()

    @property
    def nbytes(self) -> int:
        """Bytes of the dense map."""
        return math.prod(self.shape) * next(self.tensors()).element_size()

    def __matmul__(self, values: Tensor) -> Tensor:
        """A times values (B, N', C) -> (B, N, C)."""
        return torch.cat([self.rows(start, stop) @ values for start, stop in self.spans()], -2)

    def spans(self) -> list[tuple[int, int]]:
        """(start, stop) of as many rows at a time as the device's block of bytes holds."""
        n, device = self.shape[-2], next(self.tensors()).device
        budget = ROW_BLOCK_BYTES if device.type == "cpu" else GPU_BLOCK_BYTES
        step = max(1, budget * n // max(self.nbytes, 1))
        return [(start, min(start + step, n)) for start in range(0, n, step)]

    def mean_row(self) -> Tensor:
        """The mean of all rows, (B, N')."""
        return sum(precise(self.rows(start, stop)).sum(-2) for start, stop in self.spans()) / self.shape[-2]

    def tensors(self):
        """What the map is made of."""
        for field in fields(self):
            value = getattr(self, field.name)
            for part in value if isinstance(value, tuple) else (value,):
                if isinstance(part, Tensor):
                    yield part
                elif isinstance(part, LazyMap):
                    yield from part.tensors()

    def apply(self, change: Callable[[Tensor], Tensor]) -> "LazyMap":
        """The same map with every tensor changed (copied, moved, of another precision)."""
        return replace(self, **{field.name: applied(getattr(self, field.name), change) for field in fields(self)})


def applied(value, change: Callable[[Tensor], Tensor]):
    """``change`` on every tensor of a tensor, a lazy map, or a tuple of them; anything else as it is."""
    if isinstance(value, tuple):
        return tuple(applied(part, change) for part in value)
    if isinstance(value, LazyMap):
        return value.apply(change)
    return change(value) if isinstance(value, Tensor) else value


@dataclass(frozen=True)
class Sum(LazyMap):
    """A map plus one row that is the same for every query (B, 1, N')."""

    terms: LazyMap
    shared: Tensor

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.terms.shape

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        return self.terms.rows(start, stop) + self.shared

    def column(self, key: int) -> Tensor:
        return self.terms.column(key) + self.shared[..., key]

    def __matmul__(self, values: Tensor) -> Tensor:
        return self.terms @ values + self.shared @ values


class Streamed(LazyMap):
    """A map whose products come from its rows and nothing else: what a check of a faster product compares with."""

    def __init__(self, shown: LazyMap):
        self.shown = shown

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.shown.shape

    @property
    def mT(self) -> "Streamed":
        return Streamed(self.shown.mT)

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        return self.shown.rows(start, stop)

    def column(self, key: int) -> Tensor:
        return self.shown.column(key)

    def tensors(self):
        yield from self.shown.tensors()


@dataclass(frozen=True)
class OverHeads(LazyMap):
    """One head of a map with heads (its number), their ``mean`` or their ``max``: (B, N, N')."""

    heads: LazyMap
    how: int | str

    @property
    def shape(self) -> tuple[int, ...]:
        batch, _, *rest = self.heads.shape
        return batch, *rest

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        if self.how != "max" and hasattr(self.heads, "rows_over"):
            return self.heads.rows_over(self.how, start, stop)
        return over_heads(self.heads.rows(start, stop), self.how)

    def column(self, key: int) -> Tensor:
        return over_heads(self.heads.column(key), self.how)

    def mean_row(self) -> Tensor:
        return super().mean_row() if self.how == "max" else over_heads(self.heads.mean_row(), self.how)


def over_heads(weights: Tensor, how: int | str) -> Tensor:
    """(B, heads, ...) to (B, ...): one head, their ``mean`` or ``max``.

    Raises:
        ValueError: no such head.
    """
    if how in ("mean", "max"):
        return precise(weights).mean(1) if how == "mean" else weights.amax(1)
    if isinstance(how, int) and 0 <= how < weights.shape[1]:
        return weights[:, how]
    raise ValueError(f"head must be 'mean', 'max' or 0 to {weights.shape[1] - 1}, got {how!r}")
