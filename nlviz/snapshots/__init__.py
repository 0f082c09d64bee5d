"""Maps of one picture while a network is trained: kept as training goes, read again as analyses like any other.

May import figures, measures and what is below them.
"""

from .folder import NAME, PICTURE, CannotRead, SnapshotFolder
from .recorded import Recorded, loaders_of
from .snapshots import Snapshots

__all__ = ["NAME", "PICTURE", "CannotRead", "Recorded", "SnapshotFolder", "Snapshots", "loaders_of"]
