"""Distances over all N^2 pairs of queries, i = j included, in time proportional to the map, N x N'.

Cosine distance is linear in the unit vectors, so its mean over pairs is that of their mean. For the Jensen-Shannon divergence
only sum_ij g(a_i + a_j) with g(s) = s ln s goes over pairs, one such sum for each key. It separates, since

    s ln s = integral_0^inf (e^-ts - 1 + s (1 - e^-t)) / t^2 dt   and   e^-t(x + y) = e^-tx e^-ty.

The trapezoid rule in ln t has its error in closed form: s kappa(ln s), kappa periodic, |kappa| <= 2 |Gamma(-1 + 2 pi i / h)| for
a step h. So nodes may lie as far apart as 1, 2, 4, ... (h = ln 2): 1.2e-7. And from one to the next c = 1 - e^-ta needs no new
exponential: c' = c (2 - c), which keeps c's relative precision. Half that step costs twice as much and makes the error 3e-14.
"""

import math
from collections.abc import Iterable

import torch
from torch import Tensor

from .rows import check_distributions, cosine_distance, directions, js_divergence

BLOCK_BYTES = 2**20  # rows worked on at a time: what stays in a CPU core's cache
GPU_BLOCK_BYTES = 256 * 2**20  # on a GPU: what keeps it busy between two calls
FINE, COARSE = 1e-9, 3e-7  # errors in nats, see Divergences
NODES = {COARSE: (1, -11, 24), FINE: (2, -15, 29)}  # nodes for each doubling of t, log2 of the first and of the last / N'

Rows = Tensor | Iterable[Tensor]


