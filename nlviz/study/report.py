"""The report of a study as JSON, CSV, Markdown and figures."""

import csv
import io
import json
import math
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from ..figures import distances_by_layer, distribution_by_network, figure_bytes
from ..files import printable, write_whole
from ..measures import NAMES
from ..numbers import number, percent
from .summary import IDENTITY, Line, label_of, summarise, told

WORDS = {"cosine_input": "cosine distance, input", "cosine_output": "cosine distance, output",
         "cosine_att": "cosine distance, attention", "jsd_att_nats": "Jensen-Shannon divergence, attention, nats"}
BASELINES = {"": "values", "_shuffled": "shuffled", "_fresh": "fresh"}  # ending of a column -> where it stands in a line
COLUMNS = [name + ending for name in NAMES for ending in BASELINES if name + ending != "cosine_input_fresh"]
TERMS = ("jsd_pairwise_nats", "to_pairwise_nats", "to_unary_nats")
SMALLEST = 1e-9  # below it a mean over pairs is rounding


def write_report(lines: Sequence[Line], out: Path, folder: Path, resolution: int, seed: int, command: str) -> dict:
    """Write summary.json, pictures.csv, README.md and the figures into ``out``, each whole or not at all; returns the summary.

    Raises:
        OSError: ``out`` cannot be written.
    """
    lines = [(printable(picture), model, line) for picture, model, line in lines]
    summary = summarise(lines, resolution, seed)
    figures = {"distribution.png": distribution_by_network(_distributions(lines, summary))}
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
    writer = csv.DictWriter(file, ["picture", "model", *IDENTITY, *COLUMNS, "entropy_share", "added_share", *TERMS, "why_not"],
                            lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for picture, model, line in lines:
        where = {"picture": picture, "model": model.name}
        for found in line.get("maps", []):
            numbers = {name + ending: found[kind].get(name) for name in NAMES for ending, kind in BASELINES.items()}
            why = "; ".join(f"{name}: {reason}" for name, reason in found["reasons"].items())
            writer.writerow(found | where | numbers | found.get("terms", {}) | {"why_not": why})
        if "maps" not in line:
            writer.writerow(where | {"why_not": line.get("broken") or line["failed"]})
    return file.getvalue()


def _distributions(lines: Sequence[Line], summary: dict) -> list[dict]:
    """For the figure: every map with a divergence, its value in every picture and its baselines."""
    found = []
    for model in dict.fromkeys(model for _, model, _ in lines):
        maps = [line["maps"] for _, own, line in lines if own is model and "maps" in line]
        for at, row in enumerate(row for row in summary["rows"] if row["model"] == model.name):
            if "mean" in row["measures"]["jsd_att_nats"] and row["relates"] == "positions":
                found.append({"label": label_of(row), "values": [m[at]["values"]["jsd_att_nats"] for m in maps]}
                             | {name: row["measures"]["jsd_att_nats"][name] for name in ("shuffled", "fresh")})
    return found


def _layers(summary: dict) -> dict[str, list[dict]]:
    """For the figure: of each network with several blocks, its layers in the order computed."""
    found = {}
    for row in summary["rows"]:
        found.setdefault(row["model"], {}).setdefault(row["layer"], row)  # a block's first map
    return {name: [{"layer": layer, "measures": row["measures"]} for layer, row in layers.items()]
            for name, layers in found.items() if len(layers) > 1}


def render_report(summary: dict, folder: Path, command: str, figures: list[str]) -> str:
    """The study as Markdown."""
    rows = told(summary["rows"])
    parts = [f"# Does attention depend on the query? {summary['pictures']} pictures, {summary['resolution']} px\n\n",
             f"Made by `{command}`.\n\n" if command else "", EXPLANATION,
             _table(rows, {
                 "network": label_of, "score": _score, **{
                     WORDS[name]: _with_interval(name) for name in NAMES},
                 "of ln 2": lambda row: _share(row, math.log(2)), "what it says": lambda row: row["sentence"]}),
             "\nThe same with each vector's numbers shuffled (what unrelated queries would give), and with fresh random weights:\n",
             "\n",
             _table(rows, {
                 "network": label_of, **{f"{WORDS[name]}: {baseline}": _baseline(name, baseline)
                                         for name in NAMES for baseline in ("shuffled", "fresh")
                                         if (name, baseline) != ("cosine_input", "fresh")},
                 "entropy, of uniform": lambda row: or_not(row["entropy_share"], percent),
                 "adds, of its input": lambda row: or_not(row["added_share"], percent),
                 "its last weight": lambda row: or_not(row["scale"])})]
    if any(row["terms"] for row in rows):
        parts += ["\nThe split of softmax maps into a pairwise term, which depends on the query, and a unary term, which does not: "
                  "the divergence among the pairwise term's rows, and how far the full rows are from each term alone (nats).\n\n",
                  _table([row for row in rows if row["terms"]], {
                      "network": label_of, "pairwise term alone": lambda row: or_not(row["terms"]["jsd_pairwise_nats"]),
                      "full to pairwise": lambda row: or_not(row["terms"]["to_pairwise_nats"]),
                      "full to unary": lambda row: or_not(row["terms"]["to_unary_nats"])})]
    parts += [f"\n![{name}]({name})\n" for name in figures]
    parts += ["\nThe page on the picture with the highest value of each:\n\n",
              *(f"- {label_of(row)}, {number(row['highest']['value'])}: `{open_command(row, folder, summary['resolution'])}`\n"
                for row in rows if row["highest"] and row["highest"]["value"] > SMALLEST)]
    left_out = [(entry["picture"], entry["reason"]) for entry in summary["broken"]]
    left_out += [(f"{entry['picture']} in {entry['model']}", entry["reason"]) for entry in summary["failed"]]
    parts += ["\nLeft out:\n\n", *(f"- {what}: {reason}\n" for what, reason in left_out)] if left_out else []
    return "".join(parts)


EXPLANATION = """Means over pictures of the mean over all pairs of positions, with 95 % bootstrap intervals over pictures;
the distances are those of GCNet (arXiv 1904.11492, section 3.2). Cosine distance is (1 - cos) / 2, 0 to 1; the
Jensen-Shannon divergence goes from 0 (one map for all queries) to ln 2 = 0.693. "Score" is the network's on its held-out
split, and in brackets without the block. "Adds" is |z - x| as a share of the input |x|, "its last weight" the mean |weight|
of the block's last BatchNorm, or |gamma|: a block that adds little is hardly used, whatever its map.

"""


def open_command(row: dict, folder: Path, resolution: int) -> str:
    """The command that opens the page on the picture where the row's value was highest."""
    size = [] if resolution == 448 else ["--resolution", str(resolution)]
    return shlex.join(["python", "-m", "nlviz", "open", str(folder / row["highest"]["picture"]), "--model", row["model"], *size])


def _table(rows: list[dict], columns: dict[str, Callable[[dict], str]]) -> str:
    lines = [list(columns), ["---"] * len(columns), *([cell(row) for cell in columns.values()] for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _score(row: dict) -> str:
    if row["score"] is None:
        return "n/a"
    without = row["score_without_block"]
    return f"{100 * row['score']:.1f} %" + ("" if without is None else f" ({100 * without:.1f} %)")


def _with_interval(name: str) -> Callable[[dict], str]:
    def cell(row: dict) -> str:
        found = row["measures"][name]
        if "mean" not in found:
            return "n/a"
        mean = distance_text(found["mean"])
        return mean if between(found) == f"{mean}, {mean}" else f"{mean} [{between(found)}]"

    return cell


def between(found: dict) -> str:
    """An interval in words."""
    return f"{distance_text(found['low'])}, {distance_text(found['high'])}"


def _baseline(name: str, baseline: str) -> Callable[[dict], str]:
    return lambda row: or_not(row["measures"][name].get(baseline))


def _share(row: dict, of: float) -> str:
    jsd = row["measures"]["jsd_att_nats"]
    return percent(jsd["mean"] / of) if "mean" in jsd else "n/a"


def distance_text(value: float) -> str:
    """Three decimals, so that a column can be compared; more of what would be 0.000."""
    return f"{value:.3f}" if value >= 0.0005 else number(value) if value > SMALLEST else "0"


def or_not(value: float | None, words: Callable[[float], str] = distance_text) -> str:
    """In words, or "n/a"."""
    return "n/a" if value is None else words(value)
