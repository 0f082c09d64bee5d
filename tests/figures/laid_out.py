"""Whether everything on a figure is whole and apart from the rest."""

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text


def outlines(figure):
    """Name -> window extent of every visible text, and of every panel; names of texts in a panel end in True."""
    figure.set_dpi(100)
    canvas = FigureCanvasAgg(figure)
    figure.draw_without_rendering()  # places ticks and annotations
    renderer = canvas.get_renderer()
    inside = {text for axes in figure.axes for text in axes.texts}
    shown = [t for t in figure.findobj(Text) if t.get_text().strip() and t.get_visible()]
    words = {(i, t.get_text(), t in inside): t.get_window_extent(renderer) for i, t in enumerate(shown)}
    words = {name: box for name, box in words.items() if box.width > 0}
    return words, {(i, "panel", False): a.get_window_extent(renderer) for i, a in enumerate(figure.axes)}


def overlapping(boxes: dict) -> list:
    """Pairs of names whose boxes lie over each other by more than half a pixel each way."""
    names, found = list(boxes), np.array([box.extents for box in boxes.values()])  # (n, 4): x0, y0, x1, y1
    common = np.minimum(found[:, None, 2:], found[None, :, 2:]) - np.maximum(found[:, None, :2], found[None, :, :2])
    first, second = np.nonzero(np.triu((common > 0.5).all(2), 1))
    return [(names[a], names[b]) for a, b in zip(first, second)]


def assert_laid_out(figure) -> dict:
    """Nothing is cut, and nothing overlaps but a panel and what is written into one. Returns the texts outside the panels."""
    words, boxes = outlines(figure)
    width, height = figure.bbox.width, figure.bbox.height
    for name, box in (words | boxes).items():
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, (name, box)
    outside = {n: b for n, b in words.items() if not n[2]}
    notes = {n: b for n, b in words.items() if n[2] and n[1] not in set("12345678")}  # a dot's number may stick out of its photo
    for group in (outside | boxes, outside | notes):
        assert not overlapping(group)
    assert min(t.get_fontsize() for t in figure.findobj(Text) if t.get_text()) >= 6
    return outside


def assert_dots_are_clear(figure, outside):
    """No dot is cut or touches a text outside the panels."""
    for axes in figure.axes:
        for line in (line for line in axes.lines if line.get_marker() == "o"):
            radius = (line.get_markersize() + line.get_markeredgewidth()) / 2 / 72 * figure.dpi
            (x, y), = axes.transData.transform(np.column_stack(line.get_data()))
            assert radius <= x <= figure.bbox.width - radius and radius <= y <= figure.bbox.height - radius
            assert not any(b.x0 < x + radius and x - radius < b.x1 and b.y0 < y + radius and y - radius < b.y1 for b in outside)
