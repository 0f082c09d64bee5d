"""Other people's attention modules as blocks of the house, by the names of their weights, or live by class name and attributes.

May import blocks and maps; torch alone.
"""

from .agreeing import Match
from .filling import FileWeights, called
from .kinds import KINDS, block_of, under_our_names
from .live import adapt, candidates, is_known, match

__all__ = ["KINDS", "FileWeights", "Match", "adapt", "block_of", "called", "candidates", "is_known", "match", "under_our_names"]
