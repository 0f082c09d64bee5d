"""Backbones with attention of mmdetection and mmaction2, small and with random weights: what nlviz must rebuild from their files.

In an environment of its own (oracles/README.md), from the repository's root:

    python oracles/others.py tests/data/oracles

Each network has few channels and, of clips, few residual blocks; all its weights and BatchNorm statistics are random and of half
precision, and it runs in eval mode in double precision. Written are a checkpoint of each, named like the network, and
``others_expected.safetensors``: for each network its input, its output and the map of one of its blocks.
"""

import importlib.metadata
import sys
from pathlib import Path
from unittest.mock import MagicMock

import torch
from mmcv.utils import ext_loader
from randomising import randomised
from safetensors.torch import save_file
from torch import Tensor, nn

ext_loader.load_ext = lambda name, functions: MagicMock()  # mmcv-lite has no compiled operators; these networks run none
sys.modules["importlib_metadata"] = importlib.metadata
for missing in ("drn", "drn.drn"):  # the wheel of mmaction2 1.2.0 lacks this folder
    sys.modules[f"mmaction.models.localizers.{missing}"] = MagicMock()
sys.modules["mmaction.models.multimodal"] = MagicMock(__all__=[])  # wants a transformers of its time

from mmaction.models.backbones import ResNet3d, ResNet3dSlowOnly, ResNetTSM, resnet  # noqa: E402
from mmaction.models.heads import I3DHead, TSMHead  # noqa: E402
from mmcv.cnn import ContextBlock, ConvModule  # noqa: E402
from mmcv.cnn.bricks.non_local import _NonLocalNd  # noqa: E402
from mmdet.models.backbones.resnet import ResNet  # noqa: E402
from mmdet.models.backbones.resnext import ResNeXt  # noqa: E402

WIDTH, IN_CLIPS = 4, 2  # of 64
FRAMES = 8
BLOCKS = (1, 2, 2, 1)  # residual blocks
INPUTS = {"mmdet": (1, 3, 48, 64), "mmaction": (1, 3, FRAMES, 32, 32)}
NON_LOCAL = ((0,), (0, 1), (1, 0), (0,))
INFLATE = ((1,), (1, 0), (1, 0), (0,))  # as in I3D, so far as there are blocks
CLASSES = 7


for kind in (ResNet, ResNeXt):
    kind.arch_settings = {50: (kind.arch_settings[50][0], BLOCKS)}


class Recognizer(nn.Module):
    """A backbone and a head under the names that checkpoints have."""

    def __init__(self, backbone: nn.Module, head: nn.Module):
        super().__init__()
        self.backbone, self.cls_head = backbone, head

    def forward(self, clips: Tensor) -> Tensor:
        """(B, 3, T, H, W) -> (B, classes)."""
        if isinstance(self.backbone, ResNetTSM):
            frames = clips.transpose(1, 2).flatten(0, 1)
            return self.cls_head(self.backbone(frames), clips.shape[2])
        return self.cls_head(self.backbone(clips))


