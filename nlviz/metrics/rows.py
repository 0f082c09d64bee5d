"""Numbers of one row of weights, and distances between two. All take batches: leading dimensions broadcast."""

import math

import torch
from torch import Tensor

UNDEFINED = "needs distributions: rows that are nowhere negative and sum to 1"


def entropy(rows: Tensor) -> Tensor:
    """Shannon entropy H(p) = -sum_k p_k ln p_k of each row, in nats, 0 to ln N'; 0 ln 0 = 0.

    Args:
        rows: (..., N') distributions.

    Returns:
        (...).

    Raises:
        ValueError: a row is negative somewhere or does not sum to 1.

    Example:
        >>> entropy(torch.tensor([0.5, 0.5, 0.0]))
        tensor(0.6931)
    """
    check_distributions(rows, "entropy")
    return torch.special.entr(rows).sum(-1)


def top_mass(rows: Tensor, k: int) -> Tensor:
    """The weight that a row's k largest keys have together, k / N' (flat) to 1.

    Args:
        rows: (..., N') distributions.
        k: 1 to N'.

    Returns:
        (...).

    Raises:
        ValueError: a row is negative somewhere or does not sum to 1, or there are no k keys.

    Example:
        >>> top_mass(torch.tensor([0.2, 0.5, 0.3]), 2)
        tensor(0.8000)
    """
    check_distributions(rows, "top-k mass")
    if not 1 <= k <= rows.shape[-1]:
        raise ValueError(f"k must be 1 to {rows.shape[-1]}, the number of keys, got {k}")
    return rows.topk(k).values.sum(-1)


def attention_distance(rows: Tensor, queries: Tensor, keys: Tensor) -> Tensor:
    """The mean distance between a query and its keys, weighted by the row: sum_k p_k |x_query - x_k|.

    Args:
        rows: (..., N') distributions.
        queries: (..., 2) the place of each row's query, in pixels.
        keys: (N', 2) the place of each key, in pixels.

    Returns:
        (...), in pixels.

    Raises:
        ValueError: a row is negative somewhere or does not sum to 1.

    Example:
        >>> attention_distance(torch.tensor([0.5, 0.5]), torch.tensor([0.0, 0.0]), torch.tensor([[0.0, 0.0], [3.0, 4.0]]))
        tensor(2.5000)
    """
    check_distributions(rows, "attention distance")
    return (rows * (queries[..., None, :] - keys).norm(dim=-1).to(rows.dtype)).sum(-1)


def cosine_distance(a: Tensor, b: Tensor) -> Tensor:
    """(1 - cos(a, b)) / 2, 0 for one direction, 0.5 for orthogonal vectors, 1 for opposite ones (GCNet, arXiv 1904.11492, 3.2).

    Args:
        a, b: (..., C).

    Returns:
        (...).

    Raises:
        ValueError: a vector is zero or not finite and has no direction.

    Example:
        >>> cosine_distance(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 2.0]))
        tensor(0.5000)
    """
    return ((1 - (directions(a) * directions(b)).sum(-1)) / 2).clamp(0, 1)


def js_divergence(p: Tensor, q: Tensor) -> Tensor:
    """Jensen-Shannon divergence H((p + q) / 2) - (H(p) + H(q)) / 2, in nats, 0 to ln 2 (GCNet, arXiv 1904.11492, 3.2).

    SciPy's ``jensenshannon`` is its square root.

    Args:
        p, q: (..., N') distributions; 0 ln 0 = 0.

    Returns:
        (...).

    Raises:
        ValueError: a row is negative somewhere or does not sum to 1.

    Example:
        >>> js_divergence(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
        tensor(0.6931)
    """
    for rows in (p, q):
        check_distributions(rows, "Jensen-Shannon divergence")
    entr = torch.special.entr
    return (entr((p + q) / 2) - (entr(p) + entr(q)) / 2).sum(-1).clamp(0, math.log(2))


def check_distributions(rows: Tensor, what: str) -> None:
    """Raise ValueError where rows are no distributions, saying what needs them."""
    lowest = rows.min().item() if rows.numel() else 0
    if lowest < 0:
        raise ValueError(f"{what} {UNDEFINED}; the lowest weight is {lowest:.3g}")
    off = (rows.sum(-1) - 1).abs()
    if not (off < 1e-3).all():  # not a number counts as off
        raise ValueError(f"{what} {UNDEFINED}; a row sums to {rows.sum(-1).flatten()[off.flatten().argmax()]:.6g}")


def directions(vectors: Tensor) -> Tensor:
    """Each vector divided by its length; ValueError where that is 0 or not finite."""
    length = vectors.norm(dim=-1, keepdim=True)
    if not ((length > 0) & length.isfinite()).all():
        raise ValueError("a vector that is zero everywhere or not finite has no direction, so its cosine is undefined")
    return vectors / length
