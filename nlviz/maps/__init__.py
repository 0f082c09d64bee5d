"""What a block computed: NLMap with its grids, and the forms of a map smaller than N x N' that give exact rows from it.

May import torch alone.
"""

from .crosses import Crosses, Product
from .factors import Factors
from .grids import cell_of, cells, flat_index
from .lazy import LazyMap, Streamed, Sum, applied
from .nl_map import TERMS, NLMap

__all__ = ["TERMS", "Crosses", "Factors", "LazyMap", "NLMap", "Product", "Streamed", "Sum", "applied", "cell_of", "cells",
           "flat_index"]
