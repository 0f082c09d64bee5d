"""A view of the page comes to an end, whatever happens in it."""

import logging
from collections.abc import Callable, Iterator
from functools import wraps
from secrets import token_hex

import gradio as gr

from .turns import Overtaken


def to_the_end(view: Callable) -> Callable:
    """A view that never leaves the page waiting: overtaken, it changes nothing; broken, it says so.

    Each of its values has an ``answer``, by which the page knows it again: gradio brings the last of a request twice.
    """
    @wraps(view)
    def answer(self, who: gr.Request, *inputs) -> Iterator:
        unchanged = [gr.skip()] * self.parts_of(view)
        try:
            for value, *others in view(self, who, *inputs):
                value["message"] = str(value.get("message") or "").encode(errors="replace").decode()  # names may be no Unicode
                value["answer"] = token_hex(8)
                yield _as_gradio_takes([value, *others])
        except Overtaken:
            yield _as_gradio_takes(unchanged)
        except Exception as error:
            logging.getLogger(__name__).exception("an event of the page failed")
            message = f"Something went wrong on the server ({type(error).__name__}). Reload the page and try again."
            yield _as_gradio_takes([{"message": message, "error": True}, *unchanged[1:]])
    return answer


def _as_gradio_takes(parts: list):
    return parts[0] if len(parts) == 1 else tuple(parts)
