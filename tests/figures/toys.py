"""Several networks that looked at one picture, and figures of recipes of them."""

from functools import cache

from nlviz.analysis import analyse
from nlviz.blocks import BLOCKS
from nlviz.figures import draw
from nlviz.recipes import LAYOUTS, Recipe
from tests.figures.looking import EIGHT, network, picture

KINDS = ("embedded_gaussian", "gc", "dot_product", "cam", "criss_cross", "disentangled", "se", "pam")
OF_PHOTOS = tuple(layout for layout in LAYOUTS if layout != "filmstrip")
TITLE = "A network with a very long name and OneVeryLongWordWithoutAnySpacesInItAtAll"
SHAPES = {"square": (96, 96), "tall": (32, 128), "wide": (128, 32), "portrait": (72, 96)}


@cache
def toys(count: int, shape: str = "square", title: str = TITLE):
    """Analyses by networks called net0, net1, ... with a block each, of all kinds there are."""
    seen, found = picture(*SHAPES[shape]), []
    for at, kind in enumerate(KINDS[:count] if count > 1 else ("cam",)):
        model = network(BLOCKS[kind](3), title=title)
        model.name = f"net{at}"
        found.append(analyse(model, seen, 96))
    return found


def recipe_of(analyses, queries=EIGHT[:2], **changes) -> Recipe:
    seen = analyses[0].picture
    networks = tuple({"name": a.model.name, "sha256": None} for a in analyses)
    return Recipe({"name": seen.name, "sha256": seen.sha256}, networks, tuple(queries), **changes)


def drawn(analyses, queries=EIGHT[:2], **changes):
    return draw(analyses, recipe_of(analyses, queries, **changes))
