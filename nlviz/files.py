"""Files are written whole or not at all, what cannot be written is named, and only regular ones are read."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def write_whole(path: str | Path, content: bytes) -> None:
    """Write content to path through a temporary file beside it, so that no reader ever sees a part.

    Raises:
        OSError: the folder is missing or full; what stood at path before is untouched.
    """
    path = Path(path)
    with saying_where(path):
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise


def read_regular(path: Path) -> bytes:
    """The bytes of a regular file; nothing else is opened: a pipe never ends, and a device may do anything.

    Raises:
        OSError: it is none, or cannot be read.
    """
    check_regular(path)
    return path.read_bytes()


def check_regular(path: Path) -> None:
    """Raise OSError where something that is no regular file has this name, see :func:`read_regular`."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file (a pipe, a socket, a device or a folder), so it was not opened", str(path))


@contextmanager
def saying_where(path: Path) -> Iterator[None]:
    """A full disk names no file: say which one could not be written, and what to do."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            raise
        raise OSError(error.errno, f"{error.strerror}. Make room there, then run it again", str(path)) from None


def printable(name: str | Path) -> str:
    """A file's name as text: bytes that are no UTF-8, line breaks and the like escaped."""
    text = os.fsencode(name).decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
