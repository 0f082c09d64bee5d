"""Videos drawn for tests: every frame shows its own number in black and white, which survives any coding."""

import io
from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
from PIL import Image

BITS, SIZE = 8, (64, 48)


def numbered(number: int, size: tuple[int, int] = SIZE) -> Image.Image:
    """Two rows of four bits, white where they are set."""
    bits = np.array([number >> bit & 1 for bit in range(BITS)], np.uint8).reshape(2, 4)
    return Image.fromarray(bits * 255).resize(size, Image.Resampling.NEAREST).convert("RGB")


def number_of(image: Image.Image) -> int:
    """The number that a frame shows, wherever it was scaled to."""
    grey = image.convert("L")
    spots = [((2 * column + 1) * image.width // 8, (2 * row + 1) * image.height // 4) for row in (0, 1) for column in range(4)]
    return sum((grey.getpixel(spot) > 127) << bit for bit, spot in enumerate(spots))


def filmed(frames: Sequence[Image.Image] | int, kind: str = "mp4", codec: str = "libx264", rate: int = 25,
           times: Sequence[int] | None = None, unit: Fraction | None = None, pixels: str = "yuv420p",
           aspect: Fraction | None = None, rotation: float | None = None, hflip: bool = False, sound: bool = False,
           colours: int | None = None, tagged: bool = True, **options: str) -> bytes:
    """A video file of these frames, or of so many numbered ones.

    Args:
        times: of the frames, in units; by default one after the other.
        colours: what they are coded as, 1: as HD television; ``tagged``: it is said.
    """
    frames = [numbered(number) for number in range(frames)] if isinstance(frames, int) else frames
    file = io.BytesIO()
    with av.open(file, "w", format=kind) as container:
        stream = container.add_stream(codec, rate=rate, options=({"bf": "2"} if codec == "libx264" else {}) | options)
        stream.width, stream.height, stream.pix_fmt = *frames[0].size, pixels
        stream.codec_context.thread_count = 1
        if unit:
            stream.codec_context.time_base = unit
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if colours and tagged:
            stream.codec_context.colorspace = colours
        if rotation is not None:
            stream.set_display_rotation(rotation, hflip=hflip)
        heard = container.add_stream("aac", rate=8000, layout="mono") if sound else None
        for place, image in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.array(image), "rgba" if image.mode == "RGBA" else "rgb24")
            frame = frame.reformat(format=pixels, dst_colorspace=colours) if colours else frame
            frame.pts, frame.time_base = times[place] if times else place, unit or Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        if heard:
            container.mux(heard.encode(_silence()))
            container.mux(heard.encode(None))
    return file.getvalue()


def heard_only() -> bytes:
    """A file with sound and no video."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=8000, layout="mono")
        container.mux(stream.encode(_silence()))
        container.mux(stream.encode(None))
    return file.getvalue()


def _silence() -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
    frame.rate, frame.pts = 8000, 0
    return frame
