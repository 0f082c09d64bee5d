"""Networks of timm, with its preprocessing and its names of ImageNet's classes."""

import math
from functools import partial

import timm
from timm.data import ImageNetInfo, infer_imagenet_subset, resolve_model_data_config
from torch import nn

from ..pictures import Cropped
from .found import Found, check_known, pretrained_or_random
from .reaching import hub_if_reachable

FITS = {"center": "cover", "squash": "fill", "border": "contain"}  # timm's crop_mode


def check(name: str) -> None:
    """Raise ModelError where timm has no network of that name."""
    check_known("timm", name, [*timm.list_models(), *timm.list_models(pretrained=True)])


def build(name: str, pretrained: bool = True) -> Found:
    """A network of timm; where its weights cannot be had they are random."""
    def downloaded() -> nn.Module:
        with hub_if_reachable():
            return timm.create_model(name, pretrained=True)

    check(name)
    net, source, notes = pretrained_or_random(downloaded if pretrained else None, partial(timm.create_model, name),
                                              "timm's pretrained weights")
    classes = class_names(net)
    return Found(net, name, source, preprocess_of(net), classes, "classification" if classes else None, notes)


def preprocess_of(net: nn.Module) -> Cropped:
    """timm's own transform of its evaluation, ``timm.data.transforms_factory.transforms_imagenet_eval``."""
    config = resolve_model_data_config(net)
    height, width = config["input_size"][1:]
    full = tuple(math.floor(side / config["crop_pct"]) for side in (width, height))
    mean, std = (tuple(255 * value for value in config[key]) for key in ("mean", "std"))
    interpolation = "BILINEAR" if config["interpolation"] == "random" else config["interpolation"].upper()
    fit = FITS[config["crop_mode"]]
    padding = tuple(map(round, mean)) if fit == "contain" else (0, 0, 0)
    return Cropped(full, fit, (width, height), mean, std, interpolation, padding)


def class_names(net: nn.Module) -> list[str] | None:
    """ImageNet's names, where the network tells as many apart."""
    subset = infer_imagenet_subset(net) if getattr(net, "num_classes", 0) else None
    names = ImageNetInfo(subset).label_descriptions() if subset else []
    return names if len(names) == getattr(net, "num_classes", 0) and names else None
