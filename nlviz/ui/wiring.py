"""What the viewer asks of the server: each request is one call here, and is answered in words if it cannot be."""

import base64
import logging
import re
from collections.abc import Callable
from math import prod
from pathlib import Path

import torch
from pydantic import ValidationError

from ..analysis import Analysis
from ..export import file_bytes, make_recipe
from ..recipes import SETTINGS, Recipe
from ..viewer import (
    make_dependence,
    make_effect,
    make_fresh,
    make_head_effects,
    make_layer,
    make_panel,
    make_shares,
    make_similarity,
)
from .requests import Depends, DependsLayer, EffectsLayer, Export, Layer, Request, Similarity, Snapshot, WhatIf
from .store import Store

TYPES = {"png": "image/png", "pdf": "application/pdf", "svg": "image/svg+xml", "zip": "application/zip", "html": "text/html",
         "gif": "image/gif", "mp4": "video/mp4"}
NOT_KEPT = "the server no longer keeps this photo. Choose it again."


def export(store: Store, request: dict) -> dict:
    """A file of what is on screen: ``{"name", "data", "type"}`` with base64 data, or ``{"error"}``; see :class:`Export`."""

    def answer(asked: Export) -> dict:
        names = list(dict.fromkeys(asked.key.networks))
        if len(asked.queries) > store.limits.queries:
            raise ValueError(f"this page draws figures of up to {store.limits.queries} queries, got {len(asked.queries)}")
        analyses = [_kept(store, asked, name) for name in names]
        if asked.whole_maps and asked.what == "zip":
            _check_whole(analyses, store.limits.whole_maps_mb)
        recipe = make_recipe(analyses, _recipe(asked, names, analyses))
        data = file_bytes(analyses, recipe, asked.kind, asked.whole_maps, store.limits.export_megapixels * 1e6)
        stem = re.sub(r"[^\w-]+", "_", Path(analyses[0].picture.name).stem)[:60] or "picture"
        return {"name": f"nlviz_{stem}.{asked.kind}", "data": base64.b64encode(data).decode(), "type": TYPES[asked.kind]}

    return _answered(store, Export, request, answer, "figure")


def _recipe(asked: Export, names: list[str], analyses: list[Analysis]) -> Recipe:
    shown = {name: analysis.model.name for name, analysis in zip(names, analyses)}
    parts = {f"{shown[panel.rpartition('/')[0]]}/{panel.rpartition('/')[2]}": part for panel, part in asked.parts.items()}
    chosen = {name: asked.settings[name] for name in SETTINGS if name not in ("token", "arrows") or name in asked.settings}
    chosen |= {name: getattr(asked, name) for name in ("layout", "width", "dpi") if getattr(asked, name) is not None}
    unnamed = [{"name": "network"}]  # make_recipe names them; two of one's own may have one name
    return Recipe.checked(chosen | {"networks": unnamed, "queries": asked.queries, "parts": parts,
                                    "resolution": asked.key.resolution})


def _check_whole(analyses: list[Analysis], most: int) -> None:
    numbers = sum(prod(placed.nl_map.shape) for analysis in analyses for placed in analysis.maps)
    if numbers * 4 > most * 2**20:  # bytes of a float32
        raise ValueError(f"whole maps of this view take {numbers * 4 / 2**20:,.0f} MB; this page packs up to {most} MB. "
                         "Take fewer networks, a lower resolution, or python -m nlviz render --whole-maps")


def depends(store: Store, request: dict) -> dict:
    """GCNet's numbers of a map that is on screen, or ``{"error"}``: see :func:`nlviz.viewer.answers.make_dependence`; for the
    step ``fresh`` those of the same block with fresh random weights: ``{"fresh", "note"}``. See :class:`Depends`."""

    def answer(asked: Depends) -> dict:
        name, _, number = asked.panel.rpartition("/")
        analysis = _kept(store, asked, name)
        call = analysis.calls[int(number)]
        placed = next(placed for placed in call if placed.nl_map.part == asked.map)
        return make_dependence(placed) if asked.step == "attention" else make_fresh(analysis, placed)

    return _answered(store, Depends, request, answer, "number")


def depends_layer(store: Store, request: dict) -> dict:
    """``{"maps"}``: how much each head of a layer depends on the query, see :func:`nlviz.viewer.make_shares`, or ``{"error"}``;
    see :class:`DependsLayer`."""

    def answer(asked: DependsLayer) -> dict:
        return {"maps": make_shares(_kept(store, asked, asked.panel.rpartition("/")[0]), asked.layer)}

    return _answered(store, DependsLayer, request, answer, "number")


