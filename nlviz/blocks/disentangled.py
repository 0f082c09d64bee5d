"""The disentangled non-local block: a whitened pairwise term and a unary term, each with its own softmax.

Yin, Yao, Cao, Li, Zhang, Lin, Hu: Disentangled Non-Local Neural Networks, 2020 (arXiv 2006.06668), eq. 12. Weight names are
the non-local block's and ``conv_mask``, as in mmsegmentation.
"""

from torch import Tensor, nn

from ..maps import Factors, LazyMap, Sum
from .base import Part, to_positions
from .non_local import Embedded


class Disentangled(Embedded):
    """A_ij = softmax_j((q_i - mean q) . (k_j - mean k) / sqrt(C') / temperature) + softmax_j(conv_mask(x_j)).

    Rows sum to 2.

    Args:
        in_channels, inter_channels, bn_layer: as in the non-local block.
        use_scale: divide by sqrt(C').
        temperature: of the pairwise softmax (0.05 in the published networks).
    """

    rows = "raw"

    def __init__(self, in_channels: int, inter_channels: int | None = None, bn_layer: bool = True, use_scale: bool = True,
                 temperature: float = 0.05):
        super().__init__(in_channels, inter_channels, sub_sample=False, bn_layer=bn_layer)
        if temperature <= 0:
            raise ValueError(f"temperature must be above 0, got {temperature}")
        self.use_scale, self.temperature = use_scale, temperature
        self.conv_mask = nn.Conv2d(in_channels, 1, 1)

    def affinity(self, x: Tensor) -> tuple[Factors, Tensor]:
        q, k = to_positions(self.theta(x)), to_positions(self.phi(x))
        q, k = q - q.mean(1, keepdim=True), k - k.mean(1, keepdim=True)
        scale = self.temperature * (self.inter_channels**0.5 if self.use_scale else 1)
        return Factors(q / scale, k, "softmax"), self.conv_mask(x).flatten(2).softmax(-1)  # (B, N, N'), (B, 1, N')

    def aggregate(self, x: Tensor, nl_map: tuple[LazyMap, Tensor]) -> Tensor:
        return super().aggregate(x, Sum(*nl_map))

    def dense(self, nl_map: tuple[LazyMap, Tensor]) -> Tensor:
        return Sum(*nl_map).dense()

    def parts(self, x: Tensor, nl_map: tuple[Factors, Tensor]) -> list[Part]:
        pairwise, unary = nl_map
        return [self.part(x, Sum(pairwise, unary), "sum"), self.part(x, pairwise, "pairwise", rows="distribution"),
                self.part(x, unary, "unary", "global", "distribution")]
