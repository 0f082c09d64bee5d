"""What the page shows after an event: each method gives the values of its parts, again and again while networks run."""

from collections.abc import Callable, Iterator
from pathlib import Path

import gradio as gr

from ..recipes import RESOLUTIONS, Recipe, recipe_of_link
from .chooser import is_listed, names_in
from .clip_strip import chosen_in, strip_of
from .ending import to_the_end
from .examples import OFFERED, compared, start_of
from .opening import Shown, moves
from .presets import OWN, Groups, Preset, suited
from .restoring import (
    asks_for,
    called_here,
    clip_of_recipe,
    differences,
    networks_of,
    other_photo,
    photo_of,
    recipe_of,
    view_of,
)
from .showing import show
from .store import Store

PARTS = 7  # of the page, that an answer changes


class Views:
    """Answers of the page for a store's networks.

    Every answer is (value of the viewer, what is on screen, value of the photo box, recipe whose photo is awaited, input
    resolution, names of the networks in order, the strip on which frames are chosen). Methods take who asks, and what stands
    there: ``size`` the input resolution, ``shown`` what is on screen, ``awaited`` the recipe, ``names`` the networks chosen, in
    order.
    """

    def __init__(self, store: Store, groups: Groups, offered: list[int] | None = None, presets: dict[str, Preset] | None = None):
        self.store, self.offered, self.groups, self.presets = store, offered or list(RESOLUTIONS), groups, presets or {}
        self.listed = [network.name for networks in groups.values() for network in networks]

    def _listed(self, who: gr.Request) -> list[str]:
        """The names of the networks that this visitor may choose."""
        visit = self.store.seals.visit(who.session_hash)
        self.store.visiting.touch(visit)
        return [*self.listed, *(own.name for own in self.store.visiting.of(visit))]

    def _names_in(self, who: gr.Request, value: object) -> list[str]:
        """The names that the page sends; see ``names_in``. Snapshots are on sliders, and sides of differences."""
        return names_in(value, listed := self._listed(who), self.store.names.union(listed))

    def _groups(self, who: gr.Request) -> Groups:
        """The networks of this visitor, by heading."""
        own = [own.listed for own in self.store.visiting.of(self.store.seals.visit(who.session_hash))]
        return self.groups | {OWN: own} if own else self.groups

    def parts_of(self, view: Callable) -> int:
        """How many parts of the page a view changes."""
        return 1 if view.__name__ == "again" else PARTS

    @to_the_end
    def again(self, who: gr.Request, shown: Shown, size: int, names: object) -> Iterator[tuple]:
        """The same photo in other networks: values of the viewer alone."""
        for value in self._values(who, shown, size, names):
            yield value,

    @to_the_end
    def use_frames(self, who: gr.Request, strip: object, size: int, shown: Shown, awaited: Recipe | None,
                   names: object) -> Iterator[tuple]:
        """Other frames of the video on screen."""
        try:
            if shown.clip is None:
                raise ValueError("There is no video on screen. Drop one.")
            wanted = Shown(shown.path, chosen_in(strip))
        except ValueError as error:
            yield self._same({"message": str(error), "error": True}, shown, gr.skip(), awaited)
            return
        for value in self._values(who, wanted, size, names):
            yield self._same(value, shown if is_refused(value) else wanted, gr.skip(), awaited)

    def _values(self, who: gr.Request, shown: Shown | None, size: int, names: object) -> Iterator[dict]:
        if type(size) is not int:
            yield {"message": "Choose an input resolution.", "error": True}
            return
        try:
            wanted = self._names_in(who, names)
        except ValueError as error:
            yield {"message": str(error), "error": True}
            return
        path, clip = shown or (None, None)
        for value in show(self.store, path, wanted, size, who.session_hash, clip):
            yield value | {"scene": value["scene"] | start_of(path)} if "scene" in value else value

    @to_the_end
    def use(self, who: gr.Request, path: str | None, size: int, shown: Shown, awaited: Recipe | None,
            names: object) -> Iterator[tuple]:
        """A photo; one that cannot be used gives way to the one before, and an emptied box leaves the maps alone."""
        try:
            recipe = self._recipe_of(path)
        except ValueError as error:
            yield self._same({"message": str(error), "error": True}, shown, shown.box, awaited)
            return
        if recipe:
            yield from self._restore(who, recipe, size, shown, names)
        elif awaited and path and self._photo_of(who, awaited, [path]):
            yield from self._restore(who, awaited, size, Shown(path), names)
        else:
            yield from self._show_photo(who, path, size, shown, awaited, names)

    def _show_photo(self, who: gr.Request, path: str | None, size: int, shown: Shown, awaited: Recipe | None,
                    names) -> Iterator[tuple]:
        wanted = names if path is None else self._suited(who, names, path)
        for value in self._values(who, None if path is None else Shown(path), size, wanted):
            bad = is_refused(value)
            if awaited and "scene" in value:
                value["message"] = other_photo(awaited, path)
            yield self._same(value, shown if bad or path is None else Shown(path), shown.box if bad else gr.skip(), awaited,
                             names if bad else wanted)

    def _recipe_of(self, path: str | None) -> Recipe | None:
        """The recipe in a file that came; ValueError also where the file is larger than files may be."""
        most = self.store.limits.upload_mb
        if path and Path(path).stat().st_size > most * 2**20:
            raise ValueError(f"{Path(path).name} is larger than {most} MB. Choose a smaller file.")
        return recipe_of(path)

    @to_the_end
    def use_figure(self, who: gr.Request, path: str, size: int, shown: Shown, awaited: Recipe | None,
                   names: object) -> Iterator[tuple]:
        """A video, an exported SVG or PDF, or a recipe."""
        if path is None:
            yield self._same({"message": "Drop a photo, a video or an exported figure."}, shown, gr.skip(), awaited)
            return
        try:
            recipe = self._recipe_of(path)
            is_clip = recipe is None and moves(path)
        except ValueError as error:
            yield self._same({"message": str(error), "error": True}, shown, gr.skip(), awaited)
            return
        if recipe:
            yield from self._restore(who, recipe, size, shown, names)
            return
        if is_clip and awaited and self._photo_of(who, awaited, [path]):
            yield from self._restore(who, awaited, size, Shown(path), names)
            return
        if is_clip:
            yield from self._show_photo(who, path, size, shown, awaited, names)
            return
        message = f"{Path(path).name} carries no recipe of nlviz. Drop a photo, a video or an exported figure."
        yield self._same({"message": message, "error": True}, shown, gr.skip(), awaited)

    @to_the_end
    def use_example(self, who: gr.Request, index: int, size: int, shown: Shown, awaited: Recipe | None,
                    names: object) -> Iterator[tuple]:
        """An example photo or clip."""
        if type(index) is not int or not 0 <= index < len(OFFERED):
            yield self._same({"message": "There is no such example.", "error": True}, shown, gr.skip(), awaited)
            return
        chosen, wanted = Shown(OFFERED[index]), self._suited(who, names, OFFERED[index])
        for value in self._values(who, chosen, size, wanted):
            yield self._same(value, chosen, chosen.box, awaited, wanted)

    @to_the_end
    def arrive(self, who: gr.Request, fragment: str, size: int, shown: Shown, awaited: Recipe | None,
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
        first = said or compared(shown.path)
        for value in self._values(who, shown, size, names):
            yield self._same(value | first if "scene" in value else value | said, shown, gr.skip(), awaited)

    def _restore(self, who: gr.Request, recipe: Recipe, size: int, shown: Shown, names) -> Iterator[tuple]:
        """A recipe's view; or what is on screen, and a word on what is missing."""
        recipe, listed = called_here(recipe, self.store), self._listed(who)
        sides = self.store.names.union(listed)
        wanted = [name for name in networks_of(recipe) if is_listed(name, listed, sides)] or names
        found, said = self._photo_of(who, recipe, [shown.path, *OFFERED]), {}
        try:
            wanted = names_in(wanted, listed, sides)
            if "frames" not in recipe.picture:  # networks that take clips have nothing to say of a photo
                wanted = suited(wanted, self._groups(who), self.presets, False, self.store.limits.networks)
            self.store.limits.check_view(wanted, recipe.resolution)
        except ValueError as error:
            said = {"message": str(error), "error": True}
        if said or found is None:  # what is on screen stays, whatever else the recipe says
            for value in self._values(who, shown, size, names):
                yield self._same(value | (said or {"message": asks_for(recipe)}), shown, shown.box, None if said else recipe)
            return
        back = Shown(found, clip_of_recipe(recipe))
        for value in show(self.store, back.path, wanted, recipe.resolution, who.session_hash, back.clip, back.clip is None):
            if "scene" in value:
                visit = self.store.seals.visit(who.session_hash)
                said = [*differences(recipe, self.store, visit), value["message"]]
                value |= {"restore": view_of(recipe), "message": " ".join(filter(None, said))}
            now = shown if is_refused(value) else back
            yield value, now, now.box, None, self._size(recipe.resolution), wanted, self._strip(value, now)

    def _photo_of(self, who: gr.Request, recipe: Recipe, candidates: list[str]) -> str | None:
        visit = self.store.seals.visit(who.session_hash)
        with self.store.turns.newest(visit) as request, self.store.turns.opening(visit, request):
            return photo_of(recipe, candidates)

    def _size(self, resolution: int):
        """The value of the input resolution; one that is not offered to all is from now on offered here."""
        return resolution if resolution in self.offered else gr.Radio(sorted({*self.offered, resolution}), value=resolution)

    def _suited(self, who: gr.Request, names: object, path: str) -> object:
        """The networks for a photo or a clip that comes, see :func:`nlviz.ui.presets.suited`; what is no list of names stays."""
        try:
            chosen, is_clip = self._names_in(who, names), moves(path)
        except (ValueError, OSError):  # which ``_values`` says
            return names
        return suited(chosen, self._groups(who), self.presets, is_clip, self.store.limits.networks)

    def _same(self, value: dict, shown: Shown, box, awaited: Recipe | None, names: object = None) -> tuple:
        """An answer that leaves the input resolution as it is, and the networks unless they are named."""
        if "scene" in value:
            shown = Shown.of_scene(shown.path, value["scene"])
        return value, shown, box, awaited, gr.skip(), gr.skip() if names is None else names, self._strip(value, shown)

    def _strip(self, value: dict, shown: Shown):
        """What the strip shows of a new scene, or again of the one before: the video and the frames, nothing of a photo."""
        return strip_of(shown) if "scene" in value or value.get("error") else gr.skip()


def is_refused(value: dict) -> bool:
    """Whether nothing is shown; one network may fail where others show the photo."""
    return bool(value.get("error")) and "scene" not in value
