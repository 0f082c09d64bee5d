"""How every bundled checkpoint is made: data, schedules, and the program behind ``nlviz train``.

May import capture, models and what is below them.
"""

from .clip_data import held_out_clips
from .labels import classes_at, label_of
from .trainer import train

__all__ = ["classes_at", "held_out_clips", "label_of", "train"]
