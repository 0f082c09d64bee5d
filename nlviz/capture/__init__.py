"""capture_maps: hooks in, maps out; and the parity check, whether the map shown is the map that was used.

May import blocks and maps; torch alone.
"""

from .capture import capture_maps
from .parity import Parity, check_parity
from .refusing import Unwatchable

__all__ = ["Parity", "Unwatchable", "capture_maps", "check_parity"]
