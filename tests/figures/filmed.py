"""Clips of noise and networks of clips: what figures of clips are drawn of."""

from types import SimpleNamespace

import numpy as np
import torch
from PIL import Image
from torch import nn

from nlviz.analysis import analyse
from nlviz.blocks import BLOCKS
from nlviz.models import Model
from nlviz.pictures import Preprocess, clip_of
from nlviz.recipes import Recipe

SIZE = (96, 80)


def clip(count=8, size=SIZE, name="noise.mp4"):
    random = np.random.default_rng(0)
    return clip_of([Image.fromarray(random.integers(0, 256, (*size[::-1], 3), dtype=np.uint8)) for _ in range(count)], name)


class Cells(nn.Module):
    """Means of 16 x 16 pixels of ``frames`` frames, stretched: (1, 3, T, H, W) -> (1, 3, T/frames, H/16, W/16)."""

    def __init__(self, frames=1):
        super().__init__()
        self.frames = frames

    def forward(self, x):
        return 8 * nn.functional.avg_pool3d(x, (self.frames, 16, 16))


def look_at(seen, block="embedded_gaussian", frames=1, name="net", **options):
    """An analysis by a network that takes clips."""
    torch.manual_seed(0)
    made = BLOCKS[block](3, dimension=3, **options)
    for p in made.parameters():
        nn.init.normal_(p)
    model = Model(name, nn.Sequential(Cells(frames), made), Preprocess(clips=True), title="Non-local, embedded Gaussian", card={})
    return analyse(model, seen, max(seen.size))


def recipe_of(analyses, queries, layout="filmstrip", **changes) -> Recipe:
    seen = analyses[0].picture
    picture = {"name": seen.name, "sha256": seen.sha256, "start": 0, "frames": len(seen.frames), "stride": 1}
    networks = tuple({"name": a.model.name, "sha256": None} for a in analyses)
    return Recipe(picture, networks, tuple(queries), layout=layout, **changes)


def placed_on(place):
    """A map of which only the places are known, and how many keys it has."""
    cells = int(np.prod(place.grid))
    return SimpleNamespace(keys=place, queries=place, nl_map=SimpleNamespace(shape=(cells, cells)))
