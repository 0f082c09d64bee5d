"""One picture through one model: the costly pass, once. After it a query is one row of a map."""

import threading
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

import torch
from torch import Tensor, nn

from ..blocks import Block
from ..capture import Maps, capture_blocks, capture_maps, check_parity, made_by
from ..maps import NLMap, check_finite
from ..models import Minus, Model, OnBackbone, SmallNetwork, predict
from ..pictures import Clip, Frame, Picture, open_picture
from .difference import difference
from .frame_by_frame import joined, mean_of_frames
from .placed import PlacedMap, check_base, places_of
from .stack import derived, stack

one_at_a_time = threading.Lock()  # capture hooks the model itself, and networks may share blocks


@dataclass(frozen=True)
class Analysis:
    """What one model made of one picture.

    Attributes:
        model: the model.
        picture: what it saw, a ``Picture`` or a ``Clip``.
        frame: how the picture filled its input.
        maps: the maps of its blocks, in the order computed; a block may have several. Then those of any other attention in it,
            layers x heads, see :func:`nlviz.analysis.stack.stack`.
        prediction: see ``predict``.
        notes: what is not shown, and why.
    """

    model: Model
    picture: Picture
    frame: Frame
    maps: tuple[PlacedMap, ...]
    prediction: dict | None
    notes: tuple[str, ...] = ()

    @property
    def calls(self) -> list[tuple[PlacedMap, ...]]:
        """The maps of each call of a block together; layers x heads are one call."""
        starts = [at for at, m in enumerate(self.maps) if m.nl_map.number == 0] + [len(self.maps)]
        return [self.maps[start:stop] for start, stop in pairwise(starts)]

    def module_of(self, nl_map: NLMap) -> nn.Module | None:
        """The module that made a map, of another library the block that it is; None of a map as given."""
        return made_by(dict(self.model.net.named_modules()).get(nl_map.layer), nl_map)

    @property
    def nbytes(self) -> int:
        """Bytes that the maps and the picture hold."""
        lazy = [t for m in self.maps for t in (m.nl_map.lazy.tensors() if m.nl_map.lazy else ())]
        others = [t for m in self.maps for t in (m.nl_map.weights, m.nl_map.input, m.nl_map.output) if t is not None]
        held = {t.untyped_storage().data_ptr(): t.untyped_storage().nbytes() for t in lazy + others}  # heads share a layer's
        return sum(held.values()) + 3 * self.picture.size[0] * self.picture.size[1] * self.frame.frames


def as_model(net: nn.Module, preprocess=None, name: str | None = None) -> Model:
    """A user's own network as a Model; ``preprocess`` as in :class:`nlviz.pictures.Preprocess`."""
    if isinstance(net, Model):
        return net
    return Model(name or type(net).__name__, net, preprocess)


class NetworkError(ValueError):
    """A network that failed on a picture: its own error, and on what; or that takes clips alone."""


def analyse(model: nn.Module, picture, resolution: int = 448, preprocess=None) -> Analysis:
    """Run a picture through a model once and keep every map of its attention.

    Args:
        model: a ``Model`` from ``load_model``, or any network whose attention ``nlviz.capture_maps`` finds; it is put in eval
            mode. Of ``A minus B`` the maps are the differences.
        picture: a ``Picture``, a path, the bytes of a file, or a PIL image; or a ``Clip``, of which a network that takes clips sees
            all frames at once, any other one after the other.
        resolution: the long side of the network's input in pixels (networks of a fixed input ignore it).
        preprocess: for a network of one's own: (Picture, resolution) -> (tensor, Frame); by default
            ``Preprocess()``, the bundled networks' own.

    Raises:
        PictureError: the picture cannot be used.
        NetworkError: its forward pass raised.
        ValueError: the model has no attention (``NoAttention``), or nothing that can be shown over a picture, or a weight is no
            finite number; or the network takes clips and this is a picture.
    """
    picture = picture if isinstance(picture, Picture) else open_picture(picture)
    with torch.inference_mode():
        return analyse_here(as_model(model, preprocess), picture, resolution)


