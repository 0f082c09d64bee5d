"""Two networks as one name, ``A minus B``: the maps of the first less those of the second."""

import hashlib

from torch import Tensor, nn

from .errors import ModelError
from .model import Model

MINUS = " minus "


def sides_of(name: str) -> tuple[str, str] | None:
    """The two names of a difference, or None of one network's name.

    Raises:
        ModelError: a side is missing, or there is a third.
    """
    sides = name.split(MINUS)
    if len(sides) == 1:
        return None
    if len(sides) > 2 or not all(side.strip() for side in sides):
        raise ModelError(f"{name}: a difference is of two networks, A{MINUS}B")
    return sides[0].strip(), sides[1].strip()


class Minus(Model):
    """The difference of two networks: it has maps (``nlviz.analysis.analyse``) and no output.

    Attributes:
        first, second: the networks.

    Raises:
        ModelError: one of them is a difference itself.
    """

    runs = False

    def __init__(self, first: Model, second: Model):
        if isinstance(first, Minus) or isinstance(second, Minus):
            raise ModelError(f"{first.name} and {second.name}: a difference is of two networks, and one of these is a difference")
        hashes = [side.card.get("sha256") for side in (first, second)]
        card = {"source": "a difference", "sha256": hashlib.sha256("".join(hashes).encode()).hexdigest() if all(hashes) else None,
                "notes": list(dict.fromkeys(note for side in (first, second) for note in side.card.get("notes", ())))}
        super().__init__(f"{first.name}{MINUS}{second.name}", nn.Identity(), first.preprocess, title=_title(first, second),
                         card=card, frames=first.frames)
        self.first, self.second = first, second

    def forward(self, x: Tensor) -> Tensor:
        raise ModelError("a difference of two networks has maps and no output")


def _title(first: Model, second: Model) -> str:
    """``Non-local − its epoch 0`` of the same network earlier in its training; names, where titles don't tell the two apart."""
    one, other = (side.title + ", random weights" * side.card.get("source", "").startswith("random") for side in (first, second))
    if one == other:
        one, other = first.name, second.name
    return f"{one} − {other.replace(f'{one}, ', 'its ', 1) if other.startswith(f'{one}, ') else other}"
