"""What the page takes from outside: events of a visit that name no file but uploads, and not too many of them at a time."""

import logging
from collections.abc import Iterator
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

FAILED = "The page sent something that this server does not take, or it failed. Reload the page and try again."
NO_VISIT = "This page answers visits of its own page alone. Open it in a browser."
LONGEST = 300  # characters of an error
TOO_MANY = "Many of your requests are waiting already. Wait a moment, then try again."
NOT_UPLOADED = "Expected a file that was uploaded to this page, got another path. Drop the photo or the figure again."


class Page(gr.Blocks):
    """gradio's Blocks whose every event is looked through for files before gradio touches them.

    gradio checks only what says of itself that it is a file (``meta``), which a box for images does not ask for; and what
    begins with http it fetches, whatever the box.
    """

    def take_turns(self, visits: int, waiting: int) -> "Page":
        """A queue as the only way in, with at most so many waiting events of one visit."""
        self.queue(default_concurrency_limit=2, max_size=20 * visits, api_open=False)
        queue, push = self._queue, self._queue.push

        async def push_few(body, **more):
            lines = queue.event_queue_per_concurrency_id.values()
            own = sum(event.session_hash == body.session_hash for line in lines for event in line.queue)
            return (False, TOO_MANY, "queue_full") if own >= waiting else await push(body=body, **more)

        queue.push = push_few
        return self

    async def process_api(self, *inputs, **options):
        """Whatever is sent is answered in words: gradio says nothing of what fails outside a function."""
        if options.get("session_hash") is None:  # no visit, so no turn: the page never asks like that
            raise gr.Error(NO_VISIT, print_exception=False)
        try:
            return await super().process_api(*inputs, **options)
        except gr.Error as error:
            if len(str(error.message)) > LONGEST:  # gradio hands back what was sent, however long
                raise gr.Error(f"{str(error.message)[:LONGEST]} …", print_exception=False) from None
            raise
        except Exception:
            logging.getLogger(__name__).exception("an event of the page failed")
            raise gr.Error(FAILED, print_exception=False) from None

    async def preprocess_data(self, block_fn, inputs, *more, **options):
        for path in _paths_in(inputs):
            if path is not None and not is_uploaded(path):
                raise gr.Error(NOT_UPLOADED, print_exception=False)
        return await super().preprocess_data(block_fn, inputs, *more, **options)


def is_uploaded(path: object) -> bool:
    """Whether it is the path of a regular file in the folder for uploads; links are followed first."""
    try:
        found = Path(path).resolve()
        return found.is_relative_to(Path(get_upload_folder()).resolve()) and found.is_file()
    except (OSError, TypeError, ValueError, RuntimeError):  # no text, a zero in it, too long, a link to itself
        return False


def _paths_in(value: object) -> Iterator[object]:
    """Whatever stands under ``path`` anywhere in what came."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            if "path" in one:
                yield one["path"]
            waiting += one.values()
        elif isinstance(one, (list, tuple)):
            waiting += one
