"""What the viewer asks of the server, crippled or by somebody else; and addresses that lead to files."""

from collections.abc import Iterator

from attack.answers import refusal
from attack.field import Field
from attack.judging import Answer, Outcome, Wrong, attempt
from attack.odd import crippled
from attack.pictures import encoded, photo
from attack.visit import NETWORK, Visit

ASKED, ADDRESSES = 60, 15
SETTINGS = {"colours": "viridis", "scale": "shared", "view": "cells", "opacity": 0.6, "veil": "even",
            "backdrop": "grey", "direction": "attends to", "term": "full"}
FUNCTIONS = {  # with the key, what the viewer would ask
    "export_figure": {"what": "figure", "format": "png", "layout": "one query", "width": "one column", "dpi": 50,
                      "queries": [[0.2, 0.3]], "settings": SETTINGS, "parts": {}, "snapshots": {}},
    "depends_on_query": {"panel": f"{NETWORK}/0", "map": "attention", "step": "attention", "snapshots": {}},
    "show_snapshot": {"panel": f"{NETWORK}/0", "epoch": 30},
    "show_similarity": {"panel": f"{NETWORK}/0", "term": "output similarity"}}
KNOWN = ("picture", "name", "networks", "resolution")  # what links and recipes tell of a scene
PATHS = ["file=/etc/passwd", "file=/dev/zero", "file=../../etc/passwd", "file=%2e%2e/%2e%2e/etc/passwd", "file=/proc/self/environ",
         "file=http://127.0.0.1:9/", "file=file:///etc/passwd", "file//etc/passwd", "proxy=http://127.0.0.1:9/x",
         "custom_component/a/b/c/d", "stream/a/b/c/playlist.m3u8"]
LARGE = {"layout": "queries by networks", "width": "slide", "dpi": 1200, "queries": [[0.1 * n, 0.5] for n in range(8)]}


def run(field: Field) -> Iterator[Outcome]:
    yield from asked(field)
    yield from others(field)
    yield from addresses(field)


def asked(field: Field) -> Iterator[Outcome]:
    owner = field.server.visit()
    key = owner.scene("own.png", encoded(photo(field.random), "PNG"))["key"]
    for function, request in FUNCTIONS.items():  # else it would not count that others are refused
        yield attempt(f"as it should be: {function}", lambda f=function, r={"key": key} | request: right(owner.ask(f, r)))
    large = {"key": key} | FUNCTIONS["export_figure"] | LARGE
    yield attempt("large: 8 queries at 1200 dpi", lambda: owner.ask("export_figure", large))
    for function in field.chosen(list(FUNCTIONS), ASKED):
        request = crippled(field.random, {"key": key} | FUNCTIONS[function])
        yield attempt(f"{function}: {str(request)[:60]}", lambda f=function, r=request: owner.ask(f, r))


def right(answer: Answer) -> Answer:
    if not answer.shown:
        raise Wrong(f"refused, though it is the visitor's own: {answer.said}")
    return answer


def others(field: Field) -> Iterator[Outcome]:
    """What is known of another visitor's photo, used as if it were the key to it."""
    owner, stranger = field.server.visit(), field.server.visit()
    key = owner.scene("private.png", encoded(photo(field.random), "PNG"))["key"]
    own = stranger.scene("other.png", encoded(photo(field.random), "PNG"))["key"]
    secret = [name for name in key if name not in KNOWN]
    for guess in ({}, dict.fromkeys(secret, ""), dict.fromkeys(secret), {name: own[name] for name in secret}):
        told = {name: key[name] for name in KNOWN} | guess
        for function, request in FUNCTIONS.items():
            yield attempt(f"somebody else's photo: {function}", lambda f=function, r={"key": told} | request: stranger.ask(f, r),
                          refused=True)


def addresses(field: Field) -> Iterator[Outcome]:
    visit = field.server.visit()
    mine = visit.upload("mine.png", encoded(photo(field.random), "PNG"))["path"]
    for path in field.chosen([*PATHS, f"file={mine}/../../../server.log", f"file={field.server.log}"], ADDRESSES):
        yield attempt(f"address: {path[:40]}", lambda p=path: fetched(visit, p), refused=True)


def fetched(visit: Visit, path: str) -> Answer:
    with visit.http.stream("GET", f"/{path}") as answer:
        if answer.status_code < 400:
            raise Wrong(f"somebody else's data came: {next(answer.iter_bytes(40), b'')!r}")
        return refusal(answer)
