"""A figure with what stands behind it, in one zip: the picture files, the rows, the numbers and the recipe."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from ..analysis import Analysis, PlacedMap
from ..figures import figure_bytes
from ..maps import flat_index
from ..measures import measures_csv, measures_of
from ..recipes import Recipe, plain_name
from .drawing import drawn

DATE = (1980, 1, 1, 0, 0, 0)  # the same recipe gives the same bytes
FORMATS = ("png", "svg", "pdf")


def make_recipe(analyses: Sequence[Analysis], like: Recipe) -> Recipe:
    """The recipe of these analyses, of one picture, with all else as in ``like``."""
    picture = analyses[0].picture
    networks = tuple({"name": a.model.name, "sha256": a.model.card.get("sha256")} for a in analyses)
    return replace(like, picture={"name": plain_name(picture.name), "sha256": picture.sha256}, networks=networks,
                   resolution=like.resolution, queries=tuple(map(tuple, like.queries)))


def bundle_bytes(analyses: Sequence[Analysis], recipe: Recipe, whole_maps: bool = False,
                 most_pixels: float | None = None) -> bytes:
    """The zip: figure.png, .svg and .pdf with the recipe in their metadata, maps.npz, measures.csv and recipe.json.

    Args:
        whole_maps: also every whole map, not only the rows of the recipe's queries.
        most_pixels: of the figure.

    Raises:
        ValueError: the figure cannot be drawn; the message says why.
    """
    figure = drawn(analyses, recipe, most_pixels)
    files = {f"figure.{format}": figure_bytes(figure, format, recipe, recipe.dpi) for format in FORMATS}
    files |= {"maps.npz": maps_bytes(analyses, recipe, whole_maps), "recipe.json": (recipe.to_json() + "\n").encode(),
              "measures.csv": measures_csv([row for analysis in analyses for row in measures_of(analysis)]).encode()}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(zipfile.ZipInfo(name, DATE), content, zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def maps_bytes(analyses: Sequence[Analysis], recipe: Recipe, whole_maps: bool = False) -> bytes:
    """An npz of every map, float32, by names such as ``msrc_gc/0/attention``.

    For each: ``.../query_grid`` and ``.../key_grid``; where cells lie in the picture, ``.../query_rectangles_px`` (N, 4)
    and ``.../key_rectangles_px`` (N', 4): left, top, right, bottom in pixels of the picture; ``.../rows`` (queries, N') of the
    recipe's queries, NaN where none lies there; and ``.../map`` (N, N'), or a gate's values, where whole maps are asked for.
    """
    arrays = {}
    for analysis in analyses:
        for number, call in enumerate(analysis.calls):
            for placed in call:
                name = "/".join(filter(None, [analysis.model.name, str(number), placed.nl_map.part]))
                arrays |= {f"{name}/{key}": array for key, array in _arrays(placed, analysis, recipe, whole_maps).items()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:  # numpy's own savez writes the time
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array)
            zipped.writestr(zipfile.ZipInfo(f"{name}.npy", DATE), content.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _arrays(placed: PlacedMap, analysis: Analysis, recipe: Recipe, whole: bool) -> dict[str, np.ndarray]:
    nl_map, size = placed.nl_map, analysis.picture.size
    found = {name: np.array(getattr(nl_map, name), np.int64) for name in ("query_grid", "key_grid")}
    for name, place in (("query_rectangles_px", placed.queries), ("key_rectangles_px", placed.keys)):
        if place is not None:
            cells = [place.rectangle(row, column) for row in range(place.grid[0]) for column in range(place.grid[1])]
            found[name] = np.array([[float(edge) * size[at % 2] for at, edge in enumerate(cell)] for cell in cells], np.float32)
    if placed.keys is not None and nl_map.relates != "gate":
        none = np.zeros((0, nl_map.shape[1]), np.float32)
        found["rows"] = np.concatenate([none, *(_row(placed, x, y)[None] for x, y in recipe.queries)])
    if whole or nl_map.relates == "gate":
        found["map"] = _float32(nl_map.weights[0] if nl_map.weights is not None else nl_map.lazy.dense()[0])
    return found


def _row(placed: PlacedMap, x: float, y: float) -> np.ndarray:
    cell = placed.queries.cell(x, y)
    if cell is None:
        return np.full(placed.nl_map.shape[1], np.nan, np.float32)
    return _float32(placed.nl_map.row(flat_index(cell, placed.queries.grid)))


def _float32(weights: Tensor) -> np.ndarray:
    return weights.detach().float().cpu().numpy()
