"""The numbers of all heads of a 12-layer ViT at 37 x 37 positions, beside measuring map after map."""

import os
from time import perf_counter

import torch

from nlviz.analysis import Analysis, analyse
from nlviz.measures import dependence_of_layers, mean_distance, measure
from nlviz.models import Model
from nlviz.pictures import Picture, Preprocess

SIDE, AIM = 518, 6.0  # pixels: 37 x 37 positions of 14; seconds for 72 heads on two cores


def looked() -> Analysis:
    """A ViT of DINOv2's size with random weights: times depend on its size alone."""
    import timm
    from PIL import Image

    torch.manual_seed(0)
    net = timm.create_model("vit_small_patch14_dinov2", img_size=SIDE, num_classes=0)
    model = Model("vit", net, Preprocess(stride=14, mean=116.0, std=57.5))
    return analyse(model, Picture(Image.effect_noise((SIDE, SIDE), 60).convert("RGB"), "noise"), SIDE)


def compare_heads() -> None:
    """Print seconds of both, for the heads and for the heads with their means, the ratio, and how far the numbers differ."""
    analysis = looked()
    heads = [placed for placed in analysis.maps if placed.head is not None]
    one_by_one, plain = _timed(lambda: [(measure(placed.nl_map), mean_distance(placed)) for placed in heads[:6]])
    taken, found = min((_timed(lambda: dependence_of_layers(analysis)) for _ in range(2)), key=lambda pair: pair[0])
    by_name = {row["part"]: row for row in found}
    differ = max(abs(by_name[placed.nl_map.part]["jsd_att_nats"] - numbers.values["jsd_att_nats"])
                 for placed, (numbers, _) in zip(heads, plain))
    each, alone = taken / len(found), one_by_one / 6
    print(f"\nAll heads: {len(found)} maps (12 layers, 6 heads, their means) at 37 x 37, {os.cpu_count()} cores, "
          f"load {os.getloadavg()[0]:.1f}")
    print(f"  {taken:.1f} s, so {72 * each:.1f} s for 72 (aim: at most {AIM:g}); map after map {72 * alone:.1f} s, "
          f"{alone / each:.1f} times that; they differ by {differ:.1e} nats")


def _timed(function) -> tuple[float, object]:
    started = perf_counter()
    found = function()
    return perf_counter() - started, found
