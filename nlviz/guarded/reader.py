"""Starts the processes that read checkpoints, keeps them to their limits, and believes nothing of what they say unchecked."""

import atexit
import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from .told import Told

SECONDS = 60  # of computing
PATIENCE = 5 if hasattr(signal, "SIGPROF") else 1  # times as long by the clock: other work may keep the processors
START_SECONDS = 120
SPARE_SECONDS = 600  # that one waits which nobody needs
LONGEST = 2**20  # bytes of an answer
AT_ONCE = 2
ALONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1",
         "CUDA_VISIBLE_DEVICES": ""}  # threads reserve address space each
ROOT = str(Path(__file__).resolve().parents[2])
BEFORE = ""  # a statement that the process runs first


class ReadingError(ValueError):
    """A checkpoint that cannot be used; the message says what came and what to do."""


class Stopped(Exception):
    """Nobody waits for it any more."""


@dataclass(frozen=True)
class Bounds:
    """What a process may take: seconds of computing, bytes of memory beside its libraries', and bytes that it writes."""

    seconds: float
    memory: int
    written: int

    @classmethod
    def of_files(cls, megabytes: int) -> "Bounds":
        """For files of up to so many MB: they, twice as large where float16 becomes float32, as a network, and a copy of it."""
        return cls(SECONDS, (1024 + 6 * megabytes) * 2**20, (2 * megabytes + 16) * 2**20)


class Process:
    """One process, which reads one checkpoint. Its libraries take seconds to load, so it may be started before there is a file."""

    def __init__(self) -> None:
        path = [*(entry for entry in map(str, sys.path) if entry), ROOT]  # never the folder that the program happens to be in
        code = f"import sys; sys.path[:] = {path!a}; {BEFORE}\nfrom nlviz.guarded.worker import serve; serve()"
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-W", "ignore", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, env=os.environ | ALONE, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0))
        self._lines: queue.Queue[bytes] = queue.Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while line := self.process.stdout.readline(LONGEST):
            self._lines.put(line)
        self._lines.put(b"")

    def ask(self, words: dict) -> None:
        with suppress(OSError):  # it has ended, which its next answer says
            self.process.stdin.write(json.dumps(words).encode() + b"\n")
            self.process.stdin.flush()

    def answer(self, seconds: float, wanted: Callable[[], bool]) -> dict:
        """What it says next.

        Raises:
            TimeoutError: it takes longer.
            EOFError: it has ended.
            Stopped: it is wanted no more.
        """
        for _ in range(max(1, round(seconds / 0.2))):
            if not wanted():
                raise Stopped
            with suppress(queue.Empty):
                line = self._lines.get(timeout=0.2)
                found = json.loads(line) if line.endswith(b"\n") else None
                if not isinstance(found, dict):
                    raise EOFError
                return found
        raise TimeoutError

    def end(self) -> int:
        """End it, whatever it does; its exit code."""
        self.process.kill()
        self.process.wait()
        with suppress(OSError):
            self.process.stdin.close()
        return self.process.returncode

    @property
    def late(self) -> bool:
        """Whether the system has ended it for its computing."""
        with suppress(subprocess.TimeoutExpired):
            return self.process.wait(2) == -getattr(signal, "SIGPROF", 0)
        return False


class Reader:
    """Reads strangers' checkpoints, each in a process of its own, two at once."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds, self._spare, self._all = bounds, None, set()
        self._lock, self._slots = threading.Lock(), threading.Semaphore(AT_ONCE)
        atexit.register(self.close)

    def warm(self) -> None:
        """Start a process, which a file will soon come for."""
        with self._lock:
            if self._spare is None or self._spare.process.poll() is not None:
                self._spare = self._start()
                self._later(self._spare)

    def _start(self) -> Process:
        found = Process()
        self._all.add(found)
        return found

    def _later(self, spare: Process) -> None:
        def end() -> None:
            with self._lock:
                unused = self._spare is spare
                self._spare = None if unused else self._spare
            if unused:
                self._drop(spare)
        timer = threading.Timer(SPARE_SECONDS, end)
        timer.daemon = True
        timer.start()

    def read(self, path: Path, file: str, folder: Path,
             wanted: Callable[[], bool] = lambda: True) -> Iterator[tuple[str, float] | Told]:
        """Steps as (what is done, share of the whole), and in the end what was found out; ``clean.safetensors`` lies in the
        folder then, and nothing else of the file is ever opened here.

        Args:
            file: what its visitor calls it.
            wanted: asked again and again whether somebody still waits.

        Raises:
            ReadingError: it cannot be used; the message says why.
            Stopped: it is wanted no more.
        """
        yield "Waiting for its turn", 0.0
        while not self._slots.acquire(timeout=0.2):
            if not wanted():
                raise Stopped
        try:
            with self._lock:
                process, self._spare = self._spare or self._start(), None
            try:
                yield from self._steps(process, path, file, folder, wanted)
            finally:
                self._drop(process)
        finally:
            self._slots.release()

    def _steps(self, process: Process, path: Path, file: str, folder: Path, wanted: Callable) -> Iterator[tuple[str, float] | Told]:
        seconds = START_SECONDS
        try:
            process.answer(seconds, wanted)
            process.ask({"path": str(path), "file": file, "folder": str(folder), "seconds": self.bounds.seconds,
                         "memory": self.bounds.memory, "written": self.bounds.written})
            seconds = PATIENCE * self.bounds.seconds
            while "step" in (said := process.answer(seconds, wanted)):
                yield str(said["step"])[:100], float(said["share"])
            yield self._believed(said, file)
        except (EOFError, TimeoutError, ValueError, TypeError, KeyError) as error:
            if isinstance(error, ReadingError):
                raise
            raise ReadingError(f"{file}: {self._why(process, error)}") from None

    def _believed(self, said: dict, file: str) -> Told:
        if "told" in said:
            try:
                return Told.model_validate_json(json.dumps(said["told"]))
            except ValidationError:
                raise ReadingError(f"{file}: what was found in it is nothing that can be shown. Take another file.") from None
        if "error" in said:
            raise ReadingError(str(said["error"])[:2000])
        if "full" in said:
            raise ReadingError(f"{file}: reading it takes more than {self.bounds.memory / 2**30:.3g} GB of memory. "
                               "Save the network's state_dict alone, in half precision.")
        raise ReadingError(f"{file}: it looks like a network that is known, but does not run ({str(said.get('broken'))[:300]}). "
                           "Save the whole network's state_dict again.")

    def _why(self, process: Process, error: Exception) -> str:
        if isinstance(error, TimeoutError) or process.late:
            return (f"reading it takes longer than {self.bounds.seconds:g} s of computing, the most that is allowed. "
                    "Save the network's state_dict alone.")
        return ("the process that reads checkpoints stopped without a word: the file is broken, or needs more memory than is "
                "allowed. Save the network's state_dict again.")

    def _drop(self, process: Process) -> None:
        self._all.discard(process)
        process.end()

    def close(self) -> None:
        """End all processes."""
        for process in list(self._all):
            self._drop(process)