def analyse_here(model: Model, picture: Picture, resolution: int) -> Analysis:
    """``analyse`` in the caller's gradient mode: what the pass leaves in a network that is trained on is no inference tensor."""
    if isinstance(model, Minus):
        return difference(*(analyse_here(side, picture, resolution) for side in (model.first, model.second)))
    if model.clips and not isinstance(picture, Clip):
        raise NetworkError(f"{model.name} takes clips, and {picture.name} is a picture: choose a video")
    with one_at_a_time:
        x, frame = model.preprocess(picture, resolution)
        placed, notes, output = maps_of(model, as_input(x, model), frame)
        return Analysis(model, picture, frame, placed, predict(model, output), notes)


def maps_of(model: Model, x: Tensor, frame: Frame) -> tuple[tuple[PlacedMap, ...], tuple[str, ...], object]:
    """The maps of an input at their places, what is not shown of them, and the network's output. See ``analyse`` for errors."""
    maps, output = _run(model, x)
    if frame.frames > 1 and not model.clips and model.task == "classification" and isinstance(output, Tensor):
        output = mean_of_frames(output)
    return *_placed(maps, frame, model), output


def _run(model: Model, x: Tensor) -> tuple[list[NLMap], object]:
    """Of a bundled network the maps of its blocks; of others everything that is attention."""
    bundled = isinstance(model.net, (OnBackbone, SmallNetwork)) and any(isinstance(m, Block) for m in model.net.modules())
    with (capture_blocks if bundled else capture_maps)(model.net) as maps:
        try:
            output = model(x)
        except (MemoryError, torch.OutOfMemoryError):
            raise
        except Exception as error:  # a network may raise anything
            size = f"{x.shape[-1]} × {x.shape[-2]} pixels" if x.dim() == 4 else f"shape {tuple(x.shape)}"
            raise NetworkError(f"{model.name}: its forward pass failed on an input of {size} "
                               f"({type(error).__name__}: {error})") from error
    if not maps:  # blocks that did not run
        raise ValueError(f"no attention ran in the forward pass of {model.name}, so there is no map to show")
    return maps, output


def as_input(x: Tensor, model: Model) -> Tensor:
    """The tensor on the model's device and in its precision."""
    weights = next(model.parameters(), x)
    return x.to(weights.device, weights.dtype if weights.is_floating_point() else x.dtype)


def _placed(maps: list[NLMap], frame: Frame, model: Model) -> tuple[tuple[PlacedMap, ...], tuple[str, ...]]:
    """Every map at its place, and what is not shown."""
    blocks = {name.replace("_orig_mod.", ""): module for name, module in model.net.named_modules()}  # as layers are called
    own, others = [m for m in maps if m.input is not None], [m for m in maps if m.input is None]
    by_frame = frame.frames > 1 and not model.clips
    layers, notes = stack(others, frame, model.name, by_frame) if others else ((), ())
    missed = [*maps.report.missed, *maps.report.unlike_lines] if isinstance(maps, Maps) else []
    layers += () if by_frame else derived(others, frame)
    return (*_of_blocks(own, frame, blocks, model.name, by_frame), *layers), (*missed, *notes)


def _of_blocks(maps: list[NLMap], frame: Frame, blocks: dict[str, nn.Module], network: str, by_frame: bool) -> list[PlacedMap]:
    placed, check, number = [], None, 0
    for nl_map in maps:
        check_finite(nl_map, network)
        if nl_map.number == 0:  # one check for all maps of a call
            check, number = cache(lambda block=blocks[nl_map.layer], first=nl_map: check_parity(block, first)), 0
        for one in joined(nl_map) if by_frame else [nl_map]:
            grid = tuple(one.input.shape[2:])
            check_base(grid, grid, frame, one.layer)
            placed.append(PlacedMap(replace(one, number=number), *places_of(one, frame), frame.place(grid), check))
            number += 1
    return placed
