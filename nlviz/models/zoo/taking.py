"""A checkpoint's tensors by name: those of one part, their shapes, and which of them go into a network."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...adapters import FileWeights, block_of, called, under_our_names
from ...blocks import Block
from .arch import State


class Piece(NamedTuple):
    """A block that holds weights of a file.

    Attributes:
        block: of ours.
        state: those weights by the block's names.
        prefix: what their names begin with in the file, with the dot.
    """

    block: Block
    state: dict[str, Tensor]
    prefix: str


def piece(kind: str, state: State, prefix: str, **told: object) -> Piece:
    """The block of a kind of ``block_of`` from the weights behind ``prefix``; one that is missing stays as in a fresh block.

    Raises:
        ValueError: they are no weights of this kind.
    """
    weights = within(state, prefix)
    return Piece(block_of(kind, weights, partial=True, **told), under_our_names(kind, weights, **told), prefix)


def within(state: State, prefix: str) -> FileWeights:
    """The tensors whose names begin with ``prefix``, by what is left of their names."""
    found = {name[len(prefix):]: value for name, value in state.items() if name.startswith(prefix)}
    return FileWeights(found, {name: called(state, prefix + name) for name in found}, called(state, prefix))


def shape_of(state: State, name: str, axes: int | None = None) -> tuple[int, ...]:
    """The shape of a tensor without which nothing can be rebuilt, and how many axes it must have: 4 of a convolution's weight.

    Raises:
        ValueError: it is not there, or has not so many axes.
    """
    if name not in state:
        raise ValueError(f"The weight {called(state, name)} is missing: without it the network's shape is unknown.")
    shape = tuple(state[name].shape)
    if len(shape) != (len(shape) if axes is None else axes):
        raise ValueError(f"The weight {called(state, name)} is {shape}: expected {axes} axes.")
    return shape


def taken(net: nn.Module, state: State, pieces: Mapping[str, Piece]) -> tuple[dict[str, Tensor], set[str]]:
    """(the tensors for ``net`` by its own names, the file's names that went into it).

    ``num_batches_tracked``, which older files have not and only training uses, is 0 where there is none.

    Args:
        net: its modules have the file's names, except within blocks.
        state: the checkpoint's tensors.
        pieces: the blocks by their names in ``net``.
    """
    own = net.state_dict()
    found = {name: torch.tensor(0, device="cpu") for name in own if name.endswith(".num_batches_tracked")}
    inside = tuple(f"{name}." for name in pieces)
    named = {name: state[name] for name in own if name in state and not name.startswith(inside)}
    used = set(named) | {name for name in state if name.startswith(tuple(part.prefix for part in pieces.values()))}
    held = {f"{name}.{key}": value for name, part in pieces.items() for key, value in part.state.items()}
    return found | named | held, used


def flipped(state: State, name: str) -> dict[str, Tensor]:
    """The weights with the input channels of the first convolution in the other order: RGB where they were of BGR pixels."""
    return {**state, name: state[name].flip(1)} if name in state else dict(state)
