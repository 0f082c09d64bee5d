"""The line of networks: those chosen, in the order of their panels, the list to add from, and the presets."""

from pathlib import Path

import gradio as gr

from ..models import ModelError, sides_of
from ..viewer import MENUS
from .presets import OF_CLIPS, Groups, Preset

HERE = Path(__file__).parent
SCRIPT = MENUS + "".join((HERE / name).read_text() for name in ("make.js", "subtracting.js", "chooser.js"))


def make_chooser(groups: Groups, presets: dict[str, Preset], chosen: list[str], most: int) -> gr.HTML:
    """Its value is the list of the names chosen, in order; the event ``input`` comes when the visitor has changed it.

    Args:
        most: how many can be chosen at once; the server counts too.
    """
    listed = {heading: [network._asdict() for network in networks] for heading, networks in groups.items()}
    return gr.HTML(
        value=chosen, html_template='<div class="nlviz nlviz-networks"></div>', js_on_load=SCRIPT, apply_default_css=False,
        padding=False, elem_id="networks", listed=listed, most=most,
        clips=[heading for heading in listed if heading.startswith(tuple(OF_CLIPS))],
        presets=[{"title": title} | preset._asdict() for title, preset in presets.items()],
    )


def names_in(value: object, listed: list[str], sides: set[str]) -> list[str]:
    """The names that the page sends, each once: of ``listed``, or a difference of two of ``sides``.

    Raises:
        ValueError: it is no list of names on the page.
    """
    if not isinstance(value, list) or not all(isinstance(name, str) and is_listed(name, listed, sides) for name in value):
        raise ValueError("The page asked for networks that are not on its list. Reload it and choose again.")
    return list(dict.fromkeys(value))


def is_listed(name: str, listed: list[str], sides: set[str]) -> bool:
    """Whether the page offers a network of that name, or both sides of a difference."""
    try:
        both = sides_of(name)
    except ModelError:  # of three
        both = None
    return name in listed or (both is not None and sides.issuperset(both))
