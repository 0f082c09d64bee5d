"""Attention of other libraries written again with a map that is replaced row by row, by plain loops, in the place of the module."""

import copy

import torch
from timm.models.swin_transformer import window_partition
from torch import Tensor, nn
from torch.nn import functional as F

from nlviz.maps import new_order


def rows_replaced(weights: Tensor, how: str, seen: Tensor | None = None, there: Tensor | None = None) -> Tensor:
    """(..., N, N') with rows replaced, map by map.

    Args:
        seen: (..., N, N') bool, which keys a query sees; all by default.
        there: (N,) bool, which queries are no padding; all by default.
    """
    flat = weights.reshape(-1, *weights.shape[-2:])
    seen = torch.ones_like(flat) if seen is None else seen.expand(weights.shape).reshape(flat.shape).to(flat.dtype)
    rows = [one_replaced(a, how, s, torch.ones(len(a), dtype=torch.bool) if there is None else there) for a, s in zip(flat, seen)]
    return torch.stack(rows).reshape(weights.shape)


def one_replaced(a: Tensor, how: str, seen: Tensor, there: Tensor) -> Tensor:
    found, inside = a.clone(), there.nonzero()[:, 0]
    order = inside[new_order(len(inside))]
    for query, other in zip(inside.tolist(), order.tolist()):
        if how == "mean row":
            found[query] = a[inside].mean(0)
        elif how == "identity":
            found[query] = a[query].sum() * F.one_hot(torch.tensor(query), a.shape[1])
        elif how == "uniform":
            found[query] = a[query].sum() * seen[query] / seen[query].sum()
        elif how == "shuffled":
            found[query] = a[other]
        elif how == "nothing":
            found[query] = 0
    return found


class ByHand(nn.Module):
    """An attention with one projection for queries, keys and values.

    Args:
        of: the module whose weights it has.
        heads: those that are replaced; None for all.
    """

    def __init__(self, of: nn.Module, how: str, heads=None):
        super().__init__()
        self.of, self.how, self.heads, self.there = of, how, heads, None

    def attend(self, qkv: Tensor, count: int, bias=0.0, seen=None, there=None) -> Tensor:
        q, k, v = qkv.unflatten(-1, (3, count, -1)).permute(2, 0, 3, 1, 4)  # (B, heads, N, C)
        weights = (q @ k.mT * q.shape[-1] ** -0.5 + bias).softmax(-1)
        replaced = rows_replaced(weights, self.how, seen, there)
        if self.heads is not None:
            replaced = torch.stack([(replaced if head in self.heads else weights)[:, head] for head in range(count)], 1)
        return (replaced @ v).transpose(1, 2).flatten(2)


class OfTimm(ByHand):
    def forward(self, x, **_):
        return self.of.proj(self.attend(self.of.qkv(x), self.of.num_heads))


class OfSwin(ByHand):
    def forward(self, x, mask=None):
        bias, seen = self.of._get_rel_pos_bias(), None
        if mask is not None:  # (windows, N, N)
            mask = mask[:, None].repeat(len(x) // len(mask), 1, 1, 1)
            bias, seen = bias + mask, mask == 0
        if self.there is None:
            return self.of.proj(self.attend(self.of.qkv(x), self.of.num_heads, bias, seen))
        there = self.there.repeat(len(x) // len(self.there), 1)
        parts = [self.attend(self.of.qkv(x[n:n + 1]), self.of.num_heads, bias if mask is None else bias[n:n + 1],
                             None if seen is None else seen[n:n + 1], there[n]) for n in range(len(x))]
        return self.of.proj(torch.cat(parts))


class OfTorch(ByHand):
    """nn.MultiheadAttention of one sequence with itself, batch first."""

    def forward(self, x, *_, **__):
        of = self.of
        found = self.attend(F.linear(x, of.in_proj_weight, of.in_proj_bias), of.num_heads)
        return of.out_proj(found), None


def by_hand(net: nn.Module, kind: type, written: type, how: str, heads=None) -> nn.Module:
    """A copy of the network whose attention modules are the written ones."""
    net = copy.deepcopy(net)
    if isinstance(net, kind):
        return written(net, how, heads)
    for name, module in list(net.named_modules()):
        if isinstance(module, kind):
            parent, _, last = name.rpartition(".")
            setattr(net.get_submodule(parent), last, written(module, how, heads))
    return net


def windows_there(grid: tuple[int, int], window: tuple[int, int]) -> Tensor:
    """(windows, n): which queries of timm's Swin are positions of the grid, shifted and then padded to whole windows."""
    pads = [-size % step for size, step in zip(grid, window)]
    inside = F.pad(torch.ones(1, *grid, 1), (0, 0, 0, pads[1], 0, pads[0]))
    return window_partition(inside, window).flatten(1) > 0
