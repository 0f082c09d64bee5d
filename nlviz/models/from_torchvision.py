"""Networks of torchvision, with the transforms and class names of its weights."""

import inspect
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import torch
from torch import nn
from torchvision.transforms._presets import VideoClassification

from ..pictures import Cropped
from .found import Found, check_known, pretrained_or_random
from .reaching import reachable


def check(name: str) -> None:
    """Raise ModelError where torchvision has no network of that name."""
    from torchvision import models

    check_known("torchvision", name, models.list_models())


def build(name: str, pretrained: bool = True) -> Found:
    """A network of torchvision; where its weights cannot be had they are random. The transforms are theirs all the same."""
    from torchvision import models

    check(name)
    weights = getattr(models.get_model_weights(name), "DEFAULT", None)

    def downloaded() -> nn.Module:
        _check_reachable(weights)
        return models.get_model(name, weights=weights)

    more = {"weights_backbone": None} if "weights_backbone" in inspect.signature(models.get_model_builder(name)).parameters else {}
    random = partial(models.get_model, name, weights=None, **more)
    net, source, notes = pretrained_or_random(downloaded if pretrained else None, random, "torchvision's pretrained weights")
    frames = _frames(net)
    preprocess = preprocess_of(weights, frames) if weights else None
    if weights and preprocess is None:
        notes.append("torchvision's own transform of it is not for one picture, so nlviz's usual one takes its place")
    classes = weights.meta.get("categories") if weights and preprocess and preprocess.crop else None
    return Found(net, name, source, preprocess, classes, "classification" if classes else None, notes, frames=frames)


def _check_reachable(weights) -> None:
    """Raise OSError where they would be downloaded and nobody answers: torch's download waits without end."""
    if weights is None:
        raise OSError("torchvision has none of this network")
    cached = Path(torch.hub.get_dir(), "checkpoints", Path(urlsplit(weights.url).path).name)
    if not cached.exists() and not reachable(weights.url):
        raise OSError(f"{urlsplit(weights.url).hostname} does not answer")


def preprocess_of(weights, frames: int | None = None) -> Cropped | None:
    """``weights.transforms()`` of a classifier, of pictures or of clips (of so many frames), or a segmentation network; None of
    others."""
    own = weights.transforms()
    if isinstance(own, VideoClassification):
        return _of_clips(own, frames)
    if not hasattr(own, "resize_size") or len(own.resize_size) != 1 or len(own.mean) != 3 or hasattr(own, "min_size"):
        return None
    crop = (own.crop_size[0],) * 2 if hasattr(own, "crop_size") and len(own.crop_size) == 1 else None
    mean, std = _of_pixels(own)
    return Cropped((own.resize_size[0],) * 2, "cover", crop, mean, std, own.interpolation.value.upper())


def _frames(net: nn.Module) -> int | None:
    """How many frames a network takes that has a place for each (MViT); None of the others."""
    places = getattr(getattr(net, "pos_encoding", None), "temporal_size", None)
    return None if places is None else places * net.conv_proj.stride[0]


def _of_clips(own: VideoClassification, frames: int | None) -> Cropped:
    """Each frame scaled without smoothing, (128, 171) whatever its shape or its short side alone, then cropped."""
    height, width = own.resize_size[0], own.resize_size[-1]
    fit = "cover" if len(own.resize_size) == 1 else "fill"
    return Cropped((width, height), fit, tuple(own.crop_size[::-1]), *_of_pixels(own), own.interpolation.value.upper(),
                   smoothed=False, clips="CT", frames=frames)


def _of_pixels(own) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of pixels 0 to 255."""
    return tuple(255 * value for value in own.mean), tuple(255 * value for value in own.std)
