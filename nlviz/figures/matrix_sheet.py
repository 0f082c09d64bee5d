"""A page of layers x heads: for each network the photo with the query and a matrix of thumbnails, then bars and a footer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .bars import Bar, draw_bar
from .formats import Format
from .lines import wrap
from .matrix_plan import MatrixPlan
from .output import settings
from .placing import LINE, add_axes, write_lines
from .stacks import Stack

PHOTO = 1.25  # inches that the photo is wide or high, in print
NARROW = 5.0  # inches of a page on which the photo stands over the matrix
DOT = 0.085  # inches round the photo that a dot at its edge may need


@dataclass(frozen=True)
class Band:
    """What is drawn of a network; without a stack, the photo alone.

    Attributes:
        draw: draws a thumbnail of (layer, head) into its Axes.
        caption: stands under the photo, or beside it.
    """

    stack: Stack | None
    heading: str
    caption: str
    draw: Callable[[Axes, tuple[int, int]], None]


def compose_stacks(form: Format, bands: Sequence[Band], aspect: float, draw_photo: Callable[[Axes], None], bars: Sequence[Bar],
                   footer: Sequence[str]) -> Figure:
    """A figure of exactly the format's width, as high as it keeps to where its thumbnails stay large enough."""
    with settings():
        page = Page(form, aspect, Figure((form.width, 1), facecolor="white"))
        labels = [wrap(bar.label, page.room - Bar.taken(form), form.small) for bar in bars]
        lines = [line for text in footer for line in wrap(text, page.room, form.small)]
        under = sum(map(page.slot, labels)) + page.high(lines) + form.margin
        spans = page.arranged(bands, form.tallest - form.margin - under)
        page.figure.set_size_inches(form.width, form.margin + sum(span.height for span in spans) + under)
        top = form.margin
        for span in spans:
            page.draw_band(span, top, draw_photo)
            top += span.height
        for bar, label in zip(bars, labels):
            draw_bar(page.axes(*bar.place(form, top)), bar, form)
            page.text(form.margin + bar.taken(form), top, label)
            top += page.slot(label)
        page.text(form.margin, top, lines)
    return page.figure


@dataclass(frozen=True)
class Span:
    """A band with its place: heights and widths in inches."""

    band: Band
    heading: list[str]
    caption: list[str]
    plan: MatrixPlan | None
    height: float


@dataclass(frozen=True)
class Page:
    """Where things stand; lengths in inches, from the left and the upper edge."""

    form: Format
    aspect: float
    figure: Figure

    @property
    def room(self) -> float:
        return self.form.width - 2 * self.form.margin

    @property
    def photo(self) -> tuple[float, float]:
        side = PHOTO * self.form.scale * (0.8 if self.over else 1)
        return side * min(1, self.aspect), side * min(1, 1 / self.aspect)

    @property
    def clear(self) -> float:
        return DOT * self.form.scale

    @property
    def over(self) -> bool:
        """The photo stands over the matrix, its caption beside it."""
        return self.form.width < NARROW

    @property
    def beside(self) -> float:
        """What the photo's column takes of the matrix's width."""
        return 0.0 if self.over else PHOTO * self.form.scale + 2 * self.form.gap

    def high(self, lines: Sequence[str], size: float | None = None) -> float:
        return len(lines) * (size or self.form.small) * LINE

    def slot(self, label: Sequence[str]) -> float:
        """Of a colour bar with its ticks, or of its label where that is higher."""
        return max(0.36 * self.form.scale, self.high(label) + 0.6 * self.form.small * LINE)

    def arranged(self, bands: Sequence[Band], height: float) -> list[Span]:
        """The bands one below the other; each matrix may be as high as the others leave room for."""
        bare = [self._span(band, None) for band in bands]
        each = max(0.0, height - sum(span.height for span in bare)) / len(bands) + (0 if self.over else self.photo[1])
        plans = [band.stack and MatrixPlan.of(band.stack, self.form, self.room - self.beside, each, self.aspect) for band in bands]
        return [self._span(band, plan) for band, plan in zip(bands, plans)]

    def _span(self, band: Band, plan: MatrixPlan | None) -> Span:
        heading = wrap(band.heading, self.room, self.form.heading)
        across = self.room - self.photo[0] - self.form.gap - self.clear if self.over else PHOTO * self.form.scale
        caption = [line for text in band.caption.splitlines() for line in wrap(text, across, self.form.small)]
        matrix, label = plan.height if plan else 0.0, self.form.small * LINE + self.clear
        photo = max(self.photo[1], self.high(caption)) if self.over else self.photo[1] + self.high(caption)
        inner = label + photo + self.clear + (matrix if self.over else 0)
        inner = inner if self.over else max(inner + (plan.top - label if plan else 0), matrix)
        return Span(band, heading, caption, plan, self.high(heading, self.form.heading) + inner + 0.16 * self.form.scale)

    def draw_band(self, span: Span, top: float, draw_photo: Callable[[Axes], None]) -> None:
        """The heading, the photo with its caption, and the matrix."""
        form, plan, (wide, high) = self.form, span.plan, self.photo
        self.text(form.margin, top, span.heading, form.heading)
        top += self.high(span.heading, form.heading) + 0.03 * form.scale
        photo_top = top + (plan.top if plan and not self.over else form.small * LINE + self.clear)
        self.text(form.margin, photo_top - form.small * LINE - self.clear, ["query"])
        draw_photo(self.axes(form.margin, photo_top, wide, high))
        if self.over:
            self.text(form.margin + wide + form.gap + self.clear, photo_top, span.caption)
        else:
            self.text(form.margin, photo_top + high + self.clear, span.caption)
        if plan:
            below = photo_top + max(high, self.high(span.caption)) + self.clear
            self._draw_matrix(span, form.margin + self.beside, below if self.over else top)

    def _draw_matrix(self, span: Span, left: float, top: float) -> None:
        plan, form = span.plan, self.form
        (pitch_x, pitch_y), (wide, high), line = plan.pitch, plan.cell, form.small * LINE
        first, start = left + plan.side_width, top + plan.top
        middle = first + (len(plan.across) * pitch_x - plan.gap) / 2
        self.text(middle, start - 2 * line - 0.03 * form.scale, [plan.title] * bool(plan.title), ha="center")
        for column, label in enumerate(plan.labels):
            self.text(first + column * pitch_x + wide / 2, start - line - 0.02 * form.scale, [label] * bool(label), ha="center")
        for row, label in enumerate(plan.side):
            self.text(first - 0.04 * form.scale, start + row * pitch_y + (high - line) / 2, [label], ha="right")
            for column in range(len(plan.across)):
                if plan.key(row, column) in span.band.stack.maps:
                    span.band.draw(self.axes(first + column * pitch_x, start + row * pitch_y, wide, high), plan.key(row, column))

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        return add_axes(self.figure, left, top, width, height)

    def text(self, x: float, top: float, lines: Sequence[str], size: float | None = None, ha: str = "left") -> None:
        write_lines(self.figure, x, top, lines, size or self.form.small, ha)
