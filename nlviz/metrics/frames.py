"""Over all pairs of queries of a clip, apart: what depends on a query's place in its frame, and what on its frame.

A clip has T frames of n queries, N = T n; a_ti is the row of query i of frame t, m_t = 1/n sum_i a_ti the mean row of frame t and
m = 1/T sum_t m_t that of all. H is the entropy in nats, JSD(p, q) = H((p + q) / 2) - (H(p) + H(q)) / 2.

    all    = 1/N^2 sum_ti,sj JSD(a_ti, a_sj)      GCNet's number over all pairs of space-time positions
    place  = 1/T sum_t 1/n^2 sum_ij JSD(a_ti, a_tj)      between queries of one frame, averaged over frames
    frame  = 1/T^2 sum_ts JSD(m_t, m_s)      between the frames' mean rows

Each over all pairs, i = j and t = s included, and each from 0 to ln 2. They do not add up: of rows that are uniform over their
query's own frame, place is 0 and all = frame = (1 - 1/T) ln 2; of rows that are 1 at their query, all three are nearly ln 2. What
does add up is information, the Jensen-Shannon divergence of more than two rows from their mean:

    H(m) - 1/N sum_ti H(a_ti)  =  [1/T sum_t H(m_t) - 1/N sum_ti H(a_ti)]  +  [H(m) - 1/T sum_t H(m_t)]
           I(key; query)       =          I(key; place | frame)            +         I(key; frame)

of a query drawn evenly and a key drawn from its row: what knowing the key tells of the query's place, 0 to ln n, and of its
frame, 0 to ln T.
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from .pairs import COARSE, Divergences, Rows

DEALS = 4  # at random, of the frames to the queries of each place


class FrameDivergences:
    """The numbers above from one pass over the rows of a clip's map, in time proportional to the map.

    Beside the sums of :class:`Divergences` (twice), peak memory is that of 5 T rows.

    Two baselines. ``shuffled``: the keys of what is compared shuffled by themselves (each row, or each frame's mean row): what
    unrelated rows would give. ``dealt``: the T queries of each place dealt to the T frames at random, at every place anew, so
    that frames mean nothing and places what they did: what chance leaves of ``frame`` and of its information. (Of ``place`` the
    number beside it is ``all``: where the frame means nothing, both are the same.)

    Args:
        rows: (T n, N') distributions, frame after frame; or blocks of them one after the other.
        frames, per_frame: T and n.
        error: as in :class:`Divergences`.
        seed: of the deals.
        own: the rows are given at the N'/T keys of their query's own frame, and are 0 at all others, as those of a network that
            sees one frame at a time: the same numbers in a T-th of the time.

    Attributes:
        all: the :class:`Divergences` of all rows.
        means: (T, N') the frames' mean rows, float64.

    Raises:
        ValueError: a row is no distribution, rows differ in length, or there are not T n of them.

    Example:
        >>> found = FrameDivergences(torch.eye(2).repeat_interleave(3, 0), frames=2, per_frame=3)  # each frame has one row
        >>> [round(number, 4) for number in (found.all.mean(), found.place(), found.frame())]
        [0.3466, 0.0, 0.3466]
    """

    def __init__(self, rows: Rows, frames: int, per_frame: int, error: float = COARSE, seed: int = 0,
                 own: bool = False):
        if frames < 1 or per_frame < 1:
            raise ValueError(f"there is no row to compare in {frames} frames of {per_frame} queries")
        self.frames, self.per_frame, self.own, self.all, self._deals = frames, per_frame, own, None, None
        chance = torch.rand(DEALS, frames, per_frame, generator=torch.Generator().manual_seed(seed))
        self._dealt_to = chance.argsort(1).flatten(1)  # (DEALS, T n): the frame that a row is dealt to
        stream, means, place, shuffled, self._seen = _Stream(rows), [], [], [], 0
        for _ in range(frames):
            found = Divergences(self._dealing(stream.take(per_frame)), error)
            means.append(found.total / found.count)
            place.append(found.mean())
            shuffled.append(found.shuffled(keys=found.keys * frames if own else None))
            if self.all is None:
                self.all = found
            else:
                self.all.take_in(found, beside=own)
        if not stream.ended():
            raise ValueError(f"expected {frames} frames of {per_frame} rows, got more")
        self.means = torch.block_diag(*means) if own else torch.stack(means)
        self._place, self._place_shuffled = sum(place) / frames, sum(shuffled) / frames
        self._of_means = Divergences(self.means, error)

    def _dealing(self, blocks: Iterator[Tensor]) -> Iterator[Tensor]:
        """The same blocks, each row added to the frame that it is dealt to."""
        for block in blocks:
            yield block  # whoever takes it says what is wrong with it
            apart, keys = self.frames if self.own else 1, block.shape[1]
            if self._deals is None:
                self._deals = block.new_zeros(DEALS, self.frames, keys * apart, dtype=torch.float64)
            if keys * apart != self._deals.shape[2]:
                raise ValueError(f"a row has {keys} keys where those before had {self._deals.shape[2] // apart}")
            stop, first = self._seen + len(block), self._seen // self.per_frame * keys if self.own else 0
            for deal, to in zip(self._deals[..., first : first + keys], self._dealt_to[:, self._seen : stop].to(block.device)):
                deal.index_add_(0, to, block.detach().double())
            self._seen = stop

    def place(self) -> float:
        """The mean divergence between queries of one frame, averaged over frames, in nats, 0 to ln 2."""
        return self._place

    def place_shuffled(self) -> float:
        """``place`` if the keys of every row were shuffled, each row by itself: the mean over all shuffles."""
        return self._place_shuffled

    def frame(self) -> float:
        """The mean divergence between the frames' mean rows, over all pairs of frames, in nats, 0 to ln 2."""
        return self._of_means.mean()

    def frame_shuffled(self) -> float:
        """``frame`` if the keys of every frame's mean row were shuffled: frames that have nothing to do with each other."""
        return self._of_means.shuffled()

    def frame_dealt(self) -> float:
        """``frame`` if frames were dealt to queries at random: what chance leaves, the mean over DEALS deals."""
        return sum(Divergences(deal / self.per_frame, COARSE).mean() for deal in self._deals) / DEALS

    def information(self) -> tuple[float, float]:
        """(I(key; place | frame), I(key; frame)) in nats; their sum is H(m) less the mean entropy of the rows."""
        return self._information(_entropy(self.means))

    def information_dealt(self) -> tuple[float, float]:
        """Both if frames were dealt to queries at random, the mean over DEALS deals; their sum is the same."""
        return self._information(_entropy(self._deals / self.per_frame))

    def _information(self, of_frames: float) -> tuple[float, float]:
        """From the mean entropy of the frames' mean rows."""
        return max(of_frames - self.all.entropy(), 0.0), max(_entropy(self.means.mean(0)) - of_frames, 0.0)


def _entropy(rows: Tensor) -> float:
    """The mean entropy of rows (..., N')."""
    return torch.special.entr(rows).sum(-1).mean().item()


class _Stream:
    """Blocks of rows, taken so many rows at a time."""

    def __init__(self, rows: Rows):
        self.blocks, self.rest = iter([rows] if isinstance(rows, Tensor) else rows), None

    def take(self, count: int) -> Iterator[Tensor]:
        while count:
            block = self._next()
            if block is None:
                raise ValueError(f"{count} rows of a frame are missing")
            block, self.rest = block[:count], block[count:]
            count -= len(block)
            yield block

    def ended(self) -> bool:
        self.rest = self._next()
        return self.rest is None

    def _next(self) -> Tensor | None:
        """A block with at least a row; None behind the last."""
        block, self.rest = self.rest, None
        while block is None or not len(block):
            block = next(self.blocks, None)
            if block is None:
                return None
        return block
