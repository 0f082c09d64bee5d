"""The recipe in an exported figure: under which keys figures write it, and how it is read back; of GIF and MP4 their comment.

Only what is looked for is read, with a bound, and nothing is unpacked or parsed: a file from anywhere may be given.
"""

import re
from xml.sax.saxutils import unescape

KEYS = {"png": "nlviz_recipe", "svg": "Description", "pdf": "Keywords"}  # PNG text chunk, Dublin Core, PDF document info
LONGEST = 2**20  # bytes of a recipe, and of an SVG's head
CHUNKS = 64  # before a PNG's pixels


def recipe_in(content: bytes) -> str | None:
    """The recipe's JSON that a PNG, SVG or PDF of ``nlviz.figures.figure_bytes`` carries, or a GIF or MP4 of ``animation_bytes``;
    None where there is none."""
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        found = _in_png(content)
    elif content.startswith(b"%PDF"):
        found = _in_pdf(content)
    elif content.startswith(b"GIF8"):
        found = _in_gif(content)
    elif content[4:8] == b"ftyp":
        found = _in_mp4(content)
    else:
        found = _in_svg(content[:LONGEST])
    return found if found is not None and found.startswith('{"nlviz_recipe"') else None


def _in_png(content: bytes) -> str | None:
    """Chunks of length (4 bytes), kind (4), data and checksum (4); a tEXt chunk is key, zero, text."""
    start = 8
    for _ in range(CHUNKS):
        size, kind = int.from_bytes(content[start:start + 4], "big"), content[start + 4:start + 8]
        if kind == b"tEXt" and size <= LONGEST:
            key, _, text = content[start + 8:start + 8 + size].partition(b"\0")
            if key == KEYS["png"].encode():
                return text.decode("latin-1")
        elif kind in (b"IDAT", b"IEND", b""):
            return None
        start += 12 + size
    return None


def _in_pdf(content: bytes) -> str | None:
    """The last entry of the name: document info stands behind the pages."""
    opening = f"/{KEYS['pdf']} (".encode()
    start = content.rfind(opening)
    if start < 0:
        return None
    found = re.match(rb"(?:[^\\()]|\\.)*(?=\))", content[start + len(opening):][:LONGEST], re.DOTALL)
    return found and re.sub(rb"\\(.)", _escaped, found[0], flags=re.DOTALL).decode("latin-1")


def _escaped(found: re.Match) -> bytes:
    return {b"n": b"\n", b"r": b"\r"}.get(found[1], found[1])


def _in_gif(content: bytes) -> str | None:
    """Before the first image stand extensions: 0x21 and their kind, then blocks of a length (1 byte) and so many bytes."""
    at = 13 + (3 << (content[10] & 7) + 1 if len(content) > 10 and content[10] & 0x80 else 0)  # behind the palette
    for _ in range(CHUNKS):
        kind, at, text = content[at:at + 2], at + 2, bytearray()
        if kind[:1] != b"!":
            return None
        while (size := content[at:at + 1]) not in (b"", b"\0") and len(text) <= LONGEST:
            text += content[at + 1:at + 1 + size[0]]
            at += 1 + size[0]
        at += 1
        if kind == b"!\xfe":
            return text.decode("utf-8", "replace")
    return None


def _in_mp4(content: bytes) -> str | None:
    """The box of comments holds one of data: length (4 bytes), ``data``, kind (4), language (4), text."""
    start = content.rfind(b"\xa9cmt")
    box = content[start + 4:start + 20]
    size = int.from_bytes(box[:4], "big")
    if start < 0 or box[4:8] != b"data" or not 16 <= size <= LONGEST:
        return None
    return content[start + 20:start + 4 + size].decode("utf-8", "replace")


def _in_svg(head: bytes) -> str | None:
    name = f"dc:{KEYS['svg'].lower()}".encode()
    _, _, rest = head.partition(b"<" + name + b">")
    text, closed, _ = rest.partition(b"</" + name + b">")
    return unescape(text.decode("utf-8", "replace")) if closed else None
