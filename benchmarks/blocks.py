"""Every block beside the plainest PyTorch of its equation and beside timm's and torchvision's: python -m benchmarks.blocks.

Forward passes of one float32 picture in inference mode with the same weights, checked equal first, then run in turn. Times are
those that the CPU worked, on one thread, so that a busy machine distorts them little: medians; a ratio is the median of the
ratios of neighbouring runs.

Memory is the most that PyTorch's CPU allocator had handed out at once during one forward pass, the output and what operators
use inside included, x and weights not. It is counted from the allocator's own events (``torch.profiler``), the same in every
run. Peak RSS of a fresh process, which also counts what MKL and oneDNN allocate themselves, was 6 to 27 MiB above it for the
three blocks compared: more than most blocks take at 28 x 28.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from time import thread_time

import timm.layers
import torch
import torchvision
from torch import Tensor, nn
from torch.profiler import ProfilerActivity, profile

from benchmarks.plain import PLAIN
from nlviz.blocks import BLOCKS, Block

CHANNELS, GRIDS = 128, (28, 97)
LIMIT = 4096  # MiB of one tensor
ALL_KEYS = "embedded_gaussian, all keys"  # not max-pooled, as timm's


def randomised(module: nn.Module) -> nn.Module:
    """Weights changed at random: what starts at zero would hide a wrong map."""
    with torch.no_grad():
        for weight in module.parameters():
            weight.add_(torch.randn_like(weight) * 0.05)
    return module.eval()


def copied(theirs: nn.Module, ours: nn.Module, names: dict[str, str]) -> nn.Module:
    """Their module with the weights of ours; ``names`` are theirs and ours of the layers."""
    for their_name, our_name in names.items():
        state = ours.get_submodule(our_name).state_dict()
        theirs.get_submodule(their_name).load_state_dict({k: v.flatten() if "norm" in their_name else v for k, v in state.items()})
    return theirs.eval()


def timm_non_local(block: Block) -> nn.Module:
    theirs = timm.layers.NonLocalAttn(CHANNELS, use_scale=False, rd_channels=block.inter_channels)
    return copied(theirs, block, {"t": "theta", "p": "phi", "g": "g", "z": "W.0", "norm": "W.1"})


def timm_global_context(block: Block) -> nn.Module:
    theirs = timm.layers.GlobalContext(CHANNELS, fuse_add=True, fuse_scale=False, rd_ratio=1 / 16)
    theirs.mlp_add.norm.eps = block.channel_add_conv[1].eps
    return copied(theirs, block, {"conv_attn": "conv_mask", "mlp_add.fc1": "channel_add_conv.0",
                                  "mlp_add.norm": "channel_add_conv.1", "mlp_add.fc2": "channel_add_conv.3"})


def timm_se(block: Block) -> nn.Module:
    return copied(timm.layers.SEModule(CHANNELS), block, {"fc1": "fc1", "fc2": "fc2"})


def torchvision_se(block: Block) -> nn.Module:
    return copied(torchvision.ops.SqueezeExcitation(CHANNELS, CHANNELS // 16), block, {"fc1": "fc1", "fc2": "fc2"})


TITLES = {**{name: (name, {}) for name in BLOCKS}, ALL_KEYS: ("embedded_gaussian", {"sub_sample": False})}
LIBRARIES = {ALL_KEYS: {"timm NonLocalAttn": timm_non_local}, "gc": {"timm GlobalContext": timm_global_context},
             "se": {"timm SEModule": timm_se, "torchvision SqueezeExcitation": torchvision_se}}


def peers(title: str, size: int) -> Iterator[tuple[Block, str, Callable[[Tensor], Tensor]]]:
    """(the block, its peer's title, its peer), once for every peer."""
    name, options = TITLES[title]
    block = randomised(BLOCKS[name](CHANNELS, **({"grid": (size, size)} if name.startswith("rga") else options)))
    yield block, "plain", partial(PLAIN[name], block)
    for peer, make in LIBRARIES.get(title, {}).items():
        yield block, peer, make(block)


def largest(name: str, size: int) -> float:
    """MiB of the plain form's largest tensor where that is larger than a map: the pairs of the concatenation."""
    return size**2 * (size // 2) ** 2 * CHANNELS * 4 / 2**20 if name == "concatenation" else 0


def peak(function: Callable[[], object]) -> float:
    """MiB: the most that the allocator had handed out at once."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        function()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trace.json"
        profiler.export_chrome_trace(str(path))
        events = [event for event in json.loads(path.read_text())["traceEvents"] if event["name"] == "[memory]"]
    held = most = 0
    for event in sorted(events, key=lambda event: event["ts"]):
        held += event["args"]["Bytes"]
        most = max(most, held)
    return most / 2**20


def milliseconds(function: Callable[[], object]) -> float:
    started = thread_time()
    function()
    return 1000 * (thread_time() - started)


def in_turn(ours: Callable, peer: Callable, least: int = 5, most: int = 300, budget: float = 2000) -> list[tuple[float, float]]:
    """Milliseconds of both, again and again: ``most`` times, or as often as the budget of milliseconds allows."""
    pairs = []
    while len(pairs) < least or (len(pairs) < most and sum(map(sum, pairs)) < budget):
        pairs.append((milliseconds(ours), milliseconds(peer)))
    return pairs


@torch.inference_mode()
def compare(block: Block, peer: Callable[[Tensor], Tensor], x: Tensor) -> str:
    """A line of the table from its third column on."""
    torch.testing.assert_close(block(x), peer(x), rtol=1e-3, atol=1e-4)
    pairs = in_turn(lambda: block(x), lambda: peer(x))
    memory = peak(lambda: block(x)), peak(lambda: peer(x))
    return (f"{median(a for a, _ in pairs):10.2f}{median(b for _, b in pairs):10.2f}{median(a / b for a, b in pairs):8.2f}"
            f"{memory[0]:10.1f}{memory[1]:10.1f}{memory[0] / memory[1]:8.2f}")


def compare_blocks() -> None:
    """Print times and memory of every block and its peers, and their ratios."""
    os.environ["KINETO_LOG_LEVEL"] = "99"  # the profiler writes a line to stderr for every start and stop
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.empty(31 * 2**20, dtype=torch.uint8)  # freed at once: from now on glibc keeps what is smaller, as in a long run
    torch.manual_seed(0)
    for size in GRIDS:
        print(f"\nForward pass of a block, C = {CHANNELS}, {size} x {size} positions, milliseconds of one thread: block, peer, "
              "ratio; peak memory, MiB: block, peer, ratio")
        for title in TITLES:
            for block, peer_title, peer in peers(title, size):
                x, needed = torch.randn(1, CHANNELS, size, size) * 0.3, largest(title, size)
                line = f"  not feasible: {needed:.0f} MiB" if needed > LIMIT else compare(block, peer, x)
                print(f"  {title:30}{peer_title:32}{line}", flush=True)
    torch.set_num_threads(threads)


if __name__ == "__main__":
    compare_blocks()
