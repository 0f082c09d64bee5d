"""mmsegmentation's networks with attention in the head: a dilated ResNet, and what open-mmlab's heads put behind it.

NLHead, GCHead, DNLHead and CCHead are an FCN head of two convolutions with the block between them; DAHead has two branches.
Names of weights are those of mmsegmentation 0.x and 1.x, ``backbone.*`` and ``decode_head.*``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ...adapters import called
from .arch import Answers, Arch, Question, Rebuilt, State
from .questions import MODE, RECURRENCE, TEMPERATURE, USE_SCALE
from .resnet import STAGES, ResNet, title_of
from .taking import Piece, piece, shape_of, taken, within

OUTPUT_STRIDE = Question("output_stride", "How many pixels of the input are one position in the backbone's last stage?", {
    "8": "dilations 1, 1, 2, 4, called d8: all published networks of this kind", "16": "dilations 1, 1, 1, 2, called d16"}, "8")
AUXILIARY = {"auxiliary_head": "the auxiliary head, of training only"}
BACKBONE = r"backbone\.layer4\.0\.conv1\."


class ConvModule(nn.Module):
    """Convolution, BatchNorm, ReLU, of the size that the weights tell; the grid keeps its size.

    Args:
        state: weights, of which ``conv.weight`` tells the shape.

    Raises:
        ValueError: no BatchNorm is behind the convolution.
    """

    def __init__(self, state: State):
        super().__init__()
        out, channels, size, _ = shape_of(state, "conv.weight", 4)
        if not any(name.startswith("bn.") for name in state):
            norms = {name.partition(".")[0] for name in state} - {"conv"}
            raise ValueError(f"behind {called(state, 'conv.weight')} is {' and '.join(sorted(norms)) or 'no norm'}: "
                             f"expected BatchNorm, {called(state, 'bn.weight')} and so on; other heads are not rebuilt")
        self.conv = nn.Conv2d(channels, out, size, padding=size // 2, bias="conv.bias" in state)
        self.bn = nn.BatchNorm2d(out)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn(self.conv(x)))


def classifier(state: State, name: str) -> nn.Conv2d:
    """The 1x1 convolution to the classes."""
    out, channels = shape_of(state, f"{name}.weight", 4)[:2]
    return nn.Conv2d(channels, out, 1)


class DecodeHead(nn.Module):
    """What stands behind the backbone; its last layer, ``conv_seg``, tells how many classes it has."""

    @property
    def classes(self) -> int:
        return self.conv_seg.out_channels


class FCNHead(DecodeHead):
    """The last stage's x (B, C, h, w) -> logits (B, classes, h, w): two convolutions, a block between, beside x where conv_cat is.

    Args:
        state: the head's weights.
        name: the block's, as ``nl_block``.
        block: what stands between the convolutions.
    """

    def __init__(self, state: State, name: str, block: nn.Module):
        super().__init__()
        self.convs = nn.Sequential(*(ConvModule(within(state, f"convs.{number}.")) for number in (0, 1)))
        self.name = name
        self.add_module(name, block)
        self.conv_cat = ConvModule(within(state, "conv_cat.")) if "conv_cat.conv.weight" in state else None
        self.conv_seg = classifier(state, "conv_seg")

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        x = features[-1]
        z = self.convs[1](getattr(self, self.name)(self.convs[0](x)))
        return self.conv_seg(z if self.conv_cat is None else self.conv_cat(torch.cat([x, z], 1)))


class DAHead(DecodeHead):
    """The last stage's x (B, C, h, w) -> logits (B, classes, h, w) of the sum of a branch with PAM and a branch with CAM.

    Args:
        state: the head's weights.
        pam, cam: the blocks.
    """

    def __init__(self, state: State, pam: nn.Module, cam: nn.Module):
        super().__init__()
        self.pam_in_conv, self.pam_out_conv, self.cam_in_conv, self.cam_out_conv = (
            ConvModule(within(state, f"{branch}_{end}_conv.")) for branch in ("pam", "cam") for end in ("in", "out"))
        self.pam, self.cam = pam, cam
        self.conv_seg = classifier(state, "conv_seg")

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        x = features[-1]
        positions = self.pam_out_conv(self.pam(self.pam_in_conv(x)))
        channels = self.cam_out_conv(self.cam(self.cam_in_conv(x)))
        return self.conv_seg(positions + channels)


class Segmentor(nn.Module):
    """(B, 3, H, W), normalised RGB -> logits (B, classes, H / stride, W / stride)."""

    def __init__(self, backbone: nn.Module, decode_head: nn.Module):
        super().__init__()
        self.backbone, self.decode_head = backbone, decode_head

    def forward(self, x: Tensor) -> Tensor:
        return self.decode_head(self.backbone(x))


@dataclass(frozen=True)
class Head:
    """What is between the convolutions of a head.

    Attributes:
        name: of the block in the head.
        kind: of ``block_of``.
        told: names of the answers that it takes.
    """

    name: str
    kind: str
    told: tuple[str, ...] = field(default=())


def segmentor(state: State, answers: Answers, head: nn.Module, pieces: Mapping[str, Piece]) -> Rebuilt:
    """A dilated ResNet in front of a head.

    Args:
        pieces: the head's blocks by their names in the network.
    """
    stages, of_backbone = STAGES[int(answers["output_stride"])], within(state, "backbone.")
    net = Segmentor(ResNet(of_backbone, stages), head)
    found, used = taken(net, state, pieces)
    return Rebuilt(net, found, used, "segmentation", head.classes, stride=stages.stride,
                   notes=[f"{title_of(of_backbone, stages)}."])


def fcn(head: Head) -> Callable[[State, Answers], Rebuilt]:
    """How a network with this block in an FCN head is rebuilt."""
    name = f"decode_head.{head.name}"

    def build(state: State, answers: Answers) -> Rebuilt:
        told = {question: answers[question] for question in head.told if question in answers}
        part = piece(head.kind, state, f"{name}.", **told)
        return segmentor(state, answers, FCNHead(within(state, "decode_head."), head.name, part.block), {name: part})

    return build


def danet(state: State, answers: Answers) -> Rebuilt:
    """mmsegmentation's DANet."""
    channels = shape_of(state, "decode_head.cam_in_conv.conv.weight", 4)[0]
    pieces = {"decode_head.pam": piece("mmseg_pam", state, "decode_head.pam."),
              "decode_head.cam": piece("mmseg_cam", state, "decode_head.cam.", channels=channels)}
    return segmentor(state, answers, DAHead(within(state, "decode_head."), *(part.block for part in pieces.values())), pieces)


