"""From where networks come: a bundled name, or LIBRARY:NAME, each with the weights of a file behind it."""

from pathlib import Path

from ..files import printable
from . import dinov2, from_file, from_huggingface, from_python, from_timm, from_torchvision
from .bundled import check_bundled, load_bundled
from .cards import CHECKPOINTS
from .errors import ModelError
from .found import Found
from .minus import MINUS, Minus, sides_of
from .model import Model
from .reading import SUFFIXES
from .weights import digest, fit

LIBRARIES = {"timm": from_timm, "torchvision": from_torchvision, "hf": from_huggingface, "python": from_python}


def is_source(text: str) -> bool:
    """Whether the text says where a network comes from, rather than naming a bundled one."""
    return (text.partition(":")[0] in (*LIBRARIES, "file") and ":" in text) or sides_of(text) is not None


def check_model(text: str) -> None:
    """Raise what :func:`load_model` would where nobody knows the name or its file is not there; nothing is built."""
    if sides := _sides(text):
        for side in sides:
            check_model(side)
        return
    if not is_source(text):
        if text != dinov2.NAME:
            check_bundled(text)
        return
    if text.startswith(from_file.PREFIX):
        from_file.check(text)
        return
    library, name, weights = _parts(text)
    LIBRARIES[library].check(name)
    if weights and not weights.exists():
        raise ModelError(f"{text}: there is no file {weights}")


def load_model(text: str | None = None, folder: Path = CHECKPOINTS, checkpoint: str | Path | None = None,
               arch: str | None = None, **answers: str) -> Model:
    """A network in eval mode, by where it comes from, or from its checkpoint alone.

    Args:
        text: a bundled network with its trained weights, NAME@EPOCH for a snapshot of its training; ``timm:NAME``,
            ``torchvision:NAME``, ``hf:ID-or-folder`` or ``python:package.module:factory``, each perhaps with ``@WEIGHTS``, a
            file of tensors; or ``file:CHECKPOINT?question=answer&...``; or two of these, ``A minus B``, whose maps are the
            differences. It becomes the model's ``name``. Pretrained weights that cannot be had are random, the same ones each
            time: ``card["source"]`` says so and ``card["notes"]`` why.
        folder: of the bundled networks' checkpoints and cards.
        checkpoint: in the place of ``text`` a published network's file, ``.pth``, ``.safetensors`` or the index of one in shards,
            told by its weights' names; docs/your-network.md lists the kinds.
        arch: its kind, where the names do not tell it.
        answers: what a file cannot tell, as ``mode="dot_product"``; ``classes="sky|road|..."`` names its classes.

    Raises:
        KeyError: no bundled network has that name.
        Unanswered: a checkpoint cannot tell something; the message lists what can be answered, and so do its ``questions``.
        ModelError: there is no such network or factory, or the factory raised.
        CheckpointError: a file is missing or broken, its sha256 differs from its card's, or its weights don't fit.
    """
    if (text is None) == (checkpoint is None):
        raise TypeError("load_model takes the name of a network or checkpoint=FILE, one of them")
    if checkpoint is not None:
        text = from_file.name_of(checkpoint, arch, answers)
    elif arch or answers:
        told = ", ".join([*(["arch"] if arch else []), *answers])
        raise TypeError(f"{told}: answers belong to checkpoint=FILE, or behind the ? of file:FILE?question=answer")
    if sides := _sides(text):
        return Minus(*(load_model(side, folder) for side in sides))
    if text.startswith(from_file.PREFIX):
        return from_file.load(text)
    if text == dinov2.NAME:
        return dinov2.load()
    if not is_source(text):
        return load_bundled(text, folder)
    library, name, weights = _parts(text)
    found = LIBRARIES[library].build(name, pretrained=weights is None)
    if weights:
        found.source, found.notes, found.random = fit(found.net, weights)
        found.title += f", {printable(weights.stem)}"
    return _as_model(text, found)


def _sides(text: str) -> tuple[str, str] | None:
    """The names of a difference; None of one network, also where its file's own name says "minus"."""
    if MINUS not in text:
        return None
    try:
        file = from_file.parts_of(text)[0] if text.startswith(from_file.PREFIX) else Path(text.partition("@")[2]).expanduser()
    except ModelError:  # of a difference with answers
        return sides_of(text)
    return None if MINUS in str(file) and file.is_file() else sides_of(text)


def _as_model(text: str, found: Found) -> Model:
    card = {"source": found.source, "sha256": digest(found.net), "notes": found.notes}
    classes, task = (found.classes, found.task) if found.says_something else (None, None)
    return Model(text, found.net, found.preprocess, classes, task, found.title, card, found.frames)


def _parts(text: str) -> tuple[str, str, Path | None]:
    """Library, name, and the file of weights where one is given; a folder may have an @ in its name."""
    library, _, rest = text.partition(":")
    name, at, weights = rest.partition("@")
    if not at or (library == "hf" and Path(rest).is_dir()):
        return library, rest, None
    if not weights.lower().endswith(SUFFIXES):
        raise ModelError(f"{text}: behind the @ stands a file of weights that ends in {', '.join(SUFFIXES)}")
    return library, name, Path(weights).expanduser()
