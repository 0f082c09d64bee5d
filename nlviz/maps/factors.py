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
        q: (B, N, C') projected queries.
        k: (B, N', C') projected keys.
        kind: how a pair becomes a weight:
            ``softmax``  A_ij = exp(q_i . k_j) / sum_m exp(q_i . k_m), in [0, 1], rows sum to 1;
            ``dot``      A_ij = q_i . k_j, signed;
            ``relu_sum`` A_ij = max(0, q_i + k_j), C' = 1, >= 0.
        cells: for ``softmax`` with as many keys as queries: the number (N,) of the cell that a position lies in.
            Positions of two cells do not see each other: A_ij = 0. None where there is one cell.
    """

    q: Tensor
    k: Tensor
    kind: str
    cells: Tensor | None = None

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.q.shape[0], self.q.shape[1], self.k.shape[1]

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        q = self.q[:, start:stop]
        if self.kind == "relu_sum":
            return torch.relu(q + self.k.mT)  # (B, n, 1) + (B, 1, N')
        if self.kind == "dot":
            return q @ self.k.mT
        return self._logits(start, stop).softmax(-1).to(self.q.dtype)

    def _logits(self, start: int, stop: int | None) -> Tensor:
        logits = precise(self.q[:, start:stop]) @ precise(self.k).mT  # bfloat16 would round a logit of 20 by up to 6 %
        if self.cells is None:
            return logits
        return logits.masked_fill(self.cells[start:stop, None] != self.cells, -torch.inf)

    def column(self, key: int) -> Tensor:
        k = self.k[:, key : key + 1]
        if self.kind == "relu_sum":
            return torch.relu(self.q + k)[..., 0]
        if self.kind == "dot":
            return (self.q @ k.mT)[..., 0]
        column = ((precise(self.q) @ precise(k).mT)[..., 0] - self.log_sum()).exp().to(self.q.dtype)
        return column if self.cells is None else column.masked_fill(self.cells != self.cells[key], 0)

    def log_sum(self) -> Tensor:
        """log sum_m exp(q_i . k_m) of every query, (B, N): what turns a logit into a softmax weight."""
        return torch.cat([self._logits(start, stop).logsumexp(-1) for start, stop in self.spans()], 1)

    def __matmul__(self, values: Tensor) -> Tensor:
        """A times values (B, N', C) -> (B, N, C), without the dense map wherever the kind allows."""
        if self.kind == "dot":
            return self.q @ (self.k.mT @ values)
        if self.kind == "relu_sum":
            return super().__matmul__(values)
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
        if self.kind == "softmax":
            raise ValueError("the transpose of a softmax over rows is no softmax over rows, so it has no such form")
        return Factors(self.k, self.q, self.kind)

    def members(self) -> list[Tensor]:
        """The positions of each cell."""
        if self.cells is None:
            return [torch.arange(self.shape[1], device=self.q.device)]
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
        if self.kind != "softmax":
            raise ValueError(f"only a softmax over q . k splits into a pairwise and a unary term, not kind {self.kind!r}")
        q, k = precise(self.q), precise(self.k)
        mean_q, mean_k = self._means(q), self._means(k)
        return replace(self, q=q - mean_q, k=k - mean_k), replace(self, q=mean_q.expand_as(q), k=k)

    def _means(self, vectors: Tensor) -> Tensor:
        """The mean vector of each position's cell, (B, N, C'), or (B, 1, C') where there is one cell."""
        if self.cells is None:
            return vectors.mean(1, keepdim=True)
        means = torch.stack([vectors[:, inside].mean(1) for inside in self.members()], 1)
        return means[:, self.cells.unique(return_inverse=True)[1]]
