"""Rows and columns of every map and term, in the colours of their scale."""

import numpy as np
import pytest

from nlviz.figures import DIVERGING
from tests.viewer.pages import (
    ask,
    centres,
    choose,
    choose_map,
    colours,
    column_of,
    evenly,
    heat,
    levels,
    node,
    row_of,
    scaled,
    show,
    unfold,
)
from tests.viewer.scenes import (
    CENTRED,
    FULL,
    MAPS,
    PAIRWISE,
    PANELS,
    PLACED,
    POINTS,
    RANDOM,
    TERMS,
    add,
    dense_map,
    floats,
    softmax,
    the,
)

# Points at each place, in both directions: what the viewer computed, says, and drew in the middle of a panel.
POINTING = """async ([id, points]) => {
    const photo = document.querySelector(".nlviz-panels .nlviz-marks[data-panel=photo]"), found = [];
    const direction = document.querySelector("select[data-setting=direction]");
    const heat = document.querySelector(`.nlviz-panels .nlviz-heat[data-panel='${id}']`);
    for (const value of ["attends to", "attended by"]) {
        direction.value = value;
        direction.dispatchEvent(new Event("change"));
        for (const [x, y] of points) {
            const box = photo.getBoundingClientRect(), at = {clientX: box.x + x * box.width, clientY: box.y + y * box.height};
            photo.dispatchEvent(new PointerEvent("pointermove", {bubbles: true, ...at}));
            await drawn();
            found.push({direction: value, point: [x, y], ...viewer.state({values: true}).maps.find(map => map.id === id),
                        caption: document.querySelector(`.nlviz-panel[data-panel='${id}'] .nlviz-live`).innerText,
                        middle: [...heat.getContext("2d").getImageData(heat.width / 2, heat.height / 2, 1, 1).data]});
        }
    }
    return found;
}"""


@pytest.mark.parametrize("panel, m", PLACED, ids=[f"{p['title']}-{m['name']}" for p, m in PLACED])
def test_rows_and_columns_of_every_map_and_term_equal_numpys(viewer, panel, m):
    show(viewer, panel["title"])
    choose_map(viewer, panel, m["name"])
    for term in TERMS:
        choose(viewer, "term", term)
        looks = viewer.evaluate(POINTING, [panel["id"], POINTS])
        assert len(looks) == 2 * len(POINTS)
        for found in looks:
            assert_equals_numpys(found, panel, m, FULL if m["relates"] == "gate" else term)  # a gate has no terms


def assert_equals_numpys(found, panel, m, term):
    if term not in MAPS[panel["id"], m["name"]]:
        reason = ("one map for every query: nothing in it is pairwise" if m["relates"] == "global" else
                  "not a softmax over q · k, so it has no pairwise and unary term")
        assert found["values"] is None and found["caption"] == f"n/a: {reason}" and not any(found["middle"])
        return
    of = row_of if found["direction"] == "attends to" else column_of
    wanted = of(panel, m, *found["point"], term)
    if wanted is None:
        assert found["values"] is None and "covers this place" in found["caption"]
        return
    np.testing.assert_allclose(found["values"], wanted, atol=1e-5, rtol=2e-5)
    assert found["highest"] == pytest.approx(wanted.max(), abs=1e-5, rel=1e-4)
    if found["direction"] == "attends to" and m["rows"] == "distribution" and term != CENTRED:
        entropy = -(wanted[wanted > 0] * np.log(wanted[wanted > 0])).sum() / np.log(wanted.size)
        assert found["entropy"] == pytest.approx(entropy, abs=1e-5)
    else:
        assert found["entropy"] is None


def test_the_strongest_key_is_named_with_its_share(viewer):
    show(viewer, "criss-cross")
    ask(viewer, 0.31, 0.77)
    row = row_of(the("criss-cross"), the("criss-cross")["maps"][0], 0.31, 0.77)
    strongest = f"({row.argmax() // 8}, {row.argmax() % 8}), {100 * row.max():.1f} % of the weight"
    said = viewer.locator(".nlviz-status").inner_text()
    assert said == f"Query cell (4, 2) → strongest key: criss-cross · A3 A2 A1 {strongest}"


def test_a_place_without_a_key_is_said_and_drawn_empty(viewer):
    show(viewer, "pooled")
    choose(viewer, "direction", "attended by")
    ask(viewer, 0.999, 0.999)
    assert "no key of this network covers this place" in viewer.locator(node(the("pooled"))).inner_text()
    assert not colours(viewer, heat(the("pooled")), centres([9, 13])[1]).any()


@pytest.mark.parametrize("view", ["cells", "smooth"])
@pytest.mark.parametrize("name", ["pooled", "dot", "dense", "object", "criss-cross"])
def test_cells_are_drawn_where_they_lie_in_their_own_colour(viewer, name, view):
    show(viewer, name)
    evenly(viewer, "per panel", view=view)
    ask(viewer, 0.31, 0.77)
    m = the(name)["maps"][0]
    row, (cells, points) = row_of(the(name), m, 0.31, 0.77), centres(m["key_grid"], m["key_place"])
    assert len(points) > 9
    np.testing.assert_allclose(levels(viewer, heat(the(name)), points), scaled(row[cells], row.min(), row.max()), atol=1)


