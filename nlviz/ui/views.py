"""What the page shows after an event: each method gives the values of its parts, again and again while networks run."""

import logging
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path

import gradio as gr

from ..recipes import RESOLUTIONS, Recipe, recipe_of_link
from . import wiring
from .chooser import names_in
from .examples import EXAMPLES, compared, start_of
from .presets import Groups
from .restoring import asks_for, called_here, differences, networks_of, other_photo, photo_of, recipe_of, view_of
from .store import Store
from .turns import Overtaken

PARTS = 6  # of the page, that an answer changes


def to_the_end(view: Callable) -> Callable:
    """A view that never leaves the page waiting: overtaken, it changes nothing; broken, it says so."""
    @wraps(view)
    def answer(self, who: gr.Request, *inputs) -> Iterator:
        unchanged = [gr.skip()] * self.parts_of(view)
        try:
            for value, *others in view(self, who, *inputs):
                value["message"] = str(value.get("message") or "").encode(errors="replace").decode()  # names may be no Unicode
                yield _as_gradio_takes([value, *others])
        except Overtaken:
            yield _as_gradio_takes(unchanged)
        except Exception as error:
            logging.getLogger(__name__).exception("an event of the page failed")
            message = f"Something went wrong on the server ({type(error).__name__}). Reload the page and try again."
            yield _as_gradio_takes([{"message": message, "error": True}, *unchanged[1:]])
    return answer


def _as_gradio_takes(parts: list):
    return parts[0] if len(parts) == 1 else tuple(parts)


