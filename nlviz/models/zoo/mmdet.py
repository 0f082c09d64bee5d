"""Backbones of detectors with GCNet's context blocks, or mmcv's non-local ones, as mmdetection and GCNet's repository have them.

Sources: open-mmlab/mmdetection, ``mmdet/models/backbones/resnet.py`` (plugins), ``resnext.py`` and ``configs/gcnet``;
xvjiarui/GCNet, ``mmdet/models/backbones/resnet.py`` (insert_pos).
"""

import re
from collections import OrderedDict
from dataclasses import replace

from torch import nn

from .arch import Answers, Arch, Question, Rebuilt, State
from .bottlenecks import Bottleneck, ConvNorm, blocks_of
from .questions import MODE, USE_SCALE
from .renaming import Renamed
from .taking import shape_of

STEM = "backbone.conv1.conv.weight"
BLOCKS = {"context_block": "mmcv_context", "nonlocal_block": "mmcv_nonlocal"}
MULTIPLIED = "multiplied"
SCALE = replace(USE_SCALE, options=USE_SCALE.options | {MULTIPLIED: "multiplied, as in GCNet's code of 2019"})
OTHER = re.compile(r"backbone\.(stem\.|layer\d+\.\d+\.(conv2\.conv_offset|conv2_offset|gen_attention|downsample\.2\.))")
HEADS = {
    "neck": "the feature pyramid", "rpn_head": "the head that proposes boxes", "roi_head": "the heads of boxes and masks",
    "bbox_head": "the head of boxes", "mask_head": "the head of masks", "bbox_roi_extractor": "what cuts out boxes",
    "mask_roi_extractor": "what cuts out boxes for masks", "semantic_head": "the head of semantic segmentation",
    "backbone": "what else the backbone has"}


def questions(state: State) -> tuple[Question, ...]:
    """None of context blocks; two of non-local ones whose weights leave it open."""
    names = [name for name in state if ".nonlocal_block." in name]
    open_ones = any(".theta." in name for name in names) and not any(".concat_project." in name for name in names)
    return (MODE, SCALE) if open_ones else ()


def build(state: State, answers: Answers) -> Rebuilt:
    """See :class:`Arch`."""
    other = next((name for name in state if OTHER.match(name)), None)
    if other:
        raise ValueError(f"{other} belongs to a deformable convolution, a generalized attention or a deep stem, which are not "
                         "rebuilt: expected a ResNet or ResNeXt with a 7 x 7 stem")
    renamed = Renamed(state, _own_name)
    stem = shape_of(renamed, STEM)
    parts: dict[str, nn.Module] = {"conv1": ConvNorm(stem, stem[1], 2), "maxpool": nn.MaxPool2d(3, 2, 1)}
    for number in (1, 2, 3, 4):
        parts[f"layer{number}"] = _stage(renamed, f"backbone.layer{number}.", 1 if number == 1 else 2, answers)
    net = nn.Sequential(OrderedDict(backbone=nn.Sequential(OrderedDict(parts))))
    note = "It is the backbone of a detector: what it gives are the features of its last stage."
    return renamed.rebuilt(net, stride=32, notes=[note])


def _own_name(name: str) -> str | None:
    """Each convolution and the BatchNorm behind it stand in one module."""
    if not name.startswith("backbone."):
        return None
    name = re.sub(r"\.bn(\d)\.", r".conv\1.bn.", name).replace(".downsample.0.", ".downsample.conv.")
    return re.sub(r"\.conv(\d)\.weight$", r".conv\1.conv.weight", name).replace(".downsample.1.", ".downsample.bn.")


def _stage(renamed: Renamed, prefix: str, stride: int, answers: Answers) -> nn.Sequential:
    return nn.Sequential(*(_bottleneck(renamed, f"{prefix}{i}.", stride if i == 0 else 1, answers)
                           for i in blocks_of(renamed, prefix)))


def _bottleneck(renamed: Renamed, prefix: str, stride: int, answers: Answers) -> Bottleneck:
    """With its block of attention before the sum; one that has conv2's channels stands behind conv2 (``after_3x3``)."""
    found = Bottleneck(renamed, prefix, stride)
    for name, kind in BLOCKS.items():
        told = {key: answers[key] for key in ("mode", "use_scale") if key in answers and kind == "mmcv_nonlocal"}
        if told.get("use_scale") == MULTIPLIED:
            kind, told["use_scale"] = "gcnet_nonlocal", "yes"
        block = renamed.block(f"{prefix}{name}.", kind, **told)
        if block is not None and block.in_channels not in (found.width, found.channels):
            raise ValueError(f"{prefix}{name} is of {block.in_channels} channels, but there are {found.width} or {found.channels}")
        found.add_behind("conv3" if block is None or block.in_channels == found.channels else "conv2", name, block)
    return found


ARCHES = (Arch("mmdet_gcnet", "Detector with context or non-local blocks in its backbone (mmdetection, GCNet)",
               (r"backbone\.conv1\.weight", r"backbone\.layer\d+\.\d+\.(context|nonlocal)_block\."), build, questions, HEADS,
               pixels=True),)
