"""Numbers of maps as a table for the terminal."""

from collections.abc import Mapping, Sequence

from ..numbers import number

CLIPS = {"jsd_place_nats": "in a frame", "jsd_place_nats_shuffled": "shuffled",
         "jsd_frame_nats": "frames, nats", "jsd_frame_nats_shuffled": "shuffled", "jsd_frame_nats_dealt": "dealt",
         "information_place_nats": "tells place", "information_frame_nats": "tells frame", "information_frame_nats_dealt": "dealt",
         "attention_distance_frames": "frames away", "share_same_frame": "same frame", "share_past": "past",
         "share_future": "future"}  # in the second table, of clips
NUMBERS = {"cosine_input": "cos input", "cosine_output": "cos output", "cosine_att": "cos attention", "jsd_att_nats": "JSD, nats",
           "jsd_att_nats_shuffled": "shuffled", "jsd_att_nats_fresh": "fresh", "attention_distance_cells": "cells away"}


def table_of(rows: Sequence[dict]) -> str:
    """The rows of :func:`nlviz.measures.measures_of`; below it why numbers are missing, each reason once a network.

    Columns in which nothing has a number are left out.
    """
    rows = sorted(rows, key=lambda row: ([r["model"] for r in rows].index(row["model"]), row["layer_number"] or 0))  # stable
    of_clips = [row for row in rows if "frame_matrix" in row]
    clips = ["", *_table(of_clips, CLIPS), *map(_in_words, of_clips)] if any(row["jsd_place_nats"] is not None
                                                                             for row in of_clips) else []
    return "\n".join(_table(rows, NUMBERS) + clips + _said(rows))


def _table(rows: Sequence[dict], words: Mapping[str, str]) -> list[str]:
    """A line for each map."""
    columns = {key: heading for key, heading in words.items() if any(row[key] is not None for row in rows)}
    width = max(52, *(len(_name(row)) + 2 for row in rows))
    lines = [f"{'map':{width}}" + "".join(f"{heading:>14}" for heading in columns.values())]
    return lines + [f"{_name(row):{width}}" + "".join(f"{_text(row[key]):>14}" for key in columns) for row in rows]


def _in_words(row: dict) -> str:
    """What depends on the place and what on the frame, of one map."""
    return f"    {_name(row)}: {row['in_words']}".rstrip(": ")


def lines_of_effects(rows: Sequence[dict]) -> list[str]:
    """The rows of :func:`nlviz.measures.effects`, a sentence each."""
    return [f"{row['model']} {row['sentence']}" for row in rows]


def _name(row: dict) -> str:
    where = row["part"] if row["layer_number"] else " ".join(filter(None, [row["layer"], row["part"]]))
    return " ".join(filter(None, [row["model"], where]))


def _said(rows: Sequence[dict]) -> list[str]:
    """Notes and reasons, with the maps that they are of."""
    found: dict[str, list[dict]] = {}
    for row in rows:
        for text in ([row["note"]] if row["note"] else []) + [f"{name} n/a: {reason}" for name, reason in row["reasons"].items()]:
            found.setdefault(text, []).append(row)
    return [f"    {_of(of, rows)}: {text}" for text, of in found.items()]


def _of(found: Sequence[dict], rows: Sequence[dict]) -> str:
    """All maps of a network by its name, others by their own."""
    names = {}
    for model in dict.fromkeys(row["model"] for row in found):
        own, every = ([row for row in some if row["model"] == model] for some in (found, rows))
        names |= dict.fromkeys([f"{model}, all {len(own)} maps"] if len(own) == len(every) > 1 else map(_name, own))
    return "; ".join(names)


def _text(value: float | None) -> str:
    return "n/a" if value is None else number(value if abs(value) > 1e-9 else 0.0)
