"""The canvas as a Gradio component: the viewer's scripts, and the few lines that join them to the page."""

import base64
from collections.abc import Callable
from pathlib import Path

import gradio as gr

from ..figures.colours import COLOUR_MAPS, DIVERGING, colour_table

HERE = Path(__file__).parent
CSS = (HERE / "viewer.css").read_text() + (HERE / "page.css").read_text()
SCRIPTS = ("viewer_maps.js", "viewer_weights.js", "viewer_terms.js", "viewer_looks.js", "viewer_words.js", "viewer_drawing.js",
           "viewer_matrix.js", "viewer_parts.js", "viewer_messages.js", "viewer_channels.js", "viewer_snapshots.js",
           "viewer_panels.js", "viewer_strip.js", "viewer_distances.js", "viewer_measuring.js", "viewer_numbers.js",
           "viewer_depends.js", "viewer_pointing.js", "viewer.js")
# One function around them all: their names stay their own.
PARTS = [(HERE / name).read_text() for name in SCRIPTS]
SCRIPT = "\n".join(['const createViewer = (() => {\n"use strict";', *PARTS, "return createViewer;\n})();\n"])
GLUE = """
async function answered(request) {
    const answer = await request;
    if (answer.error) throw new Error(answer.error);
    return answer;
}
const viewer = createViewer(element.querySelector(".nlviz-root"), {
    colourMaps: props.colour_maps,
    diverging: props.diverging,
    onExport: request => answered(server.export_figure(request)),
    onDepends: request => answered(server.depends_on_query(request)),
    onSnapshot: request => answered(server.show_snapshot(request)),
});
element.viewer = viewer;
function update() {
    const news = props.value;
    if (!news) return;
    viewer.setBusy(news.busy || null);
    if (news.scene) viewer.show(news.scene);
    if (!news.busy) viewer.setMessage(news.message || "", Boolean(news.error));
}
watch("value", update);
update();
"""


def colour_tables() -> dict[str, str]:
    """Every colour map for the viewer: 256 x 3 bytes as base64, the default first."""
    return {name: table_bytes(name) for name in COLOUR_MAPS}


def table_bytes(name: str) -> str:
    return base64.b64encode(colour_table(name).tobytes()).decode()


def make_viewer(export_figure: Callable[[dict], dict], depends_on_query: Callable[[dict], dict],
                show_snapshot: Callable[[dict], dict]) -> gr.HTML:
    """The viewer; its value is ``{"scene", "message", "error", "busy"}``, all optional: what is absent stays as it is.

    Args:
        export_figure, depends_on_query, show_snapshot: what the viewer asks, under these names: a request in, an answer or
            ``{"error": what went wrong}`` out.
    """
    return gr.HTML(
        html_template='<div class="nlviz-root"></div>', js_on_load=SCRIPT + GLUE,
        server_functions=[export_figure, depends_on_query, show_snapshot], apply_default_css=False, padding=False, elem_id="viewer",
        colour_maps=colour_tables(), diverging=table_bytes(DIVERGING),
    )
