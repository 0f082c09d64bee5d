"""Relative positions as a part of queries and keys: what was added to the logits, where it is a sum over the axes of the grid."""

from dataclasses import replace

import torch
from torch import Tensor

from ..maps import Factors, cells

CLOSE = 1e-3  # of a logit: what float32 leaves of its logarithm
BLOCK = 2**20  # logits at a time


def decomposed(weights: Tensor, plain: Factors, grid: tuple[int, ...], tokens: int) -> Factors | None:
    """softmax(scale q . k + r) as softmax(q' . k') with r in wider queries and keys; None where r is no such sum.

    Li et al.: MViTv2, 2022 (arXiv 2112.01526), eq. 3 and 4: r_ij = q_i . R_h + q_i . R_w + q_i . R_t depends on the key's row, its
    column and its frame, each by itself. So q' is scale q with, for every row, column and frame that a key may have, what is
    added there, and k' is k with a 1 at its own ones. Named keys have one of each. What is the same for all keys cancels.

    Args:
        weights: (B, heads, N, N') of which r is told.
        plain: q and k, kind softmax.
        grid: of the keys, behind which ``tokens`` named ones stand.
    """
    step = max(1, BLOCK // (weights.shape[0] * weights.shape[1] * weights.shape[-1]))
    parts = [_added(weights[:, :, start : start + step], plain, start, grid, tokens) for start in range(0, weights.shape[2], step)]
    if any(part is None for part in parts):
        return None
    wide = torch.cat(parts, 2)  # (B, heads, N, rows + columns + frames + tokens)
    q = torch.cat([plain.q * plain.scale, wide.to(plain.q.dtype)], -1)
    places = _places(grid, tokens).to(plain.k)
    k = torch.cat([plain.k, places.expand(*plain.k.shape[:-1], -1)], -1)
    return replace(plain, q=q, k=k, scale=1.0)


def _added(weights: Tensor, plain: Factors, start: int, grid: tuple[int, ...], tokens: int) -> Tensor | None:
    """What is added for some queries to each frame, row, column and named key: (B, heads, n, sum of the axes + tokens)."""
    q = plain.q[:, :, start : start + weights.shape[2]].double() * plain.scale
    more = weights.double().log() - q @ plain.k.double().mT
    positions = more[..., : cells(grid)].unflatten(-1, grid)
    if not bool(more.isfinite().all()):
        return None
    axes = range(-len(grid), 0)
    whole = positions.mean(tuple(axes), keepdim=True)
    each = [positions.mean([other for other in axes if other != axis], keepdim=True) - whole for axis in axes]
    left = positions - whole - sum(each)
    if left.abs().max() > CLOSE:
        return None
    rows = [part.flatten(-len(grid)) for part in each]
    return torch.cat([*rows, more[..., cells(grid):] - whole.flatten(-len(grid))], -1)


def _places(grid: tuple[int, ...], tokens: int) -> Tensor:
    """Ones at each key's frame, row and column, of named keys at themselves: (N', sum of the axes + tokens)."""
    index = torch.cartesian_prod(*(torch.arange(size) for size in grid)).view(-1, len(grid))
    ones = [torch.nn.functional.one_hot(index[:, axis], size) for axis, size in enumerate(grid)]
    return torch.block_diag(torch.cat(ones, 1), torch.eye(tokens)) if tokens else torch.cat(ones, 1)
