"""A query that moves, as a GIF or an MP4 whose comment is the recipe."""

import io
from collections.abc import Sequence

import numpy as np

from ..analysis import Analysis
from ..figures import gif_bytes, moving_pictures
from ..recipes import Recipe

ANIMATED = ("gif", "mp4")
RATE = 10  # pictures a second of an MP4
# The first that PyAV has. Of some 200 films of the same pictures x264 with its macroblock tree codes one with other bytes.
CODINGS = {"libx264": {"crf": "20", "preset": "medium", "mbtree": "0"}, "mpeg4": {"qscale": "3"}}
BT709 = 1
SIDE = 16  # pixels, of which the sides of an MP4 are a multiple: else what lies beyond its edges differs from one run to the next


def animation_bytes(analyses: Sequence[Analysis], recipe: Recipe, kind: str, progress: bool = False) -> bytes:
    """The recipe's query moving, see :func:`nlviz.figures.moving_pictures`, as a ``gif`` or an ``mp4``; of the same recipe the
    same bytes.

    Raises:
        ValueError: see there.
    """
    pictures, seconds = moving_pictures(analyses, recipe, progress)
    return (gif_bytes if kind == "gif" else _mp4_bytes)(pictures, seconds, recipe.to_json())


def _mp4_bytes(pictures: Sequence, seconds: Sequence[float], comment: str) -> bytes:
    import av  # takes a while, and only an MP4 needs it

    coding = next(name for name in CODINGS if name in av.codecs_available)
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        container.metadata["comment"] = comment
        stream = container.add_stream(coding, rate=RATE, options=CODINGS[coding])
        stream.width, stream.height = (-(-side // SIDE) * SIDE for side in pictures[0].size)
        stream.pix_fmt = "yuv420p"
        coder = stream.codec_context
        coder.thread_count = 1  # the same bytes on every machine
        coder.colorspace = coder.color_primaries = coder.color_trc = coder.color_range = BT709
        for picture, one in zip(pictures, seconds):
            page = np.full((stream.height, stream.width, 3), 255, np.uint8)
            page[: picture.height, : picture.width] = picture
            frame = av.VideoFrame.from_ndarray(page, "rgb24").reformat(format="yuv420p", dst_colorspace=BT709)
            for _ in range(round(one * RATE)):
                frame.pts = None
                container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return file.getvalue()
