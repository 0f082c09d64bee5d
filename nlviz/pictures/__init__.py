"""Pictures: from a file to a network's input, and from a pixel to its cell and back, side by side.

May import torch, Pillow and NumPy; what decodes files runs in a process of its own, without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .limits import SUFFIXES, PictureError
from .placement import Placement

if TYPE_CHECKING:
    from .cropped import Cropped
    from .picture import Picture, open_picture
    from .preprocess import MAX_RESOLUTION, Frame, Preprocess

__all__ = ["MAX_RESOLUTION", "SUFFIXES", "Cropped", "Frame", "Picture", "PictureError", "Placement", "Preprocess", "open_picture"]

FILE_OF = {"MAX_RESOLUTION": "preprocess", "Cropped": "cropped", "Frame": "preprocess", "Preprocess": "preprocess",
           "Picture": "picture", "open_picture": "picture"}


def __getattr__(name: str) -> object:
    """Imported when it is first asked for: the process that decodes needs neither."""
    if name not in FILE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{FILE_OF[name]}", __name__), name)
