"""The Gradio page: layout, events, presets, what the server keeps, the tab Study. gradio is known to this room alone.

May import export, study, viewer and what is below them.
"""

from .limits import Limits
from .page import launch

__all__ = ["Limits", "launch"]
