"""Small transformers for tests, with fixed random weights; their maps are layers x heads."""

from functools import cache

import timm
import torch
from torch import Tensor, nn

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


class Objects(nn.Module):
    """Like DETR: positions ask each other, then five objects ask the positions, twice."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.objects = nn.Conv2d(3, 32, 16, stride=16), nn.Parameter(6 * torch.randn(5, 32))
        self.encoder = nn.MultiheadAttention(32, 4, batch_first=True)
        self.decoder = nn.ModuleList(nn.MultiheadAttention(32, 4, batch_first=True) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        x = self.patch(x).flatten(2).mT
        x, objects = x + self.encoder(x, x, x)[0], self.objects.expand(len(x), -1, -1)
        for layer in self.decoder:
            objects = objects + layer(objects, x, x)[0]
        return objects.mean(1)


@cache
def objects() -> Analysis:
    torch.manual_seed(0)
    return analyse(Model("objects", Objects(), Preprocess(mean=127.0, std=60.0)), quarters(96, 64), 96)
