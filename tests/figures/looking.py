"""Analyses of a drawn picture by networks of a block or two: what figures are drawn of."""

import numpy as np
import torch
from PIL import Image
from torch import nn

from nlviz.analysis import analyse
from nlviz.blocks import BLOCKS
from nlviz.models import Model
from nlviz.pictures import Picture, Preprocess

CARD = {"data": "msrc", "metric": "pixel accuracy", "score": 0.891}
NON_LOCAL = ("gaussian", "embedded_gaussian", "dot_product", "concatenation")
OPTIONS = {"rga_spatial": {"grid": (5, 6), "ratio": 1}, "rga_channel": {"grid": (5, 6), "ratio": 1},
           "pyramid_oc": {"sizes": (1, 2)}, "base_oc": {"scale": 2}}
OPAQUE = {"opacity": 1.0, "veil": "even"}  # every value has its colour and nothing of the photo
LINEAR = OPAQUE | {"scale": "shared"}
EIGHT = [(0.02, 0.03), (0.5, 0.5), (0.98, 0.97), (0.3, 0.6), (0.7, 0.2), (0.1, 0.9), (0.6, 0.8), (0.4, 0.1)]


def picture(width=96, height=80) -> Picture:
    noise = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Picture(Image.fromarray(noise), "noise.png")


class Cells(nn.Module):
    """Means of 16 x 16 pixels, stretched so that maps are neither flat nor one-hot: (B, 3, H, W) -> (B, 3, H/16, W/16)."""

    def forward(self, x):
        return 8 * nn.functional.avg_pool2d(x, 16)


def network(*blocks: nn.Module, title="Non-local, embedded Gaussian", card=CARD, fixed=None, std=1.0) -> Model:
    torch.manual_seed(0)
    for block in blocks:
        for p in block.parameters():
            nn.init.normal_(p, std=std)
    return Model("net", nn.Sequential(Cells(), *blocks), Preprocess(fixed=fixed), title=title, card=card)


def look_at(*names, seen=None, resolution=96, fixed=None, std=1.0, **options):
    """An analysis by a network with these blocks in a row; non-local ones take the options."""
    blocks = [BLOCKS[n](3, **(options if n in NON_LOCAL else OPTIONS.get(n, {}))) for n in names]
    return analyse(network(*blocks, fixed=fixed, std=std), seen or picture(), resolution)


def look_at_channels(*names):
    """The same of 8 channels, with weights that leave gates half open."""
    blocks = [BLOCKS[name](8, **OPTIONS.get(name, {})) for name in names]
    return analyse(network(nn.Conv2d(3, 8, 1), *blocks, std=0.5), picture(), 96)
