"""The page's layout, and ``launch``."""

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import gradio as gr
from torch import nn

from ..models import is_source
from ..pictures import Chosen
from ..recipes import RESOLUTIONS
from ..snapshots import NAME, PICTURE, SnapshotFolder
from . import showing, wiring
from .cache import disk_full, own_folder
from .chooser import make_chooser
from .clip_strip import make_strip
from .events import connect
from .examples import EXAMPLES, thumbnails
from .limits import Limits
from .offered import TRAINING, bundled, in_training, own
from .opening import moves, opened
from .own_tab import connect_own, make_own
from .photo_box import PhotoBox
from .presets import OWN, Groups, Preset
from .receiving import receiving
from .store import Store
from .study_tab import study_tab
from .uploads import Page
from .viewer import CSS, HERE, make_viewer
from .views import Shown, Views

RESOLUTION = 448
THEME = gr.themes.Default(primary_hue="blue", neutral_hue="slate", font=["system-ui", "sans-serif"],
                          font_mono=["ui-monospace", "monospace"])  # no font from elsewhere
TITLE = '<div class="nlviz-head"><h1>nlviz</h1><p>See who attends to whom</p></div>'
PHOTO = ('<button type="button" id="photo-open" aria-haspopup="dialog" aria-expanded="false" aria-label="Photo: replace it">'
         '<img alt=""><span>Photo</span></button>')  # page.js puts the photo on it, and opens the box
VIDEO = '<button type="button" id="video-open">Choose a video or an animated picture</button>'
ANSWERS = {"export_figure": wiring.export, "depends_on_query": wiring.depends, "show_snapshot": wiring.snapshot,
           "show_similarity": wiring.similarity, "show_layer": wiring.layer, "depends_on_layer": wiring.depends_layer,
           "what_if": wiring.what_if, "effects_of_layer": wiring.effects_layer}
PAGE_JS = (HERE / "page.js").read_text()


def launch(models: dict[str, nn.Module | str] | None = None, preprocess: Callable | dict[str, Callable] | None = None,
           host: str | None = None, port: int | None = None, photo: str | Path | None = None, chosen: list[str] | None = None,
           resolution: int = RESOLUTION, limits: Limits | None = None,
           class_names: list[str] | dict[str, list[str]] | None = None, snapshots: str | Path | None = None,
           clip: Chosen | None = None, **options):
    """Serve the page. Its visitors choose of what is offered here; nothing that they send names a module or a file.

    Args:
        models: one's own networks by name: modules, ``Model``s, or what ``load_model`` takes, which is loaded when it is first
            shown; None for the bundled ones.
        preprocess: how a picture becomes the input of those that don't bring it along, see :func:`nlviz.analysis.analyse`; or a
            dict of the networks' names.
        host, port: where to listen; by default this machine only (or GRADIO_SERVER_NAME), at the first free port
            from 7860.
        photo, chosen, resolution: the picture, the names of the networks and the long side of their input in pixels that
            the page begins with; beside the bundled ones also what ``load_model`` takes, ``timm:NAME`` and the like.
        limits: what visitors may ask for, see :class:`nlviz.ui.limits.Limits`.
        class_names: names of what the networks tell apart; or a dict of the networks' names.
        snapshots: a folder of :class:`nlviz.Snapshots`: the page begins with its picture and network, all steps on a slider.
        clip: which frames of it the page begins with where ``photo`` is a video; by default the usual ones.
        options: handed to ``gradio.Blocks.launch``.

    Raises:
        KeyError: a chosen network is not on the page.
        ValueError: more than the limits is chosen, or nobody knows a network.
        TypeError: a network is none of these, or nobody says how its picture is made.
    """
    own_folder()
    if models is None:
        loaders, groups, presets = bundled([name for name in dict.fromkeys(chosen or []) if is_source(name)])
    else:
        loaders, groups, presets = own(models, preprocess, class_names)
    if snapshots is not None:
        loaders, groups, chosen, photo, resolution = _with_snapshots(snapshots, loaders, groups, chosen, photo, resolution)
    limits = limits or Limits()
    store = Store(loaders, limits=limits)
    listed = [network.name for networks in groups.values() for network in networks]
    presets = {title: preset for title, preset in presets.items() if len(preset.names) <= limits.networks}
    chosen = chosen or (next(iter(presets.values())).names if presets else listed[:min(4, limits.networks)])
    limits.check_view(chosen, resolution)
    for name in chosen:
        if name not in listed:
            raise KeyError(f"no network on the page is called {name!r}; there are: {', '.join(listed)}")
    photo = str(photo or EXAMPLES[0])
    clip = clip or (opened(photo).chosen if moves(photo) else None)
    threading.Thread(target=_warm, args=(store, photo, chosen, resolution, clip), daemon=True).start()
    page = make_page(store, groups, presets, chosen, photo, resolution, clip)
    app = {"exception_handlers": {OSError: disk_full}, "routes": [receiving(store)]}
    options = {"max_threads": 40 + limits.visits, "app_kwargs": app} | options
    return page.take_turns(limits.visits, limits.waiting).launch(
        server_name=host, server_port=port, css=CSS, theme=THEME, js=f"() => {{ {PAGE_JS} }}",
        max_file_size=f"{limits.upload_mb}mb", footer_links=[], allowed_paths=[str(Path(EXAMPLES[0]).parent), photo], **options)


