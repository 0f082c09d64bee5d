"""The bundled networks: what each is made of and how it is trained."""

import inspect
from dataclasses import dataclass, field, replace

from ..blocks import BLOCKS
from ..pictures import Preprocess
from .networks import PAIRS, Classifier, Segmenter, SmallNetwork, Tuned
from .video_networks import ClipSegmenter, SlowFast

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
KINDS = {"caltech101": "classification", "msrc": "segmentation", "camvid": "segmentation", "fashion": "small",
         "clips": "clip segmentation", "moves": "motion"}
NETWORKS = {"classification": Classifier, "segmentation": Segmenter, "tuned segmentation": Tuned, "small": SmallNetwork,
            "clip segmentation": ClipSegmenter, "motion": SlowFast}
FRAMES = {"clips": 8, "moves": 16}  # of the clips that a network is trained with
PREPROCESS = {
    "classification": Preprocess(),
    "segmentation": Preprocess(),
    "tuned segmentation": Preprocess(),
    "small": Preprocess(channels=1, mean=0.0, std=255.0, fixed=(28, 28)),
    "clip segmentation": Preprocess(),
    "motion": Preprocess(fixed=(64, 64)),
}


@dataclass(frozen=True)
class Spec:
    """A bundled network.

    Attributes:
        data: the data set it was trained on, a key of CLASSES.
        block: a name of BLOCKS or PAIRS, or None for the same network without attention.
        options: the block's own arguments.
        variant: what tells it from the network of the same data and block that is trained as all others are.
        words: the variant's title.
        tuned: its backbone is trained too, with a block at two places of it.
        long_decay: the weight decay of one that is trained long, with SGD; None for one that is trained as all others are.
    """

    data: str
    block: str | None
    options: dict = field(default_factory=dict)
    variant: str = ""
    words: str = ""
    long_decay: float | None = None
    tuned: bool = False

    @property
    def name(self) -> str:
        return "_".join(filter(None, [self.data, self.block or "none", self.variant]))

    @property
    def title(self) -> str:
        return self.words or TITLES.get(self.block, self.block)

    @property
    def network(self) -> str:
        """``classification``, ``segmentation``, ``tuned segmentation``, ``small``, ``clip segmentation`` or ``motion``."""
        return f"tuned {KINDS[self.data]}" if self.tuned else KINDS[self.data]

    @property
    def task(self) -> str:
        return "segmentation" if self.network.endswith("segmentation") else "classification"

    @property
    def clips(self) -> bool:
        """Whether it takes clips (1, C, T, H, W); others take pictures."""
        return self.network == "motion" or self.options.get("dimension") == 3

    @property
    def frames(self) -> int | None:
        """How many frames the clips have that it is trained with, None where it is trained with pictures."""
        return FRAMES.get(self.data)

    @property
    def preprocess(self) -> Preprocess:
        usual = replace(PREPROCESS[self.network], clips=self.clips)
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
        return f"{self.data}_none" + "_tuned" * self.tuned


FULL = {"sub_sample": False}  # keys at every position
SPACE_TIME = {"dimension": 3}
_SPECS = [
    *(Spec("caltech101", block, FULL) for block in ("embedded_gaussian", "gaussian", "dot_product", "concatenation")),
    *(Spec("caltech101", block) for block in ("disentangled", "snl", "gc", "se", None)),
    Spec("msrc", "embedded_gaussian", FULL),
    *(Spec("msrc", block) for block in (
        "disentangled", "dual", "base_oc", "pyramid_oc", "asp_oc", "criss_cross", "gc", "se", "rga", None)),
    *(Spec("camvid", block) for block in ("dual", "criss_cross", "gc", None)),
    *(Spec("fashion", block) for block in ("embedded_gaussian", None)),
    Spec("clips", "embedded_gaussian", FULL | SPACE_TIME, words="Non-local, space and time"),
    Spec("clips", "embedded_gaussian", FULL, "framewise", "Non-local, frame by frame"),
    Spec("clips", None),
    *(Spec("moves", block, {"ratio": 1 / 4} | SPACE_TIME) for block in ("gc", "se")),
    Spec("moves", None),
]

# GCNet's question: what makes a map independent of the query? Trained long, by what the logits are multiplied with.
SCALES = {"times": (0.5, "logits × √C′"), "as_is": (0.0, "logits as they are"), "divided": (-0.5, "logits ÷ √C′")}  # powers of C'
DECAYS = {"decay": (2e-3, ", weight decay"), "free": (0.0, "")}
VARIANTS: dict[str, Spec] = {spec.name: spec for spec in (
    Spec(data, "embedded_gaussian", FULL | {"scale_power": power}, f"{scale}_{decay}", f"Non-local, SGD, {words}{more}",
         weight_decay)
    for data in ("caltech101", "msrc")
    for scale, (power, words) in SCALES.items() for decay, (weight_decay, more) in DECAYS.items())}
VARIANTS |= {spec.name: spec for spec in (
    Spec("msrc", block, FULL if block else {}, "tuned", f"{TITLES[block]}, in the backbone", tuned=True)
    for block in ("embedded_gaussian", None))}
TELLING = ("msrc_embedded_gaussian_times_free", "msrc_embedded_gaussian_as_is_free")  # the pair that is bundled

MODELS: dict[str, Spec] = {spec.name: spec for spec in _SPECS} | {name: VARIANTS[name] for name in TELLING}
IN_3D = [name for name, block in BLOCKS.items() if "dimension" in inspect.signature(block).parameters]


def get_spec(name: str) -> Spec:
    """The network of that name: a bundled one, or DATA_BLOCK with any block of BLOCKS, to be trained.

    Raises:
        KeyError: no such network; the message lists those that exist.
    """
    data, _, block = name.partition("_")
    if name in MODELS | VARIANTS:
        return (MODELS | VARIANTS)[name]
    if data in FRAMES and block in IN_3D:
        return Spec(data, block, SPACE_TIME)
    if data in KINDS and data not in FRAMES and block in BLOCKS:
        return Spec(data, block)
    raise KeyError(f"no network is called {name!r}; there are: {', '.join(MODELS)}; "
                   f"and one can train DATA_BLOCK with DATA of {', '.join(KINDS)} and any block"
                   f" ({' and '.join(FRAMES)}: any that has three dimensions)")
