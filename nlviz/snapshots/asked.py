"""Whole numbers as they are asked of whoever keeps snapshots; those of NumPy and torch are taken too."""

import operator


def every_of(value) -> int:
    """The steps from one snapshot to the next.

    Raises:
        ValueError: no whole number, or one below 1.
    """
    every = _whole(value)
    if every is None:
        raise ValueError(f"every must be a whole number from 1 on, got {value!r}")
    if every < 1:
        raise ValueError(f"every must be at least 1 step, got {value}")
    return every


def step_of(value) -> int:
    """The number of a step.

    Raises:
        ValueError: no whole number, or one below 0.
    """
    step = _whole(value)
    if step is None or step < 0:
        raise ValueError(f"a step must be a whole number from 0 on, got {value!r}")
    return step


def _whole(value) -> int | None:
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None
