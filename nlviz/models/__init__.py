"""Networks: what is bundled, with its weights and cards, where others come from, and how their output is read.

May import blocks and pictures. timm, torchvision, transformers and what brings weights are known to this room alone.
"""

from .bundled import build, list_models, trained
from .cards import CHECKPOINTS, NEW_CHECKPOINTS, read_card, render_readme
from .classes import CLASSES
from .errors import CheckpointError, ModelError
from .from_file import name_of, rebuilt_model
from .inserting import with_blocks
from .loading import check_model, is_source, load_model
from .minus import MINUS, Minus, sides_of
from .model import Model, predict
from .networks import OnBackbone, SmallNetwork
from .reading import SUFFIXES as CHECKPOINT_SUFFIXES
from .reading import Checkpoint, read_checkpoint, save_clean
from .specs import MODELS, TELLING, Spec, get_spec
from .video_networks import ClipSegmenter, SlowFast, frame_by_frame
from .weights import digest
from .zoo import ARCHES, Question, Recognised, Unanswered, recognise

__all__ = ["ARCHES", "CHECKPOINTS", "CHECKPOINT_SUFFIXES", "CLASSES", "MINUS", "MODELS", "NEW_CHECKPOINTS", "TELLING", "Checkpoint",
           "CheckpointError", "ClipSegmenter", "Minus", "Model", "ModelError", "OnBackbone", "Question", "Recognised", "SlowFast",
           "SmallNetwork", "Spec", "Unanswered", "build", "check_model", "digest", "frame_by_frame", "get_spec", "is_source",
           "list_models", "load_model", "name_of", "predict", "read_card", "read_checkpoint", "rebuilt_model", "recognise",
           "render_readme", "save_clean", "sides_of", "trained", "with_blocks"]
