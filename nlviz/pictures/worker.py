"""The process that decodes: pictures in, pixels out, until its input ends. It knows Pillow and NumPy, not torch."""

import json
import signal
import struct
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

import numpy as np
from PIL import AvifImagePlugin, Image

from .decoding import decode
from .limits import PictureError

try:
    import resource
except ImportError:  # Windows
    resource = None

PREFIX = struct.Struct(">IQ")  # bytes of the JSON, bytes of the body
STRIPE = 2**18  # pixels


def send(pipe: BinaryIO, message: dict, size: int = 0, body: Iterable[bytes] = ()) -> None:
    """Write a message and a body of size bytes, in parts; the pipe may take them piece by piece."""
    text = json.dumps(message).encode()
    for part in chain([PREFIX.pack(len(text), size) + text], body):
        rest = memoryview(part)
        while rest:
            rest = rest[pipe.write(rest):]


def receive(pipe: BinaryIO) -> tuple[dict, np.ndarray]:
    """Read what ``send`` wrote.

    Raises:
        EOFError: the other side is gone.
    """
    text_size, body_size = PREFIX.unpack(_read(pipe, PREFIX.size))
    return json.loads(bytes(_read(pipe, text_size))), _read(pipe, body_size)


def _read(pipe: BinaryIO, size: int) -> np.ndarray:
    content = np.empty(size, np.uint8)  # not filled with zeros first
    rest = memoryview(content)
    while rest:
        count = pipe.readinto(rest)
        if not count:
            raise EOFError
        rest = rest[count:]
    return content


def serve(memory: int) -> None:
    """Answer until the input ends, in at most ``memory`` bytes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program; when it ends, so does the input
    AvifImagePlugin.DEFAULT_MAX_THREADS = 2  # not one for each core: threads reserve address space
    if resource:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        try:
            resource.setrlimit(resource.RLIMIT_AS, (memory, resource.getrlimit(resource.RLIMIT_AS)[1]))
        except (OSError, ValueError):  # macOS has no such limit, and a lower one is kept
            pass
    source, answers = (open(stream.fileno(), mode, buffering=0, closefd=False)
                       for stream, mode in ((sys.stdin, "rb"), (sys.stdout, "wb")))
    send(answers, {"ready": True})
    while True:
        try:
            asked, content = receive(source)
            _end_after(asked["seconds"])
            _answer(answers, bytes(content), asked["name"])
            _end_after(0)
        except (EOFError, BrokenPipeError):  # the program has ended
            return


def _end_after(seconds: float) -> None:
    """The system ends this process after so many seconds of computing; 0: it does not."""
    if hasattr(signal, "SIGPROF"):  # not on Windows
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _answer(answers: BinaryIO, content: bytes, name: str) -> None:
    try:
        image, notes = decode(content, name)
    except PictureError as error:
        send(answers, {"error": str(error)})
    except MemoryError:
        send(answers, {"full": True})
    else:
        send(answers, {"size": image.size, "notes": notes}, 3 * image.width * image.height, _stripes(image))


def _stripes(image: Image.Image) -> Iterator[bytes]:
    """The RGB pixels, some rows at a time: the first are read while the next are written."""
    rows = max(1, STRIPE // image.width)
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height))).tobytes()
