"""The page's layout, and ``launch``."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import gradio as gr
from torch import nn

from ..analysis import as_model
from ..models import list_models, load_model
from ..recipes import RESOLUTIONS
from . import wiring
from .cache import own_folder
from .events import connect
from .limits import Limits
from .photo_box import PhotoBox
from .presets import PRESETS, Groups, bundled_groups
from .store import Store
from .study_tab import study_tab
from .uploads import Page
from .viewer import CSS, HERE, make_viewer
from .views import EXAMPLES, Views

RESOLUTION = 448
THEME = gr.themes.Default(primary_hue="blue", neutral_hue="slate", font=["system-ui", "sans-serif"],
                          font_mono=["ui-monospace", "monospace"])  # no font from elsewhere
TITLE = '<div class="nlviz-title"><h1>nlviz</h1><p>See who attends to whom</p></div>'
SEARCH = ('<div class="nlviz-search"><input type="search" id="search" placeholder="Search networks: criss, 101, gate …" '
          'aria-label="Search networks" autocomplete="off"><span role="status"></span></div>')
PAGE_JS = (HERE / "page.js").read_text()


def launch(models: dict[str, nn.Module] | None = None, preprocess=None, host: str | None = None, port: int | None = None,
           photo: str | Path | None = None, chosen: list[str] | None = None, resolution: int = RESOLUTION,
           limits: Limits | None = None, **options):
    """Serve the page.

    Args:
        models: one's own networks by name (any with blocks of ``nlviz.blocks`` in them), or None for the bundled ones.
        preprocess: how a picture becomes their input, see :func:`nlviz.analysis.analyse`.
        host, port: where to listen; by default this machine only (or GRADIO_SERVER_NAME), at the first free port
            from 7860.
        photo, chosen, resolution: the picture, the names of the networks and the long side of their input in pixels that
            the page begins with.
        limits: what visitors may ask for, see :class:`nlviz.ui.limits.Limits`.
        options: handed to ``gradio.Blocks.launch``.

    Raises:
        KeyError: a chosen network is not on the page.
        ValueError: more than the limits is chosen.
    """
    own_folder()
    loaders, groups, presets = _bundled() if models is None else _own(models, preprocess)
    limits = limits or Limits()
    store = Store(loaders, limits=limits)
    listed = [name for choices in groups.values() for _, name in choices]
    presets = {words: names for words, names in presets.items() if len(names) <= limits.networks}
    chosen = chosen or next(iter(presets.values()), listed[:min(4, limits.networks)])
    limits.check_view(chosen, resolution)
    for name in chosen:
        if name not in listed:
            raise KeyError(f"no network on the page is called {name!r}; there are: {', '.join(listed)}")
    photo = str(photo or EXAMPLES[0])
    threading.Thread(target=_warm, args=(store, photo, chosen, resolution), daemon=True).start()
    page = make_page(store, groups, presets, chosen, photo, resolution)
    options = {"max_threads": 40 + limits.visits} | options
    return page.take_turns(limits.visits, limits.waiting).launch(
        server_name=host, server_port=port, css=CSS, theme=THEME, js=f"() => {{ {PAGE_JS} }}",
        max_file_size=f"{limits.upload_mb}mb", footer_links=[], allowed_paths=[str(Path(EXAMPLES[0]).parent), photo], **options)


def _bundled() -> tuple[dict[str, Callable], Groups, dict[str, list[str]]]:
    groups = bundled_groups()
    names = [name for row in list_models() for name in (row["name"], *(f"{row['name']}@{epoch}" for epoch in row["snapshots"]))]
    return {name: partial(load_model, name) for name in names}, groups, PRESETS


def _own(models: dict[str, nn.Module], preprocess) -> tuple[dict[str, Callable], Groups, dict[str, list[str]]]:
    loaders = {name: partial(as_model, net, preprocess, name) for name, net in models.items()}
    return loaders, {"Your networks": [(name, name) for name in models]}, {}


def _warm(store: Store, photo: str, names: list[str], resolution: int) -> None:
    """Run the first picture before the first visitor asks for it."""
    list(wiring.show(store, photo, names, resolution))


def make_page(store: Store, groups: Groups, presets: dict[str, list[str]], chosen: list[str], first: str = EXAMPLES[0],
              size: int = RESOLUTION) -> gr.Blocks:
    """The page of a store's networks, with those chosen, its first photo and input resolution."""
    offered = sorted({size, *(pixels for pixels in RESOLUTIONS if pixels <= store.limits.resolution)})
    with Page(title="nlviz", fill_width=True, analytics_enabled=False, delete_cache=(3600, 24 * 3600)) as page:
        gr.HTML(TITLE, padding=False)
        with gr.Tab("Compare"):
            with gr.Row(elem_id="chooser"):
                with gr.Column(scale=1, min_width=280):
                    photo = PhotoBox(first, label="Photo", type="filepath", height=140, elem_id="photo", buttons=[],
                                     sources=["upload", "clipboard", "webcam"])
                    examples = gr.Dataset(components=[gr.Image(visible=False)], samples=[[path] for path in EXAMPLES],
                                          label="Examples", type="index", elem_id="examples")
                    resolution = gr.Radio(offered, value=size, label="Input resolution (long side, pixels)",
                                          elem_id="resolution")
                with gr.Column(scale=4, min_width=320):
                    networks, buttons = _chooser(groups, presets, chosen)
            viewer = make_viewer(*_answers(store))
        with gr.Tab("Study"):
            study_tab(store, groups, chosen, offered, size)
        with gr.Tab("How to read this"):
            gr.HTML((HERE / "how_to_read.html").read_text(), padding=False)
            gr.HTML(f'<div class="nlviz-how"><p id="limits">{store.limits.in_words}</p></div>', padding=False)
        connect(page, Views(store, groups, offered), first, photo=photo, examples=examples, networks=networks,
                resolution=resolution, viewer=viewer, buttons=buttons)
    return page


def _chooser(groups: Groups, presets: dict[str, list[str]], chosen: list[str]) -> tuple[list[gr.CheckboxGroup], list]:
    """A search box (page.js filters) and a list of networks for each group; presets, each button with its networks."""
    with gr.Row(elem_id="presets"):
        buttons = [gr.Button(words, size="sm", min_width=0) for words in presets]
    if sum(map(len, groups.values())) > 8:
        gr.HTML(SEARCH, padding=False)
    with gr.Column(elem_id="networks"):
        networks = [gr.CheckboxGroup(choices, value=[n for _, n in choices if n in chosen], label=heading)
                    for heading, choices in groups.items()]
    return networks, list(zip(buttons, presets.values()))


def _answers(store: Store) -> list[Callable[[dict], dict]]:
    """What the viewer asks of the server, under the names by which it calls them."""
    def export_figure(request: dict) -> dict:
        return wiring.export(store, request)

    def depends_on_query(request: dict) -> dict:
        return wiring.depends(store, request)

    def show_snapshot(request: dict) -> dict:
        return wiring.snapshot(store, request)

    def show_similarity(request: dict) -> dict:
        return wiring.similarity(store, request)

    return [export_figure, depends_on_query, show_snapshot, show_similarity]
