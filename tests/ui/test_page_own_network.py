"""A checkpoint of one's own in the page, as a person brings it: dropped, answered for, compared, hovered."""

import base64
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import TimeoutError, expect

from nlviz.analysis import analyse
from nlviz.models import read_checkpoint, rebuilt_model, recognise
from tests.browser import WAIT
from tests.guarded.tiny import TINY as ARCH
from tests.guarded.tiny import plain_file, tiny_file
from tests.ui.answers import assert_drawn
from tests.ui.own import ANSWERS, LIMITS, TINY, served_page
from tests.ui.visitor import LION, SCREEN, Visitor

DROP = """async ([name, content]) => {
    const bytes = Uint8Array.from(atob(content), letter => letter.charCodeAt(0)), data = new DataTransfer();
    data.items.add(new File([bytes], name));
    for (const kind of ["dragover", "drop"])
        document.querySelector(".nlviz-root").dispatchEvent(
            new DragEvent(kind, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


@pytest.fixture(scope="module")
def served():
    with pytest.MonkeyPatch.context() as patch:
        page, url = served_page(patch)
        yield url
        page.close()


class Owner(Visitor):
    """A visitor who brings a checkpoint along."""

    def tab(self, name: str = "Your network") -> "Owner":
        self.page.get_by_role("tab", name=name).click()
        return self

    def choose(self, path: Path) -> "Owner":
        self.page.locator("#own input[type=file]").set_input_files(path)
        return self

    def read(self, path: Path) -> "Owner":
        self.tab().choose(path)
        expect(self.page.locator(".nlviz-own-result")).to_contain_text(path.name)
        return self

    def answer(self, **answers: str) -> "Owner":
        for name, value in answers.items():
            self.page.locator(f".nlviz-questions input[name={name}][value={value}]").check()
        return self

    def compare(self) -> "Owner":
        self.page.locator("[data-action=own-compare]").click()
        return self

    @property
    def said(self):
        return self.page.locator(".nlviz-own-said")


@pytest.fixture
def come(browser, served):
    owners = []

    def come(**options) -> Owner:
        context = browser.new_context(**{"viewport": SCREEN} | options)
        owners.append(Owner(context.new_page(), served))
        owners[-1].open()
        return owners[-1]

    yield come
    for owner in owners:
        owner.page.context.close()
        assert not owner.wrong()


def placed_of(path: Path, **answers):
    """The maps that Python finds in the file's network."""
    model = rebuilt_model(recognise(read_checkpoint(path), (ARCH,)), ANSWERS | answers, TINY)
    return analyse(model, LION, 192).maps[0]


def test_a_checkpoint_is_dropped_answered_for_compared_and_hovered(come, tmp_path):
    """With the process that reads, and drawn as Python computes it."""
    owner, path = come(), tiny_file(tmp_path / "real net.pth")
    owner.page.evaluate(DROP, [path.name, base64.b64encode(path.read_bytes()).decode()])  # on the photo, in the tab Compare
    expect(owner.page.get_by_role("tab", name="Your network")).to_have_attribute("aria-selected", "true")
    expect(owner.page.locator(".nlviz-doing")).to_contain_text("real net.pth")
    form = owner.page.locator(".nlviz-own-result")
    expect(form).to_contain_text("Tiny non-local network (tests)", timeout=120_000)
    expect(form).to_contain_text("decode_head.nl_block")
    expect(form).to_contain_text("the auxiliary head (1 tensors), optimizer")
    assert owner.page.locator(".nlviz-questions input:checked").count() == 0  # nothing is taken unasked
    assert owner.page.locator(".nlviz-questions fieldset").first.locator("label").first.inner_text().split() == [
        "embedded", "gaussian", "softmax", "over", "the", "keys", "usual"]
    owner.answer(mode="dot_product", use_scale="yes").compare()
    name = "file:real net.pth?mode=dot_product&use_scale=yes"
    owner.settled(networks=["gc", name])
    expect(owner.page.get_by_role("tab", name="Compare")).to_have_attribute("aria-selected", "true")
    assert owner.chips() == [name, "gc"] and owner.networks() == [name, "gc"]  # beside the photo
    placed = {f"{name}/0": placed_of(path, mode="dot_product")}
    owner.page.locator(".nlviz-chip [aria-label='Remove gc']").click()
    owner.settled(networks=[name]).evenly()
    for x, y in ((0.3, 0.4), (0.8, 0.7)):
        owner.ask(x, y)
        assert_drawn(owner, placed, x, y, scale="shared", veil="even")


