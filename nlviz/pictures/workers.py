"""Pictures and videos are decoded in processes that can be stopped: a small file can ask for minutes and gigabytes."""

import atexit
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
from PIL import Image

from .limits import CLIP_SECONDS, MEMORY, SECONDS, PictureError
from .worker import receive, send

PATIENCE = 6 if hasattr(signal, "SIGPROF") else 1  # times as long by the clock: other work may keep the processors
AT_ONCE = 4
START_SECONDS = 60
ALONE = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}  # threads reserve address space each
ROOT = str(Path(__file__).resolve().parents[2])


class Worker:
    """A process that decodes one picture after another."""

    def __init__(self, memory: int) -> None:
        path = [*(entry for entry in map(str, sys.path) if entry), ROOT]  # never the folder that the program happens to be in
        code = f"import sys; sys.path[:] = {path!a}; from nlviz.pictures.worker import serve; serve({memory})"
        self.late = False
        self.process = subprocess.Popen(  # no multiprocessing: it runs a script without a __main__ guard once more
            [sys.executable, "-S", "-W", "ignore", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0,
            env=os.environ | ALONE, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0))

    def answer(self, seconds: float, message: dict | None = None, content: bytes = b"") -> tuple[dict, np.ndarray]:
        """What it says next, to the message if there is one.

        Raises:
            TimeoutError: it had to be stopped.
            MemoryError: the limit of memory was reached.
            EOFError or OSError: it has ended.
        """
        timer = threading.Timer(seconds, self._stop)
        timer.daemon = True
        timer.start()
        try:
            if message is not None:
                send(self.process.stdin, message, len(content), [content])
            said, body = receive(self.process.stdout)
        except (EOFError, OSError):
            self.end()
            if self.late or self.process.returncode == -getattr(signal, "SIGPROF", 0):
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
            timer.join()
        if self.late:
            raise TimeoutError
        if "full" in said:
            raise MemoryError
        return said, body

    def _stop(self) -> None:
        self.late = True
        self.process.kill()

    def end(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Decoder:
    """Workers, started when they are needed; one that was stopped is replaced.

    Args:
        seconds: of computing, for one picture.
        clip_seconds: of computing, for one clip.
        memory: address space of a worker in bytes, where the system can limit it.
    """

    def __init__(self, seconds: float = SECONDS, memory: int = MEMORY, clip_seconds: float = CLIP_SECONDS) -> None:
        self.seconds, self.memory, self.clip_seconds = seconds, memory, clip_seconds
        self.forget()
        atexit.register(self.close)

    def forget(self) -> None:
        """Leave all workers to the process that this one was forked from."""
        self._free, self._all, self._slots = [], set(), threading.Semaphore(AT_ONCE)

    def close(self) -> None:
        """End all workers."""
        for worker in list(self._all):
            self._drop(worker)

    def decode(self, content: bytes, name: str) -> tuple[Image.Image, list[str]]:
        """As :func:`nlviz.pictures.decoding.decode`, within the limits.

        Raises:
            PictureError: it cannot be shown, or not within the limits; the message says why and what to do.
        """
        said, (image,) = self._ask({"what": "picture", "name": name, "seconds": self.seconds}, content)
        return image, said["notes"]

    def clip(self, source: bytes | str, name: str, chosen: tuple[int, int, int]) -> tuple[dict, list[Image.Image]]:
        """As :func:`nlviz.pictures.footage.clip`, of a file's bytes or path, within the limits. Raises as ``decode``."""
        return self._ask_of(source, {"what": "clip", "name": name, "seconds": self.clip_seconds, "chosen": chosen})

    def look(self, source: bytes | str, name: str, thumbnails: int) -> tuple[dict, list[Image.Image]]:
        """As :func:`nlviz.pictures.footage.look`, of a file's bytes or path, within the limits. Raises as ``decode``."""
        return self._ask_of(source, {"what": "look", "name": name, "seconds": self.clip_seconds, "thumbnails": thumbnails})

    def _ask_of(self, source: bytes | str, message: dict) -> tuple[dict, list[Image.Image]]:
        return self._ask(message, source) if isinstance(source, bytes) else self._ask(message | {"path": source})

    def _ask(self, message: dict, content: bytes = b"") -> tuple[dict, list[Image.Image]]:
        name = message["name"]
        with self._slots:
            worker = self._free_one(name)
            try:
                said, pixels = worker.answer(PATIENCE * message["seconds"], message, content)
            except BaseException as error:  # also when interrupted: what it says next would belong to this picture
                self._drop(worker)
                if isinstance(error, (MemoryError, EOFError, OSError)):
                    raise PictureError(f"{name}: {self._why(error, message)}") from None
                raise
            self._free.append(worker)
        if "error" in said:
            raise PictureError(said["error"])
        size = tuple(said["size"])
        return said, [Image.frombytes("RGB", size, frame) for frame in pixels.reshape(-1, 3 * size[0] * size[1])]

    def _free_one(self, name: str) -> Worker:
        while self._free:
            worker = self._free.pop()
            if worker.process.poll() is None:
                return worker
            self._drop(worker)  # ended by somebody else
        try:
            worker = Worker(self.memory)
            self._all.add(worker)
            worker.answer(START_SECONDS)
        except (EOFError, OSError) as error:
            raise PictureError(f"{name}: the process that decodes pictures does not start ({error or 'it ended'}). "
                               "Close other programs, or install nlviz anew.") from None
        return worker

    def _drop(self, worker: Worker) -> None:
        self._all.discard(worker)
        worker.end()

    def _why(self, error: Exception, message: dict) -> str:
        picture = message["what"] == "picture"
        if isinstance(error, TimeoutError):
            way = "as JPEG or PNG" if picture else "as MP4 (H.264), shorter or smaller, or start earlier"
            return f"decoding it takes longer than {message['seconds']:g} s, the most that is allowed. Save it again {way}."
        if isinstance(error, MemoryError):
            return f"decoding it takes more than {self.memory / 2**30:.3g} GB of memory. Scale it down first."
        return "the file is broken: its decoder stopped without a word. Save or download it again."


DECODER = Decoder()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=DECODER.forget)
