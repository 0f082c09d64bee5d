"""mmsegentation's OCRNet: pixels attend to the regions of the classes, which a first head has told apart.

Yuan, Chen, Wang: Object-Contextual Representations, 2020 (arXiv 1909.11065). ``decode_head.0`` gives each pixel's logits; a
softmax over the pixels makes of each class a region, and pixels attend to the regions by a softmax over the classes.
"""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .arch import Answers, Arch, Rebuilt, State
from .mmseg import AUXILIARY, BACKBONE, OUTPUT_STRIDE, ConvModule, classifier, segmentor
from .taking import shape_of, within

FIRST, REGION = "decode_head.0.conv_seg.", "decode_head.0.region"  # the first head's classifier in the file, in the network


class Regions(nn.Module):
    """x (B, C, h, w) -> (features (B, C', h, w), a vector of each class (K, C')): an FCN head of one convolution.

    Its logits are their products; the weights of its classifier lie here as ``region``, so that the capture calls the classes
    region 1 to K.
    """

    def __init__(self, state: State):
        super().__init__()
        self.convs = nn.Sequential(ConvModule(within(state, "convs.0.")))
        self.region = nn.Parameter(torch.empty(shape_of(state, "region")))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        unchanged = torch.eye(self.region.shape[1], dtype=x.dtype, device=x.device)
        return self.convs(x), F.linear(self.region, unchanged)  # behind a layer the capture takes weights for queries


class SpatialGather(nn.Module):
    """The mean of x (B, C, h, w) over each class's region, (B, C, K, 1).

    A region is a softmax over the positions of the first head's logits, in which its bias cancels.
    """

    def forward(self, x: Tensor, features: Tensor, classes: Tensor) -> Tensor:
        regions = (classes.expand(len(x), -1, -1) @ features.flatten(2)).softmax(-1)  # (B, K, N)
        return (regions @ x.flatten(2).mT).mT[..., None]


class RegionAttention(nn.Module):
    """z = bottleneck([context, x]), context_i = out(sum_k softmax_k(query(x_i) . key(r_k) / sqrt(C')) value(r_k)).

    Args:
        state: its weights, as of mmsegmentation's ObjectAttentionBlock.
    """

    def __init__(self, state: State):
        super().__init__()
        self.query_project, self.key_project = (
            nn.Sequential(*(ConvModule(within(state, f"{name}_project.{number}.")) for number in (0, 1)))
            for name in ("query", "key"))
        self.value_project, self.out_project = (ConvModule(within(state, f"{name}_project.")) for name in ("value", "out"))
        self.bottleneck = ConvModule(within(state, "bottleneck."))

    def forward(self, x: Tensor, regions: Tensor) -> Tensor:
        """x (B, C, h, w) and regions (B, C, K, 1) -> (B, C, h, w)."""
        query = self.query_project(x).flatten(2).mT  # (B, N, C')
        key, value = self.key_project(regions).flatten(2), self.value_project(regions).flatten(2).mT  # (B, C', K), (B, K, C')
        weights = (query @ key * key.shape[1] ** -0.5).softmax(-1)  # (B, N, K)
        context = (weights @ value).mT.unflatten(2, x.shape[2:])
        return self.bottleneck(torch.cat([self.out_project(context), x], 1))


class OCRHead(nn.Module):
    """x (B, C, h, w) and what the first head tells of the classes -> logits (B, classes, h, w)."""

    def __init__(self, state: State):
        super().__init__()
        self.bottleneck = ConvModule(within(state, "bottleneck."))
        self.spatial_gather_module = SpatialGather()
        self.object_context_block = RegionAttention(within(state, "object_context_block."))
        self.conv_seg = classifier(state, "conv_seg")

    def forward(self, x: Tensor, features: Tensor, classes: Tensor) -> Tensor:
        x = self.bottleneck(x)
        return self.conv_seg(self.object_context_block(x, self.spatial_gather_module(x, features, classes)))


class Cascade(nn.ModuleList):
    """The features of all stages -> the second head's logits: the first head sees the third stage, the second the last."""

    def __init__(self, state: State):
        super().__init__([Regions(within(state, "0.")), OCRHead(within(state, "1."))])

    @property
    def classes(self) -> int:
        return self[1].conv_seg.out_channels

    def forward(self, features: list[Tensor]) -> Tensor:
        return self[1](features[-1], *self[0](features[-2]))


def ocrnet(state: State, answers: Answers) -> Rebuilt:
    """mmsegmentation's OCRNet with a ResNet."""
    file_names = {f"{FIRST}weight", f"{FIRST}bias"} & set(state)
    state = {**state, REGION: state[f"{FIRST}weight"].flatten(1)} if file_names else state
    found = segmentor(state, answers, Cascade(within(state, "decode_head.")), {})
    return replace(found, used=found.used - {REGION} | file_names)


ARCHES: tuple[Arch, ...] = (
    Arch("mmseg_ocrnet", "OCRNet (mmsegmentation)",
         (r"decode_head\.1\.object_context_block\.query_project", r"decode_head\.0\.conv_seg", BACKBONE), ocrnet,
         lambda state: (OUTPUT_STRIDE,), AUXILIARY, pixels=True),
)
