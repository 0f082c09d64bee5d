"""Networks of transformers, by their ID or from a folder, with their image processor and class names."""

import importlib.util
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

from torch import nn

from ..files import printable
from ..pictures import Cropped
from .errors import CheckpointError, ModelError
from .found import RANDOM, Found, pretrained_or_random, seeded
from .reaching import hub_if_reachable
from .reading import AGAIN
from .weights import check_numbers, random_words

OWN = {"trust_remote_code": False}  # no code that came with the weights
WHOSE = "Hugging Face's pretrained weights"
WEIGHTS = ("*.safetensors", "*.bin")


def check(name: str) -> None:
    """Raise ModelError where transformers is not installed, or a folder is not there."""
    if importlib.util.find_spec("transformers") is None:
        raise ModelError(f"hf:{name} needs transformers, which is not installed here. Install it: pip install transformers")
    if name.startswith(("/", "./", "../", "~")) and not Path(name).expanduser().is_dir():
        raise ModelError(f"hf:{name}: there is no such folder")
    for path in Path(name).expanduser().glob("*"):
        if path.exists() and not path.is_file() and not path.is_dir():
            raise ModelError(f"hf:{name}: {printable(path.name)} is no regular file, so nothing there was opened")


def build(name: str, pretrained: bool = True) -> Found:
    """A network of transformers; where its weights cannot be had they are random. Nothing but tensors is read of them.

    Raises:
        ModelError: there is no configuration to build it from, or the weights in the folder cannot be read.
    """
    check(name)
    folder = Path(name).expanduser()
    where = str(folder) if folder.is_dir() else name
    with nullcontext() if folder.is_dir() else hub_if_reachable():
        config, auto = _config(name, where)
        net, source, notes, missing = (_in_folder if folder.is_dir() else _by_id)(auto, config, where, pretrained)
        clips, frames = ("TC", getattr(config, "num_frames", None)) if _takes_clips(config) else ("", None)
        preprocess = _preprocess(where)
    if preprocess is None:
        notes.append(f"{name} has no image processor that nlviz can read, so ImageNet's usual one takes its place")
    if missing:
        total = len(net.state_dict())
        source += f", {random_words(missing, total)}"
        notes.append(f"{name} lacks {len(missing)} of {total} tensors, or has them of another shape; they are random: "
                     f"{', '.join(missing)}")
    classes = _class_names(config) if auto.__name__.endswith("Classification") else None
    preprocess = replace(preprocess or _usual(config), clips=clips, frames=frames)
    return Found(net, Path(name).name, source, preprocess, classes, "classification" if classes else None, notes,
                 len(missing), frames)


def _by_id(auto, config, where: str, pretrained: bool) -> tuple[nn.Module, str, list[str], list[str]]:
    """The network, where its weights come from, notes, and the names of the tensors that its weights lack."""
    missing: list[str] = []
    downloaded = partial(_pretrained, auto, where, missing) if pretrained else None
    return *pretrained_or_random(downloaded, partial(auto.from_config, config, **OWN), WHOSE), missing


def _in_folder(auto, config, where: str, pretrained: bool) -> tuple[nn.Module, str, list[str], list[str]]:
    """A folder without weights is a network to be; weights that are there and broken are no reason for random ones."""
    if not pretrained or not any(path for pattern in WEIGHTS for path in Path(where).glob(pattern)):
        notes = [f"{where} has no weights, so they are random"] if pretrained else []
        return seeded(partial(auto.from_config, config, **OWN)), RANDOM, notes, []
    missing: list[str] = []
    try:
        net = seeded(partial(_pretrained, auto, where, missing))
    except (OSError, RuntimeError, ValueError) as error:
        why = " ".join(str(error).split())[:200]
        raise CheckpointError(f"the weights in {where} cannot be read ({why}). Save them again") from None
    check_numbers(dict(net.named_parameters()), dict(net.named_parameters()), f"the weights in {where}", AGAIN)
    return net, f"weights of {Path(where).name}", [], missing


