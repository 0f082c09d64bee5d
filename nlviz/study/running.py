"""A folder through some networks. What is measured is kept line by line, so that a stopped study goes on where it was, and
several processes share one.
"""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from sys import stderr
from typing import Any

from torch import distributed
from tqdm import tqdm

from ..files import saying_where, write_whole
from ..pictures import PictureError
from .kept import KEPT, Key, line_of, read_kept
from .report import write_report
from .study import Study, content_of, opened, passes_of

MOST_THREADS = 4
New = dict[tuple[str, int], tuple[Key | None, dict]]  # (picture, number of the network) -> a line, and its key where it is kept


def run_study(study: Study, folder: Path, pictures: list[str], out: Path, command: str = "",
              progress: Callable[[Iterable], Iterable] = tqdm, say: Callable[[str], None] | None = None) -> dict | None:
    """Measure what is not measured yet and write the report into ``out``.

    A picture is known by its content: one that was replaced is measured anew. Those that could not be read, and networks that
    failed, are tried again each time. Under torchrun the pictures are shared out over the processes, and the first of them
    writes the report: the same bytes as one process would. A broken picture is listed in it.

    Args:
        pictures: paths relative to ``folder``.
        command: what the report says it was made by.
        progress: wraps the pictures that this process goes through.
        say: told which kept lines cannot be used; by default it goes to stderr.

    Returns:
        The report's summary, see :func:`nlviz.study.summary.summarise`; None in the other processes.

    Raises:
        OSError: ``out`` cannot be written. What was measured before is kept.
    """
    out.mkdir(parents=True, exist_ok=True)
    rank, processes = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if processes > 1 and not distributed.is_initialized():
        distributed.init_process_group("gloo")
    kept = read_kept(out, say or partial(tqdm.write, file=stderr)) if rank == 0 else {}
    known = _known(study, folder, pictures, kept)
    missing = _shared({picture: [at for at in range(len(study.models)) if (picture, at) not in known] for picture in pictures},
                      processes)
    mine = [picture for picture, networks in missing.items() if networks][rank::processes]
    for part in _gathered(_measured(study, folder, {picture: missing[picture] for picture in mine}, out / KEPT.format(rank),
                                    progress), rank, processes):
        known |= part
    if rank:
        return None
    _keep(kept | {key: line for key, line in known.values() if key}, out)
    return write_report([(picture, model, known[picture, at][1]) for picture in pictures for at, model in enumerate(study.models)],
                        out, folder, study.resolution, study.seed, command, study.frames)


def _known(study: Study, folder: Path, pictures: list[str], kept: dict[Key, dict]) -> New:
    """What is measured already of the pictures' content."""
    found = {}
    for picture in pictures if kept else ():
        try:
            content = content_of(study, folder / picture)
        except PictureError:
            continue
        keys = [study.key(content, model) for model in study.models]
        found |= {(picture, at): (key, kept[key]) for at, key in enumerate(keys) if key in kept}
    return found


def _measured(study: Study, folder: Path, missing: dict[str, list[int]], out: Path,
              progress: Callable[[Iterable], Iterable]) -> New:
    """The lines of this process, each kept as soon as its picture is done."""
    found = {}
    with saying_where(out), open(out, "a") as file:
        file.write("\n")  # behind a line that was cut short
        threads = _threads(int(os.environ.get("WORLD_SIZE", 1)))
        for picture, at, content, line in _in_order(_asked(study, folder, missing, progress, threads), threads):
            key = study.key(content, study.models[at]) if "maps" in line else None
            found[picture, at] = key, line
            file.write(line_of(key, line) if key else "")
            file.flush()
    return found


def _asked(study: Study, folder: Path, missing: dict[str, list[int]], progress: Callable[[Iterable], Iterable],
           threads: int) -> Iterator[Callable[[], tuple[str, int, str, dict]]]:
    """The passes of each picture, one after the other; what is left to be called for each line: picture, network, content, line."""
    models = {picture: [study.models[at] for at in networks] for picture, networks in missing.items()}
    ahead = _in_order((partial(opened, study, folder / picture, models[picture]) for picture in missing), threads)
    for picture, ready in zip(progress(list(missing)), ahead):
        for at, (_, ask) in zip(missing[picture], passes_of(study, ready, models[picture])):
            yield partial(lambda *names, ask: (*names, ask()), picture, at, ready.content, ask=ask)


def _in_order(calls: Iterator[Callable[[], Any]], threads: int) -> Iterator[Any]:
    """What calls give, in their order: so many are made ahead, in threads, while the last one's is worked on here.

    Pictures are opened so while the pass of one runs, and its numbers computed while the next one's does. Where no further call
    comes, being stopped, what was begun is given first.
    """
    stopped, coming = None, deque()
    with ThreadPoolExecutor(threads) as pool:
        while stopped is None:
            try:
                coming.append(pool.submit(next(calls)))
            except (Exception, KeyboardInterrupt) as error:
                stopped = error
            if len(coming) > threads:
                yield coming.popleft().result()
        yield from (one.result() for one in coming)
    if not isinstance(stopped, StopIteration):
        raise stopped


def _threads(processes: int) -> int:
    """How many of each kind: what is left of the cores beside the passes; each more holds a picture, or its maps."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(max(1, cores // processes - 1), MOST_THREADS)


def _keep(lines: dict[Key, dict], out: Path) -> None:
    """All lines in one file, sorted."""
    write_whole(out / KEPT.format(0), "".join(sorted(line_of(key, line) for key, line in lines.items())).encode())
    for path in out.glob(KEPT.format("*")):
        if path.name != KEPT.format(0):
            path.unlink()


def _shared(missing: dict | None, processes: int) -> dict:
    """What the first process finds missing, in all of them."""
    if processes == 1:
        return missing
    box = [missing]
    distributed.broadcast_object_list(box)
    return box[0]


def _gathered(new: New, rank: int, processes: int) -> list[New]:
    """The new lines of all processes, in the first."""
    if processes == 1:
        return [new]
    parts = [None] * processes if rank == 0 else None
    distributed.gather_object(new, parts)
    return parts or []
