"""A photo or a clip runs through the networks: what the viewer is told meanwhile and in the end."""

from collections.abc import Iterator

import torch

from ..analysis import Analysis, NetworkError
from ..models import ModelError
from ..pictures import Chosen, Clip, Picture
from ..viewer import make_scene
from .opening import opened
from .store import Store
from .turns import Overtaken

INVITATION = "Choose a photo or a clip: drop one, paste one, use the camera or take an example."


def show(store: Store, photo: str | None, names: list[str], resolution: int, session: str | None = None,
         clip: Chosen | None = None, as_picture: bool = False) -> Iterator[dict]:
    """Values for the viewer while a photo or a clip runs through the networks; the last holds the scene or says what is wrong.

    Args:
        clip: which frames of a video; None for the usual ones.
        as_picture: of an animated picture its first frame.
        session: the visitor's; the scene's key has the seal by which they alone reach the photo again.

    Raises:
        Overtaken: the visitor has asked for something newer meanwhile.
    """
    visit = store.seals.visit(session)
    request = store.turns.begin(visit)
    try:
        with store.turns.opening(visit, request):
            picture = _picture(store, photo, names, resolution, clip, as_picture)
    except ValueError as error:
        yield {"message": str(error), "error": True}
        return
    if picture is None:
        yield {"message": INVITATION if photo is None else "Choose at least one network."}
        return
    shown, failed = {}, []
    for number, name in enumerate(names, 1):
        yield {"busy": f"Running network {number} of {len(names)}"}
        try:
            shown[name] = store.analyse(picture, name, resolution, visit, request)
        except Overtaken:
            raise
        except Exception as error:  # a user's network may raise anything; the others are shown all the same
            failed.append(_why(name, error, resolution))
    scene = _scene(store, visit, shown, resolution)
    if not store.turns.is_newest(visit, request):
        raise Overtaken
    yield scene | {"message": " ".join([*failed, *picture.notes]), "error": bool(failed)}


def _picture(store: Store, photo: str | None, names: list[str], resolution: int, clip: Chosen | None,
             as_picture: bool) -> Picture | None:
    """The photo or the clip, None where there is nothing to show; ValueError where it, or what is asked of it, is too much."""
    if photo is None or not names:
        return None
    store.limits.check_view(names, resolution)
    if clip:
        store.limits.check_clip(clip.count, resolution)
    picture = opened(photo, clip, as_picture)
    if isinstance(picture, Clip):
        store.limits.check_clip(len(picture.frames), resolution)
    return picture


def _scene(store: Store, visit: str, shown: dict[str, Analysis], resolution: int) -> dict:
    if not shown:
        return {}
    analyses = list(shown.values())
    scene = make_scene(analyses, list(shown), resolution)
    return {"scene": scene | {"key": scene["key"] | {"seal": store.seals.seal(visit, analyses[0].picture)}}}


def _why(name: str, error: Exception, resolution: int) -> str:
    """What is wrong with a network, in words."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return f"{name}: not enough memory at {resolution} px. Choose a lower resolution."
    if isinstance(error, (ModelError, NetworkError)):
        return str(error)
    if isinstance(error, KeyError) and error.args:
        return str(error.args[0])
    return f"{name}: its forward pass failed ({type(error).__name__}: {error})."
