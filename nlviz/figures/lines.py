"""Text that fits: words broken into lines by the font's own widths, the same on every machine."""

import re
from functools import lru_cache

from matplotlib import font_manager

NBSP = "\u00a0"  # a space at which no line ends


@lru_cache(maxsize=1024)
def _advance(character: str) -> float:
    """Width of a character in ems."""
    font = font_manager.get_font(font_manager.findfont("DejaVu Sans"))
    font.set_size(100, 72)
    return font.load_char(ord(character)).linearHoriAdvance / 65536 / 100


def text_width(text: str, size: float) -> float:
    """Inches that a line takes at ``size`` points, at the most: 3 % are for hinting at low resolution."""
    return sum(map(_advance, text)) * size * 1.03 / 72


def _fits(text: str, width: float, size: float) -> bool:
    return text_width(text, size) <= width


def wrap(text: str, width: float, size: float, most: int | None = None) -> list[str]:
    """Lines of at most ``width`` inches at ``size`` points; those after the first ``most`` become an ellipsis."""
    lines = [""]
    for word in _words(text):
        if lines[-1] and not _fits(f"{lines[-1]} {word}", width, size):
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
        while not _fits(lines[-1], width, size):  # a word longer than a line
            end = max(1, max((n for n in range(len(lines[-1])) if _fits(lines[-1][:n], width, size)), default=1))
            lines[-1:] = [lines[-1][:end], lines[-1][end:]]
    if most is not None and len(lines) > most:
        last = lines[most - 1]
        while last and not _fits(f"{last}…", width, size):
            last = last[:-1]
        lines = [*lines[: most - 1], f"{last}…"]
    return [line.replace(NBSP, " ") for line in lines if line]


def _words(text: str) -> list[str]:
    """What is not broken where it fits into a line: words, sizes such as 28 × 28, shares such as 61 %, what NBSP joins.

    Without characters that no font shows and XML forbids: a file may be named anything.
    """
    printable = "".join(c if c.isprintable() or c == NBSP else " " if c.isspace() else "\ufffd" for c in text)
    return re.findall(r"[^ ]+(?: × [^ ]+)*(?: %[^ ]*)?", printable)
