"""Is the map used? What replacing its rows does to a network's output: the second half of GCNet's argument, as an experiment.

Cao, Xu, Lin, Wei, Hu: GCNet, 2019 (arXiv 1904.11492), section 3: one map for all queries costs nothing, it says.
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from ..analysis import as_input, as_model, one_at_a_time
from ..blocks import Block
from ..capture import CannotReplace, replaced_maps
from ..models import Model, OnBackbone, SmallNetwork, predict
from ..numbers import number, percent
from ..pictures import Clip, Picture, open_picture

WITH = {"mean row": "with one map for all queries", "identity": "with each query attending to itself",
        "uniform": "with all keys counting alike", "shuffled": "with rows shuffled among queries",
        "nothing": "without what attention adds"}  # the replacements that are compared, in words
BY_FRAME = "it sees a clip frame by frame, so that effects are those of its frames as pictures: give one of them"
EFFECTS = ("relative_change", "cosine", "kl_nats", "top_probability", "top_change", "pixels_changed_share")


def effects(model: nn.Module, picture, hows: Sequence[str] = tuple(WITH), resolution: int = 448, preprocess=None,
            layers: Sequence[str | int] | None = None, heads: Sequence[int] | Mapping | None = None) -> list[dict]:
    """How far the output moves for one picture where maps are replaced, each replacement beside the others.

    Args:
        model, resolution, preprocess: as in ``analyse``.
        picture: as in ``analyse``, or the network's input itself, a tensor of one item. A clip for networks that see all of it.
        hows, layers, heads: as in ``replaced_maps``.

    Returns:
        For each of ``hows``: ``model``, ``how``, ``sentence``, and by EFFECTS, None where it is not defined for such an output:
        ``relative_change`` |z' - z| / |z| of the whole output (of logits, where it has them) and ``cosine`` of the two, -1 to 1;
        of a classifier ``kl_nats``, the Kullback-Leibler divergence sum p ln(p / p') from its own probabilities p to the changed
        p', at least 0, ``top_probability``, that of its own first class, 0 to 1, and ``top_change``, by how much it changes, -1
        to 1; of a segmentation ``pixels_changed_share``, the share of pixels whose class changes, at the resolution of
        ``predict``, 0 to 1. ``reason`` is "" or why maps could not be replaced so.

    Raises:
        PictureError: the picture cannot be used.
        ValueError: no attention ran (``NoAttention``), the output has no tensor, or the network sees one frame of a clip at a time.
    """
    model, x = _given(model, picture, resolution, preprocess)
    return effects_of(model, lambda: model(x), hows, layers, heads)


@torch.inference_mode()
def effects_of(model: Model, run: Callable[[], object], hows: Sequence[str] = tuple(WITH),
               layers: Sequence[str | int] | None = None, heads: Sequence[int] | Mapping | None = None) -> list[dict]:
    """``effects`` of a pass that ``run`` makes: of one picture whose features are known, for example."""
    with one_at_a_time:
        own, found = run(), []
        for how in hows:
            try:
                other = replaced_pass(model, run, how, layers, heads)
            except CannotReplace as error:
                found.append(_row(model, how, dict.fromkeys(EFFECTS), str(error)))
                continue
            found.append(_row(model, how, effect_of(model, own, other)))
    return found


def replaced_pass(model: Model, run: Callable[[], object], how: str, layers: Sequence[str | int] | None = None,
                  heads: Sequence[int] | Mapping | None = None) -> object:
    """What ``run`` gives with maps replaced. Of a bundled network blocks are all that has maps: nothing else is followed.

    Raises:
        CannotReplace: see ``replaced_maps``; or each map is one for all queries, which is neither uniform nor an identity.
    """
    if layers is None and not isinstance(heads, Mapping) and isinstance(model.net, (OnBackbone, SmallNetwork)):
        layers = [name for name, module in model.net.named_modules() if isinstance(module, Block)] or None
    with replaced_maps(model.net, how, layers, heads) as maps:
        output = run()
    if how in ("identity", "uniform") and all(one.stays for one in maps):
        raise CannotReplace("each map is one for all queries, and stays as it is")
    return output


def effect_of(model: Model, own: object, other: object) -> dict[str, float | None]:
    """What lies between two outputs of a network for one picture, by EFFECTS; see ``effects``.

    Raises:
        ValueError: an output has no tensor.
    """
    before, after = (_tensor_of(output).double().flatten() for output in (own, other))
    length = before.norm().clamp_min(1e-300)
    found = dict.fromkeys(EFFECTS) | {
        "relative_change": ((after - before).norm() / length).item(),
        "cosine": (before @ after / (length * after.norm().clamp_min(1e-300))).item()}
    first, second = predict(model, own), predict(model, other)
    if first is None:
        return found
    if first["kind"] == "classes":
        logs = [log.log_softmax(0) for log in (before, after)]
        top = int(before.argmax())
        found["kl_nats"] = (logs[0].exp() * (logs[0] - logs[1])).sum().clamp_min(0).item()
        found["top_probability"] = logs[0][top].exp().item()
        found["top_change"] = (logs[1][top].exp() - logs[0][top].exp()).item()
    else:
        found["pixels_changed_share"] = (first["labels"] != second["labels"]).double().mean().item()
    return found


def _row(model: Model, how: str, found: dict[str, float | None], reason: str = "") -> dict:
    return {"model": model.name, "how": how, **found, "sentence": effect_in_words(how, found, reason), "reason": reason}


def effect_in_words(how: str, found: Mapping[str, float | None], reason: str = "") -> str:
    """``with one map for all queries: 2.0 % of pixels change class``."""
    if reason:
        said = f"n/a: {reason}"
    elif found["pixels_changed_share"] is not None:
        said = f"{percent(found['pixels_changed_share'])} of pixels change class"
    elif found["kl_nats"] is not None:
        before, after = found["top_probability"], found["top_probability"] + found["top_change"]
        said = f"its first class goes from {percent(before)} to {percent(max(after, 0.0))}, KL {number(found['kl_nats'])} nats"
    else:
        said = f"the output changes by {percent(found['relative_change'])}, cosine {number(found['cosine'])} to its own"
    return f"{WITH.get(how, how)}: {said}"


@torch.inference_mode()
def head_effects(model: nn.Module, picture, how: str = "mean row", progress: Callable[[int, int], None] | None = None,
                 stop: Callable[[], bool] | None = None, resolution: int = 448, preprocess=None,
                 layers: Sequence[int] | None = None) -> list[dict]:
    """How much each single head of a network's layers x heads matters: the effect of replacing its rows alone.

    72 heads of ``dinov2_small`` at 224 px take some 11 seconds on one core. Other passes may run between two of its own.

    Args:
        model, picture, how, resolution, preprocess: as in ``effects``.
        progress: told how many of how many heads are done.
        stop: asked before each head; True ends it there.
        layers: numbers of those whose heads are measured, from 1; by default all.

    Returns:
        For each head, in the order computed, ``layer`` and ``head`` from 1, as those of ``PlacedMap`` (head None where the layer
        has one), ``name`` of the module, and the numbers of ``effects`` by EFFECTS with ``reason``. Fewer where it was stopped.

    Raises:
        PictureError, ValueError: as in ``effects``.
    """
    model, x = _given(model, picture, resolution, preprocess)
    with one_at_a_time:
        own = model(x)
        with replaced_maps(model.net, "itself") as maps:
            model(x)
    heads, found = [(one, head) for one in maps if layers is None or one.number in layers
                    for head in range(one.heads or 1)], []
    for done, (one, head) in enumerate(heads, 1):
        if stop is not None and stop():
            break
        row = {"layer": one.number, "head": head + 1 if (one.heads or 1) > 1 else None, "name": one.layer}
        found.append(row | _of_head(model, x, own, how, one.number, head))
        if progress is not None:
            progress(done, len(heads))
    return found


def _of_head(model: Model, x: Tensor, own: object, how: str, layer: int, head: int) -> dict:
    try:
        with one_at_a_time, replaced_maps(model.net, how, heads={layer: [head]}):
            other = model(x)
    except CannotReplace as error:
        return dict.fromkeys(EFFECTS) | {"reason": str(error)}
    return effect_of(model, own, other) | {"reason": ""}


def _given(model: nn.Module, picture, resolution: int, preprocess) -> tuple[Model, Tensor]:
    """The network, and its input."""
    model = as_model(model, preprocess)
    if isinstance(picture, Tensor):
        if len(picture) != 1:
            raise ValueError(f"effects are those of one picture: expected an input of one item, got {tuple(picture.shape)}")
        return model, as_input(picture, model)
    picture = picture if isinstance(picture, Picture) else open_picture(picture)
    if isinstance(picture, Clip) and not model.clips:
        raise ValueError(f"{model.name}: {BY_FRAME}")
    return model, as_input(model.preprocess(picture, resolution)[0], model)


def _tensor_of(output: object) -> Tensor:
    """A network's output, its logits, or the first tensor of several."""
    output = getattr(output, "logits", output)
    if isinstance(output, Mapping):
        output = next((value for value in output.values() if isinstance(value, Tensor)), None)
    elif isinstance(output, (tuple, list)):
        output = next((value for value in output if isinstance(value, Tensor)), None)
    if not isinstance(output, Tensor):
        raise ValueError(f"the network's output has no tensor whose change could be measured, it is a {type(output).__name__}")
    return output
