"""A pass with replaced maps beside the bare one, and how long each head of layers x heads takes."""

from contextlib import suppress
from statistics import median
from time import perf_counter

import torch

from nlviz import load_model, replaced_maps
from nlviz.capture import HOWS, CannotReplace
from nlviz.measures import head_effects, replaced_pass
from nlviz.models import list_models

AIM, HEADS_AIM = 1.5, 20


def seconds(function) -> float:
    started = perf_counter()
    function()
    return perf_counter() - started


@torch.inference_mode()
def compare_passes(repeats: int = 9) -> None:
    """Print the ratio for each network and replacement; the aim is at most 1.5, but for the proof, ``itself``."""
    names = [row["name"] for row in list_models() if row["task"] in ("segmentation", "classification") and not row.get("clips")
             and row["block"] not in (None, "se") and row["data"] != "fashion"]
    print(f"\nPass with replaced maps to the bare one (aim: at most {AIM}), 448 x 336 px, DINOv2 at 224: {HOWS}")
    for name in ["dinov2_small", *names]:
        model = load_model(name)
        x = torch.randn(1, 3, *((224, 224) if name == "dinov2_small" else (448, 448) if "rga" in name else (336, 448)))
        ratios = []
        for how in HOWS:
            def replaced(how=how, model=model, x=x) -> None:
                with suppress(CannotReplace):  # one map for all, which stays
                    replaced_pass(model, lambda: model(x), how)

            replaced()
            pairs = [(seconds(lambda model=model, x=x: model(x)), seconds(replaced)) for _ in range(repeats)]  # in turn
            ratios.append(median(b / a for a, b in pairs))
        print(f"  {name:44}" + "".join(f"{ratio:6.2f}" for ratio in ratios) + "  not met" * (max(ratios[:-1]) > AIM), flush=True)


def compare_head_effects() -> None:
    """Print how long the mean row of each of 72 heads takes; the aim is at most 20 seconds on two cores."""
    model, x = load_model("dinov2_small"), torch.randn(1, 3, 224, 224)
    with torch.inference_mode(), replaced_maps(model, "itself") as maps:
        model(x)
    took = seconds(lambda: head_effects(model, x))
    print(f"\nThe mean row of each of {sum(one.heads for one in maps)} heads of dinov2_small at 224 px: {took:.1f} s (aim: at most "
          f"{HEADS_AIM} s on two cores; {torch.get_num_threads()} threads)")


if __name__ == "__main__":
    compare_passes()
    compare_head_effects()
