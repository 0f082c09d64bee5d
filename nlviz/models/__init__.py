"""Networks: what is bundled, with its weights and cards, and how its output is read.

May import blocks and pictures. timm and the packages that bring weights are known to this room alone.
"""

from .bundled import build, list_models, load_model, trained
from .cards import CHECKPOINTS, NEW_CHECKPOINTS, CheckpointError, read_card, render_readme
from .classes import CLASSES
from .model import Model, predict
from .networks import OnBackbone, SmallNetwork
from .specs import MODELS, TELLING, Spec, get_spec

__all__ = ["CHECKPOINTS", "CLASSES", "MODELS", "NEW_CHECKPOINTS", "TELLING", "CheckpointError", "Model", "OnBackbone",
           "SmallNetwork", "Spec", "build", "get_spec", "list_models", "load_model", "predict", "read_card", "render_readme",
           "trained"]
