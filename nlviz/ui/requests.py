"""What the viewer may ask of the server; anything else is refused before anything is looked up."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Word = Annotated[str, Field(max_length=300)]
Epoch = Annotated[int, Field(ge=0, lt=10**12)]
Networks = Annotated[list[Word], Field(min_length=1, max_length=8)]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class Key(_Strict):
    """Of the scene: which photo, and the seal that says that this visit was shown it."""

    picture: Word
    name: Word
    networks: Networks
    resolution: int
    seal: Word = ""


class Request(_Strict):
    """``snapshots``: network -> epoch, where it is not the last."""

    key: Key
    snapshots: Annotated[dict[Word, Epoch], Field(max_length=8)] = {}


class Export(Request):
    """A file: a figure of a format, layout, width and dpi, a zip, perhaps with whole maps, or an offline page.

    ``parts``: panel -> name of the map that it shows.
    """

    queries: Annotated[list, Field(max_length=64)]
    settings: Annotated[dict[Word, Word | bool | int | float], Field(max_length=32)]
    parts: Annotated[dict[Word, Word], Field(max_length=256)]
    what: Literal["figure", "zip", "html"] = "figure"
    format: Word = "png"
    layout: Word | None = None
    width: Word | None = None
    dpi: int | None = None
    whole_maps: bool = False

    @property
    def kind(self) -> str:
        return self.format if self.what == "figure" else self.what


class Depends(Request):
    """The numbers of a map, or those of the same block with fresh random weights."""

    panel: Word
    map: Word
    step: Literal["attention", "fresh"]


class Similarity(Request):
    """The features of a panel's block."""

    panel: Word
    term: Literal["input similarity", "output similarity"]


class Layer(Request):
    """The weights of a layer of layers x heads."""

    panel: Word
    layer: Annotated[int, Field(ge=1, le=10**4)]


class DependsLayer(Request):
    """How much each head of a layer depends on the query."""

    panel: Word
    layer: Annotated[int, Field(ge=1, le=10**4)]


class WhatIf(Request):
    """What a network says with its maps replaced."""

    network: Word
    how: Literal["mean row", "identity", "uniform", "shuffled", "nothing"]


class EffectsLayer(Request):
    """How much each head of a layer matters."""

    panel: Word
    layer: Annotated[int, Field(ge=1, le=10**4)]


class Snapshot(Request):
    """A panel at an epoch."""

    panel: Word
    epoch: Epoch
