"""The table that is printed: a line for each kind of attack."""

from collections import Counter
from dataclasses import dataclass, field

from attack.judging import Outcome, short

MOST = 12  # wrongs printed of a kind; the others are counted


@dataclass
class Row:
    """A kind of attack.

    Attributes:
        memory: MB, the most that the page and what it started, or the command, held at once.
        logged: tracebacks that the server wrote into its own log.
        stopped: whether its time was over before all was tried.
        notes: further figures.
    """

    kind: str
    outcomes: list[Outcome] = field(default_factory=list)
    memory: float = 0.0
    logged: int = 0
    stopped: bool = False
    notes: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.outcomes.append(outcome)
        said = f"{outcome.verdict} {outcome.why}".strip()
        line = f"{self.kind} {len(self.outcomes)}, {outcome.attack}: {said} ({outcome.seconds:.1f} s)"
        print(line.encode(errors="backslashreplace").decode(), flush=True)  # names of attacks need not be Unicode

    @property
    def wrong(self) -> list[Outcome]:
        return [outcome for outcome in self.outcomes if outcome.verdict == "wrong"]

    def line(self) -> str:
        counts = Counter(outcome.verdict for outcome in self.outcomes)
        slowest = max((outcome.seconds for outcome in self.outcomes), default=0.0)
        tried = f"{len(self.outcomes)}{'*' if self.stopped else ''}"
        return (f"| {self.kind} | {tried} | {counts['explained']} | {counts['harmless']} | {counts['wrong']} | {slowest:.1f} "
                f"| {self.memory:.0f} | {self.logged} |")


HEAD = ("| kind | tried | explained | harmless | wrong | slowest, s | memory, MB | tracebacks in the log |\n"
        "|---|---|---|---|---|---|---|---|")


def table(rows: list[Row]) -> str:
    """The lines, in Markdown, then what was wrong and further figures."""
    parts = [HEAD, *(row.line() for row in rows)]
    if any(row.stopped for row in rows):
        parts.append("\n* its time was over")
    parts += [f"\n{row.kind}: {note}" for row in rows for note in row.notes]
    for row in rows:
        alike = Counter((outcome.why, outcome.attack.partition(":")[0]) for outcome in row.wrong)
        first = {(o.why, o.attack.partition(":")[0]): o.attack for o in reversed(row.wrong)}
        if alike:
            parts.append(f"\nwrong, {row.kind}:")
        parts += [f"  {count} x {short(first[key], 100)}: {key[0]}" for key, count in alike.most_common(MOST)]
        if len(alike) > MOST:
            parts.append(f"  and {len(alike) - MOST} more kinds")
    return "\n".join(parts)
