"""Analyses -> the scene that viewer.js draws: plain JSON, tensors as base64 of little-endian float32."""

import base64
import colorsys
import io
import re
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np
import torch
from torch import Tensor

from ..analysis import Analysis, PlacedMap
from ..maps import Crosses, Difference, Factors, Framewise, LazyMap, NLMap, Product, Sum
from ..models import Model
from ..pictures import Clip, Frame, Picture, contact_sheet, frames_words
from .framewise import flat, weights_of_frames
from .layers import in_time, make_layer, terms_of_map
from .texts import place_of, to_base64

PREVIEW_SIDE = 1024  # pixels of the photo that the page shows
SHEET_SIDE = 480  # of each frame of a clip


def make_scene(analyses: Sequence[Analysis], names: Sequence[str], resolution: int, sliders: bool = True) -> dict:
    """What the viewer needs of one picture in some networks; ``key`` finds the analyses again for an export.

    ``sliders``: whether networks with snapshots of their training get a slider of epochs, which asks for the others.
    """
    picture = analyses[0].picture
    panels = [make_panel(a, name, number, sliders) for a, name in zip(analyses, names) for number in range(len(a.calls))]
    key = {"picture": picture.sha256, "name": picture.name, "networks": list(names), "resolution": resolution}
    if isinstance(picture, Clip):
        key["clip"] = asdict(picture.chosen)
    return {"key": key, "picture": _preview(picture), "panels": panels}


def _preview(picture: Picture) -> dict:
    width, height = picture.size
    found = {"name": picture.name, "width": width, "height": height}
    if isinstance(picture, Clip):
        sheet, across = contact_sheet(picture, SHEET_SIDE)
        return found | {"url": _jpeg(sheet), "clip": {"count": len(picture.frames), "across": across, "numbers": picture.numbers,
                                                      "seconds": picture.seconds, "title": frames_words(picture)}}
    image = picture.image.copy()
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    return found | {"url": _jpeg(image)}


def _jpeg(image) -> str:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()


def make_panel(analysis: Analysis, name: str, number: int, slider: bool = True) -> dict:
    """One call of a block, with all its maps; ``name`` is the network's, also of a snapshot that a slider shows."""
    call, model = analysis.calls[number], analysis.model
    first, several = call[0], len(analysis.calls) > 1
    stack = first.layer is not None
    step = f", {model.card.get('unit', 'epoch')} {model.card.get('epoch')}"
    title = model.title.removesuffix(step) if slider else model.title  # the slider says it
    title += ", random weights" if "random" in model.card.get("source", "") else ""  # which the unfolded caption alone would say
    return {
        "id": f"{name}/{number}", "title": f"{title} ({first.nl_map.layer.rsplit('.')[-1]})" if several else title,
        "subtitle": source_of_weights(model.card), "block": first.nl_map.block, "layer": first.nl_map.layer,
        "maps": [_map(placed, call) for placed in call], "features": _features(call),
        "stack": _stack(call) if stack else None, "layers": [make_layer(call, first.layer)] if stack else [],
        "parity": {"outcome": first.parity.outcome, "text": first.parity.text},
        "prediction": prediction_of(analysis.prediction, model, analysis.frame), "notes": _notes(analysis, first),
        "snapshots": _snapshots(model.card, first.nl_map) if slider else None, "runs": model.runs,
    }


def _snapshots(card: dict, nl_map: NLMap) -> dict | None:
    """The epochs of a network's training that can be shown, the last being the network itself; or its steps, with the map's numbers
    at each."""
    if not card.get("snapshots"):
        return None
    epochs = [snapshot["epoch"] for snapshot in card["snapshots"]] + [card["epochs"]]
    found = {"epochs": epochs, "chosen": epochs.index(card.get("epoch", card["epochs"]))}
    if "curves" in card:
        found |= {"unit": card["unit"], "curves": card["curves"].get(f"{nl_map.layer}/{nl_map.part}")}
    return found


