"""A clip in the page: dropped where a photo is, its frames chosen on a strip, a row drawn on all of them."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from nlviz.analysis import analyse
from nlviz.cli import main
from nlviz.pictures import Chosen, open_clip
from nlviz.recipes import Recipe, recipe_in
from nlviz.ui.examples import CLIPS, EXAMPLES, MADE
from nlviz.ui.presets import PRESETS, WHAT_TIME_ADDS
from tests.pictures.filmed import filmed
from tests.ui.answers import loaded
from tests.ui.visitor import CHOSEN, LION, SIZE, address, sha256

NETWORKS = ["msrc_embedded_gaussian", "msrc_gc"]
FRAMES = 24


def frames():
    """A square that moves over stripes, 96 x 64 pixels."""
    for number in range(FRAMES):
        pixels = np.full((64, 96, 3), (60, 120, 90), np.uint8)
        pixels[:, ::12] = (200, 190, 150)
        pixels[16:44, 3 * number:3 * number + 24] = (230, 70, 40)
        yield Image.fromarray(pixels)


@pytest.fixture(scope="module")
def video(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "square.mp4"
    path.write_bytes(filmed(list(frames()), rate=12))
    return path


@cache
def seen(path: Path, chosen: Chosen, name: str):
    return analyse(loaded(name), open_clip(path, chosen=chosen), SIZE)


def drop(site, path: Path):
    site.page.locator("#figure input[type=file]").set_input_files(path)


def shown(site, path: Path, chosen: Chosen):
    site.settled(picture=open_clip(path, chosen=chosen).sha256)
    assert site.page.evaluate("site.viewer.state().key.clip") == {"start": chosen.start, "count": chosen.count,
                                                                  "stride": chosen.stride}


@pytest.fixture
def film(site, video):
    """The page with the video in two networks: 8 of its 24 frames, three a second as far as it goes."""
    site.choose(*NETWORKS)
    drop(site, video)
    shown(site, video, Chosen(0, 8, 3))
    site.page.locator("[aria-label='Remove Non-local, space and time']").click()
    site.settled(networks=NETWORKS)
    yield site
    site.page.evaluate("document.activeElement?.blur()")


def ask(site, frame: int, x: float, y: float, panel: str = "photo"):
    site.page.evaluate("query => site.viewer.restore({query})", {"x": x, "y": y, "frame": frame})
    return site.drawn()


def test_a_dropped_video_is_a_filmstrip_whose_rows_are_pythons(film, video):
    film.measured()
    expect(film.page.locator(".nlviz-numbers")).to_contain_text("Between frames rows have no key in common")
    film.requests.clear()
    for frame, x, y in ((0, 0.2, 0.5), (5, 0.7, 0.4), (7, 0.95, 0.95)):
        ask(film, frame, x, y)
        told = film.page.evaluate("site.viewer.state({values: true}).maps")
        for name, one in zip(NETWORKS, told):
            row = seen(video, Chosen(0, 8, 3), name).maps[0].heatmap(x, y, frame=frame).flatten()
            np.testing.assert_allclose(one["values"], row, rtol=2e-3, atol=1e-7)
    assert film.requests == []


def test_the_pointer_asks_in_the_frame_that_it_is_over(film):
    canvas = film.panel("msrc_gc/0", "marks")
    boxes = film.page.evaluate("""() => [...document.querySelectorAll(".nlviz-panel[data-panel='msrc_gc/0'] [data-frame]")]
        .map(one => one.dataset.frame)""")
    assert len(boxes) >= 8, "every frame has its caption"
    box = canvas.bounding_box()
    asked = set()
    for share in np.linspace(0.03, 0.97, 25):
        canvas.hover(position={"x": float(share) * box["width"], "y": 12})
        film.drawn()
        asked.add(film.page.evaluate("site.viewer.state().query.frame"))
    assert len(asked) >= 4 and asked <= set(range(8))


def test_other_frames_are_chosen_on_the_strip(film, video):
    strip = film.page.locator(".nlviz-clip-strip")
    expect(strip).to_contain_text("frames 1 to 22 of 24, 0.0 to 1.8 s")
    strip.get_by_label("How many frames the clip has").select_option("4")
    shown(film, video, Chosen(0, 4, 3))
    strip.get_by_label("Every so many-th frame of the video").select_option("1")
    shown(film, video, Chosen(0, 4, 1))
    track = strip.get_by_role("slider")
    track.focus()
    film.page.keyboard.press("End")
    shown(film, video, Chosen(20, 4, 1))
    expect(strip).to_contain_text("frames 21 to 24 of 24")
    box = track.bounding_box()
    track.click(position={"x": box["width"] / 2, "y": 5})
    shown(film, video, Chosen(10, 4, 1))


def test_a_choice_is_kept_when_the_answer_to_the_one_before_it_comes(film, video):
    strip, held = film.page.locator(".nlviz-clip-strip"), []
    film.page.evaluate("""() => {
        Object.assign(window, {real: setTimeout, later: []});
        window.setTimeout = (run, pause, ...rest) => pause === 350 ? later.push(run) : real(run, pause, ...rest);
    }""")
    film.page.route("**/gradio_api/queue/join*", lambda route: held.append(route))
    with film.page.expect_request("**/gradio_api/queue/join*"):
        strip.get_by_label("Every so many-th frame of the video").select_option("1")
    strip.get_by_role("slider").focus()
    film.page.keyboard.press("End")
    expect(strip).to_contain_text("frames 17 to 24 of 24")
    for route in held:
        route.continue_()
    film.page.unroute("**/gradio_api/queue/join*")
    shown(film, video, Chosen(0, 8, 1))
    expect(strip).to_contain_text("frames 17 to 24 of 24")
    film.page.evaluate("() => { window.setTimeout = real; later.forEach(run => run()); }")
    shown(film, video, Chosen(16, 8, 1))


def test_networks_that_take_clips_come_with_a_clip_and_go_with_a_photo(site, video):
    drop(site, video)
    names = PRESETS[WHAT_TIME_ADDS].names
    site.settled(networks=names, picture=open_clip(video, chosen=Chosen(0, 8, 3)).sha256)
    assert site.chips() == names
    site.page.locator("[data-action=add-open]").click()
    expect(site.page.locator(".nlviz-groups legend").first).to_contain_text("Clips with erased patches")
    site.page.locator("[data-action=add-done]").click()
    placed = analyse(loaded(names[0]), open_clip(video, chosen=Chosen(0, 8, 3)), SIZE).maps[0]
    ask(site, 4, 0.3, 0.5)
    told = site.page.evaluate("site.viewer.state({values: true}).maps[0].values")
    np.testing.assert_allclose(told, placed.heatmap(0.3, 0.5, frame=4).flatten(), rtol=2e-3, atol=1e-7)
    assert placed.keys.grid[0] == 8, "over all frames at once"
    site.page.locator("#examples button").first.click()
    site.settled(networks=CHOSEN, picture=sha256(LION))


def test_ones_own_choice_is_kept_beside_a_network_that_takes_clips(site, video):
    site.choose("msrc_gc")
    drop(site, video)
    site.settled(networks=["clips_embedded_gaussian", "msrc_gc"])
    assert site.chips() == site.networks() == ["clips_embedded_gaussian", "msrc_gc"]
    site.page.locator("#examples button").first.click()
    site.settled(networks=["msrc_gc"], picture=sha256(LION))
    assert site.chips() == site.networks() == ["msrc_gc"]


def test_one_video_after_the_other_is_taken_also_after_one_that_was_refused(film, video, tmp_path):
    for name in ("words.mp4", "more_words.mp4"):
        (tmp_path / name).write_bytes(b"no video" * 99)
        give(film, tmp_path / name)
        expect(film.message).to_contain_text(name)
    other = tmp_path / "other.mp4"
    other.write_bytes(filmed(list(frames())[::-1], rate=12))
    give(film, other)
    shown(film, other, Chosen(0, 8, 3))


def give(site, path: Path):
    """Drop a file on the page."""
    content = list(path.read_bytes())
    site.page.evaluate("""([content, name]) => {
        const carried = new DataTransfer();
        carried.items.add(new File([new Uint8Array(content)], name, {type: "video/mp4"}));
        document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: carried, bubbles: true, cancelable: true}));
    }""", [content, path.name])


def test_a_photo_gives_a_visitor_of_clips_alone_the_first_networks(site, video):
    site.choose("msrc_gc")
    drop(site, video)
    site.settled(networks=["clips_embedded_gaussian", "msrc_gc"])
    site.page.locator("[aria-label='Remove Global context']").click()
    site.settled(networks=["clips_embedded_gaussian"])
    site.page.locator("#examples button").first.click()
    site.settled(networks=CHOSEN, picture=sha256(LION))
    assert site.chips() == CHOSEN
    site.page.evaluate("link => site.follow(link)", address(["clips_embedded_gaussian"]))
    site.settled(networks=CHOSEN, picture=sha256(LION))
    assert site.chips() == CHOSEN and site.page.evaluate("site.viewer.state().key.clip") is None


def test_frames_that_are_refused_leave_strip_and_clip_as_they_were(film, video):
    film.page.route("**/gradio_api/queue/join*", lambda route: route.continue_(
        post_data=route.request.post_data.replace('"count":4', '"count":400')))
    film.page.locator(".nlviz-clip-strip").get_by_label("How many frames the clip has").select_option("4")
    expect(film.message).to_contain_text("frames of a clip goes from 4 to 32, got 400")
    film.page.unroute("**/gradio_api/queue/join*")
    expect(film.page.locator(".nlviz-clip-strip")).to_contain_text("frames 1 to 22 of 24")
    shown(film, video, Chosen(0, 8, 3))


def test_more_frames_than_the_stride_leaves_lie_closer(film, video):
    film.page.locator(".nlviz-clip-strip").get_by_label("How many frames the clip has").select_option("24")
    shown(film, video, Chosen(0, 24, 1))
    assert film.page.locator(".nlviz-panel[data-panel=photo] [data-frame]").count() == 24


def test_a_photo_after_it_is_a_photo_again(film):
    film.page.locator("#examples button").first.click()
    film.settled(picture=sha256(LION))
    expect(film.page.locator(".nlviz-clip-strip")).to_be_hidden()
    assert film.page.evaluate("site.viewer.state().key.clip") is None
    expect(film.page.locator("#photo-open")).to_contain_text("Photo")


def test_the_address_brings_a_clip_of_the_page_back(site):
    site.choose(*NETWORKS)
    site.page.locator("#examples button").nth(len(EXAMPLES) + 1).click()
    chosen = Chosen(0, 8, 2)
    site.settled(picture=MADE[CLIPS[1]](chosen).sha256)
    names = ["clips_embedded_gaussian", *NETWORKS]
    ask(site, 3, 0.4, 0.6)
    site.page.locator(".nlviz-clip-strip").get_by_label("How many frames the clip has").select_option("4")
    site.settled(picture=MADE[CLIPS[1]](Chosen(0, 4, 2)).sha256)
    site.page.wait_for_function("location.hash.includes('clip=0%2C4%2C2')")
    link = site.page.evaluate("location.hash")
    site.choose(*CHOSEN)
    site.page.evaluate("link => site.follow(link)", link)
    site.settled(networks=names, picture=MADE[CLIPS[1]](Chosen(0, 4, 2)).sha256)
    expect(site.page.locator(".nlviz-clip-strip")).to_contain_text("frames 1 to 7 of 16")


@pytest.mark.parametrize("name, content, words", [
    ("cut.mp4", None, "cut.mp4"), ("words.mp4", b"not a video at all" * 40, "words.mp4"),
    ("three.gif", "three", "three.gif")])
def test_a_video_that_cannot_be_used_leaves_everything_as_it_was(site, tmp_path, video, name, content, words):
    path = tmp_path / name
    if content == "three":
        still = list(frames())[:3]
        still[0].save(path, save_all=True, append_images=still[1:])
    else:
        path.write_bytes(video.read_bytes()[:300] if content is None else content)
    before = site.page.evaluate("site.viewer.state().key")
    drop(site, path)
    expect(site.message).to_contain_text(words)
    site.settled(**before)
    expect(site.page.locator(".nlviz-clip-strip")).to_be_hidden()


def test_the_figure_of_the_page_is_the_command_lines(film, video, tmp_path):
    film.page.evaluate("site.viewer.restore({queries: [{x: 0.3, y: 0.5, frame: 2}]})")
    svg = film.export("svg")
    main(["render", str(video), "--recipe", str(svg), "--out", str(tmp_path / "again.svg")])
    assert (tmp_path / "again.svg").read_bytes() == svg.read_bytes()
    assert json.loads(json.dumps(film.page.evaluate("site.viewer.state().pins")))[0]["frame"] == 2


def test_the_query_moving_is_a_gif_of_the_page(film):
    film.page.evaluate("site.viewer.restore({queries: [{x: 0.3, y: 0.5, frame: 2}]})")
    path = film.export("gif")
    with Image.open(path) as gif:
        assert gif.n_frames == 8
    recipe = Recipe.from_json(recipe_in(path.read_bytes()))
    assert recipe.layout == "filmstrip" and recipe.queries == ((pytest.approx(0.3, abs=0.05), pytest.approx(0.5, abs=0.07), 2),)


def test_of_a_photo_neither_the_filmstrip_nor_a_moving_query_is_offered(site):
    site.page.locator("[data-action=export-open]").click()
    for name, value in (("layout", "filmstrip"), ("format", "GIF"), ("format", "MP4")):
        expect(site.page.locator(f"[data-export={name}] option[value='{value}']")).to_be_disabled()
    site.page.keyboard.press("Escape")
