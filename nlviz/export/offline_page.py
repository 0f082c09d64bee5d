"""The viewer as one HTML file that needs no server: for a colleague without Python, a supplement, a notebook's cell."""

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from string import Template

import torch

from ..analysis import Analysis, PlacedMap
from ..figures import DIVERGING, check_frames
from ..files import printable
from ..maps import SIMILARITIES
from ..pictures import Clip
from ..version import __version__
from ..viewer import (
    CSS,
    SCRIPT,
    colour_tables,
    make_dependence,
    make_effect,
    make_fresh,
    make_layer,
    make_scene,
    make_similarity,
    table_bytes,
)
from .smaller import halved

HERE = Path(__file__).parent
PAGE = Template((HERE / "offline_page.html").read_text())
LOOKS = CSS + (HERE / "offline_page.css").read_text()
CODE = "{\n" + SCRIPT + (HERE / "offline_page.js").read_text() + "}\n"
HASH = "sha256-" + base64.b64encode(hashlib.sha256(CODE.encode()).digest()).decode()  # the only script that may run
MOST_QUERIES = 8
MOST_SECONDS = 2.0  # of a network, run again with its maps replaced
CLIP_BYTES = 8 * 10**6  # of a clip's page: above that weights are float16; similarities are in it as long as there is room
HALVED = "To keep it small, weights are right to about 1 % here."
LAYERS_BYTES = 12 * 2**20  # of layers x heads, as text: beyond those shown, as many as fit


def offline_page_html(analyses: Sequence[Analysis], *, queries: Sequence[tuple[float, ...]] = (),
                    settings: Mapping[str, object] | None = None, title: str = "") -> str:
    """The page as text: the picture, the maps to hover and pin, every display setting, and the numbers measured now.

    Nothing in it asks the network for anything, and its Content-Security-Policy forbids that.

    Args:
        analyses: of one picture, in the order shown.
        queries: (x, y), fractions of width and height, of a clip (x, y, frame), pinned from the start; at most 8.
        settings: of the display, as in the page: ``colours``, ``scale``, ``view``, ``opacity``, ``direction``, ``term``,
            ``segmentation``; unknown ones are ignored. ``parts`` names the map shown first of a block with several:
            ``{model.name}/{number of the call}`` to ``NLMap.part``.
        title: of the page; by default the picture's name.

    Raises:
        ValueError: no analysis, different pictures, more than 8 queries, one outside 0 to 1, or ``parts`` that are not there.
    """
    _check(analyses, queries)
    names = _told_apart([analysis.model.name for analysis in analyses])
    scene = make_scene(analyses, names, max(max(analysis.frame.size) for analysis in analyses), sliders=False)
    about = _about(analyses, printable(analyses[0].picture.name))
    if _room(scene, analyses) < 0:
        scene, about = halved(scene), f"{about} {HALVED}"
    name = scene["picture"]["name"] = scene["key"]["name"] = printable(analyses[0].picture.name)
    settings = dict(settings or {})
    parts = settings.pop("parts", {})
    _check_parts(scene["panels"], parts)
    _add_layers(scene["panels"], analyses, parts, _room(scene, analyses))
    data = {
        "scene": scene, "depends": _depends(analyses, names, parts),
        "similarities": _similarities(analyses, names, _room(scene, analyses)),
        "effects": {name: _effect(analysis) for analysis, name in zip(analyses, names)},
        "colourMaps": colour_tables(), "diverging": table_bytes(DIVERGING),
        "view": {"queries": list(queries), "settings": settings, "parts": dict(parts)},
    }
    return PAGE.substitute(hash=HASH, version=__version__, title=escape(title or name),
                           about=escape(about), css=LOOKS, data=_embedded(data), script=CODE)


def _check(analyses: Sequence[Analysis], queries: Sequence[tuple[float, ...]]) -> None:
    if not analyses:
        raise ValueError("a page needs at least one analysis")
    if len({analysis.picture.sha256 for analysis in analyses}) > 1:
        raise ValueError(f"all analyses must be of one picture, got {', '.join(printable(a.picture.name) for a in analyses)}")
    if len(queries) > MOST_QUERIES:
        raise ValueError(f"at most {MOST_QUERIES} queries can be pinned, got {len(queries)}")
    for x, y, *_ in queries:
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ValueError(f"a query is given by fractions of width and height, 0 to 1, got {x}, {y}")
    check_frames(analyses[0].picture, queries)


def _check_parts(panels: Sequence[Mapping], parts: Mapping[str, str]) -> None:
    there = {panel["id"]: [one["name"] for one in panel["maps"]] for panel in panels}
    for panel, part in parts.items():
        names = there.get(_first(panel))
        if names is None:
            raise ValueError(f"no call of a block is named {panel!r}; there are: {', '.join(there)}")
        if part not in names:
            raise ValueError(f"{panel} has no map {part!r}; it has: {', '.join(map(repr, names))}")


def _first(panel: str) -> str:
    """``vit/0`` of ``vit/0+1``, a further panel of the same maps."""
    return re.sub(r"\+\d+$", "", panel)


