"""SlowFast's Nonlocal: three dimensions; where it pools, x is max-pooled before keys and values are projected.

Fan et al.: PySlowFast (facebookresearch/SlowFast, slowfast/models/nonlocal_helper.py), as Wang et al. 2018 in Caffe2.
"""

from torch import Tensor, nn
from torch.nn import functional as F

from ..blocks import Block, DotProduct, EmbeddedGaussian
from .filling import State, renamed, widths
from .told import Told

NAMES = {"conv_theta": "theta", "conv_phi": "phi", "conv_g": "g", "conv_out": "W.0", "norm": "W.1", "bn": "W.1"}
NORMS = ("layernorm", "none")  # which have no weights


class PooledConv3d(nn.Conv3d):
    """A 1 x 1 x 1 convolution of the max-pooled input."""

    def __init__(self, in_channels: int, out_channels: int, pool: tuple[int, ...]):
        super().__init__(in_channels, out_channels, 1)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(F.max_pool3d(x, self.pool))


class PoolsFirst:
    """What is different in a non-local block that pools its input before projecting it.

    Args:
        in_channels, inter_channels: C and C'.
        pool: cells of the input that a key covers: (frames, rows, columns).
        norm: ``batchnorm``, ``layernorm`` (over positions and channels, without weights) or ``none``, behind W.
        more: of the block.
    """

    def __init__(self, in_channels: int, inter_channels: int, pool: tuple[int, ...], norm: str, **more: float):
        super().__init__(in_channels, inter_channels, 3, sub_sample=False, bn_layer=norm == "batchnorm", **more)
        self.pool = tuple(pool)
        self.g, self.phi = (PooledConv3d(in_channels, inter_channels, self.pool) for _ in range(2))
        if norm != "batchnorm":
            self.W = nn.Sequential(self.W, *([nn.GroupNorm(1, in_channels, affine=False)] if norm == "layernorm" else []))

    @property
    def key_stride(self) -> tuple[int, ...]:
        return self.pool


class PoolsFirstGaussian(PoolsFirst, EmbeddedGaussian):
    """softmax(theta(x_i) . phi(pool(x)_j) / sqrt(C'))."""

    known_as = "embedded_gaussian"


class PoolsFirstDotProduct(PoolsFirst, DotProduct):
    """theta(x_i) . phi(pool(x)_j) / N'."""

    known_as = "dot_product"


def slowfast_nonlocal(weights: State, told: Told):
    """SlowFast's Nonlocal, whose softmax is always scaled by 1 / sqrt(C'), and whose norm was ``norm`` before it was ``bn``."""
    state = renamed(weights, NAMES)
    inter, channels = widths(state, told.kind, "theta.weight")
    mode = told.mode(("embedded_gaussian", "dot_product"))
    norm = told.mode(("batchnorm",) if any(key.startswith("W.1.") for key in state) else NORMS, "norm_type")
    pool = (1, 1, 1) if told.needed("pool_size") in (None, "none") else told.sizes("pool_size", 3)

    def make() -> Block:
        if mode == "dot_product":
            return PoolsFirstDotProduct(channels, inter, pool, norm)
        return PoolsFirstGaussian(channels, inter, pool, norm, scale_power=-0.5)

    return make, state
