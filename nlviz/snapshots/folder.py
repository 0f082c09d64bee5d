"""A folder of snapshots: the picture, and a file for each step at which its maps were kept."""

import io
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from safetensors import SafetensorError

from ..analysis import Analysis
from ..files import printable, read_regular, write_whole
from ..pictures import Picture, PictureError, open_picture
from .keeping import from_bytes, values_of
from .layers import layers_of, unlike

PICTURE, NAME = "picture.png", "in training"
FILE = re.compile(r"step_(\d{1,12})\.safetensors")


class CannotRead(ValueError):
    """A folder that holds no snapshots, or a file of it that is broken."""


class OfAnother(ValueError):
    """A folder that holds snapshots of another picture or of another network."""


@dataclass(frozen=True)
class SnapshotFolder:
    """What :class:`nlviz.Snapshots` keeps, in order of the steps.

    Attributes:
        path: of the folder.
    """

    path: Path

    def file(self, step: int) -> Path:
        """Where a step's maps lie."""
        return self.path / f"step_{step:09}.safetensors"

    @property
    def steps(self) -> list[int]:
        """The steps that are there, in order; of a training that goes on more from time to time."""
        found = (FILE.fullmatch(path.name) for path in self.path.glob("step_*.safetensors"))
        return sorted(int(match[1]) for match in found if match)

    @cached_property
    def picture(self) -> Picture:
        """The picture, called as it was.

        Raises:
            CannotRead: the folder holds no snapshots, or its picture is missing or broken.
        """
        if not self.steps:
            raise CannotRead(f"{printable(self.path)} holds no snapshots: nlviz.Snapshots(model, picture, to=FOLDER) makes them")
        return replace(self._picture_there(), name=self.values(self.steps[0])["picture"])

    def _picture_there(self) -> Picture:
        try:
            return open_picture(self.path / PICTURE)
        except PictureError as error:
            raise CannotRead(f"{printable(self.path)} holds snapshots without the picture that they are of: {error} "
                             f"Put that picture there as {PICTURE}, or take the snapshots anew in another folder") from None

    def make(self) -> None:
        """Make the folder, unless it is there.

        Raises:
            ValueError: a file is in its place; OSError: it cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except (FileExistsError, NotADirectoryError):
            raise ValueError(f"snapshots need a folder, got {printable(self.path)}, which is a file or lies in one. "
                             "Take another name") from None

    def keep(self, step: int, content: bytes, picture: Picture) -> None:
        """Write the maps of a step; before the first one the picture, in place of one that has no snapshots.

        Raises:
            OSError: a file cannot be written.
        """
        if not self.steps:
            file = io.BytesIO()
            picture.image.save(file, "PNG")
            write_whole(self.path / PICTURE, file.getvalue())
        write_whole(self.file(step), content)

    def check_picture(self, picture: Picture) -> None:
        """Refuse snapshots of another picture than of that which is there.

        Raises:
            OfAnother: it is another one; CannotRead: nobody can tell.
        """
        if self.steps and self._picture_there().sha256 != picture.sha256:
            raise OfAnother(f"{printable(self.path)} holds snapshots of another picture. Take another folder, or delete that one")

    def check_network(self, content: bytes) -> None:
        """Refuse a snapshot, as bytes, of another network than that of the last one that can be read.

        Raises:
            OfAnother: its layers are others.
        """
        here = layers_of(content)
        for step in reversed(self.steps):
            try:
                there = self._read(step, layers_of)
            except CannotRead:
                continue
            if how := unlike(there, here):
                raise OfAnother(f"{printable(self.path)} holds snapshots of another network ({there['title']} there, "
                                f"{here['title']} here): {how}. Take another folder, or delete that one")
            return

    def values(self, step: int) -> dict:
        """What is kept of a step besides maps: ``numbers``, ``picture``, ``resolution``, ``network``.

        Raises:
            CannotRead: the file is broken.
        """
        return self._read(step, values_of)

    def analysis(self, step: int) -> Analysis:
        """The maps of a step, as an analysis by a network that is known by them alone.

        Raises:
            CannotRead: the file is broken.
        """
        card = {"source": f"in training, step {step}"}
        return self._read(step, lambda content: from_bytes(content, self.picture, NAME, card))

    def _read(self, step: int, read):
        path = self.file(step)
        try:
            return read(read_regular(path))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SafetensorError) as error:
            raise CannotRead(f"{printable(path)} cannot be read ({type(error).__name__}: {error}). Delete it") from None

    def numbers(self) -> dict[int, list[dict]]:
        """step -> the numbers of every map, see :class:`nlviz.Snapshots`."""
        return {step: self.values(step)["numbers"] for step in self.steps}
