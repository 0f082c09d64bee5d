"""How every bundled checkpoint is made: ``python -m nlviz train NAME --data DIR``."""

import hashlib
import io
import json
import time
from dataclasses import replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from tqdm import tqdm

from ..capture import capture_blocks
from ..files import write_whole
from ..models import NEW_CHECKPOINTS, Spec, build, get_spec, render_readme, trained
from .data import DATA, TUNED
from .schedules import Schedule, schedule_of


def train(name: str, data: Path, out: Path = NEW_CHECKPOINTS, runs: Path = Path("runs"), seed: int = 0,
          epochs: int | None = None, seeds: int = 1) -> dict:
    """Train a bundled network and write its checkpoint and card into ``out``.

    A killed run goes on from its last whole epoch (kept in ``runs``); the result is the same. Uses a GPU
    where there is one. Snapshots of the schedule are written as NAME@EPOCH.

    Args:
        data: the folder with ``caltech101``, ``msrc``, ``camvid`` and ``FashionMNIST``.
        seed: the network of this one is kept.
        epochs: at least 1; by default those of the network's schedule.
        seeds: how many seeds from ``seed`` on are trained and scored, at least 1.

    Returns:
        The card.

    Raises:
        KeyError: no network has that name.
        OSError: the data set is not in ``data``, or ``out`` cannot be written.
        ValueError: fewer than 1 epoch or seed, or the kept state of a killed run is broken.
    """
    spec = get_spec(name)
    usual = schedule_of(spec)
    schedule = usual if epochs is None else replace(usual, epochs=epochs)
    if epochs is not None and epochs < 1:
        raise ValueError(f"epochs must be at least 1, got {epochs}")
    if seeds < 1:
        raise ValueError(f"seeds must be at least 1, got {seeds}")
    out.mkdir(parents=True, exist_ok=True)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    task = (TUNED if spec.tuned else DATA)[spec.data](data, runs / "features", device, spec.preprocess, schedule.resolutions)
    place = hashlib.sha256(str(data.resolve()).encode()).hexdigest()[:8]
    states = [runs / f"{name}_{s}_{schedule.epochs}_{place}.pt" for s in range(seed, seed + seeds)]
    first, scores = None, []
    for number, state_file in enumerate(states, seed):
        torch.manual_seed(number)
        net = _laid_out(build(spec).to(device))
        seconds = fit(net, task, schedule, number, state_file, device)
        scores.append(task.score(net.eval()))
        first = first or (net, seconds)
    net, seconds = first
    content = _content(net)
    options = {"seed": (seed, 0), "seeds": (seeds, 1), "epochs": (schedule.epochs, usual.epochs)}
    card = {
        "name": name, "block": spec.block, "data": spec.data, "task": spec.task, **scores[0],
        "scores": [s["score"] for s in scores], **measured(spec, net.eval()),
        "epochs": schedule.epochs, "seed": seed, "minutes": round(seconds / 60, 1), "device": device.type,
        "command": " ".join([f"python -m nlviz train {name} --data DIR",
                             *(f"--{key} {value}" for key, (value, default) in options.items() if value != default)]),
        "sha256": hashlib.sha256(content).hexdigest(),
    } | ({"frames": spec.frames} if spec.frames else {})
    kept = [epoch for epoch in schedule.snapshots if epoch < schedule.epochs]
    if kept:
        card["snapshots"] = [_write_snapshot(net, task, _snapshot(states[0], epoch), epoch, out / f"{name}@{epoch}.safetensors")
                             for epoch in kept]
    write_whole(out / f"{name}.safetensors", content)
    write_whole(out / f"{name}.json", (json.dumps(card, indent=2) + "\n").encode())
    cards = [json.loads((out / f"{n}.json").read_text()) for n in trained(out) if (out / f"{n}.json").exists()]
    write_whole(out / "README.md", render_readme(cards).encode())
    for state_file in states:
        for path in runs.glob(f"{state_file.stem}*"):
            path.unlink()
    return card


def _laid_out(these: nn.Module | Tensor) -> nn.Module | Tensor:
    """Channels side by side in memory, which is faster for pictures; networks and batches of clips as they are."""
    tensors = [these] if isinstance(these, Tensor) else these.parameters()
    return these if any(t.dim() == 5 for t in tensors) else these.to(memory_format=torch.channels_last)


def _content(net: nn.Module) -> bytes:
    """What a checkpoint of the network holds."""
    return save({k: v.detach().cpu().clone(memory_format=torch.contiguous_format)  # OCNet saves one layer under two names
                 for k, v in net.trained_state().items()})


def _snapshot(state_file: Path, epoch: int) -> Path:
    """Where the weights after an epoch are kept while training goes on."""
    return state_file.with_name(f"{state_file.stem}@{epoch}.safetensors")


