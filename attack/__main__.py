"""Run the attacks: python -m attack [--seed N] [--only KIND ...] [--count FACTOR]. Exit code 1 where anything was wrong.

PATIENCE=4 in the environment makes every limit of time four times as long, for a machine that others use too.
"""

import argparse
import importlib
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path

import httpx

from attack.answers import Refused
from attack.field import Field
from attack.judging import PATIENCE, Outcome, Wrong, attempt
from attack.table import Row, table

# Kind -> seconds, after which no new attack of the kind begins.
KINDS = {"pictures": 120, "decoders": 70, "calls": 70, "requests": 60, "recipes": 90, "commands": 70, "checkpoints": 50,
         "visitors": 70, "uploads": 90, "kills": 90, "disks": 40}
MOST_SECONDS = int(15 * 60 * PATIENCE)
EVERY = 10  # attacks, after which a fresh visitor must see the page


class Over(BaseException):
    """The time of all is over; a BaseException, so that nothing takes it for an attack's own."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m attack", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of what is chance in the attacks")
    parser.add_argument("--only", action="append", choices=KINDS, metavar="KIND",
                        help=f"one of {', '.join(KINDS)}; may be repeated")
    parser.add_argument("--count", type=float, default=1.0, metavar="FACTOR", help="times the usual numbers; default: 1")
    args = parser.parse_args()
    signal.signal(signal.SIGALRM, _over)
    signal.alarm(MOST_SECONDS)
    folder, rows = Path(tempfile.mkdtemp(prefix="nlviz_attack_")), []
    field = Field(folder, random.Random(args.seed), args.count)
    started = time.monotonic()
    try:
        for kind in args.only or KINDS:
            field.random = random.Random(f"{args.seed} {kind}")  # the same attacks whichever kinds run
            rows.append(Row(kind))
            run(field, rows[-1])
    except Over:
        rows[-1].outcomes.append(Outcome("all", "wrong", f"not done in {MOST_SECONDS // 60} minutes"))
    finally:
        signal.alarm(0)
        if field.served:
            field.server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\nseed {args.seed}, count {args.count:g}, {time.monotonic() - started:.0f} s\n\n{table(rows)}")
    return int(any(row.wrong for row in rows))


def _over(*_) -> None:
    raise Over


def run(field: Field, row: Row) -> None:
    """The attacks of one kind, until they end or its time does; between them fresh visitors."""
    before = field.server.tracebacks() if field.served else 0
    if field.served:
        field.server.peak = 0.0
    field.memory, field.notes = 0.0, row.notes
    try:
        _go_through(field, row)
    except (Wrong, Refused, httpx.HTTPError) as error:  # outside an attack: not even what it starts from was there
        row.add(Outcome(row.kind, "wrong", f"the attacks could not go on: {type(error).__name__} {error}"))
    if field.served:
        _look(field, row, row.outcomes[-1])
        row.logged = field.server.tracebacks() - before
    row.memory = field.memory or (field.server.peak if field.served else 0.0)


def _go_through(field: Field, row: Row) -> None:
    until = time.monotonic() + KINDS[row.kind] * PATIENCE
    for outcome in importlib.import_module(f"attack.{row.kind}").run(field):
        row.add(outcome)
        if field.served and (outcome.verdict == "wrong" or len(row.outcomes) % EVERY == 0):
            _look(field, row, outcome)
        row.stopped = time.monotonic() > until
        if row.stopped:
            return


def _look(field: Field, row: Row, after: Outcome) -> None:
    """A fresh visitor must see the page; where not, that is wrong too, and the page is started again."""
    found = attempt(f"fresh visitor: after {after.attack}", field.server.welcome)
    if found.verdict == "wrong":
        row.add(found)
    if found.verdict == "wrong" or "hangs" in after.why:
        field.server.restart()


if __name__ == "__main__":
    sys.exit(main())
