"""The bundled networks: what they are, their cards, and how a trained one is loaded."""

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from torch import Tensor, nn

from .blocks import BLOCKS
from .cards import CHECKPOINTS, CheckpointError, read_card
from .classes import CLASSES
from .images import Preprocess
from .networks import PAIRS, Classifier, Segmenter, SmallNetwork
from .schedules import SHORT, Schedule, long_sgd

TITLES = {
    None: "no block",
    "gaussian": "Non-local, Gaussian",
    "embedded_gaussian": "Non-local, embedded Gaussian",
    "dot_product": "Non-local, dot product",
    "concatenation": "Non-local, concatenation",
    "snl": "Simplified non-local",
    "gc": "Global context",
    "se": "Squeeze and excitation",
    "dual": "Dual attention",
    "base_oc": "Object context, base",
    "pyramid_oc": "Object context, pyramid",
    "asp_oc": "Object context, ASPP",
    "criss_cross": "Criss-cross",
    "rga": "Relation-aware",
    "disentangled": "Disentangled non-local",
}
FIXED_GRID = {"rga", "rga_spatial", "rga_channel"}  # built for 28 x 28 positions
KINDS = {"caltech101": "classification", "msrc": "segmentation", "camvid": "segmentation", "fashion": "small"}
NETWORKS = {"classification": Classifier, "segmentation": Segmenter, "small": SmallNetwork}
PREPROCESS = {
    "classification": Preprocess(),
    "segmentation": Preprocess(),
    "small": Preprocess(channels=1, mean=0.0, std=255.0, fixed=(28, 28)),
}


@dataclass(frozen=True)
class Spec:
    """A bundled network.

    Attributes:
        data: the data set it was trained on, a key of CLASSES.
        block: a name of BLOCKS or PAIRS, or None for the same network without attention.
        options: the block's own arguments.
        variant: what tells it from the network of the same data and block that is trained as all others are.
        words: the variant in words.
        long: how it was trained, if not as all others are.
    """

    data: str
    block: str | None
    options: dict = field(default_factory=dict)
    variant: str = ""
    words: str = ""
    long: Schedule | None = None

    @property
    def name(self) -> str:
        return "_".join(filter(None, [self.data, self.block or "none", self.variant]))

    @property
    def title(self) -> str:
        return TITLES.get(self.block, self.block) + (f": {self.words}" if self.words else "")

    @property
    def schedule(self) -> Schedule:
        return self.long or SHORT[self.data]

    @property
    def network(self) -> str:
        """``classification``, ``segmentation`` or ``small``."""
        return KINDS[self.data]

    @property
    def task(self) -> str:
        return "segmentation" if self.network == "segmentation" else "classification"

    @property
    def preprocess(self) -> Preprocess:
        usual = PREPROCESS[self.network]
        return replace(usual, fixed=(448, 448)) if self.block in FIXED_GRID else usual

    @property
    def blocks(self) -> list[str]:
        """Its blocks' names in BLOCKS."""
        if self.block in PAIRS:
            return PAIRS[self.block].members
        return [self.block] if self.block else []

    @property
    def without(self) -> str:
        """The name of the same network without a block."""
        return f"{self.data}_none"


FULL = {"sub_sample": False}  # keys at every position
_SPECS = [
    *(Spec("caltech101", block, FULL) for block in ("embedded_gaussian", "gaussian", "dot_product", "concatenation")),
    *(Spec("caltech101", block) for block in ("disentangled", "snl", "gc", "se", None)),
    Spec("msrc", "embedded_gaussian", FULL),
    *(Spec("msrc", block) for block in (
        "disentangled", "dual", "base_oc", "pyramid_oc", "asp_oc", "criss_cross", "gc", "se", "rga", None)),
    *(Spec("camvid", block) for block in ("dual", "criss_cross", "gc", None)),
    *(Spec("fashion", block) for block in ("embedded_gaussian", None)),
]

# GCNet's question: what makes a map independent of the query? Trained long, by what the logits are multiplied with.
SCALES = {"times": (0.5, "logits × √C′"), "as_is": (0.0, "logits as they are"), "divided": (-0.5, "logits ÷ √C′")}  # powers of C'
DECAYS = {"decay": (2e-3, ", weight decay"), "free": (0.0, "")}
VARIANTS: dict[str, Spec] = {spec.name: spec for spec in (
    Spec(data, "embedded_gaussian", FULL | {"scale_power": power}, f"{scale}_{decay}", f"long SGD, {words}{more}",
         long_sgd(data, weight_decay))
    for data in ("caltech101", "msrc")
    for scale, (power, words) in SCALES.items() for decay, (weight_decay, more) in DECAYS.items())}
TELLING = ("msrc_embedded_gaussian_times_free", "msrc_embedded_gaussian_as_is_free")  # the pair that is bundled

MODELS: dict[str, Spec] = {spec.name: spec for spec in _SPECS} | {name: VARIANTS[name] for name in TELLING}


class Model(nn.Module):
    """A network with what is needed to feed it a picture and to read its output.

    Attributes:
        name: how it is called in the page and at the command line.
        net: the network itself, put in eval mode.
        preprocess: Picture -> (input, Frame).
        classes: names of its outputs, or None where unknown.
        task: ``classification``, ``segmentation`` or None where unknown.
        card: what is known of its training; empty for a user's own network.
    """

    def __init__(self, name: str, net: nn.Module, preprocess=None, classes: list[str] | None = None,
                 task: str | None = None, title: str | None = None, card: dict | None = None):
        super().__init__()
        self.name, self.title, self.net = name, title or name, net
        self.preprocess, self.classes, self.task, self.card = preprocess or Preprocess(), classes, task, card or {}
        self.eval()

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


