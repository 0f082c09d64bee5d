"""ResNet-50, 101 and 152 as segmentation networks have them: their stems, and stages dilated instead of strided.

He, Zhang, Ren, Sun: Deep Residual Learning, 2016 (arXiv 1512.03385); the deep stem and the averaging shortcut: He et al.,
Bag of Tricks, 2019 (arXiv 1812.01187), v1c and v1d in mmsegmentation. Names of weights are those of torchvision.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from .arch import State
from .taking import shape_of, within

DEPTHS = {(3, 4, 6, 3): 50, (3, 4, 23, 3): 101, (3, 8, 36, 3): 152}
Dilations = Callable[[int, int], int]  # (dilation of the stage, number of the block) -> dilation of the block
EXPANSION = 4


def contracted(dilation: int, block: int) -> int:
    """The first block of a dilated stage is dilated half as much: mmsegmentation's ``contract_dilation``, encoding's too."""
    return max(1, dilation // 2) if block == 0 else dilation


def even(dilation: int, block: int) -> int:
    """All blocks of a stage are dilated alike: CCNet's and OCNet's own code."""
    return dilation


@dataclass(frozen=True)
class Stages:
    """What weights cannot tell of a ResNet.

    Attributes:
        strides, dilations: of the four stages.
        within: dilation of each block from its stage's.
        grids: dilations of the last stage's blocks in turn, instead of the stage's (multi-grid); empty for none.
        ceil: the pool of the stem rounds up.
    """

    strides: tuple[int, ...]
    dilations: tuple[int, ...]
    within: Dilations = contracted
    grids: tuple[int, ...] = ()
    ceil: bool = False

    def of(self, stage: int, block: int) -> int:
        """The dilation of a block."""
        return self.grids[block % len(self.grids)] if self.grids and stage == 3 else self.within(self.dilations[stage], block)

    @property
    def stride(self) -> int:
        """Pixels of the input to one position of the last stage, along each side."""
        down = 4
        for stride in self.strides:
            down *= stride
        return down


STAGES = {8: Stages((1, 2, 1, 1), (1, 1, 2, 4)), 16: Stages((1, 2, 2, 1), (1, 1, 1, 2)), 32: Stages((1, 2, 2, 2), (1, 1, 1, 1))}


class Bottleneck(nn.Module):
    """1x1, 3x3 and 1x1 convolutions with BatchNorm beside a shortcut; the 3x3 has the stride.

    Args:
        in_channels, width: channels of x and of the 3x3 convolution; z has 4 x width.
        stride, dilation: of the 3x3 convolution.
        shortcut: x is projected too; ``average`` pools it before instead of a stride (v1d), "" where x is added as it is.
    """

    def __init__(self, in_channels: int, width: int, stride: int, dilation: int, shortcut: str = ""):
        super().__init__()
        out = EXPANSION * width
        self.conv1, self.bn1 = nn.Conv2d(in_channels, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3, self.bn3 = nn.Conv2d(width, out, 1, bias=False), nn.BatchNorm2d(out)
        self.downsample = self._shortcut(in_channels, out, stride, shortcut == "average") if shortcut else None

    @staticmethod
    def _shortcut(in_channels: int, out: int, stride: int, average: bool) -> nn.Sequential:
        pool = [nn.AvgPool2d(stride, stride, ceil_mode=True, count_include_pad=False)] if average else []
        return nn.Sequential(*pool, nn.Conv2d(in_channels, out, 1, 1 if average else stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        z = F.relu(self.bn1(self.conv1(x)))
        z = F.relu(self.bn2(self.conv2(z)))
        z = self.bn3(self.conv3(z))
        return F.relu(z + (x if self.downsample is None else self.downsample(x)))


def conv3x3(in_channels: int, out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out, 3, stride, 1, bias=False)


def deep(widths: Sequence[int], last_norm: bool) -> nn.Sequential:
    """Three 3x3 convolutions with BatchNorm and ReLU, the first one strided; without ``last_norm`` it ends with the third."""
    layers = []
    for number, (before, after) in enumerate(zip((3, *widths), widths)):
        layers += [conv3x3(before, after, 1 if number else 2), nn.BatchNorm2d(after), nn.ReLU()]
    return nn.Sequential(*layers if last_norm else layers[:-2])


class ResNet(nn.Module):
    """(B, 3, H, W), normalised -> what the four stages give, (B, C, H / stride, W / stride) each.

    Args:
        state: weights under their published names, from which stem, depth and widths are read.
        stages: what they cannot tell.

    Raises:
        ValueError: the weights are not those of such a ResNet.
    """

    def __init__(self, state: State, stages: Stages):
        super().__init__()
        self.stem_kind = stem_kind(state)
        getattr(self, f"_{self.stem_kind}")(state)
        self.maxpool = nn.MaxPool2d(3, 2, 1, ceil_mode=stages.ceil)
        for stage, blocks in enumerate(blocks_of(state)):
            self.add_module(f"layer{stage + 1}", self._stage(state, stages, stage, blocks))

    def _mm(self, state: State) -> None:
        self.stem = deep([shape_of(state, f"stem.{at}.weight", 4)[0] for at in (0, 3, 6)], True)

    def _encoding(self, state: State) -> None:
        widths = [shape_of(state, f"conv1.{at}.weight", 4)[0] for at in (0, 3, 6)]
        self.conv1, self.bn1 = deep(widths, False), nn.BatchNorm2d(widths[-1])

    def _three(self, state: State) -> None:
        widths = [shape_of(state, f"conv{number}.weight", 4)[0] for number in (1, 2, 3)]
        for number, before, after in zip((1, 2, 3), (3, *widths), widths):
            self.add_module(f"conv{number}", conv3x3(before, after, 2 if number == 1 else 1))
            self.add_module(f"bn{number}", nn.BatchNorm2d(after))

    def _one(self, state: State) -> None:
        width = shape_of(state, "conv1.weight", 4)[0]
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)

    @staticmethod
    def _stage(state: State, stages: Stages, stage: int, blocks: int) -> nn.Sequential:
        first = f"layer{stage + 1}.0"
        width, channels = shape_of(state, f"{first}.conv1.weight", 4)[:2]
        shortcut = "average" if f"{first}.downsample.2.weight" in state else "plain"
        return nn.Sequential(*(
            Bottleneck(EXPANSION * width if block else channels, width, 1 if block else stages.strides[stage],
                       stages.of(stage, block), "" if block else shortcut) for block in range(blocks)))

    def before_pool(self, x: Tensor) -> Tensor:
        """What the stem gives before its pool, (B, C, H / 2, W / 2)."""
        if self.stem_kind == "mm":
            return self.stem(x)
        if self.stem_kind == "three":
            for conv, norm in ((self.conv1, self.bn1), (self.conv2, self.bn2), (self.conv3, self.bn3)):
                x = F.relu(norm(conv(x)))
            return x
        return F.relu(self.bn1(self.conv1(x)))

    def forward(self, x: Tensor) -> list[Tensor]:
        x, found = self.maxpool(self.before_pool(x)), []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            found.append(x)
        return found


def stem_kind(state: State) -> str:
    """``mm`` (``stem.0``), ``encoding`` (``conv1.0``), ``three`` (``conv1`` to ``conv3``) or ``one`` (7x7)."""
    if "stem.0.weight" in state:
        return "mm"
    if "conv1.0.weight" in state:
        return "encoding"
    size = shape_of(state, "conv1.weight", 4)[-1]
    if size not in (3, 7):
        raise ValueError(f"conv1 of a ResNet is 7 x 7, or 3 x 3 with conv2 and conv3 behind it, but here it is {size} x {size}.")
    return "three" if size == 3 else "one"


def blocks_of(state: State) -> tuple[int, ...]:
    """How many blocks the four stages have.

    Raises:
        ValueError: no ResNet of bottlenecks is like this.
    """
    found = tuple(len({name.split(".")[0] for name in within(state, f"layer{stage}.")}) for stage in (1, 2, 3, 4))
    if found not in DEPTHS:
        raise ValueError(f"A ResNet-50, 101 or 152 has 3-4-6-3, 3-4-23-3 or 3-8-36-3 blocks, but these weights have "
                         f"{'-'.join(map(str, found))}.")
    if "layer1.0.conv3.weight" not in state:
        raise ValueError("The blocks of layer1 have no conv3: not the bottlenecks of a ResNet-50, 101 or 152.")
    width, before = shape_of(state, "layer1.0.conv2.weight", 4)[:2]
    if width != before:
        raise ValueError(f"layer1.0.conv2 takes {before} channels in each group and gives {width}: a ResNeXt, not a ResNet.")
    return found


def title_of(state: State, stages: Stages) -> str:
    """In words: ``ResNet-50, deep stem, stride 8``."""
    stem = "7 × 7 stem" if stem_kind(state) == "one" else "deep stem"
    return f"ResNet-{DEPTHS[blocks_of(state)]}, {stem}, stride {stages.stride}"
