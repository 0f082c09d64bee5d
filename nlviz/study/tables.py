"""Tables and texts of a report."""

import shlex
from collections.abc import Callable
from pathlib import Path

from ..numbers import number, percent
from .choosing import Frames

SMALLEST = 1e-9  # below it a mean over pairs is rounding


def open_command(row: dict, folder: Path, summary: dict) -> str:
    """The command that opens the page on the picture, or on the frames of the clip, where the row's value was highest."""
    size = [] if summary["resolution"] == 448 else ["--resolution", str(summary["resolution"])]
    if row["clips"]:
        size += clip_options(Frames(**summary["frames"]))
    return shlex.join(["python", "-m", "nlviz", "open", str(folder / row["highest"]["picture"]), "--model", row["model"], *size])


def clip_options(frames: Frames) -> list[str]:
    """Of the command line, where frames are counted from 1."""
    usual = Frames()
    options = {"--start": frames.start + 1} if frames.start != usual.start else {}
    options |= {"--frames": frames.count} if frames.count != usual.count else {}
    options |= {"--stride": frames.stride} if frames.stride != usual.stride else {}
    return [word for option in options.items() for word in map(str, option)]


def table(rows: list, columns: dict[str, Callable[..., str]]) -> str:
    """Markdown: a line for each row, in each column what its function says of the row."""
    lines = [list(columns), ["---"] * len(columns), *([cell(row) for cell in columns.values()] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def score(row: dict) -> str:
    """The network's, and without the block."""
    if row["score"] is None:
        return "n/a"
    without = row["score_without_block"]
    return f"{100 * row['score']:.1f} %" + ("" if without is None else f" ({100 * without:.1f} %)")


def with_interval(name: str) -> Callable[[dict], str]:
    """A column: the mean of a measure with its interval."""

    def cell(row: dict) -> str:
        found = row["measures"][name]
        if "mean" not in found:
            return "n/a"
        mean = distance_text(found["mean"])
        return mean if between(found) == f"{mean}, {mean}" else f"{mean} [{between(found)}]"

    return cell


def between(found: dict) -> str:
    """An interval in words."""
    return f"{distance_text(found['low'])}, {distance_text(found['high'])}"


def baseline_of(name: str, baseline: str) -> Callable[[dict], str]:
    """A column: what a measure's baseline is."""
    return lambda row: or_not(row["measures"][name].get(baseline))


def share_of(row: dict, of: float) -> str:
    """The divergence as a share."""
    jsd = row["measures"]["jsd_att_nats"]
    return percent(jsd["mean"] / of) if "mean" in jsd else "n/a"


def distance_text(value: float) -> str:
    """Three decimals, so that a column can be compared; more of what would be 0.000."""
    return f"{value:.3f}" if value >= 0.0005 else number(value) if value > SMALLEST else "0"


def or_not(value: float | None, words: Callable[[float], str] = distance_text) -> str:
    """In words, or "n/a"."""
    return "n/a" if value is None else words(value)
