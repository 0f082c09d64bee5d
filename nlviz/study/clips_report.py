"""Clips in a report: what depends on the place in the frame, what on the frame, and how far attention reaches in time."""

from collections.abc import Callable, Sequence

from ..measures import CLIP_NAMES, REACH
from ..numbers import number, percent
from .tables import baseline_of, or_not, table, with_interval

PLACE, FRAME, TELLS_PLACE, TELLS_FRAME = CLIP_NAMES
DISTANCES = {REACH[0]: "within the frame, cells", REACH[1]: "in time, frames"}
SHARES = {REACH[2]: "same frame", REACH[3]: "past", REACH[4]: "future"}

INTRODUCTION = """
## Clips: the place in the frame, or the frame?

Of each clip {frames}.
The numbers above go over all pairs of space-time positions of a clip; here they are apart. "Within a frame": the mean
divergence between queries of one frame. "Between frames": between the frames' mean rows, over all pairs of frames. Both go
from 0 to ln 2, and do not add up. What does is information: "the frame's share" is how much of what a key tells of its query is
the query's frame, the rest is its place in the frame. Shuffled: the keys of each row (or mean row) shuffled by themselves;
dealt: the queries of each place dealt to the frames at random, so that the frame means nothing. A network that sees one frame at
a time has no key in common between frames, by its design: there only "within a frame" says something.

"""
REACHING = """
How far attention reaches, and in brackets where all weights are equal: the mean distance between a query and its keys within the
frame and in time, and the shares of a row that go to its own frame, to those before and to those after.

"""


def about_clips(rows: Sequence[dict], frames: str, label: Callable[[dict], str]) -> list[str]:
    """Two tables of the maps of clips, or nothing.

    Args:
        rows: of the summary.
        frames: which frames of every clip, in words.
        label: a map in words.
    """
    apart, reaching = [row for row in rows if PLACE in row["measures"]], [row for row in rows if row["reach"]]
    found = [INTRODUCTION.format(frames=frames), table(apart, {
        "network": label, "within a frame": with_interval(PLACE), "within: shuffled": baseline_of(PLACE, "shuffled"),
        "between frames": with_interval(FRAME), "between: shuffled": baseline_of(FRAME, "shuffled"),
        "between: dealt": baseline_of(FRAME, "dealt"), "the frame's share": lambda row: frame_share(row, "mean"),
        "its share: dealt": lambda row: frame_share(row, "dealt")})] if apart else []
    return found + ([REACHING, table(reaching, {
        "network": label, **{words: _reached(name, number) for name, words in DISTANCES.items()},
        **{words: _reached(name, percent) for name, words in SHARES.items()}})] if reaching else [])


def frame_share(row: dict, kind: str) -> str:
    """How much of what a key tells of its query is the frame."""
    place, frame = (row["measures"][name][kind] for name in (TELLS_PLACE, TELLS_FRAME))
    return percent(frame / (place + frame)) if place + frame > 0 else "n/a"


def _reached(name: str, words: Callable[[float], str]) -> Callable[[dict], str]:
    def cell(row: dict) -> str:
        found = row["reach"].get(name)
        return f"{words(found['mean'])} ({or_not(found['flat'], words)})" if found else "n/a"

    return cell
