"""The features that a block was given, and those that it added, as maps: how alike two positions are."""

from collections.abc import Callable

from torch import Tensor

from .factors import Factors
from .lazy import precise

FEATURES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {  # of the block's x and z
    "input similarity": lambda x, z: x,
    "output similarity": lambda x, z: z - x,
}
SIMILARITIES = tuple(FEATURES)


def similarity(name: str, x: Tensor, z: Tensor) -> Factors:
    """A_ij = cos(f_i, f_j) of every pair of positions, in -1 to 1: (B, N, N), kept as unit vectors.

    GCNet's cosine distances (arXiv 1904.11492, section 3.2) are means of (1 - A_ij) / 2 of these.

    Args:
        name: ``input similarity``, f = x; ``output similarity``, f = z - x, what the block added.
        x, z: the block's input and output, (B, C, *grid).

    Raises:
        ValueError: a position's features are all zero, so they have no direction.
    """
    features = FEATURES[name](precise(x), precise(z)).flatten(2).mT  # (B, N, C)
    lengths = features.double().norm(dim=2, keepdim=True)
    if not (lengths > 0).all():
        raise ValueError("the block adds nothing somewhere, so there is nothing to compare" if name != SIMILARITIES[0]
                         else "the block's input is zero somewhere, so there is nothing to compare")
    unit = (features / lengths).to(features.dtype)
    return Factors(unit, unit, "dot")
