"""The figure of docs/findings.md: what one map for all queries costs each network, against how much its rows depend on the query.

    python -m benchmarks.pays FIGURE.png REPORT [REPORT ...]

REPORTs are folders of ``nlviz study --effects``.
"""

import argparse
import json
from pathlib import Path

from nlviz.figures import figure_bytes, loss_against_dependence
from nlviz.files import write_whole
from nlviz.study import paying


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figure", type=Path)
    parser.add_argument("reports", nargs="+", type=Path)
    args = parser.parse_args()
    points = [point for report in args.reports for point in paying(
        *(json.loads((report / name).read_text()) for name in ("summary.json", "effects.json")))]
    for point in sorted(points, key=lambda one: one["dependence"]):
        print(f"{point['data']:12}{point['label']:32}{point['dependence']:6.0%} of shuffled; lost "
              f"{100 * point['lost']:5.1f} [{100 * point['low']:.1f}, {100 * point['high']:.1f}] points")
    write_whole(args.figure, figure_bytes(loss_against_dependence(points), args.figure.suffix[1:]))


if __name__ == "__main__":
    main()
