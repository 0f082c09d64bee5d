"""Analyses -> the scene that viewer.js draws: plain JSON, tensors as base64 of little-endian float32."""

import base64
import colorsys
import io

import numpy as np
import torch
from torch import Tensor

from ..analysis import Analysis, PlacedMap
from ..images import Picture, Placement
from ..maps import NLMap

PREVIEW_SIDE = 1024  # pixels of the photo that the page shows


def make_scene(analyses: list[Analysis], names: list[str], resolution: int) -> dict:
    """What the viewer needs of one picture in some networks; ``key`` finds the analyses again for an export."""
    picture = analyses[0].picture
    panels = [_panel(a, name, number) for a, name in zip(analyses, names) for number in range(len(a.maps))]
    return {"key": {"picture": picture.sha256, "name": picture.name, "networks": names, "resolution": resolution},
            "picture": _preview(picture), "panels": panels}


def _preview(picture: Picture) -> dict:
    image = picture.image.copy()
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90)
    width, height = picture.size
    return {"name": picture.name, "width": width, "height": height,
            "url": "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()}


def _panel(analysis: Analysis, name: str, number: int) -> dict:
    placed, model = analysis.maps[number], analysis.model
    nl_map = placed.nl_map
    several = len(analysis.maps) > 1
    return {
        "id": f"{name}/{number}", "title": f"{model.title} ({nl_map.layer.rsplit('.')[-1]})" if several else model.title,
        "subtitle": source_of_weights(model.card), "block": nl_map.block, "layer": nl_map.layer,
        "relates": nl_map.relates, "rows": nl_map.rows,
        "query_grid": nl_map.query_grid, "key_grid": nl_map.key_grid,
        "query_place": _place(placed.queries), "key_place": _place(placed.keys),
        "weights": _weights(nl_map),
        "parity": {"outcome": placed.parity.outcome, "text": placed.parity.text},
        "prediction": _prediction(analysis), "notes": _notes(analysis, placed),
    }


def source_of_weights(card: dict) -> str:
    """Where the weights come from, with the score beside the one without the block; a user's own have no card."""
    if not card:
        return "weights as given"
    without = card.get("score_without_block")
    beside = "" if without is None else f" (without the block {without:.1%})"
    return f"{card['data']} · trained, {card['metric']} {card['score']:.1%}{beside}"


def _place(place: Placement) -> dict:
    return {"scale": [float(s) for s in place.scale], "offset": [float(o) for o in place.offset]}


def _weights(nl_map: NLMap) -> dict:
    """Queries and keys where the map has them and they are the smaller message, else the dense map."""
    factors, dense = nl_map.factors, nl_map.weights
    if factors is None or (dense is not None and dense[0].numel() < factors.q[0].numel() + factors.k[0].numel()):
        return {"kind": "dense", "data": _base64(nl_map.weights[0])}
    found = {"kind": factors.kind, "q": _base64(factors.q[0]), "k": _base64(factors.k[0]), "channels": factors.q.shape[2]}
    return found | ({"log_sum": _base64(factors.log_sum()[0])} if factors.kind == "softmax" else {})


def _base64(tensor: Tensor) -> str:
    return base64.b64encode(tensor.detach().cpu().float().numpy().astype("<f4").tobytes()).decode()


def _notes(analysis: Analysis, placed: PlacedMap) -> list[str]:
    width, height = analysis.frame.size
    left, top, right, bottom = analysis.frame.content
    notes = [f"input {width} × {height} px"]
    if (right - left, bottom - top) != (width, height):
        notes = [f"This network sees the photo as {right - left} × {bottom - top} grey pixels in a {width} × {height} input."]
    grid = placed.nl_map.query_grid
    if height % grid[0] or width % grid[1]:
        notes.append(f"{grid[0]} × {grid[1]} cells do not divide this input: places are off by up to a cell. "
                     "Give its stride: Preprocess(stride=...).")
    return notes


def _prediction(analysis: Analysis) -> dict | None:
    prediction = analysis.prediction
    if prediction is None or prediction["kind"] == "classes":
        return prediction
    labels, classes = prediction["labels"], analysis.model.classes
    counts = torch.bincount(labels.flatten(), minlength=len(classes))
    present = counts.argsort(descending=True)[: int((counts > 0).sum())].tolist()
    return {
        "kind": "segmentation", "grid": list(labels.shape), "place": _place(analysis.frame.place(tuple(labels.shape))),
        "labels": base64.b64encode(labels.cpu().numpy().astype(np.uint8).tobytes()).decode(),
        "classes": [{"index": i, "name": classes[i], "colour": class_colour(i),
                     "share": counts[i].item() / labels.numel()} for i in present],
    }


def class_colour(index: int) -> str:
    """A colour for a class: hues spread over the circle, lightness alternating so that neighbours differ."""
    hue = (index * 0.381966) % 1  # the golden angle
    red, green, blue = colorsys.hls_to_rgb(hue, (0.45, 0.62, 0.74)[index % 3], 0.7)
    return f"#{round(red * 255):02x}{round(green * 255):02x}{round(blue * 255):02x}"
