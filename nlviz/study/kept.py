"""What a study has measured, line by line in files that a kill, a full disk or an editor may have broken."""

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

KEPT = "measured.{}.jsonl"  # by the number of the process

Key = tuple  # the picture's sha256 and all else that a line depends on


def line_of(key: Key, line: dict) -> str:
    """A line of the file: with a checksum, so that what was changed since is not taken for a measurement."""
    return json.dumps([key, line, _sum(key, line)]) + "\n"


def _sum(key: Key, line: dict) -> str:
    return sha256(json.dumps([key, line]).encode()).hexdigest()[:16]


def read_kept(out: Path, say: Callable[[str], None]) -> dict[Key, dict]:
    """What was measured before. What broke, and what an earlier version kept, is named and counts as not measured."""
    found = {}
    for path in sorted(out.glob(KEPT.format("*"))):
        broken = 0
        for text in path.read_bytes().splitlines():
            try:
                key, line, checksum = json.loads(text)
                if checksum != _sum(key, line):
                    raise ValueError("it was changed")
                found[tuple(key)] = line
            except (ValueError, TypeError, RecursionError):  # whatever a broken line is read as
                broken += bool(text.strip())
        if broken:
            say(f"{path}: {broken} line{'s' if broken > 1 else ''} broken, cut short or of an earlier version; "
                "what they held is measured anew.")
    return found
