"""Other people's attention modules as blocks of the house, by the names of their weights, or live by class name and attributes.

May import blocks and maps; torch alone.
"""

from .kinds import KINDS, block_of, under_our_names

__all__ = ["KINDS", "block_of", "under_our_names"]
