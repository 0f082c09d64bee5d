"""A study's pictures per second beside the bare forward passes of the same networks, and two processes beside one.

On msrc at 448 px where DATA holds it (``make bench DATA=DIR``), else on the example photos that gradio ships. Passes have one
thread.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

import torch
from torch import distributed

from nlviz import load_model
from nlviz.models import MODELS
from nlviz.pictures import open_picture
from nlviz.study import Study, pictures_in, run_study

ROUNDS = 3
NETWORKS = [name for name, spec in MODELS.items() if spec.data == "msrc" and spec.block]
ALONE = "msrc_embedded_gaussian"


def pictures(count: int) -> tuple[Path, list[str]]:
    """(folder, names) of so many pictures."""
    folder = Path(os.environ.get("DATA", "data")) / "msrc"
    if folder.is_dir():
        return folder, pictures_in(folder, folder / "test.txt", count)
    import gradio

    folder = Path(gradio.get_image("lion.jpg")).parent
    return folder, ["lion.jpg", "cheetah.jpg", "tower.jpg", "bus.png"]


def seconds_bare(names: list[str], count: int) -> float:
    """Of the forward passes alone, pictures opened and resized beforehand."""
    folder, files = pictures(count)
    models = [load_model(name) for name in names]
    inputs = [[model.preprocess(open_picture(folder / file), 448)[0] for model in models] for file in files]
    with torch.inference_mode():
        for model, x in zip(models, inputs[0]):
            model(x)
        started = perf_counter()
        for picture in inputs:
            for model, x in zip(models, picture):
                model(x)
    return perf_counter() - started


def seconds_study(names: list[str], count: int) -> float:
    """Of a whole study, reading pictures and writing the report included; in every process of torchrun, once all are ready."""
    folder, files = pictures(count)
    models = [load_model(name) for name in names]
    with tempfile.TemporaryDirectory() as out:
        run_study(Study(models), folder, files[:1], Path(out) / "warm", progress=iter)
        if distributed.is_initialized():
            distributed.barrier()
        started = perf_counter()
        run_study(Study(models), folder, files, Path(out) / f"whole{os.environ.get('RANK', '')}", progress=iter)
        return perf_counter() - started


def in_processes(processes: int, count: int) -> float:
    """The seconds of a study in that many processes."""
    launcher = [] if processes == 1 else ["torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m"]
    command = [sys.executable, "-m", *launcher, "benchmarks.study", str(count)]
    run = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    return float(run.stdout.split()[-1])


def compare_study() -> None:
    """Print both ratios."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    print("\nStudy at 448 px, one thread: pictures/s of the bare forward passes, of the study with its report, ratio (aim: at "
          "least 0.7)")
    for title, names, count in ((f"{len(NETWORKS)} networks of msrc", NETWORKS, 24), (f"{ALONE} alone", [ALONE], 141)):
        _, files = pictures(count)
        rounds = [(seconds_bare(names, count), seconds_study(names, count)) for _ in range(ROUNDS)]
        bare, whole = map(min, zip(*rounds))  # of several in turn: others share the machine
        print(f"  {title:34}{len(files) / bare:8.2f}{len(files) / whole:8.2f}{bare / whole:8.2f}")
    torch.set_num_threads(threads)
    one, two = in_processes(1, 60), in_processes(2, 60)
    print(f"  two processes against one, a core each, {len(NETWORKS)} networks: {one / two:.2f} times the pictures/s "
          "(aim: at least 1.6)")


if __name__ == "__main__":
    torch.set_num_threads(1)
    if hasattr(os, "sched_setaffinity"):  # a core each, else one process would take a second one for its numbers
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(os.environ.get("RANK", 0)) % len(cores)]})
    taken = seconds_study(NETWORKS, int(sys.argv[1]))
    if not int(os.environ.get("RANK", 0)):
        print(taken)
