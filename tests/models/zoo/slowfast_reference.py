"""PySlowFast's networks written out from its source, by the names of its weights: what nlviz must give too.

facebookresearch/SlowFast: resnet_helper.py (ResStage, ResBlock, BottleneckTransform), nonlocal_helper.py, video_model_builder.py.
"""

import torch
from torch.nn import functional as F

KERNELS = {"c2d": (1, [1, 1], [1, 1], [1, 1], [1, 1]), "i3d": (5, [3, 3], [3, 1], [3, 1], [1, 3]),
           "slow": (1, [1, 1], [1, 1], [3, 3], [3, 3]), "fast": (5, [3, 3], [3, 3], [3, 3], [3, 3])}
WIDTH, CLASSES, BLOCKS = 8, 5, 2


class Weights(dict):
    """Random ones, made in the order in which they are first asked for."""

    def __init__(self, seed):
        super().__init__()
        self.generator = torch.Generator().manual_seed(seed)

    def conv(self, name, out, channels, *size, bias=False):
        scale = 1.4 / (channels * max(1, torch.tensor(size).prod().item())) ** 0.5
        self[f"{name}.weight"] = torch.randn(out, channels, *size, generator=self.generator, dtype=torch.float64) * scale
        if bias:
            self[f"{name}.bias"] = torch.randn(out, generator=self.generator, dtype=torch.float64) * 0.1

    def norm(self, name, channels):
        for kind, low in (("weight", 0.5), ("running_var", 0.5), ("bias", -0.2), ("running_mean", -0.2)):
            span = 0.4 if low < 0 else 0.7
            self[f"{name}.{kind}"] = low + span * torch.rand(channels, generator=self.generator, dtype=torch.float64)


