"""CCNet's criss-cross attention: each position attends to its own row and column, again and again.

Huang, Wang, Wei, Huang, Shi, Liu, Huang: CCNet, 2019 (arXiv 1811.11721), section 3.2. Weight names are those of
speedinghzl/CCNet: query_conv, key_conv, value_conv, gamma.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ..maps import Crosses, LazyMap, Product, Streamed
from .base import Block, Change, Part, to_grid, to_positions

COMPOSED_CELLS = 1024  # positions up to which a check goes through the composed map


class CrissCross(Block):
    """x_r = gamma A_r V(x_{r-1}) + x_{r-1} for r = 1..R with the same weights, z = x_R (eq. 1 and 2).

    A_r is a softmax over the query's row and column; A_R ... A_1 says where information came from after all recurrences.
    gamma starts at zero, so that z = x.

    Args:
        in_channels: C.
        recurrence: R, at least 1.
        inter_channels: of queries and keys, by default C / 8 and at least 1.
    """

    def __init__(self, in_channels: int, recurrence: int = 2, inter_channels: int | None = None):
        super().__init__(in_channels)
        if recurrence < 1:
            raise ValueError(f"recurrence must be at least 1, got {recurrence}")
        self.recurrence = recurrence
        inter = inter_channels or max(1, in_channels // 8)
        self.query_conv, self.key_conv = (nn.Conv2d(in_channels, inter, 1) for _ in range(2))
        self.value_conv = nn.Conv2d(in_channels, in_channels, 1)
        self.gamma = nn.Parameter(torch.zeros(1))

    def crosses(self, x: Tensor) -> Crosses:
        """The map of one recurrence."""
        q, k = self.query_conv(x).permute(0, 2, 3, 1), self.key_conv(x).permute(0, 2, 3, 1)  # (B, H, W, C')
        down = (q.transpose(1, 2) @ k.permute(0, 2, 3, 1)).transpose(1, 2)  # (B, H, W, H)
        itself = torch.eye(x.shape[2], dtype=torch.bool, device=x.device)[:, None]
        logits = torch.cat([down.masked_fill(itself, -torch.inf), q @ k.mT], -1)  # (B, H, W, H + W)
        return Crosses(logits.softmax(-1))

    def recur(self, x: Tensor, crosses: LazyMap) -> Tensor:
        """One recurrence with a map."""
        y = crosses @ to_positions(self.value_conv(x))
        return self.gamma * to_grid(y, x.shape[2:]) + x

    def attend(self, x: Tensor) -> tuple[tuple[Crosses, ...], Tensor]:
        return self.attend_with(x, lambda crosses: crosses)

    def attend_with(self, x: Tensor, change: Change) -> tuple[tuple[LazyMap, ...], Tensor]:
        """Each recurrence's map is that of what the one before it gave, with its map changed."""
        found = []
        for _ in range(self.recurrence):
            found.append(change(self.crosses(x)))
            x = self.recur(x, found[-1])
        return tuple(found), x

    def affinity(self, x: Tensor) -> tuple[Crosses, ...]:
        return self.attend(x)[0]

    def aggregate(self, x: Tensor, nl_map: Sequence[LazyMap]) -> Tensor:
        for crosses in nl_map:
            x = self.recur(x, crosses)
        return x

    def rederive(self, x: Tensor, nl_map: Sequence[Streamed]) -> Tensor:
        """For R = 2 from A_1, A_2 and A_2 A_1, which is exact: x + gamma (A_1 + A_2) V(x) + gamma^2 A_2 A_1 V(x) W_v^T.

        Rows of A_2 A_1 take N^2 (H + W) sums: for more than COMPOSED_CELLS positions A_2 and A_1 are used one after the other.
        """
        if len(nl_map) != 2 or nl_map[0].shape[1] > COMPOSED_CELLS:
            return self.aggregate(x, nl_map)
        first, second = nl_map
        values = to_positions(self.value_conv(x))
        once = first @ values + second @ values
        twice = Streamed(Product((second.shown, first.shown))) @ (values @ self.value_conv.weight.flatten(1).T)
        return x + to_grid(self.gamma * once + self.gamma**2 * twice, x.shape[2:])

    def dense(self, nl_map: Sequence[LazyMap]) -> Tensor:
        return self._composed(nl_map).dense()

    def parts(self, x: Tensor, nl_map: tuple[Crosses, ...]) -> list[Part]:
        """The composed map A_R ... A_1, then A_1 to A_R."""
        if len(nl_map) == 1:
            return [self.part(x, nl_map[0], "A1")]
        names = [f"A{r}" for r in range(1, len(nl_map) + 1)]
        return [self.part(x, self._composed(nl_map), " ".join(reversed(names))),
                *(self.part(x, crosses, name) for name, crosses in zip(names, nl_map))]

    @staticmethod
    def _composed(nl_map: Sequence[LazyMap]) -> LazyMap:
        return nl_map[0] if len(nl_map) == 1 else Product(tuple(reversed(nl_map)))