def what_if(store: Store, request: dict) -> dict:
    """``{"how", "prediction", "sentence", "reason"}``: a network with its maps replaced, see :func:`nlviz.viewer.make_effect`, or
    ``{"error"}``; see :class:`WhatIf`."""

    def answer(asked: WhatIf) -> dict:
        analysis = _kept(store, asked, asked.network)
        with store.turns.turn():
            return make_effect(analysis, asked.how, asked.key.resolution)

    return _answered(store, WhatIf, request, answer, "replacement")


def effects_layer(store: Store, request: dict) -> dict:
    """``{"maps"}``: how much each head of a layer matters, see :func:`nlviz.viewer.make_head_effects`, or ``{"error"}``; see
    :class:`EffectsLayer`."""

    def answer(asked: EffectsLayer) -> dict:
        analysis = _kept(store, asked, asked.panel.rpartition("/")[0])
        return {"maps": make_head_effects(analysis, asked.layer, asked.key.resolution, store.turns.let_others)}

    return _answered(store, EffectsLayer, request, answer, "number")


def similarity(store: Store, request: dict) -> dict:
    """The features by which places are compared, see :func:`nlviz.viewer.make_similarity`, or ``{"error"}``; see
    :class:`Similarity`."""

    def answer(asked: Similarity) -> dict:
        name, _, number = asked.panel.rpartition("/")
        return make_similarity(_kept(store, asked, name).calls[int(number)][0], asked.term)

    return _answered(store, Similarity, request, answer, "similarity")


def layer(store: Store, request: dict) -> dict:
    """``{"layer"}``: a layer of layers x heads, see :func:`nlviz.viewer.make_layer`, or ``{"error"}``; see :class:`Layer`."""

    def answer(asked: Layer) -> dict:
        name, _, number = asked.panel.rpartition("/")
        return {"layer": make_layer(_kept(store, asked, name).calls[int(number)], asked.layer)}

    return _answered(store, Layer, request, answer, "layer")


def snapshot(store: Store, request: dict) -> dict:
    """``{"panel"}`` of a network as it was after an epoch of its training, or ``{"error"}``; see :class:`Snapshot`."""

    def answer(asked: Snapshot) -> dict:
        name, _, number = asked.panel.rpartition("/")
        last = _kept(store, asked.model_copy(update={"snapshots": {}}), name)
        wanted = name if asked.epoch == last.model.card["epochs"] else f"{name}@{asked.epoch}"
        analysis = store.analyse(last.picture, wanted, asked.key.resolution)
        return {"panel": make_panel(analysis, name, int(number))}

    return _answered(store, Snapshot, request, answer, "snapshot")


def _kept(store: Store, asked: Request, name: str) -> Analysis:
    """The analysis of a network on screen, at the snapshot that it shows."""
    key, epoch = asked.key, asked.snapshots.get(name)
    visit = store.seals.visit_of(key.seal, key.picture, key.name) or ""
    found = store.find(key.picture, key.name, name if epoch is None else f"{name}@{epoch}", key.resolution, visit)
    if found is None:
        raise ValueError(NOT_KEPT)
    return found


def _answered(store: Store, form: type[Request], request: object, answer: Callable[[Request], dict], what: str) -> dict:
    """What is answered, or what is wrong. Nothing is looked up for those who were not shown the photo."""
    try:
        asked = form.model_validate(request)
        visit = store.seals.visit_of(asked.key.seal, asked.key.picture, asked.key.name)
        if visit is None:
            raise ValueError(NOT_KEPT)
        store.visiting.touch(visit)
        with store.turns.one_of_few(visit), torch.inference_mode():
            return answer(asked)
    except (ValidationError, KeyError, TypeError, AttributeError, IndexError, StopIteration):
        return {"error": f"the page asked for something that is no {what}. Reload it and try again."}
    except ValueError as error:  # also a ModelError
        return {"error": str(error)}
    except (MemoryError, torch.OutOfMemoryError):
        return {"error": "not enough memory for that now. Choose fewer networks or a lower resolution."}
    except Exception as error:
        logging.getLogger(__name__).exception("a request of the viewer failed")
        return {"error": f"something went wrong on the server ({type(error).__name__}). Reload the page and try again."}
