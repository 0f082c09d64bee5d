"""The example photos and clips, and where the visitor's eye goes first in each."""

import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import gradio as gr
from gradio.utils import get_upload_folder

from ..pictures import Chosen, Clip, moving_object_clip, open_clip, pan_clip, still

Point = tuple[float, ...]  # fractions of width and height, and of a clip the frame


class Beginning(NamedTuple):
    """Chosen by looking at the networks of the first presets.

    Attributes:
        query: to start from.
        pins: compared with it when the page is opened for the first time.
    """

    query: Point
    pins: tuple[Point, Point]


BEGINNINGS = {gr.get_image(name): beginning for name, beginning in {
    "lion.jpg": Beginning((0.47, 0.33), ((0.15, 0.1), (0.5, 0.9))),  # the face; behind the lion, the rock
    "cheetah.jpg": Beginning((0.31, 0.5), ((0.7, 0.45), (0.2, 0.15))),  # the tail; the head, the grass
    "tower.jpg": Beginning((0.45, 0.5), ((0.15, 0.3), (0.5, 0.85))),  # the tower; the sky, the arch
    "bus.png": Beginning((0.4, 0.65), ((0.3, 0.3), (0.05, 0.05))),  # the front; the roof, beside the bus
}.items()}
EXAMPLES = list(BEGINNINGS)


def _pan(clip: Chosen) -> Clip:
    return pan_clip(gr.get_image("cheetah.jpg"), clip)


def _moving(clip: Chosen) -> Clip:
    return moving_object_clip(gr.get_image("tower.jpg"), gr.get_image("lion.jpg"), chosen=clip)


EARTH = gr.get_video("world.mp4")
MADE = {"cheetah, a pan": _pan, "lion over tower": _moving}  # clips that no file holds, by what stands for their path
CLIPS = [EARTH, *MADE]
STARTS = {EARTH: (0.45, 0.4, 0), "cheetah, a pan": (0.46, 0.5, 0), "lion over tower": (0.25, 0.73, 0)}  # the lion, where it starts
OFFERED = [*EXAMPLES, *CLIPS]
WHOLE = Chosen(0, 16)  # of those that are made
THUMBNAIL = 120  # pixels


@cache
def thumbnails() -> list[str]:
    """A picture of each that is offered, as a file; of a clip one of its frames with a sign of playing."""
    folder, found = Path(tempfile.mkdtemp(prefix="examples_", dir=get_upload_folder())), list(EXAMPLES)
    for number, path in enumerate(CLIPS, 1):
        clip = MADE[path](WHOLE) if path in MADE else open_clip(path, chosen=Chosen(0, 4, 60))
        file = folder / f"clip_{number}.png"
        still(clip, THUMBNAIL).save(file)
        found.append(str(file))
    return found


def start_of(photo: str | None) -> dict:
    """What a scene is told of where to begin; of a photo that is no example nothing: it begins in the middle."""
    found = STARTS.get(photo) or (BEGINNINGS[photo].query if photo in BEGINNINGS else None)
    return {"start": found} if found else {}


def compared(photo: str) -> dict:
    """What the viewer is told when the page is opened for the first time."""
    return {"restore": {"query": BEGINNINGS[photo].query, "queries": BEGINNINGS[photo].pins}} if photo in BEGINNINGS else {}
