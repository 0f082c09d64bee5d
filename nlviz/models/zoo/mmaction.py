"""Non-local networks of clips as mmaction2 has them: I3D, SlowOnly and TSM.

Sources: open-mmlab/mmaction2, ``mmaction/models/backbones/resnet3d.py``, ``resnet3d_slowonly.py``, ``resnet_tsm.py`` and
``heads/i3d_head.py``, ``tsm_head.py``; strides are those of ``configs/_base_/models``.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass, replace

from torch import nn

from .arch import Answers, Arch, Question, Rebuilt, State
from .bottlenecks import Bottleneck, ConvNorm, PooledFrames, Stride, blocks_of, classifier, largest_nearby
from .questions import MODE, USE_SCALE
from .renaming import Renamed
from .taking import shape_of

STEM = "backbone.conv1.conv.weight"
STEM_SHIFTED = "backbone.conv1.conv.net.weight"
HEAD = "cls_head.fc_cls.weight"
SHIFTED_BLOCK = re.compile(r"backbone\.layer\d+\.\d+\.net\.")
BLOCK = re.compile(r"backbone\.layer\d+\.\d+\.non_local_block\.")
STAGES = (1, 2, 3, 4)


@dataclass(frozen=True)
class Kind:
    """A published configuration.

    Attributes:
        name: how it is called.
        stem, pool: strides of the first convolution and of the pool behind it.
        pooled: whether frames are pooled in pairs behind layer1.
        scaled: whether logits are divided in its published configurations, ``yes`` or ``no``.
        sampled: which frames it is trained with.
    """

    name: str
    stem: Stride
    pool: Stride
    pooled: bool
    scaled: str
    sampled: str


I3D = Kind("I3D", (2, 2, 2), (2, 2, 2), True, "no", "32 frames, every second")
SLOW_ONLY = Kind("SlowOnly", (1, 2, 2), (1, 2, 2), False, "yes", "4 frames, every 16th, or 8, every 8th")
TSM = Kind("TSM", (1, 2, 2), (1, 2, 2), False, "no", "8 frames, evenly spread over the whole video")


def kind_of(state: State) -> Kind:
    """Told by the stem: TSM is an image network, I3D sees five frames, SlowOnly one.

    Raises:
        ValueError: it is none of them.
    """
    if STEM_SHIFTED in state or any(map(SHIFTED_BLOCK.match, state)):
        raise ValueError("channels of whole blocks or of the stem are shifted in time, as in no configuration of mmaction2")
    shape = shape_of(state, STEM)
    found = TSM if len(shape) == 4 else {5: I3D, 1: SLOW_ONLY}.get(shape[2])
    if found is None:
        raise ValueError(f"{STEM} is {shape}; I3D's sees 5 frames, SlowOnly's 1, and TSM's is of an image network")
    return found


def questions(state: State) -> tuple[Question, ...]:
    """Two where the weights are of an embedded Gaussian or of a dot product; else none."""
    names = [name for name in state if BLOCK.match(name)]
    if not any(".theta." in name for name in names) or any(".concat_project." in name for name in names):
        return ()
    return MODE, replace(USE_SCALE, usual=kind_of(state).scaled)


def build(state: State, answers: Answers) -> Rebuilt:
    """See :class:`Arch`."""
    kind = kind_of(state)
    renamed = Renamed(state, _own_name)
    shifted = {name for name in state if name.endswith("conv1.conv.net.weight")}
    if kind is TSM:
        _as_clips(renamed)
    told = {name: answers[name] for name in ("mode", "use_scale") if name in answers}
    detector = any(name.startswith("roi_head.") for name in state)
    net = nn.Sequential(OrderedDict(backbone=_backbone(renamed, kind, told, {_own_name(name) for name in shifted}, detector)))
    classes = None
    if HEAD in state:
        net.add_module("cls_head", classifier("fc_cls", shape_of(state, HEAD)))
        classes = state[HEAD].shape[0]
    notes = [f"{kind.name}; published ones are trained with {kind.sampled}."]
    if detector:
        notes.append("It is a detector of actions: its last stage has stride 1, and what it gives are its features.")
    return renamed.rebuilt(net, task="classification" if classes else None, classes=classes, stride=32, frames=None, notes=notes)


def _own_name(name: str) -> str | None:
    """Without what wraps a convolution whose input is shifted, and a residual block that a non-local one follows."""
    if not name.startswith(("backbone.", "cls_head.fc_cls.")):
        return None
    return re.sub(r"(layer\d+\.\d+)\.block\.", r"\1.", name).replace(".conv1.conv.net.", ".conv1.conv.")


def _as_clips(renamed: Renamed) -> None:
    """Weights of convolutions over pictures become those over clips that see one frame."""
    for name, weights in renamed.items():
        if weights.dim() == 4 and name.startswith("backbone."):
            renamed[name] = weights.unsqueeze(2)


def _backbone(renamed: Renamed, kind: Kind, told: dict[str, str], shifted: set[str], detector: bool) -> nn.Sequential:
    parts: dict[str, nn.Module] = {
        "conv1": ConvNorm(shape_of(renamed, STEM), shape_of(renamed, STEM)[1], kind.stem), "maxpool": largest_nearby(kind.pool)}
    for number in STAGES:
        stride = 1 if number == 1 or (detector and number == 4) else (1, 2, 2)
        parts[f"layer{number}"] = _stage(renamed, f"backbone.layer{number}.", stride, told, shifted)
        if number == 1 and kind.pooled:
            parts["pool2"] = PooledFrames()
    return nn.Sequential(OrderedDict(parts))


def _stage(renamed: Renamed, prefix: str, stride: Stride, told: dict[str, str], shifted: set[str]) -> nn.Sequential:
    return nn.Sequential(*(
        Bottleneck(renamed, f"{prefix}{i}.", stride if i == 0 else 1, f"{prefix}{i}.conv1.conv.weight" in shifted).add_behind(
            "sum", "non_local_block", renamed.block(f"{prefix}{i}.non_local_block.", "mmcv_nonlocal", **told))
        for i in blocks_of(renamed, prefix)))


ARCHES = (Arch("mmaction_nonlocal", "Non-local I3D, SlowOnly or TSM (mmaction2)",
               (r"backbone\.conv1\.conv\.", r"backbone\.layer\d+\.\d+\.non_local_block\."), build, questions,
               {"roi_head": "the head that classifies actions in boxes", "cls_head": "what else the head has",
                "backbone": "what else the backbone has"}, pixels=True),)
