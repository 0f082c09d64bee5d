"""A query that moves: a picture for each of its places."""

import io
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from matplotlib.colors import to_rgb
from PIL import Image
from tqdm import tqdm

from ..analysis import Analysis
from ..pictures import Clip
from ..recipes import Recipe
from .checks import check_analyses, check_queries
from .colours import PIN_COLOURS
from .filmstrip import draw_moments
from .layouts import in_order
from .looks import Query
from .output import Figure, Lazily, figure_bytes
from .queries import draw_places

STEPS = 12  # from one pin to the next
STEP, FRAME, HOLD = 0.2, 0.4, 0.8  # seconds: on the way, in each frame where it stays at its place, at a pin
MOST_SIDE, MOST_PIXELS = 1600, 1_600_000  # of each picture
USUAL = "queries by networks"
Step = tuple[Query, float]  # a place, and for how many seconds


def path_of(queries: Sequence[Query], frames: int = 1) -> list[Step]:
    """The way of a query that moves.

    Of a clip one query stays at its place and goes through all frames; several are passed in the order of their frames. Between
    two it moves evenly, and it stays a little at each.

    Args:
        frames: of the clip; 1 of a photo.

    Raises:
        ValueError: one query of a photo moves nowhere.
    """
    if len(queries) == 1 and frames == 1:
        raise ValueError("one query of a picture moves nowhere: give two or more, between which it moves")
    if len(queries) == 1:
        return [((*queries[0][:2], frame), FRAME) for frame in range(frames)]
    pins = sorted(queries, key=lambda query: query[2]) if frames > 1 else list(queries)
    found = [(pins[0], HOLD)]
    for start, stop in pairwise(pins):
        found += [(_between(start, stop, step / STEPS), STEP) for step in range(1, STEPS)] + [(stop, HOLD)]
    return found


def _between(start: Query, stop: Query, part: float) -> Query:
    x, y, *frame = ((1 - part) * a + part * b for a, b in zip(start, stop))
    return (x, y, *(int(one + 0.5) for one in frame))


def moving_pictures(analyses: Sequence[Analysis], recipe: Recipe,
                    progress: bool = False) -> tuple[Sequence[Image.Image], list[float]]:
    """The recipe's query moving as in ``path_of``: pictures of one size, and for how many seconds each is shown.

    A clip is drawn as a filmstrip, a photo beside its heatmaps; the scales are those of all pictures together. They have fewer
    dots per inch than the recipe says where they would have sides of more than 1600 pixels, or more than 1.6 million.

    Args:
        progress: a bar on stderr.

    Raises:
        ValueError: the recipe's layout does not move, or it cannot be drawn: see :func:`nlviz.figures.draw`.
    """
    check_queries(recipe.queries)
    check_analyses(analyses, recipe.queries)
    picture = analyses[0].picture
    path = path_of([tuple(query) for query in recipe.queries], len(picture.frames) if isinstance(picture, Clip) else 1)
    figures = _figures(in_order(analyses, recipe), recipe, [query for query, _ in path])
    drawn = [_drawn(figure, recipe) for figure in (tqdm(figures, unit="picture") if progress else figures)]
    sizes = [Image.open(io.BytesIO(content)).size for content in drawn]
    size = tuple(map(max, zip(*sizes)))
    return Lazily(len(drawn), lambda at: _on_white(drawn[at], size)), [seconds for _, seconds in path]


def _figures(analyses: Sequence[Analysis], recipe: Recipe, places: Sequence[Query]) -> Sequence[Figure]:
    clip = isinstance(analyses[0].picture, Clip)
    moves, draw = ("filmstrip", draw_moments) if clip else ("one query", draw_places)
    if recipe.layout not in (moves, USUAL):
        raise ValueError(f"the layout {recipe.layout!r} does not move; of a {'clip' if clip else 'picture'} {moves!r} does")
    return draw(analyses, places, recipe)


def _drawn(figure: Figure, recipe: Recipe) -> bytes:
    """As a PNG, of which many can be kept."""
    width, height = figure.get_size_inches()
    most = min(MOST_SIDE / max(width, height), (MOST_PIXELS / (width * height)) ** 0.5)
    return figure_bytes(figure, "png", dpi=int(min(recipe.dpi, most)))


def _on_white(content: bytes, size: tuple[int, int]) -> Image.Image:
    page = Image.new("RGB", size, "white")
    page.paste(Image.open(io.BytesIO(content)).convert("RGB"))
    return page


def gif_bytes(pictures: Sequence[Image.Image], seconds: Sequence[float], comment: str) -> bytes:
    """An endless GIF, with one palette for all pictures, so that what stays does not flicker."""
    some = [pictures[at] for at in sorted({0, len(pictures) // 2, len(pictures) - 1})]
    dots = (255 * np.array([to_rgb(colour) for colour in PIN_COLOURS])).round().astype(np.uint8)
    strip = np.resize(dots, (max(8, some[0].height // 8), some[0].width, 3))  # rare colours, which should not be lost
    together = Image.fromarray(np.concatenate([*map(np.asarray, some), strip]))
    palette = together.quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colours = (one.quantize(palette=palette, dither=Image.Dither.NONE) for one in pictures)
    file = io.BytesIO()
    next(colours).save(file, "GIF", save_all=True, append_images=colours, duration=[round(1000 * one) for one in seconds], loop=0,
               comment=comment.encode(), optimize=False, disposal=1)
    return file.getvalue()
