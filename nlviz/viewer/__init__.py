"""The viewer: plain JavaScript (``js/``), the scene that it draws, and what it asks of a map besides its rows.

May import figures (for the colours), measures and what is below them.
"""

from .answers import make_dependence, make_fresh, make_shares, make_similarity
from .effects import make_effect, make_head_effects
from .layers import make_layer
from .scene import make_panel, make_scene
from .scripts import CSS, MENUS, SCRIPT, colour_tables, table_bytes

__all__ = ["CSS", "MENUS", "SCRIPT", "colour_tables", "make_dependence", "make_effect", "make_fresh", "make_head_effects",
           "make_layer", "make_panel", "make_scene", "make_shares", "make_similarity", "table_bytes"]
