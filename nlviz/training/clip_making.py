"""Clips made from msrc's photos and masks: a camera that moves, an object on its own way, and erased patches."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from .moving_pictures import Photo, View, cut_out, seen

GREY = 127  # what an erased pixel is: the backbone's 0
OBJECTS = 0.7  # share of clips with an object
ERASED = 0.5  # share of frames with an erased patch
PATCH = (0.5, 0.9)  # sides of a patch as shares of the frame's
TRIES = 20  # photos looked at for an object


@dataclass(frozen=True)
class MadeClip:
    """A clip whose truth is known.

    Attributes:
        frames: (T, height, width, 3) uint8.
        masks: (T, height, width) classes, void -1; under an erased patch, too.
        erased: (T, height, width) bool, what is grey in the frames; nothing in one frame at least, and something in one.
    """

    frames: np.ndarray
    masks: Tensor
    erased: Tensor


def make_clip(photos: Sequence[Photo], number: int, seed: Sequence[int], count: int = 8) -> MadeClip:
    """The photo of that number as a clip of ``count`` frames of its own size, another photo's object over it.

    The same photos, number and seed give the same clip.
    """
    random = np.random.default_rng([*seed, number])
    photo = photos[number]
    frames, masks = seen(photo, camera(photo.size, random, count), photo.size)
    if random.random() < OBJECTS:
        _put_an_object(frames, masks, photos, random)
    erased = patches(count, photo.size, random)
    frames = torch.where(erased[:, None], torch.tensor(float(GREY)), frames)
    return MadeClip(frames.round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy(), masks, erased)


def camera(size: tuple[int, int], random: np.random.Generator, count: int) -> list[View]:
    """From one view to another in even steps: a pan, a zoom and a turn of up to 8 degrees either way."""
    ends = np.array([[*(random.uniform(0.25, 0.75) * side for side in size), random.uniform(0.6, 0.85), random.uniform(-8, 8)]
                     for _ in range(2)])
    return [View(*(ends[0] + (ends[1] - ends[0]) * at)).inside(size, size) for at in np.linspace(0, 1, count)]


def _put_an_object(frames: Tensor, masks: Tensor, photos: Sequence[Photo], random: np.random.Generator) -> None:
    count, (height, width) = len(frames), masks.shape[1:]
    found = next(filter(None, (cut_out(photos[random.integers(len(photos))], random) for _ in range(TRIES))), None)
    tall = random.uniform(0.35, 0.7) * height
    ends = np.array([[random.uniform(0.1, 0.9) * width, random.uniform(0.3, 0.8) * height] for _ in range(2)])
    if found:
        found.over(frames, masks, [tuple(ends[0] + (ends[1] - ends[0]) * at) for at in np.linspace(0, 1, count)], tall)


def patches(count: int, size: tuple[int, int], random: np.random.Generator) -> Tensor:
    """(T, height, width) bool: a rectangle in some of the frames, each somewhere else."""
    chosen = random.random(count) < ERASED
    if chosen.all() or not chosen.any():
        chosen[random.integers(count)] ^= True
    erased = torch.zeros(count, size[1], size[0], dtype=torch.bool)
    for frame in chosen.nonzero()[0]:
        (left, right), (top, bottom) = (_span(side, random) for side in size)
        erased[frame, top:bottom, left:right] = True
    return erased


def _span(side: int, random: np.random.Generator) -> tuple[int, int]:
    length = round(random.uniform(*PATCH) * side)
    start = int(random.integers(side - length + 1))
    return start, start + length
