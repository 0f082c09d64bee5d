"""A network from its checkpoint alone: ``file:FILE?question=answer&...``."""

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from torch import nn

from ..blocks import Block
from ..pictures import Preprocess
from .errors import CheckpointError, ModelError
from .found import seeded
from .model import Model
from .reading import AGAIN, Checkpoint, read_checkpoint
from .untrained import untrained
from .weights import check_numbers, digest, random_words, some
from .zoo import ARCHES, NORMALISATION, PIXELS, Answers, Rebuilt, Recognised, check_answers, class_names, recognise

PREFIX = "file:"
ARCH, CLASSES, INSIDE = "arch", "classes", "inside"  # answers to what is not asked
BETWEEN = "|"  # names of classes


def name_of(path: Path | str, arch: str | None = None, answers: Mapping[str, object] | None = None) -> str:
    """The name under which :func:`load_model` finds the network again."""
    told = {ARCH: arch} if arch else {}
    query = urlencode(told | {name: _as_text(name, answer) for name, answer in (answers or {}).items()}, safe=BETWEEN + ":/")
    return f"{PREFIX}{path}" + (f"?{query}" if query else "")


def _as_text(name: str, answer: object) -> str:
    """An answer of Python as one types it: True is yes, (1, 2, 2) is 1x2x2, and names have | between them."""
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    return (BETWEEN if name == CLASSES else "x").join(map(str, answer)) if isinstance(answer, (list, tuple)) else str(answer)


def parts_of(text: str) -> tuple[Path, str | None, dict[str, str]]:
    """File, kind and answers of a ``file:`` name; ModelError where what stands behind the ? is none."""
    rest = text.removeprefix(PREFIX)
    path, mark, query = rest.rpartition("?") if "?" in rest and not os.path.exists(rest) else (rest, "", "")
    pairs = parse_qsl(query, keep_blank_values=True)
    if mark and (len(dict(pairs)) != len(pairs) or [len(pair.split("=")) for pair in query.split("&")] != [2] * len(pairs)):
        raise ModelError(f"{text}: expected question=answer&question=answer behind the ?, each once; got {query!r}")
    answers = dict(pairs)
    if not path:
        raise ModelError(f"{text}: expected file:CHECKPOINT, a file's name")
    return Path(path).expanduser(), answers.pop(ARCH, None), answers


def check(text: str) -> None:
    """Raise what :func:`load` would before it reads weights."""
    path, _, _ = parts_of(text)
    if not path.exists():
        raise ModelError(f"{text}: there is no file {path}" + ("" if path.is_absolute() else f" in {Path.cwd()}"))


def load(text: str) -> Model:
    """A network from its checkpoint, see :func:`nlviz.load_model`."""
    check(text)
    path, arch, answers = parts_of(text)
    return rebuilt_model(recognise(read_checkpoint(path, answers.get(INSIDE)), ARCHES, arch), answers, text)


def rebuilt_model(recognised: Recognised, answers: Answers, name: str | None = None) -> Model:
    """The network of a checkpoint that was recognised, in eval mode; its card says what was missing and what was left out.

    Args:
        answers: to ``recognised.questions``; ``classes`` may name its classes, with | between them; ``inside`` says which part of
            the file was read, see :func:`read_checkpoint`.
        name: of the model, and of how to answer.

    Raises:
        Unanswered: a question is open.
        CheckpointError: an answer is none of its options, or the weights are not those of such a network.
    """
    file, name = recognised.checkpoint.name, name or name_of(recognised.checkpoint.name)
    given = dict(answers)
    named, inside = given.pop(CLASSES, None), given.pop(INSIDE, None)
    path, arch, _ = parts_of(name) if name.startswith(PREFIX) else (Path(file), None, {})
    check_answers(recognised, given, lambda told: name_of(path, arch, told | ({INSIDE: inside} if inside else {})))
    try:
        rebuilt = seeded(lambda: recognised.arch.build(recognised.state, given))
    except (ValueError, KeyError, IndexError, RuntimeError, TypeError) as error:
        why = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise CheckpointError(f"{file} looks like {recognised.title}, but {why}") from None
    if recognised.arch.pixels:
        _prepare(rebuilt, given[NORMALISATION.name])
    if rebuilt.task == "segmentation" and rebuilt.classes == 1:
        rebuilt.task = rebuilt.classes = None
        rebuilt.notes.append("It has one output channel, of which no classes can be told: its segmentation is not drawn")
    source, notes = _put_in(rebuilt, recognised)
    classes, whose = _classes(rebuilt, named, recognised.checkpoint)
    card = {"source": source, "sha256": digest(rebuilt.net),
            "notes": [*notes, *rebuilt.notes, *whose, *untrained(rebuilt.net)]}
    return Model(name, rebuilt.net, _preprocess(rebuilt), classes, rebuilt.task, Path(file).stem.removesuffix(".safetensors"), card,
                 rebuilt.frames or None)


