"""Networks as chips: added from the list, removed, dragged into order, chosen by a preset."""

import pytest
from playwright.sync_api import expect

from nlviz.ui.presets import PRESETS, bundled_groups
from tests.ui.visitor import CHOSEN, OF_PHOTOS


def drag(site, name: str, to: str) -> None:
    """Take a chip by the pointer to the far half of another one."""
    grip, over = (site.page.locator(f".nlviz-chip[data-name='{one}'] .nlviz-grip").bounding_box() for one in (name, to))
    forward = grip["x"] < over["x"]
    site.page.mouse.move(grip["x"] + 20, grip["y"] + 12)
    site.page.mouse.down()
    site.page.mouse.move(over["x"] + over["width"] / 2, over["y"] + 12, steps=4)
    site.page.mouse.move(over["x"] + (over["width"] + 8 if forward else 3), over["y"] + 12, steps=3)
    site.page.mouse.up()


def in_order(site, names: list[str]) -> None:
    """The chips, the panels and the address have this order."""
    site.page.wait_for_function("names => String(site.viewer.state().key.networks) === String(names)", arg=names)
    site.settled()
    assert site.chips() == site.networks() == names


def test_networks_can_be_added_and_all_taken_away(site):
    site.tick(*CHOSEN, "caltech101_snl")
    in_order(site, [*CHOSEN, "caltech101_snl"])  # the newest goes last
    for name in (*CHOSEN, "caltech101_snl"):
        site.page.locator(f".nlviz-chip[data-name='{name}'] .nlviz-away").click()
    expect(site.message).to_contain_text("Choose at least one network")
    site.tick("caltech101_snl")
    in_order(site, ["caltech101_snl"])
    expect(site.message).to_be_hidden()


def test_panels_are_made_once_for_each_answer(site):
    site.page.evaluate("""() => {
        site.made = 0;
        new MutationObserver(() => { site.made++; }).observe(document.querySelector(".nlviz-panels"), {childList: true});
    }""")
    for count in (1, 2, 3):
        site.page.locator(f".nlviz-chip[data-name='{CHOSEN[-count]}'] .nlviz-away").click()
        in_order(site, CHOSEN[:-count])
    assert site.page.evaluate("site.made") == 3


def test_the_order_of_the_chips_is_that_of_the_panels_and_a_chip_can_be_dragged(site, visit):
    first, *others = CHOSEN
    drag(site, first, others[-1])
    in_order(site, [*others, first])
    drag(site, first, others[0])
    in_order(site, CHOSEN)
    drag(site, others[0], first)
    in_order(site, [others[0], first, *others[1:]])
    site.page.wait_for_function("networks => location.hash.includes(networks)", arg=f"{others[0]}%2C{first}")
    in_order(visit(site.page.evaluate("location.hash")), [others[0], first, *others[1:]])  # a link keeps it


def test_chips_are_moved_and_removed_by_keyboard_and_it_is_said(site):
    site.choose(*CHOSEN)
    second = CHOSEN[1]
    site.page.locator(f".nlviz-chip[data-name='{second}'] .nlviz-grip").focus()
    site.page.keyboard.press("ArrowLeft")
    in_order(site, [second, CHOSEN[0], *CHOSEN[2:]])
    said = site.page.locator("#networks .nlviz-spoken")
    expect(said).to_have_text(f"Non-local, embedded Gaussian: place 1 of {len(CHOSEN)}")
    site.page.keyboard.press("ArrowLeft")  # nothing is further left
    for _ in CHOSEN[1:]:
        site.page.keyboard.press("ArrowRight")
    in_order(site, [CHOSEN[0], *CHOSEN[2:], second])
    assert site.page.evaluate("document.activeElement.closest('.nlviz-chip').dataset.name") == second
    site.page.keyboard.press("Delete")
    in_order(site, [CHOSEN[0], *CHOSEN[2:]])
    assert site.page.evaluate("document.activeElement.closest('.nlviz-chip').dataset.name") == CHOSEN[-1]


@pytest.mark.parametrize("how", ["done", "escape", "beside", "again"])
def test_the_list_closes_when_one_is_done(site, how):
    opener, panel = site.page.locator("[data-action=add-open]"), site.page.get_by_role("dialog", name="Add networks")
    expect(panel).to_be_hidden()
    opener.click()
    expect(panel).to_be_visible()
    expect(site.page.get_by_role("searchbox")).to_be_focused()
    {"done": lambda: panel.get_by_role("button", name="Done").click(), "escape": lambda: site.page.keyboard.press("Escape"),
     "beside": lambda: site.page.locator("h1").click(), "again": opener.click}[how]()
    expect(panel).to_be_hidden()
    assert opener.get_attribute("aria-expanded") == "false"
    if how in ("done", "escape"):
        expect(opener).to_be_focused()


