"""An image network on a clip: it saw frame after frame, and the maps of all frames are one, whose rows end at the frame's edge."""

from dataclasses import replace

import torch
from torch import Tensor

from ..maps import Factors, Framewise, LazyMap, NLMap, cells

SMALLEST_LOG = -1e4  # of a weight of 0
NOTE = "This network sees one frame at a time: a row ends at the edge of its query's frame."


def joined(nl_map: NLMap) -> list[NLMap]:
    """The map of a batch of frames, (T, N, N'), as that of a clip on (T, rows, columns).

    Channels, which lie nowhere, stay one map a frame, by name; a named token is one in each frame.
    """
    frames = len(_first(nl_map))
    if nl_map.relates == "channels" or (nl_map.relates == "gate" and len(nl_map.key_grid) != 2):
        return [_of_frame(nl_map, frame) for frame in range(frames)]
    longer = _grids(nl_map, frames) | {"notes": (*nl_map.notes, NOTE), "values": None, "product": None,
                                       "input": _over_time(nl_map.input), "output": _over_time(nl_map.output)}
    if nl_map.relates == "gate":
        return [replace(nl_map, **longer, weights=nl_map.weights.reshape(1, -1))]
    if nl_map.relates == "global":  # one row for all queries of a frame: a softmax over logits that no query changes
        logits = nl_map.weights.mT.log().clamp_min(SMALLEST_LOG)  # (T, N', 1)
        ones = logits.new_ones(frames, cells(nl_map.query_grid), 1)
        tokens = (0, len(nl_map.key_tokens))
        return [replace(nl_map, **longer, relates="positions", weights=None,
                        lazy=Framewise(Factors(ones, logits, "softmax"), tokens))]
    inner = nl_map.lazy if nl_map.lazy is not None else nl_map.weights
    tokens = len(nl_map.query_tokens), len(nl_map.key_tokens)
    return [replace(nl_map, **longer, weights=None, lazy=Framewise(inner, tokens))]


def over_clip(nl_map: NLMap) -> NLMap:
    """A map of a batch of frames with the grids of ``joined``, for its places; its weights are what they were."""
    return nl_map if nl_map.relates == "channels" else replace(nl_map, **_grids(nl_map, len(_first(nl_map))))


def _grids(nl_map: NLMap, frames: int) -> dict:
    def longer(found: tuple, first: int) -> tuple:
        return (first, *found) if found and found != (0,) else found  # none where there is no query, or only named tokens ask

    return {"query_grid": longer(nl_map.query_grid, frames), "key_grid": longer(nl_map.key_grid, frames),
            "query_stride": longer(nl_map.query_stride, 1), "key_stride": longer(nl_map.key_stride, 1),
            "query_tokens": _in_frames(nl_map.query_tokens, frames), "key_tokens": _in_frames(nl_map.key_tokens, frames),
            "picture": nl_map.picture and (frames, *nl_map.picture)}


def _in_frames(tokens: tuple[str, ...], frames: int) -> tuple[str, ...]:
    return tuple(f"{token}, frame {frame}" for frame in range(1, frames + 1) for token in tokens)


def _first(nl_map: NLMap) -> Tensor:
    return nl_map.weights if nl_map.weights is not None else next(nl_map.lazy.tensors())


def _over_time(x: Tensor | None) -> Tensor | None:
    """(T, C, rows, columns) -> (1, C, T, rows, columns)."""
    return None if x is None else x.transpose(0, 1)[None]


def _of_frame(nl_map: NLMap, frame: int) -> NLMap:
    def only(found):
        if isinstance(found, LazyMap):
            return found.apply(lambda t: t[frame : frame + 1])
        return found[frame : frame + 1] if isinstance(found, Tensor) else found

    name = ", ".join(filter(None, (nl_map.part, f"frame {frame + 1}")))
    return replace(nl_map, part=name, weights=only(nl_map.weights), lazy=only(nl_map.lazy), values=None, product=None,
                   input=_over_time(nl_map.input), output=_over_time(nl_map.output))


def mean_of_frames(output: Tensor) -> Tensor:
    """What a classifier says of all frames: logits whose softmax is the mean of the frames' probabilities, (1, classes)."""
    return output.float().softmax(-1).mean(0, keepdim=True).clamp_min(torch.finfo(torch.float32).tiny).log()
