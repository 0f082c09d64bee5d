"""How far attention reaches in the picture."""

from fractions import Fraction

import torch
from torch import Tensor

from ..analysis import PlacedMap
from ..metrics import attention_distance
from ..pictures import Placement


def mean_distance(placed: PlacedMap) -> float | None:
    """The mean attention distance of a map (Dosovitskiy et al. 2021, arXiv 2010.11929, fig. 7), in cells of the query grid.

    Over all queries, the mean distance between the centre of a query's cell and those of its keys, weighted by its row. Named
    tokens are left out, as in :func:`nlviz.measures.measure`.

    Returns:
        0 (every query attends to itself) to the grid's diagonal; None where rows are no distributions, or queries or keys have
        no place in the picture.
    """
    nl_map, queries, keys = placed.nl_map, placed.queries, placed.keys
    if queries is None or keys is None or nl_map.relates not in ("positions", "global") or nl_map.rows != "distribution":
        return None
    asked, found, start = _centres(queries, queries), [], 0
    for rows in nl_map.among_positions().row_blocks():
        own = asked if nl_map.relates == "global" else asked[start : start + len(rows)]
        try:
            found.append(attention_distance(rows, own.to(rows.device), _centres(keys, queries).to(rows.device)))
        except ValueError:  # rows that see no position
            return None
        start += len(rows)
    return torch.cat(found).double().mean().item()


def flat_distance(placed: PlacedMap) -> float:
    """What ``mean_distance`` would be if every query attended to all keys alike: how far apart cells are."""
    queries, keys = _centres(placed.queries, placed.queries), _centres(placed.keys, placed.queries)
    return torch.cdist(queries, keys, compute_mode="donot_use_mm_for_euclid_dist").double().mean().item()


def diagonal(place: Placement) -> float:
    """The length of the picture's diagonal, in cells."""
    return sum(float(side) ** 2 for side in place.scale) ** 0.5


def _centres(place: Placement, unit: Placement) -> Tensor:
    """(N, 2) where the centres of a placement's cells lie, (x, y) in cells of another."""
    across, down = (torch.tensor([float((cell + Fraction(1, 2) - offset) / scale * to) for cell in range(count)])
                    for count, offset, scale, to in zip(place.grid[::-1], place.offset, place.scale, unit.scale))
    return torch.cartesian_prod(down, across).flip(1)
