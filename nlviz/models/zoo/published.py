"""The small network for digits of AlexHex7/Non-local_pytorch (``lib/network.py``), with any of its four pairwise functions."""

from ...pictures import Preprocess
from ..classes import CLASSES
from ..networks import SmallNetwork
from .arch import Answers, Arch, Question, Rebuilt, State
from .questions import MODE
from .renaming import Renamed
from .taking import shape_of

BLOCKS = ("nl_1", "nl_2")
OLDER = {"convs.0": "conv_1.0", "convs.1": "conv_1.1", "convs.4": "nl_1", "convs.5": "conv_2.0", "convs.6": "conv_2.1",
         "convs.9": "nl_2", "convs.10": "conv_3.0", "convs.11": "conv_3.1"}  # in one row, as for PyTorch 0.4.1
SHAPES = {"conv_1.0": (32, 1, 3, 3), "conv_2.0": (64, 32, 3, 3), "conv_3.0": (128, 64, 3, 3), "fc.0": (256, 1152)}
NAMES = {"digits": [str(digit) for digit in range(10)], "fashion": CLASSES["fashion"]}
DATA = Question("data", "What does it tell apart?", {
    "digits": "0 to 9 (MNIST), as published", "fashion": "ten kinds of clothes (Fashion-MNIST), as nlviz's own of the same layout"},
    "digits")
GREY = Preprocess(channels=1, mean=0.0, std=255.0, fixed=(28, 28))


def questions(state: State) -> tuple[Question, ...]:
    """The mode where the weights are of an embedded Gaussian or of a dot product, and what ten classes are."""
    renamed = {_own_name(name): weights for name, weights in state.items()}
    mode = (MODE,) if "nl_1.theta.weight" in renamed and "nl_1.concat_project.0.weight" not in renamed else ()
    return (*mode, *((DATA,) if shape_of(renamed, "fc.3.weight")[0] == 10 else ()))


def build(state: State, answers: Answers) -> Rebuilt:
    """See :class:`Arch`."""
    renamed = Renamed(state, _own_name)
    wrong = [f"{name} is {shape_of(renamed, f'{name}.weight')} and not {shape}" for name, shape in SHAPES.items()
             if shape_of(renamed, f"{name}.weight") != shape]
    if wrong:
        raise ValueError(f"these are no weights of the network for digits: {'; '.join(wrong)}")
    classes = shape_of(renamed, "fc.3.weight")[0]
    net = SmallNetwork(None, classes)
    told = {"mode": answers["mode"]} if "mode" in answers else {}
    for name in BLOCKS:
        setattr(net, name, renamed.block(f"{name}.", "published_nonlocal", **told) or getattr(net, name))
    return renamed.rebuilt(net, task="classification", classes=classes, preprocess=GREY, names=NAMES.get(answers.get("data", "")))


def _own_name(name: str) -> str:
    first = ".".join(name.split(".")[:2])
    return name.replace(first, OLDER[first], 1) if first in OLDER else name


ARCHES = (
    Arch("published_digits", "The network for digits of AlexHex7/Non-local_pytorch",
         (r"conv_1\.0\.weight", r"nl_1\.g\.", r"nl_2\.g\.", r"fc\.3\."), build, questions),
    Arch("published_digits_older", "The network for digits of AlexHex7/Non-local_pytorch, its older layout",
         (r"convs\.0\.weight", r"convs\.4\.g\.", r"convs\.9\.g\.", r"fc\.3\."), build, questions))
