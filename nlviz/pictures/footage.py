"""A file that moves -> the frames of a clip, or a look over it. Runs in the process that decodes: see workers.py."""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, BinaryIO

from PIL import Image, UnidentifiedImageError

from .animation import Animation
from .choosing import Chosen, Late, Lost, fitted
from .limits import LOOK_SECONDS, MAX_CLIP_SIDE, MAX_PIXELS, THUMBNAIL_SIDE, PictureError
from .sniffing import HEAD, container_of
from .upright import of_one_size

if TYPE_CHECKING:
    from .video import Video

PLAYLIST = "a playlist names other files, and those are not opened"
NAMED = {b"#EXTM3U": PLAYLIST, b"ffconcat": PLAYLIST, b"<?xml": "this is text",
         b"ID3": "it has no video, only sound", b"fLaC": "it has no video, only sound", b"%PDF": "a PDF is no video"}
READ = "Use MP4, MOV, AVI, MKV, WebM, MPEG, OGV, WMV, or an animated GIF, WebP, PNG or AVIF."
DAMAGED = "Its file is damaged or cut short: what can be decoded of it is shown, and counted."
Found = tuple[dict, list[Image.Image]]  # what is said of the frames, and they, of one size
Shown = list[tuple[int, float | None, Image.Image]]  # number, seconds, picture


def clip(file: BinaryIO, name: str, chosen: Chosen) -> Found:
    """The frames of a clip; of them is said: chosen, numbers, seconds, total, fps, notes.

    Raises:
        PictureError: it cannot be shown; the message says why and what to do.
        MemoryError: there is not enough of it.
    """
    def read() -> Found:
        source = _opened(file, name)
        found, said, shown = _chosen(source, chosen, name)
        if not shown:
            raise PictureError(_broken(name))
        numbers, seconds, images = map(list, zip(*shown))
        images = of_one_size(images, source.notes)
        return {"chosen": [found.start, found.count, found.stride], "numbers": numbers, "seconds": seconds, "fps": source.fps,
                "total": source.count if source.exact else None, **_notes(source, said)}, images

    return _explained(read, file, name)


def look(file: BinaryIO, name: str, thumbnails: int) -> Found:
    """Thumbnails from all of it, some missing where there is no time for them; of them is said: numbers, count, exact, duration,
    fps, frame (width, height), notes. Raises as ``clip``."""
    def read() -> Found:
        source = _opened(file, name)
        source.until = started + LOOK_SECONDS
        shown, said = _looked(source, thumbnails)
        if not shown:
            raise PictureError(_broken(name))
        numbers, _, images = map(list, zip(*shown))
        return {"numbers": numbers, "count": source.count, "exact": source.exact, "duration": source.duration, "fps": source.fps,
                "frame": source.size, **_notes(source, said)}, of_one_size(images, [])

    started = time.process_time()
    return _explained(read, file, name)


def _opened(file: BinaryIO, name: str) -> "Animation | Video":
    file.seek(0)
    kind = container_of(file.read(HEAD))
    if not kind:
        return Animation(file, name)
    from .video import Video  # and PyAV, only when there is a video
    return Video(file, kind, name)


def _chosen(source: "Animation | Video", chosen: Chosen, name: str) -> tuple[Chosen, list[str], Shown]:
    """Which frames it has of those that are chosen, what is to be said of that, and they."""
    if source.exact:
        found, said = fitted(chosen, source.count, name)
        try:
            return found, said, list(source.pictures(found.numbers, MAX_CLIP_SIDE))
        except Lost:
            source.notes.clear()
    shown = list(source.pictures(chosen.numbers, MAX_CLIP_SIDE))
    if len(shown) == chosen.count:
        return chosen, [], shown
    if not source.count:
        return chosen, [], []
    found, said = fitted(chosen, source.count, name)  # now that it is known how many there are
    return found, said, shown if found.stride == chosen.stride else list(source.pictures(found.numbers, MAX_CLIP_SIDE))


def _looked(source: "Animation | Video", count: int) -> tuple[Shown, list[str]]:
    shown, said = [], []
    while True:
        try:
            shown.extend(source.pictures(source.spread(count), THUMBNAIL_SIDE))
            break
        except Late:
            said = [f"It takes long to look through: only {len(shown)} of its thumbnails are shown."]
            break
        except Lost:
            shown.clear()
    source.notes.clear()  # that thumbnails are scaled down
    return shown, said


def _notes(source: "Animation | Video", said: list[str]) -> dict:
    """Each of them once, the gravest first."""
    return {"notes": list(dict.fromkeys([*([DAMAGED] if source.damaged else []), *said, *source.notes]))}


def _explained(read: Callable[[], Found], file: BinaryIO, name: str) -> Found:
    try:
        return read()
    except (PictureError, MemoryError):
        raise
    except Image.DecompressionBombError:
        raise PictureError(f"{name}: more than {MAX_PIXELS // 10**6} million pixels. Scale it down first.") from None
    except UnidentifiedImageError:
        file.seek(0)
        head = file.read(HEAD)
        named = next((named for start, named in NAMED.items() if head.startswith(start)), None)
        raise PictureError(f"{name}: {named or 'not a video or animated picture that can be read'}. {READ}") from None
    except Exception:  # FFmpeg's and Pillow's decoders raise many kinds on broken files
        raise PictureError(_broken(name)) from None


def _broken(name: str) -> str:
    return f"{name}: the file is broken or cut short: nothing in it can be decoded. Save or download it again."
