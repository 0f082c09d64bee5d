"""A recipe as a figure."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from ..analysis import Analysis
from ..recipes import Recipe, check_choice
from .channel_maps import channels_by_networks
from .checks import check_queries
from .dependence import dependence_by_networks
from .distances import distances_by_networks
from .filmstrip import filmstrip
from .layer_distances import distance_against_layer
from .layers_heads import layers_by_heads
from .queries import one_query, queries_by_networks

VIEWS = ("cells", "smooth")
ALL = ("colour_map", "scale", "smooth", "opacity", "direction", "term", "veil", "backdrop", "token", "parts")
DRAWN_WITH = {  # layout -> what draws it, and which of the recipe's settings it takes
    "queries by networks": (queries_by_networks, ALL),
    "one query": (one_query, ALL),
    "dependence": (dependence_by_networks, ("colour_map", "scale", "smooth", "opacity", "veil", "backdrop", "parts")),
    "channels": (channels_by_networks, ("colour_map", "scale", "parts")),
    "layers x heads": (layers_by_heads, ALL[:-1]),
    "distance against layer": (distance_against_layer, ()),
    "distances": (distances_by_networks, ("direction", "term", "parts")),
    "filmstrip": (filmstrip, (*ALL, "arrows")),
}


def draw(analyses: Sequence[Analysis], recipe: Recipe) -> Figure:
    """The figure of a recipe, its networks in the recipe's order.

    Args:
        analyses: of the recipe's networks, in any order; further ones are left out.

    Raises:
        ValueError: a network of the recipe has no analysis, a setting is unknown, or the layout cannot be drawn; the message
            says why.
    """
    check_choice("view", recipe.view, VIEWS)
    function, names = DRAWN_WITH[recipe.layout]
    settings = {"colour_map": recipe.colours, "scale": recipe.scale, "smooth": recipe.view == "smooth", "opacity": recipe.opacity,
                "direction": recipe.direction, "term": recipe.term, "veil": recipe.veil, "backdrop": recipe.backdrop,
                "token": recipe.token, "parts": recipe.parts, "arrows": recipe.arrows}
    queries = [tuple(query) for query in recipe.queries]
    if recipe.layout in ("one query", "layers x heads"):
        check_queries(queries)
        queries = queries[0]
    return function(in_order(analyses, recipe), queries, width=recipe.width, **{name: settings[name] for name in names})


def in_order(analyses: Sequence[Analysis], recipe: Recipe) -> list[Analysis]:
    """One for each network of the recipe; those of one name keep their own order."""
    found: dict[str, list[Analysis]] = {}
    for analysis in analyses:
        found.setdefault(analysis.model.name, []).append(analysis)
    chosen = []
    for name in (network["name"] for network in recipe.networks):
        if not found.get(name):
            raise ValueError(f"network {name} of the recipe was not analysed; there are: {', '.join(found) or 'none'}")
        chosen.append(found[name].pop(0) if len(found[name]) > 1 else found[name][0])
    return chosen
