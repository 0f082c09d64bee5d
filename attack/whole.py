"""Whether the files in a folder are whole."""

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from safetensors import safe_open

from attack.judging import Wrong


def _png(path: Path) -> None:
    Image.open(io.BytesIO(path.read_bytes())).load()


def _pdf(path: Path) -> None:
    assert path.read_bytes().rstrip().endswith(b"%%EOF")


def _zip(path: Path) -> None:
    assert zipfile.ZipFile(path).testzip() is None


def _safetensors(path: Path) -> None:
    with safe_open(path, "pt") as file:
        for name in file.keys():
            file.get_tensor(name)


def _ends(words: bytes) -> Callable[[Path], None]:
    def check(path: Path) -> None:
        assert path.read_bytes().rstrip().endswith(words)

    return check


CHECKS: dict[str, Callable[[Path], object]] = {
    ".png": _png, ".pdf": _pdf, ".zip": _zip, ".safetensors": _safetensors, ".json": lambda path: json.loads(path.read_text()),
    ".svg": _ends(b"</svg>"), ".html": _ends(b"</html>"), ".csv": _ends(b""), ".md": _ends(b"")}


def check_folder(folder: Path, given: tuple[str, ...] = ("r.json",)) -> None:
    """Every file is whole or not there; a name that begins with a dot is no result.

    Raises:
        Wrong: one is not.
    """
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith(".") and path.name not in given and path.suffix in CHECKS:
            try:
                CHECKS[path.suffix](path)
            except Exception as error:  # each format has its own for a broken file
                raise Wrong(f"half-written: {path.relative_to(folder)} ({type(error).__name__})") from None
