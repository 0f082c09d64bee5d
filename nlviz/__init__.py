"""nlviz: see who attends to whom in a vision network."""

from importlib import import_module
from typing import TYPE_CHECKING

from .version import __version__

if TYPE_CHECKING:
    from .analysis import Analysis
    from .capture import capture_maps, check_parity
    from .models import load_model
    from .notebook import Shown, analyse

__all__ = ["Analysis", "Shown", "__version__", "analyse", "capture_maps", "check_parity", "launch", "load_model"]

ROOMS = {"Analysis": "analysis", "Shown": "notebook", "analyse": "notebook", "capture_maps": "capture", "check_parity": "capture",
         "load_model": "models"}


def __getattr__(name: str):
    """Each name from its room when it is first asked for: capturing maps needs torch alone."""
    if name not in ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{ROOMS[name]}", __name__), name)


def launch(models=None, preprocess=None, **options):
    """Serve the page, with the bundled networks or with one's own: see :func:`nlviz.ui.page.launch`."""
    from .ui import launch as serve  # gradio takes seconds to import

    return serve(models, preprocess, **options)
