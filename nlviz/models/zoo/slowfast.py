"""Non-local networks of clips as PySlowFast has them: C2D, I3D, Slow and SlowFast.

Sources: facebookresearch/SlowFast, ``slowfast/models/video_model_builder.py``, ``resnet_helper.py``, ``stem_helper.py`` and
``head_helper.py``; what weights cannot tell is as in ``configs/Kinetics/*NLN*.yaml``. Feichtenhofer et al. 2019, arXiv 1812.03982.
"""

import re
from dataclasses import replace

import torch
from torch import Tensor, nn

from .arch import Answers, Arch, Question, Rebuilt, State
from .bottlenecks import Bottleneck, ConvNorm, PooledFrames, Stride, blocks_of, largest_nearby
from .questions import MODE, NORM
from .renaming import Renamed
from .taking import shape_of

POOL = Question("pool_size", "Are positions pooled before keys and values are projected?", {
    "1x2x2": "the larger of two by two positions, as in its configurations", "none": "not pooled"}, "1x2x2")
TIME_POOL = Question("time_pool", "Are frames pooled in pairs behind the first stage?", {
    "yes": "as in C2D and I3D", "no": "as in their nopool variants"}, "yes")
ALPHA = Question("alpha", "Every how many frames does the slow pathway see one?", {
    "4": "every fourth, as in 8x8 configurations", "8": "every eighth, as in 4x16 configurations"}, "4")
FRAMES = 32  # of clips of the configurations with two pathways
GREY, DEVIATION = 0.45 * 255, 0.225 * 255  # DATA.MEAN and DATA.STD
KERNELS = {(5, 3, 3, 3, 3): "I3D", (1, 1, 1, 1, 1): "C2D", (1, 1, 1, 3, 3): "Slow"}  # frames that the stem and the stages see
NAMES = {"branch1_bn": "downsample.bn", "branch1": "downsample.conv", **{
    f"branch2.{letter}{norm}": f"conv{number}.{'bn' if norm else 'conv'}"
    for number, letter in enumerate("abc", 1) for norm in ("_bn", "")}}
PART = re.compile(rf"(_res\d+)\.({'|'.join(map(re.escape, NAMES))})\.")
HEAD = "head.projection.weight"
STAGES = (2, 3, 4, 5)
NORMED = re.compile(r"s\d\.pathway\d_nonlocal\d+\.(norm|bn)\.")  # newer code calls the norm bn


def two_pathways(state: State) -> bool:
    """Whether a fast pathway is fused into a slow one."""
    return any(name.startswith("s1_fuse.") for name in state)


def kind_of(state: State) -> str:
    """``SlowFast``, or by how many frames the convolutions of stem and stages see ``I3D``, ``C2D`` or ``Slow``.

    Raises:
        ValueError: it is none of them.
    """
    if two_pathways(state):
        return "SlowFast"
    seen = (shape_of(state, "s1.pathway0_stem.conv.weight")[2], *(_frames_seen(state, stage) for stage in STAGES))
    if seen not in KERNELS:
        raise ValueError(f"the convolutions of its stem and stages see {seen} frames; expected {' or '.join(map(str, KERNELS))}")
    return KERNELS[seen]


def _frames_seen(state: State, stage: int) -> int:
    """By the convolution of a stage that sees most."""
    first = f"s{stage}.pathway0_res{{}}.branch2.a.weight"
    shapes = [shape_of(state, first.format(i)) for i in blocks_of(state, f"s{stage}.pathway0_res", ".branch2.a.weight")]
    if any(len(shape) != 5 for shape in shapes):
        raise ValueError(f"{first.format(0)} is {shapes[0]}, not of a convolution over clips")
    return max(shape[2] for shape in shapes)


def questions(state: State) -> tuple[Question, ...]:
    """The pairwise function, pooling of keys, a norm without weights, and what the kind of network does to frames."""
    kind = kind_of(state)
    mode = replace(MODE, usual="embedded_gaussian" if kind in ("C2D", "I3D") else "dot_product")
    norm = () if any(map(NORMED.match, state)) else (NORM,)
    return mode, POOL, *norm, *{"SlowFast": (ALPHA,), "Slow": ()}.get(kind, (TIME_POOL,))


def build(state: State, answers: Answers) -> Rebuilt:
    """See :class:`Arch`."""
    kind = kind_of(state)
    renamed = Renamed(state, lambda name: PART.sub(lambda found: f"{found[1]}.{NAMES[found[2]]}.", name))
    pathways = 2 if kind == "SlowFast" else 1
    told = {key: answers[key] for key in ("mode", "pool_size", "norm_type") if key in answers}
    stages = [_Stem(renamed, pathways), *(_Stage(renamed, number, pathways, told) for number in STAGES)]
    classes = state[HEAD].shape[0] if HEAD in state else None
    net = Network(renamed, stages, int(answers.get("alpha", 1)), answers.get("time_pool") == "yes")
    notes = [f"{kind}; its answer is the class of the mean over all positions (published: the mean of the classes' probabilities "
             f"over all windows of 7 x 7, the same at 224 x 224 pixels)."]
    return renamed.rebuilt(
        net, task="classification" if classes else None, classes=classes, mean=(GREY,) * 3, std=(DEVIATION,) * 3, stride=32,
        frames=FRAMES if pathways == 2 else None, notes=notes if classes else [f"{kind}, of which the features are given."])


