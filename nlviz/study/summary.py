"""What a study found: means over pictures, and over clips, with intervals, baselines, and the picture to look at."""

import math
from collections.abc import Iterable, Sequence
from itertools import product

import numpy as np

from ..measures import CLIP_NAMES, DEALT, NAMES, NEARLY_FLAT, REACH, clip_in_words, dependence_in_words, last_scale
from ..models import Model
from .stacks import few

DRAWS = 2000  # resamples of the pictures
IDENTITY = ("layer", "block", "part", "relates", "rows")

Line = tuple[str, Model, dict]  # picture, network, {"maps"} or {"broken"} or {"failed"}


def interval(values: Sequence[float], seed: int) -> tuple[float, float]:
    """The 95 % bootstrap interval of a mean (percentiles of DRAWS resamples)."""
    values, random = np.asarray(values), np.random.default_rng(seed)
    means = values[random.integers(0, len(values), (DRAWS, len(values)))].mean(1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def summarise(lines: Sequence[Line], resolution: int, seed: int) -> dict:
    """What a study found.

    Returns:
        ``pictures`` (how many), ``resolution``, ``seed``, ``broken`` and ``failed`` (with reasons), and ``rows``: for each
        map of each network what it is, the network's score, ``pictures`` it was measured on, ``measures`` by NAMES (mean,
        low, high, shuffled, fresh; or the reason), entropy_share, added_share, scale (the block's last), terms, sentence,
        of layers x heads ``layer_number`` and ``head`` (from 1), ``of_shuffled`` and ``attention_distance_cells`` (mean, low,
        high over the pictures, or None), ``number`` (of the map in the order computed, from 0), and ``highest``: the picture with
        the largest divergence (where there is none, cosine distance). Pictures and clips have rows of their own: ``clips`` says
        which, and ``network`` is the model's name, with ", clips" where it saw both. A row of clips has in ``measures`` also
        CLIP_NAMES, those of DEALT with ``dealt``, and ``reach``: by REACH mean, low, high and ``flat``, what equal weights give.
    """
    broken = {picture: line["broken"] for picture, _, line in lines if "broken" in line}
    rows = []
    for model, clips in product(dict.fromkeys(model for _, model, _ in lines), (False, True)):
        every = [(picture, line["maps"]) for picture, own, line in lines if own is model and "maps" in line]
        measured = [one for one in every if of_clips(one[1]) == clips]
        called = {"network": model.name + ", clips" * (clips and len(measured) < len(every)), "clips": clips}
        count = max((len(maps) for _, maps in measured), default=0)
        own = [_row(model, [(picture, maps[at]) for picture, maps in measured if at < len(maps)], seed) | called | {"number": at}
               for at in range(count)]
        own.sort(key=lambda row: row["layer_number"] or 0)  # stable
        several = len({row["layer"] for row in own if row["layer_number"] is None}) > 1
        rows += [row | {"layer_short": row["layer"].rsplit(".")[-1] if several and row["layer_number"] is None else ""}
                 for row in own]
    return {"pictures": len({picture for picture, _, _ in lines}) - len(broken), "resolution": resolution, "seed": seed,
            "broken": [{"picture": picture, "reason": reason} for picture, reason in broken.items()],
            "failed": [{"picture": picture, "model": model.name, "reason": line["failed"]}
                       for picture, model, line in lines if "failed" in line], "rows": rows}


def of_clips(maps: Sequence[dict]) -> bool:
    """Whether the numbers of a line are those of a clip."""
    return any(found["frames"] > 1 for found in maps)


def _row(model: Model, found: list[tuple[str, dict]], seed: int) -> dict:
    """One map of one network over all pictures."""
    first, card = found[0][1], model.card
    measures = {name: _measure(name, [numbers for _, numbers in found], seed) for name in NAMES}
    deciding = next((name for name in ("jsd_att_nats", "cosine_att", "cosine_output") if "mean" in measures[name]), None)
    highest = max((pair for pair in found if deciding in pair[1]["values"]), key=lambda pair: pair[1]["values"][deciding],
                  default=None)
    jsd = measures["jsd_att_nats"]
    apart = {name: _measure(name, [numbers for _, numbers in found], seed) for name in CLIP_NAMES
             if any(name in numbers["values"] for _, numbers in found)}
    by_frame = first["by_frame"] and bool(apart)
    asked = apart[CLIP_NAMES[0]] if by_frame else jsd
    return {"model": model.name, "title": model.title} | {name: first[name] for name in IDENTITY} | {
        "pictures": len(found), "score": card.get("score"), "metric": card.get("metric"),
        "score_without_block": card.get("score_without_block"), "measures": measures | apart,
        **{name: _mean(numbers[name] for _, numbers in found) for name in ("entropy_share", "added_share")},
        "scale": last_scale(model.net.get_submodule(first["layer"])),
        "terms": {name: _mean(numbers["terms"].get(name) for _, numbers in found) for name in first.get("terms", {})},
        "sentence": (dependence_in_words(asked["mean"], asked["shuffled"], first["relates"], by_frame) if "mean" in jsd
                     else f"n/a: {jsd['reason']}"),
        "of_clip": clip_in_words(*({name: one.get(kind) for name, one in apart.items()} for kind in ("mean", "shuffled", "dealt")),
                                 first["relates"], by_frame),
        "reach": {name: reached | {"flat": _mean(numbers["reach"].get(name + "_flat") for _, numbers in found)} for name in REACH
                  if (reached := _over_pictures((numbers["reach"].get(name) for _, numbers in found), seed))},
        "layer_number": first.get("layer_number"), "head": first.get("head"),
        "of_shuffled": _over_pictures(map(_of_shuffled, (numbers for _, numbers in found)), seed),
        "attention_distance_cells": _over_pictures((numbers.get("attention_distance_cells") for _, numbers in found), seed),
        "highest": highest and {"picture": highest[0], "measure": deciding, "value": highest[1]["values"][deciding]},
    }


def _measure(name: str, found: list[dict], seed: int) -> dict:
    values = [numbers["values"][name] for numbers in found if name in numbers["values"]]
    if not values:
        return {"reason": next(numbers["reasons"][name] for numbers in found)}
    low, high = interval(values, seed)
    return {"mean": _mean(values), "low": low, "high": high, "pictures": len(values),
            "shuffled": _mean(numbers["shuffled"].get(name) for numbers in found),
            "fresh": _mean(numbers["fresh"].get(name) for numbers in found) if name != "cosine_input" else None,
            **({"dealt": _mean(numbers["dealt"].get(name) for numbers in found)} if name in DEALT else {})}


def _of_shuffled(numbers: dict) -> float | None:
    """A picture's divergence as a share of what shuffled rows give; None where they are nearly flat."""
    value, shuffled = (numbers[kind].get("jsd_att_nats") for kind in ("values", "shuffled"))
    return None if value is None or shuffled < NEARLY_FLAT else value / shuffled


def _over_pictures(values: Iterable[float | None], seed: int) -> dict | None:
    """The mean with its interval."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    low, high = interval(known, seed)
    return {"mean": _mean(known), "low": low, "high": high, "pictures": len(known)}


def _mean(values) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


def told(rows: list[dict]) -> list[dict]:
    """Without maps that say nothing of the question: a block's first map, and those whose rows are of positions; few heads."""
    rows = few(rows)
    firsts = {(row["network"], row["layer"]): row for row in reversed(rows)}
    return [row for row in rows if "mean" in row["measures"]["cosine_att"] or row is firsts[row["network"], row["layer"]]]


def label_of(row: dict) -> str:
    """A map in words: its network, and which of its blocks and maps where there are several."""
    return " · ".join(filter(None, [row["network"], row["layer_short"], row["part"]]))
