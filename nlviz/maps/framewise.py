"""The map of an image network that saw a clip frame by frame: nothing lies between two frames."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from .factors import Factors
from .items import Form, item_of
from .lazy import LazyMap, precise


@dataclass(frozen=True)
class Framewise(LazyMap):
    """T maps of T frames as one map of the clip (B = 1), zero between a query and the keys of other frames.

    Rows and columns are numbered (frame, row, column) in raster order; behind all positions stand the named tokens of the first
    frame, then those of the second, and so on.

    Attributes:
        inner: (T, n, m) weights, or the lazy form that gives them; with heads (T, heads, n, m).
        tokens: how many of a frame's last rows and of its last columns are named tokens.
    """

    inner: Form
    tokens: tuple[int, int] = (0, 0)

    @property
    def frames(self) -> int:
        """T."""
        return self.inner.shape[0]

    @property
    def shape(self) -> tuple[int, ...]:
        frames, *heads, queries, keys = self.inner.shape
        return 1, *heads, frames * queries, frames * keys

    @property
    def held(self) -> int:
        """Bytes that the weights take, where they are kept."""
        return self.inner.nbytes if isinstance(self.inner, Tensor) else getattr(self.inner, "held", 0)

    def rows(self, start: int = 0, stop: int | None = None) -> Tensor:
        start, stop, _ = slice(start, stop).indices(self.shape[-2])
        *batch, _, keys = self.shape
        found = next(self.tensors()).new_zeros(*batch, max(0, stop - start), keys)
        for at, frame, first, last in self._pieces(start, stop):
            own = item_of(self.inner, frame)
            weights = own[..., first:last, :] if isinstance(own, Tensor) else own.rows(first, last)
            self._laid(found[..., at - start : at - start + last - first, :], frame, weights)
        return found

    def column(self, key: int) -> Tensor:
        frame, key = _inside(key, self.frames, self.inner.shape[-1], self.tokens[1])
        own = item_of(self.inner, frame)
        inside = own[..., key] if isinstance(own, Tensor) else own.column(key)
        found = inside.new_zeros(self.shape[:-1])
        for at, of, first, last in self._pieces(0, self.shape[-2]):
            if of == frame:
                found[..., at : at + last - first] = inside[..., first:last]
        return found

    def __matmul__(self, values: Tensor) -> Tensor:
        """A times values (1, heads, N', C) -> (1, heads, N, C), frame by frame."""
        return join_frames(self.inner @ part_frames(values, self.frames, self.tokens[1]), self.tokens[0])

    def mean_row(self) -> Tensor:
        inner = self.inner
        means = precise(inner).mean(-2) if isinstance(inner, Tensor) else inner.mean_row()
        return join_frames(means[..., None] / self.frames, self.tokens[1])[..., 0]

    def split(self) -> tuple["Framewise", "Framewise"]:
        """The pairwise and the unary term, frame by frame: see :meth:`Factors.split`.

        Raises:
            ValueError: the map of a frame is no softmax over q_i . k_j.
        """
        if not isinstance(self.inner, Factors):
            raise ValueError("not a softmax over q · k, so it has no pairwise and unary term")
        pairwise, unary = self.inner.split()
        return replace(self, inner=pairwise), replace(self, inner=unary)

    def _pieces(self, start: int, stop: int) -> list[tuple[int, int, int, int]]:
        """Rows start to stop, as (number of the first, frame, its own first and last row) of what lies together in a frame."""
        positions, found = self.inner.shape[-2] - self.tokens[0], []
        for first, count, offset in ((0, positions, 0), (self.frames * positions, self.tokens[0], positions)):
            for frame in range(self.frames):
                begin = first + frame * count
                low, high = max(start, begin), min(stop, begin + count)
                if low < high:
                    found.append((low, frame, low - begin + offset, high - begin + offset))
        return found

    def _laid(self, found: Tensor, frame: int, weights: Tensor) -> None:
        """Rows of a frame (1, n, m) at its columns of the clip."""
        tokens = self.tokens[1]
        positions = weights.shape[-1] - tokens
        found[..., frame * positions : (frame + 1) * positions] = weights[..., :positions]
        if tokens:
            behind = self.frames * positions + frame * tokens
            found[..., behind : behind + tokens] = weights[..., positions:]


def each_frame(nl_map):
    """The maps of a clip's frames, if rows end at their frame's edge, each as that of a picture; else the map alone."""
    if not isinstance(nl_map.lazy, Framewise):
        return [nl_map]
    nl_map = nl_map.head().among_positions()
    forms = [item_of(nl_map.lazy.inner, frame) for frame in range(nl_map.lazy.frames)]
    rest = {name: getattr(nl_map, name)[1:] for name in ("query_grid", "key_grid", "query_stride", "key_stride")}
    return [replace(nl_map, **rest, **({"weights": form, "lazy": None} if isinstance(form, Tensor) else
                                       {"weights": None, "lazy": form})) for form in forms]


def _inside(index: int, frames: int, count: int, tokens: int) -> tuple[int, int]:
    """The frame of a row or column of the clip, and its number there."""
    positions = count - tokens
    if index < frames * positions:
        return divmod(index, positions)
    frame, token = divmod(index - frames * positions, tokens)
    return frame, positions + token


def join_frames(parts: Tensor, tokens: int = 0) -> Tensor:
    """What T frames have, (T, n, C) or (T, heads, n, C), as that of the clip, (1, T n, C) or (1, heads, T n, C).

    ``tokens``: how many of the last n stand behind all positions.
    """
    parts = parts.movedim(0, -3)  # (heads, T, n, C)
    cut = parts.shape[-2] - tokens
    return torch.cat([parts[..., :cut, :].flatten(-3, -2), parts[..., cut:, :].flatten(-3, -2)], -2)[None]


def part_frames(whole: Tensor, frames: int, tokens: int = 0) -> Tensor:
    """The inverse of ``join_frames``."""
    whole, behind = whole[0], whole.shape[-2] - frames * tokens
    parts = [part.unflatten(-2, (frames, part.shape[-2] // frames)) for part in (whole[..., :behind, :], whole[..., behind:, :])]
    return torch.cat(parts, -2).movedim(-3, 0)
