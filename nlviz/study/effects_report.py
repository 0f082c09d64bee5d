"""What replacing maps does over a folder, as CSV and Markdown."""

import csv
import io
from collections.abc import Sequence

from ..files import printable
from ..measures import EFFECTS, WITH
from ..models import Model
from ..numbers import number, percent

WORDS = {"relative_change": "output changes by", "cosine": "cosine to its own", "kl_nats": "KL, nats",
         "top_change": "probability of its class", "pixels_changed_share": "pixels that change class"}
SCORES = {"accuracy": "accuracy", "pixel_accuracy": "pixel accuracy", "mean_iou": "mean IoU"}

Line = tuple[str, Model, dict]  # picture, network, {"own", and each of WITH: numbers} or {"why_not"}


def effects_csv(lines: Sequence[Line]) -> str:
    """A line for each picture, network and replacement."""
    file = io.StringIO()
    writer = csv.DictWriter(file, ["picture", "model", "how", *EFFECTS, "why_not"], lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for picture, model, line in lines:
        where = {"picture": printable(picture), "model": model.name}
        for how in WITH if "why_not" not in line else ():
            writer.writerow(where | {"how": how} | line[how] | {"why_not": line[how].get("reason", "")})
        if "why_not" in line:
            writer.writerow(where | line)
    return file.getvalue()


def render_effects(summary: dict, command: str) -> str:
    """The effects as Markdown."""
    text = [f"# Is the map used? {summary['pictures']} pictures, {summary['resolution']} px\n\n",
            f"Made by `{command}`.\n\n" if command else "", EXPLANATION]
    text += [f"- {line}\n" for line in lines_of_counts(summary)] + ["\n"]
    rows = summary["rows"]
    measures = [name for name in WORDS if any(row["measures"][name] for row in rows)]
    scores = [name for name in SCORES if any(name in row["scores"] for row in rows)]
    columns = ["network", "maps", *(WORDS[name] for name in measures), *(f"{SCORES[name]}, lost" for name in scores)]
    text += [_line(columns), _line(["---"] * len(columns))]
    for model in dict.fromkeys(row["model"] for row in rows):
        own = [row for row in rows if row["model"] == model]
        base = own[0]["own_scores"]
        text.append(_line([model, "its own", *["-"] * len(measures), *(_score(base.get(name)) for name in scores)]))
        text += [_line([model, WITH[row["how"]] + (f": {row['reason']}" if row["reason"] else ""),
                        *(_number(name, row["measures"][name]) for name in measures),
                        *(_score(row["scores"].get(name)) for name in scores)]) for row in own]
    return "".join(text)


def lines_of_counts(summary: dict) -> list[str]:
    """How many pictures the numbers of each network are of, and why others are left out; networks alike in one line."""
    alike: dict[str, list[str]] = {}
    for one in summary["networks"]:
        left_out = "".join(f"; {number} left out: {printable(reason)}" for reason, number in one["left_out"].items())
        words = f"{one['measured']} of {summary['pictures']} pictures measured, {one['scored'] or 'none'} with a label{left_out}"
        alike.setdefault(words, []).append(one["model"])
    return [f"{', '.join(names)}: {words}" for words, names in alike.items()]


EXPLANATION = """Means over pictures, with 95 % bootstrap intervals over pictures in brackets. The network runs again with
every row of its maps replaced (`nlviz.replaced_maps`): by the mean row, by the query itself, by equal weights, by another
query's row, by nothing. KL is from its own probabilities to the changed ones. Scores are against the labels of these pictures;
"lost" is the score with its own maps less that one, of the same pictures drawn for both. Mean IoU is over the classes that the
drawn pictures have: with few pictures its interval lies low.

"""


def _line(entries: list[str]) -> str:
    return f"| {' | '.join(entries)} |\n"


def _number(name: str, found: dict | None) -> str:
    if found is None:
        return "n/a"
    text = percent if name in ("relative_change", "pixels_changed_share") else number
    return f"{text(found['mean'])} ({text(found['low'])} to {text(found['high'])})"


def _score(found: dict | None) -> str:
    if found is None:
        return "n/a"
    text = f"{100 * found['value']:.1f} % ({100 * found['low']:.1f} to {100 * found['high']:.1f})"
    lost = found.get("lost")
    return text + (f", lost {100 * lost['value']:.1f} ({100 * lost['low']:.1f} to {100 * lost['high']:.1f})" if lost else "")
