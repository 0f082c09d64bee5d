"""Where the thumbnails of a layers x heads matrix stand: which of the two runs across, and how large they are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from .formats import Format
from .lines import text_width
from .placing import LINE
from .stacks import MEAN, Stack

LARGEST, SMALLEST = 0.66, 0.34  # inches that a thumbnail is wide or high, in print


@dataclass(frozen=True)
class MatrixPlan:
    """A matrix of a stack; lengths in inches.

    Attributes:
        across, down: the layers and the heads, or the heads and the layers, in the order drawn.
        layers_across: whether ``across`` are the layers.
        cell: (width, height) of a thumbnail.
    """

    across: list[int]
    down: list[int]
    layers_across: bool
    cell: tuple[float, float]
    form: Format

    @classmethod
    def of(cls, stack: Stack, form: Format, width: float, height: float, aspect: float) -> "MatrixPlan":
        """The orientation with the larger thumbnails, heads across where both are alike; higher where they would be too small."""
        turned = cls(stack.heads, stack.layers, False, (0, 0), form), cls(stack.layers, stack.heads, True, (0, 0), form)
        fitting = [plan._widest(width, height, aspect) for plan in turned]
        best = fitting.index(max(fitting))
        across = turned[best]._widest(width, math.inf, aspect)
        wide = min(across, max(fitting[best], SMALLEST * form.scale * min(1, 2 * aspect)))
        return replace(turned[best], cell=(wide, wide / aspect))

    def _widest(self, width: float, height: float, aspect: float) -> float:
        """A thumbnail's width where the matrix is at most so wide and high."""
        wide = min((width - self.side_width) / len(self.across) - self.gap, LARGEST * self.form.scale * max(1, aspect))
        high = min((height - self.top) / len(self.down) - self.gap, LARGEST * self.form.scale * max(1, 1 / aspect))
        return min(wide, high * aspect)

    @property
    def gap(self) -> float:
        return 0.03 * self.form.scale

    @property
    def pitch(self) -> tuple[float, float]:
        """From one thumbnail to the next; rows have room for their labels."""
        return self.cell[0] + self.gap, max(self.cell[1] + self.gap, self.form.small * LINE)

    @property
    def side(self) -> list[str]:
        return _named(self.down, "head" if self.layers_across else "layer")

    @property
    def side_width(self) -> float:
        return max(text_width(label, self.form.small) for label in self.side) + 0.05 * self.form.scale

    @property
    def labels(self) -> list[str]:
        """With their word where that fits; else numbers, of which some are left out where they are too close."""
        kind, small, pitch = "layer" if self.layers_across else "head", self.form.small, self.pitch[0]
        named, short = _named(self.across, kind), ["m" if n == MEAN else str(n) for n in self.across]
        if max(text_width(label, small) for label in named) < pitch:
            return named
        step = 1 + int(max(text_width(label, small) for label in short) * 1.3 / pitch)
        return [label if at % step == 0 else "" for at, label in enumerate(short)]

    @property
    def title(self) -> str:
        if any(" " in label for label in self.labels):
            return ""
        return "layers" if self.layers_across else f"heads{', m: their mean' * (MEAN in self.across)}"

    @property
    def top(self) -> float:
        """Over the thumbnails."""
        return 2 * self.form.small * LINE + 0.03 * self.form.scale

    @property
    def width(self) -> float:
        return self.side_width + len(self.across) * self.pitch[0]

    @property
    def height(self) -> float:
        return self.top + len(self.down) * self.pitch[1]

    def key(self, row: int, column: int) -> tuple[int, int]:
        """(layer, head) of a thumbnail."""
        pair = self.across[column], self.down[row]
        return pair if self.layers_across else pair[::-1]


def _named(numbers: Sequence[int], kind: str) -> list[str]:
    return ["mean" if kind == "head" and number == MEAN else f"{kind} {number}" for number in numbers]
