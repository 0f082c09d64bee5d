"""The bundled networks of clips: a segmenter that looks across frames, and a SlowFast with a block in each pathway."""

import math

import torch
from torch import Tensor, nn

from . import backbone
from .networks import OnBackbone, make_block

FREQUENCIES = (1, 2, 4, 8)  # half turns along an axis
CONV, NORM, DROPOUT = ({2: nn.Conv2d, 3: nn.Conv3d}, {2: nn.BatchNorm2d, 3: nn.BatchNorm3d}, {2: nn.Dropout2d, 3: nn.Dropout3d})


def frame_by_frame(net: nn.Module, clips: Tensor) -> Tensor:
    """What an image network gives for every frame of (B, C, T, H, W): (B, C', T, h, w)."""
    return torch.stack([net(frame) for frame in clips.unbind(2)], 2)


class Placed(nn.Module):
    """Adds channels that say where a position lies: sine and cosine of its place along each axis, 0 to 1, times pi f.

    A position in an erased patch has nothing else to ask with. (B, C, *grid) -> (B, C + ``channels(axes)``, *grid).
    """

    @staticmethod
    def channels(axes: int) -> int:
        return 2 * len(FREQUENCIES) * axes

    def forward(self, x: Tensor) -> Tensor:
        grid, waves = x.shape[2:], []
        for axis, size in enumerate(grid):
            place = (torch.arange(size, device=x.device, dtype=x.dtype) + 0.5) / size
            shape = [size if axis == other else 1 for other in range(len(grid))]
            angles = [(math.pi * f * place).view(shape).expand(grid) for f in FREQUENCIES]
            waves += [wave for angle in angles for wave in (angle.sin(), angle.cos())]
        return torch.cat([x, torch.stack(waves).expand(x.shape[0], -1, *grid)], 1)


class ClipSegmenter(OnBackbone):
    """The stem frame by frame, a 3x3 convolution in each frame, places, block, 1x1 convolution.

    Args:
        block: of BLOCKS, or None.
        dimension: 3 takes clips (B, 3, T, H, W) and gives (B, classes, T, H/16, W/16), and the block relates all positions of all
            frames. 2 is an image network, (B, 3, H, W) -> (B, classes, H/16, W/16): the same network frame by frame, which is
            told no frame's number.
    """

    def __init__(self, block: str | None, classes: int, width: int = 128, dimension: int = 2, **options):
        stem, _ = backbone.split(backbone.pretrained())
        super().__init__(stem)
        placed = width + Placed.channels(dimension)
        within = (1, 3, 3)[-dimension:]  # one frame
        self.dimension = dimension
        self.block = nn.Sequential(
            CONV[dimension](backbone.CHANNELS, width, within, padding=tuple(side // 2 for side in within), bias=False),
            NORM[dimension](width),
            nn.ReLU(),
            Placed(),
            make_block(block, placed, **({"dimension": dimension} if block else {}), **options),
            DROPOUT[dimension](0.1),
        )
        self.tail = CONV[dimension](placed, classes, 1)

    def features(self, x: Tensor) -> Tensor:
        """The frozen stem's of pictures, or of clips (B, 3, T, H, W) -> (B, 112, T, H/16, W/16)."""
        return frame_by_frame(self.stem, x) if x.dim() == 5 else self.stem(x)

    def head(self, features: Tensor) -> Tensor:
        """Stride-16 features of pictures (B, 112, h, w) or clips (B, 112, T, h, w) to the network's output."""
        if self.dimension == features.dim() - 2:
            return super().head(features)
        b = features.shape[0]  # clips in an image network: all frames are one batch
        return super().head(features.transpose(1, 2).flatten(0, 1)).unflatten(0, (b, -1)).transpose(1, 2)


class Pathway(nn.Module):
    """Three convolutions over space and time, the block behind the second, of one of SlowFast's pathways.

    The grid is a quarter of the frame's size, an eighth behind the last.
    """

    def __init__(self, widths: tuple[int, int, int], times: tuple[int, int, int], beside: tuple[int, int, int],
                 block: str | None, **options):
        super().__init__()
        a, b, c = widths
        self.stem = self._stage(3, a, (times[0], 7, 7), 4)
        self.middle = self._stage(a + beside[0], b, (times[1], 3, 3), 1)
        self.block = make_block(block, b, **options)
        self.last = self._stage(b + beside[1], c, (times[2], 3, 3), 2)

    @staticmethod
    def _stage(channels: int, width: int, size: tuple[int, int, int], stride: int) -> nn.Sequential:
        return nn.Sequential(nn.Conv3d(channels, width, size, (1, stride, stride), tuple(side // 2 for side in size), bias=False),
                             nn.BatchNorm3d(width), nn.ReLU())


class SlowFast(nn.Module):
    """SlowFast in small (Feichtenhofer et al. 2019, arXiv 1812.03982): (B, 3, T, H, W) -> (B, classes).

    The slow pathway sees every fourth frame with many channels and mixes time in its last stage only. The fast one, with a third
    as many, sees what changes from each frame to the next (one of the paper's variants, "time difference", from which it
    learns many times faster than from the frames as they are). Twice the fast channels reach the slow ones through
    convolutions that stride over time. In each pathway a block stands behind the second stage; with None there is none.
    """

    SLOW, FAST, EVERY = (24, 48, 72), (8, 16, 24), 4

    def __init__(self, block: str | None, classes: int, **options):
        super().__init__()
        self.slow = Pathway(self.SLOW, (1, 1, 3), [2 * width for width in self.FAST], block, **options)
        self.fast = Pathway(self.FAST, (5, 3, 3), (0, 0, 0), block, **options)
        self.across = nn.ModuleList(nn.Conv3d(width, 2 * width, (5, 1, 1), (self.EVERY, 1, 1), (2, 0, 0))
                                    for width in self.FAST[:2])
        self.fc = nn.Sequential(nn.Dropout(0.2), nn.Linear(self.SLOW[2] + self.FAST[2], classes))

    def forward(self, x: Tensor) -> Tensor:
        changes = x.diff(dim=2, prepend=x[:, :, :1])  # from each frame to the next
        slow, fast = self.slow.stem(x[:, :, ::self.EVERY]), self.fast.stem(changes)  # (B, 24, T/4, h, w), (B, 8, T, h, w)
        slow = self.slow.block(self.slow.middle(torch.cat([slow, self.across[0](fast)], 1)))
        fast = self.fast.block(self.fast.middle(fast))
        slow, fast = self.slow.last(torch.cat([slow, self.across[1](fast)], 1)), self.fast.last(fast)
        return self.fc(torch.cat([slow.mean((2, 3, 4)), fast.mean((2, 3, 4))], 1))

    def trained_state(self) -> dict[str, Tensor]:
        """What a checkpoint holds: everything."""
        return self.state_dict()
