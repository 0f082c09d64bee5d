"""How a row's weight is spread over a clip's frames: what each gets, and the same frame, those before and those after it."""

from collections.abc import Sequence

from ..numbers import percent
from .looks import Look
from .style import Style


def frame_shares(look: Look, style: Style) -> list[float] | None:
    """What each frame gets of the weight, a cell that lies on several being divided evenly; named tokens have the rest.

    Of differences from the mean row what it gets more. None where there is no such share: of values below zero, and of gates.
    """
    by_time = _by_time(look, style)
    if by_time is None:
        return None
    found = [0.0] * look.shown_on.frames
    for t, weight in enumerate(by_time):
        frames = look.shown_on.frames_of(t)
        for frame in frames:
            found[frame] += weight / len(frames)
    return found


def time_shares(look: Look, style: Style) -> tuple[float, float, float] | None:
    """What the keys before the frames of the asking cell, those that share a frame with it, and those after them get."""
    by_time = None if look.asked is None else _by_time(look, style)
    if by_time is None or not look.frames:
        return None
    found = [0.0, 0.0, 0.0]
    for t, weight in enumerate(by_time):
        frames = look.shown_on.frames_of(t)
        if frames:
            found[0 if frames[-1] < look.frames[0] else 2 if frames[0] > look.frames[-1] else 1] += weight
    return tuple(found)


def _by_time(look: Look, style: Style) -> list[float] | None:
    """Of each layer of cells, the whole row being 1."""
    nl_map = look.column.placed.nl_map
    if look.values is None or look.column.alike or nl_map.relates == "gate":
        return None
    if style.centred:
        return look.values.sum((1, 2)).tolist() if look.column.whole.nl_map.rows == "distribution" else None
    if look.values.min() < 0 or not look.whole > 0:
        return None
    return (look.values.sum((1, 2)) / look.whole).tolist()


def share_text(share: float, style: Style) -> str:
    """12 %; of differences with its sign."""
    if not style.centred:
        return percent(share)
    return f"+{percent(share)}" if share > 0 else f"−{percent(-share)}" if share < 0 else percent(share)


def time_words(shares: Sequence[float] | None, style: Style) -> str:
    """past 20 %, same frame 31 %, future 49 %"""
    if shares is None:
        return ""
    past, same, future = (share_text(share, style) for share in shares)
    return f"past {past}, same frame {same}, future {future}"