class Divergences:
    """What one pass over the rows of a map leaves: enough for every mean over pairs of them.

    Peak memory is that of a block of rows (1 MiB in float64, 256 MiB on a GPU, a few times over) and of nodes x N' sums (13 MB
    for 9,409 keys). The sums stay on the rows' device.

    Args:
        rows: (N, N') distributions, or blocks (n, N') of them one after the other: the whole map need not exist at once.
        error: the largest error of a mean divergence that will do, in nats: from COARSE (3e-7) on at half the time, at least
            FINE (1e-9). It is what the trapezoid rule (2.4e-7, 6e-14) and its two cut-off tails leave, and holds for every
            map; rounding in float64 is far below it.

    Raises:
        ValueError: a row is negative somewhere or does not sum to 1, rows differ in length, there is no row, or the error
            asked for is below FINE.
    """

    def __init__(self, rows: Rows, error: float = FINE):
        if not error >= FINE:
            raise ValueError(f"error must be at least {FINE}, got {error}")
        self.chains, self.low, self.high = NODES[COARSE if error >= COARSE else FINE]
        self.count, self.sums = 0, None
        for block in _blocks(rows):
            if self.sums is None:
                self._start(block)
            elif block.shape[1] != self.keys:
                raise ValueError(f"a row has {block.shape[1]} keys where those before had {self.keys}")
            self._add(block)
        if not self.count:
            raise ValueError("there is no row to compare")

    def _start(self, block: Tensor) -> None:
        self.keys = block.shape[1]
        self.high += math.ceil(math.log2(self.keys))
        powers = torch.arange(self.low, self.high + 1, dtype=torch.float64, device=block.device)
        self.nodes = 2 ** (powers + torch.arange(self.chains, device=block.device)[:, None] / self.chains)  # (chains, nodes)
        self.sums = self.nodes.new_zeros(*self.nodes.shape, self.keys)  # sum_i 1 - e^(-t a_ik)
        self.total, self.squares = self.nodes.new_zeros(2, self.keys)  # sum_i a_ik, sum_i a_ik^2
        self.own = self.nodes.new_zeros(())  # sum_ik g(a_ik)

    def _add(self, block: Tensor) -> None:
        ones = block.new_ones(len(block))
        for chain in range(self.chains):
            for node, decay in enumerate(self._decays(block, chain)):
                self.sums[chain, node] += ones @ decay
        self.count += len(block)
        self.total += block.sum(0)
        self.squares += block.square().sum(0)
        self.own -= torch.special.entr(block).sum()

    def _decays(self, block: Tensor, chain: int):
        """1 - e^(-t a) of every node of a chain, in one place in memory."""
        decay, one = torch.expm1(block * -self.nodes[chain, 0]).neg_(), block.new_ones(())
        for node in range(self.nodes.shape[1]):
            yield decay
            if node + 1 < self.nodes.shape[1]:
                decay.lerp_(one, decay)  # c + c (1 - c)

    def take_in(self, other: "Divergences", beside: bool = False) -> None:
        """Become what one pass over the rows of both would have left; the other one is of as many keys and the same error.

        Args:
            beside: its keys are others than those so far: the rows of each are 0 at the keys of the other.
        """
        self.count += other.count
        self.own += other.own
        if beside:
            self.keys += other.keys
        for name in ("sums", "total", "squares"):
            mine, new = getattr(self, name), getattr(other, name)
            setattr(self, name, torch.cat([mine, new], -1) if beside else mine.add_(new))

    def mean(self) -> float:
        """The mean Jensen-Shannon divergence over all pairs, in nats, 0 to ln 2."""
        pairs = self._sum_of_g(self.sums, self.total, self.squares, self.count).sum().item()
        return self._divergence(pairs / self.count**2)

    def shuffled(self, queries: int | None = None, keys: int | None = None) -> float:
        """The mean to expect if the keys of every row were shuffled, each row by itself: what unrelated queries would give.

        Not one draw but the mean over all shuffles: a pair then meets at any two keys alike, so that all N x N' weights
        together play the part of one key. The pairs i = j stay at 0; their share of the sum is taken to be 1 in N.

        Args:
            queries: N where the rows given stand for more queries, as the only row of a global map does.
            keys: N' where there are more keys than those given, at which all rows are 0.
        """
        keys = keys or self.keys
        pairs = self._sum_of_g(*(part.sum(-1, keepdim=True) for part in (self.sums, self.total, self.squares)),
                               self.count * keys).item()
        return self._divergence(pairs / (self.count**2 * keys)) * (1 - 1 / (queries or self.count))

    def entropy(self) -> float:
        """The mean entropy of the rows, in nats, 0 to ln N'."""
        return max(-self.own.item() / self.count, 0.0)

    def _sum_of_g(self, sums: Tensor, total: Tensor, squares: Tensor, count: int) -> Tensor:
        """sum_ij g(a_i + a_j) for each key; ``sums`` (chains, nodes, keys)."""
        changed = sums * (sums - 2 * count)  # sum_ij e^-t(a_i + a_j) - 1
        return self._integral(changed, 2 * count * total, 2 * (count * squares + total.square()))

    def _integral(self, changed: Tensor, total: Tensor, squares: Tensor) -> Tensor:
        """sum g(s) of a collection of s by the trapezoid rule, from sum e^-ts - 1, sum s and sum s^2."""
        t = self.nodes[..., None]
        inside = ((changed + total * -torch.expm1(-t)) / t).sum((0, 1))
        below = (squares - total) / 2 * t[:, 0].sum() + total / 18 * t[:, 0].square().sum()  # nodes before the first: series
        above = ((changed[:, -1] + total) / t[:, -1]).sum(0)  # nodes behind the last, where nothing changes any more
        return math.log(2) / self.chains * (inside + below + above)

    def _divergence(self, pairs: float) -> float:
        """Mean divergence from the mean of sum_k g(a_ik + a_jk) over pairs."""
        found = (self.total.sum() * math.log(2) + self.own).item() / self.count - pairs / 2
        return min(max(found, 0.0), math.log(2))

    def of_each(self, rows: Rows) -> Tensor:
        """Each query's mean divergence to all, in nats, (N,), float64: a second pass over the same rows."""
        return torch.cat([self._of_block(block) for block in _blocks(rows)])

    def _of_block(self, block: Tensor) -> Tensor:
        weighed = torch.stack([
            torch.stack([decay @ (sums - self.count) for decay, sums in zip(self._decays(block, chain), by_node)])
            for chain, by_node in enumerate(self.sums)])  # (chains, nodes, n)
        own_total, own_squares = block.sum(1), block.square().sum(1)
        pairs = self._integral(weighed - self.sums.sum(-1, keepdim=True),
                               self.count * own_total + self.total.sum(),
                               self.count * own_squares + 2 * block @ self.total + self.squares.sum())
        own = -torch.special.entr(block).sum(1)
        found = (own_total + self.total.sum() / self.count) * math.log(2) + own + (self.own - pairs) / self.count
        return (found / 2).clamp(0, math.log(2))


def mean_js_divergence(rows: Rows, error: float = FINE) -> float:
    """The mean Jensen-Shannon divergence over all N^2 pairs of rows, in nats, 0 to ln 2 (GCNet, arXiv 1904.11492, section 3.2).

    In N x N' steps instead of N^2 x N'; exact to ``error``: see :class:`Divergences`, also for arguments and errors.

    Example:
        >>> round(mean_js_divergence(torch.eye(2)), 6)  # two pairs of four are disjoint: ln 2 / 2
        0.346574
    """
    return Divergences(rows, error).mean()


