"""Which pictures and videos of a folder are measured, and their bytes."""

from pathlib import Path

from ..files import read_regular
from ..pictures import CLIP_SUFFIXES, SUFFIXES, PictureError

MEASURED = (*SUFFIXES, *CLIP_SUFFIXES)


def pictures_in(folder: Path, names: Path | None = None, limit: int | None = None) -> list[str]:
    """Paths of the pictures and videos relative to ``folder``, sorted.

    Args:
        names: a text file with one name a line, with or without its suffix, instead of all in the folder and below it but the
            masks of its photos, see :func:`masks_in`.
        limit: at most so many, spread evenly over the sorted list.

    Raises:
        FileNotFoundError: no such folder or list, no picture in it, or a name on the list that is not there.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}")
    if names is None:
        there = _all_in(folder)
        found = sorted(there - _masks_among(there))
    else:
        lines = read_regular(names).decode("utf-8-sig", "surrogateescape").splitlines()  # names need not be UTF-8
        found = sorted(_on_list(folder, line.strip()) for line in lines if line.strip())
    if not found:
        raise FileNotFoundError(f"no picture in {names or folder} ({', '.join(MEASURED)})")
    if limit is not None and limit < 1:
        raise ValueError(f"limit must be at least 1, got {limit}")
    return found if limit is None or limit >= len(found) else [found[i * len(found) // limit] for i in range(limit)]


def masks_in(folder: Path) -> list[str]:
    """Paths of the PNG files relative to ``folder`` that have a photo of another format and the same name beside them, sorted:
    masks, as scores take them (:func:`nlviz.training.label_of`)."""
    return sorted(_masks_among(_all_in(folder)))


def _masks_among(names: set[str]) -> set[str]:
    photos = {str(Path(name).with_suffix("")) for name in names if Path(name).suffix.lower() in set(SUFFIXES) - {".png"}}
    return {name for name in names if Path(name).suffix == ".png" and str(Path(name).with_suffix("")) in photos}


def _all_in(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.suffix.lower() in MEASURED and not path.is_dir()}


def _on_list(folder: Path, name: str) -> str:
    for path in (name, *(name + suffix for lower in MEASURED for suffix in (lower, lower.upper()))):
        if (folder / path).is_file():
            return path
    raise FileNotFoundError(f"{name} is on the list but not in {folder}")


def read_picture(path: Path) -> bytes:
    """The bytes of a regular file.

    Raises:
        PictureError: it is none, or cannot be read.
    """
    try:
        return read_regular(path)
    except (OSError, ValueError) as error:
        raise PictureError(f"cannot be read ({getattr(error, 'strerror', error)}).") from None