@pytest.mark.parametrize("scale", ["shared", "per panel"])
def test_differences_from_the_mean_row_are_drawn_in_colours_centred_at_zero(viewer, scale):
    names = ["dense", "criss-cross", "dot"]
    show(viewer, *names)
    evenly(viewer, scale, term=CENTRED)
    ask(viewer, 0.31, 0.77)
    rows = {name: row_of(the(name), the(name)["maps"][0], 0.31, 0.77, CENTRED) for name in names}
    most = {name: np.abs(row).max() for name, row in rows.items()}
    if scale == "shared":  # by kind of rows: distributions have nothing in common with scaled rows
        most["dense"] = most["criss-cross"] = max(most["dense"], most["criss-cross"])
    for name, row in rows.items():
        m = the(name)["maps"][0]
        cells, points = centres(m["key_grid"], m["key_place"])
        wanted = scaled(row[cells], -most[name], most[name])
        np.testing.assert_allclose(levels(viewer, heat(the(name)), points, DIVERGING), wanted, atol=1)
    bar = ".nlviz-reading [data-rows=distribution]" if scale == "shared" else f"{node(the('dense'))} .nlviz-own"
    assert CENTRED in viewer.locator(bar).inner_text()
    low, high = (float(text) for text in viewer.locator(f"{bar} .nlviz-number").all_inner_texts())
    assert low == -high == pytest.approx(-most["dense"], rel=0.06)
    ramp = levels(viewer, f"{bar} .nlviz-ramp", [((n + 0.5) / 256, 0.5) for n in range(256)], DIVERGING)
    assert ramp.tolist() == list(range(256))


@pytest.mark.parametrize("scale", ["shared", "per panel"])
@pytest.mark.parametrize("case", ["global", "the same row for every query"])
def test_what_does_not_depend_on_the_query_is_neutral_everywhere_when_the_mean_row_is_taken_off(viewer, case, scale):
    name = "global"
    show(viewer, "global", "dot")
    if case != "global":  # rows equal up to the rounding of float32
        row = softmax(floats(1, 30)) * (1 + 1e-7 * floats(30, 30))
        add("alike", dense_map(row, [5, 6]))
        name, alike = "alike", PANELS.pop()
        show(viewer, panels=[alike, the("dot")])
    evenly(viewer, scale, term=CENTRED)
    for direction in ("attends to", "attended by"):
        choose(viewer, "direction", direction)
        ask(viewer, 0.31, 0.77)
        assert set(levels(viewer, heat({"id": f"{name}/0"}), centres([6, 8])[1], DIVERGING)) == {128}


def test_a_map_that_is_shown_in_no_term_lends_the_scale_nothing(viewer):
    show(viewer, "dense", "global")
    choose(viewer, "term", PAIRWISE)
    ask(viewer, 0.31, 0.77)
    assert viewer.locator(".nlviz-reading .nlviz-bar").count() == 0
    assert viewer.locator(".nlviz-status").inner_text().endswith("global: n/a: one map for every query: nothing in it is pairwise")


def test_the_shared_scale_starts_at_zero_so_that_nearly_equal_weights_look_alike(viewer):
    add("nearly", dense_map((1 + 0.05 * RANDOM.random((30, 30))) / 30, [5, 6]))
    show(viewer, panels=[PANELS.pop()])
    evenly(viewer)
    assert viewer.locator(".nlviz-reading .nlviz-number").first.inner_text() == "0"
    assert levels(viewer, ".nlviz-panels .nlviz-heat", centres([5, 6])[1]).min() >= 240


def test_scales_are_shared_by_kind_of_rows_and_a_gate_is_a_kind_of_its_own(viewer):
    show(viewer, "dense", "disentangled", "spatial", "dot", "channels")
    choose_map(viewer, the("spatial"), "gate of positions")
    evenly(viewer)
    ask(viewer, 0.31, 0.77)
    bars = {bar.get_attribute("data-rows"): bar.inner_text() for bar in viewer.locator(".nlviz-reading .nlviz-bar").all()}
    assert set(bars) == {"distribution", "raw", "scaled", "gate"}
    assert "gate, 0 to 1" in bars["gate"] and "rows" not in bars["gate"]
    gate = MAPS["spatial/0", "gate of positions"][FULL][0]
    for direction in ("attends to", "attended by"):
        choose(viewer, "direction", direction)
        for x, y in POINTS[1:]:
            ask(viewer, x, y)
            found = levels(viewer, heat(the("spatial")), centres([6, 8])[1])
            np.testing.assert_allclose(found, scaled(gate, 0, gate.max()), atol=1)
    unfold(viewer, the("spatial"))
    assert "every query gets the same" in viewer.locator(node(the("spatial"))).inner_text()
