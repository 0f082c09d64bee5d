"""A map from positions to positions alone, without its named tokens."""

from dataclasses import dataclass, replace

from torch import Tensor

from .factors import Factors, part_of
from .lazy import LazyMap, precise


@dataclass(frozen=True)
class Among(LazyMap):
    """The first rows and columns of a map; those of distributions sum to 1 again.

    Attributes:
        whole: the map.
        sizes: (N, N'), how many rows and columns.
        normalised: whether rows are divided by their sum.
    """

    whole: LazyMap
    sizes: tuple[int, int]
    normalised: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return *self.whole.shape[:-2], *self.sizes

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        start, stop, _ = slice(start, stop).indices(self.sizes[0])
        return first_keys(self.whole.rows(start, stop), self.sizes[1], self.normalised)

    def column(self, key: int) -> Tensor:
        if not self.normalised:
            return self.whole.column(key)[..., : self.sizes[0]]
        return self.rows()[..., key]


def first_keys(rows: Tensor, keys: int, normalised: bool) -> Tensor:
    """The first columns of rows (..., n, N'); a row that gives them nothing stays 0."""
    found = rows[..., :keys]
    if not normalised:
        return found
    found = precise(found)
    return found / found.sum(-1, keepdim=True).clamp_min(1e-30)


def among(lazy: LazyMap, sizes: tuple[int, int], normalised: bool) -> LazyMap:
    """The first rows and columns of a map; a softmax over fewer keys is the same rows, renormalised."""
    if isinstance(lazy, Factors) and (lazy.kind != "softmax" or normalised) and not lazy.causal and lazy.cells is None:
        bias = tuple(part_of(part_of(bias, -2, slice(sizes[0])), -1, slice(sizes[1])) for bias in lazy.biases)
        return replace(lazy, q=lazy.q[..., : sizes[0], :], k=lazy.k[..., : sizes[1], :],
                       bias=bias if len(bias) > 1 else next(iter(bias), None))
    return Among(lazy, sizes, normalised)
