"""Published networks, rebuilt in plain PyTorch from a checkpoint's names of weights: what it is, what is asked, what is ignored.

May import adapters, blocks and pictures.
"""

from . import ccnet, danet, libraries, mmaction, mmdet, mmseg, ocnet, ocrnet, ours, published, slowfast
from .arch import Answers, Arch, Question, Rebuilt, State
from .class_names import class_names
from .questions import NORMALISATION, PIXELS
from .recognising import Recognised, Unanswered, check_answers, recognise

ARCHES: tuple[Arch, ...] = tuple(arch for kinds in (
    mmseg, ocrnet, danet, ccnet, ocnet, mmdet, mmaction, slowfast, published, libraries, ours) for arch in kinds.ARCHES)

__all__ = ["ARCHES", "NORMALISATION", "PIXELS", "Answers", "Arch", "Question", "Rebuilt", "Recognised", "State", "Unanswered",
           "check_answers", "class_names", "recognise"]
