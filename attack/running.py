"""Commands of nlviz as processes of their own, started in a moment from one that has imported what they need."""

import multiprocessing
import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from attack.judging import LIMIT, Answer, Wrong
from attack.server import MOST_MB, family, megabytes

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([f"nlviz.{room}" for room in ("cli", "export", "models", "study", "training", "figures")])


def _command(arguments: list[str], folder: Path, most_bytes: int | None) -> None:
    """In the new process: what the terminal would show goes into the files ``out`` and ``err`` of the folder."""
    os.setsid()
    os.chdir(folder)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    from nlviz.cli import main

    if most_bytes is not None:  # no file may grow beyond it, as if the disk were full
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))
    sys.argv = ["nlviz", *arguments]
    sys.exit(main(arguments))


@dataclass(frozen=True)
class Ran:
    """``code`` is None where it was killed as asked; ``memory`` in MB."""

    code: int | None
    out: str
    err: str
    seconds: float
    memory: float


def command(arguments: list[str], folder: Path, killed_after: float | None = None, most_bytes: int | None = None) -> Ran:
    """Run ``nlviz`` with these arguments in a folder.

    Raises:
        Wrong: it hangs, or takes too much memory.
    """
    process, started, memory = CONTEXT.Process(target=_command, args=(arguments, folder, most_bytes)), time.monotonic(), 0.0
    process.start()
    known = family(process.pid)[:1]
    limit = killed_after if killed_after is not None else 2 * LIMIT
    while process.is_alive() and time.monotonic() - started < limit and memory < MOST_MB:
        memory = max(memory, megabytes(known))
        process.join(min(0.05, max(0.0, limit - (time.monotonic() - started))))
    code = process.exitcode
    if code is None:
        os.killpg(process.pid, signal.SIGKILL) if os.getpgid(process.pid) == process.pid else process.kill()
        process.join()
        if memory >= MOST_MB:
            raise Wrong(f"takes more than {MOST_MB} MB")
        if killed_after is None:
            raise Wrong(f"hangs: not done in {limit:.0f} s")
    out, err = ((folder / name).read_text(errors="replace") if (folder / name).exists() else "" for name in ("out", "err"))
    return Ran(code, out, err, time.monotonic() - started, memory)


def told(ran: Ran) -> Answer:
    """What a command says: nothing but lines of nlviz on stderr, and one of them where it failed.

    Raises:
        Wrong: it crashed, or says something else.
    """
    lines = [line.rpartition("\r")[2].strip() for line in ran.err.splitlines()]
    lines = [line for line in lines if line and "%|" not in line and "it/s]" not in line]
    if "Traceback (most recent call last)" in ran.err:
        raise Wrong(f"traceback: {lines[-1][:160]}")
    if ran.code not in (0, 2):
        raise Wrong(f"crash: exit code {ran.code}")
    if ran.code == 0:
        return Answer(shown=True)
    said = [line.removeprefix("nlviz: ") for line in lines if line.startswith("nlviz: ")]
    if len(said) != len(lines) or not said:
        raise Wrong(f"stderr is not one line of nlviz: {' | '.join(lines)[:160]}")
    return Answer(said[-1])



