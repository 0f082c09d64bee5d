"""Pictures: from a file to a network's input, and from a pixel to its cell and back, side by side.

May import torch, Pillow and NumPy; what decodes files runs in a process of its own, without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .limits import SUFFIXES, PictureError
from .placement import Placement

if TYPE_CHECKING:
    from .clip import MAX_FRAMES, MIN_FRAMES, Chosen, Clip, clip_of, contact_sheet, frames_words
    from .cropped import Cropped
    from .picture import Picture, open_picture
    from .preprocess import MAX_RESOLUTION, Frame, Preprocess

__all__ = ["MAX_FRAMES", "MAX_RESOLUTION", "MIN_FRAMES", "SUFFIXES", "Chosen", "Clip", "Cropped", "Frame", "Picture",
           "PictureError", "Placement", "Preprocess", "clip_of", "contact_sheet", "frames_words", "open_picture"]

FILE_OF = {"MAX_RESOLUTION": "preprocess", "Cropped": "cropped", "Frame": "preprocess", "Preprocess": "preprocess",
           "Picture": "picture", "open_picture": "picture", "Chosen": "clip", "Clip": "clip", "clip_of": "clip",
           "MIN_FRAMES": "clip", "MAX_FRAMES": "clip", "contact_sheet": "clip", "frames_words": "clip"}


def __getattr__(name: str) -> object:
    """Imported when it is first asked for: the process that decodes needs neither."""
    if name not in FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{FILE_OF[name]}", __name__), name)