def weights_of(kinds, seed=0):
    """Those of a network with a pathway of each kind, the second a quarter as wide, with non-local blocks in the first."""
    made = Weights(seed)
    widths = [WIDTH, WIDTH // 4][:len(kinds)]
    for pathway, (kind, width) in enumerate(zip(kinds, widths)):
        made.conv(f"s1.pathway{pathway}_stem.conv", width, 3, KERNELS[kind][0], 7, 7)
        made.norm(f"s1.pathway{pathway}_stem.bn", width)
    fused = [2 * widths[1] if len(kinds) == 2 else 0, 0]
    before = list(widths)
    for stage in (1, 2, 3, 4, 5):
        if stage > 1:
            for pathway, (kind, width) in enumerate(zip(kinds, widths)):
                before[pathway] = stage_weights(made, stage, pathway, KERNELS[kind][stage - 1],
                                                before[pathway] + fused[pathway], width * 2 ** (stage - 2))
        if len(kinds) == 2 and stage < 5:
            fused = [2 * before[1], 0]
            made.conv(f"s{stage}_fuse.conv_f2s", fused[0], before[1], 5, 1, 1)
            made.norm(f"s{stage}_fuse.bn", fused[0])
    made.conv("head.projection", CLASSES, sum(before), bias=True)
    return dict(made)


def stage_weights(made, stage, pathway, kernels, channels, inner):
    for i in range(BLOCKS):
        name = f"s{stage}.pathway{pathway}_res{i}"
        if i == 0:
            made.conv(f"{name}.branch1", 4 * inner, channels, 1, 1, 1)
            made.norm(f"{name}.branch1_bn", 4 * inner)
        made.conv(f"{name}.branch2.a", inner, channels if i == 0 else 4 * inner, kernels[i], 1, 1)
        made.conv(f"{name}.branch2.b", inner, inner, 1, 3, 3)
        made.conv(f"{name}.branch2.c", 4 * inner, inner, 1, 1, 1)
        for letter, width in zip("abc", (inner, inner, 4 * inner)):
            made.norm(f"{name}.branch2.{letter}_bn", width)
        if pathway == 0 and stage in (3, 4) and i == 1:
            block = f"s{stage}.pathway0_nonlocal1"
            for part in ("theta", "phi", "g"):
                made.conv(f"{block}.conv_{part}", 2 * inner, 4 * inner, 1, 1, 1, bias=True)
            made.conv(f"{block}.conv_out", 4 * inner, 2 * inner, 1, 1, 1, bias=True)
            made.norm(f"{block}.norm", 4 * inner)
    return 4 * inner


def norm(state, name, x):
    return F.batch_norm(x, *(state[f"{name}.{kind}"] for kind in ("running_mean", "running_var", "weight", "bias")))


def conv(state, name, x, stride=(1, 1, 1)):
    kernel = state[f"{name}.weight"]
    return F.conv3d(x, kernel, state.get(f"{name}.bias"), stride, [side // 2 for side in kernel.shape[2:]])


def residual(state, name, x, stride):
    a = norm(state, f"{name}.branch2.a_bn", conv(state, f"{name}.branch2.a", x)).relu()
    b = norm(state, f"{name}.branch2.b_bn", conv(state, f"{name}.branch2.b", a, stride)).relu()
    c = norm(state, f"{name}.branch2.c_bn", conv(state, f"{name}.branch2.c", b))
    if f"{name}.branch1.weight" in state:
        x = norm(state, f"{name}.branch1_bn", conv(state, f"{name}.branch1", x, stride))
    return (x + c).relu()


def non_local(state, name, x, mode, pool, maps):
    theta = conv(state, f"{name}.conv_theta", x).flatten(2)
    seen = F.max_pool3d(x, pool) if pool else x
    phi, g = (conv(state, f"{name}.conv_{part}", seen).flatten(2) for part in ("phi", "g"))
    affinity = torch.einsum("nct,ncp->ntp", theta, phi)
    if mode == "embedded_gaussian":
        affinity = (affinity * theta.shape[1] ** -0.5).softmax(2)
    else:
        affinity = affinity / affinity.shape[2]
    maps[name] = affinity
    y = torch.einsum("ntg,ncg->nct", affinity, g).unflatten(2, x.shape[2:])
    return x + norm(state, f"{name}.norm", conv(state, f"{name}.conv_out", y))


def run(state, clip, mode, pool, time_pool=False, alpha=1):
    """(the logits of the mean over all positions, the maps by their blocks' names)."""
    frames, maps = clip.shape[2], {}
    paths = [clip]
    if "s1_fuse.bn.weight" in state:
        paths = [clip.index_select(2, torch.linspace(0, frames - 1, frames // alpha).long()), clip]
    paths = [F.max_pool3d(norm(state, f"s1.pathway{p}_stem.bn", conv(state, f"s1.pathway{p}_stem.conv", x, (1, 2, 2))).relu(),
                          (1, 3, 3), (1, 2, 2), (0, 1, 1)) for p, x in enumerate(paths)]
    for stage in (1, 2, 3, 4, 5):
        for p in range(len(paths)) if stage > 1 else ():
            for i in range(BLOCKS):
                stride = (1, 2, 2) if i == 0 and stage > 2 else (1, 1, 1)
                paths[p] = residual(state, f"s{stage}.pathway{p}_res{i}", paths[p], stride)
                block = f"s{stage}.pathway{p}_nonlocal{i}"
                if f"{block}.norm.weight" in state:
                    paths[p] = non_local(state, block, paths[p], mode, pool, maps)
        if len(paths) == 2 and stage < 5:
            fuse = conv(state, f"s{stage}_fuse.conv_f2s", paths[1], (alpha, 1, 1))
            paths[0] = torch.cat([paths[0], norm(state, f"s{stage}_fuse.bn", fuse).relu()], 1)
        if stage == 2 and time_pool:
            paths = [F.max_pool3d(x, (2, 1, 1), (2, 1, 1)) for x in paths]
    pooled = torch.cat([x.mean((2, 3, 4)) for x in paths], 1)
    return F.linear(pooled, state["head.projection.weight"], state["head.projection.bias"]), maps
