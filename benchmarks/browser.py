"""In a real Chromium: hovering beside gr.Image.select, and the way from an upload to the first heatmap."""

import socket
import tempfile
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from statistics import median
from time import perf_counter

import gradio as gr
import numpy as np
import torch
from PIL import Image
from playwright.sync_api import sync_playwright

from benchmarks.capture import PHOTO, seconds
from nlviz import analyse, launch, load_model
from nlviz.figures import colour_table
from nlviz.models import MODELS
from nlviz.pictures import open_picture
from nlviz.viewer import CSS, SCRIPT, colour_tables, make_layer, make_scene

SIX = ["caltech101_embedded_gaussian", "caltech101_gaussian", "caltech101_dot_product", "caltech101_concatenation",
       "caltech101_gc", "msrc_embedded_gaussian"]
HOVER = """async points => {
    const box = document.querySelector(".nlviz-picture").getBoundingClientRect(), times = [];
    for (const [x, y] of points) {
        await new Promise(requestAnimationFrame);
        const started = performance.now();
        document.querySelector(".nlviz-picture").dispatchEvent(new PointerEvent("pointermove", {
            bubbles: true, clientX: box.x + x * box.width, clientY: box.y + y * box.height}));
        document.querySelectorAll(".nlviz-heat").forEach(c => c.getContext("2d").getImageData(0, 0, 1, 1));  // wait for the pixels
        times.push(performance.now() - started);
    }
    return times;
}"""


FOLLOWED = """async points => {
    const photo = document.querySelector(".nlviz-picture"), box = photo.getBoundingClientRect(), times = [];
    for (const [x, y] of points) {
        await new Promise(done => setTimeout(done, 40));
        const started = performance.now();
        const at = {clientX: box.x + x * box.width, clientY: box.y + y * box.height};
        photo.dispatchEvent(new PointerEvent("pointermove", {bubbles: true, ...at}));
        const panel = performance.now() - started;
        while (!viewer.state().thumbnails) await new Promise(requestAnimationFrame);
        times.push([panel, performance.now() - started]);
    }
    return times;
}"""


@contextmanager
def browser_page():
    """A page of an installed Chromium, else playwright's own."""
    with sync_playwright() as playwright:
        path = next(filter(None, map(which, ("chromium", "chromium-browser", "google-chrome"))), None)
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-background-networking"])
        yield browser.new_page(viewport={"width": 1440, "height": 1000})
        browser.close()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def compare_hover() -> None:
    """Print the median of a pointer move for six panels at three grids, and of gr.Image.select for one."""
    print("\nPointer move to six panels drawn, milliseconds: median, 95th percentile, requests (aims: 4 at 28 x 28, 16 above)")
    models, random = [load_model(name) for name in SIX], np.random.default_rng(0)
    picture = open_picture(Image.fromarray(random.integers(0, 255, (600, 600, 3), dtype=np.uint8)))
    points, medians = random.random((100, 2)).tolist(), []
    with browser_page() as page:
        for grid in (28, 56, 97):
            scene = make_scene([analyse(m, picture, grid * 16) for m in models], SIX, grid * 16)
            page.goto("about:blank")
            page.set_content('<div id="root"></div>')
            page.add_style_tag(content=CSS)
            page.add_script_tag(content=SCRIPT)
            page.evaluate("([scene, colourMaps]) => createViewer(document.getElementById('root'), {colourMaps}).show(scene)",
                          [scene, colour_tables()])
            page.wait_for_selector(".nlviz-heat")
            requests = []
            page.on("request", lambda request, requests=requests: requests.append(request))
            times = sorted(page.evaluate(HOVER, points))
            print(f"  {grid} x {grid} queries {median(times):10.1f}{times[94]:8.1f}{len(requests):6}")
            medians.append(median(times))
        times = sorted(select_times(page, picture))
        print(f"  peer: one panel through gr.Image.select at 28 x 28 {median(times):10.1f}{times[-2]:8.1f}, "
              f"{median(times) / medians[0]:.0f} times as long")


