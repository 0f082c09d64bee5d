"""The viewer's script and looks, as text: the files of js/ joined, smallest part first."""

import base64
from pathlib import Path

from ..figures import COLOUR_MAPS, colour_table

HERE = Path(__file__).parent
CSS = (HERE / "viewer.css").read_text()
SCRIPTS = ("menus.js", "base64.js", "geometry.js", "sheet.js", "weights.js", "framewise.js", "decoding.js", "frame_shares.js",
           "terms.js", "heads.js", "maps.js", "similarities.js", "scales.js", "palettes.js", "looks.js", "channels.js", "words.js",
           "drawing.js", "film.js", "matrix.js", "parts.js", "stage.js", "layout.js", "messages.js", "tokens.js", "settings.js",
           "toolbar.js", "status.js", "exports.js", "channel_view.js", "curves.js", "snapshots.js", "layers.js", "comparing.js",
           "stack_layout.js", "by_layer.js", "stack_view.js", "stacks.js", "choices.js", "besides.js", "adding.js", "arrows.js",
           "following.js", "frames_matrix.js", "filmstrip.js", "panels.js", "effects.js", "what_if.js", "fitting.js", "frames.js",
           "strip.js", "distances.js", "measuring.js", "numbers_table.js", "enlarged.js", "head_matrix.js", "head_scatter.js",
           "head_effects.js", "depends_stack.js", "depends.js", "pins.js", "playing.js", "pointing.js", "restoring.js",
           "telling.js", "changes.js", "viewer.js")
# One function around them all: their names stay their own.
PARTS = [(HERE / "js" / name).read_text() for name in SCRIPTS]
MENUS = PARTS[SCRIPTS.index("menus.js")]  # for the page around the viewer too
SCRIPT = "\n".join(['const createViewer = (() => {\n"use strict";', *PARTS, "return createViewer;\n})();\n"])


def colour_tables() -> dict[str, str]:
    """Every colour map for the viewer: 256 x 3 bytes as base64, the default first."""
    return {name: table_bytes(name) for name in COLOUR_MAPS}


def table_bytes(name: str) -> str:
    """One colour map, 256 x 3 bytes as base64."""
    return base64.b64encode(colour_table(name).tobytes()).decode()
