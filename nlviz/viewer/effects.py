"""What the viewer asks about maps that are replaced: what the network says then, and how much each head matters."""

from collections.abc import Callable
from time import perf_counter

import torch

from ..analysis import Analysis, as_input, one_at_a_time
from ..measures import effect_in_words, effect_of, head_effects, replaced_pass
from ..models import predict
from .scene import prediction_of

NOT_MEASURED = "it would take long; not measured in this file"
KINDS = ("pixels_changed_share", "kl_nats", "relative_change")  # the first that the output has is shown


def make_effect(analysis: Analysis, how: str, resolution: int, most_seconds: float = float("inf")) -> dict:
    """What a network says of the picture with its maps replaced.

    Args:
        how: as in ``replaced_maps``.
        resolution: the long side of the network's input in pixels that the analysis was made with.
        most_seconds: a network that would take longer is not measured, as far as its own pass tells.

    Returns:
        ``how``; ``prediction`` as in a panel, or None; ``sentence``, see ``effects``; ``reason``: "", or why maps cannot be
        replaced so.
    """
    try:
        other, found = _passes(analysis, how, resolution, most_seconds)
    except ValueError as error:  # also CannotReplace and NoAttention
        return {"how": how, "prediction": None, "sentence": effect_in_words(how, {}, str(error)), "reason": str(error)}
    prediction = prediction_of(predict(analysis.model, other), analysis.model, analysis.frame)
    return {"how": how, "prediction": prediction, "sentence": effect_in_words(how, found), "reason": ""}


@torch.inference_mode()
def _passes(analysis: Analysis, how: str, resolution: int, most_seconds: float) -> tuple[object, dict]:
    """The output with maps replaced, and what lies between it and the network's own."""
    model = analysis.model
    with one_at_a_time:
        x, frame = model.preprocess(analysis.picture, resolution)
        if frame != analysis.frame:
            raise ValueError("the network's input is no longer known")
        x = as_input(x, model)
        start = perf_counter()
        own = model(x)
        if 2.5 * (perf_counter() - start) > most_seconds:  # a replaced pass takes up to one and a half times as long
            raise ValueError(NOT_MEASURED)
        other = replaced_pass(model, lambda: model(x), how)
    return other, effect_of(model, own, other)


def make_head_effects(analysis: Analysis, layer: int, resolution: int, before: Callable[[], None] = lambda: None) -> list[dict]:
    """How much each head of a layer matters: what the mean row in that head alone does to the output.

    Args:
        before: called before each head's pass.

    Returns:
        of each ``name`` and ``head`` of its map, ``kind``, one of KINDS, ``effect`` (a share, or nats), None with its ``reason``.

    Raises:
        ValueError: there is no such layer.
    """
    names = {placed.head: placed.nl_map.part for placed in analysis.maps if placed.layer == layer}
    if not names:
        raise ValueError(f"there is no layer {layer}")
    def waited() -> bool:
        before()
        return False

    found = head_effects(analysis.model, analysis.picture, stop=waited, resolution=resolution, layers=[layer])
    return [{"name": names[one["head"]], "head": one["head"], **_shown(one)} for one in found if one["head"] in names]


def _shown(one: dict) -> dict:
    kind = next((kind for kind in KINDS if one[kind] is not None), KINDS[-1])
    return {"kind": kind, "effect": one[kind], "reason": one["reason"]}
