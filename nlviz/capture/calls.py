"""What a call of an operation was given."""

from collections.abc import Callable

from torch import Tensor

from .marks import Tag


def name_of(func: Callable) -> str:
    name = getattr(func, "__name__", "")
    return getattr(getattr(func, "__self__", None), "__name__", name) if name == "__get__" else name


def tensors_of(values: tuple) -> list[Tensor]:
    found = []
    for value in values:
        if isinstance(value, Tensor):
            found.append(value)
        elif isinstance(value, (tuple, list)):
            found += [part for part in value if isinstance(part, Tensor)]
    return found


def named(tags: list[Tag]) -> str:
    return next((tag.name for tag in tags if tag.name), "")


def fits(tensor: Tensor, out: Tensor) -> bool:
    """Whether it may have been broadcast to the output's shape."""
    return 0 < tensor.dim() <= out.dim() and all(a in (1, b) for a, b in zip(tensor.shape[::-1], out.shape[::-1]))


def drops(args: tuple, kwargs: dict) -> bool:
    p = args[1] if len(args) > 1 else kwargs.get("p", 0.5)
    training = args[2] if len(args) > 2 else kwargs.get("training", True)
    return bool(training) and p > 0
