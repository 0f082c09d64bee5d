"""What a block computed: NLMap with its grids, and the forms of a map smaller than N x N' that give exact rows from it.

May import torch alone.
"""

from .attending import transformed
from .crosses import Crosses, Product
from .factors import Factors
from .finite import check_finite
from .grids import cell_of, cells, flat_index
from .lazy import LazyMap, Streamed, Sum, applied, precise
from .nl_map import TERMS, NLMap
from .similarities import SIMILARITIES, similarity

__all__ = ["SIMILARITIES", "TERMS", "Crosses", "Factors", "LazyMap", "NLMap", "Product", "Streamed", "Sum", "applied", "cell_of",
           "cells", "check_finite", "flat_index", "precise", "similarity", "transformed"]