class Views:
    """Answers of the page for a store's networks.

    Every answer is (value of the viewer, photo on screen, value of the photo box, recipe whose photo is awaited, input resolution,
    names of the networks in order). Methods take who asks, and what stands there: ``size`` the input resolution, ``shown`` the
    path of the photo on screen, ``awaited`` the recipe, ``names`` the networks chosen, in order.
    """

    def __init__(self, store: Store, groups: Groups, offered: list[int] | None = None):
        self.store, self.offered = store, offered or list(RESOLUTIONS)
        self.listed = [network.name for networks in groups.values() for network in networks]

    def parts_of(self, view: Callable) -> int:
        """How many parts of the page a view changes."""
        return 1 if view.__name__ == "again" else PARTS

    @to_the_end
    def again(self, who: gr.Request, shown: str, size: int, names: object) -> Iterator[tuple]:
        """The same photo in other networks: values of the viewer alone."""
        for value in self._values(who, shown, size, names):
            yield value,

    def _values(self, who: gr.Request, shown: str | None, size: int, names: object) -> Iterator[dict]:
        if type(size) is not int:
            yield {"message": "Choose an input resolution.", "error": True}
            return
        try:
            wanted = names_in(names, self.listed)
        except ValueError as error:
            yield {"message": str(error), "error": True}
            return
        for value in wiring.show(self.store, shown, wanted, size, who.session_hash):
            yield value | {"scene": value["scene"] | start_of(shown)} if "scene" in value else value

    @to_the_end
    def use(self, who: gr.Request, path: str | None, size: int, shown: str, awaited: Recipe | None,
            names: object) -> Iterator[tuple]:
        """A photo; one that cannot be used gives way to the one before, and an emptied box leaves the maps alone."""
        try:
            recipe = self._recipe_of(path)
        except ValueError as error:
            yield self._same({"message": str(error), "error": True}, shown, shown, awaited)
            return
        if recipe:
            yield from self._restore(who, recipe, size, shown, names)
        elif awaited and path and self._photo_of(who, awaited, [path]):
            yield from self._restore(who, awaited, size, path, names)
        else:
            yield from self._show_photo(who, path, size, shown, awaited, names)

    def _show_photo(self, who: gr.Request, path: str | None, size: int, shown: str, awaited: Recipe | None,
                    names) -> Iterator[tuple]:
        for value in self._values(who, path, size, names):
            bad = value.get("error", False) and "scene" not in value  # one network may fail where others show the photo
            if awaited and "scene" in value:
                value["message"] = other_photo(awaited, path)
            yield self._same(value, shown if bad or path is None else path, shown if bad else gr.skip(), awaited)

    def _recipe_of(self, path: str | None) -> Recipe | None:
        """The recipe in a file that came; ValueError also where the file is larger than files may be."""
        most = self.store.limits.upload_mb
        if path and Path(path).stat().st_size > most * 2**20:
            raise ValueError(f"{Path(path).name} is larger than {most} MB. Choose a smaller file.")
        return recipe_of(path)

    @to_the_end
    def use_figure(self, who: gr.Request, path: str, size: int, shown: str, awaited: Recipe | None,
                   names: object) -> Iterator[tuple]:
        """An exported SVG or PDF, or a recipe."""
        if path is None:
            yield self._same({"message": "Drop a photo, or an exported figure."}, shown, gr.skip(), awaited)
            return
        try:
            recipe = self._recipe_of(path)
        except ValueError as error:
            yield self._same({"message": str(error), "error": True}, shown, gr.skip(), awaited)
            return
        if recipe:
            yield from self._restore(who, recipe, size, shown, names)
            return
        message = f"{Path(path).name} carries no recipe of nlviz. Drop a photo, or an exported figure."
        yield self._same({"message": message, "error": True}, shown, gr.skip(), awaited)

    @to_the_end
    def use_example(self, who: gr.Request, index: int, size: int, shown: str, awaited: Recipe | None,
                    names: object) -> Iterator[tuple]:
        """An example photo."""
        if type(index) is not int or not 0 <= index < len(EXAMPLES):
            yield self._same({"message": "There is no such example.", "error": True}, shown, gr.skip(), awaited)
            return
        for value in self._values(who, EXAMPLES[index], size, names):
            yield self._same(value, EXAMPLES[index], EXAMPLES[index], awaited)

    @to_the_end
    def arrive(self, who: gr.Request, fragment: str, size: int, shown: str, awaited: Recipe | None,
               names: object) -> Iterator[tuple]:
        """An address with a view in it brings the view; without one the page opens with two queries to compare."""
        said = {}
        if (fragment or "").lstrip("#"):
            try:
                recipe = recipe_of_link(fragment)
            except ValueError as error:
                said = {"message": str(error), "error": True}
            else:
                yield from self._restore(who, recipe, size, shown, names)
                return
        first = said or compared(shown)
        for value in self._values(who, shown, size, names):
            yield self._same(value | first if "scene" in value else value | said, shown, gr.skip(), awaited)

    def _restore(self, who: gr.Request, recipe: Recipe, size: int, shown: str, names) -> Iterator[tuple]:
        """A recipe's view; or what is on screen, and a word on what is missing."""
        recipe = called_here(recipe, self.store)
        wanted = [name for name in networks_of(recipe) if name in self.listed] or names
        found, said = self._photo_of(who, recipe, [shown, *EXAMPLES]), {}
        try:
            wanted = names_in(wanted, self.listed)
            self.store.limits.check_view(wanted, recipe.resolution)
        except ValueError as error:
            said = {"message": str(error), "error": True}
        if said or found is None:  # what is on screen stays, whatever else the recipe says
            for value in self._values(who, shown, size, names):
                yield self._same(value | (said or {"message": asks_for(recipe)}), shown, shown, None if said else recipe)
            return
        for value in wiring.show(self.store, found, wanted, recipe.resolution, who.session_hash):
            if "scene" in value:
                said = [*differences(recipe, self.store), value["message"]]
                value |= {"restore": view_of(recipe), "message": " ".join(filter(None, said))}
            yield value, found, found, None, self._size(recipe.resolution), wanted

    def _photo_of(self, who: gr.Request, recipe: Recipe, candidates: list[str]) -> str | None:
        visit = self.store.seals.visit(who.session_hash)
        with self.store.turns.newest(visit) as request, self.store.turns.opening(visit, request):
            return photo_of(recipe, candidates)

    def _size(self, resolution: int):
        """The value of the input resolution; one that is not offered to all is from now on offered here."""
        return resolution if resolution in self.offered else gr.Radio(sorted({*self.offered, resolution}), value=resolution)

    def _same(self, value: dict, shown: str, box, awaited: Recipe | None) -> tuple:
        """An answer that leaves the input resolution and the networks as they are."""
        return value, shown, box, awaited, gr.skip(), gr.skip()