class Detector(nn.Module):
    """A backbone under the names that checkpoints have, with something of a neck and heads."""

    def __init__(self, backbone: nn.Module):
        super().__init__()
        self.backbone = backbone
        self.neck, self.rpn_head = nn.Conv2d(2, 2, 1), nn.Conv2d(2, 2, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        """(B, 3, H, W) -> the last stage's features."""
        return self.backbone(pictures)[-1]


def plugins(name: str, **options) -> list[dict]:
    """A block in stages c3 to c5, as configs/gcnet has it."""
    return [dict(cfg=dict(type=name, **options), stages=(False, True, True, True), position="after_conv3")]


def non_local(mode: str, scaled: bool) -> dict:
    """The block's options in mmaction2's configurations."""
    return dict(sub_sample=True, use_scale=scaled, norm_cfg=dict(type="BN3d", requires_grad=True), mode=mode)


def i3d(mode: str, scaled: bool = False) -> nn.Module:
    """configs/_base_/models/i3d_r50.py."""
    backbone = ResNet3d(depth=50, stage_blocks=BLOCKS, base_channels=IN_CLIPS, conv1_kernel=(5, 7, 7), conv1_stride_t=2,
                        pool1_stride_t=2, inflate=INFLATE, non_local=NON_LOCAL, non_local_cfg=non_local(mode, scaled))
    return Recognizer(backbone, I3DHead(CLASSES, 32 * IN_CLIPS))


def slow_only(mode: str, scaled: bool = True) -> nn.Module:
    """configs/_base_/models/slowonly_r50.py."""
    backbone = ResNet3dSlowOnly(depth=50, stage_blocks=BLOCKS, base_channels=IN_CLIPS, lateral=False, non_local=NON_LOCAL,
                                non_local_cfg=non_local(mode, scaled))
    return Recognizer(backbone, I3DHead(CLASSES, 32 * IN_CLIPS))


class SmallTSM(ResNetTSM):
    """With few channels and blocks; the class has no option for that."""

    arch_settings = {50: (resnet.Bottleneck, BLOCKS)}

    def __init__(self, **options):
        whole, share = resnet.make_res_layer, 64 // IN_CLIPS
        resnet.make_res_layer = lambda block, before, planes, *more, **named: whole(
            block, before // share, planes // share, *more, **named)
        super().__init__(50, **options)
        resnet.make_res_layer = whole

    def _make_stem_layer(self):
        super()._make_stem_layer()
        self.conv1 = ConvModule(3, IN_CLIPS, kernel_size=7, stride=2, padding=3, bias=False, norm_cfg=self.norm_cfg)


def tsm(mode: str, scaled: bool = False) -> nn.Module:
    """configs/_base_/models/tsm_r50.py."""
    backbone = SmallTSM(num_segments=FRAMES, shift_div=8, non_local=NON_LOCAL, non_local_cfg=non_local(mode, scaled))
    return Recognizer(backbone, TSMHead(CLASSES, 32 * IN_CLIPS, num_segments=FRAMES))


NETWORKS = {
    "mmdet_r50_gcb_r4": lambda: Detector(ResNet(50, base_channels=WIDTH, plugins=plugins("ContextBlock", ratio=1 / 4))),
    "mmdet_x50_gcb_r16": lambda: Detector(ResNeXt(depth=50, groups=2, base_width=WIDTH // 2, base_channels=WIDTH,
                                                  plugins=plugins("ContextBlock", ratio=1 / 16))),
    "mmdet_r50_nonlocal": lambda: Detector(ResNet(50, base_channels=IN_CLIPS, plugins=plugins("NonLocal2d", sub_sample=True))),
    "mmaction_i3d_embedded_gaussian": lambda: i3d("embedded_gaussian"),
    "mmaction_i3d_dot_product": lambda: i3d("dot_product"),
    "mmaction_slowonly_embedded_gaussian": lambda: slow_only("embedded_gaussian"),
    "mmaction_tsm_embedded_gaussian": lambda: tsm("embedded_gaussian"),
    "mmaction_tsm_gaussian": lambda: tsm("gaussian"),
}


def values(key: str, like: Tensor, generator: torch.Generator) -> Tensor:
    """Random values such that what the layers give stays of size one."""
    normal = torch.randn(like.shape, generator=generator, dtype=torch.float64)
    if key.endswith("running_var"):
        return 0.5 + torch.rand(like.shape, generator=generator, dtype=torch.float64)
    if like.dim() > 1:
        return normal * 1.4 / like[0].numel() ** 0.5
    if key.endswith(("bn3.weight", "conv3.bn.weight", "downsample.1.weight", "downsample.bn.weight")):
        return 0.5 + 0.1 * normal
    return 0.2 * normal + (1 if key.endswith("weight") else 0)


def watched(net: nn.Module) -> tuple[str, list[Tensor]]:
    """(the name of the network's first block of attention, a list that its map will be in)."""
    name, block = next((name, part) for name, part in net.named_modules() if isinstance(part, (_NonLocalNd, ContextBlock)))
    found = []
    if isinstance(block, ContextBlock):
        block.softmax.register_forward_hook(lambda part, given, result: found.append(result.flatten(2)))
        return name, found
    pairwise = getattr(block, block.mode)

    def keeping(*given):
        found.append(pairwise(*given))
        return found[-1].clone()

    setattr(block, block.mode, keeping)
    return name, found


def main(folder: Path) -> None:
    inputs = {kind: torch.randn(shape, generator=torch.Generator().manual_seed(0)).half() for kind, shape in INPUTS.items()}
    expected = {f"{kind}.input": x for kind, x in inputs.items()}
    for number, (name, make) in enumerate(NETWORKS.items()):
        net = randomised(make(), number, values)
        block, maps = watched(net)
        with torch.no_grad():
            output = net(inputs[name.partition("_")[0]].double())
        state = {key: value.half() if value.is_floating_point() else value for key, value in net.state_dict().items()
                 if not key.endswith("num_batches_tracked")}
        save_file(state, folder / f"{name}.safetensors")
        expected |= {f"{name}.output": output.float(), f"{name}.{block}": maps[0].float()}
        print(name, block, tuple(maps[0].shape), f"{output.abs().mean():.3g} {output.std():.3g} {maps[0].max():.3g}")
    save_file({key: value.contiguous() for key, value in expected.items()}, folder / "others_expected.safetensors")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
