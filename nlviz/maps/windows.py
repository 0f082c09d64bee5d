"""Maps of positions that see each other within windows: kept window by window, read in the cells of the picture."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor

from .factors import Factors
from .lazy import LazyMap, over_heads, precise


@dataclass(frozen=True)
class Windows(LazyMap):
    """A map that is zero between a query and the keys outside of its windows (Swin, MaxViT, halo attention).

    Attributes:
        inner: (B, windows, heads, n, m) weights, or the Factors that give them.
        queries: (windows, n) number of the query that a row of a window belongs to, -1 for none.
        keys: (windows, m) number of the key that a column of a window belongs to; two columns of a key are added.
        sizes: (N, N') of the whole map.
    """

    inner: Tensor | Factors
    queries: Tensor
    keys: Tensor
    sizes: tuple[int, int]

    @property
    def shape(self) -> tuple[int, ...]:
        batch, _, heads, *_ = self.inner.shape
        return batch, heads, *self.sizes

    @property
    def held(self) -> int:
        """Bytes that the weights of the windows take, where they are kept."""
        return self.inner.nbytes if isinstance(self.inner, Tensor) else 0

    def of(self, window: int) -> Tensor:
        """The weights within one window, (B, heads, n, m)."""
        if isinstance(self.inner, Tensor):
            return self.inner[:, window]
        bias = tuple(bias[:, window if bias.shape[1] > 1 else 0] if bias.dim() == 5 else bias for bias in self.inner.biases)
        return replace(self.inner, q=self.inner.q[:, window], k=self.inner.k[:, window], bias=bias or None).rows()

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        return self._spread(start, stop, self.shape[1], lambda weights: weights)

    def rows_over(self, how: int | str, start: int = 0, stop: int | None = None) -> Tensor:
        """Rows of one head, or of their ``mean``, (B, stop - start, N'): the others' are never spread over all keys."""
        return self._spread(start, stop, 1, lambda weights: over_heads(weights, how)[:, None])[:, 0]

    def _spread(self, start: int, stop: int | None, heads: int, change: Callable[[Tensor], Tensor]) -> Tensor:
        start, stop, _ = slice(start, stop).indices(self.sizes[0])
        inside = (self.queries >= start) & (self.queries < stop)
        kind = change(next(self.tensors()).new_empty(1, self.shape[1], 0)).dtype
        found = next(self.tensors()).new_zeros(self.shape[0], heads, max(0, stop - start), self.sizes[1], dtype=kind)
        for window in inside.any(1).nonzero()[:, 0].tolist():
            local = inside[window].nonzero()[:, 0]
            weights = change(self.of(window)[:, :, local])
            places = (self.queries[window, local] - start)[:, None] * self.sizes[1] + self.keys[window]
            found.flatten(2).index_add_(2, places.flatten(), weights.flatten(2))
        return found

    def column(self, key: int) -> Tensor:
        found = next(self.tensors()).new_zeros(*self.shape[:2], self.sizes[0])
        for window in (self.keys == key).any(1).nonzero()[:, 0].tolist():
            local = (self.queries[window] >= 0).nonzero()[:, 0]
            weights = self.of(window)[..., self.keys[window] == key].sum(-1)
            found.index_add_(2, self.queries[window, local], weights[:, :, local])
        return found

    def __matmul__(self, values: Tensor) -> Tensor:
        """A times values (B, heads, N', C) -> (B, heads, N, C), window by window."""
        found = values.new_zeros(*values.shape[:2], self.sizes[0], values.shape[-1])
        for window in range(len(self.queries)):
            local = (self.queries[window] >= 0).nonzero()[:, 0]
            product = self.of(window)[:, :, local].to(values.dtype) @ values[:, :, self.keys[window]]
            found.index_add_(2, self.queries[window, local], product)
        return found

    def mean_row(self) -> Tensor:
        """The mean of all rows, (B, heads, N'), window by window."""
        found = precise(next(self.tensors()).new_zeros(*self.shape[:2], self.sizes[1]))
        for window in range(len(self.queries)):
            own = precise(self.of(window)[:, :, self.queries[window] >= 0]).sum(-2)
            found.index_add_(-1, self.keys[window], own)
        return found / self.sizes[0]

    def under(self, rows: Tensor) -> Tensor:
        """Rows (B, heads, n, N) times A -> (B, heads, n, N'), window by window; of fewer than N, times the first rows of A."""
        found = rows.new_zeros(*rows.shape[:-1], self.sizes[1])
        for window in range(len(self.queries)):
            local = ((self.queries[window] >= 0) & (self.queries[window] < rows.shape[-1])).nonzero()[:, 0]
            product = rows[..., self.queries[window, local]] @ self.of(window)[:, :, local].to(rows.dtype)
            found.index_add_(-1, self.keys[window], product)
        return found
