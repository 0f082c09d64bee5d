"""What each event of the page sets off."""

from functools import partial
from pathlib import Path

import gradio as gr

from ..link import recipe_of_link
from . import wiring
from .presets import Groups
from .restoring import asks_for, differences, networks_of, other_photo, photo_of, recipe_of, view_of

EXAMPLES = [gr.get_image(name) for name in ("lion.jpg", "cheetah.jpg", "tower.jpg", "bus.png")]


def connect(page, store, groups, first, photo, examples, networks, resolution, viewer, buttons) -> None:
    """Events: a photo, an example, other networks, an exported figure that was dropped, an address."""
    current = gr.State(first, time_to_live=24 * 3600)  # the photo on screen, which a bad one does not replace
    awaited = gr.State(None, time_to_live=24 * 3600)  # a view whose photo is not here yet
    link = gr.Textbox(elem_id="link", elem_classes="nlviz-hidden", label="The page's address")
    follow = gr.Button("Follow the address", elem_id="follow", elem_classes="nlviz-hidden")  # page.js presses it
    figure = gr.File(elem_id="figure", elem_classes="nlviz-hidden", label="An exported figure")
    comes_back = [viewer, current, photo, awaited, resolution, *networks]

    def restore(recipe, path, names, size, keep_photo=True):
        """Show a recipe's view, or what is on screen and a word on what is missing."""
        found = photo_of(recipe, [path, *EXAMPLES])
        if found is None:
            for value in wiring.show(store, path, names, size):
                yield value | {"message": asks_for(recipe)}, path, path if keep_photo else gr.skip(), recipe, *_skipped(networks)
            return
        listed = [name for choices in groups.values() for _, name in choices]
        wanted = [name for name in networks_of(recipe) if name in listed] or names
        for value in wiring.show(store, found, wanted, recipe.resolution):
            if "scene" in value:
                said = [*differences(recipe, store, recipe.picture["sha256"]), value["message"]]
                value |= {"restore": view_of(recipe), "message": " ".join(filter(None, said))}
            yield value, found, found, None, recipe.resolution, *_boxes(groups, wanted)

    def use(path, size, before, waiting, *boxes):
        """Show a photo; one that cannot be used gives way to the one before, and an emptied box leaves the maps alone."""
        names = _flat(boxes)
        try:
            recipe = recipe_of(path)
        except ValueError as error:
            yield {"message": str(error), "error": True}, before, before, waiting, *_skipped(networks)
            return
        if recipe or (waiting and path and photo_of(waiting, [path])):
            yield from restore(recipe or waiting, before if recipe else path, names, size)
            return
        for value in wiring.show(store, path, names, size):
            bad = value.get("error", False) and "scene" not in value  # one network may fail where others show the photo
            if waiting and path and not bad and "scene" in value:
                value["message"] = other_photo(waiting, path)
            yield (value, before if bad or path is None else path, before if bad else gr.skip(), waiting, *_skipped(networks))

    def use_figure(path, size, before, waiting, *boxes):
        try:
            recipe = recipe_of(path)
            if recipe is None:
                raise ValueError(f"{Path(path).name} carries no recipe of nlviz. Drop a photo, or an exported figure.")
            yield from restore(recipe, before, _flat(boxes), size)
        except ValueError as error:
            yield {"message": str(error), "error": True}, before, gr.skip(), waiting, *_skipped(networks)

    def use_example(index, size, before, waiting, *boxes):
        for value in wiring.show(store, EXAMPLES[index], _flat(boxes), size):
            yield value, EXAMPLES[index], EXAMPLES[index], waiting, *_skipped(networks)

    def again(path, size, *boxes):
        yield from wiring.show(store, path, _flat(boxes), size)

    def arrive(fragment, size, path, waiting, *boxes):
        """An address with a view in it brings the view; any other shows what is chosen."""
        if not fragment.lstrip("#"):
            yield from ((value, path, gr.skip(), waiting, *_skipped(networks)) for value in again(path, size, *boxes))
            return
        try:
            yield from restore(recipe_of_link(fragment), path, _flat(boxes), size)
        except ValueError as error:
            for value in again(path, size, *boxes):
                yield value | {"message": str(error), "error": True}, path, gr.skip(), waiting, *_skipped(networks)

    setup = [resolution, current, awaited, *networks]
    quiet = {"show_progress": "hidden", "trigger_mode": "always_last"}
    photo.input(use, [photo, *setup], comes_back, **quiet)
    figure.upload(use_figure, [figure, *setup], comes_back, **quiet)
    examples.click(use_example, [examples, *setup], comes_back, **quiet)
    gr.on([page.load, follow.click], arrive, [link, *setup], comes_back, js="(_, ...rest) => [location.hash, ...rest]", **quiet)
    gr.on([resolution.input, *(group.input for group in networks)], again, [current, resolution, *networks], viewer, **quiet)
    for button, names in buttons:
        button.click(partial(_boxes, groups, names), None, networks, show_progress="hidden", queue=False).then(
            again, [current, resolution, *networks], viewer, **quiet)


def _boxes(groups: Groups, names: list[str]) -> list[list[str]]:
    """The value of each group of networks when these are chosen."""
    return [[name for _, name in choices if name in names] for choices in groups.values()]


def _flat(boxes) -> list[str]:
    return [name for box in boxes for name in box]


def _skipped(networks) -> list:
    """The input resolution and every group of networks left as they are."""
    return [gr.skip()] * (1 + len(networks))
