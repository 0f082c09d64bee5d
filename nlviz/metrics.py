"""Numbers read off rows of weights."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

STEP, FIRST, LAST = 0.4, -50, 73  # nodes t = e^(STEP n), n = FIRST..LAST, of the trapezoid rule in ln t


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
    _check_distributions(rows)
    return torch.special.entr(rows).sum(-1)


def cosine_distance(a: Tensor, b: Tensor) -> Tensor:
    """(1 - cos(a, b)) / 2, 0 for one direction, 0.5 for orthogonal vectors, 1 for opposite ones (GCNet, arXiv 1904.11492, 3.2).

    Args:
        a, b: (..., C).

    Returns:
        (...).

    Raises:
        ValueError: a vector is zero and has no direction.

    Example:
        >>> cosine_distance(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 2.0]))
        tensor(0.5000)
    """
    return (1 - (_directions(a) * _directions(b)).sum(-1)) / 2


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
    return (entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2).clamp_min(0)


def mean_cosine_distance(rows: Tensor) -> float:
    """The mean cosine distance over all N^2 pairs of rows, i = j included, 0 to 1: (1 - |mean_i u_i|^2) / 2 with u_i = v_i / |v_i|.

    Args:
        rows: (N, C).

    Raises:
        ValueError: a row is zero and has no direction.
    """
    return ((1 - _directions(rows.double()).mean(0).square().sum()) / 2).item()


def mean_js_divergence(rows: Tensor | Iterable[Tensor]) -> float:
    """The mean Jensen-Shannon divergence over all N^2 pairs of rows, i = j included, in nats, 0 to ln 2.

    In N x N' x nodes steps instead of N^2 x N': only sum_ij g(a_i + a_j) with g(s) = s ln s goes over pairs, and Frullani's
    ln s = integral_0^inf (e^-t - e^-ts) / t dt separates it, since e^-t(x + y) = e^-tx e^-ty. The trapezoid rule in ln t
    agrees with all pairs to 1e-7 nats for float64 rows and 1e-6 for float32 (tested up to 60 rows of 200 keys, flat to one-hot).

    Args:
        rows: (N, N') distributions, or blocks (n, N') of them one after the other: the whole map need not exist at once.

    Raises:
        ValueError: a row is negative somewhere or does not sum to 1, or there is no row.
    """
    nodes, count, sums, weighted, total, own = None, 0, None, None, 0, 0.0
    for block in [rows] if isinstance(rows, Tensor) else rows:
        _check_distributions(block)
        if sums is None:
            nodes = torch.exp(STEP * torch.arange(FIRST, LAST + 1, dtype=torch.float64)).to(block.device)
            sums, weighted = (torch.zeros(len(nodes), block.shape[-1], dtype=torch.float64, device=block.device) for _ in range(2))
        for number, t in enumerate(nodes):
            decayed = torch.exp(-t.to(block.dtype) * block)
            sums[number] += decayed.sum(0, dtype=torch.float64)
            weighted[number] += (block * decayed).sum(0, dtype=torch.float64)
        count, total = count + len(block), total + block.sum(0, dtype=torch.float64)
        own += torch.special.entr(block.double()).sum().item()
    if not count:
        raise ValueError("there is no row to compare")
    pairs = STEP * (2 * count * torch.exp(-nodes)[:, None] * total - 2 * weighted * sums).sum().item()  # sum_ijk g(a_ik + a_jk)
    return min(max(math.log(2) - pairs / (2 * count**2) - own / count, 0.0), math.log(2))


def _check_distributions(rows: Tensor) -> None:
    if (rows < 0).any() or not torch.allclose(rows.sum(-1), rows.new_ones(()), atol=1e-3):
        raise ValueError("this needs distributions: rows that are nowhere negative and sum to 1")


def _directions(vectors: Tensor) -> Tensor:
    length = vectors.norm(dim=-1, keepdim=True)
    if (length == 0).any():
        raise ValueError("a vector that is zero everywhere has no direction, so its cosine is undefined")
    return vectors / length