def compare_thumbnails() -> None:
    """Print how long one move of the pointer takes with all maps of a transformer, beside those of its shown layer alone."""
    print("\nPointer move with the thumbnails of 12 layers x 6 heads and their means, milliseconds in the first frame, until all "
          "are drawn, and how many times as long as with one layer (aims: all in a frame of 16 at 16 x 16; at 37 x 37 the panel)")
    network, random = load_model("dinov2_small"), np.random.default_rng(0)
    picture = open_picture(Image.fromarray(random.integers(0, 255, (600, 600, 3), dtype=np.uint8)))
    points = random.random((60, 2)).tolist()
    with browser_page() as page:
        for size in (224, 518):
            analysis = analyse(network, picture, size)
            call, found = analysis.calls[0], {}
            for whole in (False, True):
                scene = make_scene([analysis], ["dinov2_small"], size)
                layers = [layer["number"] for layer in scene["panels"][0]["stack"]["layers"]] if whole else []
                scene["panels"][0]["layers"] += [make_layer(call, number) for number in layers[:-1]]
                page.goto("about:blank")
                page.set_content('<div id="root"></div>')
                page.add_style_tag(content=CSS)
                page.add_script_tag(content=SCRIPT)
                page.evaluate("([scene, colourMaps]) => { window.viewer = createViewer(document.getElementById('root'), "
                              "{colourMaps}); viewer.show(scene); }", [scene, colour_tables()])
                page.wait_for_selector(".nlviz-heat")
                found[whole] = np.median(page.evaluate(FOLLOWED, points), axis=0)
            first, every = found[True]
            print(f"  {size // 14} x {size // 14} positions {first:10.1f}{every:10.1f}{every / found[False][1]:8.1f}")


def select_times(page, picture) -> list[float]:
    """Milliseconds from a click to the new picture, the same heatmap drawn on the server."""
    placed = analyse(load_model(SIX[0]), picture, 448).maps[0]

    def draw(event: gr.SelectData):
        heat = placed.heatmap(event.index[0] / 600, event.index[1] / 600)
        colours = colour_table("viridis")[(heat / heat.max() * 255).byte().numpy()]
        return Image.blend(picture.image, Image.fromarray(colours).resize((600, 600), 0), 0.6)

    with gr.Blocks() as demo:
        image, out = gr.Image(picture.image, interactive=False, elem_id="in"), gr.Image(elem_id="out")
        image.select(draw, None, out, show_progress="hidden")
    port = free_port()
    demo.launch(server_port=port, prevent_thread_lock=True, quiet=True)
    page.goto(f"http://127.0.0.1:{port}")
    page.wait_for_selector("#in img")
    box, times = page.locator("#in img").bounding_box(), []
    for number in range(12):
        before = page.evaluate("document.querySelector('#out img')?.src || ''")
        started = perf_counter()
        page.locator("#in img").click(position={"x": box["width"] * (number + 1) / 14, "y": 30})
        page.wait_for_function("before => { const i = document.querySelector('#out img'); "
                               "return i && i.src !== before && i.complete; }", arg=before)
        times.append(1000 * (perf_counter() - started))
    demo.close(verbose=False)
    return times[2:]


def compare_upload() -> None:
    """Print the time from an upload to the first heatmap beside the bare forward pass."""
    name, port = "caltech101_embedded_gaussian", free_port()
    model = load_model(name)
    x, _ = model.preprocess(open_picture(PHOTO), 448)

    def bare():
        with torch.inference_mode():
            model(x)

    forward = seconds(bare)
    launch({name: model}, port=port, prevent_thread_lock=True, quiet=True)
    times = []
    with browser_page() as page, tempfile.TemporaryDirectory() as folder:
        page.goto(f"http://127.0.0.1:{port}")
        page.wait_for_selector(".nlviz-panels .nlviz-heat")
        for number in range(6):
            photo = Path(folder) / f"photo{number}.png"
            image = Image.open(PHOTO).convert("RGB")
            image.putpixel((0, 0), (number, 0, 0))  # another picture, so that nothing is kept from before
            image.save(photo)
            started = perf_counter()
            page.locator("#photo input[type=file]").first.set_input_files(str(photo))
            page.wait_for_function("name => document.querySelector('.nlviz-panels').textContent.includes(name)", arg=photo.name)
            times.append(perf_counter() - started)
    gr.close_all(verbose=False)
    limit = 2 * forward + 0.3
    print(f"\nUpload to first heatmap, one network at 448 px, seconds: bare pass {forward:.3f}, median {median(times[1:]):.3f}, "
          f"ratio to twice the pass plus 0.3 s: {median(times[1:]) / limit:.2f} (aim: at most 1)")


assert set(SIX) <= set(MODELS)
