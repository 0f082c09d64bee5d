"""What figures say of a clip, and of what a network was given of it."""

from collections.abc import Sequence

from ..analysis import Analysis
from ..pictures import Clip, Picture, frames_words
from .lines import NBSP


def is_clip(analysis: Analysis) -> bool:
    return isinstance(analysis.picture, Clip)


def name_words(picture: Picture) -> str:
    """The picture's name; of a clip also which frames of the video they are."""
    return f"{picture.name}, {frames_words(picture)}" if isinstance(picture, Clip) else picture.name


def input_words(analysis: Analysis, brief: bool = False) -> str:
    """What the network was given; of a clip also whether it sees all frames at once."""
    size, frames = f"{grid_words(analysis.frame.size)} px", analysis.frame.frames
    if frames == 1:
        return f"input {size}"
    alone = ", one at a time: rows end at the edge of their query's frame" if by_frame(analysis) and not brief else ""
    return f"input {frames} frames of {size}{alone}"


def by_frame(analysis: Analysis) -> bool:
    """Whether a network of pictures saw the frames of a clip one after the other."""
    return analysis.frame.frames > 1 and not analysis.model.clips


def clip_words(clip: Clip, queries: Sequence[tuple[float, ...]]) -> str:
    """Which clip it is, and where the queries are in it."""
    places = ", ".join(f"{index}{NBSP}({x:.3g},{NBSP}{y:.3g},{NBSP}frame{NBSP}{frame + 1})"
                       for index, (x, y, frame) in enumerate(queries, 1))
    dots = f"; dots at fractions of width and height: {places}" if queries else ""
    return (f"Clip: {name_words(clip)}, {clip.size[0]} × {clip.size[1]} px (sizes are width × height, "
            f"grids frames × rows × columns){dots}.")


def grid_words(grid: tuple[int, ...]) -> str:
    """28 × 28."""
    return " × ".join(map(str, grid))