def _map(placed: PlacedMap, call: tuple[PlacedMap, ...]) -> dict:
    nl_map = placed.nl_map
    return {"name": nl_map.part, "relates": nl_map.relates, "rows": nl_map.rows,
            "query_grid": nl_map.query_grid, "key_grid": nl_map.key_grid,
            "query_place": placed.queries and place_of(placed.queries), "key_place": placed.keys and place_of(placed.keys),
            "query_tokens": nl_map.query_tokens, "key_tokens": nl_map.key_tokens, "aside": _is_aside(placed),
            **_content(placed, call)}


def _is_aside(placed: PlacedMap) -> bool:
    """Channels of one frame after the first: chosen like any map, but with no line of its own in the table of numbers."""
    found = re.search(r"frame (\d+)$", placed.nl_map.part) if placed.keys is None else None
    return found is not None and found[1] != "1"


def _content(placed: PlacedMap, call: tuple[PlacedMap, ...]) -> dict:
    """The weights of a map; of layers x heads which one it is, the weights coming layer by layer."""
    if placed.layer is not None:
        return {"layer": placed.layer, "head": placed.head}
    weights = _weights(placed.nl_map, [other.nl_map for other in call])
    return {"weights": weights, "terms": terms_of_map(placed.nl_map)} | in_time(placed.nl_map)


def _stack(call: tuple[PlacedMap, ...]) -> dict:
    """The layers of a network that have maps, from the first to the last."""
    layers = {placed.layer: placed.nl_map.layer for placed in call}
    heads = {number: sum(placed.layer == number and placed.head is not None for placed in call) or 1 for number in layers}
    return {"layers": [{"number": number, "name": layers[number], "heads": heads[number]} for number in sorted(layers)]}


def _features(call: tuple[PlacedMap, ...]) -> dict | None:
    """The feature map of every channel of the block's input, where a map has rows or values of channels."""
    if call[0].nl_map.input is None or all(len(placed.nl_map.key_grid) > 1 for placed in call):
        return None
    x = call[0].nl_map.input[0].float()  # (C, rows, columns), of a clip (C, frames, rows, columns)
    over = tuple(range(1, x.dim()))
    low, high = x.amin(over, keepdim=True), x.amax(over, keepdim=True)
    steps = ((x - low) / (high - low).clamp_min(1e-30) * 255).round()
    return {"grid": list(x.shape[1:]), "place": place_of(call[0].channels), "count": len(x), "low": to_base64(low),
            "high": to_base64(high), "data": base64.b64encode(steps.cpu().numpy().astype(np.uint8).tobytes()).decode()}


def source_of_weights(card: dict) -> str:
    """Where the weights come from, with the score beside the one without the block; a user's own have no card."""
    if "score" not in card:
        return card.get("source", "weights as given")
    without = card.get("score_without_block")
    beside = "" if without is None else f" (without the block {without:.1%})"
    when = f"epoch {card['epoch']} of {card['epochs']}" if "epoch" in card else "trained"
    return f"{card['data']} · {when}, {card['metric']} {card['score']:.1%}{beside}"


def _weights(nl_map: NLMap, call: list[NLMap]) -> dict:
    """The map in the form that it was kept in; made of other maps of its call, it names their numbers."""
    if nl_map.relates != "positions" or nl_map.lazy is None:
        return {"kind": "dense", "data": to_base64(nl_map.weights[0] if nl_map.weights is not None else nl_map.lazy.dense()[0])}
    return _of_form(nl_map.lazy, call)


