"""The line of networks: those chosen, in the order of their panels, the list to add from, and the presets."""

from pathlib import Path

import gradio as gr

from ..viewer import MENUS
from .presets import OF_CLIPS, Groups, Preset

HERE = Path(__file__).parent
SCRIPT = MENUS + "".join((HERE / name).read_text() for name in ("make.js", "chooser.js"))


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


def names_in(value: object, listed: list[str]) -> list[str]:
    """The names that the page sends, each once.

    Raises:
        ValueError: it is no list of names on the page.
    """
    if not isinstance(value, list) or not all(isinstance(name, str) and name in listed for name in value):
        raise ValueError("The page asked for networks that are not on its list. Reload it and choose again.")
    return list(dict.fromkeys(value))
