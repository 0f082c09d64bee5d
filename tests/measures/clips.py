"""Maps of small clips for the tests of their numbers: by blocks in three dimensions, and as given."""

from fractions import Fraction

import torch

from nlviz import capture_maps
from nlviz.analysis import PlacedMap
from nlviz.maps import NLMap, cells
from nlviz.pictures import Placement
from tests.blocks.building import built, picture

GRID = (4, 3, 5)  # frames, rows, columns
ONES = (1, 1, 1)


def map_of(weights=None, grid=GRID, key_grid=None, **given) -> NLMap:
    """A map (N, N') of a clip."""
    keys = key_grid or grid
    parts = {"layer": "", "block": "given", "part": "", "number": 0, "relates": "positions", "rows": "distribution",
             "query_grid": grid, "key_grid": keys, "query_stride": ONES, "key_stride": ONES, "lazy": None, "used": None,
             "input": None, "output": None, "picture": grid}
    return NLMap(**parts | {"weights": None if weights is None else weights[None]} | given)


def rows_of(queries, keys, sharpness=2.0, seed=0):
    return (torch.randn(queries, keys, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) * sharpness).softmax(1)


def random_map(grid=GRID, key_grid=None, **given) -> NLMap:
    return map_of(rows_of(cells(grid), cells(key_grid or grid)), grid, key_grid, **given)


def own_frame(grid=GRID) -> NLMap:
    """Rows that are uniform over their query's own frame."""
    inside = cells(grid[1:])
    return map_of(torch.block_diag(*[torch.full((inside, inside), 1 / inside, dtype=torch.float64)] * grid[0]), grid)


def block_maps(name: str, dense_bytes: int | None = None, **options) -> list[NLMap]:
    """The maps of a block in three dimensions of a random clip."""
    block = built(name, 8, GRID, dimension=3, **options)
    with capture_maps(block, **({} if dense_bytes is None else {"dense_bytes": dense_bytes})) as maps:
        block(picture(8, GRID, batch=1))
    return list(maps)


def place(grid, per: int = 1) -> Placement:
    """A grid over all of a clip, whose cells cover ``per`` frames each."""
    return Placement(grid, (Fraction(grid[2]), Fraction(grid[1]), Fraction(1, per)), (Fraction(0),) * 3)


def placed(nl_map: NLMap, frames_per=(1, 1)) -> PlacedMap:
    """A map over all of its clip; ``frames_per``: how many frames of the clip a query and a key cover."""
    queries, keys = (place(grid, per) for grid, per in zip((nl_map.query_grid, nl_map.key_grid), frames_per))
    return PlacedMap(nl_map, queries, keys, None, lambda: None)
