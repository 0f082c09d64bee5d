"""A network from a library of networks, its weights pretrained or random, and what is known of it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches

import torch
from torch import nn

from ..pictures import Cropped, Preprocess
from .errors import ModelError

RANDOM = "random weights"
SEED = 0


@dataclass
class Found:
    """What a library gave.

    Attributes:
        net: the network.
        title: how it is called.
        source: of the weights, in a phrase.
        preprocess: how a picture becomes its input.
        classes: names of its outputs, where it is a classifier and they are known.
        task: of its output, once its weights are not random.
        notes: what must be known of its weights, each in a sentence.
        random: how many of its tensors are random beside those of its source.
        frames: how many frames a network of clips takes, None for any number, and for one of pictures.
    """

    net: nn.Module
    title: str
    source: str
    preprocess: Preprocess | Cropped | Callable | None = None
    classes: list[str] | None = None
    task: str | None = None
    notes: list[str] = field(default_factory=list)
    random: int = 0
    frames: int | None = None

    @property
    def says_something(self) -> bool:
        """Whether its output means anything: every weight is somebody's."""
        return self.source != RANDOM and not self.random


def seeded(make: Callable[[], nn.Module]) -> nn.Module:
    """The network with the same random numbers each time; those of others go on as if nothing had been drawn."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        return make()


def pretrained_or_random(pretrained: Callable[[], nn.Module] | None, random: Callable[[], nn.Module],
                         whose: str) -> tuple[nn.Module, str, list[str]]:
    """The network with its library's weights; where they cannot be had with random ones, and why.

    Args:
        pretrained: None where they are not wanted.
        whose: ``timm's pretrained weights``.

    Returns:
        the network, where its weights come from in a phrase, and notes.
    """
    if pretrained is None:
        return seeded(random), RANDOM, []
    try:
        return seeded(pretrained), whose, []
    except (OSError, RuntimeError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        return seeded(random), RANDOM, [f"{whose} could not be had ({type(error).__name__}: {why}), so its weights are random: "
                                        f"its maps show what its layers do before any training"]


def check_known(kind: str, name: str, known: Iterable[str]) -> None:
    """Raise ModelError with near names where a library has no network of that name."""
    known = list(known)
    if name not in known:
        near = get_close_matches(name, known, 5, 0.4)
        raise ModelError(f"{kind} has no network called {name!r}" + (f"; near it: {', '.join(near)}" if near else ""))
