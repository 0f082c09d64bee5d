"""What the pictures of the data sets show: classes of photos, and masks."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from ..models import CLASSES
from ..pictures import Preprocess

MASKS = ("msrc", "camvid")


def read_mask(data: str, path: Path) -> Tensor:
    """The classes (rows, columns) of a mask's pixels, void -1.

    In msrc's files a pixel is 1 + class, 0 is void; in camvid's it is a class, and what is beyond them void.

    Raises:
        OSError: there is no such file, or it is no picture.
    """
    mask = torch.from_numpy(np.array(Image.open(path)).astype(np.int64))
    return mask - 1 if data == "msrc" else mask.where(mask < len(CLASSES[data]), -1)


def label_of(data: str | None, path: Path) -> int | Tensor | None:
    """What a photo of a data set shows: of caltech101 the number of its class, which its folder names; the mask beside it.

    None where nobody says: another data set, no mask, or a folder that names no class.
    """
    if data == "caltech101" and path.parent.name in CLASSES[data]:
        return CLASSES[data].index(path.parent.name)
    mask = path.with_suffix(".png")
    return read_mask(data, mask) if data in MASKS and mask != path and mask.is_file() else None


def classes_at(output: Tensor, size: tuple[int, int], preprocess: Preprocess, resolution: int) -> Tensor:
    """Predicted classes (rows, columns) at a mask's own size, padding cut off, of logits (1, classes, h, w)."""
    frame = preprocess.frame(size[::-1], resolution)
    if preprocess.fixed:
        left, top, right, bottom = frame.content
        output = F.interpolate(output, frame.size[::-1], mode="bilinear", align_corners=False)[..., top:bottom, left:right]
    return F.interpolate(output, size, mode="bilinear", align_corners=False)[0].argmax(0)
