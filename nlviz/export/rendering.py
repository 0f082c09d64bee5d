"""Figures without a browser: pictures and a recipe in, files out."""

import glob
import importlib.util
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from tqdm import tqdm

from ..analysis import Analysis, analyse
from ..figures import figure_bytes
from ..files import printable, read_regular, write_whole
from ..models import Model
from ..pictures import Picture, is_clip_name, open_media, open_picture
from ..recipes import LONGEST, Recipe, recipe_in
from .bundle import bundle_bytes, make_recipe
from .drawing import drawn
from .moving import ANIMATED, animation_bytes
from .offline_page import offline_page_html

MOST_BYTES = 512 * 2**20  # of a file that may carry a recipe: a figure of the most dots
SUFFIXES = (".png", ".svg", ".pdf", ".zip", ".html", ".gif", ".mp4")


def read_recipe(path: Path) -> Recipe | None:
    """The recipe in a JSON file, or in the metadata of an exported figure; None in any other file.

    Raises:
        OSError: the file is no regular one, or cannot be read.
        ValueError: this version cannot read the recipe, or the JSON is none.
    """
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{printable(path.name)} is larger than {MOST_BYTES // 2**20} MB: no recipe and no figure of nlviz")
    content = read_regular(path)
    text = recipe_in(content)
    if text is None and path.suffix.lower() != ".json":
        return None
    return Recipe.from_json(content[:4 * LONGEST].decode("utf-8", "replace") if text is None else text)


def find_picture(recipe: Recipe, folders: Sequence[Path]) -> Path:
    """The recipe's picture: a file of its name in one of the folders, or among the examples that gradio ships.

    Raises:
        FileNotFoundError: there is none; the message says what to do.
    """
    name = Path(recipe.picture["name"]).name  # a name from a stranger's file leads into no other folder
    gradio = importlib.util.find_spec("gradio")
    shipped = (path for root in gradio.submodule_search_locations for path in Path(root).rglob(glob.escape(name)))
    for path in chain((folder / name for folder in folders), shipped):
        if path.is_file():
            return path
    raise FileNotFoundError(f"the recipe is of {printable(name)}, which is not here. "
                            "Give the picture: render PICTURE --recipe RECIPE")


def opened(path: Path, recipe: Recipe | None = None, frames: Mapping[str, int] = MappingProxyType({})) -> Picture:
    """A picture, or a clip: of a video, a folder of pictures, or an animated picture.

    An animated picture is its first frame where the recipe's queries are of a picture and nobody asks for frames.

    Args:
        recipe: says which frames, where it is of a clip.
        frames: ``start`` from 0, ``count`` and ``stride``, where they are said, in place of the recipe's.

    Raises:
        PictureError, ValueError: see :func:`nlviz.pictures.open_media`.
    """
    picture = recipe.picture if recipe else {}
    there = {"start": picture.get("start"), "count": picture.get("frames"), "stride": picture.get("stride")}
    wanted = {name: value for name, value in (there | dict(frames)).items() if value is not None}
    of_picture = recipe and recipe.queries and all(len(query) == 2 for query in recipe.queries)
    if of_picture and not wanted and not path.is_dir() and not is_clip_name(path.name):
        return open_picture(path)
    return open_media(path, **wanted)


def pictures_named(names: Sequence[str]) -> list[Path]:
    """The pictures that paths and patterns such as ``photos/*.jpg`` stand for, each once.

    Raises:
        FileNotFoundError: a pattern matches nothing.
    """
    found = []
    for name in names:
        paths = sorted(glob.glob(name, recursive=True)) if glob.has_magic(name) and not Path(name).exists() else [name]
        if not paths:
            raise FileNotFoundError(f"no picture matches {name}")
        found += map(Path, paths)
    return list(dict.fromkeys(found))


def outputs_for(pictures: Sequence[Path], out: Path, kind: str) -> list[Path]:
    """Where each picture's file goes: ``out`` itself for one, a file of the given kind in the folder ``out`` for several.

    Raises:
        ValueError: ``out`` is no name for that, or two pictures would get one file.
    """
    if len(pictures) == 1 and out.suffix:
        if out.suffix.lower() not in SUFFIXES:
            raise ValueError(f"{out.name}: a figure's name ends in {', '.join(SUFFIXES)}")
        return [out]
    if out.suffix.lower() in SUFFIXES:
        raise ValueError(f"{len(pictures)} pictures need a folder, {out} is the name of one file")
    found = [out / f"{path.stem}.{kind}" for path in pictures]
    if len(set(found)) < len(found):
        raise ValueError("two of the pictures have one name, so their figures would overwrite each other")
    return found


def render_all(pictures: Sequence[Path], outs: Sequence[Path], models: Sequence[Model], recipe: Recipe, *,
               frames: Mapping[str, int] = MappingProxyType({}), whole_maps: bool = False, overwrite: bool = False,
               say: Callable[[str], None] | None = None) -> None:
    """Draw the recipe for each picture, or each clip.

    Args:
        frames: of videos, see ``opened``.
        say: told what differs from the recipe; by default it goes to stderr.

    Raises:
        PictureError, ValueError, OSError: a picture cannot be used, the figure not drawn, a file not written.
    """
    say = say or partial(tqdm.write, file=sys.stderr)
    for path, out in zip(_with_progress(pictures), outs):
        picture = opened(path, recipe, frames)
        analyses = [analyse(model, picture, recipe.resolution) for model in models]
        made = make_recipe(analyses, recipe)
        if recipe.picture:
            for difference in recipe.differences(made.picture, made.networks):
                say(f"nlviz: {difference}")
        if len(pictures) > 1:
            out.parent.mkdir(parents=True, exist_ok=True)
        write(analyses, made, out, whole_maps, overwrite)


def write(analyses: Sequence[Analysis], recipe: Recipe, out: Path, whole_maps: bool = False, overwrite: bool = False) -> None:
    """One file, of the kind that its name says, whole or not at all.

    Raises:
        FileExistsError: a zip is there already and ``overwrite`` is not given.
    """
    kind = out.suffix.lower().lstrip(".")
    if kind == "zip" and out.exists() and not overwrite:
        raise FileExistsError(f"{out} exists already. Choose another name, or add --overwrite.")
    write_whole(out, file_bytes(analyses, recipe, kind, whole_maps, progress=sys.stderr.isatty()))


def file_bytes(analyses: Sequence[Analysis], recipe: Recipe, kind: str, whole_maps: bool = False,
               most_pixels: float | None = None, progress: bool = False) -> bytes:
    """The recipe as a file: ``png``, ``svg`` or ``pdf``, the ``zip`` of all that belongs to it, an offline page, ``html``, or
    the query moving, ``gif`` or ``mp4``.

    Args:
        most_pixels: of a figure.
        progress: a bar on stderr while a moving query is drawn.

    Raises:
        ValueError: the recipe cannot be drawn; the message says why.
    """
    if kind == "zip":
        return bundle_bytes(analyses, recipe, whole_maps, most_pixels)
    if kind == "html":
        settings = recipe.settings | {"parts": dict(recipe.parts)}
        return offline_page_html(analyses, queries=recipe.queries, settings=settings).encode()
    if kind in ANIMATED:
        return animation_bytes(analyses, recipe, kind, progress)
    return figure_bytes(drawn(analyses, recipe, most_pixels), kind, recipe, recipe.dpi)


def _with_progress(pictures: Sequence[Path]) -> Iterable[Path]:
    return pictures if len(pictures) == 1 else tqdm(pictures, unit="picture")
