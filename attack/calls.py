"""Every event of the page called with what no page would send: files of the server, wrong types, inputs too few or too many."""

from collections.abc import Iterator

from attack.answers import seen
from attack.field import Field
from attack.judging import Answer, Outcome, attempt
from attack.odd import odd_value
from attack.pictures import encoded, photo
from attack.visit import FILE, NETWORK, Visit, layout

FILES, TYPES = 50, 40
BOXES = [("photo", "input"), ("figure", "upload"), ("study-folder", "upload"), ("study-measure", "click"), ("follow", "click"),
         ("examples", "click")]


def run(field: Field) -> Iterator[Outcome]:
    yield from files(field)
    yield from wrong_types(field)


def files(field: Field) -> Iterator[Outcome]:
    """Files that nobody uploaded, given to the events that take one and to others; a picture of the server is among them."""
    paths = paths_of(field)
    crafted = [(box, title, meta, listed) for box in BOXES for title in paths for meta in ({}, FILE) for listed in (False, True)]
    for box, title, meta, listed in field.chosen(crafted, FILES):
        one = {"path": paths[title]} | meta
        yield attempt(f"file: {title} for {' '.join(box)}, {'with' if meta else 'no'} meta",
                      lambda b=box, given=[one] if listed else one: called(field.server.visit(), b, given),
                      refused=box == ("photo", "input"))


def paths_of(field: Field) -> dict[str, str]:
    folder = field.place("private")
    private, link = folder / "private.png", folder / "link.png"
    private.write_bytes(encoded(photo(field.random), "PNG"))
    link.symlink_to("/dev/zero")
    around = field.folder / "uploads/.." / folder.name / private.name
    return {"a picture": str(private), "by way of the uploads": str(around), "/dev/zero": "/dev/zero", "a link to it": str(link),
            "a folder": str(folder), "an address": "http://127.0.0.1:9/a.png", "nothing": str(folder / "none.png")}


def called(visit: Visit, box: tuple[str, str], given) -> Answer:
    return seen(*visit.call(visit.event(*box), [given]))


def wrong_types(field: Field) -> Iterator[Outcome]:
    """Any event, one of its inputs wrong or missing, or one too many."""
    for event in field.chosen(layout(field.server.url)["dependencies"], TYPES):
        visit = field.server.visit()
        data = visit.usual(event, [NETWORK])
        at, value = field.random.randrange(len(data) + 1), odd_value(field.random)
        data[at:at + 1] = [value] if field.random.random() < 0.9 else []
        yield attempt(f"wrong type: event {event['id']} of {visit.name_of(event)}, input {at}: {str(value)[:30]!r}",
                      lambda v=visit, e=event, d=data: answered(v, e, d))


def answered(visit: Visit, event: dict, data: list) -> Answer:
    value, error = visit.call(event, data, whole=True)
    if error is not None or isinstance(value, dict):
        return seen(value, error)
    return Answer(value if isinstance(value, str) else "", shown=True)
