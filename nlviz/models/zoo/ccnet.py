"""CCNet as in its own repository, speedinghzl/CCNet.

Huang, Wang, Wei, Huang, Shi, Liu, Huang: CCNet, 2019 (arXiv 1811.11721). Names of weights: ``conv1`` to ``layer4`` of the
backbone without a prefix, and ``head.{conva,cca,convb,bottleneck}``.
"""

import torch
from torch import Tensor, nn

from . import inplace
from .arch import Answers, Arch, Rebuilt, State
from .mmseg import classifier
from .questions import RECURRENCE
from .resnet import ResNet, title_of
from .taking import flipped, piece, taken, within

MEAN = (122.67891434, 116.66876762, 104.00698793)


class RCCAModule(nn.Module):
    """x (B, C, h, w) -> logits (B, classes, h, w).

    Args:
        state: the head's weights.
        cca: criss-cross attention with its recurrences.
    """

    def __init__(self, state: State, cca: nn.Module):
        super().__init__()
        self.conva, self.cca, self.convb = inplace.conv_abn(state, "conva"), cca, inplace.conv_abn(state, "convb")
        self.bottleneck = inplace.conv_abn(state, "bottleneck", nn.Dropout2d(0.1), classifier(state, "bottleneck.3"))

    def forward(self, x: Tensor) -> Tensor:
        return self.bottleneck(torch.cat([x, self.convb(self.cca(self.conva(x)))], 1))


class CCNet(ResNet):
    """(B, 3, H, W), RGB minus MEAN -> logits (B, classes, h, w), h = H / 8 + 1 and w = W / 8 + 1."""

    def __init__(self, state: State, head: nn.Module):
        super().__init__(state, inplace.STAGES)
        self.head = head

    def forward(self, x: Tensor) -> Tensor:
        return self.head(super().forward(x)[-1])


def ccnet(state: State, answers: Answers) -> Rebuilt:
    """CCNet of its own repository."""
    state = inplace.as_batch_norm(flipped(state, "conv1.weight"))
    pieces = {"head.cca": piece("ccnet_criss_cross", state, "head.cca.", recurrence=answers["recurrence"])}
    head = RCCAModule(within(state, "head."), pieces["head.cca"].block)
    net = CCNet(state, head)
    notes = [f"{title_of(state, inplace.STAGES)}.", *inplace.NOTES,
             "Pixels are prepared as in the repository: BGR minus a mean, from 0 to 255; the channels of the first convolution are "
             "turned round, so that it takes RGB."]
    return Rebuilt(net, *taken(net, state, pieces), "segmentation", head.bottleneck[3].out_channels, MEAN, (1.0, 1.0, 1.0),
                   stride=inplace.STAGES.stride, notes=notes)


ARCHES: tuple[Arch, ...] = (
    Arch("ccnet", "CCNet (speedinghzl/CCNet)", (r"head\.cca\.query_conv", r"head\.conva\.0", *inplace.BACKBONE), ccnet,
         lambda state: (RECURRENCE,), inplace.DSN),
)
