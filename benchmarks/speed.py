"""All measurements: python -m benchmarks.speed [PART ...]; the parts are named in ``main``."""

import subprocess
import sys
import urllib.request
from pathlib import Path
from statistics import median
from time import perf_counter, sleep

ROOT = Path(__file__).resolve().parent.parent


def compare_imports() -> None:
    """Print how long importing nlviz, and what captures maps, takes beside importing torch."""
    codes = ["import torch", "import nlviz", "import nlviz; nlviz.capture_maps"]
    rounds = [[_seconds_of(code) for code in codes] for _ in range(6)][1:]  # the first fills the disk cache
    torch, *others = map(median, zip(*rounds))
    print(f"\nImports: torch {torch:.2f} s")
    for code, taken in zip(codes[1:], others):
        print(f"  {code}: {taken:.2f} s, {taken / torch:.2f} times torch")


def _seconds_of(code: str) -> float:
    """What a Python of its own takes for it, from start to end."""
    started = perf_counter()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    return perf_counter() - started


def compare_start() -> None:
    """Print the seconds from ``python app.py`` to a served page, and how many of them are imports."""
    from benchmarks.browser import free_port

    code = "from time import perf_counter; t = perf_counter(); import nlviz.ui.page; print(perf_counter() - t)"
    for _ in range(2):  # the first fills the disk cache
        run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True)
    imports, port = float(run.stdout), free_port()
    started = perf_counter()
    server = subprocess.Popen([sys.executable, "app.py", "--port", str(port)], cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        while server.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}").read()
                break
            except OSError:
                sleep(0.05)
        served = perf_counter() - started
    finally:
        server.terminate()
        server.wait()
    print(f"\nStart: python app.py to a served page {served:.1f} s, of which imports {imports:.1f} s ({imports / served:.0%})")


def main() -> None:
    from benchmarks.blocks import compare_blocks
    from benchmarks.browser import compare_hover, compare_thumbnails, compare_upload
    from benchmarks.capture import compare_any_network, compare_forward, compare_memory
    from benchmarks.gpu import compare_gpu
    from benchmarks.heads import compare_heads
    from benchmarks.pairs import compare_pairs
    from benchmarks.replaced import compare_head_effects, compare_passes
    from benchmarks.study import compare_study

    parts = {"imports": compare_imports, "start": compare_start, "blocks": compare_blocks, "capture": compare_forward,
             "networks": compare_any_network, "memory": compare_memory, "hover": compare_hover, "thumbnails": compare_thumbnails,
             "upload": compare_upload, "pairs": compare_pairs, "heads": compare_heads, "replaced": compare_passes,
             "head effects": compare_head_effects, "study": compare_study, "gpu": compare_gpu}
    for name in sys.argv[1:] or parts:
        parts[name]()


if __name__ == "__main__":
    main()