def test_the_list_takes_no_more_than_the_page_compares(site):
    site.choose(*PRESETS["Segmentation heads"].names)
    site.page.locator("[data-action=add-open]").click()
    site.page.locator("#networks input[name='msrc_gc']").check()
    panel = site.page.get_by_role("dialog", name="Add networks")
    expect(panel).to_contain_text("8 of 8: remove one to add another")
    expect(site.page.locator("#networks input[name='msrc_se']")).to_be_disabled()
    site.page.locator("#networks input[name='msrc_gc']").uncheck()
    expect(site.page.locator("#networks input[name='msrc_se']")).to_be_enabled()
    site.page.keyboard.press("Escape")
    site.settled(networks=PRESETS["Segmentation heads"].names)


@pytest.mark.parametrize("title", OF_PHOTOS[1:])
def test_a_preset_is_chosen_from_a_menu_that_says_what_is_seen(site, title):
    site.page.locator("[data-action=presets-open]").click()
    menu = site.page.get_by_role("dialog", name="Presets")
    for other, preset in PRESETS.items():
        expect(menu.locator(".nlviz-preset", has_text=other)).to_contain_text(preset.caption)
    site.page.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    site.preset(title)
    in_order(site, PRESETS[title].names)
    expect(site.page.locator(".nlviz-preset-caption")).to_have_text(PRESETS[title].caption)


def test_presets_can_be_chosen_by_keyboard(site):
    site.page.locator("[data-action=presets-open]").focus()
    for key in ("Enter", "ArrowDown", "ArrowDown", "ArrowUp", "Enter"):
        site.page.keyboard.press(key)
    in_order(site, list(PRESETS.values())[1].names)


def test_every_preset_is_of_networks_that_are_there_and_says_so_in_a_line():
    there = {network.name for networks in bundled_groups().values() for network in networks}
    assert {name for preset in PRESETS.values() for name in preset.names} <= there
    assert all(20 < len(preset.caption) <= 105 for preset in PRESETS.values())


@pytest.mark.parametrize("text, shown", [
    ("criss", {"msrc_criss_cross", "camvid_criss_cross"}), ("STREETS global", {"camvid_gc"}), ("caltech101_se", {"caltech101_se"}),
    ("nothing of the kind", set())])
def test_a_search_leaves_the_networks_that_have_every_word(site, text, shown):
    site.page.locator("[data-action=add-open]").click()
    boxes = site.page.locator("#networks input[type=checkbox]")
    everything = boxes.count()
    site.page.get_by_role("searchbox").fill(text)
    assert set(boxes.evaluate_all("all => all.filter(box => box.checkVisibility()).map(box => box.name)")) == shown
    assert site.page.get_by_text("No network matches.").is_visible() == (not shown)
    site.page.get_by_role("searchbox").fill("")
    assert sum(box.is_visible() for box in boxes.all()) == everything
    site.page.keyboard.press("Escape")
    assert site.chips() == CHOSEN  # searching chooses nothing


def test_the_difference_of_two_is_a_panel_of_its_own_and_a_link_keeps_it(site, visit):
    trained, other = "msrc_embedded_gaussian_times_free", "msrc_embedded_gaussian_as_is_free"
    site.choose(trained, other)
    name = f"{trained} minus {trained}@0"
    add = site.page.locator("[data-action=add-difference]")
    site.page.locator("[data-action=add-open]").click()
    first, second = (site.page.get_by_label(words) for words in ("Maps of", "Less those of"))
    assert (first.input_value(), second.input_value()) == (trained, f"{trained}@0")  # what its training did
    second.select_option(trained)
    expect(add).to_be_disabled()
    second.select_option(f"{trained}@0")
    add.click()
    expect(add).to_be_hidden()
    in_order(site, [trained, other, name])
    site.evenly().ask(0.4, 0.45)
    assert "its epoch 0" in site.page.locator(f".nlviz-panel[data-panel='{name}/0']").inner_text()
    site.page.locator(".nlviz-panel[data-panel^=msrc] .nlviz-effect-found").nth(1).wait_for()  # both networks' answers are here
    assert "with one map" not in site.page.locator(f".nlviz-panel[data-panel='{name}/0']").inner_text()  # it has no output
    what_if = site.page.locator("[data-choice=what-if]")
    what_if.select_option("rows shuffled")  # where it is asked, it says why there is nothing
    expect(site.page.locator(f".nlviz-panel[data-panel='{name}/0']")).to_contain_text("n/a: there are maps here and no output")
    what_if.select_option("its own maps")
    drawn = site.pixels(f"{name}/0")[..., :3].astype(int)
    assert (drawn[..., 0] - drawn[..., 2]).max() > 50  # red: where training put the weight
    site.page.wait_for_function("name => location.hash.includes(name)", arg="minus")
    again = visit(site.page.evaluate("location.hash"))
    in_order(again, [trained, other, name])
    again.page.locator(f".nlviz-chip[data-name='{name}'] .nlviz-away").click()
    in_order(again, [trained, other])
    assert not site.wrong() and not again.wrong()
