"""A folder of pictures through some networks: GCNet's numbers of every map, one line a picture and network.

What is measured is kept line by line, so that a stopped study goes on where it was, and several processes share one.
"""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import Tensor, distributed
from tqdm import tqdm

from ..analysis import one_at_a_time
from ..blocks import Block
from ..capture import capture_maps
from ..files import write_whole
from ..maps import NLMap
from ..measures import fresh_block, fresh_map, measure, terms_of
from ..models import Model, OnBackbone
from ..pictures import Picture, PictureError, open_picture
from .report import write_report

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff")  # those tried first for a name without
KEPT = "measured.{}.jsonl"  # by the number of the process


@dataclass
class Study:
    """What is measured of every picture.

    Attributes:
        models: the networks.
        resolution: long side of their input in pixels.
        seed: of the fresh weights and of the intervals.
        terms: whether softmax maps are split into their pairwise and unary term too.

    Raises:
        ValueError: a network has no block, so there is nothing to measure.
    """

    models: list[Model]
    resolution: int = 448
    seed: int = 0
    terms: bool = False
    _fresh: dict = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        for model in self.models:
            if not any(isinstance(module, Block) for module in model.net.modules()):
                raise ValueError(f"{model.name} has no block of nlviz.blocks in it, so there is nothing to measure")

    def key(self, picture: str, model: Model) -> tuple:
        """What tells one line from all others: another resolution, seed or checkpoint is measured anew."""
        return picture, model.name, model.card.get("sha256"), self.resolution, self.seed, self.terms

    @torch.inference_mode()
    def measure(self, picture: Picture, models: Iterable[Model]) -> Iterator[tuple[Model, list[dict] | str]]:
        """The numbers of every map of each network, or why there are none. The frozen backbone runs once for all."""
        features = {}  # of the frozen backbone, by how the picture becomes its input
        for model in models:
            try:
                with one_at_a_time:
                    maps = self._maps(model, picture, features)
                found = [self._numbers(model, nl_map) for nl_map in maps]
            except Exception as error:  # a network may raise anything on one picture; the others are measured all the same
                found = f"{type(error).__name__}: {error}"
            yield model, found

    def _maps(self, model: Model, picture: Picture, features: dict) -> list[NLMap]:
        with capture_maps(model.net) as maps:
            if isinstance(model.net, OnBackbone):
                model.net.head(self._stem(model, picture, features))
            else:
                model(self._input(model, picture))
        if not maps:
            raise ValueError("no block of nlviz.blocks ran in its forward pass")
        return maps

    def _input(self, model: Model, picture: Picture) -> Tensor:
        return model.preprocess(picture, self.resolution)[0].to(next(model.parameters()).device)

    def _stem(self, model: Model, picture: Picture, features: dict) -> Tensor:
        if model.preprocess not in features:
            features[model.preprocess] = model.net.stem(self._input(model, picture))
        return features[model.preprocess]

    def _numbers(self, model: Model, nl_map: NLMap) -> dict:
        key = model.name, nl_map.layer
        if key not in self._fresh:
            self._fresh[key] = fresh_block(model.net.get_submodule(nl_map.layer), self.seed)
        found = {name: getattr(nl_map, name) for name in ("layer", "block", "part", "rows")} | asdict(measure(nl_map))
        found["fresh"] = measure(fresh_map(self._fresh[key], nl_map)).values
        if self.terms:
            try:
                found["terms"] = terms_of(nl_map)
            except ValueError:
                found["terms"] = {}
        return found


