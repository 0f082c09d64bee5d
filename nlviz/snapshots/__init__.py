"""Maps of one picture while a network is trained: kept as training goes, read again as analyses like any other.

May import figures, measures and what is below them.
"""

from .folder import NAME, CannotRead, SnapshotFolder
from .snapshots import Snapshots

__all__ = ["NAME", "CannotRead", "SnapshotFolder", "Snapshots"]
