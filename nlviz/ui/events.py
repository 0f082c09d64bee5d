"""What sets off what: the page's events, joined to the views that answer them."""

import gradio as gr

from .opening import Shown
from .views import Views

SHOWING = "show"  # the name under which gradio counts how many of these events are at work
# gradio tells of an emptied box before the box is empty, and then sends the photo that was there.
IN_THE_BOX = """async (photo, ...rest) => {
    await new Promise(done => setTimeout(done, 50));
    return [document.querySelector("#photo img") ? photo : null, ...rest];
}"""
ADDRESS = "(_, ...rest) => [location.hash, ...rest]"  # the first input is the page's address


def connect(page: gr.Blocks, views: Views, first: Shown, *, photo, examples, networks, resolution, frames, viewer) -> None:
    """Join the page's parts: a photo, an example, other networks or frames, a video or an exported figure that was dropped, an
    address.

    Args:
        first: what is on screen at the start.
    """
    shown = gr.State(first, time_to_live=24 * 3600)  # the photo on screen, which a bad one does not replace
    awaited = gr.State(None, time_to_live=24 * 3600)  # a view whose photo is not here yet
    link = gr.Textbox(elem_id="link", elem_classes="nlviz-hidden", label="The page's address")
    follow = gr.Button("Follow the address", elem_id="follow", elem_classes="nlviz-hidden")  # page.js presses it
    figure = gr.File(elem_id="figure", elem_classes="nlviz-hidden", label="A video, or an exported figure")
    # A newer event is sent at once, and the server ends the older one; "always_last" would wait for it.
    quiet = {"show_progress": "hidden", "trigger_mode": "multiple", "concurrency_id": SHOWING,
             "concurrency_limit": views.store.limits.visits}
    stands = [resolution, shown, awaited, networks]
    answer = [viewer, shown, photo, awaited, resolution, networks, frames]
    photo.input(views.use, [photo, *stands], answer, js=IN_THE_BOX, **quiet)
    given = figure.upload(views.use_figure, [figure, *stands], answer, **quiet)
    given.then(None, None, figure, js="() => null")  # a box that holds a file takes no other
    frames.input(views.use_frames, [frames, *stands], answer, **quiet)
    examples.click(views.use_example, [examples, *stands], answer, **quiet)
    gr.on([page.load, follow.click], views.arrive, [link, *stands], answer, js=ADDRESS, **quiet)
    chosen = [shown, resolution, networks]
    gr.on([resolution.input, networks.input], views.again, chosen, viewer, **quiet)
