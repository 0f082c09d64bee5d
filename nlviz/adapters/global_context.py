"""Context blocks of mmcv and GCNet by their published names of weights."""

from ..blocks import BLOCKS, Block
from .filling import State, at, renamed, widths
from .told import Told

FUSIONS = ("channel_add", "channel_mul")


def mmcv_context(weights: State, told: Told):
    """mmcv's ContextBlock: pooling, fusion and width of the bottleneck follow from the weights."""
    fusions = tuple(name for name in FUSIONS if f"{name}_conv.0.weight" in weights)
    name, first = at(weights, told.kind, *(f"{name}_conv.0.weight" for name in FUSIONS))
    planes, channels = widths(weights, told.kind, name)
    options = dict(in_channels=channels, ratio=(planes + 0.5) / channels, fusion_types=fusions, dimension=first.dim() - 2,
                   pooling_type="att" if "conv_mask.weight" in weights else "avg")

    def make() -> Block:
        return BLOCKS["gc"](**options)

    return make, renamed(weights, {})
