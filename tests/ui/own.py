"""A page of two small networks to which visitors bring checkpoints of the small kinds of tests.guarded.tiny."""

from pathlib import Path

import pytest

from nlviz.guarded import Reader
from nlviz.ui import Limits, launch, visiting
from tests.guarded.here import HereReader
from tests.guarded.tiny import known
from tests.networks import network
from tests.ui.calls import Caller

LIMITS = Limits(networks=4, upload_mb=2, checkpoint_mb=3, visits=50)  # visits that many tests leave behind
TINY = "file:net.pth?mode=embedded_gaussian&use_scale=yes"
ANSWERS = {"mode": "embedded_gaussian", "use_scale": "yes"}


class SomeReader(HereReader):
    """Reads in this process, and in one of its own what is called real."""

    def read(self, path, file, folder, wanted=lambda: True):
        return (Reader if file.startswith("real") else HereReader).read(self, path, file, folder, wanted)


def served_page(patch: pytest.MonkeyPatch, limits: Limits = LIMITS):
    """(the page, its address); what a visitor brought is gone half a second after they left."""
    known(patch)
    patch.setattr(visiting, "Reader", SomeReader)
    patch.setattr(visiting, "GRACE", 0.3)
    patch.setattr(visiting, "SWEEP", 0.1)
    app, url, _ = launch({"gc": network("gc"), "dot_product": network("dot_product")}, chosen=["gc"], resolution=192, limits=limits,
                         prevent_thread_lock=True, quiet=True)
    return app.get_blocks(), url


class Bringing(Caller):
    """A visit that brings checkpoints over HTTP."""

    def ticket(self) -> str:
        fn = next(fn for fn in self.page.fns.values()
                  if any(event == "load" for _, event in fn.targets) and self.box("own") in fn.outputs)
        asked = {"data": [], "fn_index": fn._id, "session_hash": self.session}
        number = self.http.post("/queue/join", json=asked).raise_for_status().json()["event_id"]
        ticket, *_ = [message["output"]["data"][0]["ticket"] for message in self.messages()
                      if message.get("event_id") == number and "data" in (message.get("output") or {})]
        return ticket

    def send(self, content: object, name: str = "net.pth", ticket: str | None = None):
        """The server's answer to a file's content."""
        content = content.read_bytes() if isinstance(content, Path) else content
        return self.http.post("/own_network", params={"ticket": self.ticket() if ticket is None else ticket, "name": name},
                              content=content)

    def own(self, step: str, **more) -> dict:
        """The tab's value in the end."""
        return self.value("own", "input", {"step": step} | more)

    def read(self, content: object, name: str = "net.pth") -> dict:
        """A file that is sent and read."""
        return self.own("read", number=self.send(content, name).raise_for_status().json()["number"])

    def bring(self, content: object, name: str = "net.pth", answers: dict | None = None) -> str:
        """The name of a network that was sent, read, answered for and compared."""
        told = self.read(content, name)["told"]
        return self.own("compare", number=told["number"], answers=ANSWERS if answers is None else answers)["compare"]

    def show(self, photo: Path, *names: str, resolution: int = 192) -> dict:
        return self.value("photo", "input", self.upload(photo), resolution, *[None] * 2, list(names))
