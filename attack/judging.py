"""What came of an attack: explained, harmless, or wrong."""

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

PATIENCE = float(os.environ.get("PATIENCE", 1))  # times as long as usual, where others use the machine too
LIMIT = 30 * PATIENCE  # seconds: whoever waits longer takes it for dead
LONGEST = 2000  # characters: an error may list what there is, but hands no megabyte back
INNER = re.compile(r'Traceback|File "|, line \d+|\b[A-Z]\w*(Error|Exception|Warning)\b|object at 0x|site-packages')


class Wrong(Exception):
    """What is wrong, in words."""


@dataclass(frozen=True)
class Answer:
    """``said``: what was told; ``shown``: whether what was asked for came."""

    said: str = ""
    shown: bool = False


@dataclass(frozen=True)
class Outcome:
    attack: str
    verdict: str  # explained, harmless or wrong
    why: str = ""
    seconds: float = 0.0


def attempt(attack: str, do: Callable[[], Answer], refused: bool = False) -> Outcome:
    """Do it and judge what came.

    Args:
        refused: whether nothing but a refusal is right: what is asked for is somebody else's.
    """
    started = time.monotonic()
    try:
        answer = do()
        verdict, why = "harmless" if answer.shown else "explained", what_is_wrong(answer, refused)
    except Wrong as error:
        verdict, why = "wrong", str(error)
    except httpx.TimeoutException:
        verdict, why = "wrong", f"hangs: no answer in {LIMIT:.0f} s"
    except httpx.HTTPError as error:
        verdict, why = "wrong", f"crash: the server is gone ({type(error).__name__})"
    return Outcome(attack, "wrong" if why else verdict, why, time.monotonic() - started)


def what_is_wrong(answer: Answer, refused: bool = False) -> str:
    """An answer is a result, or one sentence that says nothing of the program's inside; empty where it is that."""
    if answer.shown and refused:
        return "somebody else's data came"
    if not answer.said.strip():
        return "" if answer.shown else "nothing was said"
    said = answer.said.strip()
    if "\n" in said or "\r" in said:
        return f"said in several lines: {short(said)}"
    if len(said) > LONGEST:
        return f"said in {len(said)} characters: {short(said)}"
    if INNER.search(said):
        return f"tells of the program's inside: {short(said)}"
    return "" if len(said.split()) >= 3 else f"no sentence: {short(said)}"


def short(text: str, most: int = 160) -> str:
    text = " | ".join(text.splitlines())
    return text if len(text) <= most else f"{text[:most // 2]} ... {text[-most // 2:]}"
