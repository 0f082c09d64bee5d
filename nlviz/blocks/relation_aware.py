"""Relation-aware global attention: the relations of all pairs decide a gate for each position or channel.

Zhang, Lan, Zeng, Jin, Chen: RGA, 2020 (arXiv 1904.02998), eq. 1 to 6. Weight names are those of
microsoft/Relation-Aware-Global-Attention-Networks.
"""

from abc import abstractmethod

import torch
from torch import Tensor, nn

from ..maps import Factors
from .base import Block, Change, Part, Weights, to_positions


def _embedding(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(in_channels, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels), nn.ReLU())


def _gate_layers(in_channels: int, ratio: int) -> nn.Sequential:
    planes = max(1, in_channels // ratio)
    return nn.Sequential(nn.Conv2d(in_channels, planes, 1, bias=False), nn.BatchNorm2d(planes), nn.ReLU(),
                         nn.Conv2d(planes, 1, 1, bias=False), nn.BatchNorm2d(1))


class RelationAware(Block):
    """z = sigmoid(W([mean g_x(x), g_g([G^T, G])])) x with relations G_ij = theta(x_i) . phi(x_j) >= 0, not normalised.

    Both directions enter: what i is to every j, and what every j is to i. Subclasses say what i and j are. Relations of
    every pair are read by layers of fixed size, so that the grid is fixed.

    Args:
        in_channels: C.
        grid: (rows, columns) of every input; by default that of 448 px at stride 16.
        ratio: features, relations and the gate's hidden layer are reduced by it (8 in the paper), to at least 1; or one for
            each of them.
    """

    rows = "raw"
    suffix = ""  # of the published weight names

    def __init__(self, in_channels: int, grid: tuple[int, int] = (28, 28),
                 ratio: int | tuple[int, int, int] = 8):
        super().__init__(in_channels)
        if len(grid) != 2 or min(grid) < 1:
            raise ValueError(f"grid must be (rows, columns), got {grid}")
        self.grid = tuple(grid)
        things, features = self._sizes()
        ratios = (ratio,) * 3 if isinstance(ratio, int) else tuple(ratio)
        if len(ratios) != 3 or min(ratios) < 1:
            raise ValueError(f"ratio must be at least 1, got {ratio}; or three, each of at least 1")
        narrow, hidden = max(1, features // ratios[0]), max(1, things // ratios[1])
        layers = {**{name: _embedding(features, narrow) for name in ("theta", "phi", "gx")},
                  "gg": _embedding(2 * things, hidden), "W": _gate_layers(1 + hidden, ratios[2])}
        for name, layer in layers.items():
            self.add_module(f"{name}_{self.suffix}", layer)

    @abstractmethod
    def _sizes(self) -> tuple[int, int]:
        """How many things are related, and how many features each has."""

    @abstractmethod
    def _things(self, x: Tensor) -> Tensor:
        """x as (B, features, things, 1)."""

    def _layer(self, name: str) -> nn.Module:
        return self.get_submodule(f"{name}_{self.suffix}")

    def check(self, x: Tensor) -> None:
        super().check(x)
        if tuple(x.shape[2:]) != self.grid:
            raise ValueError(f"{type(self).__name__} was built for a grid of {self.grid} and has weights for each pair of "
                             f"its positions, got {tuple(x.shape[2:])}. Build it with grid={tuple(x.shape[2:])}.")

    def relations(self, x: Tensor) -> Factors:
        """G, (B, things, things)."""
        things = self._things(x)
        return Factors(to_positions(self._layer("theta")(things)), to_positions(self._layer("phi")(things)), "dot")

    def gate(self, x: Tensor, relations: Weights) -> Tensor:
        """The gate that the relations decide, (B, things), 0 to 1."""
        things = self._things(x)
        conv, *rest = self._layer("gg")
        w_in, w_out = conv.weight.flatten(1).T.chunk(2)  # (things, hidden) each: weights of G^T and of G
        joint = relations @ w_in.expand(len(x), -1, -1) + relations.mT @ w_out.expand(len(x), -1, -1)
        joint = nn.Sequential(*rest)(joint.mT.unsqueeze(-1))  # (B, hidden, things, 1)
        own = self._layer("gx")(things).mean(1, keepdim=True)
        return self._layer("W")(torch.cat([own, joint], 1)).sigmoid().flatten(1)

    def affinity(self, x: Tensor) -> tuple[Factors, Tensor]:
        relations = self.relations(x)
        return relations, self.gate(x, relations)

    def attend_with(self, x: Tensor, change: Change) -> tuple[tuple[Weights, Tensor], Tensor]:
        """The gate follows from the relations as changed, and is not changed itself."""
        relations = change(self.relations(x))
        used = relations, self.gate(x, relations)
        return used, self.aggregate(x, used)

    def rederive(self, x: Tensor, nl_map: tuple[Weights, Tensor]) -> Tensor:
        return self.aggregate(x, (nl_map[0], self.gate(x, nl_map[0])))

    def dense(self, nl_map: tuple[Weights, Tensor]) -> Tensor:
        return super().dense(nl_map[0])


class RGASpatial(RelationAware):
    """Relations of positions (N x N) and a gate for each position."""

    suffix = "spatial"

    def _sizes(self) -> tuple[int, int]:
        return self.grid[0] * self.grid[1], self.in_channels

    def _things(self, x: Tensor) -> Tensor:
        return x.flatten(2).unsqueeze(-1)

    def aggregate(self, x: Tensor, nl_map: tuple[Weights, Tensor]) -> Tensor:
        return x * nl_map[1].view(-1, 1, *self.grid)

    def parts(self, x: Tensor, nl_map: tuple[Weights, Tensor]) -> list[Part]:
        relations = self.part(x, nl_map[0], "relations")
        return [relations, Part("gate of positions", nl_map[1], "gate", "raw", (), self.grid)]


class RGAChannel(RelationAware):
    """Relations of channels (C x C) and a gate for each channel."""

    relates = "channels"
    suffix = "channel"

    def _sizes(self) -> tuple[int, int]:
        return self.in_channels, self.grid[0] * self.grid[1]

    def _things(self, x: Tensor) -> Tensor:
        return to_positions(x).unsqueeze(-1)

    def aggregate(self, x: Tensor, nl_map: tuple[Weights, Tensor]) -> Tensor:
        return x * nl_map[1][..., None, None]

    def parts(self, x: Tensor, nl_map: tuple[Weights, Tensor]) -> list[Part]:
        return [self.part(x, nl_map[0], "relations"), self.part(x, nl_map[1], "gate of channels", "gate")]
