"""Does dependence on the query pay? What is lost with one map for all queries against how much rows depend on the query."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .colours import PIN_COLOURS
from .output import settings

WIDTH, HEIGHT, SIZE = 6.9, 3.6, 7  # inches, points
MARKERS, COLOURS = "os^Dvp", (4, 5, 2, 0, 6, 1)
Box = tuple[float, float, float, float]  # left, right, bottom, top, shares of the axes
SPAN, NEAR, LETTER, LINE = 1.16, 0.008, 0.0078, 0.045  # of the axis; half a point, a letter, a line of text as shares of the axes


def loss_against_dependence(points: Sequence[Mapping]) -> Figure:
    """A point with its interval for each network, the score that one map for all queries costs above how much its rows depend.

    Args:
        points: each with ``label``, ``data`` (which gives marker and colour), ``dependence`` (the divergence as a share of what
            shuffled rows give, 0 to 1) and ``lost``, ``low``, ``high`` (of a score from 0 to 1, with the 95 % interval over
            pictures).
    """
    with settings():
        figure = Figure((WIDTH, HEIGHT), layout="constrained")
        axes = figure.subplots()
        axes.axhline(0, color="0.8", linewidth=0.8)
        axes.set_xlim(-0.03, 1.13)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
        axes.set_xlabel("how much rows depend on the query: divergence as a share of shuffled rows'", fontsize=SIZE)
        axes.set_ylabel("lost with one map for all queries,\npoints of the score", fontsize=SIZE)
        axes.tick_params(labelsize=SIZE, length=2)
        axes.spines[["top", "right"]].set_visible(False)
        for number, data in enumerate(dict.fromkeys(point["data"] for point in points)):
            own = [point for point in points if point["data"] == data]
            reach = [[100 * abs(point["lost"] - point[edge]) for point in own] for edge in ("low", "high")]
            axes.errorbar([point["dependence"] for point in own], [100 * point["lost"] for point in own], reach, linestyle="",
                          marker=MARKERS[number % 6], markersize=4, linewidth=0.8, capsize=1.5, label=data,
                          color=PIN_COLOURS[COLOURS[number % 6]])
        _label(axes, points)
        if points:
            axes.legend(frameon=False, fontsize=SIZE, loc="upper left", title="trained on", title_fontsize=SIZE)
        else:
            words = "no network with labels and a map of positions"
            axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", fontsize=SIZE)
    return figure


def _label(axes: Axes, points: Sequence[Mapping]) -> None:
    """Names beside their points, one for all that lie together, in the nearest place without another name, point or interval."""
    low, high = axes.get_ylim()
    places: dict[tuple[float, float], dict] = {}
    taken: list[Box] = []
    for point in points:
        x = point["dependence"] / SPAN
        y, bottom, top = ((100 * point[name] - low) / (high - low) for name in ("lost", "low", "high"))
        taken.append((x - NEAR, x + NEAR, min(bottom, y - LINE / 3), max(top, y + LINE / 3)))
        places.setdefault((round(x, 3), round(y, 3)), {})[point["label"]] = point["dependence"]
    for (x, y), names in sorted(places.items(), key=lambda one: one[0][1]):
        text, at = ", ".join(names), next(iter(names.values()))
        box = _free((x, y), LETTER * len(text), taken)
        taken.append(box)
        is_right, middle = box[0] >= x, (box[2] + box[3]) / 2
        line = {"arrowstyle": "-", "linewidth": 0.4, "color": "0.6", "shrinkA": 0, "shrinkB": 3}
        axes.annotate(text, (at, low + y * (high - low)), (at + (0.012 if is_right else -0.012), low + middle * (high - low)),
                      ha="left" if is_right else "right", va="center", fontsize=SIZE - 1.5, color="0.25",
                      arrowprops=line if abs(middle - y) > LINE / 2 else None)


def _free(place: tuple[float, float], width: float, taken: Sequence[Box]) -> Box:
    """The nearest box beside a place that meets none of those taken; at the place itself where there is none."""
    x, y = place
    for step in range(80):
        middle = y + LINE / 4 * ((step + 1) // 2) * (1 if step % 2 else -1)
        for left in (x + NEAR, x - NEAR - width):
            box = left, left + width, middle - LINE / 2, middle + LINE / 2
            if left >= 0 and 0 <= box[2] and box[3] <= 1 and not any(_meet(box, other) for other in taken):
                return box
    return x + NEAR, x + NEAR + width, y - LINE / 2, y + LINE / 2


def _meet(one: Box, other: Box) -> bool:
    return all(min(one[at + 1], other[at + 1]) - max(one[at], other[at]) > 0.001 for at in (0, 2))
