"""Networks of nlviz from their own checkpoints, which hold what was trained: the backbone behind it stays ImageNet's."""

import torch

from ...blocks import BLOCKS
from ..bundled import build as build_network
from ..classes import CLASSES
from ..networks import make_block
from ..specs import FRAMES, KINDS, MODELS, VARIANTS, Spec, get_spec
from .arch import Answers, Arch, Question, Rebuilt, State

PLACES = {"classification": "block.", "segmentation": "block.3.", "clip segmentation": "block.4.", "motion": "slow.block."}
HEADS = {"classification": "tail.", "segmentation": "tail.", "clip segmentation": "tail.", "motion": "fc."}


def _specs() -> list[Spec]:
    """All networks with a block on a backbone, or of clips: those that are bundled first, and of those that only their training
    tells apart the first."""
    others = [get_spec(f"{data}_{block}") for data in KINDS for block in BLOCKS if data not in FRAMES]
    found: dict[tuple, Spec] = {}
    for spec in [*MODELS.values(), *VARIANTS.values(), *others]:
        options = {name: value for name, value in spec.options.items() if (name, value) != ("scale_power", 0.0)}
        if spec.block and spec.network in PLACES:
            found.setdefault((spec.data, spec.block, *sorted(options.items())), spec)
    return list(found.values())


def _fits(spec: Spec, state: State) -> bool:
    """Whether its block has weights of these names and axes, and its last layer as many classes."""
    place, head = PLACES[spec.network], HEADS[spec.network]
    rows = {weights.shape[0] for name, weights in state.items() if name.startswith(head) and name.endswith("weight")
            and weights.dim() > 1}
    if len(CLASSES[spec.data]) not in rows:
        return False
    with torch.device("meta"):
        block = make_block(spec.block, 16, **spec.options).state_dict()
    came = {name.removeprefix(place): weights for name, weights in state.items() if name.startswith(place)}
    return _axes(block) == _axes(came)


def _axes(state: State) -> dict[str, int]:
    """How many axes each tensor has; those that count training steps are left out."""
    return {name: weights.dim() for name, weights in state.items() if not name.endswith("num_batches_tracked")}


def fitting(state: State) -> list[Spec]:
    """Networks of nlviz whose weights have these names."""
    return [spec for spec in _specs() if _fits(spec, state)]


def questions(state: State) -> tuple[Question, ...]:
    """Which network it is, where several have weights of the same names."""
    specs = fitting(state)
    if len(specs) < 2:
        return ()
    options = {spec.name: f"{spec.title}, {spec.data}" for spec in specs}
    return (Question("network", "Which of nlviz's networks is it? They have the same names of weights.", options, specs[0].name),)


def build(state: State, answers: Answers) -> Rebuilt:
    """See :class:`Arch`."""
    found = {spec.name: spec for spec in fitting(state)}
    if not found:
        raise ValueError("no network of nlviz has a block with these names of weights and as many classes")
    name = answers.get("network", next(iter(found)))
    if name not in found or (len(found) > 1 and "network" not in answers):
        raise ValueError(f"network is one of {', '.join(found)}")
    spec = found[name]
    net = build_network(spec).eval()
    trained = net.trained_state().keys()
    frozen = {key: weights for key, weights in net.state_dict().items() if key not in trained}
    used = {key for key in state if key in trained}
    return Rebuilt(net, frozen | {key: state[key] for key in used}, used, spec.task, len(CLASSES[spec.data]),
                   preprocess=spec.preprocess, frames=None if spec.clips else 0, names=CLASSES[spec.data],
                   notes=[f"Told by its names of weights and its classes, it is {name}.",
                          *(["What was not trained is the backbone with its ImageNet weights."] if frozen else [])])


ARCHES = (
    Arch("nlviz_classifier", "Classifier of nlviz", (r"block\.(?!\d\.)", r"tail\.\d+\.\d"), build, questions),
    Arch("nlviz_segmenter", "Segmentation network of nlviz", (r"block\.0\.weight", r"block\.1\.running_mean", r"tail\.weight"),
         build, questions),
    Arch("nlviz_motion", "SlowFast of nlviz", (r"slow\.block\.", r"fast\.block\.", r"across\.0\.weight"), build, questions))
