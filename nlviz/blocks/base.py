"""The contract that every block keeps."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor, nn
from torch.fx import Proxy

from ..maps import LazyMap

CONV = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}  # by dimension
Weights = Tensor | LazyMap
Used = Weights | tuple[Weights, ...]  # a map in the form in which a block used it
Seen = Callable[[Used, Tensor, bool], None]  # is told the map, z, and whether the caller gets the map too
Change = Callable[[Weights], Weights]  # of one map
Instead = Callable[[Tensor], tuple[Used, Tensor]]  # what runs in the place of ``attend``


@dataclass(frozen=True)
class Part:
    """One map of a block, for those that have several.

    Attributes:
        name: what tells it from the block's other maps, "" where there is one.
        weights: positions (B, N, N'), global (B, 1, N'), channels (B, C, C), gate (B, C) or (B, N).
        relates, rows: as in :class:`Block`.
        query_grid, key_grid: shapes of what rows and columns stand for: positions, or (C,) for channels; () for no query.
        block: a name in BLOCKS, "" where it is that of the block whose part this is.
    """

    name: str
    weights: Weights
    relates: str
    rows: str
    query_grid: tuple[int, ...]
    key_grid: tuple[int, ...]
    block: str = ""


class Block(nn.Module, ABC):
    """An attention block: ``affinity`` says who attends to whom, ``aggregate`` uses it.

    Class attributes:
        relates: ``positions`` (N x N'), ``global`` (1 x N', one map for every query), ``channels`` (C x C) or ``gate``
            (C or N values).
        rows: ``distribution`` (>= 0, sum 1), ``scaled`` (divided by N') or ``raw``.
    """

    relates = "positions"
    rows = "distribution"
    watchers: list[Callable[["Block", Tensor], Seen | None]] = []  # asked before each call; nothing of them is on the block
    replacers: list[Callable[["Block", Tensor], Instead | None]] = []  # likewise, the last one first: what runs instead

    def __init__(self, in_channels: int, dimension: int = 2):
        super().__init__()
        if in_channels < 1:
            raise ValueError(f"in_channels must be at least 1, got {in_channels}")
        if dimension not in (1, 2, 3):
            raise ValueError(f"dimension must be 1, 2 or 3, got {dimension}")
        self.in_channels, self.dimension = in_channels, dimension

    @property
    def query_stride(self) -> tuple[int, ...]:
        """Cells of the input that one query covers along each axis."""
        return (1,) * self.dimension

    @property
    def key_stride(self) -> tuple[int, ...]:
        """Cells of the input that one key covers along each axis."""
        return (1,) * self.dimension

    @abstractmethod
    def affinity(self, x: Tensor) -> Used:
        """The map of x (B, C, *grid): (B, N, N') or its lazy form; a tuple where the block uses several."""

    @abstractmethod
    def aggregate(self, x: Tensor, nl_map: Used) -> Tensor:
        """The block's output z (B, C, *grid) for the map ``nl_map`` of x."""

    def attend(self, x: Tensor) -> tuple[Used, Tensor]:
        """(the map of x, z)."""
        nl_map = self.affinity(x)
        return nl_map, self.aggregate(x, nl_map)

    def rederive(self, x: Tensor, nl_map: Used) -> Tensor:
        """z from the map alone, for the parity check; ``aggregate`` unless it takes something derived from the map."""
        return self.aggregate(x, nl_map)

    def attend_with(self, x: Tensor, change: Change) -> tuple[Used, Tensor]:
        """``attend`` with every map changed before it is used: (the maps as used, z)."""
        nl_map = self.affinity(x)
        used = tuple(change(part) for part in nl_map) if isinstance(nl_map, tuple) else change(nl_map)
        return used, self.rederive(x, used)

    def dense(self, nl_map: Used) -> Tensor:
        """What ``return_nl_map=True`` gives."""
        return nl_map.dense() if isinstance(nl_map, LazyMap) else nl_map

    def parts(self, x: Tensor, nl_map: Used) -> list[Part]:
        """The maps to show, the first of them what ``return_nl_map=True`` gives."""
        return [self.part(x, nl_map)]

    def part(self, x: Tensor, weights: Weights, name: str = "", relates: str | None = None, rows: str | None = None) -> Part:
        """A map of x with its grids; by default it relates what the block says."""
        relates = relates or self.relates
        grid, channels = tuple(x.shape[2:]), (x.shape[1],)
        queries, keys = ([tuple(size // s for size, s in zip(grid, stride)) for stride in (self.query_stride, self.key_stride)]
                         if relates in ("positions", "global") else (channels, channels))
        return Part(name, weights, relates, rows or self.rows, () if relates == "gate" else queries, keys)

    def forward(self, x: Tensor, return_nl_map: bool | str = False) -> Tensor | tuple[Tensor, Used]:
        """z, or (z, nl_map) with nl_map the map that made z, dense: (B, N, N').

        Args:
            x: (B, C, *grid) with C = in_channels and ``dimension`` grid axes.
            return_nl_map: ``"as used"`` gives the map in the form in which the block used it.

        Raises:
            ValueError: x has another number of channels or axes, or is smaller than a pool.
        """
        if isinstance(x, Proxy):
            return self._leaf(x)
        self.check(x)
        told = [seen for watcher in Block.watchers if (seen := watcher(self, x))]
        instead = next((found for replacer in reversed(Block.replacers) if (found := replacer(self, x))), self.attend)
        nl_map, z = instead(x)
        for seen in told:
            seen(nl_map, z, bool(return_nl_map))
        if not return_nl_map:
            return z
        return z, nl_map if return_nl_map == "as used" else self.dense(nl_map)

    def _leaf(self, x: Proxy) -> Proxy:
        """``torch.fx`` keeps a block whole: what it does depends on sizes, which a traced x has none of."""
        path = x.tracer.path_of_module(self)
        return x.tracer.create_proxy("call_module", path or "itself", (x,), {})

    @property
    def itself(self) -> "Block":
        """The block: how a traced network whose only module it is calls it."""
        return self

    def check(self, x: Tensor) -> None:
        """Raise ValueError where ``forward`` cannot take x."""
        name = type(self).__name__
        if x.dim() != self.dimension + 2:
            raise ValueError(f"{name} expects (B, C, {self.dimension} grid axes), got shape {tuple(x.shape)}")
        if x.shape[1] != self.in_channels:
            raise ValueError(f"{name} expects {self.in_channels} channels, got {x.shape[1]}")
        if any(size < stride for size, stride in zip(x.shape[2:], self.key_stride)):
            raise ValueError(f"{name} pools keys by {self.key_stride}, but the grid is only {tuple(x.shape[2:])}. "
                             "Use a larger input.")


def pointwise(channels: int, out: int, dimension: int, bias: bool = True) -> nn.Module:
    """A 1 x 1 convolution over a grid of 1, 2 or 3 axes."""
    return CONV[dimension](channels, out, 1, bias=bias)


def beside(values: Tensor, dimension: int) -> Tensor:
    """(B, C) as (B, C, 1, ...), to be added to or multiplied with every position."""
    return values[(...,) + (None,) * dimension]


def to_positions(x: Tensor) -> Tensor:
    """(B, C, *grid) -> (B, N, C), positions in raster order."""
    return x.flatten(2).mT


def to_grid(y: Tensor, grid: tuple[int, ...]) -> Tensor:
    """(B, N, C) -> (B, C, *grid)."""
    return y.mT.unflatten(2, grid)
