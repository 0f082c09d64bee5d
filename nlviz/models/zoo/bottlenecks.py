"""Bottlenecks of residual networks of pictures and of clips, their kernels, widths and groups read from a checkpoint's weights.

He, Zhang, Ren, Sun: Deep Residual Learning, 2016 (arXiv 1512.03385); with groups Xie et al. 2017 (arXiv 1611.05431); inflated
Carreira, Zisserman 2017 (arXiv 1705.07750).
"""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from .arch import State
from .taking import shape_of

Stride = int | tuple[int, int, int]  # of rows and columns, or of frames, rows, columns
CONV = {4: (nn.Conv2d, nn.BatchNorm2d), 5: (nn.Conv3d, nn.BatchNorm3d)}  # by the axes of a weight
SHIFTED = 8  # an eighth of the channels comes from the next frame, another one from the frame before


class ConvNorm(nn.Module):
    """Convolution, BatchNorm and perhaps ReLU with the kernel of a weight's shape: (B, C, *grid) -> (B, C', *smaller grid).

    The weight that has this shape is still to be put in: it is not drawn first, which takes longer than all the rest.

    Args:
        shape: (C', C / groups, *kernel) of the weight, of rows and columns or of frames, rows and columns.
        channels: C.
        stride: of the convolution, which is padded so that nothing else makes the grid smaller.
        active: whether ReLU follows.
        shifts: whether channels are shifted in time first (Lin, Gan, Han 2019: TSM, arXiv 1811.08383).

    Raises:
        ValueError: the shape is of no such convolution.
    """

    def __init__(self, shape: tuple[int, ...], channels: int, stride: Stride = 1, active: bool = True, shifts: bool = False):
        super().__init__()
        if len(shape) not in CONV or channels % shape[1]:
            raise ValueError(f"a convolution of {channels} channels cannot have a weight of shape {shape}")
        (conv, norm), (width, share, *size) = CONV[len(shape)], shape
        padding = tuple(side // 2 for side in size)
        self.conv = skip_init(conv, channels, width, tuple(size), stride, padding, groups=channels // share, bias=False)
        self.bn = norm(width)
        self.active, self.shifts = active, shifts

    def forward(self, x: Tensor) -> Tensor:
        x = self.bn(self.conv(shifted(x) if self.shifts else x))
        return x.relu() if self.active else x


def shifted(x: Tensor) -> Tensor:
    """(B, C, T, H, W) with an eighth of the channels one frame earlier, the next eighth one later; zeros come in."""
    share = x.shape[1] // SHIFTED
    none = torch.zeros_like(x[:, :share, :1])
    early, late = torch.cat([x[:, :share, 1:], none], 2), torch.cat([none, x[:, share:2 * share, :-1]], 2)
    return torch.cat([early, late, x[:, 2 * share:]], 1)


class Bottleneck(nn.Module):
    """ReLU(shortcut(x) + conv3(conv2(conv1(x)))).

    Args:
        state: weights named ``PREFIX conv1.conv.weight`` and so on.
        prefix: ends in a dot.
        stride: of conv2 and the shortcut.
        shifts: whether conv1 sees shifted channels.
    """

    def __init__(self, state: State, prefix: str, stride: Stride = 1, shifts: bool = False):
        super().__init__()
        first, second, third = (shape_of(state, f"{prefix}conv{i}.conv.weight") for i in (1, 2, 3))
        shortcut = f"{prefix}downsample.conv.weight"
        channels = shape_of(state, shortcut)[1] if shortcut in state else third[0]
        self.width, self.channels = second[0], third[0]
        self.conv1 = ConvNorm(first, channels, shifts=shifts)
        self.conv2 = ConvNorm(second, first[0], stride)
        self.conv3 = ConvNorm(third, second[0], active=False)
        self.downsample = ConvNorm(shape_of(state, shortcut), channels, stride, active=False) if shortcut in state else None
        self.behind: dict[str, str] = {}

    def add_behind(self, place: str, name: str, block: nn.Module | None) -> "Bottleneck":
        """Put a block of attention, if it is one, behind ``conv2``, ``conv3`` or the ``sum``, as the module of that name."""
        if block is not None:
            self.add_module(name, block)
            self.behind[place] = name
        return self

    def forward(self, x: Tensor) -> Tensor:
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self._attended("conv2", self.conv2(self.conv1(x)))
        x = self._attended("conv3", self.conv3(x))
        return self._attended("sum", (x + shortcut).relu())

    def _attended(self, place: str, x: Tensor) -> Tensor:
        return getattr(self, self.behind[place])(x) if place in self.behind else x


class PooledFrames(nn.MaxPool3d):
    """The larger of each two frames, (B, C, T, H, W) -> (B, C, T // 2, H, W)."""

    def __init__(self):
        super().__init__((2, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[2] < 2:
            raise ValueError("the clip has too few frames for this network, which pools them in pairs: take at least 5")
        return super().forward(x)


def largest_nearby(stride: Stride) -> nn.MaxPool3d:
    """The maximum over 3 x 3 positions of a frame, where the stride comes by."""
    return nn.MaxPool3d((1, 3, 3), stride, (0, 1, 1))


def classifier(name: str, shape: tuple[int, ...]) -> nn.Sequential:
    """The mean over all positions, then a linear layer of that name: (B, C, T, H, W) -> (B, classes).

    Args:
        shape: (classes, C) of its weight.
    """
    return nn.Sequential(OrderedDict([
        ("pool", nn.AdaptiveAvgPool3d(1)), ("flatten", nn.Flatten(1)), (name, nn.Linear(shape[1], shape[0]))]))


def blocks_of(state: State, prefix: str, inside: str = ".conv1.conv.weight") -> range:
    """Numbers of a stage's residual blocks, ``PREFIX0.conv1.conv.weight`` and so on.

    Raises:
        ValueError: there are none.
    """
    count = 0
    while f"{prefix}{count}{inside}" in state:
        count += 1
    if not count:
        raise ValueError(f"expected a tensor {prefix}0{inside} among its weights; it is missing")
    return range(count)
