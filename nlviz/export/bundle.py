"""A figure with what stands behind it, in one zip: the picture files, the rows, the numbers and the recipe."""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from torch import Tensor

from ..analysis import Analysis, PlacedMap
from ..figures import columns_of, figure_bytes
from ..maps import flat_index
from ..measures import measures_csv, measures_of
from ..pictures import Clip, Placement
from ..recipes import Recipe, plain_name
from .drawing import drawn

DATE = (1980, 1, 1, 0, 0, 0)  # the same recipe gives the same bytes
FORMATS = ("png", "svg", "pdf")
OF_STACKS = ("layers x heads", "distance against layer")  # layouts of every map


def make_recipe(analyses: Sequence[Analysis], like: Recipe) -> Recipe:
    """The recipe of these analyses, of one picture or clip, with all else as in ``like``."""
    picture = analyses[0].picture
    chosen = picture.chosen if isinstance(picture, Clip) else None
    frames = {"start": chosen.start, "frames": chosen.count, "stride": chosen.stride} if chosen else {}
    networks = tuple({"name": a.model.name, "sha256": a.model.card.get("sha256")} for a in analyses)
    return replace(like, picture={"name": plain_name(picture.name), "sha256": picture.sha256} | frames, networks=networks,
                   resolution=like.resolution, queries=tuple(map(tuple, like.queries)))


def bundle_bytes(analyses: Sequence[Analysis], recipe: Recipe, whole_maps: bool = False,
                 most_pixels: float | None = None) -> bytes:
    """The zip: figure.png, .svg and .pdf with the recipe in their metadata, maps.npz, measures.csv and recipe.json.

    Of layers x heads maps.npz and measures.csv hold the maps that the figure is of, and note.txt says so.

    Args:
        whole_maps: also every whole map, not only the rows of the recipe's queries; then of all layers and heads.
        most_pixels: of the figure.

    Raises:
        ValueError: the figure cannot be drawn; the message says why.
    """
    figure = drawn(analyses, recipe, most_pixels)
    files = {f"figure.{format}": figure_bytes(figure, format, recipe, recipe.dpi) for format in FORMATS}
    files |= {"maps.npz": maps_bytes(analyses, recipe, whole_maps), "recipe.json": (recipe.to_json() + "\n").encode(),
              "measures.csv": measures_csv([row for a in analyses for row in _measured(a, recipe, whole_maps)]).encode()}
    if note := _note(analyses, recipe, whole_maps):
        files["note.txt"] = note.encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            zipped.writestr(zipfile.ZipInfo(name, DATE), content, zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def maps_bytes(analyses: Sequence[Analysis], recipe: Recipe, whole_maps: bool = False) -> bytes:
    """An npz of every map, float32, by names such as ``msrc_gc/0/attention``.

    For each: ``.../query_grid`` and ``.../key_grid``; where cells lie in the picture, ``.../query_rectangles_px`` (N, 4)
    and ``.../key_rectangles_px`` (N', 4): left, top, right, bottom in pixels of the picture; of a clip also on which frames,
    ``.../query_frames`` and ``.../key_frames`` (N, 2): the first and the last, from 0; ``.../rows`` (queries, N') of the recipe's
    queries, NaN where none lies there; and ``.../map`` (N, N'), or a gate's values, where whole maps are asked for.
    Behind the positions stand the named tokens of ``.../query_tokens`` and ``.../key_tokens``, where there are any;
    ``.../token_row`` is the row of the recipe's token.
    """
    arrays = {}
    for analysis in analyses:
        for number, placed in _maps_in(analysis, recipe, whole_maps):
            name = "/".join(filter(None, [analysis.model.name, str(number), placed.nl_map.part]))
            arrays |= {f"{name}/{key}": array for key, array in _arrays(placed, analysis, recipe, whole_maps).items()}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:  # numpy's own savez writes the time
        for name, array in arrays.items():
            content = io.BytesIO()
            np.save(content, array)
            zipped.writestr(zipfile.ZipInfo(f"{name}.npy", DATE), content.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _maps_in(analysis: Analysis, recipe: Recipe, whole: bool) -> list[tuple[int, PlacedMap]]:
    """What the zip holds, each with the number of its call: every map of a block, of layers x heads what the figure is of."""
    parts = {key: part for key, part in recipe.parts.items() if key.rpartition("/")[0] == analysis.model.name}
    drawn = {id(column.whole) for column in columns_of([analysis], "full", parts)}
    every = whole or recipe.layout in OF_STACKS
    return [(number, placed) for number, call in enumerate(analysis.calls) for placed in call
            if every or placed.layer is None or id(placed) in drawn]


def _measured(analysis: Analysis, recipe: Recipe, whole: bool) -> list[dict]:
    return measures_of(analysis, maps=[placed for _, placed in _maps_in(analysis, recipe, whole)])


def _note(analyses: Sequence[Analysis], recipe: Recipe, whole: bool) -> str:
    """What is left out, a line for each network."""
    counts = [(a.model.name, len(_maps_in(a, recipe, whole)), len(a.maps)) for a in analyses]
    return "".join(f"{name}: maps.npz and measures.csv hold {held} of {all_of_it} maps, those that the figure is of. All of them: "
                   f"ask for whole maps (--whole-maps), or for the layout 'layers x heads'.\n"
                   for name, held, all_of_it in counts if held < all_of_it)


def _arrays(placed: PlacedMap, analysis: Analysis, recipe: Recipe, whole: bool) -> dict[str, np.ndarray]:
    nl_map, size = placed.nl_map, analysis.picture.size
    found = {name: np.array(getattr(nl_map, name), np.int64) for name in ("query_grid", "key_grid")}
    for side, place in (("query", placed.queries), ("key", placed.keys)):
        if place is not None:
            found |= {f"{side}_{name}": array for name, array in _places(place, size).items()}
    found |= {name: np.array(getattr(nl_map, name)) for name in ("query_tokens", "key_tokens") if getattr(nl_map, name)}
    if recipe.token in nl_map.query_tokens:
        found["token_row"] = _float32(nl_map.row(nl_map.query(recipe.token)))
    if placed.keys is not None and nl_map.relates != "gate":
        none = np.zeros((0, nl_map.shape[1]), np.float32)
        found["rows"] = np.concatenate([none, *(_row(placed, query)[None] for query in recipe.queries)])
    if whole or nl_map.relates == "gate":
        found["map"] = _float32(nl_map.weights[0] if nl_map.weights is not None else nl_map.lazy.dense()[0])
    return found


def _places(place: Placement, size: tuple[int, int]) -> dict[str, np.ndarray]:
    """Where the cells lie, in raster order: in pixels of the picture, and of a clip on which frames."""
    cells = [place.rectangle(*cell) for cell in np.ndindex(*place.grid)]
    pixels = np.array([[float(edge) * size[at % 2] for at, edge in enumerate(cell)] for cell in cells], np.float32)
    if not place.of_clip:
        return {"rectangles_px": pixels}
    frames = [(found[0], found[-1]) if (found := place.frames_of(t)) else (-1, -1) for t in range(place.grid[0])]
    return {"rectangles_px": pixels, "frames": np.repeat(np.array(frames, np.int64), len(cells) // place.grid[0], 0)}


def _row(placed: PlacedMap, query: Sequence[float]) -> np.ndarray:
    cell = placed.queries and placed.queries.cell(*query)
    if cell is None:
        return np.full(placed.nl_map.shape[1], np.nan, np.float32)
    return _float32(placed.nl_map.row(flat_index(cell, placed.queries.grid)))


def _float32(weights: Tensor) -> np.ndarray:
    return weights.detach().float().cpu().numpy()
