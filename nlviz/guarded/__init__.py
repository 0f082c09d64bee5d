"""A stranger's checkpoint: read, recognised and tried in a process of its own, within limits of computing, memory and size.

May import analysis, models, pictures and files.
"""

from .reader import Bounds, Reader, ReadingError, Stopped
from .rebuilding import answered, kinds
from .told import CLEAN, Told, operations

__all__ = ["CLEAN", "Bounds", "Reader", "ReadingError", "Stopped", "Told", "answered", "kinds", "operations"]
