"""Weights: out of a file, into a network, and what did not fit by its name."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from ..files import printable
from .errors import CheckpointError
from .reading import AGAIN, PREFIXES, read_weights

MOST_NAMED = 3  # tensors, in a phrase


def digest(net: nn.Module, also: str = "") -> str:
    """The sha256 of a network's weights and statistics, with their names, types and shapes, and of what else it depends on."""
    found = sha256(also.encode())
    for name, weights in net.state_dict().items():
        if isinstance(weights, Tensor) and not is_lazy(weights):  # what has no shape yet has no numbers
            found.update(f"{name} {weights.dtype} {tuple(weights.shape)} ".encode())
            found.update(weights.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return found.hexdigest()


def fit(net: nn.Module, path: Path) -> tuple[str, list[str], int]:
    """Load what fits of a file into a network.

    Returns:
        where the weights come from, in a phrase; what did not fit, each in a sentence; and how many tensors are random.

    Raises:
        CheckpointError: nothing fits, or what fits holds what is no number; see also :func:`read_weights`.
    """
    whole, came = net.state_dict(), read_weights(path)
    own = {name: weights for name, weights in whole.items() if isinstance(weights, Tensor) and not is_lazy(weights)}
    came = {_own_name(name, own): weights for name, weights in came.items()}
    fitting = {name: came[name] for name in own if name in came and came[name].shape == own[name].shape}
    if not any(own[name].is_floating_point() for name in fitting):
        raise CheckpointError(f"nothing in {printable(path.name)} fits this network: expected tensors such as "
                              f"{some(list(own))}; it holds {some(list(came))}")
    check_numbers(fitting, own, printable(path.name), AGAIN)
    net.load_state_dict(whole | fitting)
    return _said(own, came, fitting, printable(path.name))


def _own_name(name: str, own: Mapping[str, Tensor]) -> str:
    """The name without what wraps a network, unless it is so called there."""
    while name not in own and (prefix := next(filter(name.startswith, PREFIXES), None)):
        name = name.removeprefix(prefix)
    return name


def _said(own: Mapping[str, Tensor], came: Mapping[str, Tensor], fitting: Mapping[str, Tensor],
          file: str) -> tuple[str, list[str], int]:
    needed = [name for name, weights in own.items() if weights.is_floating_point()]  # counters are no weights
    random = [name for name in needed if name not in fitting]
    missing, misshapen = ([name for name in random if (name in came) == there] for there in (False, True))
    left = [name for name in came if name not in own]
    shapes = ", ".join(f"{name} {tuple(came[name].shape)} instead of {tuple(own[name].shape)}" for name in misshapen)
    notes = [sentence for names, sentence in (
        (missing, f"{file} lacks {len(missing)} of {len(needed)} tensors, which are random: {', '.join(missing)}"),
        (misshapen, f"{file} has {len(misshapen)} of another shape, which are random: {shapes}"),
        (left, f"{file} has {len(left)} that this network has not: {printable(', '.join(left))}")) if names]
    return f"weights of {file}" + (f", {random_words(random, len(needed))}" if random else ""), notes, len(random)


def random_words(random: list[str], total: int) -> str:
    """How many tensors are random, and the first of them."""
    return f"{len(random)} of {total} tensors random: {some(random)}"


def some(names: list[str]) -> str:
    """The first of them."""
    return printable(", ".join(names[:MOST_NAMED])) + (", ..." if len(names) > MOST_NAMED else "")


def check_numbers(state: Mapping[str, Tensor], expected: Mapping[str, Tensor], filename: str, advice: str) -> None:
    """Floating-point weights may be of any precision and become that of the network; integers in their place are no weights.

    Raises:
        CheckpointError: there are such integers, or what is NaN or infinite; it ends with the advice.
    """
    for name, weights in state.items():
        if weights.is_floating_point() != expected[name].is_floating_point():
            raise CheckpointError(f"{filename}: {name} is {str(weights.dtype).removeprefix('torch.')}, "
                                  f"expected {str(expected[name].dtype).removeprefix('torch.')}. {advice}")
        if not weights.sum(dtype=torch.float64 if weights.is_floating_point() else None).isfinite():  # in one pass
            wrong = (~weights.float().isfinite()).sum().item()
            raise CheckpointError(f"{filename}: {wrong} of {weights.numel()} numbers in {name} are not finite (NaN or infinite). "
                                  f"{advice}")
