"""What if, on the page: what is drawn with maps replaced is Python's own prediction, and sentences are Python's own."""

import numpy as np
import pytest
import torch

from nlviz.capture import replaced_maps
from nlviz.measures import effects, head_effects
from nlviz.models import predict
from nlviz.viewer.scene import class_colour
from tests.ui.answers import analysed, cells_in_picture
from tests.ui.visitor import SIZE, Visitor, address

NAMES = ["msrc_embedded_gaussian", "msrc_dual", "msrc_se", "caltech101_embedded_gaussian"]


@pytest.fixture
def lion(visit) -> Visitor:
    site = visit(address(NAMES))
    site.page.wait_for_function("!site.viewer.state().asksEffects")
    return site.drawn()


def sentence(site: Visitor, panel: str) -> str:
    text = site.page.locator(f".nlviz-panel[data-panel='{panel}'] .nlviz-effect-sentence").text_content()
    return text.replace("\xa0", " ")


def expected(name: str, how: str) -> str:
    analysis = analysed(name)
    return effects(analysis.model, analysis.picture, [how], resolution=SIZE)[0]["sentence"]


def choose(site: Visitor, words: str) -> None:
    site.page.locator("[data-choice=what-if]").select_option(words)
    site.page.wait_for_function("""!document.querySelector(".nlviz-panels").textContent.includes("on its way")""")
    site.drawn()


def drawn_labels(site: Visitor, name: str, prediction: dict) -> tuple[list, list]:
    """Colours at the middle of each cell of the segmentation, and those of Python's labels."""
    analysis, labels = analysed(name), prediction["labels"]
    cells, points = cells_in_picture(analysis.frame.place(tuple(labels.shape)))
    chosen = slice(None, None, 7)
    found = [tuple(colour[:3]) for colour in site.colours(f"{name}/0", points[chosen])]
    colours = [class_colour(int(labels[cell])) for cell in cells[chosen]]
    return found, [tuple(int(colour[at:at + 2], 16) for at in (1, 3, 5)) for colour in colours]


def replaced(name: str, how: str) -> dict:
    """Python's own prediction under ``replaced_maps``."""
    analysis = analysed(name)
    with torch.inference_mode(), replaced_maps(analysis.model.net, how):
        output = analysis.model(analysis.model.preprocess(analysis.picture, SIZE)[0])
    return predict(analysis.model, output)


def test_the_segmentation_drawn_without_attention_is_pythons_own_and_comes_back(lion):
    lion.page.evaluate("site.viewer.restore({settings: {segmentation: true, veil: 'even', opacity: 1}})")
    name, gates = NAMES[0], "msrc_se"
    own = drawn_labels(lion.drawn(), name, analysed(name).prediction)
    assert own[0] == own[1]
    choose(lion, "no attention")
    found, wanted = drawn_labels(lion, name, replaced(name, "nothing"))
    assert found == wanted and found != own[0]
    found, wanted = drawn_labels(lion, gates, analysed(gates).prediction)  # no maps to replace, as its sentence says
    assert found == wanted and "n/a" in sentence(lion, f"{gates}/0")
    choose(lion, "its own maps")
    assert drawn_labels(lion, name, analysed(name).prediction)[0] == own[0]


def test_the_sentences_are_pythons_own(lion):
    for words, how in {"its own maps": "mean row", "each attends to itself": "identity", "rows shuffled": "shuffled"}.items():
        choose(lion, words)
        for name in NAMES:
            assert sentence(lion, f"{name}/0") == expected(name, how)
    assert sentence(lion, "msrc_dual/1") == sentence(lion, "msrc_dual/0")


def test_hovering_asks_nothing_whatever_is_chosen(lion):
    choose(lion, "all keys alike")
    lion.measured()
    lion.requests.clear()
    for x in np.linspace(0.1, 0.9, 9):
        lion.ask(float(x), 0.4)
    choose(lion, "its own maps")  # known already
    assert lion.requests == []


def test_how_much_each_head_matters_is_pythons_own(visit):
    site = visit(address(["dinov2_small"]))
    site.page.wait_for_function("site.viewer.state().panels.every(({layers}) => layers === 12)")
    site.page.locator(".nlviz-depends-stacks").scroll_into_view_if_needed()
    site.page.wait_for_function("""(() => {
        const cells = [...document.querySelectorAll(".nlviz-effect-cell")];
        return cells.length === 72 && cells.every(one => one.textContent);
    })()""", timeout=90_000)
    analysis = analysed("dinov2_small")
    for one in head_effects(analysis.model, analysis.picture, resolution=SIZE, layers=[3, 12]):
        cell = site.page.locator(f".nlviz-effect-cell[data-map='layer {one['layer']}, head {one['head']}']")
        assert float(cell.inner_text()) == pytest.approx(100 * one["relative_change"], rel=0.06, abs=0.06)
    site.page.locator(".nlviz-scatter").scroll_into_view_if_needed()
    box = site.page.locator(".nlviz-scatter circle[data-map='layer 9, head 4']").bounding_box()
    site.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    assert site.page.evaluate("site.viewer.state().parts") == {"dinov2_small/0": "layer 9, head 4"}
