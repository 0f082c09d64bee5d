"""DANet as in its own repository, junfu1115/DANet: PyTorch-Encoding's dilated ResNet and two branches of attention.

Fu, Liu, Tian, Li, Bao, Fang, Lu: Dual Attention Network, 2019 (arXiv 1809.02983). Names of weights: ``pretrained.*``, ``head.*``.
"""

from dataclasses import replace

from torch import Tensor, nn
from torch.nn import functional as F

from .arch import Answers, Arch, Question, Rebuilt, State
from .mmseg import classifier
from .resnet import STAGES, ResNet, Stages, title_of
from .taking import piece, shape_of, taken, within

DILATION = Question("dilation", "How are the backbone's last stages dilated?", {
    "multi_grid": "stride 8, the last three blocks by 4, 8 and 16: the published Cityscapes networks (--multi-dilation 4 8 16)",
    "8": "stride 8, the last three blocks by 2, 4 and 4", "16": "stride 16, the last three blocks by 1, 2 and 2"}, "multi_grid")
IGNORED = {"auxlayer": "the auxiliary head, of training only", "pretrained.fc": "the classifier of ImageNet",
           "head.conv6": "the classifier of the position branch alone, of training only",
           "head.conv7": "the classifier of the channel branch alone, of training only"}


def stages_of(dilation: str) -> Stages:
    """What an answer to DILATION means."""
    return replace(STAGES[8], grids=(4, 8, 16)) if dilation == "multi_grid" else STAGES[int(dilation)]


class ConvNorm(nn.Sequential):
    """3x3 convolution without bias, BatchNorm and ReLU: ``0``, ``1``."""

    def __init__(self, state: State, name: str):
        out, channels = shape_of(state, f"{name}.0.weight", 4)[:2]
        super().__init__(nn.Conv2d(channels, out, 3, padding=1, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(super().forward(x))


class DANetHead(nn.Module):
    """x (B, C, h, w) -> logits (B, classes, h, w) of the sum of both branches.

    Args:
        state: the head's weights.
        sa, sc: attention over positions and over channels.
    """

    def __init__(self, state: State, sa: nn.Module, sc: nn.Module):
        super().__init__()
        self.conv5a, self.conv51, self.conv5c, self.conv52 = (
            ConvNorm(state, name) for name in ("conv5a", "conv51", "conv5c", "conv52"))
        self.sa, self.sc = sa, sc
        self.conv8 = nn.Sequential(nn.Dropout2d(0.1), classifier(state, "conv8.1"))

    def forward(self, x: Tensor) -> Tensor:
        return self.conv8(self.conv51(self.sa(self.conv5a(x))) + self.conv52(self.sc(self.conv5c(x))))


class DANet(nn.Module):
    """(B, 3, H, W), normalised RGB -> logits (B, classes, H / stride, W / stride)."""

    def __init__(self, pretrained: nn.Module, head: nn.Module):
        super().__init__()
        self.pretrained, self.head = pretrained, head

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.pretrained(x)[-1])


def danet(state: State, answers: Answers) -> Rebuilt:
    """DANet of its own repository."""
    of_head, of_backbone, stages = within(state, "head."), within(state, "pretrained."), stages_of(answers["dilation"])
    channels = shape_of(state, "head.conv5c.0.weight", 4)[0]
    pieces = {"head.sa": piece("danet_pam", state, "head.sa."),
              "head.sc": piece("danet_cam", state, "head.sc.", channels=channels)}
    head = DANetHead(of_head, *(part.block for part in pieces.values()))
    net = DANet(ResNet(of_backbone, stages), head)
    return Rebuilt(net, *taken(net, state, pieces), "segmentation", head.conv8[1].out_channels, stride=stages.stride,
                   notes=[f"{title_of(of_backbone, stages)}.",
                          "Pixels are prepared as in the repository: RGB, ImageNet's mean and deviation."])


ARCHES: tuple[Arch, ...] = (
    Arch("danet", "DANet (junfu1115/DANet)", (r"head\.sa\.query_conv", r"head\.sc\.gamma", r"pretrained\.layer4\.0\.conv1\."),
         danet, lambda state: (DILATION,), IGNORED),
)
