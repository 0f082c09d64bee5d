"""Where things stand on the page of a figure."""

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..images import Picture
from ..numbers import number
from .colours import colour_table, is_flat
from .lines import wrap

PAPER = (6.9, 9.2)  # inches of a printed page that a figure keeps to where it can
MARGIN, GAP = 0.1, 0.09  # inches: round the figure, between columns
NARROWEST, WIDEST = 1.27, 2.2  # inches of a column: a caption fits into the one, five columns into a page
LOWEST, HIGHEST = 0.9, 2.4  # inches of a panel
SMALL, HEADING = 6.0, 7.0  # points
LINE = 1.2 / 72  # inches of a line of text for each point of its size


@dataclass(frozen=True)
class Sheet:
    """The page: every length in inches, from its left and top edge."""

    figure: Figure
    picture: Picture
    panel_size: tuple[float, float]
    column_width: float
    left: float  # of the first column
    headings: list[list[str]]
    captions: list[list[list[str]]]  # lines of every panel of every row, those of the photo left out
    bars: int
    footer: list[str]

    BAR = 0.36
    BAR_WIDTH = 1.6
    PHOTO = "query"

    @classmethod
    def plan(cls, picture: Picture, headings: Sequence[Sequence[tuple[str, int]]], captions: Sequence[Sequence[str]], bars: int,
             footer: Sequence[str]) -> "Sheet":
        """A page with a row for each row of captions, and a column for the photo and each heading."""
        count, aspect = len(headings) + 1, picture.size[0] / picture.size[1]
        widest = min(WIDEST, max(NARROWEST, (PAPER[0] - 2 * MARGIN + GAP) / count - GAP))
        under = sum(map(_under, _wrapped(captions, NARROWEST)))
        room = (PAPER[1] - 0.8 - cls.BAR * bars - 0.2 * len(headings) - under) / len(captions)
        height = min(widest / aspect, HIGHEST, max(LOWEST, room))
        column = max(NARROWEST, height * aspect)
        used = count * (column + GAP) - GAP + 2 * MARGIN
        width = max(used, PAPER[0] / 2)
        over = [[line for text, most in parts for line in wrap(text, column, HEADING, most)] for parts in headings]
        lines = [line for text in footer for line in wrap(text, width - 2 * MARGIN, SMALL)]
        figure = Figure(figsize=(width, 1), facecolor="white")
        sheet = cls(figure, picture, (height * aspect, height), column, (width - used) / 2 + MARGIN, [[cls.PHOTO], *over],
                    _wrapped(captions, column), bars, lines)
        figure.set_size_inches(width, sheet._top(len(captions)) + bars * cls.BAR + len(lines) * SMALL * LINE + MARGIN)
        return sheet

    def _top(self, row: int) -> float:
        """Upper edge of a row of panels; of what follows, for the row after the last."""
        heading = max(map(len, self.headings)) * HEADING * LINE + 0.08
        return MARGIN + heading + sum(self.panel_size[1] + _under(lines) for lines in self.captions[:row])

    def _centre(self, column: int) -> float:
        return self.left + column * (self.column_width + GAP) + self.column_width / 2

    def _axes(self, left: float, top: float, width: float, height: float) -> Axes:
        across, down = self.figure.get_size_inches()
        return self.figure.add_axes((left / across, 1 - (top + height) / down, width / across, height / down))

    def _text(self, x: float, top: float, lines: list[str], size: float, ha: str) -> None:
        """Lines one by one: the pitch of matplotlib's own depends on the resolution."""
        width, height = self.figure.get_size_inches()
        for index, line in enumerate(lines):
            baseline = top + index * size * LINE + size * 0.95 / 72
            self.figure.text(x / width, 1 - baseline / height, line, fontsize=size, ha=ha, va="baseline")

    def panel(self, row: int, column: int) -> Axes:
        """Axes for a panel; column 0 is the photo's."""
        width, height = self.panel_size
        return self._axes(self._centre(column) - width / 2, self._top(row), width, height)

    def note(self, axes: Axes, text: str, ink: str) -> None:
        """Write in the middle of a panel; in one too low for it, from its upper edge down to where its caption would be."""
        lines = wrap(text, self.column_width - 0.06, SMALL)
        y, va = (0.5, "center") if len(lines) * SMALL * LINE < self.panel_size[1] else (1, "top")
        axes.text(0.5, y, "\n".join(lines), transform=axes.transAxes, fontsize=SMALL, color=ink, ha="center", va=va,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})

    def draw_headings(self) -> None:
        """The text over the columns, its last lines side by side."""
        for column, lines in enumerate(self.headings):
            self._text(self._centre(column), self._top(0) - 0.05 - len(lines) * HEADING * LINE, lines, HEADING, ha="center")

    def draw_captions(self) -> None:
        """The text under the panels."""
        for row, captions in enumerate(self.captions):
            for column, lines in enumerate(captions, 1):
                self._text(self._centre(column), self._top(row) + self.panel_size[1] + 0.03, lines, SMALL, ha="center")

    def draw_bar(self, index: int, limits: tuple[float, float], colour_map: str, label: str) -> None:
        """A colour bar with its label to the right; one that is flat has a single colour and a single tick."""
        top, (low, high) = self._top(len(self.captions)) + index * self.BAR, limits
        axes = self._axes(MARGIN + 0.12, top, self.BAR_WIDTH, 0.11)  # half a tick's label stands out on either side
        colours = colour_table(colour_map)[None]  # (1, 256, 3)
        flat = is_flat(limits)
        axes.imshow(colours[:, 128:129] if flat else colours, extent=(low, low + 1 if flat else high, 0, 1), aspect="auto")
        axes.set_yticks([])
        axes.spines[:].set_linewidth(0.4)
        ticks = [low + 0.5] if flat else [tick for tick in MaxNLocator(4).tick_values(low, high) if low <= tick <= high]
        axes.set_xticks(ticks, [number(low if flat else tick) for tick in ticks])
        axes.tick_params(labelsize=SMALL, length=1.5, width=0.4, pad=1)
        left = MARGIN + self.BAR_WIDTH + 0.32
        room = self.figure.get_figwidth() - MARGIN - left
        self._text(left, top, wrap(label, room, SMALL), SMALL, ha="left")

    def draw_footer(self) -> None:
        """The paragraphs under the figure."""
        top = self._top(len(self.captions)) + self.bars * self.BAR
        self._text(MARGIN, top, self.footer, SMALL, ha="left")


def _wrapped(captions: Sequence[Sequence[str]], width: float) -> list[list[list[str]]]:
    return [[[line for text in caption.splitlines() for line in wrap(text, width, SMALL)] for caption in row] for row in captions]


def _under(captions: list[list[str]]) -> float:
    """Inches from a row of panels to the next: the longest of its captions, at least two lines, and a gap."""
    return max(2, *map(len, captions)) * SMALL * LINE + 0.13
