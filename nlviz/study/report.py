"""The report of a study as JSON, CSV, Markdown and figures."""

import csv
import io
import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from ..figures import distances_by_layer, distribution_by_network, figure_bytes, heads_against_layer, shares_by_head
from ..files import printable, write_whole
from ..measures import CLIP_COLUMNS, NAMES, numbers_with_baselines
from ..numbers import number, percent
from .choosing import Frames
from .clips_report import about_clips
from .stacks import about_stack, few, stacks_in
from .summary import IDENTITY, Line, label_of, of_clips, summarise, told
from .tables import SMALLEST, baseline_of, open_command, or_not, score, share_of, table, with_interval

WORDS = {"cosine_input": "cosine distance, input", "cosine_output": "cosine distance, output",
         "cosine_att": "cosine distance, attention", "jsd_att_nats": "Jensen-Shannon divergence, attention, nats"}
COLUMNS = [name + ending for name in NAMES for ending in ("", "_shuffled", "_fresh") if name + ending != "cosine_input_fresh"]
PLACE = ("layer_number", "head")
TERMS = ("jsd_pairwise_nats", "to_pairwise_nats", "to_unary_nats")


def write_report(lines: Sequence[Line], out: Path, folder: Path, resolution: int, seed: int, command: str,
                 frames: Frames | None = None) -> dict:
    """Write summary.json, pictures.csv, README.md and the figures into ``out``, each whole or not at all; returns the summary.

    Args:
        frames: which of every video were measured; by default those of ``Frames()``.

    Raises:
        OSError: ``out`` cannot be written.
    """
    lines = [(printable(picture), model, line) for picture, model, line in lines]
    summary = summarise(lines, resolution, seed)
    if any(row["clips"] for row in summary["rows"]):
        summary["frames"] = asdict(frames or Frames())
    figures = {"distribution.png": distribution_by_network(_distributions(lines, summary))}
    if stacks := stacks_in(summary["rows"]):
        figures |= {"heads.png": shares_by_head(stacks), "distance_against_layer.png": heads_against_layer(stacks)}
    if layers := _layers(summary):
        figures["layers.png"] = distances_by_layer(layers)
    write_whole(out / "summary.json", (json.dumps(summary, indent=2) + "\n").encode())
    write_whole(out / "pictures.csv", _csv(lines).encode(errors="backslashreplace"))
    for name, figure in figures.items():
        for path in (out / name, (out / name).with_suffix(".pdf")):
            write_whole(path, figure_bytes(figure, path.suffix[1:]))
    report = render_report(summary, Path(printable(folder)), printable(command), list(figures))
    write_whole(out / "README.md", report.encode(errors="backslashreplace"))
    return summary


