"""What a figure cannot be made of is refused before anything is drawn."""

from collections.abc import Sequence

from ..analysis import Analysis
from .colours import PIN_COLOURS


def check_queries(queries: Sequence[tuple[float, float]], least: int = 1) -> None:
    """Raise ValueError where there are too few or too many queries, or one lies outside the picture."""
    if not least <= len(queries) <= len(PIN_COLOURS):
        raise ValueError(f"a figure takes {least} to {len(PIN_COLOURS)} queries, got {len(queries)}")
    for x, y in queries:
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f"a query is given by fractions of width and height, 0 to 1, got {x}, {y}")


def check_analyses(analyses: Sequence[Analysis]) -> None:
    """Raise ValueError where there is no map, or where the pictures differ."""
    if not any(a.maps for a in analyses):
        raise ValueError("a figure needs at least one analysis with a map in it")
    first = analyses[0].picture
    for other in (a.picture for a in analyses):
        if other is not first and other.sha256 != first.sha256:
            raise ValueError(f"all analyses must be of one picture, got {first.name} {first.size} and {other.name} {other.size}")
