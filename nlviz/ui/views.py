"""What the page shows after an event: each method gives the values of its parts, again and again while networks run."""

from collections.abc import Iterator
from pathlib import Path

import gradio as gr

from ..recipes import RESOLUTIONS, Recipe, recipe_of_link
from . import wiring
from .presets import Groups
from .restoring import asks_for, differences, networks_of, other_photo, photo_of, recipe_of, view_of
from .store import Store

EXAMPLES = [gr.get_image(name) for name in ("lion.jpg", "cheetah.jpg", "tower.jpg", "bus.png")]


class Views:
    """Answers of the page for a store's networks.

    Every answer is (value of the viewer, photo on screen, value of the photo box, recipe whose photo is awaited, input resolution,
    networks ticked in each group ...). Methods take who asks, and what stands there: ``size`` the input resolution, ``shown`` the
    path of the photo on screen, ``awaited`` the recipe, ``boxes`` the networks ticked in each group.
    """

    def __init__(self, store: Store, groups: Groups):
        self.store, self.groups = store, groups
        self.listed = [name for choices in groups.values() for _, name in choices]

    def again(self, who: gr.Request, shown: str, size: int, *boxes) -> Iterator[dict]:
        """The same photo in other networks: values of the viewer alone."""
        yield from wiring.show(self.store, shown, _flat(boxes), size, who.session_hash)

    def use(self, who: gr.Request, path: str | None, size: int, shown: str, awaited: Recipe | None, *boxes) -> Iterator[tuple]:
        """A photo; one that cannot be used gives way to the one before, and an emptied box leaves the maps alone."""
        try:
            recipe = recipe_of(path)
        except ValueError as error:
            yield self._same({"message": str(error), "error": True}, shown, shown, awaited)
            return
        if recipe:
            yield from self._restore(who, recipe, size, shown, boxes)
        elif awaited and path and photo_of(awaited, [path]):
            yield from self._restore(who, awaited, size, path, boxes)
        else:
            yield from self._show_photo(who, path, size, shown, awaited, boxes)

    def _show_photo(self, who: gr.Request, path: str | None, size: int, shown: str, awaited: Recipe | None,
                    boxes) -> Iterator[tuple]:
        for value in self.again(who, path, size, *boxes):
            bad = value.get("error", False) and "scene" not in value  # one network may fail where others show the photo
            if awaited and "scene" in value:
                value["message"] = other_photo(awaited, path)
            yield self._same(value, shown if bad or path is None else path, shown if bad else gr.skip(), awaited)

    def use_figure(self, who: gr.Request, path: str, size: int, shown: str, awaited: Recipe | None, *boxes) -> Iterator[tuple]:
        """An exported SVG or PDF, or a recipe."""
        try:
            recipe = recipe_of(path)
        except ValueError as error:
            yield self._same({"message": str(error), "error": True}, shown, gr.skip(), awaited)
            return
        if recipe:
            yield from self._restore(who, recipe, size, shown, boxes)
            return
        message = f"{Path(path).name} carries no recipe of nlviz. Drop a photo, or an exported figure."
        yield self._same({"message": message, "error": True}, shown, gr.skip(), awaited)

    def use_example(self, who: gr.Request, index: int, size: int, shown: str, awaited: Recipe | None, *boxes) -> Iterator[tuple]:
        """An example photo."""
        for value in self.again(who, EXAMPLES[index], size, *boxes):
            yield self._same(value, EXAMPLES[index], EXAMPLES[index], awaited)

    def arrive(self, who: gr.Request, fragment: str, size: int, shown: str, awaited: Recipe | None, *boxes) -> Iterator[tuple]:
        """An address with a view in it brings the view; any other shows what is chosen."""
        said = {}
        if fragment.lstrip("#"):
            try:
                recipe = recipe_of_link(fragment)
            except ValueError as error:
                said = {"message": str(error), "error": True}
            else:
                yield from self._restore(who, recipe, size, shown, boxes)
                return
        for value in self.again(who, shown, size, *boxes):
            yield self._same(value | said, shown, gr.skip(), awaited)

    def _restore(self, who: gr.Request, recipe: Recipe, size: int, shown: str, boxes) -> Iterator[tuple]:
        """A recipe's view; or what is on screen, and a word on what is missing."""
        found = photo_of(recipe, [shown, *EXAMPLES])
        if found is None or recipe.resolution not in RESOLUTIONS:
            said = {"message": asks_for(recipe)} if found is None else {"message": _other_resolution(recipe), "error": True}
            for value in self.again(who, shown, size, *boxes):
                yield self._same(value | said, shown, shown, recipe if found is None else None)
            return
        wanted = [name for name in networks_of(recipe) if name in self.listed] or _flat(boxes)
        for value in wiring.show(self.store, found, wanted, recipe.resolution, who.session_hash):
            if "scene" in value:
                said = [*differences(recipe, self.store), value["message"]]
                value |= {"restore": view_of(recipe), "message": " ".join(filter(None, said))}
            yield value, found, found, None, recipe.resolution, *self.ticked(wanted)

    def ticked(self, names: list[str]) -> list[list[str]]:
        """The value of each group of networks when these are chosen."""
        return [[name for _, name in choices if name in names] for choices in self.groups.values()]

    def _same(self, value: dict, shown: str, box, awaited: Recipe | None) -> tuple:
        """An answer that leaves the input resolution and the networks as they are."""
        return value, shown, box, awaited, *[gr.skip()] * (1 + len(self.groups))


def _other_resolution(recipe: Recipe) -> str:
    return (f"This view has an input of {recipe.resolution} px; the page shows {', '.join(map(str, RESOLUTIONS))} px. "
            "Draw it with: python -m nlviz render --recipe FIGURE")


def _flat(boxes) -> list[str]:
    return [name for box in boxes for name in box]