def _config(name: str, where: str):
    """Its configuration, and who builds it: a classifier where it says so, else what it is without a head."""
    from transformers import AutoConfig, AutoModel, AutoModelForImageClassification, AutoModelForVideoClassification

    try:
        config = AutoConfig.from_pretrained(where, **OWN)
    except Exception as error:  # the hub, JSON and the library's own checks raise anything
        why = " ".join(str(error).split())[:200]
        raise ModelError(f"hf:{name} has no configuration that can be read ({type(error).__name__}: {why}). Expected the ID of a "
                         "network that can be downloaded, or a folder written by save_pretrained") from None
    for auto in (AutoModelForImageClassification, AutoModelForVideoClassification):
        if any(str(kind).endswith(auto.__name__.removeprefix("AutoModel")) for kind in config.architectures or []):
            return config, auto
    return config, AutoModel


def _takes_clips(config) -> bool:
    """Whether networks of its kind take clips: those that transformers has a classifier of clips for."""
    from transformers import AutoModelForVideoClassification

    return type(config) in AutoModelForVideoClassification._model_mapping


def _pretrained(auto, where: str, missing: list[str]) -> nn.Module:
    """The network with its weights; names of what the weights lack go into ``missing``."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()  # of reading: it would stand among the errors
    try:
        net, found = auto.from_pretrained(where, output_loading_info=True, weights_only=True, **OWN)
    except (OSError, RuntimeError, ValueError):
        raise
    except Exception as error:  # a broken file of weights
        raise ValueError(f"{type(error).__name__}: {error}") from error
    finally:
        if shown:
            logging.enable_progress_bar()
    missing += sorted({*found["missing_keys"], *(key[0] for key in found.get("mismatched_keys", []))})
    return net


def _preprocess(where: str) -> Cropped | None:
    from transformers import AutoImageProcessor, AutoVideoProcessor

    for auto in (AutoImageProcessor, AutoVideoProcessor):
        try:
            return preprocess_of(auto.from_pretrained(where, **OWN))
        except (OSError, ValueError, KeyError, AttributeError, TypeError, ImportError):
            continue
    return None


def preprocess_of(processor) -> Cropped:
    """What an image processor of transformers does to one picture, or to each frame of a clip.

    Raises:
        ValueError: it gives no size.
    """
    from transformers.image_utils import PILImageResampling

    size, fit = _size(processor.size if processor.do_resize else processor.crop_size)
    cut = _size(processor.crop_size)[0] if getattr(processor, "do_center_crop", False) else None
    scale = processor.rescale_factor if processor.do_rescale else 1.0
    mean, std = (processor.image_mean, processor.image_std) if processor.do_normalize else ((0.0,) * 3, (1.0,) * 3)
    if getattr(processor, "offset", False) and processor.do_rescale:  # ViViT's rescaled pixels go from -1 to 1
        mean = [value + 1 for value in mean]
    resample = PILImageResampling(getattr(processor.resample, "value", processor.resample)) if isinstance(
        processor.resample, int) else processor.resample
    return Cropped(size, fit, cut, tuple(value / scale for value in mean), tuple(value / scale for value in std),
                   resample.name, halves="lower")


def _size(given) -> tuple[tuple[int, int], str]:
    """(width, height) and how the picture is fitted to it, of what was a dict before transformers 5."""
    width, height, shortest, longest = (given.get(key) if isinstance(given, dict) else getattr(given, key, None)
                                        for key in ("width", "height", "shortest_edge", "longest_edge"))
    if width and height:
        return (width, height), "fill"
    if shortest and not longest:
        return (shortest, shortest), "cover"
    raise ValueError(f"expected a width and a height, or the shortest edge alone, got {given}")


def _usual(config) -> Cropped:
    side = getattr(config, "image_size", None)
    side = side if isinstance(side, int) else 224
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    return Cropped((side, side), "cover", (side, side), tuple(255 * v for v in mean), tuple(255 * v for v in std))


def _class_names(config) -> list[str] | None:
    """Its own, where they are more than LABEL_0, LABEL_1 and so on."""
    names = [str(config.id2label[number]) for number in sorted(config.id2label or {})]
    return names if names and not all(name.startswith("LABEL_") for name in names) else None
