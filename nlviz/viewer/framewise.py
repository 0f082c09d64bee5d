"""Maps whose rows end at their frame's edge, as the viewer takes them."""

from dataclasses import replace

import torch

from ..maps import Crosses, Factors, Framewise, LazyMap, NLMap, Product, Sum, join_frames, precise
from .texts import to_base64


def flat(lazy: LazyMap | None) -> LazyMap | None:
    """A softmax within every frame as one of the whole clip in which a frame is a cell; any other map as it is.

    Queries and keys are numbered as in ``lazy``: positions of all frames, then the named tokens of one frame after the other.
    """
    inner = lazy.inner if isinstance(lazy, Framewise) else None
    if not isinstance(inner, Factors) or not inner.plain or inner.kind != "softmax" or lazy.tokens[0] != lazy.tokens[1]:
        return lazy
    if inner.q.shape[1] != inner.k.shape[1]:
        return lazy
    own = torch.zeros(inner.q.shape[1], dtype=torch.long) if inner.cells is None else inner.cells.cpu()
    cells = torch.arange(lazy.frames)[:, None] * (int(own.max()) + 1) + own  # (T, n)
    q, k, cells = (join_frames(part, lazy.tokens[0]) for part in (inner.q, inner.k, cells[..., None]))
    return Factors(q, k, "softmax", cells=cells[0, :, 0].to(q.device), scale=inner.scale)


def weights_of_frames(lazy: Framewise, call: list[NLMap]) -> dict:
    """The weights of the frames one after the other; made of other maps of its call, it names their numbers."""
    inner = lazy.inner
    insides = [getattr(nl_map.lazy, "inner", None) for nl_map in call]

    def number(part: LazyMap) -> int | dict:  # where its call has it not, within these weights
        numbers = [at for at, one in enumerate(insides) if one is part]
        return numbers[0] if numbers else {"kind": "framewise", "frames": lazy.frames, "of": _of_one_frame(part)}

    if isinstance(inner, Product):
        return {"kind": "product", "of": [number(part) for part in inner.maps]}
    if isinstance(inner, Sum):
        return {"kind": "framewise_sum", "frames": lazy.frames, "of": number(inner.terms), "shared": to_base64(inner.shared)}
    return {"kind": "framewise", "frames": lazy.frames, "of": _of_one_frame(inner)}


def _of_one_frame(inner) -> dict:
    if isinstance(inner, Crosses):
        return {"kind": "cross", "data": to_base64(inner.weights)}
    if isinstance(inner, Factors) and inner.plain and inner.cells is None:
        found = {"kind": inner.kind, "channels": inner.q.shape[2], "q": to_base64(precise(inner.q) * inner.scale),
                 "k": to_base64(inner.k)}
        return found | ({"log_sum": to_base64(inner.log_sum())} if inner.kind == "softmax" else {})
    return {"kind": "dense", "data": to_base64(inner.dense() if isinstance(inner, LazyMap) else inner)}


def terms_of_frames(lazy: Framewise) -> dict:
    """What the terms of a softmax within every frame need whose keys are fewer than its queries, see ``terms_of_map``; nothing of
    any other form."""
    inner = lazy.inner
    if not isinstance(inner, Factors) or not inner.plain or inner.kind != "softmax" or inner.cells is not None or any(lazy.tokens):
        return {}
    pairwise, unary = inner.split()
    whole = replace(pairwise, k=inner.k)  # of keys as they are sent
    return {"q_mean": to_base64(unary.q[:, 0] * inner.scale), "unary_log_sum": to_base64(unary.log_sum()[:, 0]),
            "pairwise_log_sum": to_base64(whole.log_sum())}
