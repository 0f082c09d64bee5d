"""mmcv's and mmsegmentation's attention blocks, small and with random weights: what nlviz must make of their weights.

In an environment of its own (oracles/README.md), from the repository's root:

    python oracles/blocks.py tests/data/oracles

Each block has random weights and BatchNorm statistics of half precision and runs in eval mode in double precision. Written is
``blocks.safetensors``: for each block its weights, an input, the output and the maps that it multiplied values with; and in the
file's metadata the kind of each and what weights cannot tell.
"""

import json
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors.torch import save_file

extension = types.ModuleType("mmcv._ext")  # mmcv-lite has no compiled operators, and none of these blocks runs one
extension.__getattr__ = lambda name: None
sys.modules["mmcv._ext"] = extension

from mmcv.cnn import ContextBlock  # noqa: E402
from mmcv.cnn.bricks.non_local import NonLocal1d, NonLocal2d, NonLocal3d  # noqa: E402
from mmcv.ops import CrissCrossAttention  # noqa: E402
from mmseg.models.decode_heads.da_head import CAM, PAM  # noqa: E402
from mmseg.models.decode_heads.dnl_head import DisentangledNonLocal2d  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.overrides import TorchFunctionMode  # noqa: E402

CHANNELS = 8
GRIDS = {1: (12,), 2: (6, 5), 3: (2, 4, 3)}
MODES = ("gaussian", "embedded_gaussian", "dot_product", "concatenation")
NON_LOCAL = {1: NonLocal1d, 2: NonLocal2d, 3: NonLocal3d}
Case = tuple[str, str, dict, nn.Module, tuple[int, ...]]  # name, kind, what is told, the block, the grid


class Softmaxes(TorchFunctionMode):
    """Keeps what every softmax gives."""

    def __init__(self):
        super().__init__()
        self.found: list[Tensor] = []

    def __torch_function__(self, func: Callable, types: tuple, args: tuple = (), kwargs: dict | None = None) -> object:
        result = func(*args, **(kwargs or {}))
        if getattr(func, "__name__", "") == "softmax":
            self.found.append(result.detach().clone())
        return result


def non_local() -> Iterator[Case]:
    """Every mode, dimension and sub-sampling; those of even number with a BatchNorm, one in three without scale."""
    wanted = [(mode, dimension, pools) for mode in MODES for dimension in NON_LOCAL for pools in (False, True)]
    for number, (mode, dimension, pools) in enumerate(wanted):
        norm = {"type": f"BN{dimension}d"} if number % 2 == 0 else None
        told = {"mode": mode, "use_scale": number % 3 > 0}
        block = NON_LOCAL[dimension](CHANNELS, sub_sample=pools, norm_cfg=norm, reduction=1 + number % 2, **told)
        yield f"{mode} {dimension}d {'pooled' if pools else 'whole'}", "mmcv_nonlocal", told, block, GRIDS[dimension]


def others() -> Iterator[Case]:
    """The blocks of two dimensions that are no plain non-local ones."""
    grid = GRIDS[2]
    for pooling in ("att", "avg"):
        for fusions in (["channel_add"], ["channel_mul"], ["channel_add", "channel_mul"]):
            block = ContextBlock(CHANNELS, 0.4, pooling, fusions)
            yield f"context {pooling} {' '.join(fusions)}", "mmcv_context", {}, block, grid
    for scaled, temperature in ((True, 0.05), (False, 1.0)):
        told = {"mode": "embedded_gaussian", "use_scale": scaled, "temperature": temperature}
        block = DisentangledNonLocal2d(CHANNELS, norm_cfg={"type": "BN"}, **told)
        yield f"disentangled {temperature}", "mmseg_dnl", told, block, grid
    yield "pam", "mmseg_pam", {}, PAM(CHANNELS, 3), grid
    yield "cam", "mmseg_cam", {"channels": CHANNELS}, CAM(), grid
    yield "criss-cross", "mmcv_criss_cross", {"recurrence": 2}, CrissCrossAttention(CHANNELS), grid


def randomised(block: nn.Module) -> nn.Module:
    """The block in eval mode and double precision, its values random and of half precision, none of them zero."""
    with torch.no_grad():
        for key, value in block.double().eval().state_dict().items():
            if value.is_floating_point():
                fresh = torch.rand(value.shape) + 0.5 if value.dim() < 2 else torch.randn(value.shape) * 0.6
                value.copy_(fresh.half() if "mean" not in key else fresh.half() - 1)
    return block


def run(name: str, kind: str, told: dict, block: nn.Module, grid: tuple[int, ...]) -> dict[str, Tensor]:
    """What one block gives for a random input."""
    x = torch.randn(2, CHANNELS, *grid).half().double()
    maps: list[Tensor] = []
    if kind == "mmcv_nonlocal":  # also of those without a softmax
        weights = getattr(block, block.mode)
        setattr(block, block.mode, lambda *args: maps.append(weights(*args)) or maps[-1])
    with torch.no_grad(), Softmaxes() as softmaxes:
        z = block(x)
        for _ in range(told.get("recurrence", 1) - 1):
            z = block(z)
    found = {"x": x.half(), "z": z, **{f"map {i}": m.clone() for i, m in enumerate(maps or softmaxes.found)}}
    weights = {f"weights/{key}": value.half() if value.is_floating_point() else value for key, value in block.state_dict().items()}
    return {f"{name}/{key}": value.contiguous() for key, value in (found | weights).items()}


def main(folder: str) -> None:
    torch.manual_seed(0)
    tensors, told = {}, {}
    for case in (*non_local(), *others()):
        randomised(case[3])
        tensors |= run(*case)
        told[case[0]] = {"kind": case[1], "told": case[2]}
    save_file(tensors, Path(folder) / "blocks.safetensors", {"cases": json.dumps(told)})


if __name__ == "__main__":
    main(sys.argv[1])
