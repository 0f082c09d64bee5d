"""Is a picture's file whole? Some decoders fill in what is missing without a word."""

import re
import zlib

JPEG_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)  # not a stuffed FF, a restart or a fill byte
END, WITHOUT_LENGTH = 0xD9, (0x01, 0xD8)


def is_whole(content: bytes, kind: str) -> bool:
    """False where a file that could be decoded is known to be damaged or cut short.

    Args:
        kind: Pillow's name of the format.
    """
    if kind in ("JPEG", "MPO"):
        return _jpeg_has_its_end(content)
    if kind == "PNG":
        return _png_sums_are_right(memoryview(content))
    return kind not in ("WEBP", "HEIF", "AVIF") or _ends_in_data(content)


def _jpeg_has_its_end(content: bytes) -> bool:
    position = 2
    while found := JPEG_MARKER.search(content, position):
        code, position = content[found.end() - 1], found.end()
        if code == END:
            return True
        if code not in WITHOUT_LENGTH:
            position += int.from_bytes(content[position:position + 2], "big")
    return False


def _png_sums_are_right(content: memoryview) -> bool:
    position = 8
    while position + 12 <= len(content):
        end = position + 8 + int.from_bytes(content[position:position + 4], "big")
        if zlib.crc32(content[position + 4:end]) != int.from_bytes(content[end:end + 4], "big"):
            return False
        if content[position + 4:position + 8] == b"IEND":
            return True
        position = end + 4
    return False


def _ends_in_data(content: bytes) -> bool:
    """Arithmetic codes of a picture never end in a long run of zeros, which decoders take for more of it."""
    return content[-max(64, len(content) // 16):].strip(b"\0") != b""
