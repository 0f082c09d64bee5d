"""What can be opened, and the error about what cannot."""

MIN_SIDE = 16
MAX_PIXELS = 50_000_000
MAX_ASPECT = 8
MAX_BYTES = 512 * 2**20
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".heic", ".heif", ".avif")

MIN_FRAMES, MAX_FRAMES = 4, 32  # of a clip
MAX_CLIP_SIDE = 2048  # pixels of a clip's frame; larger ones are scaled down, so that 32 of them stay below 403 MB
MAX_VIDEO_FRAMES = 200_000  # an hour at 50 frames a second
MAX_VIDEO_BYTES = 2 * 2**30  # of a file on a disk; what is given as bytes has at most MAX_BYTES
MAX_THUMBNAILS, THUMBNAIL_SIDE = 48, 160
CLIP_SUFFIXES = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".ogv", ".wmv", ".3gp",
                 ".flv", ".apng")  # .gif, .webp, .png and .avif may be either: see opens_as_clip

SECONDS = 10  # of computing, for a picture, where the system counts it
CLIP_SECONDS = 20  # for a clip, and for a look over a video
LOOK_SECONDS = 8  # after which a look over a video leaves out the thumbnails that are missing
MEMORY = 2 * 2**30  # bytes of address space of the process that decodes

SINGLE = "it is a single picture. A clip is a video, an animated picture, a folder of frames or at least 4 pictures."


class PictureError(ValueError):
    """A picture or a video that cannot be used; the message says what came and what to do."""


def check_size(size: tuple[int, int], name: str) -> None:
    """Raises PictureError for a picture that is too small, too large or too long."""
    width, height = size
    if min(size) < MIN_SIDE:
        raise PictureError(f"{name}: {width} x {height} pixels; at least {MIN_SIDE} on each side are needed.")
    if width * height > MAX_PIXELS:
        raise PictureError(f"{name}: {width} x {height} pixels; at most {MAX_PIXELS // 10**6} million "
                           "can be opened. Scale it down first.")
    if max(size) > MAX_ASPECT * min(size):
        raise PictureError(f"{name}: {width} x {height} pixels; at most {MAX_ASPECT} times as long as wide "
                           "can be shown. Crop it first.")


def within(size: tuple[int, int], side: int) -> tuple[int, int]:
    """The size scaled down, in its shape, so that no side is longer than ``side`` pixels."""
    longest = max(size)
    return size if longest <= side else tuple(max(1, round(length * side / longest)) for length in size)
