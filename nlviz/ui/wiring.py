"""What happens in the page: each event is one call here."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import torch

from ..cards import CheckpointError
from ..figures import figure_bytes, queries_by_networks
from ..images import PictureError, open_picture
from .scene import make_scene
from .store import Store

TYPES = {"png": "image/png", "pdf": "application/pdf"}


def show(store: Store, photo: str | None, names: list[str], resolution: int) -> Iterator[dict]:
    """Values for the viewer while a photo runs through the networks; the last holds the scene or says what is wrong."""
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
    shown, failed = {}, []
    for number, name in enumerate(names, 1):
        yield {"busy": f"Running network {number} of {len(names)}"}
        try:
            shown[name] = store.analyse(picture, name, resolution)
        except Exception as error:  # a user's network may raise anything; the others are shown all the same
            failed.append(_why(name, error, resolution))
    scene = {"scene": make_scene(list(shown.values()), list(shown), resolution)} if shown else {}
    yield scene | {"message": " ".join([*failed, *picture.notes]), "error": bool(failed)}


def export(store: Store, request: dict) -> dict:
    """The figure of what is on screen: ``{"name", "data", "type"}`` with base64 data, or ``{"error"}``.

    Args:
        request: key (of the scene), format (``png`` or ``pdf``), queries (x, y pairs), settings of the viewer, and parts
            (panel -> name of the map that it shows).
    """
    try:
        key, settings = request["key"], request["settings"]
        analyses = [store.find(key["picture"], str(key["name"])[:200], name, key["resolution"])
                    for name in dict.fromkeys(key["networks"])]
        if not all(analyses):
            return {"error": "the server no longer keeps this photo. Choose it again, then export."}
        figure = queries_by_networks(
            analyses, [tuple(q) for q in request["queries"]], colour_map=settings["colours"], scale=settings["scale"],
            smooth=settings["view"] == "smooth", opacity=settings["opacity"], direction=settings["direction"],
            term=settings["term"], parts=request["parts"])
        stem = re.sub(r"[^\w-]+", "_", Path(analyses[0].picture.name).stem)[:60] or "picture"
        data = figure_bytes(figure, request["format"])
        return {"name": f"nlviz_{stem}.{request['format']}", "data": base64.b64encode(data).decode(),
                "type": TYPES[request["format"]]}
    except ValueError as error:
        return {"error": str(error)}
    except (KeyError, TypeError, AttributeError):
        return {"error": "the page asked for something that is no figure. Reload it and try again."}


def _why(name: str, error: Exception, resolution: int) -> str:
    """What is wrong with a network, in words."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return f"{name}: not enough memory at {resolution} px. Choose a lower resolution."
    if isinstance(error, CheckpointError):
        return str(error)
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    return f"{name}: its forward pass failed ({type(error).__name__}: {error})."
