"""DANet's two modules and CCNet's, of their own repositories, mmcv and mmsegmentation, by their published names of weights."""

from torch import Tensor

from ..blocks import BLOCKS, CAM, Block
from .filling import FileWeights, State, at, renamed, widths
from .told import Told

MMSEG_PAM = {"query_project": "query_conv", "key_project": "key_conv", "value_project": "value_conv", "gamma.scale": "gamma"}
SCALE = {"gamma.scale": "gamma"}


class ChannelAttention(CAM):
    """CAM for any number of channels: its weights do not tell how many there are."""

    known_as = "cam"

    def __init__(self):
        super().__init__(1)

    def check(self, x: Tensor) -> None:
        if x.dim() != 4:
            raise ValueError(f"CAM expects (B, C, 2 grid axes), got shape {tuple(x.shape)}")


def position_attention(weights: State, told: Told):
    """PAM of DANet's repository or of mmsegmentation."""
    state = _one_gamma(renamed(weights, MMSEG_PAM))
    options = _widths(state, told)

    def make() -> Block:
        return BLOCKS["pam"](**options)

    return make, state


def channel_attention(weights: State, told: Told):
    """CAM of DANet's repository or of mmsegmentation; without ``channels`` the block takes any number."""
    state = _one_gamma(renamed(weights, SCALE))
    at(state, told.kind, "gamma")
    channels = told.number("channels", int) if "channels" in told.given else None

    def make() -> Block:
        return ChannelAttention() if channels is None else CAM(channels)

    return make, state


def criss_cross(weights: State, told: Told):
    """Criss-cross attention of CCNet's repository or of mmcv."""
    state = _one_gamma(renamed(weights, SCALE))
    options = _widths(state, told) | {"recurrence": told.number("recurrence", int)}

    def make() -> Block:
        return BLOCKS["criss_cross"](**options)

    return make, state


def _widths(state: State, told: Told) -> dict:
    inter, channels = widths(state, told.kind, "query_conv.weight")
    return {"in_channels": channels, "inter_channels": inter}


def _one_gamma(state: FileWeights) -> FileWeights:
    """mmcv's Scale holds a number without an axis, ours has one."""
    alike = {key: tensor.reshape(1) if key == "gamma" and tensor.dim() == 0 else tensor for key, tensor in state.items()}
    return FileWeights(alike, state.names, state.prefix)
