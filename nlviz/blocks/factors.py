"""A position map kept as projected queries and keys: exact rows and columns without the dense map."""

from dataclasses import dataclass

import torch
from torch import Tensor

ROW_BLOCK_BYTES = 64 * 2**20  # rows computed at a time while streaming


@dataclass(frozen=True)
class Factors:
    """An N x N' map A given by q_i and k_j (Wang et al. 2018, arXiv 1711.07971, eq. 2 to 5).

    Attributes:
        q: (B, N, C') projected queries.
        k: (B, N', C') projected keys.
        kind: how a pair becomes a weight:
            ``softmax``  A_ij = exp(q_i . k_j) / sum_m exp(q_i . k_m), in [0, 1], rows sum to 1;
            ``dot``      A_ij = q_i . k_j / N', signed;
            ``relu_sum`` A_ij = max(0, q_i + k_j) / N', C' = 1, >= 0.
    """

    q: Tensor
    k: Tensor
    kind: str

    @property
    def nbytes(self) -> int:
        """Bytes of the dense map that these factors stand for."""
        return self.q.shape[0] * self.q.shape[1] * self.k.shape[1] * self.q.element_size()

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        """Rows start to stop of the map, (B, stop - start, N')."""
        q, keys = self.q[:, start:stop], self.k.shape[1]
        if self.kind == "relu_sum":
            return torch.relu(q + self.k.mT) / keys  # (B, n, 1) + (B, 1, N')
        logits = q @ self.k.mT
        return logits.softmax(-1) if self.kind == "softmax" else logits / keys

    def column(self, key: int) -> Tensor:
        """The weight that every query gives to one key, (B, N)."""
        k = self.k[:, key : key + 1]
        if self.kind == "relu_sum":
            return torch.relu(self.q + k)[..., 0] / self.k.shape[1]
        logits = (self.q @ k.mT)[..., 0]
        return (logits - self.log_sum()).exp() if self.kind == "softmax" else logits / self.k.shape[1]

    def log_sum(self) -> Tensor:
        """log sum_m exp(q_i . k_m) of every query, (B, N): what turns a logit into a softmax weight."""
        return torch.cat([(self.q[:, a:b] @ self.k.mT).logsumexp(-1) for a, b in self._row_blocks()], 1)

    def dense(self) -> Tensor:
        """The whole map, (B, N, N')."""
        return self.rows()

    def __matmul__(self, values: Tensor) -> Tensor:
        """A times values (B, N', C) -> (B, N, C), a block of rows at a time."""
        return torch.cat([self.rows(a, b) @ values for a, b in self._row_blocks()], 1)

    def _row_blocks(self):
        n = self.q.shape[1]
        step = max(1, ROW_BLOCK_BYTES * n // self.nbytes)
        return [(start, min(start + step, n)) for start in range(0, n, step)]
