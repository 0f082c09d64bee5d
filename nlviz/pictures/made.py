"""Clips made from photos: what moves in them, and where to, is known."""

from collections.abc import Callable
from math import pi, sin
from pathlib import Path
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from .choosing import Chosen, fitted
from .clip import Clip, clip_of
from .limits import within
from .picture import Picture, open_picture

FRAMES, FPS = 16, 8
SIDE = 640  # pixels
ALL = Chosen(0, FRAMES)
Photo = Picture | str | Path | bytes | Image.Image


def pan_clip(photo: Photo, chosen: Chosen = ALL) -> Clip:
    """The camera goes over a photo from its left to its right, or from its top to its bottom: frames of 2/3 of its long side.

    Raises:
        PictureError: the photo cannot be opened, or there are not so many frames.
    """
    picture = _opened(photo)
    width, height = picture.size
    view = (width * 2 // 3, height) if width >= height else (width, height * 2 // 3)

    def frame(place: float) -> Image.Image:
        left, top = ((full - cut) * place for full, cut in zip(picture.size, view))
        return picture.image.resize(within(view, SIDE), Image.Resampling.BICUBIC, (left, top, left + view[0], top + view[1]))

    return _made(frame, f"{picture.name}, a pan", picture.notes, chosen)


def moving_object_clip(photo: Photo, cut_out: Photo, box: tuple[float, float, float, float] = (0.25, 0.15, 0.75, 0.85),
                       size: float = 0.45, chosen: Chosen = ALL) -> Clip:
    """What lies in an ellipse of one photo moves over another, in an arc from its left to its right.

    Args:
        photo: what it moves over.
        cut_out: what it is cut out of, with a soft rim.
        box: (left, top, right, bottom) of the ellipse, fractions of ``cut_out``'s width and height, 0 to 1.
        size: the ellipse's long side, a fraction of the photo's short side.

    Raises:
        PictureError: a photo cannot be opened, or there are not so many frames.
    """
    picture, source = _opened(photo), _opened(cut_out)
    ground = picture.image.resize(within(picture.size, SIDE), Image.Resampling.LANCZOS)
    thing = source.image.crop([round(part * side) for part, side in zip(box, (*source.size, *source.size))])
    long = round(size * min(ground.size))
    thing = thing.resize(tuple(max(8, round(side * long / max(thing.size))) for side in thing.size), Image.Resampling.LANCZOS)
    mask = _ellipse(thing.size)

    def frame(place: float) -> Image.Image:
        shown = ground.copy()
        left = round((ground.width - thing.width) * (0.04 + 0.92 * place))
        top = round((ground.height - thing.height) * (0.8 - 0.6 * sin(pi * place)))
        shown.paste(thing, (left, top), mask)
        return shown

    return _made(frame, f"{source.name} over {picture.name}", (*picture.notes, *source.notes), chosen)


def _ellipse(size: tuple[int, int]) -> Image.Image:
    """White inside, with a soft rim that ends within."""
    large = Image.new("L", tuple(4 * side for side in size))
    rim = max(2, min(size) // 16)
    ImageDraw.Draw(large).ellipse([4 * rim, 4 * rim, large.width - 4 * rim - 1, large.height - 4 * rim - 1], fill=255)
    return large.filter(ImageFilter.BoxBlur(2 * rim)).resize(size, Image.Resampling.BOX)


def _opened(photo: Photo) -> Picture:
    return photo if isinstance(photo, Picture) else open_picture(photo)


def _made(frame: Callable[[float], Image.Image], name: str, notes: tuple[str, ...], chosen: Chosen) -> Clip:
    """A clip of frames by how far it is at, 0 to 1."""
    found, said = fitted(chosen, FRAMES, name)
    frames = [frame(number / (FRAMES - 1)) for number in found.numbers]
    seconds = [number / FPS for number in found.numbers]
    return clip_of(frames, name, list(dict.fromkeys([*said, *notes])), found.numbers, seconds, found, FRAMES, FPS)


def noise(side: int, frames: int = 0) -> Picture:
    """A square of coloured noise, the same each time, to try a network on; with ``frames`` a clip of as many."""
    random = Random(side)
    images = [Image.frombytes("RGB", (side, side), random.randbytes(3 * side * side)) for _ in range(frames or 1)]
    return clip_of(images, "noise") if frames else Picture(images[0], "noise")
