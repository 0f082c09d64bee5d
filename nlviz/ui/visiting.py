"""The networks that visitors bring along: each belongs to one visit, is found by it alone, and goes with it."""

import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..guarded import Bounds, Reader, Told, answered
from ..models import Model, name_of
from .brought import File, Own, file_name
from .cache import clear_left, folder_of_server
from .limits import Limits

NAME = "nlviz_networks_"  # then the server's process
CAME = "came"  # in a file's folder: where it lies until it is read
MOST = 3  # files of a visit
GRACE = 30  # seconds after which a visit whose page was closed has ended, unless it asks for something: connections break
IDLE, FRESH = 6 * 3600, 600  # seconds without a request: the visit has ended; its networks give way to those of others
SWEEP = 5  # seconds
MEMORY = 4  # times the largest file: what networks of visitors take together before those unused for longest are loaded anew


@dataclass(eq=False)
class Visit:
    files: dict[str, File] = field(default_factory=dict)
    networks: dict[str, Own] = field(default_factory=dict)
    used: float = field(default_factory=time.monotonic)
    left: float | None = None  # when its page was closed


class Full(ValueError):
    """There is no room for another network; the message says what to do."""


class Visiting:
    """Files and networks by visit.

    Args:
        forget: told a visit and a network's name whose maps are to be kept no more.
    """

    def __init__(self, limits: Limits, forget: Callable[[str, str], None] = lambda visit, name: None):
        self.limits, self._forget = limits, forget
        self.reader = Reader(Bounds.of_files(limits.checkpoint_mb))
        self._visits: dict[str, Visit] = {}
        self._lock = threading.RLock()
        self._folder: Path | None = None
        clear_left(NAME)

    # ------------------------------------------------------------------------------------------------ files

    def incoming(self, visit: str, name: str) -> File:
        """A place for a file that is about to come, in a folder of this visit.

        Raises:
            Full: the visit, or all together, have as many already.
        """
        with self._lock:
            here = self._visits.setdefault(visit, Visit())
            self.touch(visit)
            self._drop_unused(visit, here)
            self._make_room(here)
            number = secrets.token_hex(8)
            folder, name = self._root() / secrets.token_hex(8), file_name(name)
            (folder / CAME).mkdir(parents=True)
            file = here.files[number] = File(number, name, folder, folder / CAME / name)
            return file

    def _make_room(self, here: Visit) -> None:
        if len(here.files) >= MOST:
            raise Full(f"{MOST} of your networks are here already. Remove one first.")
        kept = [(one.used, name) for name, one in self._visits.items() if one.files]
        if sum(len(one.files) for one in self._visits.values()) >= max(MOST, self.limits.visits):
            oldest, name = min(kept)
            if time.monotonic() - oldest < FRESH:
                raise Full("Many visitors have networks here. Try again later.")
            self.end(name)

    def _drop_unused(self, visit: str, here: Visit) -> None:
        """A file that is compared nowhere gives way to the next."""
        for file in list(here.files.values()):
            if not any(own.file is file for own in here.networks.values()):
                self._drop(here, file)

    def _root(self) -> Path:
        if self._folder is None:
            self._folder = folder_of_server(NAME)
            threading.Thread(target=self._sweep, daemon=True).start()
        return self._folder

    def file(self, visit: str, number: str) -> File | None:
        with self._lock:
            here = self._visits.get(visit)
            return here and here.files.get(number)

    def read(self, visit: str, file: File, wanted: Callable[[], bool]) -> Iterator[tuple[str, float]]:
        """What is done meanwhile; then ``file.told`` says what it is, and the file that came is gone.

        Raises:
            ReadingError: it cannot be used, and is gone.
            Stopped: it is wanted no more, and is gone.
        """
        def still() -> bool:
            return wanted() and self.file(visit, file.number) is file

        try:
            for said in self.reader.read(file.path, file.name, file.folder, still):
                if isinstance(said, Told):
                    file.told = said
                else:
                    yield said
        finally:
            shutil.rmtree(file.path.parent, ignore_errors=True)
            if file.told is None:
                self.drop(visit, file)

    def drop(self, visit: str, file: File) -> None:
        """Forget a file that did not come, or cannot be used."""
        with self._lock:
            self._drop(self._visits.get(visit, Visit()), file)

    def _drop(self, here: Visit, file: File) -> None:
        here.files.pop(file.number, None)
        shutil.rmtree(file.folder, ignore_errors=True)

    # ------------------------------------------------------------------------------------------------ networks

    def add(self, visit: str, file: File, answers: Mapping[str, str], taken: set[str]) -> Own:
        """The file with these answers as one of the visit's networks.

        Args:
            taken: names of the page's own.

        Raises:
            ValueError: a question is open, or an answer is none of its options.
        """
        for question in file.told.questions:
            if question.name not in answers:
                raise ValueError(f"Answer this first: {question.sentence}")
            if answers[question.name] not in [option for option, _ in question.options]:
                raise ValueError(f"There is no such answer: {question.sentence}")
        known = {question.name: answers[question.name] for question in file.told.questions}
        with self._lock:
            here = self._visits[visit]
            if found := next((own for own in here.networks.values() if own.file is file and own.answers == known), None):
                return found
            if len(here.networks) >= self.limits.networks:
                raise ValueError(f"{self.limits.networks} of your networks are here already. Remove one first.")
            name, number = name_of(file.name, None, known), 1
            while name in taken or name in here.networks:
                number += 1
                stem, suffix = Path(file.name).stem, Path(file.name).suffix
                name = name_of(f"{stem} ({number}){suffix}", None, known)
            own = here.networks[name] = Own(name, visit, file, known)
            return own

    def remove(self, visit: str, name: str) -> None:
        """Forget a network, and its file where no other has it."""
        with self._lock:
            here = self._visits.get(visit)
            own = here and here.networks.pop(name, None)
            if own:
                self._unload(own)
                if not any(other.file is own.file for other in here.networks.values()):
                    self._drop(here, own.file)

    def of(self, visit: str) -> list[Own]:
        """The visit's networks, in the order in which they came."""
        with self._lock:
            here = self._visits.get(visit)
            if here is None:
                return []
            here.used = time.monotonic()
            return list(here.networks.values())

    def find(self, visit: str, name: str) -> Own | None:
        return next((own for own in self.of(visit) if own.name == name), None)

    def model(self, own: Own) -> Model:
        """The network, built where it is not in memory; then those unused for longest may leave it.

        Raises:
            CheckpointError: the weights are not those of such a network.
        """
        with own.lock:
            own.used = time.monotonic()
            if own.model is None:
                own.model = answered(own.file.clean, own.file.told, own.answers, own.name)
            model = own.model
        with self._lock:
            loaded = sorted((one for here in self._visits.values() for one in here.networks.values() if one.model),
                            key=lambda one: one.used)
            while sum(one.nbytes for one in loaded) > MEMORY * self.limits.checkpoint_mb * 2**20 and loaded[0] is not own:
                self._unload(loaded.pop(0))
        return model

    def _unload(self, own: Own) -> None:
        own.model = None
        self._forget(own.visit, own.name)

    # ------------------------------------------------------------------------------------------------ the end of a visit

    def touch(self, visit: str) -> None:
        """The visit asks for something: its page is open."""
        with self._lock:
            if here := self._visits.get(visit):
                here.used, here.left = time.monotonic(), None

    def leave(self, visit: str) -> None:
        """Its page was closed, or the connection broke."""
        with self._lock:
            if visit in self._visits:
                self._visits[visit].left = time.monotonic()

    def end(self, visit: str) -> None:
        """Forget all that it brought along."""
        with self._lock:
            here = self._visits.pop(visit, None)
            if here:
                for own in here.networks.values():
                    self._unload(own)
                for file in list(here.files.values()):
                    self._drop(here, file)

    def sweep(self, now: float) -> None:
        """End the visits whose page was closed a while ago, and those that asked for nothing in hours."""
        with self._lock:
            for visit, here in list(self._visits.items()):
                if (here.left is not None and now - here.left > GRACE) or now - here.used > IDLE:
                    self.end(visit)

    def _sweep(self) -> None:
        while self._folder.is_dir():
            self.sweep(time.monotonic())
            time.sleep(SWEEP)
