"""Modules that somebody else could have written, each with the map that it used, by hand."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint


class Written(nn.Module):
    """Queries, keys and values of tokens (B, N, 8), one layer each; subclasses say what is made of them."""

    heads = 1

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v = (nn.Linear(8, 8) for _ in range(3))

    def forward(self, x: Tensor) -> Tensor:
        return self.attend(self.q(x), self.k(x), self.v(x))

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return self.map(q, k) @ v

    def map(self, q: Tensor, k: Tensor) -> Tensor:
        return (q @ k.transpose(1, 2) / math.sqrt(8)).softmax(-1)

    def used(self, x: Tensor) -> Tensor:
        """(B, heads, N, N') by a plain recomputation."""
        return self.map(self.q(x), self.k(x))[:, None]


class Functional(Written):
    def map(self, q, k):
        return F.softmax(torch.bmm(q, k.mT) * 8**-0.5, dim=2)


class FirstAxis(Written):
    """softmax over the first axis and v @ A: the row of query j is A[:, j]."""

    def attend(self, q, k, v):
        return (v.mT @ self.keys_first(q, k)).mT

    def keys_first(self, q, k):
        return (k @ q.mT).softmax(-2)

    def used(self, x):
        return self.keys_first(self.q(x), self.k(x)).mT[:, None]


class Einsum(Written):
    def attend(self, q, k, v):
        return torch.einsum("bij,bjc->bic", self.map(q, k), v)

    def map(self, q, k):
        return torch.einsum("bic,bjc->bij", q, k).softmax(-1)


class EinsumHeads(Written):
    heads = 2

    def attend(self, q, k, v):
        a = self.map(q, k)
        return torch.einsum("b h i j, b j h d -> b i h d", a, v.unflatten(-1, (2, 4))).flatten(2)

    def map(self, q, k):
        q, k = (t.unflatten(-1, (2, 4)) for t in (q, k))
        return torch.einsum("b i h d, b j h d -> b h i j", q, k).softmax(-1)

    def used(self, x):
        return self.map(self.q(x), self.k(x))


class NoSoftmax(Written):
    """SlowFast's and mmcv's dot product."""

    def map(self, q, k):
        return q @ k.mT / k.shape[1]


class ByHandNormalised(Written):
    """A softmax written out."""

    def map(self, q, k):
        logits = q @ k.mT
        weights = (logits - logits.amax(-1, keepdim=True)).exp()
        return weights / weights.sum(-1, keepdim=True)


class Sigmoid(Written):
    def map(self, q, k):
        return (q @ k.mT).sigmoid()


class TwoHeads(Written):
    """Two heads, each by hand."""

    heads = 2

    def attend(self, q, k, v):
        q, k, v = (t.view(*t.shape[:2], 2, 4).transpose(1, 2) for t in (q, k, v))
        return (self.split(q, k) @ v).transpose(1, 2).flatten(2)

    def split(self, q, k):
        return (q * 0.5 @ k.mT).softmax(-1)

    def used(self, x):
        return self.split(*(t.view(*t.shape[:2], 2, 4).transpose(1, 2) for t in (self.q(x), self.k(x))))


class HeadsInTheBatch(TwoHeads):
    """Heads folded into the axis of items, as in MultiheadAttention."""

    def attend(self, q, k, v):
        q, k, v = (t.view(*t.shape[:2], 2, 4).transpose(1, 2).flatten(0, 1) for t in (q, k, v))
        return torch.bmm(self.split(q, k), v).unflatten(0, (-1, 2)).transpose(1, 2).flatten(2)


class TalkingHeads(TwoHeads):
    """CaiT mixes heads before and after its softmax: what is used is behind both."""

    def __init__(self):
        super().__init__()
        self.before, self.after = nn.Linear(2, 2), nn.Linear(2, 2)

    def split(self, q, k):
        logits = self.before((q @ k.mT).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        return self.after(logits.softmax(-1).permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Fused(TwoHeads):
    options: dict = {}

    def attend(self, q, k, v):
        q, k, v = (t.view(*t.shape[:2], 2, 4).transpose(1, 2) for t in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v, **self.options).transpose(1, 2).flatten(2)


class FusedCausal(Fused):
    options = {"is_causal": True, "scale": 0.7}

    def split(self, q, k):
        seen = torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril()
        return (q @ k.mT * 0.7).masked_fill(~seen, -torch.inf).softmax(-1)


class FusedMasked(Fused):
    """A mask of what is not seen, and a query that sees nothing."""

    @staticmethod
    def mask(n):
        seen = torch.ones(n, n, dtype=torch.bool)
        seen[:, 1], seen[2] = False, False
        return seen

    def attend(self, q, k, v):
        self.options = {"attn_mask": self.mask(q.shape[1])}
        return super().attend(q, k, v)

    def split(self, q, k):
        return (q @ k.mT / 2).masked_fill(~self.mask(q.shape[-2]), -torch.inf).softmax(-1).nan_to_num(0)


class FusedBiased(FusedMasked):
    @staticmethod
    def mask(n):
        return torch.linspace(-1, 1, 2 * n * n).view(2, n, n)

    def split(self, q, k):
        return (q @ k.mT / 2 + self.mask(q.shape[-2])).softmax(-1)


class Grouped(Written):
    """Four heads of queries share two of keys and values."""

    heads = 4

    def __init__(self):
        super().__init__()
        self.k, self.v = nn.Linear(8, 4), nn.Linear(8, 4)

    def parts(self, q, k):
        return q.view(*q.shape[:2], 4, 2).transpose(1, 2), k.view(*k.shape[:2], 2, 2).transpose(1, 2)

    def attend(self, q, k, v):
        (q, k), (_, v) = self.parts(q, k), self.parts(q, v)
        return F.scaled_dot_product_attention(q, k, v, enable_gqa=True).transpose(1, 2).flatten(2)

    def used(self, x):
        q, k = self.parts(self.q(x), self.k(x))
        return (q @ k.repeat_interleave(2, 1).mT / math.sqrt(2)).softmax(-1)


class Checkpointed(Written):
    reentrant = False

    def forward(self, x):
        return checkpoint(super().forward, x, use_reentrant=self.reentrant)


class CheckpointedReentrant(Checkpointed):
    reentrant = True


class Renormalised(Written):
    """A softmax over the queries whose rows are made to sum to one."""

    def map(self, q, k):
        weights = (q @ k.mT).softmax(1)
        return weights / (1e-9 + weights.sum(2, keepdim=True))


EVERY = [Written, Functional, FirstAxis, Einsum, EinsumHeads, NoSoftmax, ByHandNormalised, Sigmoid, TwoHeads, HeadsInTheBatch,
         TalkingHeads, Fused, FusedCausal, FusedMasked, FusedBiased, Grouped, Checkpointed, CheckpointedReentrant, Renormalised]


class LinearAttention(Written):
    """Keys and values first: no weights of pairs."""

    def attend(self, q, k, v):
        return (q.relu() @ (k.relu().mT @ v)) / (1 + q.relu() @ k.relu().sum(1)[..., None])


class Efficient(Written):
    """Softmax over the positions of the keys, then values, then queries (Shen et al., CoaT, lambda layers)."""

    def attend(self, q, k, v):
        return q.softmax(-1) @ (k.softmax(1).mT @ v)


class Gate(Written):
    """Squeeze and excitation, in its own words."""

    def attend(self, q, k, v):
        return v * k.mean(1, keepdim=True).sigmoid()
