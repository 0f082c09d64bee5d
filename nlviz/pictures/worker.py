"""The process that decodes: files in, pixels out, until its input ends. It knows Pillow, NumPy and PyAV, not torch."""

import io
import json
import os
import signal
import stat
import struct
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import BinaryIO

import numpy as np
from PIL import AvifImagePlugin, Image

from .choosing import Chosen
from .decoding import decode
from .footage import clip, look
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
            _answer(answers, asked, bytes(content))
            _end_after(0)
        except (EOFError, BrokenPipeError):  # the program has ended
            return


def _end_after(seconds: float) -> None:
    """The system ends this process after so many seconds of computing; 0: it does not."""
    if hasattr(signal, "SIGPROF"):  # not on Windows
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _answer(answers: BinaryIO, asked: dict, content: bytes) -> None:
    try:
        said, images = _decoded(asked, content)
    except PictureError as error:
        send(answers, {"error": str(error)})
    except MemoryError:
        send(answers, {"full": True})
    else:
        width, height = images[0].size
        send(answers, said | {"size": (width, height)}, 3 * width * height * len(images),
             chain.from_iterable(map(_stripes, images)))


def _decoded(asked: dict, content: bytes) -> tuple[dict, list[Image.Image]]:
    """What is said of the images, which are of one size, and they."""
    if asked["what"] == "picture":
        image, notes = decode(content, asked["name"])
        return {"notes": notes}, [image]
    with _file(asked, content) as file:
        if asked["what"] == "clip":
            return clip(file, asked["name"], Chosen(*asked["chosen"]))
        return look(file, asked["name"], asked["thumbnails"])


def _file(asked: dict, content: bytes) -> BinaryIO:
    if not asked.get("path"):
        return io.BytesIO(content)
    try:
        file = open(asked["path"], "rb")
        if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            return file
    except OSError as error:
        raise PictureError(f"{asked['name']}: cannot be read ({error.strerror}).") from None
    raise PictureError(f"{asked['name']}: not a file. Choose a video.")


def _stripes(image: Image.Image) -> Iterator[bytes]:
    """The RGB pixels, some rows at a time: the first are read while the next are written."""
    rows = max(1, STRIPE // image.width)
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height))).tobytes()