def pictures_in(folder: Path, names: Path | None = None, limit: int | None = None) -> list[str]:
    """Paths of the pictures relative to ``folder``, sorted.

    Args:
        names: a text file with one name a line, with or without its suffix, instead of all in the folder and below it.
        limit: at most so many, spread evenly over the sorted list.

    Raises:
        FileNotFoundError: no such folder or list, no picture in it, or a name on the list that is not there.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}")
    if names is None:
        found = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    else:
        found = sorted(_on_list(folder, line.strip()) for line in names.read_text().splitlines() if line.strip())
    if not found:
        raise FileNotFoundError(f"no picture in {names or folder} ({', '.join(SUFFIXES)})")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
    return found if limit is None or limit >= len(found) else [found[i * len(found) // limit] for i in range(limit)]


def _on_list(folder: Path, name: str) -> str:
    for path in (name, *(name + suffix for lower in SUFFIXES for suffix in (lower, lower.upper()))):
        if (folder / path).is_file():
            return path
    raise FileNotFoundError(f"{name} is on the list but not in {folder}")


def run_study(study: Study, folder: Path, pictures: list[str], out: Path, command: str = "",
              progress: Callable[[Iterable], Iterable] = tqdm) -> dict | None:
    """Measure what is not measured yet and write the report into ``out``.

    Under torchrun the pictures are shared out over the processes, and the first of them writes the report: the same bytes
    as one process would. A broken picture is listed in it.

    Args:
        pictures: paths relative to ``folder``.
        command: what the report says it was made by.
        progress: wraps the pictures that this process goes through.

    Returns:
        The report's summary, see :func:`nlviz.study.summary.summarise`; None in the other processes.

    Raises:
        OSError: ``out`` cannot be written. What was measured before is kept.
    """
    out.mkdir(parents=True, exist_ok=True)
    rank, processes = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if processes > 1 and not distributed.is_initialized():
        distributed.init_process_group("gloo")
    lines = _shared(_read(out) if rank == 0 else None, processes)
    wanted = {study.key(picture, model): model for picture in pictures for model in study.models}
    missing = {}
    for key, model in wanted.items():
        if key not in lines:
            missing.setdefault(key[0], []).append(model)
    mine = list(missing)[rank::processes]
    new = {}
    with open(out / KEPT.format(rank), "a") as file:
        file.write("\n")  # behind a line that was cut short
        for picture in progress(mine):
            for model, line in measure_file(study, folder / picture, missing[picture]):
                key = study.key(picture, model)
                new[key] = line
                file.write(json.dumps([key, line]) + "\n")
            file.flush()
    for part in _gathered(new, rank, processes):
        lines |= part
    if rank:
        return None
    for path in out.glob(KEPT.format("*")):
        if path.name != KEPT.format(0):
            path.unlink()
    kept = sorted(json.dumps([key, line]) for key, line in lines.items())
    write_whole(out / KEPT.format(0), "\n".join([*kept, ""]).encode())
    return write_report([(picture, model, lines[study.key(picture, model)]) for picture in pictures for model in study.models],
                        out, folder, study.resolution, study.seed, command)


def measure_file(study: Study, path: Path, models: list[Model]) -> Iterator[tuple[Model, dict]]:
    """A line for each network: ``{"maps": numbers}``; or why not, ``{"broken"}`` of the picture, ``{"failed"}`` of the network."""
    try:
        picture = open_picture(path)
    except (PictureError, OSError) as error:
        for model in models:
            yield model, {"broken": str(error)}
        return
    for model, found in study.measure(picture, models):
        yield model, {"failed": found} if isinstance(found, str) else {"maps": found}


def _read(out: Path) -> dict[tuple, dict]:
    """What was measured before; a line cut short by a full disk or a kill counts as not measured."""
    found = {}
    for path in sorted(out.glob(KEPT.format("*"))):
        for text in path.read_text().splitlines():
            try:
                key, line = json.loads(text)
                found[tuple(key)] = line
            except (ValueError, TypeError):
                continue
    return found


def _shared(lines: dict | None, processes: int) -> dict:
    """The first process's lines, in all of them."""
    if processes == 1:
        return lines
    box = [lines]
    distributed.broadcast_object_list(box)
    return box[0]


def _gathered(new: dict, rank: int, processes: int) -> list[dict]:
    """The new lines of all processes, in the first."""
    if processes == 1:
        return [new]
    parts = [None] * processes if rank == 0 else None
    distributed.gather_object(new, parts)
    return parts or []