def get_spec(name: str) -> Spec:
    """The network of that name: a bundled one, or DATA_BLOCK with any block of BLOCKS, to be trained.

    Raises:
        KeyError: no such network; the message lists those that exist.
    """
    data, _, block = name.partition("_")
    if name in MODELS | VARIANTS:
        return (MODELS | VARIANTS)[name]
    if data in KINDS and block in BLOCKS:
        return Spec(data, block)
    raise KeyError(f"no network is called {name!r}; there are: {', '.join(MODELS)}; "
                   f"and one can train DATA_BLOCK with DATA of {', '.join(KINDS)} and any block")


def trained(folder: Path = CHECKPOINTS) -> dict[str, Spec]:
    """The bundled networks, then those with a card in ``folder`` that were trained beside them."""
    others = {}
    for path in sorted(folder.glob("*.json")):
        try:
            others[path.stem] = get_spec(path.stem)
        except KeyError:
            continue
    return MODELS | others


def build(spec: Spec) -> nn.Module:
    """The network with an ImageNet backbone and fresh weights elsewhere."""
    return NETWORKS[spec.network](spec.block, classes=len(CLASSES[spec.data]), **spec.options)


def load_model(name: str, folder: Path = CHECKPOINTS) -> Model:
    """A bundled network with its trained weights, in eval mode; NAME@EPOCH is a snapshot of its training.

    Raises:
        KeyError: no network has that name.
        CheckpointError: the file is missing, its sha256 differs from its card's, or its weights don't fit.
    """
    whole, _, epoch = name.partition("@")
    spec = get_spec(whole)
    card = read_card(whole, folder)
    if epoch:
        card |= _snapshot(card, epoch)
    path = folder / f"{name}.safetensors"
    try:
        content = path.read_bytes()
    except OSError:
        raise CheckpointError(f"{path.name} is missing. Restore it from the repository.") from None
    found = hashlib.sha256(content).hexdigest()
    if found != card["sha256"]:
        raise CheckpointError(f"{path.name} has sha256 {found[:12]}..., its card says {card['sha256'][:12]}...: "
                              "the file was changed or cut short. Restore it from the repository.")
    if spec.block:
        card["score_without_block"] = read_card(spec.without, folder)["score"]
    net = build(spec)
    _load_trained(net, content, path.name)
    title = f"{spec.title}, epoch {epoch}" if epoch else spec.title
    return Model(name, net, spec.preprocess, CLASSES[spec.data], spec.task, title, card)


def _snapshot(card: dict, epoch: str) -> dict:
    """What the card says of one snapshot."""
    found = {str(snapshot["epoch"]): snapshot for snapshot in card.get("snapshots", [])}
    if epoch not in found:
        raise KeyError(f"{card['name']} has no snapshot of epoch {epoch!r}; it has: {', '.join(found) or 'none'}")
    return found[epoch]


def _load_trained(net: nn.Module, content: bytes, filename: str) -> None:
    """Load exactly the trained part: nothing missing, nothing left over."""
    try:
        state = load_safetensors(content)
    except SafetensorError as error:
        raise CheckpointError(f"{filename} is not a safetensors file ({error}).") from None
    expected = net.trained_state()
    wrong = sorted({k for k in expected.keys() | state.keys()
                    if k not in expected or k not in state or expected[k].shape != state[k].shape})
    if wrong:
        raise CheckpointError(f"{filename} does not fit this network; missing, left over or of another shape: "
                              f"{', '.join(wrong[:5])}{' ...' if len(wrong) > 5 else ''}")
    net.load_state_dict(state | {k: v for k, v in net.state_dict().items() if k not in state})


@torch.inference_mode()
def predict(model: Model, output: Tensor) -> dict | None:
    """What a network says of one picture.

    Args:
        output: (1, classes) or (1, classes, h, w), logits.

    Returns:
        ``{"kind": "classes", "top": [(name, probability), ...]}`` with up to five entries,
        ``{"kind": "segmentation", "labels": (h, w) int64}``, or None where the task is unknown.
    """
    if model.task == "classification":
        best = output[0].softmax(0).topk(min(5, output.shape[1]))
        return {"kind": "classes", "top": [(model.classes[i], p) for i, p in zip(best.indices.tolist(), best.values.tolist())]}
    if model.task == "segmentation":
        finer = torch.nn.functional.interpolate(output, scale_factor=4, mode="bilinear", align_corners=False)
        return {"kind": "segmentation", "labels": finer[0].argmax(0)}
    return None


def list_models(folder: Path = CHECKPOINTS) -> list[dict]:
    """What is bundled, one dict a network, from the cards: name, blocks, task, score, score without the block, grids.

    ``grids_at_448`` are the query grids of its blocks for a square picture at 448 px; of channels their number, of a gate nothing.
    """
    specs = trained(folder)
    cards = {name: read_card(name, folder) for name in specs}
    return [{
        "name": name, "title": spec.title, "block": spec.block, "blocks": spec.blocks, "data": spec.data, "task": spec.task,
        "relates": [BLOCKS[block].relates for block in spec.blocks],
        "metric": cards[name]["metric"], "score": cards[name]["score"], "scores": cards[name].get("scores"),
        "score_without_block": cards[spec.without]["score"] if spec.block else None,
        "grids_at_448": cards[name].get("grids_at_448", []),
        "snapshots": [snapshot["epoch"] for snapshot in cards[name].get("snapshots", [])],
    } for name, spec in specs.items()]
