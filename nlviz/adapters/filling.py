"""A block is made without values of its own and filled with other people's weights."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ..blocks import Block

State = Mapping[str, Tensor]
COUNTER = "num_batches_tracked"  # of a BatchNorm: counts training steps, and some files lack it


class FileWeights(dict):
    """Weights of a part of a file by names of their own, which remember how the file calls them.

    Args:
        weights: by their names here.
        names: name here -> in the file.
        prefix: of the part in the file, with the dot, for names that it has not.
    """

    def __init__(self, weights: State, names: Mapping[str, str], prefix: str = ""):
        super().__init__(weights)
        self.names, self.prefix = names, prefix


def called(weights: State, name: str) -> str:
    """What a weight is called in its file, as far as that is known."""
    return weights.names.get(name, weights.prefix + name) if isinstance(weights, FileWeights) else name


def renamed(weights: State, names: Mapping[str, str]) -> FileWeights:
    """Weights under other names: each beginning in ``names`` that ends at a dot or at the end is replaced, the first that fits."""
    found, before = {}, {}
    for key, tensor in weights.items():
        old = next((old for old in names if key == old or key.startswith(f"{old}.")), None)
        new = key if old is None else names[old] + key[len(old):]
        found[new], before[new] = tensor, called(weights, key)
    return FileWeights(found, before, getattr(weights, "prefix", ""))


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
    _check(kind, own, counters | given, partial, state)
    lacking = own.keys() - (counters | given).keys()
    with torch.device(device if lacking else "meta"):
        block = make().to(dtype)
    block.load_state_dict(counters | given, strict=not lacking, assign=True)
    return block.eval().requires_grad_(False)


def _check(kind: str, own: State, given: State, partial: bool, state: State) -> None:
    unknown = sorted(called(state, key) for key in given.keys() - own.keys())
    missing = sorted(own.keys() - given.keys())
    other = [f"{called(state, key)} is {tuple(given[key].shape)} and not {tuple(own[key].shape)}"
             for key in own if key in given and given[key].shape != own[key].shape]
    said = [f"there are weights that it has not: {', '.join(unknown)}"] if unknown else []
    said += [f"weights are missing: {', '.join(missing)} (nlviz's names)"] if missing and not partial else []
    if said or other:
        raise ValueError(f"these are no weights of {kind}: {'; '.join([*said, *other])}")


def widths(weights: State, kind: str, *names: str) -> tuple[int, int]:
    """The channels that a convolution gives and takes, whose weight is the first of some names that is there.

    Raises:
        ValueError: none is there, or it is no convolution's.
    """
    name, tensor = at(weights, kind, *names)
    if tensor.dim() not in (3, 4, 5):
        raise ValueError(f"these are no weights of {kind}: {called(weights, name)} is {tuple(tensor.shape)}, no convolution's, "
                         "which has 3 to 5 axes: channels out, channels in, and its kernel")
    return tensor.shape[0], tensor.shape[1]


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
