"""What a study has measured, line by line in files that a kill, a full disk or an editor may have broken."""

import json
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path

from ..files import read_regular
from ..measures import CLIP_NAMES, DEALT, NAMES
from ..pictures import MAX_FRAMES
from .summary import IDENTITY

KEPT = "measured.{}.jsonl"  # by the number of the process
LARGEST = 1e100  # of a number: sums of more would be no number

Key = tuple  # the picture's sha256 and all else that a line depends on


def line_of(key: Key, line: dict) -> str:
    """A line of the file: with a checksum, so that what was changed since is not taken for a measurement."""
    return json.dumps([key, line, _sum(key, line)]) + "\n"


def _sum(key: Key, line: dict) -> str:
    return sha256(json.dumps([key, line]).encode()).hexdigest()[:16]


def line_read(text: bytes | str) -> tuple[Key, dict] | None:
    """The key and the line of what ``line_of`` wrote; None where it is broken or was changed."""
    try:
        key, line, checksum = json.loads(text)
        return (tuple(key), line) if checksum == _sum(key, line) else None
    except (ValueError, TypeError, RecursionError):
        return None


def read_kept(out: Path, say: Callable[[str], None]) -> dict[Key, dict]:
    """What was measured before. What broke, and what an earlier version kept, is named and counts as not measured.

    Raises:
        OSError: a file of that name is no regular one, or cannot be read.
    """
    found = {}
    for path in sorted(out.glob(KEPT.format("*"))):
        broken = 0
        for text in _read(path).splitlines():
            try:
                key, line, checksum = json.loads(text)
                if checksum != _sum(key, line) or not _is_line(line, key[-1:] == [True]):
                    raise ValueError("it was changed, or written by something else")
                found[tuple(key)] = line
            except (ValueError, TypeError, RecursionError):  # whatever a broken line is read as
                broken += bool(text.strip())
        if broken:
            say(f"{path}: {broken} line{'s' if broken > 1 else ''} broken, cut short or of an earlier version; "
                "what they held is measured anew.")
    return found


def _read(path: Path) -> bytes:
    try:
        return read_regular(path)
    except OSError as error:
        why = f"what was measured before cannot be read: {error.strerror}. Move it away, then run the study again"
        raise OSError(error.errno, why, str(path)) from None


def _is_line(line: object, terms: bool) -> bool:
    """As ``measure_file`` makes them, with or without terms: the report takes its numbers as they are."""
    if not isinstance(line, dict) or len(line) != 1:
        return False
    (kind, found), = line.items()
    if kind == "maps":
        return isinstance(found, list) and len(found) > 0 and all(_is_map(one) and ("terms" in one) == terms for one in found)
    return kind in ("broken", "failed") and isinstance(found, str)


def _is_map(found: object) -> bool:
    if not isinstance(found, dict) or not all(_is_word(found.get(name)) for name in IDENTITY):
        return False
    tables = [found.get("values"), found.get("shuffled"), found.get("fresh"), found.get("terms", {}),
              found.get("dealt"), found.get("reach")]
    if not all(isinstance(table, dict) and _are_numbers(table.values()) for table in tables):
        return False
    values, shuffled, reasons = found["values"], found["shuffled"], found.get("reasons")
    explained = isinstance(reasons, dict) and all(isinstance(why, str) for why in reasons.values())
    optional = ["entropy_share"] + ["added_share"] * ("cosine_input" not in values)
    shares = [0 if name in optional and found.get(name, "") is None else found.get(name)
              for name in ("added_share", "entropy_share")]
    if not _is_place(found) or not _is_apart(found):
        return False
    return explained and _are_numbers(shares) and all(name in (shuffled if name in values else reasons) for name in NAMES)


def _is_place(found: dict) -> bool:
    """Of layers x heads where it stands, how far it reaches, and of how many frames it is."""
    numbers, away = [found.get(name) for name in ("layer_number", "head")], found.get("attention_distance_cells")
    counted = all(number is None or (type(number) is int and 1 <= number <= 10**6) for number in numbers)
    frames = found.get("frames")
    known = type(found.get("by_frame")) is bool and type(frames) is int and 1 <= frames <= MAX_FRAMES
    return counted and known and (away is None or _are_numbers([away]))


def _is_apart(found: dict) -> bool:
    """Of a clip, where rows have a divergence, what is the place and what the frame."""
    there = [all(name in found[kind] for name in names)
             for kind, names in (("values", CLIP_NAMES), ("shuffled", CLIP_NAMES[:2]), ("dealt", DEALT))]
    return all(there) or not any(name in found[kind] for kind in ("values", "shuffled", "dealt") for name in CLIP_NAMES)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and (value == "" or value.isprintable())


def _are_numbers(values: Iterable[object]) -> bool:
    """NaN is none."""
    return all(type(value) in (int, float) and -LARGEST < value < LARGEST for value in values)
