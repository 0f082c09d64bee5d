"""A small vision transformer for tests, with fixed random weights; its maps are layers x heads."""

from functools import cache

import timm
import torch

from nlviz.analysis import Analysis, analyse
from nlviz.models import Model
from nlviz.pictures import Preprocess
from tests.pictures.drawn import quarters


def transformer(name: str = "vit", depth: int = 4) -> Model:
    """4 x 6 positions of a picture of 96 x 64 pixels, and a class token; 3 heads."""
    torch.manual_seed(0)
    net = timm.create_model("vit_tiny_patch16_224", img_size=(64, 96), depth=depth, num_classes=0)
    for block in net.blocks:  # sharper than at initialisation: heads that differ, and rows that depend on the query
        block.attn.qkv.weight.data *= 12
    return Model(name, net, Preprocess(mean=127.0, std=60.0))


@cache
def seen(name: str = "vit", depth: int = 4) -> Analysis:
    return analyse(transformer(name, depth), quarters(96, 64), 96)
