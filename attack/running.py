"""Commands of nlviz as processes of their own, started in a moment from one that has imported what they need."""

import multiprocessing
import os
import re
import resource
import signal
import sys
import threading
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from attack.judging import LIMIT, Answer, Wrong
from attack.server import MOST_MB, family, megabytes

PROGRESS = re.compile(r"\[\d+:\d\d[<,]")  # a bar of tqdm
CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([f"nlviz.{room}" for room in ("cli", "export", "models", "study", "training", "figures")])


def _command(arguments: list[str], folder: Path, most_bytes: int | None, told: Connection) -> None:
    """In the new process; stderr goes through a pipe, as a full disk does not stop it."""
    os.setsid()
    os.chdir(folder)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os.dup2(told.fileno(), 2)
    told.close()
    from nlviz.cli import main

    if most_bytes is not None:  # no file may grow beyond it, as if the disk were full
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, resource.RLIM_INFINITY))
    sys.argv = ["nlviz", *arguments]
    sys.exit(main(arguments))


@dataclass(frozen=True)
class Ran:
    """``code`` is None where it was killed, ``fault`` says why where nobody asked for it; ``memory`` in MB."""

    code: int | None
    err: str
    seconds: float
    memory: float
    fault: str = ""


def command(arguments: list[str], folder: Path, killed_after: float | None = None, most_bytes: int | None = None) -> Ran:
    """Run ``nlviz`` with these arguments in a folder."""
    listening, told = CONTEXT.Pipe(duplex=False)
    process, started, memory = CONTEXT.Process(target=_command, args=(arguments, folder, most_bytes, told)), time.monotonic(), 0.0
    process.start()
    told.close()
    said: list[bytes] = []
    reader = threading.Thread(target=_read, args=(listening, said), daemon=True)
    reader.start()
    known = family(process.pid)[:1]
    limit = killed_after if killed_after is not None else 2 * LIMIT
    while process.is_alive() and time.monotonic() - started < limit and memory < MOST_MB:
        memory = max(memory, megabytes(known))
        process.join(min(0.05, max(0.0, limit - (time.monotonic() - started))))
    code, fault = process.exitcode, ""
    if code is None:
        _kill(process)
        fault = f"takes more than {MOST_MB} MB" if memory >= MOST_MB else f"hangs: not done in {limit:.0f} s"
        fault = fault if memory >= MOST_MB or killed_after is None else ""
    reader.join(5)
    return Ran(code, b"".join(said).decode("utf-8", "replace"), time.monotonic() - started, memory, fault)


def _read(pipe: Connection, said: list[bytes]) -> None:
    while part := os.read(pipe.fileno(), 2**16):
        said.append(part)


def _kill(process: BaseProcess) -> None:
    """With all that it started, if it has come so far as to have a group of its own."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        process.kill()
    process.join()


def told(ran: Ran) -> Answer:
    """What a command says: nothing but lines of nlviz on stderr, and one of them where it failed.

    Raises:
        Wrong: it crashed, hung, or says something else.
    """
    if ran.fault:
        raise Wrong(ran.fault)
    lines = [line.rpartition("\r")[2].strip() for line in ran.err.splitlines()]
    lines = [line for line in lines if line and not PROGRESS.search(line)]
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
