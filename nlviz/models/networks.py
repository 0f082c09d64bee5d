"""The kinds of network of pictures: a classifier, segmentation with the backbone frozen or trained, the small MNIST network."""

import torch
from torch import Tensor, nn

from ..blocks import BLOCKS
from . import backbone


class Dual(nn.Module):
    """DANet's two modules side by side, their outputs added: z = PAM(x) + CAM(x) (arXiv 1809.02983, fig. 2)."""

    members = ["pam", "cam"]

    def __init__(self, channels: int):
        super().__init__()
        self.sa, self.sc = BLOCKS["pam"](channels), BLOCKS["cam"](channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.sa(x) + self.sc(x)


class RGA(nn.Module):
    """RGA's gates in the paper's order: of positions, then of channels (arXiv 1904.02998, section 3.4)."""

    members = ["rga_spatial", "rga_channel"]

    def __init__(self, channels: int):
        super().__init__()
        self.spatial, self.channel = BLOCKS["rga_spatial"](channels), BLOCKS["rga_channel"](channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.channel(self.spatial(x))


PAIRS = {"dual": Dual, "rga": RGA}  # blocks that are published and trained together


def make_block(name: str | None, channels: int, **options) -> nn.Module:
    """The block or pair of blocks of that name, or the identity for None: the same network without attention."""
    return nn.Identity() if name is None else (PAIRS | BLOCKS)[name](channels, **options)


class OnBackbone(nn.Module):
    """A frozen ImageNet stem (stride 16) followed by what was trained."""

    def __init__(self, stem: nn.Module):
        super().__init__()
        self.stem = stem.requires_grad_(False)

    def features(self, x: Tensor) -> Tensor:
        """The frozen stem's, (B, 3, H, W) -> (B, 112, H/16, W/16)."""
        return self.stem(x)

    def head(self, features: Tensor) -> Tensor:
        """Stride-16 features (B, 112, h, w) to the network's output."""
        return self.tail(self.block(features))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.features(x))

    def train(self, mode: bool = True):
        """Only the block's statistics are learned; those of the backbone stay ImageNet's."""
        super().train(mode)
        self.stem.eval()
        self.tail.eval()
        return self

    def trained_state(self) -> dict[str, Tensor]:
        """What a checkpoint holds: the weights and statistics that were trained, nothing of the frozen backbone."""
        trained = {name for name, p in self.named_parameters() if p.requires_grad}
        return {k: v for k, v in self.state_dict().items() if k in trained or k.startswith("block.")}


class Classifier(OnBackbone):
    """Stem, block, the rest of the backbone, a new last layer: (B, 3, H, W) -> (B, classes).

    Trained are the block, the last layer and the scale and shift of every BatchNorm behind the block. The
    convolutions and the statistics stay ImageNet's, so that a checkpoint takes less than a megabyte. The
    block works on features of unit scale: on the raw ones every softmax over x_i . x_j starts out one-hot.
    """

    SCALE = 7.0  # standard deviation of the stem's features on caltech101

    def __init__(self, block: str | None, classes: int, **options):
        stem, tail = backbone.split(backbone.pretrained())
        super().__init__(stem)
        self.block = make_block(block, backbone.CHANNELS, **options)
        tail[-1] = nn.Linear(tail[-1].in_features, classes)
        for layer in tail.modules():
            if isinstance(layer, nn.Conv2d):
                layer.requires_grad_(False)
        self.tail = tail

    def head(self, features: Tensor) -> Tensor:
        return self.tail(self.block(features / self.SCALE) * self.SCALE)


class Segmenter(OnBackbone):
    """Stem, 3x3 convolution, block, 1x1 convolution: (B, 3, H, W) -> (B, classes, H/16, W/16)."""

    def __init__(self, block: str | None, classes: int, width: int = 128, **options):
        stem, _ = backbone.split(backbone.pretrained())
        super().__init__(stem)
        self.block = nn.Sequential(
            nn.Conv2d(backbone.CHANNELS, width, 3, padding=1, bias=False),
            nn.BatchNorm2d(width),
            nn.ReLU(),
            make_block(block, width, **options),
            nn.Dropout2d(0.1),
        )
        self.tail = nn.Conv2d(width, classes, 1)


class Tuned(nn.Module):
    """The backbone to stride 16 with a block at stride 8 and one at stride 16, all of it trained, and a 1x1 convolution.

    (B, 3, H, W) -> (B, classes, H/16, W/16). Blocks work on features of unit scale, as in ``Classifier``.
    """

    PLACES = {4: 40, 6: 112}  # of the stem's modules that a block stands behind, their channels: strides 8 and 16

    def __init__(self, block: str | None, classes: int, **options):
        super().__init__()
        self.stem, _ = backbone.split(backbone.pretrained())
        self.blocks = nn.ModuleList(make_block(block, channels, **options) for channels in self.PLACES.values())
        self.dropout, self.tail = nn.Dropout2d(0.1), nn.Conv2d(backbone.CHANNELS, classes, 1)

    def forward(self, x: Tensor) -> Tensor:
        blocks = iter(self.blocks)
        for number, stage in enumerate(self.stem):
            x = stage(x)
            if number in self.PLACES:
                x = next(blocks)(x / Classifier.SCALE) * Classifier.SCALE
        return self.tail(self.dropout(x / Classifier.SCALE))

    def train(self, mode: bool = True):
        """The backbone's statistics stay ImageNet's."""
        super().train(mode)
        self.stem.eval()
        return self

    head = forward  # all that is learned

    def trained_state(self) -> dict[str, Tensor]:
        """What a checkpoint holds: everything."""
        return self.state_dict()


class SmallNetwork(nn.Module):
    """The MNIST network of AlexHex7/Non-local_pytorch, (B, 1, 28, 28) -> (B, 10).

    Two blocks: nl_1 on 14 x 14 positions with 32 channels, nl_2 on 7 x 7 with 64; keys are
    max-pooled, so the maps are 196 x 49 and 49 x 9.
    """

    def __init__(self, block: str | None = "embedded_gaussian", classes: int = 10, **options):
        super().__init__()
        self.conv_1 = self._stage(1, 32)
        self.nl_1 = make_block(block, 32, **options)
        self.conv_2 = self._stage(32, 64)
        self.nl_2 = make_block(block, 64, **options)
        self.conv_3 = self._stage(64, 128)
        self.fc = nn.Sequential(nn.Linear(128 * 3 * 3, 256), nn.ReLU(), nn.Dropout(0.5), nn.Linear(256, classes))

    @staticmethod
    def _stage(channels: int, width: int) -> nn.Sequential:
        return nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.nl_1(self.conv_1(x))  # (B, 32, 14, 14)
        x = self.nl_2(self.conv_2(x))  # (B, 64, 7, 7)
        return self.fc(torch.flatten(self.conv_3(x), 1))

    def trained_state(self) -> dict[str, Tensor]:
        """What a checkpoint holds: everything."""
        return self.state_dict()
