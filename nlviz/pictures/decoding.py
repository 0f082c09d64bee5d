"""A picture's file -> its pixels. Runs in a process of its own: see workers.py."""

import io

import pillow_heif
from PIL import Image, UnidentifiedImageError

from .limits import MAX_PIXELS, PictureError
from .sniffing import HEAD, STILLS, container_of
from .upright import upright
from .wholeness import is_whole

FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "HEIF", "AVIF")
OTHERS = {b"\xff\x0a": "JPEG XL", b"\0\0\0\x0cJXL ": "JPEG XL", b"\xff\x4f\xff\x51": "JPEG 2000", b"\0\0\0\x0cjP  ": "JPEG 2000",
          b"%PDF": "PDF"}
READ = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"II*\0", b"MM\0*")  # how files begin that should have been understood


def decode(source: bytes | Image.Image, name: str) -> tuple[Image.Image, list[str]]:
    """A file's bytes or a PIL image as upright 8-bit sRGB, and notes for the user.

    Raises:
        PictureError: it cannot be shown; the message says why and what to do.
        MemoryError: there is not enough of it.
    """
    try:
        opened = source if isinstance(source, Image.Image) else _opened(source)
        image, notes = upright(opened, name)
        if opened is not source and not is_whole(source, opened.format):
            notes.append("Its file is damaged or cut short: part of the picture may be missing.")
        image = image.copy() if image is source else image
        image.load()
        image.info = {}  # a profile that was applied must not travel on with the pixels
        return image, notes
    except UnidentifiedImageError:
        raise PictureError(f"{name}: {_refused(source)}") from None
    except Image.DecompressionBombError:
        raise PictureError(f"{name}: more than {MAX_PIXELS // 10**6} million pixels. Scale it down first.") from None
    except (PictureError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise many kinds on broken files
        raise PictureError(f"{name}: the file is broken or cut short ({error}). Save or download it again.") from None


def _opened(content: bytes) -> Image.Image:
    pillow_heif.register_heif_opener(decode_threads=2)
    return Image.open(io.BytesIO(content), formats=FORMATS)


def _refused(content: bytes) -> str:
    other = next((other for start, other in OTHERS.items() if content.startswith(start)), None)
    if other:
        return f"{other} cannot be read. Save it as JPEG or PNG first."
    if container_of(content[:HEAD]):
        return "this is a video: open it as a clip, or save one of its frames as JPEG or PNG."
    if content.startswith(READ) or (content[4:8] == b"ftyp" and content[8:11] in STILLS):
        return "the file is broken or cut short. Save or download it again."
    if b"<svg" in content[:2048].lower():
        return "SVG is a drawing, not pixels. Export it as PNG first."
    return "not a picture that can be read. Use JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF."
