"""One map for every query: the simplified non-local block and the global context block.

Cao, Xu, Lin, Wei, Hu: GCNet, 2019 (arXiv 1904.11492), section 3. Weight names are those of
xvjiarui/GCNet and mmcv's ContextBlock.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from .base import Block, Part, beside, pointwise, to_positions


class GlobalBlock(Block):
    """Queries share one map, so that the context sum_j A_j x_j is the same everywhere.

    Args:
        in_channels: C.
        dimension: grid axes: 1 (T), 2 (H, W) or 3 (T, H, W).
    """

    relates = "global"

    def affinity(self, x: Tensor) -> Tensor:
        return self.conv_mask(x).flatten(2).softmax(-1)  # (B, 1, N')

    def context(self, x: Tensor, nl_map: Tensor) -> Tensor:
        """sum_j A_j x_j, (B, C, 1, ...)."""
        return beside((nl_map @ to_positions(x)).squeeze(1), self.dimension)


class SNL(GlobalBlock):
    """z_i = x_i + W_v sum_j softmax_j(w_k . x_j) x_j (eq. 5). W_v starts at zero, so that z = x."""

    def __init__(self, in_channels: int, dimension: int = 2):
        super().__init__(in_channels, dimension)
        self.conv_mask = pointwise(in_channels, 1, dimension)
        self.conv_value = pointwise(in_channels, in_channels, dimension, bias=False)
        nn.init.zeros_(self.conv_value.weight)

    def aggregate(self, x: Tensor, nl_map: Tensor) -> Tensor:
        return x + self.conv_value(self.context(x, nl_map))


class GC(GlobalBlock):
    """z_i = x_i * sigmoid(m(context)) + a(context) (eq. 6 and fig. 4d; a alone by default).

    a and m are two 1x1 convolutions with LayerNorm and ReLU between; the last one starts at zero.

    Args:
        in_channels: C.
        ratio: width of the bottleneck as a fraction of C (1/16 in most published networks).
        pooling_type: ``att`` (a learned map) or ``avg`` (the uniform map).
        fusion_types: any of ``channel_add``, ``channel_mul``; at least one.
        dimension: grid axes: 1 (T), 2 (H, W) or 3 (T, H, W).
    """

    def __init__(self, in_channels: int, ratio: float = 1 / 16, pooling_type: str = "att",
                 fusion_types: Sequence[str] = ("channel_add",), dimension: int = 2):
        super().__init__(in_channels, dimension)
        if pooling_type not in ("att", "avg"):
            raise ValueError(f"pooling_type must be 'att' or 'avg', got {pooling_type!r}")
        if not fusion_types or set(fusion_types) - {"channel_add", "channel_mul"}:
            raise ValueError(f"fusion_types must be some of 'channel_add', 'channel_mul', got {fusion_types!r}")
        planes = max(1, int(in_channels * ratio))
        self.conv_mask = pointwise(in_channels, 1, dimension) if pooling_type == "att" else None
        self.channel_add_conv = self._transform(planes) if "channel_add" in fusion_types else None
        self.channel_mul_conv = self._transform(planes) if "channel_mul" in fusion_types else None

    def _transform(self, planes: int) -> nn.Sequential:
        first, last = (pointwise(*widths, self.dimension) for widths in ((self.in_channels, planes), (planes, self.in_channels)))
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        return nn.Sequential(first, nn.LayerNorm([planes, *(1,) * self.dimension]), nn.ReLU(), last)

    def affinity(self, x: Tensor) -> Tensor:
        if self.conv_mask is None:
            positions = x[0, 0].numel()
            return x.new_full((x.shape[0], 1, positions), 1 / positions)
        return super().affinity(x)

    def aggregate(self, x: Tensor, nl_map: Tensor) -> Tensor:
        context = self.context(x, nl_map)
        z = x if self.channel_mul_conv is None else x * self.channel_mul_conv(context).sigmoid()
        return z if self.channel_add_conv is None else z + self.channel_add_conv(context)

    def parts(self, x: Tensor, nl_map: Tensor) -> list[Part]:
        """The map; then what the fusion adds to every position of a channel, and the gate (0 to 1) it multiplies with."""
        context, found = self.context(x, nl_map), [self.part(x, nl_map, "attention")]
        if self.channel_add_conv is not None:
            found.append(self.part(x, self.channel_add_conv(context).flatten(1), "added to channels", "gate", "raw"))
        if self.channel_mul_conv is not None:
            gate = self.channel_mul_conv(context).sigmoid().flatten(1)
            found.append(self.part(x, gate, "gate of channels", "gate", "raw"))
        return found
