"""nlviz: see who attends to whom in a vision network."""

from .analysis import Analysis
from .capture import capture_maps
from .models import load_model
from .notebook import Shown, analyse
from .parity import check_parity
from .version import __version__

__all__ = ["Analysis", "Shown", "__version__", "analyse", "capture_maps", "check_parity", "launch", "load_model"]


def launch(models=None, preprocess=None, **options):
    """Serve the page, with the bundled networks or with one's own: see :func:`nlviz.ui.page.launch`."""
    from .ui.page import launch as serve  # gradio takes seconds to import

    return serve(models, preprocess, **options)
