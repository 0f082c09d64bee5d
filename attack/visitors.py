"""Twenty visitors at once, each with their own photo; and one with small wishes beside one who asks for all that there is."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from statistics import median

from attack.field import Field
from attack.judging import PATIENCE, Answer, Outcome, Wrong, attempt
from attack.pictures import encoded, photo
from attack.requests import FUNCTIONS
from attack.visit import NETWORK, Visit

NUMBER = 20
FAIR = 20 * PATIENCE  # seconds that a small wish may take beside a greedy visitor
NETWORKS = [NETWORK, "msrc_embedded_gaussian", "caltech101_gc"]


def run(field: Field) -> Iterator[Outcome]:
    field.server.welcome()
    photos = [(f"photo{number}.png", encoded(photo(field.random), "PNG")) for number in range(field.usual(NUMBER))]
    together = threading.Barrier(len(photos))

    def visit(given: tuple[str, bytes]) -> Outcome:
        return attempt(f"at once: {given[0]}", lambda: visited(field.server.visit(), given, together))

    with ThreadPoolExecutor(len(photos)) as pool:
        found = list(pool.map(visit, photos))
    times = sorted(outcome.seconds for outcome in found)
    field.notes.append(f"{len(found)} at once, three networks each and an export: half of them had all in {median(times):.1f} s, "
                       f"the slowest in {times[-1]:.1f} s")
    yield from found
    yield from beside_a_greedy_one(field)


def visited(visit: Visit, given: tuple[str, bytes], together: threading.Barrier) -> Answer:
    together.wait()
    scene = visit.scene(*given, networks=NETWORKS)
    if scene["key"]["name"] != given[0] or set(scene["key"]["networks"]) != set(NETWORKS):
        raise Wrong(f"somebody else's data came: {scene['key']['name']} for {given[0]}")
    return visit.ask("export_figure", {"key": scene["key"]} | FUNCTIONS["export_figure"])


def beside_a_greedy_one(field: Field) -> Iterator[Outcome]:
    """Eight networks in the largest resolution that the page has, ten times over, as one visitor."""
    greedy = field.server.visit()
    listed = [network["name"] for group in greedy.box("networks")["props"]["props"]["listed"].values() for network in group]
    most = max(int(value) for _, value in greedy.box("resolution")["props"]["choices"])
    event = greedy.event("photo", "input")
    file = greedy.upload("greedy.png", encoded(photo(field.random, 200, 150), "PNG"))
    data = [file, *(most if value == 224 else value for value in greedy.usual(event, listed[:8])[1:])]
    for _ in range(10):  # what comes of them is not judged: they may end one another
        greedy.join(event, data)
    for number in range(field.usual(5)):
        content = encoded(photo(field.random), "PNG")
        yield fair(attempt("small: one network beside a greedy visitor",
                           lambda c=content, n=number: field.server.visit().show(f"small{n}.png", c)))


def fair(small: Outcome) -> Outcome:
    slow = small.verdict != "wrong" and small.seconds > FAIR
    return Outcome(small.attack, "wrong", f"waited {small.seconds:.0f} s", small.seconds) if slow else small
