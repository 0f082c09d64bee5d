"""What a figure cannot be made of is refused before anything is drawn."""

from collections.abc import Sequence

from ..analysis import Analysis
from ..pictures import Clip, Picture
from .colours import PIN_COLOURS


def check_queries(queries: Sequence[tuple[float, ...]], least: int = 1) -> None:
    """Raise ValueError where there are too few or too many queries, or one lies outside the picture."""
    if not least <= len(queries) <= len(PIN_COLOURS):
        raise ValueError(f"a figure takes {least} to {len(PIN_COLOURS)} queries, got {len(queries)}")
    for x, y, *_ in queries:
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f"a query is given by fractions of width and height, 0 to 1, got {x}, {y}")


def check_analyses(analyses: Sequence[Analysis], queries: Sequence[tuple[float, ...]] = ()) -> None:
    """Raise ValueError where there is no map, where the pictures differ, or a query is not one of this picture."""
    if not any(a.maps for a in analyses):
        raise ValueError("a figure needs at least one analysis with a map in it")
    first = analyses[0].picture
    for other in (a.picture for a in analyses):
        if other is not first and other.sha256 != first.sha256:
            raise ValueError(f"all analyses must be of one picture, got {first.name} {first.size} and {other.name} {other.size}")
    check_frames(first, queries)


def check_frames(picture: Picture, queries: Sequence[tuple[float, ...]]) -> None:
    """Raise ValueError where a query of a clip has no frame of it, or one of a picture has a frame."""
    clip = isinstance(picture, Clip)
    for query in queries:
        if len(query) != 2 + clip:
            what = "a clip, a query of which is (x, y, frame)" if clip else "a picture, a query of which is (x, y)"
            raise ValueError(f"{picture.name} is {what}, got ({', '.join(f'{one:g}' for one in query)})")
        if clip and not (query[2] == int(query[2]) and 0 <= query[2] < len(picture.frames)):
            raise ValueError(f"this clip has frames 1 to {len(picture.frames)}, a query is in frame {query[2] + 1:g}")
