"""Numbers of one row of weights, and distances between two. All take batches: leading dimensions broadcast."""

import math

import torch
from torch import Tensor

UNDEFINED = "needs distributions: rows that are nowhere negative and sum to 1"


def entropy(rows: Tensor, computed_in: torch.dtype | None = None) -> Tensor:
    """Shannon entropy H(p) = -sum_k p_k ln p_k of each row, in nats, 0 to ln N'; 0 ln 0 = 0.

    Args:
        rows: (..., N') distributions.
        computed_in: the precision that they were computed in, where it was another one: their sums are as exact as that.

    Returns:
        (...), of half precision in float32.

    Raises:
        ValueError: a row is negative somewhere or does not sum to 1.

    Example:
        >>> entropy(torch.tensor([0.5, 0.5, 0.0]))
        tensor(0.6931)
    """
    check_distributions(rows, "entropy", computed_in)
    return torch.special.entr(precise(rows)).sum(-1)


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
    return precise(rows).topk(k).values.sum(-1)


def attention_distance(rows: Tensor, queries: Tensor, keys: Tensor) -> Tensor:
    """The mean distance between a query and its keys, weighted by the row: sum_k p_k |x_query - x_k|.

    Args:
        rows: (..., N') distributions.
        queries: (..., D) the place of each row's query, in pixels; D = 2, or in time alone 1.
        keys: (N', D) the place of each key, in pixels.

    Returns:
        (...), in pixels.

    Raises:
        ValueError: a row is negative somewhere or does not sum to 1.

    Example:
        >>> attention_distance(torch.tensor([0.5, 0.5]), torch.tensor([0.0, 0.0]), torch.tensor([[0.0, 0.0], [3.0, 4.0]]))
        tensor(2.5000)
    """
    check_distributions(rows, "attention distance")
    rows = precise(rows)
    asked = queries if queries.dim() == 2 else queries[..., None, :]
    apart = torch.cdist(asked.to(rows.dtype), keys.to(rows.dtype), compute_mode="donot_use_mm_for_euclid_dist")
    return (rows * apart.view(*queries.shape[:-1], len(keys))).sum(-1)


def frame_shares(rows: Tensor, frames: int) -> Tensor:
    """What each frame's keys have of a row of a clip's map together: with keys (t, k) of T' frames, sum_k p_tk.

    Of the mean distance in time: ``attention_distance(frame_shares(rows, T'), of_queries, of_frames)`` with places (..., 1).

    Args:
        rows: (..., N'), keys frame after frame; of any sign.
        frames: T'.

    Returns:
        (..., T'), of half precision in float32.

    Raises:
        ValueError: N' keys are not as many in each frame.

    Example:
        >>> frame_shares(torch.tensor([0.1, 0.2, 0.3, 0.4]), 2)
        tensor([0.3000, 0.7000])
    """
    return _by_frame(rows, frames).sum(-1)


def place_shares(rows: Tensor, frames: int) -> Tensor:
    """What each place of the frame has of a row of a clip's map, all frames together: sum_t p_tk.

    Of the mean distance within the frame: ``attention_distance(place_shares(rows, T'), of_queries, of_places)``.

    Args, Raises: as of ``frame_shares``.

    Returns:
        (..., N' / T'), of half precision in float32.

    Example:
        >>> place_shares(torch.tensor([0.1, 0.2, 0.3, 0.4]), 2)
        tensor([0.4000, 0.6000])
    """
    return _by_frame(rows, frames).sum(-2)


def _by_frame(rows: Tensor, frames: int) -> Tensor:
    if frames < 1 or rows.shape[-1] % frames:
        raise ValueError(f"{rows.shape[-1]} keys are not those of {frames} frames with as many keys each")
    return precise(rows).unflatten(-1, (frames, -1))


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


def js_divergence(p: Tensor, q: Tensor, computed_in: torch.dtype | None = None) -> Tensor:
    """Jensen-Shannon divergence H((p + q) / 2) - (H(p) + H(q)) / 2, in nats, 0 to ln 2 (GCNet, arXiv 1904.11492, 3.2).

    SciPy's ``jensenshannon`` is its square root.

    Args:
        p, q: (..., N') distributions; 0 ln 0 = 0.
        computed_in: as in ``entropy``.

    Returns:
        (...), of half precision in float32.

    Raises:
        ValueError: a row is negative somewhere or does not sum to 1.

    Example:
        >>> js_divergence(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))
        tensor(0.6931)
    """
    for rows in (p, q):
        check_distributions(rows, "Jensen-Shannon divergence", computed_in)
    p, q, entr = precise(p), precise(q), torch.special.entr
    return (entr((p + q) / 2) - (entr(p) + entr(q)) / 2).sum(-1).clamp(0, math.log(2))


def check_distributions(rows: Tensor, what: str, computed_in: torch.dtype | None = None) -> None:
    """Raise ValueError where rows are no distributions, saying what needs them.

    A row sums to 1 within 1e-3, or within 2 eps of the precision that it was computed in: 0.002 in float16, 0.016 in bfloat16.
    """
    computed_in, rows = computed_in or rows.dtype, precise(rows)
    tolerance = max(1e-3, 2 * torch.finfo(computed_in).eps) if computed_in.is_floating_point else 1e-3
    lowest = rows.min().item() if rows.numel() else 0
    if lowest < 0:
        raise ValueError(f"{what} {UNDEFINED}; the lowest weight is {lowest:.3g}")
    off = (rows.sum(-1) - 1).abs()
    if not (off < tolerance).all():  # not a number counts as off
        raise ValueError(f"{what} {UNDEFINED}; a row sums to {rows.sum(-1).flatten()[off.flatten().argmax()]:.6g}")


def precise(rows: Tensor) -> Tensor:
    """Half precision as float32, which holds it exactly; anything else as it is."""
    return rows.to(torch.promote_types(rows.dtype, torch.float32))


def directions(vectors: Tensor) -> Tensor:
    """Each vector divided by its length; ValueError where that is 0 or not finite."""
    vectors = precise(vectors)
    length = vectors.norm(dim=-1, keepdim=True)
    if not ((length > 0) & length.isfinite()).all():
        raise ValueError("a vector that is zero everywhere or not finite has no direction, so its cosine is undefined")
    return vectors / length
