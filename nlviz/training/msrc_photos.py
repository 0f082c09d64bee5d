"""msrc's photos with their masks as numbers: what clips are made of."""

from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from .labels import read_mask
from .moving_pictures import Photo

TRAIN, TEST = 0, 1  # what tells the random numbers of the splits apart
SPLITS = ("train", "test")


def _names(folder: Path, split: str) -> list[str]:
    return (folder / f"{split}.txt").read_text().split()


def digest_of(folder: Path, split: str) -> str:
    """Of all photos and masks of a split: any of them may give an object."""
    files = [folder / f"{name}.{kind}" for name in _names(folder, split) for kind in ("jpg", "png")]
    return sha256(b"".join(sha256(file.read_bytes()).digest() for file in files)).hexdigest()[:12]


@cache
def photos_of(folder: Path, split: str, smaller: int = 1) -> tuple[Photo, ...]:
    """The photos of a split of msrc, their sides divided by ``smaller``."""
    found = []
    for name in _names(folder, split):
        with Image.open(folder / f"{name}.jpg") as image:
            pixels = torch.from_numpy(np.array(image.convert("RGB"))).permute(2, 0, 1).float()
        mask = read_mask("msrc", folder / f"{name}.png")
        size = tuple(side // smaller for side in mask.shape)
        found.append(Photo(F.interpolate(pixels[None], size, mode="area")[0],
                           F.interpolate(mask[None, None].float(), size, mode="nearest-exact")[0, 0].long()))
    return tuple(found)
