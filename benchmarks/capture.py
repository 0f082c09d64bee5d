"""A forward pass under capture beside the bare one, and the memory of one analysis beside a bare pass."""

import resource
import subprocess
import sys
from contextlib import suppress
from functools import partial
from statistics import median
from time import perf_counter, process_time

import gradio as gr
import timm
import torch

from nlviz import analyse, capture_maps, load_model
from nlviz.capture import NoAttention, capture_blocks
from nlviz.pictures import open_picture

NETWORKS = ["caltech101_embedded_gaussian", "caltech101_gaussian", "caltech101_concatenation", "caltech101_gc",
            "msrc_embedded_gaussian"]
PHOTO = gr.get_image("cheetah.jpg")
OTHERS = {"vit_tiny_patch16_224": {}, "vit_small_patch16_224": {}, "vit_small_patch14_dinov2": {"img_size": 448},
          "swin_tiny_patch4_window7_224": {}, "pvt_v2_b0": {}, "resnet50": {}}


def seconds(function, repeats: int = 9) -> float:
    """Median of some repeats after one to warm up."""
    function()
    times = []
    for _ in range(repeats):
        started = perf_counter()
        function()
        times.append(perf_counter() - started)
    return median(times)


def compare_forward() -> None:
    """Print the ratio for each network; the aim is at most 1.15."""
    print("\nForward pass at 448 px, seconds: bare, under capture_blocks, ratio (aim: at most 1.15)")
    for name in NETWORKS:
        model = load_model(name)
        x, _ = model.preprocess(open_picture(PHOTO), 448)

        def bare(model=model, x=x):
            with torch.inference_mode():
                model(x)

        def under_capture(model=model, x=x):
            with torch.inference_mode(), capture_blocks(model):
                model(x)

        pairs = [(seconds(bare, 1), seconds(under_capture, 1)) for _ in range(25)]  # in turn, so that both see the same load
        a, b = median(p[0] for p in pairs), median(p[1] for p in pairs)
        print(f"  {name:34}{a:8.3f}{b:8.3f}{median(q / p for p, q in pairs):8.2f}")


def peak_of(what: str, resolution: int) -> float:
    """Peak memory in MiB above that of the loaded model, of a fresh process that does one thing."""
    code = f"from benchmarks.capture import report; report({what!r}, {resolution})"
    return float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()[-1])


def report(what: str, resolution: int) -> None:
    """Run in the process of ``peak_of``: print MiB."""
    model, picture = load_model(NETWORKS[0]), open_picture(PHOTO)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if what == "bare":
        with torch.inference_mode():
            model(model.preprocess(picture, resolution)[0])
    elif what == "kept":
        print(analyse(model, picture, resolution).nbytes / 2**20)
        return
    else:
        analyse(model, picture, resolution)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)


def compare_memory() -> None:
    """Print what one analysis takes and keeps at several resolutions."""
    print(f"\nMemory of one analysis, {NETWORKS[0]}, MiB: peak of a bare pass, peak of the analysis, "
          "kept (budget: 128); 0: less than loading the model took")
    for resolution in (448, 672, 1024, 1552, 2048):
        bare, whole, kept = (peak_of(what, resolution) for what in ("bare", "analysis", "kept"))
        print(f"  {resolution:5} px {bare:10.0f}{whole:10.0f}{kept:10.1f}")


def other_network(name: str) -> tuple[torch.nn.Module, torch.Tensor]:
    """A network of timm with random weights, and an input."""
    size = OTHERS[name].get("img_size", 224)
    return timm.create_model(name, **OTHERS[name]).eval(), torch.randn(1, 3, size, size)


@torch.inference_mode()
def captured(net: torch.nn.Module, x: torch.Tensor, options: dict | None) -> None:
    """A pass, bare where there are no options, else under capture, of a network with or without attention."""
    if options is None:
        net(x)
        return
    with suppress(NoAttention), capture_maps(net, **options):
        net(x)


def compare_any_network() -> None:
    """Print the processor time of a pass under capture beside the bare one, of networks that somebody else wrote."""
    print("\nAny network, processor seconds of a bare pass; under capture to it: dense maps, queries and keys alone, the last "
          "module alone; kept, MiB: dense, queries and keys alone")
    for name in OTHERS:
        net, x = other_network(name)
        last = [layer for layer, _ in net.named_modules()][-1]
        ways = [{}, {"dense_bytes": 0}, {"layers": [last]}]
        times = [[used(partial(captured, net, x, options)) for options in (None, *ways)] for _ in range(7)]
        bare = median(row[0] for row in times)
        ratios = [median(row[n] / row[0] for row in times) for n in range(1, len(ways) + 1)]
        kept = [kept_by(net, x, **options) / 2**20 for options in ways[:2]]
        print(f"  {name:34}{bare:8.3f}" + "".join(f"{ratio:8.2f}" for ratio in ratios) + "".join(f"{size:8.1f}" for size in kept))


def used(function) -> float:
    """Processor seconds."""
    started = process_time()
    function()
    return process_time() - started


@torch.inference_mode()
def kept_by(net: torch.nn.Module, x: torch.Tensor, **options) -> int:
    """Bytes that the maps hold, with what the parity check needs."""
    try:
        with capture_maps(net, **options) as maps:
            net(x)
    except NoAttention:
        return 0
    return sum(t.nbytes for m in maps for t in (m.weights, m.values, m.product, *(m.lazy.tensors() if m.lazy is not None else ()))
               if t is not None)
