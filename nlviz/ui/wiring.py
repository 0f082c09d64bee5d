"""What happens in the page: each event is one call here."""

import base64
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from ..analysis import Analysis
from ..export import file_bytes, make_recipe
from ..models import CheckpointError
from ..pictures import PictureError, open_picture
from ..recipes import SETTINGS, Recipe
from ..viewer import make_dependence, make_fresh, make_panel, make_scene
from .store import Store

TYPES = {"png": "image/png", "pdf": "application/pdf", "svg": "image/svg+xml", "zip": "application/zip", "html": "text/html"}


def show(store: Store, photo: str | None, names: list[str], resolution: int, session: str | None = None) -> Iterator[dict]:
    """Values for the viewer while a photo runs through the networks; the last holds the scene or says what is wrong.

    ``session``: the visitor's; the scene's key has the seal by which they alone reach the photo again.
    """
    if photo is None:
        yield {"message": "Choose a photo: drop one, paste one, use the camera or take an example."}
        return
    if not names:
        yield {"message": "Choose at least one network."}
        return
    try:
        picture = open_picture(photo)
    except PictureError as error:
        yield {"message": str(error), "error": True}
        return
    shown, failed, visit = {}, [], store.seals.visit(session)
    for number, name in enumerate(names, 1):
        yield {"busy": f"Running network {number} of {len(names)}"}
        try:
            shown[name] = store.analyse(picture, name, resolution)
        except Exception as error:  # a user's network may raise anything; the others are shown all the same
            failed.append(_why(name, error, resolution))
    yield _scene(store, visit, shown, resolution) | {"message": " ".join([*failed, *picture.notes]), "error": bool(failed)}


def _scene(store: Store, visit: str, shown: dict[str, Analysis], resolution: int) -> dict:
    if not shown:
        return {}
    analyses = list(shown.values())
    scene = make_scene(analyses, list(shown), resolution)
    return {"scene": scene | {"key": scene["key"] | {"seal": store.seals.seal(visit, analyses[0].picture)}}}


def export(store: Store, request: dict) -> dict:
    """A file of what is on screen: ``{"name", "data", "type"}`` with base64 data, or ``{"error"}``.

    Args:
        request: key (of the scene), queries (x, y pairs), settings of the viewer, parts (panel -> name of the map that it
            shows), snapshots (network -> epoch, where it is not the last); what (``figure``, ``zip`` or ``html``), and of a
            figure format, layout, width, dpi; of a zip whole_maps.
    """

    def answer() -> dict:
        names = dict.fromkeys(request["key"]["networks"])
        analyses = [_kept(store, request, name) for name in names]
        shown = {name: analysis.model.name for name, analysis in zip(names, analyses)}
        parts = {f"{shown[panel.rpartition('/')[0]]}/{panel.rpartition('/')[2]}": part for panel, part in request["parts"].items()}
        chosen = {name: request["settings"][name] for name in SETTINGS}
        chosen |= {name: request[name] for name in ("layout", "width", "dpi") if name in request}
        recipe = make_recipe(analyses, Recipe({}, (), request["queries"], request["key"]["resolution"], parts=parts, **chosen))
        kind = request["format"] if request.get("what", "figure") == "figure" else request["what"]
        data = file_bytes(analyses, recipe, kind, bool(request.get("whole_maps")))
        stem = re.sub(r"[^\w-]+", "_", Path(analyses[0].picture.name).stem)[:60] or "picture"
        return {"name": f"nlviz_{stem}.{kind}", "data": base64.b64encode(data).decode(), "type": TYPES[kind]}

    return _answered(answer, "figure")


def depends(store: Store, request: dict) -> dict:
    """GCNet's numbers of a map that is on screen, or ``{"error"}``: see :func:`nlviz.viewer.answers.make_dependence`.

    Args:
        request: key, snapshots as in ``export``; panel, map (its name), and step: ``attention``, or ``fresh`` for the same
            block with fresh random weights: ``{"fresh", "note"}``.
    """

    def answer() -> dict:
        name, _, number = request["panel"].rpartition("/")
        analysis = _kept(store, request, name)
        call = analysis.calls[int(number)]
        placed = next(placed for placed in call if placed.nl_map.part == request["map"])
        if request["step"] == "attention":
            return make_dependence(placed)
        return make_fresh(analysis, placed)

    return _answered(answer, "number")


def snapshot(store: Store, request: dict) -> dict:
    """``{"panel"}`` of a network as it was after an epoch of its training, or ``{"error"}``.

    Args:
        request: key as in ``export``, panel and epoch.
    """

    def answer() -> dict:
        name, _, number = request["panel"].rpartition("/")
        last = _kept(store, request | {"snapshots": {}}, name)
        wanted = name if request["epoch"] == last.model.card["epochs"] else f"{name}@{request['epoch']}"
        return {"panel": make_panel(store.analyse(last.picture, wanted, request["key"]["resolution"]), name, int(number))}

    return _answered(answer, "snapshot")


def _kept(store: Store, request: dict, name: str) -> Analysis:
    """The analysis of a network on screen, at the snapshot that it shows; it is nobody's who was not shown the photo."""
    key, epoch = request["key"], request.get("snapshots", {}).get(name)
    visit = store.seals.visit_of(str(key.get("seal", "")), str(key["picture"]), str(key["name"]))
    found = visit and store.find(key["picture"], key["name"], name if epoch is None else f"{name}@{epoch}", key["resolution"])
    if not found:
        raise ValueError("the server no longer keeps this photo. Choose it again.")
    return found


def _answered(answer: Callable[[], dict], what: str) -> dict:
    """What is answered, or what is wrong."""
    try:
        with torch.inference_mode():
            return answer()
    except ValueError as error:  # also a CheckpointError
        return {"error": str(error)}
    except (KeyError, TypeError, AttributeError, IndexError, StopIteration):
        return {"error": f"the page asked for something that is no {what}. Reload it and try again."}


def _why(name: str, error: Exception, resolution: int) -> str:
    """What is wrong with a network, in words."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return f"{name}: not enough memory at {resolution} px. Choose a lower resolution."
    if isinstance(error, CheckpointError):
        return str(error)
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    return f"{name}: its forward pass failed ({type(error).__name__}: {error})."
