"""A figure as a file, the same bytes for the same figure."""

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from matplotlib import style
from matplotlib.figure import Figure

from ..files import write_whole
from ..recipes import KEYS, Recipe
from .exact import on_whole_dots

METADATA = {"svg": {"Creator": None, "Date": None}, "png": {"Software": None},
            "pdf": {"Creator": None, "Producer": None, "CreationDate": None}}  # neither time nor version
SETTINGS = {
    "pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "nlviz",
    "font.sans-serif": ["DejaVu Sans", "Bitstream Vera Sans", "Verdana", "Arial", "Helvetica"],  # none wider than the first
    "text.parse_math": False,
}

Item = TypeVar("Item")


@dataclass(frozen=True)
class Lazily(Sequence[Item]):
    """Figures or pictures, each made when it is asked for."""

    length: int
    make: Callable[[int], Item]

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, at: int) -> Item:
        if not 0 <= at < self.length:
            raise IndexError(at)
        return self.make(at)


_drawing = threading.RLock()  # matplotlib's settings are global


@contextmanager
def settings() -> Iterator[None]:
    """matplotlib's defaults whatever the user's are, TrueType fonts in PDF, text as text in SVG, no $formulas$ in names."""
    with _drawing, style.context(["default", SETTINGS]):
        yield


def figure_bytes(figure: Figure, format: str, recipe: Recipe | None = None, dpi: int = 300) -> bytes:
    """The figure as a file: ``svg`` with text as text, ``png`` or ``pdf`` with TrueType fonts in it.

    The same figure gives the same bytes. Photos and heatmaps have ``dpi`` dots per inch in every format.

    Args:
        recipe: goes into the file's metadata, where :func:`nlviz.recipes.recipe_in` finds it.

    Raises:
        ValueError: another format.
    """
    if format not in METADATA:
        raise ValueError(f"a figure is written as {_named('')}, got {format!r}")
    carried = {KEYS[format]: recipe.to_json()} if recipe else {}
    file = io.BytesIO()
    with settings(), on_whole_dots(figure, dpi) if format == "png" else nullcontext():
        figure.savefig(file, format=format, dpi=dpi, metadata=METADATA[format] | carried)
    return file.getvalue()


def save_figure(figure: Figure, path: str | Path, recipe: Recipe | None = None, dpi: int = 300) -> None:
    """Write the figure to path, whole or not at all; what stood there is replaced. See ``figure_bytes``.

    Raises:
        ValueError: the name ends in neither .svg, .png nor .pdf.
        OSError: see :func:`nlviz.files.write_whole`.
    """
    write_whole(path, figure_bytes(figure, format_of(path), recipe, dpi))


def format_of(path: str | Path) -> str:
    """``svg``, ``png`` or ``pdf`` by the name's ending.

    Raises:
        ValueError: the name ends in none of them.
    """
    kind = Path(path).suffix.lower().lstrip(".")
    if kind not in METADATA:
        raise ValueError(f"{Path(path).name}: a figure's name ends in {_named('.')}")
    return kind


def _named(dot: str) -> str:
    *most, last = (dot + kind for kind in METADATA)
    return f"{', '.join(most)} or {last}"