def _with_snapshots(path: str | Path, loaders: dict, groups: Groups, chosen: list[str] | None, photo: str | Path | None,
                    resolution: int) -> tuple:
    """What the page offers and begins with, with a network in training beside the others."""
    folder, (own_loaders, own_groups) = SnapshotFolder(Path(path)), in_training(path)
    size = folder.values(folder.steps[-1])["resolution"]
    return (own_loaders | loaders, own_groups | groups, [NAME, *(chosen or [])], photo or folder.path / PICTURE,
            size if resolution == RESOLUTION else resolution)


def _warm(store: Store, photo: str, names: list[str], resolution: int, clip: Chosen | None) -> None:
    """Run the first picture before the first visitor asks for it."""
    list(showing.show(store, photo, names, resolution, clip=clip))


def make_page(store: Store, groups: Groups, presets: dict[str, Preset], chosen: list[str], first: str = EXAMPLES[0],
              size: int = RESOLUTION, clip: Chosen | None = None) -> gr.Blocks:
    """The page of a store's networks, with those chosen, its first photo, or which frames of a video, and input resolution."""
    offered = sorted({size, *(pixels for pixels in RESOLUTIONS if pixels <= store.limits.resolution)})
    with Page(title="nlviz", fill_width=True, analytics_enabled=False, delete_cache=(3600, 24 * 3600)) as page:
        gr.HTML(TITLE, padding=False)
        with gr.Tab("Compare"):
            with gr.Row(elem_id="setup"):
                photo, examples, resolution = _photo(None if clip else first, offered, size)
                networks = make_chooser(groups, presets, chosen, store.limits.networks)
            frames = make_strip(store.limits.frames)
            viewer = make_viewer(*_answers(store))
        with gr.Tab("Study"):
            measurable = {heading: group for heading, group in groups.items() if heading != TRAINING}
            study = study_tab(store, measurable, [name for name in chosen if name != NAME], offered, size)
        with gr.Tab(OWN) as tab:
            own = make_own(store)
        with gr.Tab("How to read this"):
            gr.HTML((HERE / "how_to_read.html").read_text(), padding=False)
            gr.HTML(f'<div class="nlviz-how"><p id="limits">{store.limits.in_words}</p></div>', padding=False)
        connect(page, Views(store, groups, offered, presets), Shown(first, clip), photo=photo, examples=examples, networks=networks,
                resolution=resolution, frames=frames, viewer=viewer)
        connect_own(page, store, tab, own, study, measurable)
    return page


def _photo(first: str | None, offered: list[int], size: int) -> tuple[PhotoBox, gr.Dataset, gr.Radio]:
    """The photo or clip as a button that opens its box and the input resolution, and the examples."""
    with gr.Row(elem_id="photos"):
        gr.HTML(PHOTO, padding=False)
        with gr.Column(elem_id="photo-menu"):
            photo = PhotoBox(first, label="Photo", show_label=False, type="filepath", height=180, elem_id="photo", buttons=[],
                             sources=["upload", "clipboard", "webcam"])
            gr.HTML(VIDEO, padding=False)
            resolution = gr.Radio(offered, value=size, label="Input resolution (long side, pixels)", elem_id="resolution")
        examples = gr.Dataset(components=[gr.Image(visible=False)], samples=[[path] for path in thumbnails()], label="Examples",
                              type="index", elem_id="examples")
    return photo, examples, resolution


def _answers(store: Store) -> list[Callable[[dict], dict]]:
    """What the viewer asks of the server, under the names by which it calls them."""
    return [_named(name, partial(answer, store)) for name, answer in ANSWERS.items()]


def _named(name: str, answer: Callable[[dict], dict]) -> Callable[[dict], dict]:
    """A function that gradio finds by its name."""
    def named(request: dict) -> dict:
        return answer(request)
    named.__name__ = name
    return named
