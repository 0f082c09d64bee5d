"""A view that comes back: from an exported figure, a recipe, or the page's address."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl

from ..export import read_recipe
from ..models import MINUS
from ..pictures import Chosen
from ..recipes import Recipe
from .opening import sha256_of
from .store import Store

EPOCH = re.compile("[0-9]{1,12}")


def recipe_of(path: str | None) -> Recipe | None:
    """The recipe that a file carries, None for an ordinary photo.

    Raises:
        ValueError: it carries one that cannot be read; the message says why.
    """
    try:
        return None if path is None else read_recipe(Path(path))
    except OSError:
        return None


def photo_of(recipe: Recipe, candidates: Sequence[str]) -> str | None:
    """Which of the photos at hand the recipe is of, by the sha256 of its pixels; None where it must be asked for."""
    return next((path for path in candidates if sha256_of(path, clip_of_recipe(recipe)) == recipe.picture["sha256"]), None)


def clip_of_recipe(recipe: Recipe) -> Chosen | None:
    """Which frames of a video it is of; None where it is of a picture."""
    of = recipe.picture
    return Chosen(of["start"], of["frames"], of["stride"]) if "frames" in of else None


def asks_for(recipe: Recipe) -> str:
    """What the page says until the photo is given."""
    what = "video" if "frames" in recipe.picture else "photo"
    return f"This view is of {recipe.picture['name']}. Choose or drop that {what}, and the view comes back."


def other_photo(recipe: Recipe, path: str) -> str:
    """What it says when another photo was given."""
    return (f"{Path(path).name} is another picture than that of the view, {recipe.picture['name']} "
            f"(sha256 {recipe.picture['sha256'][:12]}...).")


def called_here(recipe: Recipe, store: Store) -> Recipe:
    """The recipe with the networks' names on this page, where its owner calls them otherwise than a recipe does."""
    names = {network["name"]: MINUS.join(map(store.name_of, network["name"].split(MINUS))) for network in recipe.networks}
    parts = {f"{names.get(name, name)}/{call}": part for (name, _, call), part in
             ((panel.rpartition("/"), part) for panel, part in recipe.parts.items())}
    return replace(recipe, networks=tuple(network | {"name": names[network["name"]]} for network in recipe.networks), parts=parts)


def networks_of(recipe: Recipe) -> list[str]:
    """The networks' names on the page: a snapshot belongs to its network."""
    return list(dict.fromkeys(_snapshot(network["name"])[0] for network in recipe.networks))


def _snapshot(name: str) -> tuple[str, int | None]:
    """(network, epoch): what stands behind an @ is the epoch of a snapshot, or part of the network's name."""
    network, _, epoch = name.rpartition("@")
    return (network, int(epoch)) if EPOCH.fullmatch(epoch) and MINUS not in name else (name, None)


def view_of(recipe: Recipe) -> dict:
    """What the viewer puts back once the networks are shown."""
    names = [_snapshot(network["name"]) for network in recipe.networks]
    panels = [panel.rpartition("/") for panel in recipe.parts]
    return {"queries": [dict(zip(("x", "y", "frame"), query)) for query in recipe.queries], "settings": recipe.settings,
            "parts": {f"{_snapshot(name)[0]}/{call}": recipe.parts[f"{name}/{call}"] for name, _, call in panels if name},
            "snapshots": {name: epoch for name, epoch in names if epoch is not None}}


def differences(recipe: Recipe, store: Store, visit: str = "") -> list[str]:
    """Which networks are not as they were when the recipe was written, of what the page can know: an address has no checkpoints."""
    known, asked = [], []
    for network in recipe.networks:
        try:
            found = store.model(network["name"], visit).card.get("sha256")
        except Exception:  # a network that is not here, or cannot be loaded, is said to be not here
            asked += asks_for_file(network["name"])
            continue
        known.append({"name": network["name"], "sha256": found if network["sha256"] is not None else None})
    return [*recipe.differences(recipe.picture, known), *asked]


def asks_for_file(name: str) -> list[str]:
    """What the page says of somebody's own network that is not here: which file to bring, and what to answer."""
    if not name.startswith("file:"):
        return []
    file, _, answers = name.removeprefix("file:").rpartition("?") if "?" in name else (name.removeprefix("file:"), "", "")
    how = f" and answer {', '.join(f'{name}: {value}' for name, value in parse_qsl(answers))}" if answers else ""
    return [f"It is of a file of its own: drop {Path(file).name} in the tab Your network{how}; then go back to this view, or drop "
            "its figure again."]
