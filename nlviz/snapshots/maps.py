"""A map as plain values and tensors, and back: queries and keys where the map is made of them, else every row in half precision.

Nothing in it is code: the values are JSON, the tensors go into a safetensors file.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import torch
from torch import Tensor

from ..analysis import PlacedMap
from ..capture import Parity
from ..maps import Factors, LazyMap, NLMap, OverHeads, precise
from ..pictures import Placement

DENSE_BYTES = 32 * 2**20  # of a map's rows in half precision; those of a larger one are not kept
PLAIN = ("layer", "block", "relates", "rows", "query_grid", "key_grid", "query_tokens", "key_tokens", "picture", "heads", "notes")
TUPLES = ("query_grid", "key_grid", "query_tokens", "key_tokens", "notes")
PARITY = ("outcome", "difference", "added", "of")

Kept = tuple[dict, dict[str, Tensor]]  # values, tensors


def keep_map(placed: PlacedMap, heads: Sequence[PlacedMap] = ()) -> Kept | None:
    """A map; of layers x heads that of a layer's mean, with ``heads`` in one. None where its rows take more than DENSE_BYTES."""
    nl_map = placed.nl_map
    lazy, weights = _together(nl_map, [one.nl_map for one in heads]) if heads else (nl_map.lazy, nl_map.weights)
    content = _content(lazy, weights)
    if content is None:
        return None
    values = {name: getattr(nl_map, name) for name in PLAIN} | {
        "heads": len(heads) or None, "strides": [_texts(nl_map.query_stride), _texts(nl_map.key_stride)],
        "maps": [[one.nl_map.part, one.layer, one.head] for one in (placed, *heads)],
        "places": [_place(side) for side in (placed.queries, placed.keys, placed.channels)],
        "parity": [getattr(placed.parity, name) for name in PARITY]}
    return values | {"content": content[0]}, content[1]


def _together(mean: NLMap, heads: Sequence[NLMap]) -> tuple[LazyMap | None, Tensor | None]:
    """All heads as one, (1, heads, N, N')."""
    if isinstance(mean.lazy, OverHeads) and isinstance(mean.lazy.heads, Factors):
        return mean.lazy.heads, None
    return None, torch.stack([_dense(one.lazy, one.weights) for one in heads], 1)


def _dense(lazy: LazyMap | None, weights: Tensor | None) -> Tensor:
    return lazy.dense() if weights is None else weights


def _content(lazy: LazyMap | None, weights: Tensor | None) -> Kept | None:
    if isinstance(lazy, Factors):
        tensors = {name: getattr(lazy, name) for name in ("q", "k", "cells", "bias")}
        return ({"kind": lazy.kind, "scale": lazy.scale, "causal": lazy.causal},
                {name: _own(tensor[:1] if name in "qk" else tensor) for name, tensor in tensors.items() if tensor is not None})
    if (lazy.nbytes // next(lazy.tensors()).element_size() if weights is None else weights.numel()) * 2 > DENSE_BYTES:
        return None
    dense = _dense(lazy, weights)[:1]
    fits = dense.abs().max() < torch.finfo(torch.float16).max
    return {"kind": "dense"}, {"weights": _own(dense.half() if fits else precise(dense))}


def _own(tensor: Tensor) -> Tensor:
    """A tensor that shares no memory, which safetensors asks for."""
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def _place(place: Placement | None) -> dict | None:
    return place and {"grid": place.grid, "scale": _texts(place.scale), "offset": _texts(place.offset)}


def read_map(values: dict, tensors: dict[str, Tensor], number: int) -> list[PlacedMap]:
    """The inverse of ``keep_map``: the map, and those of its heads; ``number`` is that of the first in its call."""
    whole = _read(values, tensors)
    queries, keys, channels = (place and Placement(tuple(place["grid"]), *(_fractions(place[name]) for name in ("scale", "offset")))
                               for place in values["places"])
    parity, found = Parity(*values["parity"]), []
    for at, (part, layer, head) in enumerate(values["maps"], number):
        one = whole if whole.heads is None else whole.head("mean" if head is None else head - 1)
        found.append(PlacedMap(replace(one, part=part, number=at), queries, keys, channels, lambda: parity, layer, head))
    return found


def _read(values: dict, tensors: dict[str, Tensor]) -> NLMap:
    given, content = {name: values[name] for name in PLAIN}, values["content"]
    given |= {name: tuple(given[name]) for name in TUPLES}
    lazy = None if content["kind"] == "dense" else Factors(
        tensors["q"], tensors["k"], content["kind"], tensors.get("cells"), tensors.get("bias"), content["scale"], content["causal"])
    weights = tensors.get("weights")
    strides = dict(zip(("query_stride", "key_stride"), map(_fractions, values["strides"])))
    return NLMap(**given | strides | {"picture": given["picture"] and tuple(given["picture"])}, part="", number=0, weights=weights,
                 lazy=lazy, used=weights if lazy is None else lazy, input=None, output=None)


def _texts(numbers: Sequence[Fraction | int]) -> list[str]:
    return [str(Fraction(number)) for number in numbers]


def _fractions(texts: Sequence[str]) -> tuple[Fraction, ...]:
    return tuple(map(Fraction, texts))
