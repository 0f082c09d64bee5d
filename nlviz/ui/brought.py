"""What a visitor brings along: a checkpoint, and the networks that it is with one set of answers or another."""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..guarded import CLEAN, Told
from ..models import MINUS, Model
from .presets import Listed

LONGEST = 120  # characters of a file's name


@dataclass(eq=False)
class File:
    """A checkpoint that a visitor brought: ``path`` is what came, until it is read; then ``folder`` has its tensors alone."""

    number: str
    name: str
    folder: Path
    path: Path
    told: Told | None = None

    @property
    def clean(self) -> Path:
        return self.folder / CLEAN


@dataclass(eq=False)
class Own:
    """A visitor's network: a file with answers. ``name`` is what recipes call it."""

    name: str
    visit: str
    file: File
    answers: Mapping[str, str]
    model: Model | None = None
    used: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def listed(self) -> Listed:
        said = ", ".join(f"{name}: {answer}" for name, answer in self.answers.items()).replace("_", " ")
        return Listed(Path(self.file.name).stem, self.name, data=said, clips=self.file.told.clips)

    @property
    def nbytes(self) -> int:
        tensors = self.model.state_dict().values() if self.model else ()
        return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def file_name(text: str) -> str:
    """A file's name that stays on its line, in an address and in a recipe."""
    plain = "".join("_" if letter in ",;?/\\" or not letter.isprintable() else letter for letter in Path(text).name)
    path = Path(plain.replace(MINUS, "_minus_") or "checkpoint")  # it is no difference
    return path.stem[:LONGEST - len(path.suffix)] + path.suffix[:12]