def test_a_missing_answer_is_asked_for_and_nothing_is_compared(come, tmp_path):
    owner = come().read(tiny_file(tmp_path / "net.pth"))
    expect(owner.page.locator(".nlviz-open-questions")).to_have_text("2 questions open")
    owner.answer(mode="dot_product").compare()
    expect(owner.page.locator(".nlviz-open-questions")).to_contain_text("Answer this first: Are queries times keys")
    assert owner.page.evaluate("document.activeElement.name") == "use_scale" and owner.chips() == ["gc"]
    owner.page.locator("[data-action=own-usual]").click()
    owner.compare().settled(networks=["gc", TINY])


def test_one_without_questions_is_compared_at_one_click_and_removed_at_another(come, tmp_path):
    owner = come().read(plain_file(tmp_path / "plain.pt"))
    expect(owner.page.locator(".nlviz-own-result")).to_contain_text("is untrained")
    owner.compare().settled(networks=["gc", "file:plain.pt"])
    owner.tab().page.locator("[data-action=own-remove]").click()
    owner.settled(networks=["gc"])
    assert owner.chips() == ["gc"] and owner.page.locator(".nlviz-mine").is_hidden()


def test_it_is_listed_searched_and_studied_like_any_other(come, tmp_path):
    owner = come().read(tiny_file(tmp_path / "net.pth"))
    owner.page.locator("[data-action=own-usual]").click()
    owner.compare().settled(networks=["gc", TINY])
    owner.tick("dot_product", "gc")
    owner.tick("dot_product", "gc", TINY)
    assert owner.networks()[-1] == TINY
    owner.tab("Study").page.locator("#study-networks input").click()
    expect(owner.page.get_by_role("option", name=re.compile("Your network: net"))).to_be_visible()


def test_an_export_carries_the_file_and_the_answers_and_brings_the_view_back(come, tmp_path):
    owner = come().read(tiny_file(tmp_path / "net.pth"))
    owner.page.locator("[data-action=own-usual]").click()
    owner.compare().settled(networks=["gc", TINY])
    figure = owner.ask(0.4, 0.4, click=True).export("svg")
    owner.tick("gc")
    owner.page.locator("#figure input[type=file]").set_input_files(figure)
    owner.settled(networks=["gc", TINY])
    other = come()
    other.page.locator("#figure input[type=file]").set_input_files(figure)
    expect(other.message).to_contain_text("drop net.pth in the tab Your network and answer mode: embedded_gaussian, use_scale: yes")


def test_a_form_is_made_once_so_that_no_answer_is_lost(come, tmp_path):
    owner = come().tab()
    owner.page.evaluate("""() => {
        site.made = 0;
        const forms = records => records.filter(({addedNodes}) => [...addedNodes].some(node => node.querySelector?.("form")));
        new MutationObserver(records => { site.made += forms(records).length; })
            .observe(document.querySelector("#own"), {childList: true, subtree: true});
    }""")
    owner.read(tiny_file(tmp_path / "net.pth")).page.locator("[data-action=own-usual]").click()
    owner.compare().settled(networks=["gc", TINY])  # by then all is here that came of the file
    assert owner.page.evaluate("site.made") == 1


def test_two_visitors_with_one_name_are_drawn_their_own_weights_and_see_nothing_of_each_other(come, tmp_path):
    owners = [come(), come()]
    for seed, owner in enumerate(owners):
        (tmp_path / str(seed)).mkdir()
        owner.read(tiny_file(tmp_path / str(seed) / "net.pth", seed)).page.locator("[data-action=own-usual]").click()
        owner.compare().settled(networks=["gc", TINY])
    for seed, owner in enumerate(owners):
        owner.page.locator(".nlviz-chip [aria-label='Remove gc']").click()
        owner.settled(networks=[TINY]).evenly().ask(0.6, 0.3)
        assert_drawn(owner, {f"{TINY}/0": placed_of(tmp_path / str(seed) / "net.pth")}, 0.6, 0.3, scale="shared", veil="even")
    first, second = (owner.pixels(f"{TINY}/0") for owner in owners)
    assert (first != second).mean() > 0.2
    third = come()
    third.tab()
    assert third.page.locator(".nlviz-mine").is_hidden() and "net.pth" not in third.page.content()