def _of_form(form: LazyMap | Tensor, call: list[NLMap]) -> dict:
    """A map's form; what it is made of as numbers of its call, or, where that has it not, as forms within this one."""
    lazy = flat(form) if isinstance(form, LazyMap) else form
    if isinstance(lazy, Difference):
        return {"kind": "difference", "of": [_of_form(side, []) for side in (lazy.first, lazy.second)]}
    if isinstance(lazy, Framewise):
        return weights_of_frames(lazy, call)
    if isinstance(lazy, Product):
        return {"kind": "product", "of": [_part(part, call) for part in lazy.maps]}
    if isinstance(lazy, Sum):
        return {"kind": "sum", "of": [_part(lazy.terms, call), _part(lazy.shared, call)]}
    if isinstance(lazy, Crosses):
        return {"kind": "cross", "data": to_base64(lazy.weights[0])}
    if not isinstance(lazy, Factors):
        dense = (lazy if isinstance(lazy, Tensor) else lazy.dense())[0]
        return {"kind": "dense" if len(dense) > 1 else "shared", "data": to_base64(dense)}
    found = {"kind": lazy.kind, "q": to_base64(lazy.q[0]), "k": to_base64(lazy.k[0]), "channels": lazy.q.shape[2]}
    if lazy.kind == "softmax":
        found["log_sum"] = to_base64(lazy.log_sum()[0])
    if lazy.cells is not None:
        found["cells"] = to_base64(lazy.cells)
    return found


def _part(part: LazyMap | Tensor, call: list[NLMap]) -> int | dict:
    numbers = [number for number, nl_map in enumerate(call) if nl_map.lazy is part or nl_map.weights is part]
    return numbers[0] if numbers else _of_form(part, [])


def _notes(analysis: Analysis, placed: PlacedMap) -> list[str]:
    width, height = analysis.frame.size
    left, top, right, bottom = analysis.frame.content
    notes = [f"input {width} × {height} px"]
    frames = analysis.frame.frames
    if frames > 1:
        notes = [f"input {frames} frames of {width} × {height} px{'' if analysis.model.clips else ', one at a time'}"]
    if left < 0 or top < 0:
        notes = [f"This network sees the middle of the photo alone: {_seen(left, right, width)} of its width and "
                 f"{_seen(top, bottom, height)} of its height, as {width} × {height} px."]
    elif (right - left, bottom - top) != (width, height):
        pixels = "grey pixels" if getattr(analysis.model.preprocess, "channels", 3) == 1 else "pixels"
        notes = [f"This network sees the photo as {right - left} × {bottom - top} {pixels} in a {width} × {height} input."]
    grids = [place.grid[0] for place in (placed.queries, placed.keys) if place is not None and place.of_clip]
    if grids and min(grids) < frames:
        notes.append("A cell lies on several frames: it is drawn on each, and its share of the weight is divided evenly.")
    notes += [*placed.nl_map.notes, *analysis.notes, *analysis.model.card.get("notes", ())]
    if placed.nl_map.input is None:
        return notes
    grid = placed.nl_map.input.shape[-2:]
    if height % grid[0] or width % grid[1]:
        notes.append(f"{grid[0]} × {grid[1]} cells do not divide this input: places are off by up to a cell. "
                     "Give its stride: Preprocess(stride=...).")
    return notes


def _seen(start: int, end: int, size: int) -> str:
    return f"{min(1, size / (end - start)):.0%}"


def prediction_of(prediction: dict | None, model: Model, frame: Frame) -> dict | None:
    """What ``predict`` gives, as the viewer draws it."""
    if prediction is None or prediction["kind"] == "classes":
        return prediction
    labels, classes = prediction["labels"], model.classes
    counts = torch.bincount(labels.flatten(), minlength=len(classes))
    present = counts.argsort(descending=True)[: int((counts > 0).sum())].tolist()
    return {
        "kind": "segmentation", "grid": list(labels.shape), "place": place_of(frame.place(tuple(labels.shape))),
        "labels": base64.b64encode(labels.cpu().numpy().astype(np.uint8).tobytes()).decode(),
        "classes": [{"index": i, "name": classes[i], "colour": class_colour(i),
                     "share": counts[i].item() / labels.numel()} for i in present],
    }


def class_colour(index: int) -> str:
    """A colour for a class: hues spread over the circle, lightness alternating so that neighbours differ."""
    hue = (index * 0.381966) % 1  # the golden angle
    red, green, blue = colorsys.hls_to_rgb(hue, (0.45, 0.62, 0.74)[index % 3], 0.7)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
