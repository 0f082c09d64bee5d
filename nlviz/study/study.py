"""Pictures and clips through some networks: GCNet's numbers of every map, one line a picture and network."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from hashlib import sha256
from pathlib import Path

import torch
from torch import Tensor

from ..analysis import NetworkError, PlacedMap, as_input, maps_of, one_at_a_time
from ..blocks import Block
from ..capture import capture_blocks, made_by
from ..maps import NLMap, check_finite
from ..measures import NAMES, flat_reach, fresh_block, fresh_map, is_clip, measure, measure_with_reach, terms_of
from ..models import Minus, Model, OnBackbone, SmallNetwork
from ..pictures import Clip, Cropped, Frame, Picture, PictureError, Preprocess, open_picture
from ..version import __version__
from .choosing import Frames, digest_of
from .choosing import is_clip as is_video
from .folders import read_picture
from .kept import Key

Inputs = dict[Callable, tuple[Tensor, Frame]]  # by the preprocess that made them

@dataclass
class Study:
    """What is measured of every picture and clip.

    Attributes:
        models: the networks.
        resolution: long side of their input in pixels.
        seed: of the fresh weights and of the intervals.
        terms: whether softmax maps are split into their pairwise and unary term too.
        frames: which frames of every video.

    Raises:
        ValueError: a bundled network has no block, or there is a difference of two, so there is nothing to measure; or two
            networks have one name.
    """

    models: list[Model]
    resolution: int = 448
    seed: int = 0
    terms: bool = False
    frames: Frames = field(default_factory=Frames)
    _fresh: dict = field(default_factory=dict, repr=False)
    _weights: dict = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        names = [model.name for model in self.models]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"{names.count(twice)} networks are called {twice!r}: give each a name of its own")
        for model in self.models:
            if isinstance(model, Minus):
                raise ValueError(f"{model.name} is a difference of two networks; a study measures each of them")
            blocks = any(isinstance(module, Block) for module in model.net.modules())
            if isinstance(model.net, (OnBackbone, SmallNetwork)) and not blocks:
                raise ValueError(f"{model.name} has no block of nlviz.blocks in it, so there is nothing to measure")

    def key(self, content: str, model: Model) -> Key:
        """What a line depends on: with another picture, checkpoint, resolution, seed or nlviz it is measured anew.

        Args:
            content: the sha256 of the picture's file, whatever its name; of a video see :func:`content_of`.
        """
        if model not in self._weights:
            self._weights[model] = model.card.get("sha256") or _digest(model)
        return content, model.name, self._weights[model], __version__, self.resolution, self.seed, self.terms

    @torch.inference_mode()
    def passes(self, picture: Picture, models: Iterable[Model],
               inputs: Inputs | None = None) -> Iterator[tuple[Model, Callable[[], list[dict] | str]]]:
        """Each network's pass; what is left to be called, in any thread, gives the numbers of every map, or why there are none.

        The frozen backbone runs once for all.

        Args:
            inputs: what is known of the picture as an input.
        """
        inputs, features = dict(inputs or {}), {}  # features of the frozen backbone, by how the picture becomes its input
        frames = len(picture.frames) if isinstance(picture, Clip) else 1
        for model in models:
            try:
                with one_at_a_time:
                    maps = [(one, self._fresh_map(model, one)) for one in self._maps(model, picture, inputs, features)]
            except Exception as error:  # a network may raise anything on one picture; the others are measured all the same
                yield model, partial(_why, error)
                continue
            yield model, partial(self._numbers_of, maps, frames)

    @torch.inference_mode()
    def _numbers_of(self, maps: list[tuple[NLMap | PlacedMap, NLMap | None]], frames: int) -> list[dict] | str:
        try:
            return [self._numbers(*one) | {"frames": frames} for one in maps]
        except Exception as error:
            return _why(error)

    def _maps(self, model: Model, picture: Picture, inputs: Inputs, features: dict) -> list[NLMap | PlacedMap]:
        """Of layers x heads every head, not their means; each map a PlacedMap where it has a place in the picture."""
        check_frames(model, picture)
        if model.preprocess not in inputs:
            inputs[model.preprocess] = model.preprocess(picture, self.resolution)
        x, frame = inputs[model.preprocess]
        if not isinstance(model.net, OnBackbone) or frame.frames > 1:
            maps, _, _ = maps_of(model, as_input(x, model), frame)
            several = {placed.layer for placed in maps if placed.head is not None}
            return [placed for placed in maps if placed.layer is None or placed.head is not None or placed.layer not in several]
        if model.preprocess not in features:
            features[model.preprocess] = model.net.features(as_input(x, model))
        with capture_blocks(model.net) as maps:
            model.net.head(features[model.preprocess])
        for nl_map in maps:
            check_finite(nl_map, model.name)
        return maps

    def _numbers(self, one: NLMap | PlacedMap, fresh: NLMap | None) -> dict:
        nl_map, layer, head = (one, None, None) if isinstance(one, NLMap) else (one.nl_map, one.layer, one.head)
        clip = isinstance(one, PlacedMap) and is_clip(nl_map)
        numbers, reach = measure_with_reach(one) if layer is not None or clip else (measure(nl_map), None)
        found = {name: getattr(nl_map, name) for name in ("layer", "block", "part", "rows")} | asdict(numbers)
        found |= {"layer_number": layer, "head": head, "attention_distance_cells": None if reach is None else reach.cells}
        found["reach"] = reach.named() | flat_reach(one).named("_flat") if clip and reach else {}
        found["fresh"] = measure(fresh, names=NAMES[1:]).values if fresh else {}  # its input is the trained block's
        if self.terms:
            try:
                found["terms"] = terms_of(nl_map)
            except ValueError:
                found["terms"] = {}
        return found

    def _fresh_map(self, model: Model, one: NLMap | PlacedMap) -> NLMap | None:
        """The map of the same block with fresh weights; of a module that is no block of nlviz none."""
        nl_map = one if isinstance(one, NLMap) else one.nl_map
        key, block = (model, nl_map.layer), made_by(model.net.get_submodule(nl_map.layer), nl_map)
        if not isinstance(block, Block):
            return None
        if key not in self._fresh:
            self._fresh[key] = fresh_block(block, self.seed)
        return fresh_map(self._fresh[key], nl_map)


def _why(error: Exception) -> str:
    """What a network raised, without the picture's size."""
    own = (isinstance(error, NetworkError) and error.__cause__) or error
    return str(error) if isinstance(own, NetworkError) else f"{type(own).__name__}: {own}"


