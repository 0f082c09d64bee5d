"""Files are written whole or not at all, and what cannot be written is named."""

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
