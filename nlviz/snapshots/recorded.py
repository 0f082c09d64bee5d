"""A network that is known by its snapshots alone, for the page: each of its steps is a model whose maps are there already."""

from dataclasses import replace
from pathlib import Path

from torch import Tensor, nn

from ..analysis import Analysis
from ..models import Model, ModelError
from ..pictures import Picture
from .folder import NAME, SnapshotFolder

CURVES = ("share", "entropy_share", "added_share")


class Recorded(Model):
    """A step of a training; it has maps of one picture and runs on none.

    Attributes:
        folder: of the snapshots.
        step: which.
    """

    runs = False

    def __init__(self, folder: SnapshotFolder, step: int, card: dict):
        own = folder.values(step)["network"]
        name = NAME if step == card["epochs"] else f"{NAME}@{step}"
        title = f"{own['title']}, in training" + (f", step {step}" if "epoch" in card else "")
        super().__init__(name, nn.Identity(), None, own["classes"], own["task"], title, card)
        self.folder, self.step = folder, step

    def forward(self, x: Tensor) -> Tensor:
        raise ModelError("of a network in training there are maps here and no output: ask it where it trains")

    def analysis_of(self, picture: Picture) -> Analysis:
        """The maps of the picture.

        Raises:
            ValueError: the snapshots are of another one.
        """
        own = self.folder.picture
        if picture.sha256 != own.sha256:
            raise ValueError(f"{self.title}: the snapshots hold the maps of {own.name} alone. Reload the page to see them.")
        return replace(self.folder.analysis(self.step), model=self)


def loaders_of(path: str | Path) -> dict[str, object]:
    """Name -> function that makes the model: the last step that is there now, and the others as NAME@STEP.

    Raises:
        CannotRead: the folder holds no snapshots, or one is broken.
    """
    folder = SnapshotFolder(Path(path))
    folder.picture  # noqa: B018  # what is wrong with the folder is said at once
    steps, numbers = folder.steps, folder.numbers()
    curves = curves_of(numbers)

    def loader(step: int):
        card = {"source": f"step {step}", "snapshots": [{"epoch": other} for other in steps[:-1]], "epochs": steps[-1],
                "unit": "step", "curves": curves} | ({} if step == steps[-1] else {"epoch": step})
        return lambda: Recorded(folder, step, card)

    return {NAME: loader(steps[-1])} | {f"{NAME}@{step}": loader(step) for step in steps[:-1]}


def curves_of(numbers: dict[int, list[dict]]) -> dict[str, dict[str, list[float | None]]]:
    """``{module}/{part}`` of each map -> by CURVES its numbers over the steps, shares of 1; None where a step has none."""
    found: dict[str, dict[str, list[float | None]]] = {}
    for at, rows in enumerate(numbers.values()):
        for row in rows:
            lines = found.setdefault(f"{row['module']}/{row['part']}", {name: [None] * len(numbers) for name in CURVES})
            for name in CURVES:
                lines[name][at] = row[name]
    return found
