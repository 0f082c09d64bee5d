"""CCNet's maps: each position's row and column, and what follows from one after the other."""

from dataclasses import dataclass

import torch
from torch import Tensor

from .lazy import LazyMap


@dataclass(frozen=True)
class Crosses(LazyMap):
    """The map of one recurrence: N rows that are zero beyond the query's own row and column.

    Attributes:
        weights: (B, H, W, H + W): for the query (h, w) first its column, keys (0..H-1, w), then its row, keys (h, 0..W-1).
            The query itself is counted in its row alone; in its column it weighs 0.
    """

    weights: Tensor

    @property
    def grid(self) -> tuple[int, int]:
        return tuple(self.weights.shape[1:3])

    @property
    def shape(self) -> tuple[int, int, int]:
        height, width = self.grid
        return self.weights.shape[0], height * width, height * width

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        height, width = self.grid
        queries = torch.arange(height * width, device=self.weights.device)[start:stop]
        weights, n = self.weights.flatten(1, 2)[:, start:stop], torch.arange(len(queries), device=queries.device)
        found = weights.new_zeros(weights.shape[0], len(queries), height, width)
        found[:, n, :, queries % width] += weights[..., :height].transpose(0, 1)
        found[:, n, queries // width] += weights[..., height:]
        return found.flatten(2)

    def column(self, key: int) -> Tensor:
        height, width = self.grid
        found, (row, column) = self.weights.new_zeros(self.weights.shape[0], height, width), divmod(key, width)
        found[:, :, column] += self.weights[:, :, column, row]
        found[:, row] += self.weights[:, row, :, height + column]
        return found.flatten(1)

    def __matmul__(self, values: Tensor) -> Tensor:
        height = self.grid[0]
        v = values.unflatten(1, self.grid)  # (B, H, W, C)
        down = self.weights[..., :height].transpose(1, 2) @ v.transpose(1, 2)  # (B, W, H, C)
        return (down.transpose(1, 2) + self.weights[..., height:] @ v).flatten(1, 2)


@dataclass(frozen=True)
class Product(LazyMap):
    """The product of maps of the same positions, the first one leftmost: who attends to whom through all of them."""

    maps: tuple[LazyMap, ...]

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.maps[0].shape

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        found = self.maps[0].rows(start, stop)
        for nl_map in self.maps[1:]:
            found = _times(found, nl_map) if isinstance(nl_map, Crosses) else found @ nl_map.dense()
        return found

    def column(self, key: int) -> Tensor:
        found = self.maps[-1].column(key)[..., None]
        for nl_map in reversed(self.maps[:-1]):
            found = nl_map @ found
        return found[..., 0]

    def __matmul__(self, values: Tensor) -> Tensor:
        for nl_map in reversed(self.maps):
            values = nl_map @ values
        return values


def _times(rows: Tensor, crosses: Crosses) -> Tensor:
    """Rows (B, n, N) times a map of crosses."""
    height = crosses.grid[0]
    r = rows.unflatten(2, crosses.grid)  # (B, n, H, W)
    down = torch.einsum("bnhw,bhwk->bnkw", r, crosses.weights[..., :height])
    return (down + torch.einsum("bnhw,bhwk->bnhk", r, crosses.weights[..., height:])).flatten(2)
