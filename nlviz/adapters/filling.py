"""A block is made without values of its own and filled with other people's weights."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ..blocks import Block

State = Mapping[str, Tensor]
COUNTER = "num_batches_tracked"  # of a BatchNorm: counts training steps, and some files lack it


def renamed(weights: State, names: Mapping[str, str]) -> dict[str, Tensor]:
    """Weights under other names: each beginning in ``names`` that ends at a dot or at the end is replaced, the first that fits."""
    found = {}
    for key, tensor in weights.items():
        old = next((old for old in names if key == old or key.startswith(f"{old}.")), None)
        found[key if old is None else names[old] + key[len(old):]] = tensor
    return found


def filled(kind: str, make: Callable[[], Block], state: State, partial: bool) -> Block:
    """The block that ``make`` makes, in eval mode, with these weights: float64 where they are, else float32.

    Args:
        kind: for messages.
        make: makes the block, on the device that is set.
        state: weights by the block's own names; the block shares their memory where their type stays.
        partial: weights that are missing keep what the block was made with.

    Raises:
        ValueError: weights are missing, unknown or of another shape.
    """
    with torch.device("meta"):
        own = make().state_dict()
    floats = [tensor for tensor in state.values() if tensor.is_floating_point()]
    dtype = torch.float64 if any(tensor.dtype == torch.float64 for tensor in floats) else torch.float32
    device = floats[0].device if floats else torch.device("cpu")
    given = {key: tensor.detach().to(dtype) if tensor.is_floating_point() else tensor for key, tensor in state.items()}
    counters = {key: torch.zeros((), dtype=torch.long, device=device) for key in own if key.endswith(COUNTER)}
    _check(kind, own, counters | given, partial)
    lacking = own.keys() - (counters | given).keys()
    with torch.device(device if lacking else "meta"):
        block = make().to(dtype)
    block.load_state_dict(counters | given, strict=not lacking, assign=True)
    return block.eval().requires_grad_(False)


def _check(kind: str, own: State, given: State, partial: bool) -> None:
    unknown = sorted(given.keys() - own.keys())
    missing = sorted(own.keys() - given.keys())
    other = [f"{key} is {tuple(given[key].shape)} and not {tuple(own[key].shape)}"
             for key in own if key in given and given[key].shape != own[key].shape]
    said = [f"there are weights that it has not: {', '.join(unknown)}"] if unknown else []
    said += [f"weights are missing: {', '.join(missing)}"] if missing and not partial else []
    if said or other:
        raise ValueError(f"these are no weights of {kind} (under nlviz's names): {'; '.join([*said, *other])}")


def at(weights: State, kind: str, *names: str) -> tuple[str, Tensor]:
    """The first of some names that is there, with its tensor.

    Raises:
        ValueError: none is.
    """
    for name in names:
        if name in weights:
            return name, weights[name]
    raise ValueError(f"these are no weights of {kind}: {' or '.join(names)} is missing; there are "
                     f"{', '.join(sorted(weights)[:8]) or 'none'}")
