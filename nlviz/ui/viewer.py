"""The canvas as a Gradio component: the viewer's scripts, and the few lines (component.js) that join them to the page."""

from collections.abc import Callable
from pathlib import Path

import gradio as gr

from ..figures import DIVERGING
from ..viewer import SCRIPT, colour_tables, scripts, table_bytes

HERE = Path(__file__).parent
CSS = scripts.CSS + (HERE / "page.css").read_text()
GLUE = (HERE / "component.js").read_text()


def make_viewer(*functions: Callable[[dict], dict]) -> gr.HTML:
    """The viewer; its value is ``{"scene", "restore", "message", "error", "busy"}``, all optional: what is absent stays as it is;
    a value whose ``answer`` was there before changes nothing.

    Its ``element.viewer`` is the viewer, and what the user changes there comes as an event ``nlviz-change`` (detail: the state).

    Args:
        functions: ``export_figure``, ``depends_on_query``, ``show_snapshot``, ``show_similarity``, ``show_layer``,
            ``depends_on_layer``, ``what_if`` and ``effects_of_layer``, what the viewer asks: a request in, an answer or
            ``{"error": what went wrong}`` out.
    """
    return gr.HTML(
        html_template='<div class="nlviz-root"></div>', js_on_load=SCRIPT + GLUE,
        server_functions=list(functions), apply_default_css=False, padding=False, elem_id="viewer",
        colour_maps=colour_tables(), diverging=table_bytes(DIVERGING),
    )