class _Stem(nn.Module):
    """A convolution and a pool in each pathway, [(B, 3, T, H, W), ...] -> [(B, C, T, H / 4, W / 4), ...]."""

    def __init__(self, state: State, pathways: int):
        super().__init__()
        for pathway in range(pathways):
            shape = shape_of(state, f"s1.pathway{pathway}_stem.conv.weight")
            self.add_module(f"pathway{pathway}_stem", ConvNorm(shape, shape[1], (1, 2, 2)))
        self.pool = largest_nearby((1, 2, 2))

    def forward(self, found: list[Tensor]) -> list[Tensor]:
        return [self.pool(self.get_submodule(f"pathway{pathway}_stem")(x)) for pathway, x in enumerate(found)]


class _Stage(nn.Module):
    """Residual blocks ``pathwayP_resI``, each perhaps with ``pathwayP_nonlocalI`` behind it."""

    def __init__(self, renamed: Renamed, number: int, pathways: int, told: dict[str, str]):
        super().__init__()
        stride: Stride = 1 if number == 2 else (1, 2, 2)
        self.runs = [self._run(renamed, f"s{number}.", pathway, stride, told) for pathway in range(pathways)]

    def _run(self, renamed: Renamed, stage: str, pathway: int, stride: Stride, told: dict[str, str]) -> list[str]:
        names = []
        for i in blocks_of(renamed, f"{stage}pathway{pathway}_res"):
            attention = f"pathway{pathway}_nonlocal{i}"
            block = renamed.block(f"{stage}{attention}.", "slowfast_nonlocal", **told)
            self.add_module(f"pathway{pathway}_res{i}", Bottleneck(renamed, f"{stage}pathway{pathway}_res{i}.", 1 if i else stride))
            names.append(f"pathway{pathway}_res{i}")
            if block is not None:
                self.add_module(attention, block)
                names.append(attention)
        return names

    def forward(self, found: list[Tensor]) -> list[Tensor]:
        return [self._through(names, x) for names, x in zip(self.runs, found)]

    def _through(self, names: list[str], x: Tensor) -> Tensor:
        for name in names:
            x = self.get_submodule(name)(x)
        return x


class _Fuse(nn.Module):
    """[slow, fast] -> [slow beside a convolution over time of fast, fast]."""

    def __init__(self, shape: tuple[int, ...], alpha: int):
        super().__init__()
        self.conv_f2s = nn.Conv3d(shape[1], shape[0], shape[2:], (alpha, 1, 1), tuple(side // 2 for side in shape[2:]), bias=False)
        self.bn = nn.BatchNorm3d(shape[0])

    def forward(self, found: list[Tensor]) -> list[Tensor]:
        slow, fast = found
        return [torch.cat([slow, self.bn(self.conv_f2s(fast)).relu()], 1), fast]


class _Head(nn.Module):
    """[(B, C, T, h, w), ...] -> (B, classes): the means over all positions, side by side, and a linear layer."""

    def __init__(self, shape: tuple[int, ...]):
        super().__init__()
        self.projection = nn.Linear(shape[1], shape[0])

    def forward(self, found: list[Tensor]) -> Tensor:
        return self.projection(torch.cat([x.mean((2, 3, 4)) for x in found], 1))


class Network(nn.Module):
    """(B, 3, T, H, W) -> (B, classes), or the slow pathway's last features where it has no head.

    Args:
        state: weights by this network's names.
        stages: the stem and four stages.
        alpha: of two pathways: the slow one sees one of so many frames.
        time_pool: frames are pooled in pairs behind the first stage.
    """

    def __init__(self, state: State, stages: list[nn.Module], alpha: int, time_pool: bool):
        super().__init__()
        self.alpha, self.two = alpha, two_pathways(state)
        parts: dict[str, nn.Module] = {}
        for number, stage in enumerate(stages, 1):
            parts[f"s{number}"] = stage
            if self.two and number < len(stages):
                parts[f"s{number}_fuse"] = _Fuse(shape_of(state, f"s{number}_fuse.conv_f2s.weight"), alpha)
        for name, part in parts.items():
            self.add_module(name, part)
        self.order = list(parts)
        self.pathway0_pool = PooledFrames() if time_pool else None
        self.head = _Head(shape_of(state, HEAD)) if HEAD in state else None

    def forward(self, x: Tensor) -> Tensor:
        found = self._pathways(x)
        for name in self.order:
            found = self.get_submodule(name)(found)
            if name == "s2" and self.pathway0_pool is not None:
                found = [self.pathway0_pool(x) for x in found]
        return found[0] if self.head is None else self.head(found)

    def _pathways(self, x: Tensor) -> list[Tensor]:
        """The clip itself, or before it the frames that the slow pathway sees, spread from the first to the last."""
        if not self.two:
            return [x]
        frames = x.shape[2]
        if frames % self.alpha:
            raise ValueError(f"two pathways take a multiple of {self.alpha} frames, got {frames}")
        return [x[:, :, torch.linspace(0, frames - 1, frames // self.alpha, device=x.device).long()], x]


ARCHES = (Arch("slowfast_nonlocal", "Non-local C2D, I3D, Slow or SlowFast (PySlowFast)",
               (r"s1\.pathway0_stem\.conv\.", r"s\d\.pathway\d_nonlocal\d+\.conv_theta\."), build, questions,
               {"head": "what else the head has"}),)
