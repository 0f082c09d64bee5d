"""A disk that is full: no file may grow beyond so many bytes. Commands first, then the page.

A small file system would need root; the limit of a process (RLIMIT_FSIZE) fails the same calls, with another number.
"""

import resource
from collections.abc import Iterator

import psutil

from attack.field import Field
from attack.judging import Answer, Outcome, attempt
from attack.kills import COMMANDS, Undisturbed, disturbed
from attack.pictures import encoded, photo
from attack.running import command

NUMBER, UPLOADS = 20, 5


def run(field: Field) -> Iterator[Outcome]:
    undisturbed = Undisturbed(field)
    for title in field.chosen(list(COMMANDS), NUMBER):
        most = int(10 ** field.random.uniform(1, 5))
        yield attempt(f"{title}: full after {most} bytes", lambda t=title, m=most: disturbed(
            field, t, undisturbed, lambda folder, seconds: command(COMMANDS[t], folder, most_bytes=m)))
    for number in range(field.usual(UPLOADS)):
        content = encoded(photo(field.random), "PNG")
        yield attempt(f"page: upload {number} to a full disk", lambda c=content: full(field, c))


def full(field: Field, content: bytes) -> Answer:
    """Upload while the page can write 1000 bytes a file."""
    process = psutil.Process(field.server.process.pid)
    before = process.rlimit(resource.RLIMIT_FSIZE)
    process.rlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        return field.server.visit().show("photo.png", content)
    finally:
        process.rlimit(resource.RLIMIT_FSIZE, before)
