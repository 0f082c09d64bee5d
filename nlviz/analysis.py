"""One picture through one model: the costly pass, once. After it a query is one row of a map."""

import threading
from dataclasses import dataclass

import torch
from torch import nn

from .blocks import Block
from .capture import capture_maps
from .images import Frame, Picture, Placement, open_picture
from .maps import NLMap, cell_of, flat_index
from .models import Model, predict
from .parity import Parity, check_parity

_one_at_a_time = threading.Lock()  # capture hooks the model itself, and networks may share blocks


@dataclass(frozen=True)
class PlacedMap:
    """A map of the picture, with the places of its cells in it.

    Attributes:
        nl_map: the map.
        queries, keys: where the cells of the query and the key grid lie in the picture.
        parity: outcome of the parity check.
    """

    nl_map: NLMap
    queries: Placement
    keys: Placement
    parity: Parity

    def heatmap(self, x: float, y: float) -> torch.Tensor:
        """The row of the query at fractions (x, y) of the picture, on the key grid: (rows, columns).

        Raises:
            ValueError: x or y is outside 0 to 1.
        """
        return self.nl_map.row(flat_index(self.queries.cell(x, y), self.queries.grid)).view(self.keys.grid)

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
        maps: the maps of its blocks, in the order computed.
        prediction: see ``predict``.
    """

    model: Model
    picture: Picture
    frame: Frame
    maps: tuple[PlacedMap, ...]
    prediction: dict | None

    @property
    def nbytes(self) -> int:
        """Bytes that the maps and the picture hold."""
        tensors = [t for m in self.maps for t in (m.nl_map.weights, m.nl_map.input, m.nl_map.output)]
        factors = [t for m in self.maps if m.nl_map.factors for t in (m.nl_map.factors.q, m.nl_map.factors.k)]
        return sum(t.nbytes for t in tensors + factors if t is not None) + 3 * self.picture.size[0] * self.picture.size[1]


def as_model(net: nn.Module, preprocess=None, name: str | None = None) -> Model:
    """A user's own network as a Model; ``preprocess`` as in :class:`nlviz.images.Preprocess`."""
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
        ValueError: the model has no block, none of them ran, or their maps are not two-dimensional.
    """
    model = as_model(model, preprocess)
    picture = picture if isinstance(picture, Picture) else open_picture(picture)
    with _one_at_a_time, torch.inference_mode():
        x, frame = model.preprocess(picture, resolution)
        blocks = {layer: m for layer, m in model.net.named_modules() if isinstance(m, Block)}
        if not blocks:
            raise ValueError(f"{model.name} has no block of nlviz.blocks in it, so there is no map to show")
        with capture_maps(model.net) as maps:
            output = model(x.to(next(model.parameters()).device))
        if not maps:
            raise ValueError(f"the blocks of {model.name} ({', '.join(blocks)}) did not run in its forward pass")
        placed = tuple(_place(m, frame, blocks[m.layer]) for m in maps)
        return Analysis(model, picture, frame, placed, predict(model, output))


def _place(nl_map: NLMap, frame: Frame, block: Block) -> PlacedMap:
    if len(nl_map.query_grid) != 2:
        raise ValueError(f"the block at {nl_map.layer!r} has grid {nl_map.query_grid}; only (rows, columns) lie in a picture")
    queries = frame.place(nl_map.query_grid)
    keys = queries.coarser(nl_map.key_grid, nl_map.key_stride)
    return PlacedMap(nl_map, queries, keys, check_parity(block, nl_map))
