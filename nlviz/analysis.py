"""One picture through one model: the costly pass, once. After it a query is one row of a map."""

import threading
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import nn

from .blocks import Block
from .capture import Parity, capture_blocks, check_parity
from .maps import NLMap, cell_of, check_finite, flat_index, precise
from .models import Model, predict
from .pictures import Frame, Picture, Placement, open_picture

one_at_a_time = threading.Lock()  # capture hooks the model itself, and networks may share blocks


@dataclass(frozen=True)
class PlacedMap:
    """A map of the picture, with the places of its cells in it.

    Attributes:
        nl_map: the map.
        queries, keys: where the cells of the query and the key grid lie in the picture; None for channels, and for the
            queries of a gate.
        channels: where the cells of the block's input, the feature map of every channel, lie in the picture.
        parity: outcome of the parity check.
    """

    nl_map: NLMap
    queries: Placement | None
    keys: Placement | None
    channels: Placement
    parity: Parity

    def heatmap(self, x: float, y: float) -> torch.Tensor:
        """What lies over the picture for the query at fractions (x, y) of it, on the key grid: (rows, columns).

        That is the query's row; of a global map or of a gate of positions the same for every query.

        Raises:
            ValueError: x or y is outside 0 to 1, no query covers the place, or rows are those of channels.
        """
        if self.keys is None:
            raise ValueError(f"a place in the picture has no row in this map of {self.nl_map.block}: "
                             f"it relates {self.nl_map.key_grid[0]} channels")
        if self.nl_map.relates == "gate":
            return precise(self.nl_map.weights[0]).view(self.keys.grid)
        cell = self.queries.cell(x, y)
        if cell is None:
            raise ValueError(f"no query of {self.nl_map.block} covers the place {x}, {y}")
        return precise(self.nl_map.row(flat_index(cell, self.queries.grid))).view(self.keys.grid)

    def term(self, name: str) -> "PlacedMap":
        """One of :meth:`nlviz.maps.NLMap.term` at its place; a similarity is of the cells of the block's input.

        Raises:
            ValueError: the map has no such term; the message says why.
        """
        nl_map = self.nl_map.term(name)
        alike = nl_map.rows == "similarity"
        return replace(self, nl_map=nl_map, **({"queries": self.channels, "keys": self.channels} if alike else {}))

    def strongest(self, x: float, y: float) -> tuple[tuple[int, ...], float]:
        """((row, column), weight) of the key that weighs most for the query at (x, y)."""
        row = self.heatmap(x, y).flatten()
        return cell_of(int(row.argmax()), self.keys.grid), row.max().item()


@dataclass(frozen=True)
class Analysis:
    """What one model made of one picture.

    Attributes:
        model: the model.
        picture: what it saw.
        frame: how the picture filled its input.
        maps: the maps of its blocks, in the order computed; a block may have several.
        prediction: see ``predict``.
    """

    model: Model
    picture: Picture
    frame: Frame
    maps: tuple[PlacedMap, ...]
    prediction: dict | None

    @property
    def calls(self) -> list[tuple[PlacedMap, ...]]:
        """The maps of each call of a block together."""
        starts = [at for at, m in enumerate(self.maps) if m.nl_map.number == 0] + [len(self.maps)]
        return [self.maps[start:stop] for start, stop in pairwise(starts)]

    @property
    def nbytes(self) -> int:
        """Bytes that the maps and the picture hold."""
        own = [t for m in self.maps for t in (m.nl_map.weights, *(m.nl_map.lazy.tensors() if m.nl_map.lazy else ()))]
        shared = [t for call in self.calls for t in (call[0].nl_map.input, call[0].nl_map.output)]
        return sum(t.nbytes for t in own + shared if t is not None) + 3 * self.picture.size[0] * self.picture.size[1]


def as_model(net: nn.Module, preprocess=None, name: str | None = None) -> Model:
    """A user's own network as a Model; ``preprocess`` as in :class:`nlviz.pictures.Preprocess`."""
    if isinstance(net, Model):
        return net
    return Model(name or type(net).__name__, net, preprocess)


def analyse(model: nn.Module, picture, resolution: int = 448, preprocess=None) -> Analysis:
    """Run a picture through a model once and keep every block's map.

    Args:
        model: a ``Model`` from ``load_model``, or any network with blocks of ``nlviz.blocks`` in it; it is put
            in eval mode.
        picture: a ``Picture``, a path, the bytes of a file, or a PIL image.
        resolution: the long side of the network's input in pixels (networks of a fixed input ignore it).
        preprocess: for a network of one's own: (Picture, resolution) -> (tensor, Frame); by default
            ``Preprocess()``, the bundled networks' own.

    Raises:
        PictureError: the picture cannot be used.
        ValueError: the model has no block, none of them ran, or their maps are not two-dimensional or hold what is no number.
    """
    model = as_model(model, preprocess)
    picture = picture if isinstance(picture, Picture) else open_picture(picture)
    with one_at_a_time, torch.inference_mode():
        x, frame = model.preprocess(picture, resolution)
        blocks = {layer: m for layer, m in model.net.named_modules() if isinstance(m, Block)}
        if not blocks:
            raise ValueError(f"{model.name} has no block of nlviz.blocks in it, so there is no map to show")
        with capture_blocks(model.net) as maps:
            output = model(as_input(x, model))
        if not maps:
            raise ValueError(f"the blocks of {model.name} ({', '.join(blocks)}) did not run in its forward pass")
        return Analysis(model, picture, frame, _place(maps, frame, blocks, model.name), predict(model, output))


def as_input(x: torch.Tensor, model: Model) -> torch.Tensor:
    """The tensor on the model's device and in its precision."""
    weights = next(model.parameters())
    return x.to(weights.device, weights.dtype if weights.is_floating_point() else x.dtype)


def places_of(nl_map: NLMap, frame: Frame) -> tuple[Placement | None, Placement | None]:
    """Where the queries and the keys of a map lie in the picture; None for channels, gates and named tokens alone.

    Raises:
        ValueError: nobody can tell which positions they are, or they lie in a clip.
    """
    base = nl_map.picture or tuple(nl_map.input.shape[2:]) if nl_map.picture or nl_map.input is not None else None
    found = []
    for side, grid, stride in (("query", nl_map.query_grid, nl_map.query_stride), ("key", nl_map.key_grid, nl_map.key_stride)):
        if (nl_map.relates in ("channels", "gate") and len(grid) != 2) or grid == (0,):
            found.append(None)
            continue
        nl_map.check_grid(side)
        if base is None or len(base) != 2:
            raise ValueError(f"the map of layer {nl_map.layer!r} has grid {grid}; only (rows, columns) lie in a picture")
        found.append(frame.place(base).coarser(grid, stride))
    return tuple(found)


def _place(maps: list[NLMap], frame: Frame, blocks: dict[str, Block], network: str) -> tuple[PlacedMap, ...]:
    placed, parity = [], None
    for nl_map in maps:
        grid = tuple(nl_map.input.shape[2:])
        if len(grid) != 2:
            raise ValueError(f"the block at {nl_map.layer!r} has grid {grid}; only (rows, columns) lie in a picture")
        check_finite(nl_map, network)
        parity = check_parity(blocks[nl_map.layer], nl_map) if nl_map.number == 0 else parity  # one for all maps of a call
        cells = frame.place(grid)
        placed.append(PlacedMap(nl_map, *places_of(nl_map, frame), cells, parity))
    return tuple(placed)
