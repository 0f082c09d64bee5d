"""Screens of every width, on a phone, light and dark; and a figure of what is on screen."""

import io

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from tests.ui.answers import MIXED, POINTS


def assert_fits(site, width):
    assert site.page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [site.panel(name).bounding_box() for name in site.panels()]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width and box["width"] > 130 for box in boxes)
    assert width < 640 or len({box["y"] for box in boxes}) <= 2


@pytest.mark.parametrize("width", [1024, 2560])
def test_the_page_fits_the_screen(site, width):
    site.page.set_viewport_size({"width": width, "height": 844})
    assert_fits(site.drawn(), width)


def test_the_page_fits_a_phone_and_a_tap_pins(visit):
    site = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    assert_fits(site, 390)
    canvas = site.panel("photo", "marks")
    canvas.scroll_into_view_if_needed()
    canvas.tap()
    expect(site.strip).to_have_count(len(site.panels()))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_on_light_and_on_dark(request, scheme):
    site = request.getfixturevalue("site") if scheme == "light" else request.getfixturevalue("visit")(color_scheme="dark")

    def luminance(selector, of):
        rgb = site.page.locator(selector).first.evaluate(f"node => site.rgb(getComputedStyle(node).{of})")
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])

    ground = luminance(".nlviz", "backgroundColor")
    assert ground < 0.05 if scheme == "dark" else ground > 0.9
    names = "line status subtitle measure control words here unfold grip preset-caption score sort"
    for selector in (*(f".nlviz-{name}" for name in names.split()), ".nlviz-said td"):
        text = luminance(selector, "color")
        contrast = (max(text, ground) + 0.05) / (min(text, ground) + 0.05)
        assert contrast >= 4.5, f"{selector}: {contrast:.1f} : 1"


def test_the_colour_bar_and_the_status_line_are_in_sight_while_hovering(site):
    site.choose(*MIXED)
    site.ask(*POINTS[0])
    reading = site.page.locator(".nlviz-reading").bounding_box()
    assert reading["y"] + reading["height"] <= 1000 + 1
    tops = set()
    for x, y in POINTS:
        site.ask(x, y)
        tops.add(site.panel("photo", "marks").bounding_box()["y"])
    assert len(tops) == 1  # nothing jumps


@pytest.mark.parametrize("kind, magic", [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_the_pinned_queries_are_exported_as_a_figure(site, kind, magic):
    for x, y in POINTS[::2]:
        site.ask(x, y, click=True)
    path = site.export(kind)
    assert path.name == f"nlviz_lion.{kind}"
    content = path.read_bytes()
    assert content.startswith(magic) and len(content) > 20_000
    if kind == "png":
        image = Image.open(io.BytesIO(content)).convert("RGB")
        assert min(image.size) > 500 and len(set(image.resize((60, 60)).get_flattened_data())) > 100  # a figure, not a blank sheet
    expect(site.page.locator(".nlviz-busy")).to_be_hidden()
    expect(site.message).to_be_hidden()
