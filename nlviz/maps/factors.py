"""A map of positions kept as projected queries and keys."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .attending import attend
from .lazy import LazyMap, precise


@dataclass(frozen=True)
class Factors(LazyMap):
    """An N x N' map A given by q_i and k_j (Wang et al. 2018, arXiv 1711.07971, eq. 2 to 5).

    Attributes:
        q: (B, N, C') projected queries; with heads (B, heads, N, C'), with windows (B, windows, heads, N, C').
        k: (B, N', C') projected keys, likewise; where several heads of queries share the keys of one, fewer heads.
        kind: how a pair becomes a weight:
            ``softmax``  A_ij = exp(q_i . k_j) / sum_m exp(q_i . k_m), in [0, 1], rows sum to 1;
            ``dot``      A_ij = q_i . k_j, signed;
            ``relu_sum`` A_ij = max(0, q_i + k_j), C' = 1, >= 0.
        cells: for ``softmax`` with as many keys as queries: the number (N,) of the cell that a position lies in.
            Positions of two cells do not see each other: A_ij = 0. None where there is one cell.
        bias: of the logits, broadcastable to the map: added, or where it is bool, False for what is not seen; or several.
        scale: of q . k.
        causal: whether a query sees only the keys up to its own number.
    """

    q: Tensor
    k: Tensor
    kind: str
    cells: Tensor | None = None
    bias: Tensor | tuple[Tensor, ...] | None = None
    scale: float = 1.0
    causal: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return *self.q.shape[:-1], self.k.shape[-2]

    @property
    def biases(self) -> tuple[Tensor, ...]:
        """All that is added to the logits."""
        return self.bias if isinstance(self.bias, tuple) else () if self.bias is None else (self.bias,)

    @property
    def plain(self) -> bool:
        """Whether a weight follows from q_i . k_j, and from nothing else of the pair."""
        return self.bias is None and not self.causal and self.q.dim() == 3

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        q = self.q[..., start:stop, :]
        if self.kind == "relu_sum":
            return torch.relu(q + self.k.mT)  # (B, n, 1) + (B, 1, N')
        if self.kind == "dot":
            return q @ self._keys().mT if self.scale == 1 else q @ self._keys().mT * self.scale
        return _softmax(self._logits(start, stop)).to(self.q.dtype)

    def _keys(self, key: slice = slice(None)) -> Tensor:
        """Those of every head of queries."""
        k = self.k[..., key, :]
        return k if k.dim() == 3 or k.shape[-3] == self.q.shape[-3] else k.repeat_interleave(self.q.shape[-3] // k.shape[-3], -3)

    def _logits(self, start: int, stop: int | None, key: slice = slice(None)) -> Tensor:
        q = precise(self.q[..., start:stop, :])  # bfloat16 would round a logit of 20 by up to 6 %
        logits = q @ precise(self._keys(key)).mT
        if self.scale != 1:
            logits = logits * self.scale
        for bias in self.biases:
            logits = _biased(logits, part_of(part_of(bias, -2, slice(start, stop)), -1, key))
        if self.causal:
            queries, keys = (torch.arange(n, device=q.device)[part] for n, part in zip(self.shape[-2:], (slice(start, stop), key)))
            logits = logits.masked_fill(keys > queries[:, None], -torch.inf)
        if self.cells is None:
            return logits
        return logits.masked_fill(self.cells[start:stop, None] != self.cells[key], -torch.inf)

    def column(self, key: int) -> Tensor:
        one = slice(key, key + 1)
        if self.kind == "relu_sum":
            return torch.relu(self.q + self.k[:, one])[..., 0]
        if self.kind == "dot":
            return (self.q @ self._keys(one).mT)[..., 0] * self.scale
        column = (self._logits(0, None, one)[..., 0] - self.log_sum()).exp()
        return column.nan_to_num(0.0).to(self.q.dtype) if self.bias is not None else column.to(self.q.dtype)

    def log_sum(self) -> Tensor:
        """log sum_m exp(q_i . k_m) of every query, (B, N): what turns a logit into a softmax weight."""
        if self.cells is not None and self.plain:  # only what a query sees is computed
            found = precise(self.q).new_empty(self.q.shape[:-1])
            for inside in self.members():
                found[:, inside] = replace(self, q=self.q[:, inside], k=self.k[:, inside], cells=None).log_sum()
            return found
        return torch.cat([self._logits(start, stop).logsumexp(-1) for start, stop in self.spans()], -1)

    def __matmul__(self, values: Tensor) -> Tensor:
        """A times values (B, N', C) -> (B, N, C), without the dense map wherever the kind allows."""
        if not self.plain or self.kind == "relu_sum":
            return super().__matmul__(values)
        if self.kind == "dot":
            return self.q @ (self.k.mT @ values) * self.scale
        if self.scale != 1:
            return replace(self, q=self.q * self.scale, scale=1.0) @ values
        if self.cells is None:
            return attend(self.q, self.k, values)
        found = values.new_empty(*self.q.shape[:2], values.shape[2])
        for inside in self.members():
            found[:, inside] = attend(self.q[:, inside], self.k[:, inside], values[:, inside])
        return found

    @property
    def mT(self) -> "Factors":
        """The transposed map of kind ``dot`` or ``relu_sum``.

        Raises:
            ValueError: the map is a softmax, whose transpose is none.
        """
        if self.kind == "softmax" or not self.plain:
            raise ValueError("the transpose of a softmax over rows is no softmax over rows, so it has no such form")
        return Factors(self.k, self.q, self.kind)

    def members(self) -> list[Tensor]:
        """The positions of each cell."""
        if self.cells is None:
            return [torch.arange(self.shape[-2], device=self.q.device)]
        return [(self.cells == cell).nonzero()[:, 0] for cell in self.cells.unique()]

    def split(self) -> tuple["Factors", "Factors"]:
        """The pairwise and the unary term of a softmax (Yin et al. 2020, arXiv 2006.06668, eq. 5 to 8).

        q_i . k_j = (q_i - mu_q) . (k_j - mu_k) + mu_q . k_j + terms that are the same for every key and cancel in the
        softmax. With a partition mu is the mean of a cell.

        Returns:
            softmax of the first term, which depends on the query, and softmax of the second, which is the same for every
            query (of a cell). Row by row A is their product divided by its sum.

        Raises:
            ValueError: the map is no softmax over q_i . k_j.
        """
        if self.kind != "softmax" or self.bias is not None or self.causal:
            what = f"kind {self.kind!r}" if self.kind != "softmax" else "one with a bias or a mask"
            raise ValueError(f"only a softmax over q . k splits into a pairwise and a unary term, not {what}")
        q, k = precise(self.q), precise(self.k)
        mean_q, mean_k = self._means(q), self._means(k)
        return replace(self, q=q - mean_q, k=k - mean_k), replace(self, q=mean_q.expand_as(q), k=k)

    def _means(self, vectors: Tensor) -> Tensor:
        """The mean vector of each position's cell, (B, N, C'), or (B, 1, C') where there is one cell."""
        if self.cells is None:
            return vectors.mean(-2, keepdim=True)
        means = torch.stack([vectors[:, inside].mean(1) for inside in self.members()], 1)
        return means[:, self.cells.unique(return_inverse=True)[1]]


def part_of(bias: Tensor, axis: int, of: slice) -> Tensor:
    """A slice of a bias along an axis, which it may be the same along."""
    return bias if bias.dim() < -axis or bias.shape[axis] == 1 else bias[(..., of) + (slice(None),) * (-axis - 1)]


def _biased(logits: Tensor, bias: Tensor) -> Tensor:
    return logits.masked_fill(~bias, -torch.inf) if bias.dtype == torch.bool else logits + bias


def _softmax(logits: Tensor) -> Tensor:
    """A query that sees nothing has weights of 0, as in PyTorch's own."""
    found = logits.softmax(-1)
    return found.nan_to_num(0.0) if logits.numel() and logits.isneginf().all(-1).any() else found