@pytest.mark.parametrize("name, content, words", [
    ("net.zip", b"x", "net.zip: a checkpoint's name ends in .safetensors, .pth, .pt, .bin, .ckpt, .pyth or .tar."),
    ("large.pth", bytes(LIMITS.checkpoint_mb * 2**20 + 1), "this page takes checkpoints of up to 3 MB"),
    ("empty.pth", b"", "empty.pth is empty"), ("text.pth", b"<html>", "holds no weights that can be read safely")])
def test_what_cannot_be_used_is_said_in_a_sentence_and_nothing_is_lost(come, tmp_path, name, content, words):
    owner = come().read(tiny_file(tmp_path / "net.pth")).answer(mode="dot_product")
    (tmp_path / name).write_bytes(content)
    owner.choose(tmp_path / name)
    expect(owner.said).to_contain_text(words)
    assert "nlviz-error" in owner.said.get_attribute("class")
    expect(owner.page.locator(".nlviz-questions input:checked")).to_have_value("dot_product")
    owner.tab("Compare")
    assert owner.chips() == ["gc"]


def test_the_empty_tab_says_what_is_taken_known_and_kept(come):
    owner = come().tab()
    text = owner.page.locator(".nlviz-yours").inner_text()
    for words in ("Drop a checkpoint here", ".safetensors, .pth, .pt, .bin, .ckpt, .pyth or .tar, up to 3 MB",
                  "Nothing in the file is run or unpickled", "deleted when you close this page", "Tiny non-local network (tests)"):
        assert words in text


def chosen_by_enter(page):
    """The dialog for a file; a Chromium that has hardly a core to itself has been seen to open none at the first press."""
    try:
        with page.expect_file_chooser(timeout=WAIT / 3) as chooser:
            page.keyboard.press("Enter")
    except TimeoutError:
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
    return chooser.value


def test_it_is_worked_by_keyboard(come, tmp_path):
    owner = come().tab()
    expect(owner.page.locator("[data-action=own-choose]")).to_be_visible()
    for _ in range(3):  # past the other tab
        if owner.page.evaluate("document.activeElement.dataset.action") != "own-choose":
            owner.page.keyboard.press("Tab")
    assert owner.page.evaluate("document.activeElement.dataset.action") == "own-choose"
    chosen_by_enter(owner.page).set_files(tiny_file(tmp_path / "net.pth"))
    expect(owner.page.locator(".nlviz-own-result")).to_contain_text("net.pth")
    assert owner.page.evaluate("document.activeElement.tagName") == "H3"  # what is read out next is what came
    for key in ("Tab", "Space", "Tab", "Space", "Tab", "Enter"):  # a radio button, the next question's, the button
        owner.page.keyboard.press(key)
    owner.settled(networks=["gc", TINY])


@pytest.mark.parametrize("width, scheme", [(1440, "light"), (1024, "dark"), (390, "light"), (390, "dark")])
def test_it_fits_the_screen_and_can_be_read(come, tmp_path, width, scheme):
    owner = come(viewport={"width": width, "height": 800}, color_scheme=scheme).read(tiny_file(tmp_path / "net.pth"))
    wide, names = owner.page.evaluate("""() => [document.scrollingElement.scrollWidth,
        [...document.querySelectorAll("[role=tab]")].filter(tab => tab.offsetParent)
            .filter(tab => tab.getBoundingClientRect().right <= innerWidth).map(tab => tab.textContent.trim())]""")
    assert wide <= width and {"Compare", "Study", "Your network", "How to read this"} <= set(names)
    for part in (".nlviz-told dd", ".nlviz-held", ".nlviz-questions legend", ".nlviz-questions label span", ".nlviz-drop p"):
        front, back = owner.page.locator(part).first.evaluate("""node => {
            let ground = node;
            while (getComputedStyle(ground).backgroundColor === "rgba(0, 0, 0, 0)") ground = ground.parentElement;
            return [getComputedStyle(node).color, getComputedStyle(ground).backgroundColor].map(site.rgb); }""")
        lights = sorted(float(np.dot([0.2126, 0.7152, 0.0722], [(c / 255) ** 2.2 for c in rgb])) for rgb in (front, back))
        assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 4.4, part
