"""Calling the page's events over HTTP, as somebody would who does not use the page."""

import json
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
import httpx

from attack.answers import changed

WAIT = 60  # seconds; a slow machine is no failure


class Caller:
    """One visit, by its session.

    Args:
        page: the Blocks that are served.
        url: where.
    """

    def __init__(self, page: gr.Blocks, url: str):
        self.page = page
        self.http = httpx.Client(base_url=f"{url}gradio_api", timeout=WAIT, verify=False)  # certificates take long to load
        self.session = secrets.token_hex()

    def box(self, name: str) -> gr.blocks.Block:
        """A part of the page by its elem_id."""
        return next(block for block in self.page.blocks.values() if getattr(block, "elem_id", None) == name)

    def event(self, box: str, event: str) -> gr.blocks.BlockFunction:
        wanted = self.box(box)._id, event
        return next(fn for fn in self.page.fns.values() if wanted in fn.targets)

    def upload(self, path: Path) -> dict:
        """A file as the page uploads it, as an event takes it."""
        with path.open("rb") as file:
            stored, = self.http.post("/upload", files={"files": (path.name, file)}).raise_for_status().json()
        return {"path": stored, "orig_name": path.name, "meta": {"_type": "gradio.FileData"}}

    def usual(self, fn: gr.blocks.BlockFunction) -> list:
        """What an event is given where nobody changed anything."""
        return [None if block.stateful else block.value for block in fn.inputs]

    def join(self, box: str, event: str, *first, **changes) -> str:
        """Ask for an event with ``first`` in place of its first inputs, ``changes`` of inputs by elem_id; its number."""
        fn = self.event(box, event)
        data = [*first, *self.usual(fn)[len(first):]]
        for at, block in enumerate(fn.inputs):
            data[at] = changes.get(getattr(block, "elem_id", None), data[at])
        asked = {"data": data, "fn_index": fn._id, "session_hash": self.session}
        return self.http.post("/queue/join", json=asked).raise_for_status().json()["event_id"]

    def messages(self) -> Iterator[dict]:
        """What the server says to this visit, until all that was asked for is answered.

        Whoever leaves before has gone for the server: it ends what this visit asks for next.

        Raises:
            TimeoutError: it does not answer any more; its heartbeats go on, so that no read would time out.
        """
        heard = time.monotonic()
        with self.http.stream("GET", "/queue/data", params={"session_hash": self.session}) as stream:
            for line in stream.iter_lines():
                if line.startswith("data:"):
                    message = json.loads(line.removeprefix("data:"))
                    if message["msg"] == "close_stream":
                        return
                    if message["msg"] != "heartbeat":
                        heard = time.monotonic()
                        yield message
                    elif time.monotonic() - heard > 3 * WAIT:
                        raise TimeoutError(f"The server has answered nothing for {3 * WAIT} seconds.")

    def call(self, box: str, event: str, *first, **changes) -> dict:
        """The end of an event: ``{"data", ...}``, or ``{"error"}``."""
        number = self.join(box, event, *first, **changes)
        found, = [message["output"] for message in self.messages()
                  if message.get("event_id") == number and message["msg"] == "process_completed"]
        return found

    def value(self, box: str, event: str, *first, **changes) -> dict:
        """What an event gives the viewer in the end, without the answer's name: what stood before, with what changed."""
        number, value = self.join(box, event, *first, **changes), None
        for message in self.messages():
            if message.get("event_id") != number or "data" not in (message.get("output") or {}):
                continue
            data = message["output"]["data"]
            value = changed(value, data[0]) if message["msg"] == "process_generating" and value is not None else value or data[0]
        return {name: part for name, part in value.items() if name != "answer"} if isinstance(value, dict) else value

    def ask(self, function: str, request: object) -> dict:
        """What a function of the viewer answers."""
        asked = {"data": request, "component_id": self.box("viewer")._id, "fn_name": function, "session_hash": self.session}
        return self.http.post("/component_server", json=asked).raise_for_status().json()
