"""How long a large checkpoint takes to the screen: load_model(checkpoint=) and analyse, beside torch.load and one pass.

The file is mmsegmentation's DANet with a ResNet-50 at full width, float32, about 200 MB, made of random numbers: the small one of
tests/data/oracles with 32 times as many channels.
"""

import tempfile
import time
from pathlib import Path

import gradio
import torch
from torch import Tensor

from nlviz import load_model
from nlviz.analysis import analyse
from nlviz.models import read_checkpoint
from nlviz.pictures import open_picture

SMALL = Path(__file__).resolve().parent.parent / "tests/data/oracles/mmseg_danet.pth"
TIMES, ANSWERS = 32, {"output_stride": "8", "normalisation": "imagenet"}


def wider(name: str, weights: Tensor) -> Tensor:
    """The tensor with more channels; classes, pixels and scalars stay as many."""
    kept = {0} if "conv_seg" in name else {1} if name == "backbone.stem.0.weight" else set()
    shape = [size if axis > 1 or axis in kept else size * TIMES for axis, size in enumerate(weights.shape)]
    if not weights.is_floating_point() or weights.numel() == 1:
        return weights
    if name.endswith("running_var") or (weights.dim() == 1 and name.endswith("weight")):
        return torch.ones(shape)
    return torch.zeros(shape) if weights.dim() == 1 else torch.randn(shape) * (2 / weights[0].numel() / TIMES) ** 0.5


def seconds(what) -> tuple[float, object]:
    started = time.perf_counter()
    found = what()
    return time.perf_counter() - started, found


def main() -> None:
    torch.manual_seed(0)
    photo = gradio.get_image("lion.jpg")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "danet.pth"
        torch.save({"state_dict": {name: wider(name, weights) for name, weights in read_checkpoint(SMALL).state.items()}}, path)
        warm = load_model(checkpoint=SMALL, **ANSWERS)
        analyse(warm, photo)
        bare_load, _ = seconds(lambda: torch.load(path, weights_only=True))
        load, model = seconds(lambda: load_model(checkpoint=path, **ANSWERS))
        x, _ = model.preprocess(open_picture(photo), 448)
        with torch.inference_mode():
            model.net(x)
            bare_pass, _ = seconds(lambda: model.net(x))
        look, _ = seconds(lambda: analyse(model, photo))
        aim = 1.5 * (bare_load + bare_pass) + 2
        print(f"{path.stat().st_size / 1e6:.0f} MB: torch.load {bare_load:.2f} s, a pass {bare_pass:.2f} s; "
              f"load_model {load:.2f} s, analyse {look:.2f} s, together {load + look:.2f} s, "
              f"to the aim (1.5 times the bare ones and 2 s: {aim:.2f} s) {(load + look) / aim:.2f}")





if __name__ == "__main__":
    main()
