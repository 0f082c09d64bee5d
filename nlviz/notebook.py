"""What ``nlviz.analyse`` gives: an analysis that can be asked, drawn, measured, saved, and looked at in a notebook's cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from torch import Tensor, nn

from . import analysis
from .analysis import Analysis, PlacedMap
from .pictures import Clip
from .recipes import SETTINGS, Recipe

if TYPE_CHECKING:  # matplotlib takes a second to import: what draws does it when it draws
    from .figures import Axes, Figure

Query = tuple[float, ...]  # (x, y), fractions of the picture's width and height; of a clip (x, y, frame), the frame from 0
Queries = Sequence[Query]
MIDDLE = (0.5, 0.5)
KINDS = (".html", ".png", ".svg", ".pdf", ".zip", ".gif", ".mp4")
TAKEN = (*SETTINGS, "layout", "width", "dpi", "parts")  # of a recipe; the rest of it is the analysis's own
SCREEN_DPI, SCREEN_INCH = 200, 100  # of a figure in a cell: dots, and pixels that an inch of it takes
FRAME = ('<iframe srcdoc="{page}" sandbox="allow-scripts" title="{title}" '
         'style="width: 100%; height: min(760px, 85vh); border: 0; border-radius: 4px;"></iframe>')


def analyse(model: nn.Module, picture, resolution: int = 448, preprocess=None) -> "Shown":
    """Run a picture through a model once and keep every block's map: see :func:`nlviz.analysis.analyse` for the arguments.

    Raises:
        PictureError: the picture cannot be used.
        ValueError: the model has no block, or one whose grid is not two-dimensional.
    """
    found = analysis.analyse(model, picture, resolution, preprocess)
    return Shown(**vars(found), resolution=resolution)


def show(picture, weights, query_grid: tuple[int, int], key_grid: tuple[int, int] | None = None, tokens: Sequence[str] = (),
         name: str = "map") -> "Shown":
    """The viewer, numbers and figures for a map that was computed elsewhere: by JAX, Keras, a custom kernel, or a saved array.

    Args:
        picture: a path, the bytes of a file, or a PIL image; the map's grids lie over all of it.
        weights: (N, N'), (heads, N, N') or (layers, heads, N, N'), an array of any library that NumPy reads; or queries, keys and
            a number, ``(q, k, scale)``, of which the softmax of scale q . k is taken: (..., N, C) and (..., N', C).
        query_grid, key_grid: (rows, columns) of the positions; keys by default as the queries.
        tokens: names of the rows and columns that are no positions and stand in front of them, such as ``["class token"]``.
        name: what to call it.

    Raises:
        PictureError: the picture cannot be used.
        ValueError: the shapes do not fit the grids, or a number is not finite; the message says what was expected.

    Example:
        >>> import numpy as np
        >>> from PIL import Image
        >>> show(Image.new("RGB", (60, 40)), np.full((24, 24), 1 / 24), query_grid=(4, 6))
        <map on picture: 1 map>
    """
    found = analysis.analysis_of_map(picture, weights, query_grid, key_grid, tokens, name)
    return Shown(**vars(found), resolution=max(found.picture.size))


def difference(first: Analysis, second: Analysis) -> "Shown":
    """What changed from one network to another of the same kind: two checkpoints, two snapshots, two seeds.

    Figures and numbers of weights show it signed, on a diverging scale with zero in its middle: red where ``first`` gives a key
    more weight than ``second`` does.

    Args:
        first, second: analyses of one picture, by networks with the same maps.

    Raises:
        ValueError: they are of two pictures, or the networks do not have the same maps.
    """
    found = analysis.difference(first, second)
    return Shown(**(vars(found) | {"resolution": getattr(first, "resolution", max(found.picture.size))}))


@dataclass(frozen=True, repr=False)
class Shown(Analysis):
    """An :class:`nlviz.analysis.Analysis` that shows itself: as the last line of a notebook's cell it is the interactive viewer.

    Attributes:
        resolution: long side of the network's input that was asked for, in pixels.
    """

    resolution: int = 448

    def __repr__(self) -> str:
        return f"<{self.model.name} on {self.picture.name}: {len(self.maps)} map{'' if len(self.maps) == 1 else 's'}>"

    def heatmap(self, query: Query, layer: int | str = 0, part: str = "") -> Tensor:
        """The weights that a place of the picture gives to all others, (rows, columns) of the key grid; of a clip
        (frames, rows, columns).

        Args:
            query: (x, y), fractions of the picture's width and height; of a clip (x, y, frame), the frame from 0.
            layer: which block: its number in the order computed, or its dotted name in the network.
            part: which of the block's maps (``NLMap.part``), for blocks with several; "" for the first.

        Raises:
            ValueError: no such block or map, a query outside 0 to 1, or a map in which a place has no row (of channels).
        """
        from .figures import check_frames

        check_frames(self.picture, [query])
        x, y, *frame = query
        return self._placed(layer, part).heatmap(x, y, frame=frame[0] if frame else 0)

    @property
    def _middle(self) -> Queries:
        """What is asked where nobody says it: the middle, of a clip in its middle frame."""
        return ((*MIDDLE, len(self.picture.frames) // 2),) if isinstance(self.picture, Clip) else (MIDDLE,)

    def _placed(self, layer: int | str, part: str) -> PlacedMap:
        calls = self.calls
        layers = [call[0].nl_map.layer for call in calls]
        if layer not in (layers if isinstance(layer, str) else range(len(calls))):
            there = ", ".join(f"{number} ({name})" for number, name in enumerate(layers))
            raise ValueError(f"{self.model.name} has no block {layer!r}; it has: {there}")
        call = calls[layers.index(layer) if isinstance(layer, str) else layer]
        named = {placed.nl_map.part: placed for placed in call}
        if part and part not in named:
            raise ValueError(f"this block has no map {part!r}; it has: {', '.join(map(repr, named))}")
        return named[part] if part else call[0]

    def figure(self, queries: Queries | None = None, axes: "Axes | None" = None, **settings) -> "Figure":
        """A figure for a paper; in a notebook it shows itself.

        Args:
            queries: (x, y) each, of a clip (x, y, frame), 1 to 8; by default the middle.
            axes: draw only the first map's heatmap, of the first query, into these Axes; they become the picture, in its pixels, or
                a clip's frames side by side.
            settings: of a :class:`nlviz.recipes.Recipe`: ``layout``, ``width``, ``colours``, ``scale``, ``view``, ``opacity``,
                ``veil``, ``backdrop``, ``direction``, ``term``, ``parts``, ``arrows``; for Axes only those of the drawing count.

        Returns:
            The new figure, or that of ``axes``.

        Raises:
            TypeError: an unknown setting.
            ValueError: an unknown value of one, no query or one outside 0 to 1; the message says what there is.
        """
        recipe = self._recipe(self._middle if queries is None else queries, settings)
        if axes is not None:
            return self._draw_into(axes, recipe)
        from .figures import draw

        figure = draw([self], recipe)
        figure._repr_png_ = partial(_png, figure, recipe)  # notebooks know how to show pyplot's figures only
        return figure

    def _recipe(self, queries: Queries, settings: dict) -> Recipe:
        from .export import make_recipe

        if unknown := sorted(settings.keys() - set(TAKEN)):
            raise TypeError(f"unknown settings: {', '.join(unknown)}; there are: {', '.join(TAKEN)}")
        return make_recipe([self], Recipe({}, (), tuple(queries), self.resolution, **settings))

    def _draw_into(self, axes: "Axes", recipe: Recipe) -> "Figure":
        from .figures import Style, check_analyses, columns_of, draw_heatmap, looks_of, scale_of, shared_scales

        check_analyses([self], recipe.queries)
        style = Style.of(recipe)
        column = columns_of([self], recipe.term, recipe.parts)[0]
        ((look,),) = looks_of([column], recipe.queries[:1], style)
        if look.values is None or column.form != "heatmap":
            raise ValueError(look.note or f"{column.whole.nl_map.block} relates channels: it has no heatmap over the picture")
        scale = scale_of(look, style, shared_scales([look], style))
        draw_heatmap(axes, column.placed, self.picture, look.values, scale, style.colours_of(column.kind), style.opacity,
                     style.smooth, look.on_keys, style.veil, style.backdrop)
        return axes.figure

    def measure(self) -> list[dict]:
        """GCNet's numbers of every map, each beside its baselines: see :func:`nlviz.measures.measures_of`."""
        from .measures import measures_of

        return measures_of(self)

    def save(self, path: str | Path, queries: Queries | None = None, *, whole_maps: bool = False, overwrite: bool = False,
             **settings) -> None:
        """Write a file of the kind that its name says, whole or not at all.

        ``.html`` is the interactive viewer, which needs no server; ``.png``, ``.svg`` and ``.pdf`` are the figure; ``.zip`` is
        the figure with its rows, numbers and recipe; ``.gif`` and ``.mp4`` are the query moving, through the frames of a clip, or
        from each of several to the next.

        Args:
            queries, settings: as in ``figure``, and ``dpi`` of a PNG.
            whole_maps: a zip has every row, not only those of the queries.
            overwrite: a zip may take the place of one that is there.

        Raises:
            TypeError, ValueError: see ``figure``; another ending of the name.
            OSError: the file cannot be written; FileExistsError: a zip is there already.
        """
        path = Path(path)
        if path.suffix.lower() not in KINDS:
            raise ValueError(f"{path.name}: a file's name ends in {', '.join(KINDS)}")
        from .export import write

        write([self], self._recipe(self._middle if queries is None else queries, settings), path, whole_maps, overwrite)

    def _repr_html_(self) -> str:
        """The viewer in a frame of its own, which may run its script and nothing else."""
        from .export import offline_page_html

        page = offline_page_html([self])
        return FRAME.format(page=escape(page), title=escape(f"{self.model.name} on {self.picture.name}"))


def _png(figure: "Figure", recipe: Recipe) -> tuple[bytes, dict]:
    """The figure for a cell, and how many pixels wide it is there."""
    from .figures import figure_bytes

    return figure_bytes(figure, "png", recipe, SCREEN_DPI), {"width": round(figure.get_figwidth() * SCREEN_INCH)}
