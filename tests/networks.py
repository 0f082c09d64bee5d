"""Networks for tests: the smallest with an attention map of a picture, and the bundled ones, each loaded once."""

from functools import cache

from torch import nn

from nlviz.blocks import BLOCKS
from nlviz.models import Model, load_model
from tests.blocks.building import randomised

GRID = (7, 12)
OPTIONS = {"rga_spatial": {"grid": GRID}, "rga_channel": {"grid": GRID}}  # of blocks that are built for one grid


def network(name="embedded_gaussian", **options) -> nn.Sequential:
    """Stride 16 by pooling, then a block on the three colours; GRID is that of a picture of 192 x 112 pixels."""
    return nn.Sequential(nn.AvgPool2d(16), randomised(BLOCKS[name](3, **OPTIONS.get(name, {}) | options)).float())


@cache
def bundled(name: str) -> Model:
    """Shared by all tests: whoever changes a network takes one of ``load_model``."""
    return load_model(name)
