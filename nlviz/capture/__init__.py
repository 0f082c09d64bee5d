"""capture_maps: attention in, maps out, of any network; the report; the parity check of each map; replaced_maps: other maps in.

May import adapters, blocks and maps; torch alone.
"""

from .capture import capture_blocks, capture_maps
from .known import made_by
from .objects import ObjectQuery, object_queries
from .parity import Parity, check_parity
from .refusing import CannotReplace, Unwatchable
from .replaced import HOWS, replaced_maps
from .replacing import Replaced
from .report import Maps, NoAttention, Report

__all__ = ["HOWS", "CannotReplace", "Maps", "NoAttention", "ObjectQuery", "Parity", "Replaced", "Report", "Unwatchable",
           "capture_blocks", "capture_maps", "check_parity", "made_by", "object_queries", "replaced_maps"]
