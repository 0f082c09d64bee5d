"""Published networks, rebuilt in plain PyTorch from a checkpoint's names of weights: what it is, what is asked, what is ignored.

May import adapters, blocks and pictures.
"""

from . import libraries, mmaction, mmdet, mmseg, ocrnet, ours, published, slowfast
from .arch import Answers, Arch, Question, Rebuilt, State
from .class_names import class_names
from .recognising import Recognised, Unanswered, check_answers, recognise

ARCHES: tuple[Arch, ...] = (*mmseg.ARCHES, *ocrnet.ARCHES, *mmdet.ARCHES, *mmaction.ARCHES, *slowfast.ARCHES, *published.ARCHES,
                            *libraries.ARCHES, *ours.ARCHES)

__all__ = ["ARCHES", "Answers", "Arch", "Question", "Rebuilt", "Recognised", "State", "Unanswered", "check_answers",
           "class_names", "recognise"]
