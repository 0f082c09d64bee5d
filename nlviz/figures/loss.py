"""Does dependence on the query pay? What is lost with one map for all queries against how much rows depend on the query."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .colours import PIN_COLOURS
from .output import settings

WIDTH, HEIGHT, SIZE = 6.9, 3.6, 7  # inches, points
MARKERS, COLOURS = "os^Dvp", (4, 5, 2, 0, 6, 1)
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
    """Names beside their points, one for all that lie together; those that would lie on others or on points moved upwards."""
    low, high = axes.get_ylim()
    places: dict[tuple[float, float], dict] = {}
    for point in points:
        place = round(point["dependence"] / SPAN, 3), round((100 * point["lost"] - low) / (high - low), 3)
        places.setdefault(place, {})[point["label"]] = point["dependence"]
    taken = [(x - NEAR, x + NEAR, y) for x, y in places]
    for (x, y), names in sorted(places.items(), key=lambda one: one[0][1]):
        text = ", ".join(names)
        left, right = x + NEAR, x + NEAR + LETTER * len(text)
        while any(left < end and start < right and abs(y - height) < LINE for start, end, height in taken):
            y += LINE / 4
        taken.append((left, right, y))
        axes.annotate(text, (next(iter(names.values())) + 0.012, low + y * (high - low)), fontsize=SIZE - 1.5, va="center",
                      color="0.25")
