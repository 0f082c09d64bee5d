"""A page of panels in rows, each with text over and under it, then colour bars and a footer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from .bars import Bar, draw_bar
from .formats import Format
from .lines import text_width, wrap
from .output import settings
from .placing import LINE, add_axes, write_lines

Paragraphs = Sequence[tuple[str, int]]  # (text, lines at most)
Size = Callable[[float, float], tuple[float, float]]  # (inches that a panel may be wide, that rows may be high) -> (width, height)


@dataclass(frozen=True)
class Cell:
    """A panel.

    Attributes:
        draw: draws into its Axes.
        heading, caption: stand over and under it.
        note: stands in its middle, in the colour ``ink``.
    """

    draw: Callable[[Axes], None]
    heading: Paragraphs = ()
    caption: str = ""
    note: str = ""
    ink: str = "black"


@dataclass(frozen=True)
class Lines:
    """What is written at a panel, broken into lines."""

    over: list[str]
    under: list[str]
    inside: list[str]

    @classmethod
    def of(cls, cell: Cell, width: float, form: Format) -> "Lines":
        return cls([line for text, most in cell.heading for line in wrap(text, width, form.heading, most)],
                   [line for text in cell.caption.splitlines() for line in wrap(text, width, form.small)],
                   wrap(cell.note, width - 0.06 * form.scale, form.small))


def compose(form: Format, rows: Sequence[Sequence[Cell]], size: Size, bars: Sequence[Bar], footer: Sequence[str]) -> Figure:
    """A figure of exactly the format's width.

    Args:
        rows: of cells, at most ``form.most()`` side by side.
        size: of every panel.
        bars: colour bars under the panels.
        footer: paragraphs under the figure.
    """
    with settings():
        sheet = Sheet.plan(form, rows, size, bars, footer)
        for row, cells in enumerate(rows):
            for column, cell in enumerate(cells):
                axes = sheet.panel(row, column)
                cell.draw(axes)
                sheet.write(axes, row, column, cell.ink)
        sheet.write_footer()
    return sheet.figure


@dataclass(frozen=True)
class Sheet:
    """Where things stand; lengths in inches, from the left and the top edge."""

    figure: Figure
    form: Format
    panel_size: tuple[float, float]
    column: float
    left: float  # of the first column
    rows: list[list[Lines]]
    bars: Sequence[Bar]
    labels: list[list[str]]  # of the bars
    footer: list[str]

    @classmethod
    def plan(cls, form: Format, rows: Sequence[Sequence[Cell]], size: Size, bars: Sequence[Bar],
             footer: Sequence[str]) -> "Sheet":
        count, room = max(map(len, rows)), form.width - 2 * form.margin
        labels = [wrap(bar.label, room - Bar.taken(form), form.small) for bar in bars]
        lines = [line for text in footer for line in wrap(text, room, form.small)]
        figure = Figure((form.width, 1), facecolor="white")

        def sheet(panel: tuple[float, float], column: float) -> Sheet:
            left = (form.width - count * (column + form.gap) + form.gap) / 2
            written = [[Lines.of(cell, column, form) for cell in row] for row in rows]
            return cls(figure, form, panel, column, left, written, bars, labels, lines)

        least = min(form.comfortable, form.column(count))
        text = sheet((0, 0), least)._height()  # the most that it can be
        panel = size(form.column(count), (form.tallest - text) / len(rows))
        planned = sheet(panel, max(least, panel[0]))
        figure.set_size_inches(form.width, planned._height())
        return planned

    def panel(self, row: int, column: int) -> Axes:
        """Axes for a panel."""
        width, height = self.panel_size
        return self._axes(self._centre(column) - width / 2, self._top(row), width, height)

    def write(self, axes: Axes, row: int, column: int, ink: str) -> None:
        """The text at a panel; headings of a row have their last lines side by side."""
        lines, form = self.rows[row][column], self.form
        top = self._top(row)
        over = top - 0.075 * form.scale - len(lines.over) * form.heading * LINE
        self._text(self._centre(column), over, lines.over, form.heading, "center")
        under = top + self.panel_size[1] + self._spilled(lines) + 0.03 * form.scale
        self._text(self._centre(column), under, lines.under, form.small, "center")
        if lines.inside:
            self._write_note(axes, lines, ink)

    def _write_note(self, axes: Axes, lines: Lines, ink: str) -> None:
        """In the middle of a panel, in one too low for it from its upper edge down; on a photo with white behind it."""
        (width, height), form, size = self.panel_size, self.form, self.form.small
        high = len(lines.inside) * size * LINE
        wide = max(text_width(line, size) for line in lines.inside) + 3 * form.scale / 72
        top = 0.0 if self._spilled(lines) else (height - high) / 2
        if axes.get_images():
            box = (0.5 - wide / 2 / width, 1 - (top + high) / height), wide / width, high / height
            axes.add_patch(Rectangle(*box, color="white", linewidth=0, transform=axes.transAxes, clip_on=False, zorder=2))
        for index, line in enumerate(lines.inside):
            baseline = top + index * size * LINE + size * 0.95 / 72
            axes.text(0.5, 1 - baseline / height, line, transform=axes.transAxes, fontsize=size, color=ink, ha="center",
                      va="baseline")

    def write_footer(self) -> None:
        """The colour bars and the paragraphs under the panels."""
        top, form = self._top(len(self.rows)), self.form
        for bar, label in zip(self.bars, self.labels):
            draw_bar(self._axes(*bar.place(form, top)), bar, form)
            self._text(form.margin + bar.taken(form), top, label, form.small, "left")
            top += self._slot(label)
        self._text(form.margin, top, self.footer, form.small, "left")

    def _height(self) -> float:
        return (self._top(len(self.rows)) + sum(map(self._slot, self.labels)) + len(self.footer) * self.form.small * LINE
                + self.form.margin)

    def _slot(self, label: list[str]) -> float:
        """Of a colour bar with its ticks, or of its label where that is higher."""
        return max(0.36 * self.form.scale, (len(label) + 0.6) * self.form.small * LINE)

    def _top(self, row: int) -> float:
        """Upper edge of a row of panels; of what follows, for the row after the last."""
        before = sum(self._over(lines) + self.panel_size[1] + self._under(lines) for lines in self.rows[:row])
        return self.form.margin + before + (self._over(self.rows[row]) if row < len(self.rows) else 0)

    def _over(self, row: Sequence[Lines]) -> float:
        most = max(len(lines.over) for lines in row)
        return most * self.form.heading * LINE + (0.11 * self.form.scale if most else 0)

    def _under(self, row: Sequence[Lines]) -> float:
        """To the next row: the longest caption and a gap."""
        longest = max(self._spilled(lines) + len(lines.under) * self.form.small * LINE for lines in row)
        return longest + 0.13 * self.form.scale

    def _spilled(self, lines: Lines) -> float:
        """What stands out of a panel too low for its note."""
        return max(0.0, len(lines.inside) * self.form.small * LINE + 0.03 - self.panel_size[1]) if lines.inside else 0.0

    def _centre(self, column: int) -> float:
        return self.left + column * (self.column + self.form.gap) + self.column / 2

    def _axes(self, left: float, top: float, width: float, height: float) -> Axes:
        return add_axes(self.figure, left, top, width, height)

    def _text(self, x: float, top: float, lines: list[str], size: float, ha: str) -> None:
        write_lines(self.figure, x, top, lines, size, ha)
