"""The mean Jensen-Shannon divergence over all pairs of queries: nlviz, SciPy, and the plain blocked loop in PyTorch.

Softmax rows of N x N standard normal logits times 2, in float32. Where N^2 pairs of N keys take too long they are not run but
scaled from the largest N that was, by pairs x keys.
"""

import math
import subprocess
import sys
from itertools import pairwise
from time import perf_counter

import torch
from scipy.spatial.distance import pdist
from torch import Tensor

from nlviz.maps import Factors
from nlviz.metrics import COARSE, Divergences, mean_js_divergence
from nlviz.metrics.pairs import FINE

SIZES = (784, 3136, 9409)
RUN_UP_TO = 784  # positions of the two that go over pairs
CHANNELS = 64


def factors(n: int) -> Factors:
    """Queries and keys whose map has logits of standard deviation 2."""
    torch.manual_seed(n)
    q, k = torch.randn(2, 1, n, CHANNELS)
    return Factors(q * 2 / CHANNELS**0.5, k, "softmax")


def by_blocks(rows: Tensor) -> float:
    """Every pair's three entropies, a block of pairs at a time."""
    own, total = torch.special.entr(rows).sum(1), 0.0
    for block, entropies in zip(rows.split(8), own.split(8)):
        middle = torch.special.entr((block[:, None] + rows) / 2).sum(-1)  # (8, N)
        total += (middle - (entropies[:, None] + own) / 2).sum(dtype=torch.float64).item()
    return total / len(rows) ** 2


def by_scipy(rows: Tensor) -> float:
    return 2 * (pdist(rows.double().numpy(), "jensenshannon") ** 2).sum() / len(rows) ** 2


def timed(function, *arguments) -> tuple[float, float]:
    started = perf_counter()
    found = function(*arguments)
    return found, perf_counter() - started


def streamed(n: int, error: float) -> float:
    """From queries and keys, row block by row block: the map never exists."""
    lazy = factors(n)
    return mean_js_divergence((lazy.rows(start, stop)[0] for start, stop in lazy.spans()), error)


def compare_pairs() -> None:
    """Print seconds, ratios, differences, the growth with N and the peak memory."""
    print(f"\nMean divergence over all pairs, {torch.get_num_threads()} threads, seconds; * scaled by pairs x keys "
          f"from N = {RUN_UP_TO}")
    print(f"  error bounds of nlviz: {FINE:.0e} nats, and {COARSE:.0e} in half the time (aim: 100 times SciPy at 3136)")
    print(f"  {'N':>6}{'nlviz':>9}{'coarse':>9}{'SciPy':>10}{'loop':>10}{'SciPy / nlviz':>15}{'loop / nlviz':>14}{'differ by':>11}")
    known, times = {}, {}
    for n in SIZES:
        rows = factors(n).dense()[0] if n < SIZES[-1] else None
        divergence, ours = min((timed(streamed, n, FINE) for _ in range(3)), key=lambda pair: pair[1])
        _, coarse = min((timed(streamed, n, COARSE) for _ in range(3)), key=lambda pair: pair[1])
        times[n], star, differ = ours, "*", "-"
        if n <= RUN_UP_TO:
            truth, known["scipy"] = timed(by_scipy, rows)
            _, known["loop"] = timed(by_blocks, rows)
            star, differ = " ", f"{abs(truth - divergence):.1e}"
        scipy, loop = (known[name] * (n / RUN_UP_TO) ** 3 for name in ("scipy", "loop"))
        print(f"  {n:6}{ours:9.3f}{coarse:9.3f}{scipy:9.1f}{star}{loop:9.1f}{star}{scipy / ours:15.0f}{loop / ours:14.0f}"
              f"{differ:>11}")
    growth = [math.log(times[b] / times[a]) / math.log(b / a) for a, b in pairwise(SIZES)]
    print(f"  nlviz grows like N to the {growth[0]:.2f} and {growth[1]:.2f}; over pairs it is 3")
    code = f"from benchmarks.pairs import peak; peak({SIZES[-1]})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    print(f"  peak memory at {SIZES[-1]}, streamed, MiB: {run.stdout.strip()} (aim: under 1024; the dense map: "
          f"{SIZES[-1]**2 * 4 / 2**20:.0f}; as float64 pairs: {SIZES[-1]**2 * 8 / 2**20:.0f})")


def peak(n: int) -> None:
    """In a process of its own: print the resident memory that one streamed mean adds, and the sums' part of it."""
    import resource

    streamed(64, FINE)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    streamed(n, FINE)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sums = Divergences(torch.full((1, n), 1 / n)).sums.nbytes / 2**20
    print(f"{after / 1024:.0f} of the whole process, {(after - before) / 1024:.0f} above its imports (its sums: {sums:.0f})")
