"""Python's own answer, and whether it is what the page draws."""

from functools import cache, lru_cache

import numpy as np
import torch

from nlviz import load_model
from nlviz.analysis import Analysis, PlacedMap, analyse
from nlviz.figures import Scale, colour_table
from nlviz.figures.colours import palette
from nlviz.maps import flat_index
from tests.ui.visitor import LION, SIZE

MIXED = ["caltech101_embedded_gaussian", "caltech101_concatenation", "caltech101_dot_product", "caltech101_gc",
         "fashion_embedded_gaussian"]  # softmax, relu and plain dot products, a global one, a letterboxed one with pooled keys
POINTS = [(0.31, 0.42), (0.98, 0.03), (0.52, 0.55)]


loaded = cache(load_model)


@lru_cache(maxsize=32)  # one of a transformer holds a hundred megabytes
def analysed(name: str, path: str = LION, resolution: int = SIZE) -> Analysis:
    return analyse(loaded(name), path, resolution)


def maps(names, path=LION, resolution=SIZE) -> dict[str, PlacedMap]:
    """The first map of each panel by its name."""
    return {f"{name}/{number}": call[0] for name in names for number, call in enumerate(analysed(name, path, resolution).calls)}


def look(placed: PlacedMap, x: float, y: float, direction: str = "attends to"):
    """(values, placement): the row of the query at (x, y) on the keys, or the column of the key there on the queries."""
    if direction == "attends to":
        return placed.heatmap(x, y).double().numpy(), placed.keys
    column = placed.nl_map.column(flat_index(placed.keys.cell(x, y), placed.keys.grid))
    return column.view(placed.queries.grid).double().numpy(), placed.queries


def cells_in_picture(place) -> tuple[list, list]:
    """Cells whose centre lies in the picture, and those centres."""
    rows, columns = place.grid
    cells, centres = [], []
    for row in range(rows):
        for column in range(columns):
            x, y = (float((i + 0.5 - o) / s) for i, o, s in zip((column, row), map(float, place.offset), map(float, place.scale)))
            if 0 < x < 1 and 0 < y < 1:
                cells.append((row, column))
                centres.append((x, y))
    return cells, centres


def shared_limits(looks: dict, placed: dict[str, PlacedMap]) -> dict[str, tuple[float, float]]:
    """rows -> (low, high), zero always between them or at an end."""
    kinds = {placed[panel].nl_map.rows for panel in looks}
    values = {kind: [v for panel, (v, _) in looks.items() if placed[panel].nl_map.rows == kind] for kind in kinds}
    return {kind: (min(0, *(v.min() for v in all_)), max(v.max() for v in all_)) for kind, all_ in values.items()}


def drawn_levels(site, panel: str, place, colour_map: str = "viridis") -> np.ndarray:
    """Which colour of the table is drawn at each cell's centre; a colour that is not in the table is an error."""
    levels = {tuple(colour): i for i, colour in enumerate(colour_table(colour_map).tolist())}
    return np.array([levels[tuple(c[:3])] for c in site.colours(panel, cells_in_picture(place)[1])])


def scales_of(looks: dict, placed: dict[str, PlacedMap], scale: str) -> dict[str, Scale]:
    """The scale of each panel: of distributions logarithmic where that is asked for."""
    if scale == "per panel":
        return {panel: Scale(values.min(), values.max()) for panel, (values, _) in looks.items()}
    shared = {rows: Scale(*limits) for rows, limits in shared_limits(looks, placed).items()}
    if scale == "times uniform" and "distribution" in shared:
        found = [values.max() * placed[panel].nl_map.shape[1] for panel, (values, _) in looks.items()
                 if placed[panel].nl_map.rows == "distribution"]
        shared["distribution"] = Scale.of_times(max(found))
    return {panel: shared[placed[panel].nl_map.rows] for panel in looks}


def over_grey(rgba) -> np.ndarray:
    """As they look: a canvas keeps what is nearly see-through with few digits."""
    colours, opacity = np.asarray(rgba)[:, :3], np.asarray(rgba)[:, 3:] / 255
    return colours * opacity + 160 * (1 - opacity)


def assert_drawn(site, placed: dict[str, PlacedMap], x, y, direction="attends to", scale="times uniform", colour_map="viridis",
                 veil="rising"):
    """Every panel shows Python's own values, each in the colour that the scale gives it, as far as the veil covers the photo."""
    looks = {panel: look(p, x, y, direction) for panel, p in placed.items()}
    scales = scales_of(looks, placed, scale)
    for panel, (values, place) in looks.items():
        cells, points = cells_in_picture(place)
        keys, table = placed[panel].nl_map.shape[1], over_grey(palette(colour_map, scales[panel], veil))
        steps = scales[panel].steps(scales[panel].drawn(torch.tensor(values), keys).numpy())[tuple(zip(*cells))]
        near = np.stack([table[np.clip(steps + off, 0, 255)] for off in range(-2, 3)])
        off = np.abs(over_grey(site.colours(panel, points)) - near).max(2).min(0)
        assert off.max() <= 3, f"{panel} at {x}, {y}; on the page: {site.page.evaluate('site.viewer.state()')}"


def cell_text(place, x, y) -> str:
    return "({}, {})".format(*place.cell(x, y))
