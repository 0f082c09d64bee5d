"""A scene in fewer bytes: its large arrays as float16, which the offline page's script reads back."""

import base64
from collections.abc import Mapping

import numpy as np

ARRAYS = ("q", "k", "data")  # of weights; what rows are divided by stays as it is
LARGE = 50_000  # characters


def halved(scene: Mapping) -> dict:
    """The scene with queries, keys and weights as float16 where they are large; ``half`` names those of each map's weights.

    The weights of a softmax are then right to about 1 % of themselves.
    """
    panels = [{**panel, "maps": [_map(one) for one in panel["maps"]]} for panel in scene["panels"]]
    return {**scene, "panels": panels}


def _map(one: Mapping) -> dict:
    return {**one, "weights": _weights(one["weights"])} if isinstance(one.get("weights"), Mapping) else dict(one)


def _weights(weights: Mapping) -> dict:
    halves = {name: half for name in ARRAYS if (half := _half(weights.get(name)))}
    inner = {"of": _weights(weights["of"])} if isinstance(weights.get("of"), Mapping) else {}
    return {**weights, **halves, **inner} | ({"half": list(halves)} if halves else {})


def _half(text: object) -> str | None:
    """Little-endian float16 of float32, both as base64; None where it is small or too large a number is in it."""
    if not isinstance(text, str) or len(text) < LARGE:
        return None
    found = np.frombuffer(base64.b64decode(text), "<f4")
    if np.abs(found).max() > np.finfo(np.float16).max:
        return None
    return base64.b64encode(found.astype("<f2").tobytes()).decode()
