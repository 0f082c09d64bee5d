"""A decoded frame of a video -> an upright 8-bit RGB picture with square pixels."""

import struct
from fractions import Fraction

import av
from av.sidedata.sidedata import Type
from av.video.reformatter import Interpolation
from PIL import Image

from .limits import check_size, within
from .upright import SCALED, on_white

HD = 720  # rows from which a video that doesn't say what its colours mean has those of HD television
UNSPECIFIED, BT709, BT2020 = 2, 1, 9
HDR = {16: "PQ", 18: "HLG"}
EXACT = 0x40000 | 0x2000 | 0x4000  # SWS_ACCURATE_RND, SWS_FULL_CHR_H_INT and _INP, which PyAV 17 takes and doesn't name
TURNS = {(1, 0, 0, 1): None, (-1, 0, 0, 1): Image.Transpose.FLIP_LEFT_RIGHT, (1, 0, 0, -1): Image.Transpose.FLIP_TOP_BOTTOM,
         (-1, 0, 0, -1): Image.Transpose.ROTATE_180, (0, 1, -1, 0): Image.Transpose.ROTATE_270,
         (0, -1, 1, 0): Image.Transpose.ROTATE_90, (0, 1, 1, 0): Image.Transpose.TRANSPOSE,
         (0, -1, -1, 0): Image.Transpose.TRANSVERSE}  # by the signs of a display matrix: x' = a x + c y, y' = b x + d y
SIDEWAYS = [turn for signs, turn in TURNS.items() if not signs[0]]


def picture_of(frame: av.VideoFrame, aspect: Fraction, side: int, name: str, notes: list[str]) -> Image.Image:
    """The frame as it is shown, its sides at most ``side`` pixels long.

    Args:
        aspect: width by height of a pixel.
        notes: what is to be said of it is added.

    Raises:
        PictureError: its size is out of bounds.
    """
    shown = _square(frame, aspect)
    check_size(shown, name)
    size = within(shown, side)
    alpha = frame.format.has_palette or any(component.is_alpha for component in frame.format.components)
    how = Interpolation.BICUBIC if size == shown else Interpolation.AREA
    colours = {"src_colorspace": BT709} if frame.colorspace == UNSPECIFIED and frame.height >= HD else {}
    stored = frame.reformat(*size, format="rgba" if alpha else "rgb24", interpolation=int(how) | EXACT, threads=1, **colours)
    image = Image.fromarray(stored.to_ndarray())
    _note(notes, frame, shown, size)
    image = on_white(image, notes).convert("RGB") if alpha else image
    return _turned(image, frame)


def size_of(frame: av.VideoFrame, aspect: Fraction) -> tuple[int, int]:
    """(width, height) in pixels as it is shown, before anything is scaled down."""
    width, height = _square(frame, aspect)
    return (height, width) if _turn(frame) in SIDEWAYS else (width, height)


def _square(frame: av.VideoFrame, aspect: Fraction) -> tuple[int, int]:
    """Its size with square pixels: the side that is stored with too few becomes longer."""
    if aspect >= 1:
        return round(frame.width * aspect), frame.height
    return frame.width, round(frame.height / aspect) if aspect > 0 else frame.height


def _turned(image: Image.Image, frame: av.VideoFrame) -> Image.Image:
    turn = _turn(frame)
    return image if turn is None else image.transpose(turn)


def _turn(frame: av.VideoFrame) -> Image.Transpose | None:
    matrix = frame.side_data.get(Type.DISPLAYMATRIX)
    if matrix is None:
        return None
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix)[:36])
    most = max(map(abs, (a, b, c, d)))
    return TURNS.get(tuple(round(value / most) if most else 0 for value in (a, b, c, d)))


def _note(notes: list[str], frame: av.VideoFrame, shown: tuple[int, int], size: tuple[int, int]) -> None:
    if shown != (frame.width, frame.height):
        notes.append(f"Its pixels are not square: frames of {frame.width} x {frame.height} are shown as {shown[0]} x {shown[1]}.")
    if size != shown:
        notes.append(SCALED.format(*shown, *size))
    if frame.color_trc in HDR or frame.color_primaries == BT2020:
        kind = f" ({HDR[frame.color_trc]}, HDR)" if frame.color_trc in HDR else ""
        notes.append(f"Its colours are meant as BT.2020{kind}; they are shown as sRGB, paler than they are.")
    if frame.interlaced_frame:
        notes.append("Its frames are interlaced: every other row is of another moment.")
