"""What each kind of attack has at hand."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from typing import TypeVar

from attack.running import Ran
from attack.server import Server

Kind = TypeVar("Kind")


@dataclass
class Field:
    """A place for files, a source of chance, and how much is tried: ``count`` times the usual numbers.

    Attributes:
        memory: MB, the most that a command held.
        notes: further figures of the kind.
    """

    folder: Path
    random: random.Random
    count: float = 1.0
    memory: float = 0.0
    notes: list[str] = field(default_factory=list)
    _server: Server | None = None

    @property
    def server(self) -> Server:
        """The page, started when it is first needed."""
        if self._server is None:
            self._server = Server(self.folder)
        return self._server

    @property
    def served(self) -> bool:
        return self._server is not None

    def usual(self, number: int) -> int:
        return max(1, round(number * self.count))

    def chosen(self, kinds: Sequence[Kind], number: int) -> list[Kind]:
        """So many of the kinds, in any order, again and again where there are fewer."""
        mixed = self.random.sample(list(kinds), len(kinds))
        return list(islice(cycle(mixed), self.usual(number)))

    def held(self, ran: Ran) -> Ran:
        """The command, its memory noted."""
        self.memory = max(self.memory, ran.memory)
        return ran

    def place(self, name: str) -> Path:
        """A new folder."""
        found = self.folder / f"{name}{len(list(self.folder.iterdir()))}"
        found.mkdir()
        return found
