"""Non-local blocks of mmcv, mmsegmentation, GCNet and AlexHex7's repository, by their published names of weights."""

import torch

from ..blocks import BLOCKS, Block
from .filling import FileWeights, State, at, renamed, widths
from .told import Told

MMCV = {"g.0.conv": "g.0", "phi.0.conv": "phi.0", "g.conv": "g", "phi.conv": "phi", "theta.conv": "theta",
        "conv_out.conv": "W.0", "conv_out.bn": "W.1", "concat_project.conv": "concat_project.0"}
PLAIN = {"W.0.weight": "W.weight", "W.0.bias": "W.bias"}  # where no BatchNorm follows


def modes_of(state: State, kind: str) -> tuple[str, ...]:
    """The pairwise functions that weights by our names may be of."""
    at(state, kind, "g.weight", "g.0.weight")
    if "concat_project.0.weight" in state:
        return ("concatenation",)
    return ("embedded_gaussian", "dot_product") if "theta.weight" in state else ("gaussian",)


def with_biases(state: FileWeights, kind: str) -> FileWeights:
    """A convolution in front of a BatchNorm is often without bias: ours has one, of zeros."""
    if "W.1.weight" not in state:
        return renamed(state, PLAIN)
    if "W.0.bias" not in state and "W.0.weight" in state:
        state["W.0.bias"] = state["W.0.weight"].new_zeros(widths(state, kind, "W.0.weight")[0])
    return state


def options_of(state: State, kind: str) -> dict:
    """Options of a non-local block whose weights by our names these are."""
    name, g = at(state, kind, "g.weight", "g.0.weight")
    inter, channels = widths(state, kind, name)
    return dict(in_channels=channels, inter_channels=inter, dimension=g.dim() - 2, sub_sample=name == "g.0.weight",
                bn_layer="W.1.weight" in state)


def mmcv_nonlocal(weights: State, told: Told):
    """mmcv's NonLocal1d, 2d and 3d: ``use_scale`` divides by sqrt(C'), in ``embedded_gaussian`` alone."""
    return _scaled(with_biases(renamed(weights, MMCV), told.kind), told, -0.5)


def gcnet_nonlocal(weights: State, told: Told):
    """NonLocal2D as mmdetection had it when GCNet was published: ``use_scale`` multiplies by sqrt(C')."""
    return _scaled(with_biases(renamed(weights, MMCV), told.kind), told, 0.5)


def published_nonlocal(weights: State, told: Told):
    """AlexHex7's blocks, whose names are ours: no scale."""
    state = renamed(weights, {})
    return _made(state, told, told.mode(modes_of(state, told.kind)), {})


def _scaled(state: FileWeights, told: Told, power: float):
    mode = told.mode(modes_of(state, told.kind))
    more = {"scale_power": power} if mode == "embedded_gaussian" and told.flag("use_scale") else {}
    return _made(state, told, mode, more)


def _made(state: FileWeights, told: Told, mode: str, more: dict):
    options = options_of(state, told.kind) | more

    def make() -> Block:
        return BLOCKS[mode](**options)

    return make, state


def mmseg_dnl(weights: State, told: Told):
    """mmsegmentation's DisentangledNonLocal2d, which rounds sqrt(C') and the temperature to float32."""
    state = with_biases(renamed(weights, MMCV), told.kind)
    told.mode(("embedded_gaussian",))
    at(state, told.kind, "conv_mask.weight")
    options = options_of(state, told.kind)
    if options.pop("sub_sample") or options.pop("dimension") != 2:
        raise ValueError(f"{told.kind} with pooled keys, or in another than two dimensions, is no published block")
    root = options["inter_channels"] ** 0.5
    scaled = told.flag("use_scale")
    temperature = _rounded(told.number("temperature")) * (_rounded(root) / root if scaled else 1)

    def make() -> Block:
        return BLOCKS["disentangled"](**options, use_scale=scaled, temperature=temperature)

    return make, state


def _rounded(value: float) -> float:
    return torch.tensor(value, dtype=torch.float32, device="cpu").item()
