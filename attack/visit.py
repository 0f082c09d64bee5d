"""A visitor who speaks to the page over HTTP and needs no browser."""

import json
import secrets
import time
from collections.abc import Iterator
from functools import lru_cache

import httpx

from attack.answers import Refused, followed, refusal, seen
from attack.judging import LIMIT, Answer, Wrong

NETWORK = "msrc_gc"  # quick, and enough to show a photo
FILE = {"meta": {"_type": "gradio.FileData"}}


@lru_cache(4)
def layout(url: str) -> dict:
    """What the page is made of."""
    return httpx.get(f"{url}/config", timeout=LIMIT).raise_for_status().json()


class Visit:
    """One visit, by its session."""

    def __init__(self, url: str):
        self.layout, self.session = layout(url), secrets.token_hex(8)
        self.http = httpx.Client(base_url=f"{url}/gradio_api", timeout=LIMIT)
        self.parts = {part["id"]: part for part in self.layout["components"]}

    def box(self, name: str) -> dict:
        return next(part for part in self.parts.values() if part["props"].get("elem_id") == name)

    def event(self, box: str, event: str) -> dict:
        target = [self.box(box)["id"], event]
        return next(found for found in self.layout["dependencies"] if target in found["targets"])

    def name_of(self, event: dict) -> str:
        """What sets it off."""
        number, kind = (event["targets"] or [[None, "load"]])[0]
        part = self.parts.get(number, {"type": "page", "props": {}})
        return f"{part['props'].get('elem_id') or part['type']} {kind}"

    def upload(self, name: str, content: bytes) -> dict:
        """A file as an event takes it.

        Raises:
            Refused: the server does not take it.
            Wrong: the server failed.
        """
        stored = self.http.post("/upload", files={"files": (name, content)})
        if stored.status_code != 200:
            raise Refused(refusal(stored).said)
        return {"path": stored.json()[0], "orig_name": name} | FILE

    def usual(self, event: dict, networks: list[str]) -> list:
        """What an event is given where nobody changed anything."""
        return [self._value(self.parts[number], networks) for number in event["inputs"]]

    def _value(self, part: dict, networks: list[str]):
        if part["props"].get("elem_id") == "networks":
            return networks
        if part["type"] == "state":
            return None
        return 224 if part["props"].get("elem_id") == "resolution" else part["props"].get("value")

    def join(self, event: dict, data: list) -> httpx.Response:
        """Ask for an event; what comes of it is told elsewhere."""
        return self._post("/queue/join", {"data": data, "fn_index": event["id"], "session_hash": self.session})

    def _post(self, path: str, asked: dict) -> httpx.Response:
        """With what JSON has no word for, such as NaN, as Python writes it."""
        return self.http.post(path, content=json.dumps(asked), headers={"content-type": "application/json"})

    def call(self, event: dict, first: list, networks: list[str] | None = None, whole: bool = False) -> tuple[object, str | None]:
        """What the event's first output shows in the end, and the error that it ended with; None for neither.

        Args:
            first: its first inputs; ``whole``: all of them.
        """
        data = first if whole else [*first, *self.usual(event, networks or [NETWORK])[len(first):]]
        joined = self.join(event, data)
        if joined.status_code != 200:
            return None, refusal(joined).said
        said = list(self._messages())  # to the end: whoever leaves before has gone for the server, which ends what comes next
        return followed(message for message in said if message.get("event_id") == joined.json()["event_id"])

    def _messages(self) -> Iterator[dict]:
        until = time.monotonic() + LIMIT
        with self.http.stream("GET", "/queue/data", params={"session_hash": self.session}) as stream:
            for line in stream.iter_lines():
                if time.monotonic() > until:
                    raise httpx.ReadTimeout("heartbeats only")
                if line.startswith("data:"):
                    yield json.loads(line.removeprefix("data:"))

    def arrive(self, fragment: str) -> Answer:
        return seen(*self.call(self.event("follow", "click"), [fragment]))

    def first_photo(self) -> dict:
        """The key of what a fresh visitor sees."""
        value, error = self.call(self.event("follow", "click"), [""])
        if not isinstance(value, dict) or "scene" not in value:
            raise Wrong(f"a fresh visitor sees no map: {error}")
        return value["scene"]["key"]

    def show(self, name: str, content: bytes) -> Answer:
        """A photo dropped into the box."""
        try:
            file = self.upload(name, content)
        except Refused as refused:
            return Answer(str(refused))
        return seen(*self.call(self.event("photo", "input"), [file]))

    def scene(self, name: str, content: bytes, networks: list[str] | None = None) -> dict:
        """The scene of a photo.

        Raises:
            Wrong: there is none.
        """
        value, error = self.call(self.event("photo", "input"), [self.upload(name, content)], networks)
        if error is not None or not isinstance(value, dict) or "scene" not in value:
            raise Wrong(f"no scene of a good photo: {error or (value or {}).get('message')}")
        return value["scene"]

    def ask(self, function: str, request: object) -> Answer:
        """What a function of the viewer answers."""
        asked = {"data": request, "component_id": self.box("viewer")["id"], "fn_name": function, "session_hash": self.session}
        found = self._post("/component_server", asked)
        if found.status_code != 200:
            return refusal(found)
        answer = found.json()
        return Answer(str(answer["error"])) if isinstance(answer, dict) and "error" in answer else Answer(shown=True)
