"""Where things stand on the page of a figure."""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..images import Picture
from .colours import colour_table, is_flat
from .looks import Column, number
from .words import wrap

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
    rows: int
    bars: int
    footer: list[str]

    BAR = 0.36
    BAR_WIDTH = 1.6
    CAPTION = 2 * SMALL * LINE + 0.13  # under a panel, the space to the next row with it
    PHOTO = "query"

    @classmethod
    def plan(cls, columns: list[Column], rows: int, picture: Picture, headings: list[list[tuple[str, int]]],
             bars: list[str], footer: list[str]) -> "Sheet":
        count, aspect = len(columns) + 1, picture.size[0] / picture.size[1]
        widest = min(WIDEST, max(NARROWEST, (PAPER[0] - 2 * MARGIN + GAP) / count - GAP))
        room = (PAPER[1] - 0.8 - cls.BAR * len(bars) - 0.2 * len(columns)) / rows - cls.CAPTION
        height = min(widest / aspect, HIGHEST, max(LOWEST, room))
        column = max(NARROWEST, height * aspect)
        used = count * (column + GAP) - GAP + 2 * MARGIN
        width = max(used, PAPER[0] / 2)
        wrapped = [[line for text, most in parts for line in wrap(text, column, HEADING, most)] for parts in headings]
        lines = [line for text in footer for line in wrap(text, width - 2 * MARGIN, SMALL)]
        figure = Figure(figsize=(width, 1), facecolor="white")
        sheet = cls(figure, picture, (height * aspect, height), column, (width - used) / 2 + MARGIN, [[cls.PHOTO], *wrapped],
                    rows, len(bars), lines)
        figure.set_size_inches(width, sheet._top(rows) + len(bars) * cls.BAR + len(lines) * SMALL * LINE + MARGIN)
        return sheet

    def _top(self, row: int) -> float:
        """Upper edge of a row of panels; of what follows, for the row after the last."""
        heading = max(map(len, self.headings)) * HEADING * LINE + 0.08
        return MARGIN + heading + row * (self.panel_size[1] + self.CAPTION)

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
        width, height = self.panel_size
        return self._axes(self._centre(column) - width / 2, self._top(row), width, height)

    def draw_headings(self) -> None:
        for column, lines in enumerate(self.headings):
            self._text(self._centre(column), self._top(0) - 0.05 - len(lines) * HEADING * LINE, lines, HEADING, ha="center")

    def caption(self, row: int, column: int, lines: list[str]) -> None:
        self._text(self._centre(column), self._top(row) + self.panel_size[1] + 0.03, lines, SMALL, ha="center")

    def draw_bar(self, index: int, limits: tuple[float, float], colour_map: str, label: str) -> None:
        """A colour bar with its label to the right; one that is flat has a single colour and a single tick."""
        top, (low, high) = self._top(self.rows) + index * self.BAR, limits
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
        top = self._top(self.rows) + self.bars * self.BAR
        self._text(MARGIN, top, self.footer, SMALL, ha="left")