def js_dependence(rows: Rows, query: Tensor | None = None, error: float = FINE) -> Tensor:
    """How far each query's row is from all rows: its mean Jensen-Shannon divergence to them, in nats, 0 to ln 2.

    The mean of it is ``mean_js_divergence``. See :class:`Divergences`.

    Args:
        rows: (N, N'), or blocks of it that can be gone through twice (a list, not a generator).
        query: a row (N',), to be compared alone, directly.

    Returns:
        (N,), or of the query's row alone ().
    """
    if query is not None:
        kept_in = query.dtype  # the rows are those of one map
        return torch.cat([js_divergence(query.double(), block, kept_in) for block in _blocks(rows)]).mean()
    if not isinstance(rows, Tensor) and iter(rows) is rows:
        raise ValueError("rows are gone through twice: give a tensor or a list of blocks, not a generator")
    return Divergences(rows, error).of_each(rows)


def shuffled_js_divergence(rows: Rows, error: float = FINE) -> float:
    """What unrelated queries would give: see :meth:`Divergences.shuffled`."""
    return Divergences(rows, error).shuffled()


def js_matrix(rows: Tensor) -> Tensor:
    """The divergence of every pair of a few rows (n, N'): (n, n), in nats."""
    return torch.stack([js_divergence(row, rows) for row in rows])


def cosine_matrix(rows: Tensor) -> Tensor:
    """The cosine distance of every pair of a few rows (n, C): (n, n)."""
    return torch.stack([cosine_distance(row, rows) for row in rows])


class Cosines:
    """What one pass over vectors leaves for the means of their cosine distances; any sign.

    Args:
        rows: (N, C), or blocks (n, C) of it.

    Raises:
        ValueError: a row is zero or not finite and has no direction, or there is no row.
    """

    def __init__(self, rows: Rows):
        sums, total = [], 0.0
        for block in map(directions, _blocks(rows, checked=False)):
            sums.append(block.sum(1))
            total = total + block.sum(0)
        if not sums or not sum(map(len, sums)):
            raise ValueError("there is no row to compare")
        self.sums = torch.cat(sums)  # sum_k u_ik of each row
        self.mean_direction = total / len(self.sums)  # (C,)

    def mean(self) -> float:
        """The mean cosine distance over all N^2 pairs, 0 to 1: (1 - |mean_i u_i|^2) / 2."""
        return max(0.0, 1 - self.mean_direction.square().sum().item()) / 2

    def shuffled(self, queries: int | None = None) -> float:
        """The mean to expect if the numbers of every row were shuffled, each row by itself.

        E u_i . u_j = (sum_k u_ik) (sum_k u_jk) / C for i != j, and 1 for i = j. ``queries`` as in :class:`Divergences`.
        """
        sums = self.sums if queries is None else self.sums.expand(queries)
        cosines = (sums.sum().square() - sums.square().sum()) / len(self.mean_direction) + len(sums)
        return (1 - cosines.item() / len(sums) ** 2) / 2

    def of_each(self, rows: Rows) -> Tensor:
        """Each row's mean cosine distance to all, (N,), float64: a second pass over the same rows."""
        return torch.cat([(1 - directions(block) @ self.mean_direction) / 2 for block in _blocks(rows, checked=False)])


def mean_cosine_distance(rows: Rows) -> float:
    """The mean cosine distance over all N^2 pairs of rows, 0 to 1: see :class:`Cosines`."""
    return Cosines(rows).mean()


def cosine_dependence(rows: Rows) -> Tensor:
    """Each row's mean cosine distance to all rows, (N,), float64, 0 to 1; rows as in ``js_dependence``."""
    return Cosines(rows).of_each(rows)


def shuffled_cosine_distance(rows: Rows) -> float:
    """What unrelated rows would give: see :meth:`Cosines.shuffled`."""
    return Cosines(rows).shuffled()


def _blocks(rows: Rows, checked: bool = True) -> Iterable[Tensor]:
    """Float64 blocks of the size that suits the device."""
    for block in [rows] if isinstance(rows, Tensor) else rows:
        if block.dim() != 2:
            raise ValueError(f"rows must be (queries, keys), got shape {tuple(block.shape)}")
        budget = BLOCK_BYTES if block.device.type == "cpu" else GPU_BLOCK_BYTES
        for part in block.detach().split(max(1, budget // (8 * max(block.shape[1], 1)))):
            if checked:
                check_distributions(part, "Jensen-Shannon divergence")
            yield part.double()