def _nonlocal_questions(state: State) -> tuple[Question, ...]:
    """Gaussian and concatenation have weights of their own: nothing of the block has to be asked."""
    block = "decode_head.nl_block."
    alike = f"{block}theta.conv.weight" in state and f"{block}concat_project.conv.weight" not in state
    return ((MODE, USE_SCALE) if alike else ()) + (OUTPUT_STRIDE,)


def _arch(name: str, title: str, head: Head, mark: str, questions: Callable[[State], tuple[Question, ...]]) -> Arch:
    return Arch(f"mmseg_{name}", f"{title} (mmsegmentation)", (rf"decode_head\.{head.name}\.{mark}", BACKBONE), fcn(head),
                questions, AUXILIARY, pixels=True)


ARCHES: tuple[Arch, ...] = (
    _arch("nonlocal", "Non-local network", Head("nl_block", "mmcv_nonlocal", ("mode", "use_scale")), r"g\.", _nonlocal_questions),
    _arch("gcnet", "GCNet", Head("gc_block", "mmcv_context"), "channel_", lambda state: (OUTPUT_STRIDE,)),
    _arch("dnlnet", "Disentangled non-local network", Head("dnl_block", "mmseg_dnl", ("use_scale", "temperature")),
          "conv_mask", lambda state: (USE_SCALE, TEMPERATURE, OUTPUT_STRIDE)),
    _arch("ccnet", "CCNet", Head("cca", "mmcv_criss_cross", ("recurrence",)), "query_conv",
          lambda state: (RECURRENCE, OUTPUT_STRIDE)),
    Arch("mmseg_danet", "DANet (mmsegmentation)", (r"decode_head\.pam\.query_project", r"decode_head\.cam\.gamma", BACKBONE),
         danet, lambda state: (OUTPUT_STRIDE,),
         AUXILIARY | {"decode_head.pam_conv_seg": "the classifier of the position branch alone, of training only",
                      "decode_head.cam_conv_seg": "the classifier of the channel branch alone, of training only"}, pixels=True),
)
