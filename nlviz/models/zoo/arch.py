"""One kind of published network: by which names of weights it is told, what its file cannot tell, how it is rebuilt."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from ...pictures import Cropped, Preprocess

State = Mapping[str, Tensor]  # a checkpoint's tensors by name, what wraps a network taken off
Answers = Mapping[str, str]  # question -> the option that was chosen


@dataclass(frozen=True)
class Question:
    """What weights cannot tell, and the user is asked.

    Attributes:
        name: a keyword of ``load_model``, as ``mode``.
        sentence: what is asked.
        options: answer -> what it means, in words.
        usual: what published configurations have; offered first, and never taken unasked.
        number: whether any positive number is an answer, beside the options.
    """

    name: str
    sentence: str
    options: Mapping[str, str]
    usual: str
    number: bool = False


@dataclass
class Rebuilt:
    """A network with a checkpoint's weights for it.

    Attributes:
        net: takes (B, 3, H, W), of clips (B, 3, T, H, W), RGB in this order; gives logits, or features where it has no head.
        state: the checkpoint's tensors under the network's own names; one that is not there keeps what it has, and is named.
        used: names in the file of what went into ``state``; the others are listed as ignored.
        task: ``classification``, ``segmentation`` or None, what it gives.
        classes: how many its output tells apart, None of features.
        mean, std: of RGB pixels 0 to 255, the input being (pixel - mean) / std.
        stride: both sides of the input are multiples of it.
        preprocess: in the place of mean, std and stride, where a network takes its pictures otherwise.
        frames: of networks of clips how many they take, None for any number; 0 of networks of pictures.
        notes: what must be known of it, each in a sentence.
        names: of its classes in the order of its output, where they are known.
    """

    net: nn.Module
    state: dict[str, Tensor]
    used: set[str]
    task: str | None = None
    classes: int | None = None
    mean: tuple[float, float, float] = (123.675, 116.28, 103.53)
    std: tuple[float, float, float] = (58.395, 57.12, 57.375)
    stride: int = 8
    preprocess: Preprocess | Cropped | None = None
    frames: int | None = 0
    notes: list[str] = field(default_factory=list)
    names: list[str] | None = None


@dataclass(frozen=True)
class Arch:
    """A kind of published network.

    Attributes:
        name: of ``load_model(checkpoint=..., arch=NAME)``, as ``mmseg_danet``.
        title: how the network is called, as ``DANet (mmsegmentation)``.
        signature: regular expressions; a file is of this kind where each of them matches the beginning of some name.
        build: raises ValueError in words where the weights have shapes that such a network has not.
        questions: what has to be asked of this file.
        ignored: first part of a name -> what it is, in words, as ``{"auxiliary_head": "the auxiliary head"}``.
        pixels: whether networks of this kind take their pixels in several ways, so that the user is asked (``normalisation``);
            ``Rebuilt`` then has RGB weights and what ImageNet's mean and deviation give, which the answer changes.
    """

    name: str
    title: str
    signature: tuple[str, ...]
    build: Callable[[State, Answers], Rebuilt]
    questions: Callable[[State], tuple[Question, ...]] = lambda state: ()
    ignored: Mapping[str, str] = field(default_factory=dict)
    pixels: bool = False
