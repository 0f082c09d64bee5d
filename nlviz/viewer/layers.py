"""One layer of layers x heads as the viewer takes it: the weights of its heads, and a few numbers of each map."""

from collections.abc import Sequence

import torch

from ..analysis import PlacedMap
from ..maps import Factors, Framewise, LazyMap, NLMap, OverHeads, Windows, precise
from ..measures import entropy_share, frame_matrix, is_clip, mean_distance
from .framewise import flat, terms_of_frames
from .texts import half_to_base64, to_base64

MOST_BYTES = 64 * 2**20  # of a layer's weights


def make_layer(call: Sequence[PlacedMap], number: int, half: bool = False) -> dict:
    """The weights of one layer's heads, from which the viewer draws each of them and their mean, and what is said of each map.

    Args:
        half: queries and keys as float16, in half the bytes: weights are then right to about 1e-3.

    Returns:
        ``number``; ``weights``: see ``_weights``; ``parity``; and ``maps``, by name: ``entropy_share``, 0 to 1; ``distance``, the
        mean attention distance in cells of the query grid (Dosovitskiy et al. 2021, arXiv 2010.11929, fig. 7); ``terms``.
        A number that is undefined is None.

    Raises:
        ValueError: no such layer, or its weights are too many to send.
    """
    own = [placed for placed in call if placed.layer == number]
    if not own:
        raise ValueError(f"there is no layer {number}")
    heads = [placed for placed in own if placed.head is not None] or own
    return {"number": number, "weights": _weights([placed.nl_map for placed in heads], half),
            "parity": {"outcome": own[0].parity.outcome, "text": own[0].parity.text},
            "maps": {placed.nl_map.part: numbers_of(placed) | in_time(placed.nl_map) | {"terms": terms_of_map(placed.nl_map)}
                     for placed in own}}


def _weights(heads: Sequence[NLMap], half: bool) -> dict:
    """``kind``, ``heads`` and: of ``dense`` data (heads, N, N'); of ``softmax`` and ``dot`` q (heads, N, C) with the scale in it,
    k and log_sum (heads, N), perhaps cells (N,), see ``Factors``; of ``windows`` data (heads, windows, n, m) with the numbers of
    their queries and keys."""
    lazies = [flat(nl_map.lazy) for nl_map in heads]
    if windows := _windows(lazies[0]):
        return _of_windows(windows)
    if all(isinstance(lazy, Factors) and lazy.plain and lazy.kind != "relu_sum" for lazy in lazies):
        return _of_factors(lazies, half)
    rows = heads[0].shape
    _check(4 * len(heads) * rows[0] * rows[1])
    data = torch.stack([nl_map.weights[0] if nl_map.weights is not None else nl_map.lazy.dense()[0] for nl_map in heads])
    return {"kind": "dense", "heads": len(heads), "data": to_base64(data)}


def _of_factors(lazies: Sequence[Factors], half: bool) -> dict:
    q = torch.stack([precise(lazy.q[0]) * lazy.scale for lazy in lazies])  # (heads, N, C)
    k = torch.stack([precise(lazy.k[0]) for lazy in lazies])
    _check(4 * (q.numel() + k.numel()))
    half = half and max(q.abs().max().item(), k.abs().max().item()) < torch.finfo(torch.float16).max
    packed = half_to_base64 if half else to_base64
    found = {"kind": lazies[0].kind, "heads": len(lazies), "channels": q.shape[-1], "half": half, "q": packed(q), "k": packed(k)}
    if lazies[0].kind == "softmax":
        found["log_sum"] = to_base64(torch.stack([lazy.log_sum()[0] for lazy in lazies]))
    if lazies[0].cells is not None:  # the same of all heads
        found["cells"] = to_base64(lazies[0].cells)
    return found


def _windows(lazy: LazyMap | None) -> Windows | None:
    inside = lazy.heads if isinstance(lazy, OverHeads) else lazy
    return inside if isinstance(inside, Windows) else None


def _of_windows(lazy: Windows) -> dict:
    count = len(lazy.queries)
    heads, sizes = lazy.shape[1], (lazy.queries.shape[1], lazy.keys.shape[1])
    _check(4 * heads * count * sizes[0] * sizes[1])
    data = torch.stack([lazy.of(window)[0] for window in range(count)], 1)  # (heads, windows, n, m)
    return {"kind": "windows", "heads": heads, "windows": count, "sizes": sizes, "data": to_base64(data),
            "queries": to_base64(lazy.queries), "keys": to_base64(lazy.keys)}


def _check(size: int) -> None:
    if size > MOST_BYTES:
        raise ValueError(f"this layer's weights take {size / 2**20:.0f} MB, too many to send (at most {MOST_BYTES // 2**20}). "
                         "Take a lower resolution.")


def numbers_of(placed: PlacedMap) -> dict:
    """The entropy of the rows as a share of ln N', and their mean attention distance in cells; None where undefined."""
    try:
        share = entropy_share(placed.nl_map.among_positions()) if placed.nl_map.rows == "distribution" else None
    except ValueError:  # rows that see no position
        share = None
    return {"entropy_share": share, "distance": mean_distance(placed)}


def in_time(nl_map: NLMap) -> dict:
    """Of a clip ``frames_matrix``: the mean weight from each frame of queries to each of keys."""
    return {"frames_matrix": to_base64(frame_matrix(nl_map))} if is_clip(nl_map) else {}


def terms_of_map(nl_map: NLMap) -> dict | None:
    """What the viewer needs to draw the terms of a map (TERMS) from its weights."""
    if nl_map.relates != "positions":
        return None
    found = {"mean_row": to_base64(nl_map.mean_row())}
    lazy = flat(nl_map.lazy)
    if isinstance(lazy, Framewise):
        return found | terms_of_frames(lazy)
    if not isinstance(lazy, Factors) or lazy.kind != "softmax" or not lazy.plain:
        return found
    pairwise, unary = lazy.split()
    firsts = [inside[0] for inside in lazy.members()]  # the queries of a cell share their mean
    whole = Factors(pairwise.q, lazy.k, "softmax", cells=lazy.cells, scale=lazy.scale)  # of keys as they are sent
    return found | {"q_mean": to_base64(unary.q[0, firsts] * lazy.scale), "unary_log_sum": to_base64(unary.log_sum()[0, firsts]),
                    "pairwise_log_sum": to_base64(whole.log_sum()[0])}
