"""A figure as a file, the same bytes for the same figure."""

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matplotlib import style
from matplotlib.figure import Figure

from ..files import write_whole

METADATA = {"png": {"Software": None}, "pdf": {"Creator": None, "Producer": None, "CreationDate": None}}

_drawing = threading.RLock()  # matplotlib's settings are global


@contextmanager
def settings() -> Iterator[None]:
    """matplotlib's defaults whatever the user's are, TrueType fonts in PDF, no $formulas$ in a network's name."""
    with _drawing, style.context(["default", {"pdf.fonttype": 42, "text.parse_math": False}]):
        yield


def figure_bytes(figure: Figure, format: str) -> bytes:
    """The figure as a file: ``png`` at 300 dpi or ``pdf`` with TrueType fonts in it. The same figure, the same bytes.

    Raises:
        ValueError: another format.
    """
    if format not in METADATA:
        raise ValueError(f"a figure is written as png or pdf, got {format!r}")
    file = io.BytesIO()
    with settings():
        figure.savefig(file, format=format, dpi=300, metadata=METADATA[format])
    return file.getvalue()


def save_figure(figure: Figure, path: str | Path) -> None:
    """Write the figure to path, whole or not at all; what stood there is replaced.

    Raises:
        ValueError: the name ends in neither .png nor .pdf.
        OSError: see :func:`nlviz.files.write_whole`.
    """
    write_whole(path, figure_bytes(figure, format_of(path)))


def format_of(path: str | Path) -> str:
    """``png`` or ``pdf`` by the name's ending.

    Raises:
        ValueError: the name ends in neither.
    """
    kind = Path(path).suffix.lower().lstrip(".")
    if kind not in METADATA:
        raise ValueError(f"{Path(path).name}: a figure's name ends in .png or .pdf")
    return kind
