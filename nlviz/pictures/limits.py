"""What can be opened, and the error about what cannot."""

MIN_SIDE = 16
MAX_PIXELS = 50_000_000
MAX_ASPECT = 8
MAX_BYTES = 512 * 2**20
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".heic", ".heif", ".avif")


class PictureError(ValueError):
    """A picture that cannot be used; the message says what came and what to do."""


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
