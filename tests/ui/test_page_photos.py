"""One's own photo, and the examples: uploaded, dropped, pasted, refused."""

import base64
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from nlviz.ui import launch
from nlviz.ui.examples import BEGINNINGS, EXAMPLES
from tests.networks import network
from tests.pictures.drawn import bomb, encoded, quarters
from tests.ui.answers import POINTS, assert_drawn, maps
from tests.ui.visitor import CHOSEN, Visitor, sha256


def saved(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


CORNERS = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]


def assert_quarters_shown(site):
    found = np.array(site.photo_colours(CORNERS))[:, :3]
    np.testing.assert_allclose(found, COLOURS, atol=6)


def test_an_uploaded_photo_replaces_the_old_one_and_its_pins(site, tmp_path):
    site.ask(*POINTS[0], click=True)
    path = saved(tmp_path, "mine.png", encoded(quarters(333, 200)))
    site.upload(path)
    site.settled(picture=sha256(path))
    assert_quarters_shown(site)
    expect(site.page.locator(".nlviz-panel[data-panel=photo]")).to_contain_text("333 × 200 px")
    assert site.strip.count() == 0
    for x, y in POINTS:
        site.ask(x, y)
        assert_drawn(site, maps(CHOSEN, str(path)), x, y)


def test_a_photo_stored_on_its_side_is_shown_upright(site, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it
    stored = quarters(320, 200).transpose(Image.Transpose.ROTATE_90)
    path = saved(tmp_path, "turned.jpg", encoded(stored, "JPEG", exif=exif, quality=95))
    site.upload(path)
    site.settled(picture=sha256(path))
    assert_quarters_shown(site)
    box = site.panel("photo", "marks").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(1.6, abs=0.02)


def test_a_photo_that_cannot_be_used_leaves_everything_as_it_was(site, tmp_path):
    good = encoded(quarters(300, 200))
    bad = {
        "text.png": (b"no picture at all", "not a picture"),
        "cut.png": (good[:len(good) // 2], "broken or cut short"),
        "empty.png": (b"", "empty"),
        "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', "SVG"),
        "dot.png": (encoded(Image.new("RGB", (1, 1))), "1 x 1 pixels"),
        "thread.png": (encoded(Image.new("RGB", (1, 4000))), "1 x 4000 pixels"),
        "bomb.png": (bomb(), "million"),
    }
    site.ask(*POINTS[0], click=True)
    panels, before = site.panels(), site.page.evaluate("site.viewer.state().key")
    for name, (content, words) in bad.items():
        site.upload(saved(tmp_path, name, content))
        expect(site.message, name).to_contain_text(name)
        expect(site.message, name).to_contain_text(words)
        site.settled(**before)
        assert site.panels() == panels and site.strip.count() == len(panels)
        assert_drawn(site, maps(CHOSEN), *POINTS[0])
        expect(site.page.locator("#photo img")).to_have_attribute("src", re.compile("lion"))
    path = saved(tmp_path, "good.png", good)
    site.upload(path)
    site.settled(picture=sha256(path))
    expect(site.message).to_be_hidden()
    assert_quarters_shown(site)


def test_a_photo_that_had_to_be_changed_says_how(site, tmp_path):
    frames = [quarters(300, 200), Image.new("RGB", (300, 200))]
    path = saved(tmp_path, "moving.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    site.upload(path)
    expect(site.message).to_contain_text("moving.gif has several frames; the first is shown.")
    assert_quarters_shown(site)


BROUGHT = """([bytes, name, how]) => {
    const carried = new DataTransfer(), content = Uint8Array.from(atob(bytes), letter => letter.charCodeAt(0));
    carried.items.add(new File([content], name, {type: "image/png"}));
    const [Event, carrier] = how === "drop" ? [DragEvent, "dataTransfer"] : [ClipboardEvent, "clipboardData"];
    document.querySelector(".nlviz-panels").dispatchEvent(
        new Event(how, {bubbles: true, cancelable: true, [carrier]: carried}));
}"""


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_a_photo_can_be_dropped_or_pasted_anywhere_on_the_page(site, tmp_path, how):
    path = saved(tmp_path, "brought.png", encoded(quarters(310, 200)))
    site.page.evaluate(BROUGHT, [base64.b64encode(path.read_bytes()).decode(), path.name, how])
    site.settled(picture=sha256(path))
    assert_quarters_shown(site)


def test_the_upload_button_opens_a_file_chooser_also_when_a_photo_is_there(site, tmp_path):
    path = saved(tmp_path, "chosen.png", encoded(quarters(310, 200)))
    site.page.locator("#photo-open").click()
    with site.page.expect_file_chooser() as chooser:
        site.page.get_by_role("button", name="Upload file").click()
    chooser.value.set_files(path)
    site.settled(picture=sha256(path))
    assert_quarters_shown(site)


def test_of_two_quick_choices_the_last_is_shown(site):
    site.resolution(448)
    for number in (2, 1):
        site.page.locator("#examples button.gallery-item").nth(number).click()
    site.settled(picture=sha256(EXAMPLES[1]))
    expect(site.page.locator("#photo img")).to_have_attribute("src", re.compile("cheetah"))


def test_the_keys_still_work_after_a_click_on_any_panel(site):
    site.ask(*POINTS[0], panel=site.panels()[0], click=True)
    before = site.status.inner_text()
    site.page.keyboard.press("ArrowRight")
    expect(site.status).not_to_have_text(before)


def test_a_dropped_file_that_is_no_picture_is_said_and_does_not_leave_the_page(site):
    notes = [base64.b64encode(b"notes").decode(), "notes.txt", "drop"]
    site.page.evaluate(BROUGHT.replace("image/png", "text/plain"), notes)
    expect(site.message).to_contain_text("notes.txt: neither a picture, a video nor a checkpoint")
    assert_drawn(site, maps(CHOSEN), 0.5, 0.5)


class Failing(torch.nn.Sequential):
    """A user's network whose forward pass fails."""

    def forward(self, x):
        raise RuntimeError("no such layer")


def test_a_failing_network_is_said_while_the_new_photo_stays_in_the_box_and_in_the_others(browser, tmp_path):
    _, url, _ = launch({"good": network(), "bad": Failing(*network())}, prevent_thread_lock=True, quiet=True)
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    site = Visitor(page, url)
    page.goto(url)
    expect(site.message).to_contain_text("bad: its forward pass failed on an input of 448 × 448 pixels (RuntimeError: no such ")
    path = saved(tmp_path, "mine.png", encoded(quarters(333, 200)))
    site.upload(path)
    site.settled(picture=sha256(path), networks=["good"])
    expect(site.message).to_contain_text("no such layer")
    page.locator("#photo-open").click()
    page.locator("#resolution input[value='224']").check()  # runs the photo that the page takes for the one in the box
    site.settled(resolution=224)
    assert page.evaluate("site.viewer.state().key")["picture"] == sha256(path)
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("mine"))
    page.close()
    assert not site.wrong()


def test_an_emptied_photo_box_leaves_the_maps_and_takes_the_next_photo(site, tmp_path):
    site.page.locator("#photo-open").click()
    site.page.get_by_role("button", name="Remove Image").click()
    expect(site.page.locator("#photo img")).to_have_count(0)
    expect(site.message).to_contain_text("Choose a photo")
    assert_drawn(site, maps(CHOSEN), 0.5, 0.5)
    path = saved(tmp_path, "next.png", encoded(quarters(310, 200)))
    site.upload(path)
    site.settled(picture=sha256(path))
    assert_quarters_shown(site)


def test_an_example_is_shown_when_clicked(site):
    site.page.locator("#examples button.gallery-item").nth(1).click()
    site.settled(picture=sha256(EXAMPLES[1]))
    assert_drawn(site, maps(CHOSEN, EXAMPLES[1]), *BEGINNINGS[EXAMPLES[1]].query)


def test_two_visitors_at_once_never_see_each_others_photo(site, visit, tmp_path):
    visitors = [site, visit()]
    colours = [(200, 30, 30), (30, 30, 200)]
    for turn in range(2):
        photos = [Image.new("RGB", (160 + 16 * turn, 240), colour) for colour in colours]
        paths = [saved(tmp_path, f"{turn}{i}.png", encoded(photo)) for i, photo in enumerate(photos)]
        for visitor, path in zip(visitors, paths):
            visitor.upload(path)  # both run now
        for visitor, path, colour in zip(visitors, paths, colours):
            visitor.settled(picture=sha256(path))
            np.testing.assert_allclose(visitor.photo_colours(CORNERS), [(*colour, 255)] * 4, atol=6)
            assert_drawn(visitor, maps(CHOSEN, str(path)), 0.5, 0.5)
