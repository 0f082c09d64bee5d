"""Published networks, rebuilt in plain PyTorch from a checkpoint's names of weights: what it is, what is asked, what is ignored.

May import adapters, blocks and pictures.
"""

from .arch import Answers, Arch, Question, Rebuilt, State
from .recognising import Recognised, Unanswered, check_answers, recognise

ARCHES: tuple[Arch, ...] = ()

__all__ = ["ARCHES", "Answers", "Arch", "Question", "Rebuilt", "Recognised", "State", "Unanswered", "check_answers", "recognise"]
