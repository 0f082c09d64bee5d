"""Networks of timm and torchvision from a state_dict: by the library's own names of weights, and how many numbers there are.

``library_arch("timm:NAME")`` rebuilds any network of theirs, whatever its file looks like.
"""

from functools import partial

from torch import nn

from .. import from_timm, from_torchvision
from ..errors import ModelError
from .arch import Answers, Arch, Question, Rebuilt, State
from .sizes import SIZES

LIBRARIES = {"timm": from_timm, "torchvision": from_torchvision}
LAST = ("fc.", "head.", "heads.", "classifier.", "head_dist.")  # how the names of the last layer begin
GIVE = "give it as arch='timm:NAME' or arch='torchvision:NAME'"


def size_of(state: State) -> int:
    """How many numbers a state_dict holds, those of the last layer left out, whose rows are classes."""
    return sum(weights.numel() for name, weights in state.items() if weights.is_floating_point() and not name.startswith(LAST))


def fitting(library: str, state: State) -> list[str]:
    """Networks of a library that have as many numbers."""
    size = size_of(state)
    return [name for name, own in SIZES[library].items() if own == size]


def is_library(text: str) -> bool:
    """Whether an arch is ``timm:NAME`` or ``torchvision:NAME``."""
    library, colon, name = text.partition(":")
    return library in LIBRARIES and bool(colon and name)


def library_arch(text: str) -> Arch:
    """The network ``timm:NAME`` or ``torchvision:NAME`` as an arch, which fits every file.

    Raises:
        ModelError: there is no such library or network.
    """
    if not is_library(text):
        raise ModelError(f"expected timm:NAME or torchvision:NAME, got {text!r}")
    library, _, name = text.partition(":")
    LIBRARIES[library].check(name)
    return Arch(text, f"{name} ({library})", ("",), lambda state, answers: rebuilt(library, name, state))


def rebuilt(library: str, name: str, state: State) -> Rebuilt:
    """A library's network, with as many classes as the file's last layer has rows.

    Args:
        library: ``timm`` or ``torchvision``.
        name: known there.
    """
    found = LIBRARIES[library].build(name, pretrained=False)
    classes = _resized(found.net, state)
    used = {key for key in state if key in found.net.state_dict()}
    clips = bool(getattr(found.preprocess, "clips", ""))
    names = found.classes if found.classes and len(found.classes) == classes else None
    return Rebuilt(found.net.eval(), {key: state[key] for key in used}, used, "classification" if classes else None, classes,
                   frames=found.frames if clips else 0, preprocess=found.preprocess, names=names)


def _resized(net: nn.Module, state: State) -> int | None:
    """Give last linear layers as many rows as they have in the file; how many the very last has, None where there is none."""
    rows = None
    for path, layer in list(net.named_modules()):
        came = state.get(f"{path}.weight")
        if not f"{path}.".startswith(LAST) or not isinstance(layer, nn.Linear) or came is None or came.dim() != 2:
            continue
        rows = came.shape[0]
        if came.shape[1] == layer.in_features and rows != layer.out_features:
            net.set_submodule(path, nn.Linear(layer.in_features, rows, layer.bias is not None))
    return rows


def questions(library: str, state: State) -> tuple[Question, ...]:
    """Which network it is, where several have the same weights."""
    names = fitting(library, state)
    if len(names) < 2:
        return ()
    options = {name: f"as {library} prepares pictures for {name}" for name in names}
    sentence = "Which network is it? They have the same weights, and prepare pictures differently."
    return (Question("network", sentence, options, names[0]),)


def build(library: str, state: State, answers: Answers) -> Rebuilt:
    """See :class:`Arch`."""
    names = fitting(library, state)
    if not names:
        raise ValueError(f"its names are those of {library}, but none of its networks known here has {size_of(state):,} numbers "
                         f"before the last layer: {GIVE}")
    name = answers.get("network", names[0])
    if name not in names or (len(names) > 1 and "network" not in answers):
        raise ValueError(f"network is one of {', '.join(names)}")
    found = rebuilt(library, name, state)
    found.notes.append(f"Told by its names and its {size_of(state):,} numbers, it is {name} of {library}: arch={library}:NAME says "
                       "otherwise.")
    return found


def _arch(library: str, name: str, title: str, *signature: str) -> Arch:
    return Arch(f"{library}_{name}", f"{title} ({library})", signature, partial(build, library), partial(questions, library))


ARCHES = (
    _arch("torchvision", "vit", "Vision transformer", r"class_token$", r"encoder\.layers\.encoder_layer_0\.self_attention\."),
    _arch("torchvision", "swin", "Swin transformer", r"features\.0\.0\.weight",
          r"features\.1\.0\.attn\.(relative_position_bias_table|logit_scale)"),
    _arch("torchvision", "resnet", "ResNet", r"conv1\.weight", r"layer1\.0\.conv1\.weight", r"layer4\.0\.bn2\.weight",
          r"fc\.weight"),
    _arch("torchvision", "gated", "EfficientNet or MobileNet with squeeze and excitation", r"features\.0\.0\.weight",
          r"features\.\d+(\.\d+)?\.block\.\d\.fc1\.weight"),
    _arch("torchvision", "maxvit", "MaxViT", r"stem\.0\.0\.weight", r"blocks\.0\.layers\.0\.layers\.window_attention\."),
    _arch("timm", "vit", "Vision transformer", r"cls_token$", r"patch_embed\.proj\.", r"blocks\.0\.(attn|norm1)\."),
    _arch("timm", "swin", "Swin transformer", r"patch_embed\.proj\.", r"layers\.0\.blocks\.0\.attn\.relative_position_bias_table"),
    _arch("timm", "byob", "ResNet with attention", r"stem\.conv1\.", r"stages\.\d\.\d+\.(attn\.|self_attn\.|conv2_kxk\.attn\.)"),
    _arch("timm", "seresnet", "SE-ResNet", r"conv1\.(0\.)?weight", r"layer1\.0\.conv1\.weight", r"layer1\.0\.se\.fc1\.weight",
          r"layer4\.0\.bn2\.weight", r"fc\.weight"))
