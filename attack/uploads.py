"""Photo after photo: what the server holds in memory must stop growing, and what it keeps on disk must go."""

from collections.abc import Iterator

from attack.field import Field
from attack.judging import Answer, Outcome, Wrong, attempt
from attack.pictures import encoded, photo
from attack.server import family, megabytes

NUMBER, FIRST = 300, 50
GROWS = 1.0  # MB for each upload after the first fifty: a leak


def run(field: Field) -> Iterator[Outcome]:
    server, total = field.server, field.usual(NUMBER)
    first = min(FIRST, max(1, total // 2))
    server.welcome()
    held = {0: megabytes(family(server.process.pid))}
    for number in range(1, total + 1):
        content = encoded(photo(field.random, 160, 120), "PNG")
        yield attempt(f"upload: {number}", lambda c=content, n=number: server.visit().show(f"photo{n}.png", c))
        if number in (first, total):
            held[number] = megabytes(family(server.process.pid))
    if total not in held or first not in held:
        return
    told = ", ".join(f"{held[number]:.0f} MB after {number}" for number in held)
    field.notes.append(f"memory of the page by uploads: {told}")
    growth = (held[total] - held[first]) / max(1, total - first)
    yield attempt(f"memory: from {first} to {total} uploads", lambda: steady(growth))


def steady(growth: float) -> Answer:
    if growth > GROWS:
        raise Wrong(f"leak: {growth:.2f} MB for each upload")
    return Answer(shown=True)
