"""The checkpoint that was read, as a network: in the process that tries it, and again where it is shown."""

from collections.abc import Mapping
from pathlib import Path

from ..models import ARCHES, Checkpoint, Model, Recognised, read_checkpoint, rebuilt_model, recognise
from .told import Told


def recognised_of(checkpoint: Checkpoint, arch: str | None = None) -> Recognised:
    """What it is; CheckpointError where it is of no kind that is known.

    Args:
        arch: the kind that it was found to be: then its names, of which there may be many, are compared with no other's.
    """
    return recognise(checkpoint, [one for one in ARCHES if arch in (None, one.name)])


def kinds() -> list[str]:
    """Titles of the kinds that are known."""
    return list(dict.fromkeys(arch.title for arch in ARCHES))


def answered(path: Path, told: Told, answers: Mapping[str, str], name: str) -> Model:
    """The network of a clean file of which that was told; it is called ``name``.

    Raises:
        CheckpointError: as :func:`nlviz.models.rebuilt_model` does.
    """
    checkpoint = read_checkpoint(path)
    checkpoint.name, checkpoint.classes = told.file, told.classes
    return rebuilt_model(recognised_of(checkpoint, told.arch), answers, name)