def _write_snapshot(net: nn.Module, task, kept: Path, epoch: int, out: Path) -> dict:
    """Score what was kept, with ``net`` as its vessel, and write it beside the checkpoint."""
    content = kept.read_bytes()
    try:
        net.load_state_dict(load(content), strict=False)  # the frozen backbone is not in it
    except (SafetensorError, RuntimeError) as error:
        raise ValueError(f"{kept} is broken ({type(error).__name__}). Delete all files {kept.stem.partition('@')[0]}* beside it "
                         "to start anew.") from None
    write_whole(out, content)
    return {"epoch": epoch, "score": task.score(net)["score"], "sha256": hashlib.sha256(content).hexdigest()}


@torch.no_grad()  # torch 2.4 counts nothing in inference mode
def measured(spec: Spec, net: nn.Module) -> dict:
    """What a card says of the network's blocks, for one square picture or clip at 448 px or of the fixed size.

    Returns:
        ``parameters``, ``multiply_adds``, and ``grids_at_448``: the query grid of each block's first map.
    """
    preprocess, device = spec.preprocess, next(net.parameters()).device
    frames = [spec.frames] if spec.clips else []
    x = torch.zeros(1, preprocess.channels, *frames, *(preprocess.fixed or (448, 448))[::-1], device=device)
    with capture_blocks(net, dense_bytes=0) as maps:
        net(x)
    calls = [(net.get_submodule(m.layer), m.input) for m in maps if m.number == 0]
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):  # a fused product is not counted
        for block, features in calls:
            block(features)
    return {"parameters": sum(p.numel() for block, _ in calls for p in block.parameters()),
            "multiply_adds": counter.get_total_flops() // 2,
            "grids_at_448": [list(m.query_grid) for m in maps if m.number == 0]}


def fit(net: nn.Module, task, schedule: Schedule, seed: int, state_file: Path, device: torch.device) -> float:
    """Train net in place; returns the seconds it took, restarts included. Snapshots lie beside ``state_file``."""
    epochs = schedule.epochs
    weights = [p for p in net.parameters() if p.requires_grad]
    optimiser = schedule.make_optimiser(weights)
    rate = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs)
    first, seconds = 0, 0.0
    if state_file.exists():
        first, seconds = _resume(state_file, net, optimiser, rate, device)
    if first == 0 and 0 in schedule.snapshots:
        _keep_snapshot(net, state_file, 0)
    for epoch in range(first, epochs):
        started = time.monotonic()
        loss = _one_epoch(net, task, optimiser, epoch, seed, device, f"{state_file.stem} epoch {epoch + 1}/{epochs}")
        rate.step()
        seconds += time.monotonic() - started
        tqdm.write(f"{state_file.stem} epoch {epoch + 1}/{epochs}: loss {loss:.4f}, {seconds:.0f} s")
        if epoch + 1 in schedule.snapshots:
            _keep_snapshot(net, state_file, epoch + 1)
        _keep({"net": net.trained_state(), "optimiser": optimiser.state_dict(), "schedule": rate.state_dict(),
               "epoch": epoch + 1, "seconds": seconds}, state_file)
    return seconds


def _one_epoch(net, task, optimiser, epoch: int, seed: int, device, title: str) -> float:
    torch.manual_seed(seed * 1000 + epoch)  # dropout is the same after a restart
    forward = getattr(net.train(), "head", net)  # bundled networks on a backbone learn from cached features
    total = count = 0
    for x, target in tqdm(task.epoch(epoch, seed), desc=title, unit="batch", leave=False):
        x = _laid_out(x.to(device))
        loss = task.loss(forward(x), target.to(device))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        total, count = total + loss.item(), count + 1
    return total / max(count, 1)


def _resume(path: Path, net: nn.Module, optimiser, rate, device: torch.device) -> tuple[int, float]:
    """Go on from what was kept; returns the epochs and the seconds done."""
    try:
        state = torch.load(path, weights_only=True, map_location=device)
        other = state["net"].keys() != net.trained_state().keys()
        if not other:
            net.load_state_dict(state["net"], strict=False)  # the frozen backbone is not in it
            optimiser.load_state_dict(state["optimiser"])
            rate.load_state_dict(state["schedule"])
        first, seconds = state["epoch"], state["seconds"]
    except Exception as error:  # whatever torch makes of a broken file
        raise ValueError(f"{path} is broken ({type(error).__name__}). Delete it to start anew.") from None
    if other:
        raise ValueError(f"{path} is of another network. Delete it to start anew.")
    return first, seconds


def _keep_snapshot(net: nn.Module, state_file: Path, epoch: int) -> None:
    state_file.parent.mkdir(parents=True, exist_ok=True)
    write_whole(_snapshot(state_file, epoch), _content(net))


def _keep(state: dict, path: Path) -> None:
    """Whole or not at all: where the disk is full, the epoch before stands and the same command goes on from it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    content = io.BytesIO()
    torch.save(state, content)
    write_whole(path, content.getvalue())
