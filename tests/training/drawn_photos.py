"""Photos with masks for tests, drawn: a cow or a car on grass under the sky."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from nlviz.training.moving_pictures import Photo

COW, CAR, GRASS, SKY = 3, 11, 1, 6  # numbers of CLASSES
COLOURS = {COW: (120, 70, 30), CAR: (220, 20, 20), GRASS: (40, 160, 50), SKY: (90, 140, 230)}


def drawn_mask(number: int, size: tuple[int, int] = (96, 64)) -> np.ndarray:
    """Classes (rows, columns)."""
    mask = np.full(size[::-1], GRASS)
    mask[:size[1] // 3] = SKY
    mask[20:44, 10 + 5 * number:40 + 5 * number] = CAR if number % 2 else COW
    return mask


def drawn_photos(count: int = 4) -> list[Photo]:
    """Photos in which every pixel's colour tells its class: ten times the class in each channel."""
    masks = [torch.from_numpy(drawn_mask(number)) for number in range(count)]
    return [Photo(10.0 * mask.expand(3, -1, -1), mask) for mask in masks]


def write_msrc(folder: Path) -> Path:
    """Four photos with masks in msrc's layout, three of them to train."""
    (folder / "msrc").mkdir()
    random = np.random.default_rng(0)
    for number in range(4):
        mask = drawn_mask(number)
        pixels = np.array([[COLOURS[int(c)] for c in row] for row in mask]) + random.integers(-20, 20, (*mask.shape, 3))
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(folder / "msrc" / f"{number}.jpg")
        Image.fromarray((mask + 1).astype(np.uint8)).save(folder / "msrc" / f"{number}.png")
    (folder / "msrc" / "train.txt").write_text("0\n1\n2\n")
    (folder / "msrc" / "test.txt").write_text("3\n")
    return folder
