"""The box for the photo."""

import gradio as gr

class PhotoBox(gr.Image):
    """gradio's Image that hands on the file as it came: what is wrong with it, nlviz says itself.

    A class and not an attribute of one box: gradio builds a component anew for a visitor as soon as an event has updated it.
    """

    is_template = True  # drawn by gradio's own Image

    def preprocess(self, payload) -> str | None:
        return None if payload is None else payload.path
    from collections.abc import Callable, Sequence
    from typing import TYPE_CHECKING, Any, Literal

    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component