def _prepare(rebuilt: Rebuilt, normalisation: str) -> None:
    """Pixels as the user says; where they were BGR the first convolution's weights are turned round, so that it takes RGB."""
    rebuilt.mean, rebuilt.std = PIXELS[normalisation]
    if normalisation == "caffe":
        first = next(name for name, module in rebuilt.net.named_modules() if getattr(module, "in_channels", None) == 3)
        rebuilt.state[f"{first}.weight"] = rebuilt.state[f"{first}.weight"].flip(1)


def _put_in(rebuilt: Rebuilt, recognised: Recognised) -> tuple[str, list[str]]:
    """Load what came; where the weights come from in a phrase, and what did not fit, each in a sentence."""
    file, own = recognised.checkpoint.name, rebuilt.net.float().state_dict()
    needed = [key for key, weights in own.items() if weights.is_floating_point()]
    fitting = {key: came for key, came in rebuilt.state.items() if key in own and came.shape == own[key].shape}
    if not any(own[key].is_floating_point() for key in fitting):
        raise CheckpointError(f"nothing in {file} fits {recognised.title}: expected tensors such as {some(needed)}; it holds "
                              f"{some(list(recognised.state))}")
    check_numbers(fitting, own, file, AGAIN)
    rebuilt.net.load_state_dict(own | fitting)
    random = [key for key in needed if key not in fitting]
    missing, other = [[key for key in random if (key in rebuilt.state) is there] for there in (False, True)]
    shapes = ", ".join(f"{key} {tuple(rebuilt.state[key].shape)} instead of {tuple(own[key].shape)}" for key in other)
    notes = [words for there, words in (
        (missing, f"{file} lacks {len(missing)} of {len(needed)} tensors, which are random: {', '.join(missing)}"),
        (other, f"{file} has {len(other)} of another shape, which are random: {shapes}"),
        (_ignored(recognised, rebuilt), f"Of {file} are left out: {', '.join(_ignored(recognised, rebuilt))}")) if there]
    notes += [f"The map of {layer} is random: its weights are not in {file}" for layer in _random_blocks(rebuilt.net, random)]
    return f"{recognised.title}, weights of {file}" + (f", {random_words(random, len(needed))}" if random else ""), notes


def _ignored(recognised: Recognised, rebuilt: Rebuilt) -> list[str]:
    """What of the file is in no part of the network: by its kind, else by the first part of its name."""
    parts: dict[str, int] = {}
    for key in recognised.state:
        if key in rebuilt.used or key.endswith("num_batches_tracked"):
            continue
        words = next((words for part, words in recognised.arch.ignored.items() if key.startswith(part)), _part_of(key))
        parts[words] = parts.get(words, 0) + 1
    outside = len(recognised.checkpoint.state) - len(recognised.state)
    return [f"{words} ({count} tensors)" for words, count in parts.items()] + list(recognised.checkpoint.also) \
        + [f"all outside of {recognised.part} ({outside} tensors)"] * bool(outside)


def _part_of(key: str) -> str:
    """The first word of a name; of buffers, as those of mmcv's moving averages, up to their first _."""
    return key.partition(".")[0] if "." in key else f"{key.partition('_')[0]}_..."


def _random_blocks(net: nn.Module, random: list[str]) -> list[str]:
    blocks = [name for name, module in net.named_modules() if isinstance(module, Block)]
    return [name for name in blocks if any(key.startswith(f"{name}.") for key in random)]


def _preprocess(rebuilt: Rebuilt):
    if rebuilt.preprocess is not None:
        return rebuilt.preprocess
    return Preprocess(stride=rebuilt.stride, mean=rebuilt.mean, std=rebuilt.std, clips=rebuilt.frames != 0)


def _classes(rebuilt: Rebuilt, named: str | None, checkpoint: Checkpoint) -> tuple[list[str] | None, list[str]]:
    """Names of what it tells apart: those that were given, that the file has, of the data set with as many, or numbers; and whose
    they are."""
    if rebuilt.classes is None:
        return None, []
    if named is not None:
        names = named.split(BETWEEN)
        if len(names) != rebuilt.classes or not all(names):
            raise CheckpointError(f"{checkpoint.name} tells {rebuilt.classes} classes apart; {len(names)} names were given, "
                                  f"with {BETWEEN} between them")
        return names, []
    if len(checkpoint.classes or ()) == rebuilt.classes:
        return checkpoint.classes, []
    if rebuilt.names:
        return list(rebuilt.names), []
    if known := class_names(rebuilt.classes, rebuilt.task):
        return list(known.names), [f"Its {rebuilt.classes} classes are called as those of {known.source}, which has as many; "
                                   f"{CLASSES}=NAME{BETWEEN}NAME... gives other names"]
    numbered = [f"class {number}" for number in range(rebuilt.classes)]
    return numbered, [f"Nobody knows what its {rebuilt.classes} classes are; {CLASSES}=NAME{BETWEEN}NAME... names them"]
