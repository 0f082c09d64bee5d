"""The tab Your network: a checkpoint that a visitor brings is read, described, asked about, and joins their comparison."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Literal

import gradio as gr
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..guarded import ReadingError, Stopped, kinds
from ..models import CHECKPOINT_SUFFIXES
from .brought import File
from .ending import to_the_end
from .presets import OWN, Groups
from .receiving import ADDRESS
from .store import Store
from .study_tab import choices_of
from .turns import Overtaken

HERE = Path(__file__).parent
SCRIPT = "".join((HERE / name).read_text() for name in ("make.js", "own_form.js", "own_tab.js"))
Word = Annotated[str, Field(max_length=300)]
GONE = "The server no longer keeps this file. Drop it again."


class Asked(BaseModel):
    """What the tab asks: to read a file that came, to compare it with these answers, to remove a network, or to stop reading."""

    model_config = ConfigDict(strict=True, extra="forbid")

    step: Literal["read", "compare", "remove", "stop"]
    number: Word = ""
    name: Word = ""
    answers: Annotated[dict[Word, Word], Field(max_length=12)] = {}


def make_own(store: Store) -> gr.HTML:
    """Its value says what there is: ``ticket`` to send files with, ``networks`` of this visit, ``told`` of a file that was read,
    ``step`` and ``share`` while one is read, ``compare`` the network to be compared now, ``message`` and ``error``; what is absent
    stays as it is. The event ``input`` comes with an :class:`Asked`."""
    return gr.HTML(value=None, html_template='<div class="nlviz nlviz-yours"></div>', js_on_load=SCRIPT, apply_default_css=False,
                   padding=False, elem_id="own", address=ADDRESS, most=store.limits.checkpoint_mb, kinds=kinds(),
                   endings=list(CHECKPOINT_SUFFIXES))


class OwnTab:
    """Answers of the tab: (its value, the list of networks in the tab Study)."""

    def __init__(self, store: Store, measurable: Groups):
        self.store, self.measurable = store, measurable

    def parts_of(self, view: Callable) -> int:
        return 2

    @to_the_end
    def arrive(self, who: gr.Request) -> Iterator[tuple]:
        """Somebody has come."""
        visit = self.store.seals.visit(who.session_hash)
        yield {"ticket": self.store.seals.ticket(visit)}, gr.skip()

    @to_the_end
    def answer(self, who: gr.Request, value: object) -> Iterator[tuple]:
        """See :class:`Asked`."""
        visit = self.store.seals.visit(who.session_hash)
        self.store.visiting.touch(visit)
        try:
            asked = Asked.model_validate(value)
            if asked.step in ("read", "stop"):
                request = self.store.turns.begin(f"{visit} network")  # which ends the reading of another file
            if asked.step == "read":
                yield from self._read(visit, request, self._file(visit, asked))
            elif asked.step == "compare":
                own = self.store.visiting.add(visit, self._file(visit, asked), asked.answers, self.store.names)
                yield self._all(visit) | {"compare": own.name}, self._measurable(visit)
            elif asked.step == "remove":
                self.store.visiting.remove(visit, asked.name)
                yield self._all(visit), self._measurable(visit)
            else:
                yield {"step": None, "message": "Reading was stopped."}, gr.skip()
        except ValidationError:
            yield self._wrong("The page asked for something that it does not have. Reload it and try again."), gr.skip()
        except ValueError as error:  # also a ReadingError
            yield self._wrong(str(error)), gr.skip()
        except Stopped:
            raise Overtaken from None

    def _file(self, visit: str, asked: Asked) -> File:
        file = self.store.visiting.file(visit, asked.number)
        if file is None or (asked.step == "compare" and file.told is None):
            raise ReadingError(GONE)
        return file

    def _read(self, visit: str, request: object, file: File) -> Iterator[tuple]:
        def wanted() -> bool:
            return self.store.turns.is_newest(f"{visit} network", request)

        if file.told is None:
            for step, share in self.store.visiting.read(visit, file, wanted):
                yield {"step": step, "share": share}, gr.skip()
        told = file.told.model_dump(exclude={"operations", "classes"}) | {"number": file.number}
        yield {"step": None, "told": told}, gr.skip()

    def _all(self, visit: str) -> dict:
        networks = [own.listed._asdict() | {"kind": own.file.told.title} for own in self.store.visiting.of(visit)]
        return {"step": None, "networks": networks}

    def _wrong(self, words: str) -> dict:
        return {"step": None, "message": words, "error": True}

    def _measurable(self, visit: str) -> gr.Dropdown:
        own = [own.listed for own in self.store.visiting.of(visit)]
        return gr.Dropdown(choices=choices_of(self.measurable | ({OWN: own} if own else {})))


def connect_own(page: gr.Blocks, store: Store, tab: gr.Tab, own: gr.HTML, study: gr.Dropdown, measurable: Groups) -> None:
    """Join the tab's events to its answers, and the end of a visit to the end of what it brought along."""
    views, quiet = OwnTab(store, measurable), {"show_progress": "hidden", "trigger_mode": "multiple"}
    tab.select(store.visiting.reader.warm, None, None, show_progress="hidden")  # its libraries take seconds to load
    page.load(views.arrive, None, [own, study], **quiet)
    own.input(views.answer, own, [own, study], concurrency_limit=store.limits.visits, **quiet)

    def left(who: gr.Request) -> None:
        store.visiting.leave(store.seals.visit(who.session_hash))
    page.unload(left)
