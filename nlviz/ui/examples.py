"""The example photos, and where the visitor's eye goes first in each."""

from typing import NamedTuple

import gradio as gr

Point = tuple[float, float]  # fractions of width and height


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


def start_of(photo: str | None) -> dict:
    """What a scene is told of where to begin; of a photo that is no example nothing: it begins in the middle."""
    return {"start": BEGINNINGS[photo].query} if photo in BEGINNINGS else {}


def compared(photo: str) -> dict:
    """What the viewer is told when the page is opened for the first time."""
    return {"restore": {"query": BEGINNINGS[photo].query, "queries": BEGINNINGS[photo].pins}} if photo in BEGINNINGS else {}
