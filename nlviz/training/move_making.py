"""Clips in which an object moves one of eight ways over a background that moves on its own."""

from collections.abc import Sequence
from math import cos, pi, sin, tau

import numpy as np
import torch
from torch import Tensor

from .moving_pictures import CutOut, Photo, View, cut_out, seen

SIDE, COUNT = 64, 16  # pixels of a square frame, frames
TURNS = (pi, 0.0, -pi / 2, pi / 2)  # of left, right, up and down
SPEEDS = ((0.5, 1.0), (2.0, 3.0))  # pixels a frame: slowly, fast
ASTRAY = pi / 12  # an object's way is at most so far from straight
BACKGROUND = 1.5  # pixels a frame at most, in any direction
STEP = (1.0, 1.4)  # pixels of the photo for one of the frame
HEIGHT = (20, 32)  # of the object, in pixels


def objects_of(photos: Sequence[Photo]) -> list[CutOut]:
    """An object of each photo that has one, always the same.

    Raises:
        ValueError: none has.
    """
    found = [cut for cut in (cut_out(photo, np.random.default_rng(0)) for photo in photos) if cut]
    if not found:
        raise ValueError("no object can be cut out of these photos: expected masks with one that takes 4 to 50 % of its photo")
    return found


def make_move(photos: Sequence[Photo], objects: Sequence[CutOut], label: int, random: np.random.Generator) -> Tensor:
    """A clip (3, 16, 64, 64), whole numbers 0 to 255, whose object moves as class ``label`` of CLASSES["moves"] says.

    Where an object is in the middle of the clip, and how the background moves, says nothing of the label.
    """
    background = photos[random.integers(len(photos))]
    step, turn, speed = random.uniform(*STEP), random.uniform(0, tau), random.uniform(0, BACKGROUND)
    middle = [random.uniform(0.3, 0.7) * side for side in background.size]
    views = [View(middle[0] + cos(turn) * speed * step * at, middle[1] + sin(turn) * speed * step * at, step)
             .inside(background.size, (SIDE, SIDE)) for at in times()]
    frames, masks = seen(background, views, (SIDE, SIDE))
    objects[random.integers(len(objects))].over(frames, masks, path(label, random), random.uniform(*HEIGHT))
    return frames.round().transpose(0, 1).contiguous()


def backwards(label: np.ndarray | int) -> np.ndarray | int:
    """The class of a clip whose frames are shown in reverse: left for right, up for down."""
    return label ^ 2


def times() -> list[float]:
    """Of the frames, the middle of the clip at 0."""
    return [at - (COUNT - 1) / 2 for at in range(COUNT)]


def path(label: int, random: np.random.Generator) -> list[tuple[float, float]]:
    """Where the middle of the object is in each frame, (x, y) in pixels."""
    turn = TURNS[label // 2] + random.uniform(-ASTRAY, ASTRAY)
    speed = random.uniform(*SPEEDS[label % 2])
    x, y = (SIDE / 2 + random.uniform(-10, 10) for _ in range(2))
    return [(x + cos(turn) * speed * at, y + sin(turn) * speed * at) for at in times()]


def as_input(clips: Tensor, mean: float, std: float) -> Tensor:
    """Pixels 0 to 255 as a network's input, as Preprocess makes it."""
    return (clips - torch.tensor(mean)) / torch.tensor(std)