def _csv(lines: Sequence[Line]) -> str:
    """A line for each picture, network and map."""
    file = io.StringIO()
    clips = ("frames", *CLIP_COLUMNS) if any(of_clips(line.get("maps", [])) for _, _, line in lines) else ()
    writer = csv.DictWriter(file, ["picture", "model", *IDENTITY, *PLACE, *COLUMNS, "entropy_share", "added_share",
                                   "attention_distance_cells", *clips, *TERMS, "why_not"],
                            lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for picture, model, line in lines:
        where = {"picture": picture, "model": model.name}
        for found in line.get("maps", []):
            numbers = numbers_with_baselines(found["values"], found["shuffled"], found["dealt"], found["fresh"]) | found["reach"]
            why = "; ".join(f"{name}: {reason}" for name, reason in found["reasons"].items())
            writer.writerow(found | where | numbers | found.get("terms", {}) | {"why_not": why})
        if "maps" not in line:
            writer.writerow(where | {"why_not": line.get("broken") or line["failed"]})
    return file.getvalue()


def _distributions(lines: Sequence[Line], summary: dict) -> list[dict]:
    """For the figure: every map with a divergence, its value in every picture and its baselines."""
    found = []
    for model in dict.fromkeys(model for _, model, _ in lines):
        measured = [line["maps"] for _, own, line in lines if own is model and "maps" in line]
        for row in few(row for row in summary["rows"] if row["model"] == model.name):
            maps = [one for one in measured if of_clips(one) == row["clips"]]
            if "mean" in row["measures"]["jsd_att_nats"] and row["relates"] == "positions":
                found.append({"label": label_of(row), "values": _values(maps, row["number"])}
                             | {name: row["measures"]["jsd_att_nats"][name] for name in ("shuffled", "fresh")})
    return found


def _values(maps: Sequence[list[dict]], number: int) -> list[float]:
    """A map's divergence in every picture."""
    own = (found[number]["values"] for found in maps if number < len(found))
    return [values["jsd_att_nats"] for values in own if "jsd_att_nats" in values]


def _layers(summary: dict) -> dict[str, list[dict]]:
    """For the figure: of each network with several blocks, its layers in the order computed."""
    found = {}
    for row in (row for row in summary["rows"] if row["layer_number"] is None):
        found.setdefault(row["network"], {}).setdefault(row["layer"], row)  # a block's first map
    return {name: [{"layer": layer, "measures": row["measures"]} for layer, row in layers.items()]
            for name, layers in found.items() if len(layers) > 1}


def render_report(summary: dict, folder: Path, command: str, figures: list[str]) -> str:
    """The study as Markdown."""
    rows, stacks = told([row for row in summary["rows"] if row["layer_number"] is None]), stacks_in(summary["rows"])
    parts = [f"# Does attention depend on the query? {summary['pictures']} pictures, {summary['resolution']} px\n\n",
             f"Made by `{command}`.\n\n" if command else "", EXPLANATION]
    if rows or not stacks:
        parts += _of_blocks(rows)
    parts += about_clips(few(summary["rows"]), Frames(**summary["frames"]).words, label_of) if "frames" in summary else []
    parts += [text for model, stack in stacks.items() for text in about_stack(model, stack, folder, summary)]
    parts += [f"\n![{name}]({name})\n" for name in figures]
    if rows:
        parts += ["\nThe page on the picture with the highest value of each:\n\n",
                  *(f"- {label_of(row)}, {number(row['highest']['value'])}: `{open_command(row, folder, summary)}`\n"
                    for row in rows if row["highest"] and row["highest"]["value"] > SMALLEST)]
    left_out = [(entry["picture"], entry["reason"]) for entry in summary["broken"]]
    left_out += [(f"{entry['picture']} in {entry['model']}", entry["reason"]) for entry in summary["failed"]]
    parts += ["\nLeft out:\n\n", *(f"- {what}: {reason}\n" for what, reason in left_out)] if left_out else []
    return "".join(parts)


def _of_blocks(rows: list[dict]) -> list[str]:
    """The tables of blocks."""
    parts = [table(rows, {
                 "network": label_of, "score": score, **{
                     WORDS[name]: with_interval(name) for name in NAMES},
                 "of ln 2": lambda row: share_of(row, math.log(2)), "what it says": lambda row: row["sentence"]}),
             "\nThe same with each vector's numbers shuffled (what unrelated queries would give), and with fresh random weights:\n",
             "\n",
             table(rows, {
                 "network": label_of, **{f"{WORDS[name]}: {baseline}": baseline_of(name, baseline)
                                         for name in NAMES for baseline in ("shuffled", "fresh")
                                         if (name, baseline) != ("cosine_input", "fresh")},
                 "entropy, of uniform": lambda row: or_not(row["entropy_share"], percent),
                 "adds, of its input": lambda row: or_not(row["added_share"], percent),
                 "its last weight": lambda row: or_not(row["scale"])})]
    if any(row["terms"] for row in rows):
        parts += ["\nThe split of softmax maps into a pairwise term, which depends on the query, and a unary term, which does not: "
                  "the divergence among the pairwise term's rows, and how far the full rows are from each term alone (nats).\n\n",
                  table([row for row in rows if row["terms"]], {
                      "network": label_of, "pairwise term alone": lambda row: or_not(row["terms"]["jsd_pairwise_nats"]),
                      "full to pairwise": lambda row: or_not(row["terms"]["to_pairwise_nats"]),
                      "full to unary": lambda row: or_not(row["terms"]["to_unary_nats"])})]
    return parts


EXPLANATION = """Means over pictures (or clips) of the mean over all pairs of positions, with 95 % bootstrap intervals over them;
the distances are those of GCNet (arXiv 1904.11492, section 3.2). Cosine distance is (1 - cos) / 2, 0 to 1; the
Jensen-Shannon divergence goes from 0 (one map for all queries) to ln 2 = 0.693. "Score" is the network's on its held-out
split, and in brackets without the block. "Adds" is |z - x| as a share of the input |x|, "its last weight" the mean |weight|
of the block's last BatchNorm, or |gamma|: a block that adds little is hardly used, whatever its map. What the
output loses without its maps is in effects.md beside this file, where the study was asked for `--effects`.

"""
