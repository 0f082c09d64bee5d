"""Pictures: from a file to a network's input, and from a pixel to its cell and back, side by side.

May import torch, Pillow and NumPy.
"""

from .picture import Picture, PictureError, open_picture
from .placement import Placement
from .preprocess import MAX_RESOLUTION, Frame, Preprocess

__all__ = ["MAX_RESOLUTION", "Frame", "Picture", "PictureError", "Placement", "Preprocess", "open_picture"]
