"""A kind of published network that is small: stride 8, one non-local block with three questions, seven classes."""

import sys
from pathlib import Path

import torch
from torch import Tensor, nn

from nlviz.blocks import BLOCKS
from nlviz.models.zoo import Arch, Question, Rebuilt

MODE = Question("mode", "Which pairwise function does the block have?", {
    "dot_product": "divided by the number of keys", "embedded_gaussian": "softmax over the keys"}, "embedded_gaussian")
USE_SCALE = Question("use_scale", "Are queries times keys divided by the square root of their channels?", {
    "yes": "divided", "no": "as they are"}, "yes")


class Head(nn.Module):
    """A non-local block and a classifier of each position."""

    def __init__(self, channels: int, mode: str, scale: bool):
        super().__init__()
        more = {"scale_power": -0.5 if scale else 0.0} if mode == "embedded_gaussian" else {}
        self.nl_block = BLOCKS[mode](channels, **more)
        self.conv_seg = nn.Conv2d(channels, 7, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_seg(self.nl_block(x))


class Tiny(nn.Module):
    def __init__(self, channels: int, mode: str, scale: bool):
        super().__init__()
        self.backbone = nn.Conv2d(3, channels, 8, 8)
        self.decode_head = Head(channels, mode, scale)

    def forward(self, x: Tensor) -> Tensor:
        return self.decode_head(self.backbone(x).relu())


def build(state, answers) -> Rebuilt:
    width = state["backbone.weight"].shape[0]
    if state["backbone.weight"].shape[1:] != (3, 8, 8):
        raise ValueError(f"its stem has weights of shape {tuple(state['backbone.weight'].shape)}, expected (C, 3, 8, 8)")
    net = Tiny(width, answers["mode"], answers["use_scale"] == "yes")
    own = {name: weights for name, weights in state.items() if name in net.state_dict()}
    return Rebuilt(net, own, set(own), "segmentation", 7)


TINY = Arch("tiny", "Tiny non-local network (tests)", (r"backbone\.weight$", r"decode_head\.nl_block\."), build,
            lambda state: (MODE, USE_SCALE), {"auxiliary_head": "the auxiliary head"})


class Plain(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem, self.attention = nn.Conv2d(3, 4, 8, 8), BLOCKS["gc"](4, ratio=0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(self.stem(x).relu())


def build_plain(state, answers) -> Rebuilt:
    return Rebuilt(Plain(), dict(state), set(state))


PLAIN = Arch("plain", "Plain network without questions (tests)", (r"stem\.weight$", r"attention\."), build_plain)


def known(monkeypatch=None) -> None:
    """Known are these kinds alone, in this process and in those that read."""
    import nlviz.guarded.reader
    import nlviz.guarded.rebuilding

    put = monkeypatch.setattr if monkeypatch else setattr
    put(nlviz.guarded.rebuilding, "ARCHES", (TINY, PLAIN))
    put(nlviz.guarded.reader, "BEFORE", "from tests.guarded.tiny import known; known()")


def tiny_state(channels: int = 8, seed: int = 0) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    net = Tiny(channels, "embedded_gaussian", True)
    return {name: torch.rand_like(weights) + 0.5 if name.endswith("running_var") else
            torch.randn_like(weights) * 0.3 if weights.is_floating_point() else weights
            for name, weights in net.state_dict().items()}


def tiny_file(path: Path, seed: int = 0) -> Path:
    """As training leaves it: in a wrapper, every name with module., an auxiliary head and an optimiser beside."""
    state = {f"module.{name}": weights for name, weights in tiny_state(seed=seed).items()}
    torch.save({"state_dict": state | {"module.auxiliary_head.conv.weight": torch.zeros(3, 3)}, "optimizer": {"lr": 0.1}}, path)
    return path


def plain_file(path: Path) -> Path:
    torch.manual_seed(1)
    torch.save(Plain().state_dict(), path)
    return path


if __name__ == "__main__":
    print(tiny_file(Path(sys.argv[1])))