def _shown(panel: str, call: Sequence[PlacedMap], parts: Mapping[str, str]) -> list[PlacedMap]:
    """Of layers x heads the maps that panels show at first; of blocks all."""
    if call[0].layer is None:
        return list(call)
    asked = {part for key, part in parts.items() if _first(key) == panel} or {call[0].nl_map.part}
    return [placed for placed in call if placed.nl_map.part in asked]


def _add_layers(panels: Sequence[dict], analyses: Sequence[Analysis], parts: Mapping[str, str], room: float) -> None:
    """The layers of layers x heads that are shown, of a clip as float16, then the deepest of the others, as float16 while there is
    room."""
    calls, clip = [call for analysis in analyses for call in analysis.calls], isinstance(analyses[0].picture, Clip)
    room = min(LAYERS_BYTES, room)
    wanted = []
    for panel, call in zip(panels, calls):
        if panel["stack"]:
            shown = {placed.layer for placed in _shown(panel["id"], call, parts)} | {call[0].layer}
            panel["layers"] = [make_layer(call, number, half=clip) for number in shown]
            room -= clip * len(json.dumps(panel["layers"]))
            others = [one["number"] for one in panel["stack"]["layers"] if one["number"] not in shown]
            wanted += [(panel, call, number) for number in reversed(others)]
    for panel, call, number in sorted(wanted, key=lambda one: -one[2]):
        layer = make_layer(call, number, half=True)
        room -= len(json.dumps(layer))
        if room < 0:
            return
        panel["layers"].append(layer)


def _told_apart(names: Sequence[str]) -> list[str]:
    """Networks of one name get a number behind it, ``net (2)``: the viewer and ``parts`` know them by name."""
    return [name if names.index(name) == at else f"{name} ({names[: at + 1].count(name)})" for at, name in enumerate(names)]


def _about(analyses: Sequence[Analysis], picture: str) -> str:
    """One line: what this is, what made it, and how good the networks are."""
    networks = ", ".join(f"{a.model.name} ({_score(a.model.card)})" for a in analyses)
    return (f"Attention maps of {picture}, made with nlviz {__version__}; works without a server. "
            f"Network{'s' if len(analyses) > 1 else ''}: {networks}.")


def _score(card: dict) -> str:
    return f"{card['metric']} {card['score']:.1%}" if "score" in card else card.get("source", "weights as given")


@torch.inference_mode()
def _depends(analyses: Sequence[Analysis], names: Sequence[str], parts: Mapping[str, str]) -> dict:
    """panel -> map -> step -> what the page's server would answer."""
    panels = {f"{name}/{number}": (a, call) for a, name in zip(analyses, names) for number, call in enumerate(a.calls)}
    return {panel: {placed.nl_map.part: _steps(analysis, placed) for placed in _shown(panel, call, parts)}
            for panel, (analysis, call) in panels.items()}


def _room(scene: dict, analyses: Sequence[Analysis]) -> float:
    """Characters that similarities may take: of photos as many as they have, of a clip as many as keep the page small."""
    around = len(LOOKS) + len(CODE) + CLIP_BYTES // 16  # and the numbers
    return CLIP_BYTES - around - len(json.dumps(scene)) if isinstance(analyses[0].picture, Clip) else math.inf


def _similarities(analyses: Sequence[Analysis], names: Sequence[str], room: float) -> dict:
    """panel -> term -> what the page's server would answer, as long as there is room."""
    found: dict[str, dict] = {}
    calls = [(f"{name}/{number}", call) for analysis, name in zip(analyses, names) for number, call in enumerate(analysis.calls)]
    for term in reversed(SIMILARITIES):  # that of the output first, the one that a map changes
        for panel, call in calls:
            answer = make_similarity(call[0], term)
            if (size := len(answer.get("data", ""))) > room:
                answer = {"reason": f"left out: this page would have more than {CLIP_BYTES // 10**6} MB"}
            else:
                room -= size
            found.setdefault(panel, {})[term] = answer
    return {panel: {term: answers[term] for term in SIMILARITIES} for panel, answers in found.items()}


def _effect(analysis: Analysis) -> dict:
    """What the page's server would say of one map for all queries."""
    try:
        found = make_effect(analysis, "mean row", max(analysis.frame.size), MOST_SECONDS)
    except Exception as error:  # a user's network may raise anything; the page is written all the same
        return {"error": f"its forward pass failed ({type(error).__name__})"}
    return {"sentence": found["sentence"], "reason": found["reason"]}


def _steps(analysis: Analysis, placed: PlacedMap) -> dict:
    try:
        return {"attention": make_dependence(placed), "fresh": make_fresh(analysis, placed)}
    except ValueError as error:
        return {step: {"error": str(error)} for step in ("attention", "fresh")}


def _embedded(data: dict) -> str:
    """JSON that no text in it can break out of a script element with, and that every browser reads."""
    text = json.dumps(_finite(data), separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _finite(value):
    """The same with None for what is no finite number: JSON has no NaN."""
    if isinstance(value, Mapping):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
