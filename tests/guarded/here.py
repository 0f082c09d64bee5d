"""Reading without the seconds that a process takes to start: in this one, or in a copy of it that has limits."""

import atexit
import json
import os
import subprocess
import sys
from functools import cache

from nlviz.guarded import Bounds, Reader, ReadingError, worker
from nlviz.guarded.told import Told
from nlviz.models import CheckpointError
from tests.guarded.tiny import known

QUICK = Bounds(seconds=20, memory=1024 * 2**20, written=64 * 2**20)


class HereReader(Reader):
    """Reads in this process."""

    def warm(self):
        pass

    def read(self, path, file, folder, wanted=lambda: True):
        yield "Reading its tensors", 0.1
        try:
            told = worker._told({"path": str(path), "file": file, "folder": str(folder), "written": self.bounds.written},
                                lambda **words: None)
        except CheckpointError as error:
            raise ReadingError(str(error)) from None
        yield Told.model_validate_json(json.dumps(told))


def read_in_copy(path, bounds=QUICK):
    """(what the process that reads says in the end or None, the signal that ended it or 0), under its limits."""
    server = _copying()
    asked = {"path": str(path), "file": path.name, "folder": str(path.parent), "seconds": bounds.seconds,
             "memory": bounds.memory, "written": bounds.written}
    print(json.dumps(asked), file=server.stdin, flush=True)
    lines = list(iter(lambda: json.loads(server.stdout.readline()), {"copy": "ended"}))
    said = [line for line in lines if not {"step", "signal"} & line.keys()]
    return (said[-1] if said else None), lines[-1]["signal"]


@cache
def _copying() -> subprocess.Popen:
    """A process that copies itself for each file. This one has threads, whose locks a copy would wait for."""
    code = "from tests.guarded.here import copy_for_each; copy_for_each()"
    server = subprocess.Popen([sys.executable, "-W", "ignore", "-c", code], text=True, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))})
    atexit.register(server.kill)
    return server


def copy_for_each() -> None:
    """For each line that asks for a file, what a copy of this process with limits says, and how it ended."""
    known()
    for line in iter(sys.stdin.readline, ""):
        child = os.fork()
        if not child:
            try:
                asked = json.loads(line)
                worker._limit(asked)
                worker._answer(asked, lambda **words: print(json.dumps(words), flush=True))
            finally:
                os._exit(0)
        status = os.waitpid(child, 0)[1]
        for said in ({"signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}, {"copy": "ended"}):
            print(json.dumps(said), flush=True)
