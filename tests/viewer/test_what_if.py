"""What if: sentences, predictions and segmentations with maps replaced, in a viewer whose server the test plays."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.viewer.pages import PHOTO, TABLES, assert_feature_drawn, colours, drawn, evenly, heat, node, point
from tests.viewer.scenes import FULL, MAPS, PICTURE, packed, scene, the

SERVER = """([colourMaps, diverging, offline]) => {
    window.asked = [];
    window.held = false;
    window.waiting = [];
    window.predictions = {};
    window.exported = [];
    const ask = request => new Promise((resolve, reject) => {
        const {network, how, snapshots} = request, name = `${network} ${how}`;
        asked.push(name);
        window.request = request;
        const answer = {how, sentence: `${how} of ${network}: 2.0 % of pixels change class`, reason: "",
                        prediction: predictions[name] || null};
        const none = {how, sentence: `${how}: n/a: only gates here`, reason: "only gates here", prediction: null};
        waiting.push({resolve: () => resolve(network === "global" ? none : answer), reject: text => reject(new Error(text))});
        if (!held) waiting.at(-1).resolve();
    });
    const root = document.createElement("div");
    document.body.replaceChildren(root);
    window.viewer = createViewer(root, {colourMaps, diverging, onEffect: ask, ...(offline ? {} : {onWhatIf: ask}),
        onExport: async request => { exported.push(request); return {name: "figure.png", data: "", type: "image/png"}; }});
}"""
OWN, OTHER = "#336699", "#cc2211"


def segmentation(colour: str) -> dict:
    return {"kind": "segmentation", "grid": [2, 2], "place": {"scale": [2, 2], "offset": [0, 0]},
            "labels": packed(np.zeros(4), "u1"),
            "classes": [{"index": 0, "name": f"class {colour}", "colour": colour, "share": 1.0}]}


def panels(*names: str) -> list[dict]:
    return [dict(the(name), prediction=segmentation(OWN)) for name in names]


def show(page, *names: str, offline: bool = False, **changes) -> None:
    page.evaluate(SERVER, [*TABLES, offline])
    put(page, *names, **changes)


def put(page, *names: str, **changes) -> None:
    page.evaluate("scene => viewer.show(scene)", scene(panels=panels(*names), **changes))
    drawn(page)


def answer(page, name: str, colour: str) -> None:
    page.evaluate("([name, prediction]) => { predictions[name] = prediction; }", [name, segmentation(colour)])


def choose(page, words: str) -> None:
    page.locator("[data-choice=what-if]").select_option(words)


def line(page, name: str):
    return page.locator(f"{node(the(name))} .nlviz-effect")


def said(page, name: str) -> str:
    return page.locator(f"{node(the(name))} .nlviz-effect-sentence").inner_text().replace("\xa0", " ").replace("\n", " ")


def rgb(colour: str) -> list[int]:
    return [int(colour[at:at + 2], 16) for at in (1, 3, 5)]


def wait_asked(page, *names: str) -> None:
    page.wait_for_function("names => asked.join() === names.join()", arg=list(names))
    drawn(page)


def test_the_sentence_of_one_map_for_all_stands_below_each_panel_asked_once_a_network_and_never_while_hovering(bare):
    show(bare, "dense", "dot")
    wait_asked(bare, "dense mean row", "dot mean row")
    for name in ("dense", "dot"):
        assert said(bare, name) == f"mean row of {name}: 2.0 % of pixels change class"
    assert bare.evaluate("request") == {"key": {"picture": "1"}, "network": "dot", "how": "mean row", "snapshots": {}}
    for x in np.linspace(0.05, 0.95, 12):
        point(bare, PHOTO, float(x), 0.5)
    put(bare, "dot")
    put(bare, "dot", "dense")  # seen before
    assert not bare.evaluate("viewer.state().asksEffects")
    assert said(bare, "dense").startswith("mean row of dense")
    assert bare.evaluate("asked.length") == 2
    put(bare, "dense", key={"picture": "2"}, picture=scene()["picture"] | {"url": PICTURE.format(310, 200)})
    wait_asked(bare, "dense mean row", "dot mean row", "dense mean row")


def test_nothing_moves_when_the_sentence_comes(bare):
    bare.evaluate(SERVER, [*TABLES, False])
    bare.evaluate("held = true")
    put(bare, "dense", "dot")
    ends = """[...document.querySelectorAll(".nlviz-strip, .nlviz-more, .nlviz-panel")]
        .map(one => one.getBoundingClientRect().bottom)"""
    bare.wait_for_function("asked.length === 1")
    before = bare.evaluate(ends)
    assert bare.evaluate("viewer.state().asksEffects")
    bare.evaluate("held = false; waiting[0].resolve()")
    wait_asked(bare, "dense mean row", "dot mean row")
    assert said(bare, "dot") and bare.evaluate(ends) == before


def test_a_replacement_redraws_segmentation_and_prediction_and_its_own_maps_bring_them_back(bare):
    show(bare, "dense", "channels")
    answer(bare, "dense nothing", OTHER)
    answer(bare, "channels nothing", OTHER)
    evenly(bare)
    bare.evaluate("viewer.restore({settings: {segmentation: true}})")
    expected = {"its own maps": OWN, "no attention": OTHER, "its own maps ": OWN}
    for words, colour in expected.items():
        choose(bare, words.strip())
        bare.wait_for_function("how => viewer.state().whatIf === how", arg="nothing" if "no" in words.split() else "")
        for name in ("dense", "channels"):
            expect(line(bare, name)).to_contain_text("nothing of" if colour == OTHER else "mean row of")
            assert colours(bare, heat(the(name)), [(0.3, 0.3)]).tolist() == [[*rgb(colour), 255]]
            legend = bare.locator(f"{node(the(name))} .nlviz-said").text_content()
            assert f"class {colour}" in legend and ("What if: no attention" in legend) == (colour == OTHER)


def test_the_heatmaps_stay_those_of_its_own_pass_and_the_bar_says_so(bare):
    show(bare, "dense")
    evenly(bare)
    before = colours(bare, heat(the("dense")), [(0.1 * at, 0.5) for at in range(10)]).tolist()
    bar = bare.locator(".nlviz-bars .nlviz-words")
    assert "own pass" not in bar.inner_text()
    choose(bare, "rows shuffled")
    expect(line(bare, "dense")).to_contain_text("shuffled of dense")
    assert colours(bare, heat(the("dense")), [(0.1 * at, 0.5) for at in range(10)]).tolist() == before
    assert bar.inner_text().startswith("maps of its own pass · ")
    bare.locator("[data-action=export-open]").click()
    assert "whatever is chosen at What if" in bare.locator(".nlviz-export-note").inner_text()


def test_a_network_that_has_none_says_so_and_keeps_its_own_segmentation(bare):
    show(bare, "global")
    evenly(bare)
    bare.evaluate("viewer.restore({settings: {segmentation: true}})")
    choose(bare, "all keys alike")
    expect(line(bare, "global")).to_have_text("uniform: n/a: only gates here")
    assert colours(bare, heat(the("global")), [(0.3, 0.3)]).tolist() == [[*rgb(OWN), 255]]


def test_what_is_chosen_is_asked_first_and_what_fails_is_asked_again_when_it_is_chosen_again(bare):
    bare.evaluate(SERVER, [*TABLES, False])
    bare.evaluate("held = true")
    put(bare, "dense", "dot")
    bare.wait_for_function("asked.length === 1")
    choose(bare, "no attention")
    expect(line(bare, "dense")).to_have_text("no attention: on its way …")
    bare.evaluate("waiting[0].resolve()")
    bare.wait_for_function("asked.length === 2")
    bare.evaluate("held = false; waiting[1].reject('too little memory')")
    wait_asked(bare, "dense mean row", "dense nothing", "dot nothing", "dot mean row")
    expect(line(bare, "dense")).to_have_text("no attention: n/a: too little memory")
    choose(bare, "its own maps")
    choose(bare, "no attention")
    expect(line(bare, "dense")).to_contain_text("nothing of dense")
    assert bare.evaluate("asked.at(-1)") == "dense nothing"


def test_the_sentence_of_a_network_with_several_panels_is_the_networks(bare):
    several = [dict(the("dense"), id=f"dense/{number}", title=f"dense ({number})") for number in (0, 1)]
    bare.evaluate(SERVER, [*TABLES, False])
    bare.evaluate("scene => viewer.show(scene)", scene(panels=several))
    lines = bare.locator(".nlviz-panel:not([data-panel=photo]) .nlviz-effect")
    expect(lines).to_have_text(["mean row of dense: 2.0 % of pixels change class, in the whole network"] * 2)
    assert bare.evaluate("asked") == ["dense mean row"]


def test_without_a_server_the_sentence_is_there_and_the_choice_is_not(bare):
    show(bare, "dense", offline=True)
    expect(line(bare, "dense")).to_contain_text("mean row of dense")
    assert bare.locator("[data-choice=what-if]").count() == 0


def test_a_viewer_that_can_ask_nobody_has_no_line(viewer):
    viewer.evaluate("scene => viewer.show(scene)", scene("dense"))
    assert not viewer.locator(".nlviz-effect").first.is_visible()


def test_feature_maps_of_channels_come_back_after_a_segmentation(bare):
    show(bare, "channels")
    evenly(bare)
    for shown in (True, False):
        bare.evaluate("shown => viewer.restore({settings: {segmentation: shown}})", shown)
    drawn(bare)
    assert_feature_drawn(bare, the("channels"), MAPS["channels/0", ""][FULL].sum(0).argmax())


@pytest.mark.parametrize("width", [1440, 1024, 390])
def test_nothing_is_wider_than_its_panel(bare, width):
    bare.set_viewport_size({"width": width, "height": 900})
    show(bare, "dense", "dot", "global", "channels")
    choose(bare, "each attends to itself")
    expect(line(bare, "dot")).to_contain_text("identity of dot")
    assert bare.evaluate("document.documentElement.scrollWidth") <= width
