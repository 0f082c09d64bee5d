"""Snapshots: the maps of one picture, and GCNet's numbers, kept while a network is trained."""

import warnings
from collections.abc import Sequence
from pathlib import Path

from torch import nn

from ..analysis import Analysis, analyse_here, as_model
from ..figures import Figure, draw, figure_bytes
from ..measures import added_share, numbers_of_map
from ..models import Model
from ..pictures import Picture, open_picture
from ..recipes import Recipe
from .asked import every_of, step_of
from .folder import OfAnother, SnapshotFolder
from .keeping import to_bytes
from .undisturbed import undisturbed

DPI = 100  # of a PNG for a training log


class Snapshots:
    """A callback that keeps the maps of one picture, and GCNet's numbers, as training goes.

    Called once a step, it keeps them at step 0, every ``every`` steps and, closed, at the end. Called before the step's update,
    step N is the network after N updates. A step that is there is not kept again, so that a training that was stopped goes on.
    Training is the same to the last bit with and without it.

    Each step is a file of its own, written whole: maps as queries and keys where they are made of them, else as rows in half
    precision (up to 32 MiB a map); of layers x heads the maps of the layer that is shown, the numbers of all. ``nlviz serve
    --snapshots FOLDER`` shows them on a slider.

    Args:
        model, resolution, preprocess: as in ``analyse``; of a wrapper for several GPUs the network inside (``ddp.module``).
        picture: as in ``analyse``.
        every: steps from one snapshot to the next.
        to: the folder.
        name: what to call the network.

    Raises:
        PictureError: the picture cannot be used.
        ValueError: ``every`` is no whole number from 1 on, or the folder is a file, or holds snapshots of another picture.

    Example:
        >>> import nlviz, tempfile, torch
        >>> from PIL import Image
        >>> net = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 16, 16), nlviz.blocks.BLOCKS["embedded_gaussian"](8))
        >>> with Snapshots(net, Image.new("RGB", (64, 64)), every=10, to=tempfile.mkdtemp(), resolution=64) as snapshots:
        ...     for step in range(25):
        ...         kept = snapshots(step)
        >>> snapshots.folder.steps
        [0, 10, 20, 24]
    """

    def __init__(self, model: nn.Module, picture, every: int = 1, to: str | Path = "snapshots", resolution: int = 448,
                 preprocess=None, name: str | None = None):
        self.every = every_of(every)
        self._given, self._preprocess, self._name = model, preprocess, name
        self.picture = picture if isinstance(picture, Picture) else open_picture(picture)
        self.resolution, self.folder = resolution, SnapshotFolder(Path(to))
        self.folder.make()
        self.folder.check_picture(self.picture)
        self._compared = False  # with the network of the snapshots that are there
        self._step: int | None = None
        self._seen = 0
        self._last: Analysis | None = None

    def __call__(self, step: int | None = None) -> bool:
        """Once a step of training; says whether its maps were kept now.

        What goes wrong at a later step than the first (weights that are no numbers any more, a full disk) is a warning: training
        goes on.

        Args:
            step: its number from 0; without it calls are counted.

        Raises:
            ValueError: the step is no whole number from 0 on, or the folder holds snapshots of another network: one whose layers
                are others, whatever the weights are; NetworkError, ValueError: as ``analyse``, at the first snapshot; OSError: the
                file cannot be written.
        """
        self._step = (0 if self._step is None else self._step + 1) if step is None else step_of(step)
        self._seen = self._age()
        return self._step % self.every == 0 and self._keep()

    def close(self) -> bool:
        """Keep the network as it is now: the last step, or, where its weights have changed since that call, the step behind it."""
        if self._step is None:
            return False
        self._step += self._age() != self._seen
        return self._keep()

    def _age(self) -> int:
        """How often the weights were changed in place."""
        return sum(weight._version for weight in self._given.parameters())

    def __enter__(self) -> "Snapshots":
        return self

    def __exit__(self, kind: type | None, *_) -> None:
        if kind is None:
            self.close()

    def _keep(self) -> bool:
        there = self.folder.file(self._step).exists()
        if there and self._compared:
            return False
        try:
            self._look(there)
        except OfAnother:
            raise
        except (ValueError, OSError) as error:
            if not self.folder.steps:
                raise
            warnings.warn(f"no {'comparison with the ' if there else ''}snapshot of step {self._step}: {error}", stacklevel=3)
            return False
        return not there

    def _look(self, there: bool) -> None:
        """Keep the step; of one that is there see that it is of this network: a training that goes on is told at its beginning."""
        with undisturbed(self._given):
            analysis = analyse_here(self._model(), self.picture, self.resolution)
            about = {"step": self._step, "picture": self.picture.name, "resolution": self.resolution}
            content = to_bytes(analysis, numbers_of(analysis), about)
            if not self._compared:
                self.folder.check_picture(self.picture)  # again: another training may have begun there meanwhile
                self.folder.check_network(content)
                self._compared = True
            if not there:
                self._last = analysis
                self.folder.keep(self._step, content, self.picture)

    def _model(self) -> Model:
        """The network as it is, which ``undisturbed`` has put in eval mode."""
        return as_model(self._given, self._preprocess, self._name)

    @property
    def last(self) -> Analysis:
        """The analysis of the last snapshot, of this training or an earlier one.

        Raises:
            ValueError: there is none.
        """
        steps = self.folder.steps
        if self._last is None and not steps:
            raise ValueError("there is no snapshot yet: call it once a step")
        return self._last or self.folder.analysis(steps[-1])

    def figure(self, queries: Sequence[tuple[float, float]] = ((0.5, 0.5),), **settings) -> Figure:
        """The figure of the last snapshot, as TensorBoard's ``add_figure`` takes it.

        Args:
            queries: (x, y) each, fractions of the picture's width and height.
            settings: of a :class:`nlviz.recipes.Recipe`.
        """
        return draw([self.last], self._recipe(queries, settings))

    def png(self, queries: Sequence[tuple[float, float]] = ((0.5, 0.5),), dpi: int = DPI, **settings) -> bytes:
        """The same as the bytes of a PNG."""
        recipe = self._recipe(queries, settings | {"dpi": dpi})
        return figure_bytes(draw([self.last], recipe), "png", recipe, dpi)

    def _recipe(self, queries: Sequence[tuple[float, float]], settings: dict) -> Recipe:
        picture = {"name": self.picture.name, "sha256": self.picture.sha256}
        return Recipe(picture, ({"name": self.last.model.name, "sha256": None},), tuple(queries), self.resolution, **settings)


def numbers_of(analysis: Analysis) -> list[dict]:
    """GCNet's numbers of every map: those of ``dependence_of_layers``, and ``module`` and ``added_share``, |z - x| as a share of
    |x| (None of modules that are no block of nlviz)."""
    return [numbers_of_map(placed) | {"module": placed.nl_map.layer, "added_share": added_share(placed.nl_map)}
            for placed in analysis.maps]
