"""Networks ticked, searched, and chosen by a preset."""

import pytest
from playwright.sync_api import expect

from nlviz.models import MODELS
from nlviz.ui.presets import PRESETS
from tests.ui.visitor import CHOSEN


def test_networks_can_be_added_and_all_taken_away(site):
    site.tick(*CHOSEN, "caltech101_snl")
    assert "caltech101_snl/0" in site.panels()
    for name in (*CHOSEN, "caltech101_snl"):
        site.page.locator(f"#networks input[name='{name}']").uncheck()
    expect(site.message).to_contain_text("Choose at least one network")
    site.tick("caltech101_snl")
    assert site.panels() == ["caltech101_snl/0"]
    expect(site.message).to_be_hidden()


@pytest.mark.parametrize("words", list(PRESETS)[1:])
def test_a_preset_is_one_click(site, words):
    site.page.get_by_role("button", name=words, exact=True).click()
    site.settled(networks=PRESETS[words])
    ticked = site.page.locator("#networks input:checked").evaluate_all("all => all.map(box => box.name)")
    assert sorted(ticked) == sorted(PRESETS[words])


def test_every_preset_is_of_networks_that_are_there():
    assert {name for names in PRESETS.values() for name in names} <= {name for name, spec in MODELS.items() if spec.block}


@pytest.mark.parametrize("text, shown", [
    ("criss", {"msrc_criss_cross", "camvid_criss_cross"}), ("STREETS global", {"camvid_gc"}), ("caltech101_se", {"caltech101_se"}),
    ("nothing of the kind", set())])
def test_a_search_leaves_the_networks_that_have_every_word(site, text, shown):
    boxes = site.page.locator("#networks input[type=checkbox]")
    everything = boxes.count()
    site.page.get_by_role("searchbox").fill(text)
    assert set(boxes.evaluate_all("all => all.filter(box => box.checkVisibility()).map(box => box.name)")) == shown
    assert site.page.get_by_text("No network matches.").is_visible() == (not shown)
    site.page.get_by_role("searchbox").fill("")
    assert sum(box.is_visible() for box in boxes.all()) == everything
    assert sorted(site.page.evaluate("site.viewer.state().key.networks")) == sorted(CHOSEN)  # searching chooses nothing
