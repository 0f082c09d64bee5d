"""nlviz: see who attends to whom in a vision network.

Each name, and each room, is imported when it is first asked for: capturing maps needs torch alone.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .version import __version__

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn

    from .analysis import Analysis
    from .capture import capture_maps, check_parity, replaced_maps
    from .models import load_model
    from .notebook import Shown, analyse, difference, show
    from .snapshots import Snapshots

__all__ = ["Analysis", "Shown", "Snapshots", "__version__", "analyse", "capture_maps", "check_parity", "difference", "launch",
           "load_model", "replaced_maps", "show"]

ROOM_OF = {"Analysis": "analysis", "Shown": "notebook", "Snapshots": "snapshots", "analyse": "notebook", "capture_maps": "capture",
           "check_parity": "capture", "difference": "notebook", "load_model": "models", "replaced_maps": "capture",
           "show": "notebook"}


def __getattr__(name: str) -> object:
    if name in ROOM_OF:
        return getattr(import_module(f".{ROOM_OF[name]}", __name__), name)
    room = f"{__name__}.{name}"
    try:
        return import_module(room)
    except ModuleNotFoundError as error:
        if error.name != room:  # the room is there, something that it needs is not
            raise
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def launch(models: "dict[str, nn.Module | str] | None" = None, preprocess: "Callable | dict[str, Callable] | None" = None,
           **options):
    """Serve the page, with the bundled networks or with one's own: see :func:`nlviz.ui.page.launch`."""
    from .ui import launch as serve  # gradio takes seconds to import

    return serve(models, preprocess, **options)
