"""The networks that the owner of the page offers: visitors choose of these alone."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from ..analysis import as_model
from ..models import Model, check_model, list_models, load_model
from ..snapshots import NAME, loaders_of
from .presets import PRESETS, Groups, Listed, Preset, bundled_groups

YOURS, TRAINING = "Your networks", "In training"


@dataclass(frozen=True)
class Loading:
    """A network from where the owner said, loaded when it is first asked for; what must be known of its weights is logged."""

    text: str

    def __call__(self) -> Model:
        model = load_model(self.text)
        for note in model.card.get("notes", []):
            logging.getLogger(__name__).warning("nlviz: %s: %s", self.text, note)
        return model


@dataclass(frozen=True)
class Own:
    """A network as its owner calls it, with what they said of it.

    Attributes:
        given: the network, or where it comes from; recipes call it so.
    """

    name: str
    given: nn.Module | str
    preprocess: Callable | None
    class_names: list[str] | None

    def __call__(self) -> Model:
        named = isinstance(self.given, str)
        model = Loading(self.given)() if named else as_model(self.given, self.preprocess, self.name)
        classes, task = (self.class_names, "classification") if self.class_names else (model.classes, model.task)
        return Model(model.name, model.net, self.preprocess or model.preprocess, classes, task, self.name if named else model.title,
                     model.card, model.frames)


def bundled(beside: list[str] | None = None) -> tuple[dict[str, Callable], Groups, dict[str, Preset]]:
    """Loaders by name, what is listed and the presets of the bundled networks, with those that the owner names beside them.

    Raises:
        ValueError: nobody knows one of these.
    """
    names = [name for row in list_models() for name in (row["name"], *(f"{row['name']}@{epoch}" for epoch in row["snapshots"]))]
    for text in beside or []:
        check_model(text)
    groups = ({YOURS: [Listed(text, text) for text in beside]} if beside else {}) | bundled_groups()
    here = {network.name for networks in groups.values() for network in networks}
    presets = {title: preset._replace(names=[name for name in preset.names if name in here]) for title, preset in PRESETS.items()}
    return {name: Loading(name) for name in [*(beside or []), *names]}, groups, presets


def own(models: dict[str, nn.Module | str], preprocess: Callable | dict[str, Callable] | None = None,
        class_names: list[str] | dict[str, list[str]] | None = None) -> tuple[dict[str, Callable], Groups, dict[str, Preset]]:
    """The same of one's own networks. One preprocess for all is for those that bring none, one by its name for that network.

    Raises:
        TypeError: one is no network and no text.
        KeyError, ValueError: nobody knows one of these.
    """
    for name, given in models.items():
        if isinstance(given, str):
            check_model(given)
        elif not isinstance(given, nn.Module):
            raise TypeError(f"models[{name!r}] is a {type(given).__name__}; "
                            "expected an nn.Module, a Model, or what load_model takes")
    bare = {name for name, given in models.items() if not isinstance(given, (str, Model))}
    by_name = preprocess if isinstance(preprocess, dict) else dict.fromkeys(bare, preprocess)
    words = class_names if isinstance(class_names, dict) else dict.fromkeys(models, class_names)
    loaders = {name: Own(name, given, by_name.get(name), words.get(name)) for name, given in models.items()}
    return loaders, {YOURS: [Listed(name, name) for name in models]}, {}


def in_training(folder: str | Path) -> tuple[dict[str, Callable], Groups]:
    """Loaders by name, and what is listed, of a folder of snapshots.

    Raises:
        ValueError: it holds none, or a broken one.
    """
    loaders = loaders_of(folder)
    last = loaders[NAME]()
    steps = [step["epoch"] for step in last.card["snapshots"]]
    return loaders, {TRAINING: [Listed(last.title, NAME, epochs=steps, unit=last.card["unit"])]}
