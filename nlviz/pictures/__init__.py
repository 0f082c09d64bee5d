"""Pictures and clips: from a file to a network's input, and from a pixel to its cell and back, side by side.

May import torch, Pillow, PyAV and NumPy; what decodes files runs in a process of its own, without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .limits import CLIP_SUFFIXES, MAX_FRAMES, MIN_FRAMES, SUFFIXES, PictureError
from .placement import Placement

if TYPE_CHECKING:
    from .choosing import Chosen
    from .clip import Clip, clip_of, contact_sheet, frames_words, still
    from .cropped import Cropped
    from .looking import Overview, overview
    from .made import moving_object_clip, noise, pan_clip
    from .media import open_media, usual_choice
    from .opening import open_clip
    from .picture import Picture, open_picture
    from .preprocess import MAX_RESOLUTION, Frame, Preprocess
    from .sniffing import is_clip_name, opens_as_clip

__all__ = ["CLIP_SUFFIXES", "MAX_FRAMES", "MAX_RESOLUTION", "MIN_FRAMES", "SUFFIXES", "Chosen", "Clip", "Cropped", "Frame",
           "Overview", "Picture", "PictureError", "Placement", "Preprocess", "clip_of", "contact_sheet", "frames_words",
           "is_clip_name", "moving_object_clip", "noise", "open_clip", "open_media", "open_picture", "opens_as_clip",
           "overview", "pan_clip", "still",
           "usual_choice"]

FILE_OF = {"MAX_RESOLUTION": "preprocess", "Chosen": "choosing", "Clip": "clip", "Cropped": "cropped", "Frame": "preprocess",
           "Overview": "looking", "Picture": "picture", "Preprocess": "preprocess", "clip_of": "clip", "contact_sheet": "clip",
           "frames_words": "clip", "is_clip_name": "sniffing", "moving_object_clip": "made", "noise": "made",
           "open_clip": "opening", "open_media": "media", "open_picture": "picture", "opens_as_clip": "sniffing",
           "overview": "looking", "pan_clip": "made", "still": "clip", "usual_choice": "media"}


def __getattr__(name: str) -> object:
    """Imported when it is first asked for: the process that decodes needs neither."""
    if name not in FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{FILE_OF[name]}", __name__), name)
