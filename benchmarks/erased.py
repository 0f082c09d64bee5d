"""Where a position looks that was erased: the space-time segmenter on clips made of msrc's test photos. DATA as its argument."""

import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from nlviz import analyse, load_model
from nlviz.pictures import clip_of
from nlviz.training import held_out_clips

CLIPS, RESOLUTION = 40, 224


def numbers_of(weights: Tensor, grid: tuple[int, int, int], erased: Tensor) -> Iterator[tuple[str, str, float, float]]:
    """(whose queries, what, mean of their rows, of uniform rows) for a map (N, N) and erased positions (N,), shares 0 to 1."""
    t, y, x = torch.meshgrid(*(torch.arange(side) for side in grid), indexing="ij")
    t, y, x = t.flatten(), y.flatten() / grid[1], x.flatten() / grid[2]
    for who, rows in (("erased", erased > 0.99), ("seen", erased < 0.01)):
        what = {"in its own frame": t[rows, None] == t, "on erased keys": (erased > 0.99).expand(int(rows.sum()), -1),
                "distance within a frame": ((y[rows, None] - y) ** 2 + (x[rows, None] - x) ** 2).sqrt(),
                "frames away": (t[rows, None] - t).abs()}
        for name, values in what.items():
            yield who, name, (weights[rows] * values).sum(1).mean().item(), values.float().mean().item()


@torch.inference_mode()
def main(data: Path) -> None:
    """Print where rows go, beside rows that go everywhere alike."""
    model, found = load_model("clips_embedded_gaussian"), {}
    for clip in held_out_clips(data, CLIPS):
        placed = analyse(model, clip_of([Image.fromarray(frame) for frame in clip.frames]), RESOLUTION).maps[0]
        grid = placed.nl_map.query_grid
        erased = F.interpolate(clip.erased[None].float(), grid[1:], mode="area").flatten()
        for who, name, of_rows, uniform in numbers_of(placed.nl_map.weights[0], grid, erased):
            found.setdefault((who, name), []).append((of_rows, uniform))
    print(f"mean over {CLIPS} clips of the test photos, {RESOLUTION} px")
    for (who, name), pairs in found.items():
        of_rows, uniform = torch.tensor(pairs).nanmean(0).tolist()
        print(f"{who:8}{name:26}{of_rows:8.3f}   uniform {uniform:.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
