"""A view of the page as the fragment of its address, and back: what ui/page.js writes and the server reads."""

from urllib.parse import parse_qs, urlencode

from .recipe import SETTINGS, Recipe

DEFAULTS = Recipe({}, (), ())


def link_of(recipe: Recipe) -> str:
    """The fragment, without its #: photo, sha256, networks, resolution, queries, and the settings that are not the default."""
    entries = {"photo": recipe.picture["name"], "sha256": recipe.picture["sha256"],
               "networks": ",".join(network["name"] for network in recipe.networks), "resolution": recipe.resolution,
               "queries": ";".join(f"{x:.5g},{y:.5g}" for x, y in recipe.queries)}
    entries |= {name: getattr(recipe, name) for name in SETTINGS if getattr(recipe, name) != getattr(DEFAULTS, name)}
    if recipe.parts:
        entries["parts"] = ";".join(f"{panel}={part}" for panel, part in recipe.parts.items())
    return urlencode(entries)


def recipe_of_link(fragment: str) -> Recipe:
    """The recipe that a fragment stands for; checkpoints are not in it.

    Raises:
        ValueError: it is no view of the page; the message says what is wrong.
    """
    found = {name: values[-1] for name, values in parse_qs(fragment.lstrip("#"), keep_blank_values=True).items()}
    if missing := [name for name in ("photo", "sha256", "networks") if not found.get(name)]:
        raise ValueError(f"this address is no view of the page: it lacks {', '.join(missing)}")
    try:
        queries = tuple(_pair(text) for text in found.get("queries", "").split(";") if text)
        settings = {name: found[name] for name in SETTINGS if name in found}
        if "opacity" in settings:
            settings["opacity"] = float(settings["opacity"])
        parts = dict(text.split("=", 1) for text in found.get("parts", "").split(";") if text)
        return Recipe({"name": found["photo"], "sha256": found["sha256"]},
                      tuple({"name": name, "sha256": None} for name in found["networks"].split(",")), queries,
                      int(found.get("resolution", DEFAULTS.resolution)), parts=parts, **settings)
    except ValueError as error:
        raise ValueError(f"this address is no view of the page: {error}") from None


def _pair(text: str) -> tuple[float, float]:
    x, y = (float(part) for part in text.split(","))
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise ValueError(f"a query is given by fractions of width and height, 0 to 1, got {text}")
    return x, y
