"""RGA's module, which holds a gate of positions, one of channels, or both, by its published names of weights."""

from dataclasses import replace

from torch import Tensor

from ..blocks import Block, Part, RGAChannel, RGASpatial, Used, Weights
from .filling import State, at, renamed, widths
from .told import Told

LAYERS = ("gx", "gg", "theta", "phi", "W")


class RGA(Block):
    """The gate of positions, and the gate of channels of what it lets through: z = channel(spatial(x)).

    Args:
        spatial, channel: the two blocks, for the same channels and grid.
    """

    rows = "raw"

    def __init__(self, spatial: RGASpatial, channel: RGAChannel):
        super().__init__(spatial.in_channels)
        self.spatial, self.channel = spatial, channel

    def check(self, x: Tensor) -> None:
        self.spatial.check(x)

    def attend(self, x: Tensor) -> tuple[tuple, Tensor]:
        return self.attend_with(x, lambda weights: weights)

    def attend_with(self, x: Tensor, change) -> tuple[tuple, Tensor]:
        """Relations of channels, which are no rows of positions, are not changed."""
        found, between = self.spatial.attend_with(x, change)
        others, z = self.channel.attend(between)
        return (*found, *others), z

    def affinity(self, x: Tensor) -> tuple:
        return self.attend(x)[0]

    def aggregate(self, x: Tensor, nl_map: Used) -> Tensor:
        return self.channel.aggregate(self.spatial.aggregate(x, nl_map[:2]), nl_map[2:])

    def rederive(self, x: Tensor, nl_map: Used) -> Tensor:
        return self.channel.rederive(self.spatial.rederive(x, nl_map[:2]), nl_map[2:])

    def dense(self, nl_map: Used) -> Weights:
        return self.spatial.dense(nl_map[:2])

    def parts(self, x: Tensor, nl_map: Used) -> list[Part]:
        """The relations and the gate of positions, then those of channels."""
        positions = [replace(part, block="rga_spatial") for part in self.spatial.parts(x, nl_map[:2])]
        relations, gate = (replace(part, block="rga_channel") for part in self.channel.parts(x, nl_map[2:]))
        return [*positions, replace(relations, name="relations of channels"), gate]


def rga(weights: State, told: Told):
    """RGA_Module: whichever gates it has; its grid is told, (rows, columns)."""
    kinds = [suffix for suffix in ("spatial", "channel") if f"theta_{suffix}.0.weight" in weights]
    at(weights, told.kind, "theta_spatial.0.weight", "theta_channel.0.weight")
    grid = told.sizes("grid", 2)
    options = {suffix: _options(weights, suffix, grid, told) for suffix in kinds}
    both = len(kinds) == 2

    def make() -> Block:
        made = [(RGASpatial if suffix == "spatial" else RGAChannel)(**options[suffix]) for suffix in kinds]
        return RGA(*made) if both else made[0]

    names = {f"{layer}_{suffix}": f"{suffix}.{layer}_{suffix}" for suffix in kinds for layer in LAYERS}
    return make, renamed(weights, names if both else {})


def _options(weights: State, suffix: str, grid: tuple[int, ...], told: Told) -> dict:
    """Channels and the three ratios that give such widths."""
    (narrow, features), (hidden, pairs), (planes, joint) = (
        widths(weights, told.kind, f"{layer}_{suffix}.0.weight") for layer in ("theta", "gg", "W"))
    things = pairs // 2
    channels, positions = (features, things) if suffix == "spatial" else (things, features)
    if positions != grid[0] * grid[1]:
        raise ValueError(f"these weights of {told.kind} are for {positions} positions, and {grid[0]} x {grid[1]} are "
                         f"{grid[0] * grid[1]}")
    return {"in_channels": channels, "grid": grid, "ratio": (features // narrow, things // hidden, joint // planes)}
