"""Layers x heads in a report: tables of layers and heads in place of a line for each head."""

from collections.abc import Callable, Iterable
from pathlib import Path

from ..numbers import number, percent
from .tables import open_command, table

MOST, EACH = 12, 4  # heads of a network that a figure draws one by one; else the lowest and the highest so many


def stacks_in(rows: Iterable[dict]) -> dict[str, list[dict]]:
    """The rows of layers x heads, by network, in the order of the layers."""
    found: dict[str, list[dict]] = {}
    for row in rows:
        if row["layer_number"] is not None:
            found.setdefault(row["network"], []).append(row)
    return found


def few(rows: Iterable[dict]) -> list[dict]:
    """All rows of blocks; of a network's many heads those that depend least and most on the query, in order."""
    rows = list(rows)
    kept = [row for row in rows if row["layer_number"] is None]
    for own in stacks_in(rows).values():
        known = sorted((row for row in own if row["of_shuffled"]), key=lambda row: row["of_shuffled"]["mean"])
        kept += own if len(own) <= MOST else known[:EACH] + known[max(EACH, len(known) - EACH):]
    return kept


def about_stack(model: str, rows: list[dict], folder: Path, summary: dict) -> list[str]:
    """Two tables of layers and heads, and the heads that depend least and most on the query, with a command for each."""
    known = [row for row in rows if row["of_shuffled"]]
    ordered = sorted(known, key=lambda row: row["of_shuffled"]["mean"])
    ends = {"least": ordered[:EACH], "most": ordered[::-1][:EACH]}
    lines = [f"- {words}: {row['part']}, {_interval(row)}: `{open_command(row, folder, summary)}`\n"
             for words, few in ends.items() for row in few if row["highest"]]
    return [f"\n## {model}: {len({row['layer_number'] for row in rows})} layers, {len(rows)} heads\n",
            "\nFrom patches to patches: where a map has named tokens, without them and rows renormalised. The divergence between "
            "queries as a share of that of shuffled rows, the mean over pictures (n/a where rows are nearly flat, or no "
            "distributions):\n\n",
            _matrix(rows, "of_shuffled", percent),
            "\nThe mean attention distance, in cells:\n\n",
            _matrix(rows, "attention_distance_cells", number),
            "\nThe heads that depend least and most on the query, with the 95 % interval, and the page on the picture where they "
            "depend most:\n\n", *lines]


def _interval(row: dict) -> str:
    found = row["of_shuffled"]
    return f"{percent(found['mean'])} of shuffled [{percent(found['low'])}, {percent(found['high'])}]"


def _matrix(rows: list[dict], name: str, words: Callable[[float], str]) -> str:
    """A line for each layer, a column for each head."""
    cells = {(row["layer_number"], row["head"] or 1): words(row[name]["mean"]) if row[name] else "n/a" for row in rows}
    heads = sorted({head for _, head in cells})
    columns = {"layer": str} | {f"head {head}": (lambda layer, head=head: cells.get((layer, head), "")) for head in heads}
    return table(sorted({layer for layer, _ in cells}), columns)
