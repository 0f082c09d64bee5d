"""Networks: what is bundled, with its weights and cards, where others come from, and how their output is read.

May import blocks and pictures. timm, torchvision, transformers and what brings weights are known to this room alone.
"""

from .bundled import build, list_models, trained
from .cards import CHECKPOINTS, NEW_CHECKPOINTS, read_card, render_readme
from .classes import CLASSES
from .errors import CheckpointError, ModelError
from .inserting import with_blocks
from .loading import check_model, is_source, load_model
from .model import Model, predict
from .networks import OnBackbone, SmallNetwork
from .specs import MODELS, TELLING, Spec, get_spec
from .video_networks import ClipSegmenter, SlowFast, frame_by_frame
from .weights import digest

__all__ = ["CHECKPOINTS", "CLASSES", "MODELS", "NEW_CHECKPOINTS", "TELLING", "CheckpointError", "ClipSegmenter", "Model",
           "ModelError", "OnBackbone", "SlowFast", "SmallNetwork", "Spec", "build", "check_model", "digest", "frame_by_frame",
           "get_spec", "is_source", "list_models", "load_model", "predict", "read_card", "render_readme", "trained", "with_blocks"]
