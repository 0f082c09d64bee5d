"""The viewer's script and looks, as text: the files of this folder joined, smallest part first."""

import base64
from pathlib import Path

from ..figures import COLOUR_MAPS, colour_table

HERE = Path(__file__).parent
CSS = (HERE / "viewer.css").read_text()
SCRIPTS = ("viewer_maps.js", "viewer_weights.js", "viewer_terms.js", "viewer_looks.js", "viewer_words.js",
           "viewer_drawing.js", "viewer_matrix.js", "viewer_parts.js", "viewer_messages.js", "viewer_toolbar.js",
           "viewer_exports.js", "viewer_channels.js", "viewer_snapshots.js", "viewer_panels.js", "viewer_strip.js",
           "viewer_distances.js", "viewer_measuring.js", "viewer_numbers.js", "viewer_depends.js", "viewer_pins.js",
           "viewer_pointing.js", "viewer_restoring.js", "viewer.js")
# One function around them all: their names stay their own.
PARTS = [(HERE / name).read_text() for name in SCRIPTS]
SCRIPT = "\n".join(['const createViewer = (() => {\n"use strict";', *PARTS, "return createViewer;\n})();\n"])


def colour_tables() -> dict[str, str]:
    """Every colour map for the viewer: 256 x 3 bytes as base64, the default first."""
    return {name: table_bytes(name) for name in COLOUR_MAPS}


def table_bytes(name: str) -> str:
    """One colour map, 256 x 3 bytes as base64."""
    return base64.b64encode(colour_table(name).tobytes()).decode()
