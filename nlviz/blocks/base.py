"""The contract that every block keeps."""

from abc import ABC, abstractmethod

from torch import Tensor, nn

from .factors import Factors

DENSE_BYTES = 64 * 2**20  # a larger map is never built unless it is asked for


class Block(nn.Module, ABC):
    """An attention block: ``affinity`` says who attends to whom, ``aggregate`` uses it.

    Class attributes:
        relates: ``positions`` (N x N') or ``global`` (1 x N', one map for every query).
        rows: ``distribution`` (>= 0, sum 1) or ``scaled`` (divided by N').
    """

    relates = "positions"
    rows = "distribution"

    def __init__(self, in_channels: int, dimension: int = 2):
        super().__init__()
        if in_channels < 1:
            raise ValueError(f"in_channels must be at least 1, got {in_channels}")
        if dimension not in (1, 2, 3):
            raise ValueError(f"dimension must be 1, 2 or 3, got {dimension}")
        self.in_channels, self.dimension = in_channels, dimension

    @property
    def key_stride(self) -> tuple[int, ...]:
        """Query cells that one key covers along each axis."""
        return (1,) * self.dimension

    @abstractmethod
    def affinity(self, x: Tensor) -> Tensor | Factors:
        """The map of x (B, C, *grid): (B, N, N'), or its factors where it is larger than DENSE_BYTES."""

    @abstractmethod
    def aggregate(self, x: Tensor, nl_map: Tensor | Factors) -> Tensor:
        """The block's output z (B, C, *grid) for the map ``nl_map`` of x."""

    def factors(self, x: Tensor) -> Factors | None:
        """The map of x as queries and keys, or None where it has no such form."""
        return None

    def forward(self, x: Tensor, return_nl_map: bool = False) -> Tensor | tuple[Tensor, Tensor]:
        """z, or (z, nl_map) with nl_map the dense (B, N, N') map that made z.

        Args:
            x: (B, C, *grid) with C = in_channels and ``dimension`` grid axes.

        Raises:
            ValueError: x has another number of channels or axes, or is smaller than the key pool.
        """
        self.check(x)
        nl_map = self.affinity(x)
        z = self.aggregate(x, nl_map)
        if not return_nl_map:
            return z
        return z, nl_map.dense() if isinstance(nl_map, Factors) else nl_map

    def check(self, x: Tensor) -> None:
        """Raise ValueError where ``forward`` cannot take x."""
        name = type(self).__name__
        if x.dim() != self.dimension + 2:
            raise ValueError(f"{name} expects (B, C, {self.dimension} grid axes), got shape {tuple(x.shape)}")
        if x.shape[1] != self.in_channels:
            raise ValueError(f"{name} expects {self.in_channels} channels, got {x.shape[1]}")
        if any(size < stride for size, stride in zip(x.shape[2:], self.key_stride)):
            raise ValueError(f"{name} pools keys by {self.key_stride}, but the grid is only {tuple(x.shape[2:])}")
