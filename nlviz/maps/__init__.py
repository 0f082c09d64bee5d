"""What a block computed: NLMap with its grids, and the forms of a map smaller than N x N' that give exact rows from it.

May import torch alone.
"""

from .attending import transformed
from .crosses import Crosses, Product
from .difference import Difference
from .divided import SEEN, Composed, seen, space_times
from .factors import Factors
from .finite import check_finite
from .framewise import Framewise, each_frame, join_frames
from .grids import cell_of, cells, flat_index
from .lazy import LazyMap, OverHeads, Streamed, Sum, applied, over_heads, precise
from .nl_map import TERMS, NLMap
from .replaced import new_order, replaced_map
from .rollout import rollout
from .similarities import SIMILARITIES, similarity
from .windows import Windows

__all__ = ["SEEN", "SIMILARITIES", "TERMS", "Composed", "Crosses", "Difference", "Factors", "Framewise", "LazyMap", "NLMap",
           "OverHeads", "Product", "Streamed", "Sum", "Windows", "applied", "cell_of", "cells", "check_finite", "each_frame",
           "flat_index", "join_frames", "new_order", "over_heads", "precise", "replaced_map", "rollout", "seen",
           "similarity", "space_times", "transformed"]