def _digest(model: Model) -> str:
    """Of a network that has no card: its weights, and how a picture becomes its input."""
    found = sha256(repr(model.preprocess if isinstance(model.preprocess, Preprocess) else "").encode())
    for name, weights in model.net.state_dict().items():
        if isinstance(weights, Tensor):
            found.update(f"{name} {weights.dtype} {tuple(weights.shape)} ".encode())
            found.update(weights.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return found.hexdigest()


def measure_file(study: Study, path: Path, models: list[Model]) -> Iterator[tuple[Model, dict]]:
    """A line for each network: ``{"maps": numbers}``; or why not, ``{"broken"}`` of the picture, ``{"failed"}`` of the network."""
    for model, ask in passes_of(study, opened(study, path, models), models):
        yield model, ask()


def check_frames(model: Model, picture: Picture) -> None:
    """Raise ValueError where a network takes clips, or so many frames, and this is something else."""
    frames = len(picture.frames) if isinstance(picture, Clip) else 0
    if model.clips and not frames:
        raise NetworkError("it takes clips, and this is a picture")
    if model.clips and model.frames not in (None, frames):
        raise ValueError(f"it takes {model.frames} frames, and this clip has {frames}")


def content_of(study: Study, path: Path) -> str:
    """What is known of a file by its bytes, whatever its name: their sha256, of a video with which frames are measured.

    Raises:
        PictureError: it cannot be read.
    """
    return digest_of(path, study.frames) if is_video(path) else sha256(read_picture(path)).hexdigest()


@dataclass
class Opened:
    """A picture's file, read and made ready for the networks.

    Attributes:
        content: see :func:`content_of`; "" where it could not be read.
        picture: what is in it, or why there is nothing.
        inputs: by how the picture becomes it.
    """

    content: str
    picture: Picture | str
    inputs: Inputs = field(default_factory=dict)


def opened(study: Study, path: Path, models: Sequence[Model]) -> Opened:
    """What comes before the networks, and needs none of them: in any thread. An own ``preprocess`` is left to the pass."""
    content = ""
    try:
        if is_video(path):
            found = Opened(content := digest_of(path, study.frames), study.frames.of(path))
        else:
            file = read_picture(path)
            found = Opened(content := sha256(file).hexdigest(), open_picture(file, path.name))
    except (PictureError, OSError) as error:
        return Opened(content, str(error).removeprefix(f"{path.name}: "))
    with suppress(ValueError):  # the pass meets it again, and says so
        for preprocess in {model.preprocess for model in models if isinstance(model.preprocess, (Preprocess, Cropped))}:
            found.inputs[preprocess] = preprocess(found.picture, study.resolution)
    return found


def passes_of(study: Study, found: Opened, models: list[Model]) -> Iterator[tuple[Model, Callable[[], dict]]]:
    """Each network's pass, and what is left to be called, in any thread, for its line; see ``measure_file``."""
    if isinstance(found.picture, str):
        yield from ((model, partial(dict, broken=found.picture)) for model in models)
        return
    for model, ask in study.passes(found.picture, models, found.inputs):
        yield model, partial(_line, ask)


def _line(ask: Callable[[], list[dict] | str]) -> dict:
    numbers = ask()
    return {"failed": numbers} if isinstance(numbers, str) else {"maps": numbers}
