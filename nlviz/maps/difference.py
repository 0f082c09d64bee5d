"""One map less another, row by row."""

from dataclasses import dataclass

from torch import Tensor

from .lazy import LazyMap, precise


@dataclass(frozen=True)
class Difference(LazyMap):
    """first - second, signed, of two maps (B, N, N') in whatever form they are kept."""

    first: LazyMap | Tensor
    second: LazyMap | Tensor

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.first.shape)

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        first, second = (one[..., start:stop, :] if isinstance(one, Tensor) else one.rows(start, stop)
                         for one in (self.first, self.second))
        return precise(first) - precise(second)

    def column(self, key: int) -> Tensor:
        first, second = (one[..., key] if isinstance(one, Tensor) else one.column(key) for one in (self.first, self.second))
        return precise(first) - precise(second)
