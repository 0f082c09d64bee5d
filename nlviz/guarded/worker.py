"""The process that reads one checkpoint of a stranger: a file in, clean tensors and what was found out, and it ends."""

import json
import os
import re
import signal
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from ..analysis import analyse
from ..models import Checkpoint, CheckpointError, Model, Recognised, read_checkpoint, rebuilt_model, save_clean
from ..pictures import noise
from .rebuilding import recognised_of
from .told import CLEAN, MOST, TRIED, shortened

try:
    import resource
except ImportError:  # Windows
    resource = None

MOST_TENSORS, LONGEST_NAME = 20_000, 300

FRAMES = 8  # of a clip on which a network is tried that takes any number
PAIRWISE = ("gaussian", "embedded_gaussian", "dot_product", "concatenation")
FULL = ("can't allocate memory", "not enough memory", "Cannot allocate memory", "bad_alloc")


def serve() -> None:
    """Read the one checkpoint that is named on the input, and say what it is; each message is a line of JSON."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program; when it ends, so does the input
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever is printed is no answer
    warnings.simplefilter("ignore")

    def say(**words: object) -> None:
        answers.write(json.dumps(words) + "\n")
        answers.flush()

    say(ready=True)
    line = sys.stdin.readline()
    if line:
        asked = json.loads(line)
        _limit(asked)
        _answer(asked, say)


def _limit(asked: dict) -> None:
    """From now on the system ends this process beyond what is allowed."""
    if hasattr(signal, "SIGPROF"):  # not on Windows
        signal.setitimer(signal.ITIMER_PROF, asked["seconds"])
    if resource is None:
        return
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, 64), (resource.RLIMIT_FSIZE, asked["written"]),
                       (resource.RLIMIT_AS, _address_space() + asked["memory"])):
        try:
            resource.setrlimit(kind, (most, most))
        except (OSError, ValueError):  # macOS has no limit of address space, and a lower one is kept
            pass


def _address_space() -> int:
    """Bytes that the libraries have reserved."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _answer(asked: dict, say: Callable) -> None:
    try:
        say(told=_told(asked, say))
    except Exception as error:  # whatever a hostile file makes of a network
        if isinstance(error, MemoryError) or any(words in str(error) for words in FULL):
            say(full=True)
        elif isinstance(error, CheckpointError):
            say(error=_without_python(str(error)))
        else:
            say(broken=f"{error}" if isinstance(error, ValueError) else f"{type(error).__name__}: {error}")


def _without_python(words: str) -> str:
    """A message without what a script would type: patterns of names, ``arch=``."""
    words = re.sub(r" \(arch=\w+; names such as .*?\)(?=[.,]|$)", "", words)
    return re.sub(r"Give its kind as arch, .*", "Another network is shown in Python: nlviz.launch(models={...}).", words)


def _told(asked: dict, say: Callable) -> dict:
    """What the file is; its tensors lie in the folder then."""
    say(step="Reading its tensors", share=0.1)
    checkpoint = read_checkpoint(Path(asked["path"]))
    checkpoint.name = asked["file"]
    checkpoint.state = _checked(checkpoint, asked["written"])
    say(step="Recognising it", share=0.5)
    recognised = recognised_of(checkpoint)
    save_clean(checkpoint, Path(asked["folder"]) / CLEAN)
    say(step="Trying it on a small picture", share=0.7)
    usual = {question.name: question.usual for question in recognised.questions}
    model = rebuilt_model(recognised, usual)
    attention, counts = _tried(model)
    if "mode" in usual:  # which of them it is, is still open
        attention = [one | {"block": "non-local" if one["block"] in PAIRWISE else one["block"]} for one in attention]
    return _described(recognised, model, attention, counts)


def _checked(checkpoint: Checkpoint, most: int) -> dict[str, torch.Tensor]:
    """The tensors, where there are not too many: a tensor of few numbers may say that it repeats them a million million times."""
    state = checkpoint.state
    if len(state) > MOST_TENSORS or any(len(name) > LONGEST_NAME for name in state):
        raise CheckpointError(f"{checkpoint.name} holds {len(state):,} tensors; expected at most {MOST_TENSORS:,}, with names of "
                              f"up to {LONGEST_NAME} characters. Save the network's state_dict alone")
    size = sum(tensor.numel() * tensor.element_size() for tensor in state.values())
    if size > most:
        raise CheckpointError(f"{checkpoint.name} says that it holds tensors of {size / 2**20:,.0f} MB; at most "
                              f"{most / 2**20:,.0f} MB are read here")
    return {name: tensor.to_dense() if tensor.layout is not torch.strided else tensor for name, tensor in state.items()}


def _tried(model: Model) -> tuple[list[dict], list[int]]:
    """Where the attention of a pass is, and how many operations passes take."""
    counts, maps = [], []
    for side in TRIED:
        frames = (model.frames or FRAMES) if model.clips else 0
        with FlopCounterMode(display=False) as counted:
            analysis = analyse(model, noise(side, frames), side)
        counts.append(counted.get_total_flops())
        found = Counter((placed.nl_map.layer, placed.nl_map.block) for placed in analysis.maps)
        maps = [{"layer": shortened(layer), "block": shortened(block), "maps": count} for (layer, block), count in found.items()]
    return maps, counts


def _described(recognised: Recognised, model: Model, attention: list[dict], counts: list[int]) -> dict:
    checkpoint = recognised.checkpoint
    state = checkpoint.state
    kinds = Counter(str(tensor.dtype).removeprefix("torch.") for tensor in state.values() if tensor.is_floating_point())
    questions = [{"name": question.name, "sentence": question.sentence, "usual": question.usual,
                  "options": sorted(question.options.items(), key=lambda option: option[0] != question.usual)}
                 for question in recognised.questions]
    numbers, precision = sum(tensor.numel() for tensor in state.values()), (kinds.most_common(1) or [("none", 0)])[0][0]
    return {"file": checkpoint.name, "title": recognised.title, "arch": recognised.arch.name, "tensors": len(state),
            "numbers": numbers, "precision": precision, "questions": questions, "attention": attention, "says": _says(model),
            "classes": checkpoint.classes and [shortened(name) for name in checkpoint.classes],
            "notes": _some(model.card["notes"]), "clips": model.clips, "operations": counts,
            "frames": (model.frames or FRAMES) if model.clips else 0}


def _some(sentences: list[str]) -> list[str]:
    return [shortened(sentence) for sentence in sentences[:MOST]]


def _says(model: Model) -> str:
    if model.classes is None or model.task is None:
        return "features alone, so it has no prediction"
    return f"{model.task}, {len(model.classes)} classes: {shortened(', '.join(model.classes[:4]))}, ..."
