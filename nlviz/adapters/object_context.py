"""OCNet's modules by their published names of weights.

Their norms are InPlaceABN, which multiplies with |weight| + eps: what is filled in is that sum.
"""

from torch import Tensor, nn

from ..blocks import BLOCKS, BaseOC, Block
from .filling import State, renamed, widths
from .told import Told

EPS = 1e-5  # of InPlaceABN


class ContextOC(BaseOC):
    """z = fuse(context(x)): what BaseOC gives without x beside the context.

    Args: as in ``BaseOC``.
    """

    known_as = "base_oc"

    def __init__(self, in_channels: int, scale: int = 1, **more: int):
        super().__init__(in_channels, scale, **more)
        self.conv_bn_dropout = nn.Sequential(nn.Conv2d(in_channels, in_channels, 1), self.conv_bn_dropout[1])

    def _fuse(self, x: Tensor, context: Tensor) -> Tensor:
        return self.conv_bn_dropout(context)


def ocnet_base_oc(weights: State, told: Told):
    """BaseOC_Module with one scale, as every published configuration has it."""
    return _with_one_scale(weights, told, BLOCKS["base_oc"])


def ocnet_context(weights: State, told: Told):
    """BaseOC_Context_Module with one scale, as in ASP_OC_Module: the context alone, fused."""
    return _with_one_scale(weights, told, ContextOC)


def _with_one_scale(weights: State, told: Told, block: type[BaseOC]):
    state = _gathered(weights, told)
    keys, channels, values = _widths(state, "stages.0", told)
    if _stages(state) != 1:
        raise ValueError(f"{told.kind} with several sizes, whose contexts are summed, is in no published network")
    (scale,) = told.sizes("sizes", 1)

    def make() -> Block:
        return block(channels, scale, key_channels=keys, value_channels=values)

    return make, state


def ocnet_pyramid_oc(weights: State, told: Told):
    """Pyramid_OC_Module: its partitions are told, as (1, 2, 3, 6)."""
    state = _gathered(weights, told)
    _, channels, _ = _widths(state, "stages.0", told)
    sizes = told.sizes("sizes", _stages(state))

    def make() -> Block:
        return BLOCKS["pyramid_oc"](channels, sizes)

    return make, state


def ocnet_asp_oc(weights: State, told: Told):
    """ASP_OC_Module: the dilations of its convolutions are told, as (12, 24, 36)."""
    state = _gathered(weights, told)
    channels = widths(state, told.kind, "context.0.weight")[1]
    dilations = told.sizes("dilations", 3)

    def make() -> Block:
        return BLOCKS["asp_oc"](channels, dilations)

    return make, state


def _stages(state: State) -> int:
    return len({key.split(".")[1] for key in state if key.startswith("stages.")})


def _widths(state: State, stage: str, told: Told) -> tuple[int, int, int]:
    """(of keys, of x, of values)."""
    keys, channels = widths(state, told.kind, f"{stage}.f_key.0.weight")
    return keys, channels, widths(state, told.kind, f"{stage}.f_value.weight")[0]


def _gathered(weights: State, told: Told) -> dict[str, Tensor]:
    """The weights with the one projection of queries and keys under both names, and norms as they multiply."""
    state = renamed(weights, {})
    for key, tensor in weights.items():
        other = key.replace(".f_key.", ".f_query.")
        if other != key and not state.setdefault(other, tensor).equal(tensor):
            raise ValueError(f"{told.kind} has one projection for queries and keys, and these weights have two ({key})")
        state.names[other] = state.names[key]
    if told.flag("inplace_abn") if "inplace_abn" in told.given else True:
        norms = [key.removesuffix("running_var") + "weight" for key in state if key.endswith("running_var")]
        state.update({key: state[key].abs() + EPS for key in norms if key in state})
    return state
