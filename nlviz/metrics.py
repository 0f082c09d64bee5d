"""Numbers read off rows of weights."""

import torch
from torch import Tensor


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
    if (rows < 0).any() or not torch.allclose(rows.sum(-1), rows.new_ones(()), atol=1e-3):
        raise ValueError("entropy needs distributions: rows that are nowhere negative and sum to 1")
    return torch.special.entr(rows).sum(-1)
