"""Opening a clip: a video, an animated picture, a folder of frames or several pictures, or an error that says what to do."""

from .choosing import FIRST, Chosen
from .clip import Clip, clip_of
from .limits import MAX_FRAMES, MIN_FRAMES
from .several import Source, of_pictures, source_of
from .workers import DECODER


def open_clip(source: Source, name: str | None = None, chosen: Chosen | None = None) -> Clip:
    """Open some frames of a video as upright 8-bit RGB pictures of one size with square pixels.

    Files are decoded in a process of their own, which is stopped after 20 seconds of computing or at 2 GB. Frames with a side of
    more than 2048 pixels are scaled down, pictures of other sizes to the first's; ``Clip.notes`` says so.

    Args:
        source: the path or the bytes of a video or of an animated GIF, WebP, PNG or AVIF; a folder of pictures, by their names, in
            which 2 comes before 10; or at least 4 pictures, each a path, bytes or a PIL image.
        chosen: which frames; by default the first 8, and of several pictures all, but at most 32. Of a video that ends before,
            those that there are; fewer than 4 lie closer instead.

    Raises:
        PictureError: nothing that can be decoded, fewer than 4 frames, more than 200,000 frames or 2 GB (512 MB as bytes), frames
            that ``open_picture`` refuses for their size, or beyond these limits; the message says what came and what to do.
    """
    source, name = source_of(source, name)
    if isinstance(source, list):
        chosen = chosen or Chosen(0, max(MIN_FRAMES, min(len(source), MAX_FRAMES)))
        found, frames, notes = of_pictures(source, name, chosen)
        return clip_of(frames, name, notes, found.numbers, chosen=found, total=len(source))
    chosen = chosen or FIRST
    said, frames = DECODER.clip(source, name, (chosen.start, chosen.count, chosen.stride))
    return clip_of(frames, name, said["notes"], said["numbers"], said["seconds"], Chosen(*said["chosen"]), said["total"],
                   said["fps"])
