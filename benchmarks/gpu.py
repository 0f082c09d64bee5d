"""On a GPU: a forward pass under capture_maps beside the bare one, and the mean divergence over all pairs beside the CPU's."""

from statistics import median
from time import perf_counter

import torch

from benchmarks.capture import NETWORKS, PHOTO
from benchmarks.pairs import SIZES, factors
from nlviz import capture_maps, load_model
from nlviz.maps import LazyMap
from nlviz.metrics import mean_js_divergence
from nlviz.pictures import open_picture


def compare_gpu() -> None:
    """Print both, or that there was no GPU to measure on."""
    if not torch.cuda.is_available():
        print("\nGPU: none here, so the forward pass under capture_maps (aim: at most 1.15) and the mean divergence "
              "on one were not measured")
        return
    device = torch.device("cuda")
    print(f"\n{torch.cuda.get_device_name()}, milliseconds")
    _compare_forward(device)
    _compare_pairs(device)


def _compare_forward(device: torch.device) -> None:
    print("  forward pass at 448 px: bare, under capture_maps, ratio (aim: at most 1.15)")
    for name in NETWORKS:
        model = load_model(name).to(device)
        x = model.preprocess(open_picture(PHOTO), 448)[0].to(device)

        def captured(model=model, x=x):
            with capture_maps(model):
                model(x)

        with torch.inference_mode():
            pairs = [(_milliseconds(model, x), _milliseconds(captured)) for _ in range(50)][10:]  # the first warm up
        a, b = (median(times) for times in zip(*pairs))
        print(f"    {name:34}{a:8.2f}{b:8.2f}{median(q / p for p, q in pairs):8.2f}")


def _compare_pairs(device: torch.device) -> None:
    print("  mean divergence over all pairs: N, here, on the CPU, CPU / here")
    for n in SIZES:
        lazy = factors(n)
        here, cpu = (min(_milliseconds(_streamed, one) for _ in range(3)) for one in (lazy.apply(lambda t: t.to(device)), lazy))
        print(f"    {n:6}{here:10.1f}{cpu:10.1f}{cpu / here:8.1f}")


def _streamed(lazy: LazyMap) -> float:
    return mean_js_divergence(lazy.rows(start, stop)[0] for start, stop in lazy.spans())


def _milliseconds(function, *arguments) -> float:
    torch.cuda.synchronize()
    started = perf_counter()
    function(*arguments)
    torch.cuda.synchronize()
    return 1000 * (perf_counter() - started)
