"""A view of the page as the fragment of its address, and back: what ui/page.js writes and the server reads."""

import re
from urllib.parse import parse_qs, urlencode

from .recipe import LONGEST, SETTINGS, VERSION, Recipe, brought_up

DEFAULTS = Recipe({}, (), ())
CLIP = ("start", "frames", "stride")


def link_of(recipe: Recipe) -> str:
    """The fragment, without its #: photo, sha256, networks, resolution, queries, version, of a clip which frames, and the settings
    that are not usual."""
    entries = {"photo": recipe.picture["name"], "sha256": recipe.picture["sha256"],
               "networks": ",".join(network["name"] for network in recipe.networks), "resolution": recipe.resolution,
               "queries": ";".join(",".join(f"{one:.5g}" for one in query) for query in recipe.queries), "version": VERSION}
    if "frames" in recipe.picture:
        entries["clip"] = ",".join(str(recipe.picture[name]) for name in CLIP)
    entries |= {name: getattr(recipe, name) for name in SETTINGS if getattr(recipe, name) != getattr(DEFAULTS, name)}
    if recipe.parts:
        entries["parts"] = ";".join(f"{panel}={part}" for panel, part in recipe.parts.items())
    return urlencode(entries)


def recipe_of_link(fragment: str) -> Recipe:
    """The recipe that a fragment stands for; checkpoints are not in it.

    Raises:
        ValueError: it is no view of the page; the message says what is wrong.
    """
    if len(fragment) > LONGEST:
        raise ValueError(f"this address is no view of the page: it is longer than {LONGEST // 1024} KB")
    found = {name: values[-1] for name, values in parse_qs(fragment.lstrip("#"), keep_blank_values=True).items()}
    if missing := [name for name in ("photo", "sha256", "networks") if not found.get(name)]:
        raise ValueError(f"this address is no view of the page: it lacks {', '.join(missing)}")
    version = found.get("version", "1")  # links of the first version don't say it
    if version not in ("1", str(VERSION)):
        raise ValueError(f"this address is no view of the page: it has version {version!r:.40}, this nlviz reads versions 1 and "
                         f"{VERSION}")
    entries = brought_up({name: found[name] for name in SETTINGS if name in found}, int(version))
    kinds = {"opacity": float, "resolution": int, "arrows": int}
    entries |= {name: _number(found[name], kind) for name, kind in kinds.items() if name in found}
    clip = [_number(number, int) for number in found["clip"].split(",")] if "clip" in found else []
    if len(clip) not in (0, len(CLIP)):
        raise ValueError(f"this address is no view of the page: a clip has {', '.join(CLIP)}, got {found['clip']!r:.40}")
    entries |= {"picture": {"name": found["photo"], "sha256": found["sha256"]} | dict(zip(CLIP, clip)),
                "queries": _queries(found.get("queries", "")),
                "networks": [{"name": name} for name in found["networks"].split(",")],
                "parts": dict(split_part(text)[::2] for text in found.get("parts", "").split(";") if text)}
    try:
        return Recipe.checked(entries)
    except ValueError as error:
        raise ValueError(f"this address is no view of the page: {error}") from None


def split_part(text: str) -> tuple[str, str, str]:
    """NETWORK/CALL, = and PART, as ``str.partition`` gives them: a network's name may have an = in it."""
    found = re.match(r".*?/[0-9]{1,4}(\+[0-9]{1,3})?(?==)", text, re.DOTALL)
    return (found[0], "=", text[found.end() + 1:]) if found else text.partition("=")


def _queries(text: str) -> list:
    return [[_number(part, int if at == 2 else float) for at, part in enumerate(query.split(","))]
            for query in text.split(";") if query]


def _number(text: str, kind: type) -> float | str:
    """The number, or the text for the schema to complain of."""
    try:
        return kind(text)
    except ValueError:
        return text
