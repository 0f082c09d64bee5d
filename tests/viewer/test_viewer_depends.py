"""Below the panels, without gradio: distances between pinned queries, "Does it depend on the query?", snapshots of training."""

import numpy as np
import pytest
from playwright.sync_api import expect

from nlviz.figures import DIVERGING
from nlviz.viewer import table_bytes
from tests.viewer.test_viewer import (
    CENTRED,
    FULL,
    MAPS,
    PAIRWISE,
    PANELS,
    PICTURE,
    add,
    asked_cell,
    centres,
    choose,
    choose_map,
    colours,
    column_of,
    dense_map,
    drawn,
    heat,
    levels,
    node,
    packed,
    place,
    point,
    row_of,
    scaled,
    scene,
    softmax,
    the,
)
from tests.viewer.test_viewer import bare as bare

# A server that the test plays: every request is kept, and answered at once from `answers` unless the kind is held back.
SERVER = """([colourMaps, diverging]) => {
    window.answers = {depends: {}, snapshot: {}};
    const nothing = {numbers: [], sentence: "", picture: null, fresh: {}, note: ""};
    window.asked = {depends: [], snapshot: []};
    window.held = {depends: false, snapshot: false};
    window.exports = [];
    window.nameOf = {
        depends: ({panel, map, step, snapshots}) =>
            [panel, map, step, String(snapshots[panel.split("/")[0]] ?? "")].filter(Boolean).join(" "),
        snapshot: ({panel, epoch}) => `${panel} ${epoch}`,
    };
    const ask = kind => request => new Promise((resolve, reject) => {
        const name = nameOf[kind](request);
        asked[kind].push({name, request: structuredClone(request),
            resolve: () => resolve(answers[kind][name] ?? nothing), reject: text => reject(new Error(text))});
        if (!held[kind]) asked[kind].at(-1).resolve();
    });
    const root = document.createElement("div");
    document.body.replaceChildren(root);
    document.body.style.margin = "0";
    window.viewer = createViewer(root, {colourMaps, diverging, onDepends: ask("depends"), onSnapshot: ask("snapshot"),
        onExport: async request => { exports.push(request); return {name: "figure.png", data: "", type: "image/png"}; }});
}"""
REASON = "rows are scaled by 1/N′, not a distribution"


@pytest.fixture
def page(bare):
    """A viewer and its server; no error may be found on the console."""
    errors = []

    def listen(message):
        if message.type == "error":
            errors.append(message.text)

    bare.on("console", listen)
    bare.set_viewport_size({"width": 1200, "height": 900})
    bare.evaluate(SERVER, [{name: table_bytes(name) for name in ("viridis", "inferno")}, table_bytes(DIVERGING)])
    yield bare
    bare.remove_listener("console", listen)
    assert not errors


def panel(name: str, *maps, **more) -> dict:
    """A panel of its own, with its terms where ``row_of`` finds them."""
    add(name, *maps)
    return PANELS.pop() | more


def numbers(cosine_input=0.2, cosine_output=0.1, cosine_att=0.3, jsd_att=0.25, shuffled=(0.4, 0.5), reason="") -> list[dict]:
    shuffled = {"cosine_input": 0.45, "cosine_output": 0.48, "cosine_att": shuffled[0], "jsd_att": shuffled[1]}
    measured = {"cosine_input": cosine_input, "cosine_output": cosine_output, "cosine_att": cosine_att, "jsd_att": jsd_att}
    return [{"name": name, "value": value, "shuffled": shuffled.get(name) if value is not None else None,
             "reason": "" if value is not None else reason} for name, value in measured.items()]


def attention(sentence="It depends.", picture=None, note="", **changes) -> dict:
    return {"numbers": numbers(**changes), "sentence": sentence, "picture": picture, "note": note}


def fresh(cosine_output=0.11, cosine_att=0.21, jsd_att=0.31, note="") -> dict:
    return {"fresh": {"cosine_output": cosine_output, "cosine_att": cosine_att, "jsd_att": jsd_att}, "note": note}


def picture(values: np.ndarray, its_place: dict | None = None) -> dict:
    return {"grid": list(values.shape), "place": its_place or place(values.shape), "data": packed(values)}


def answer(page, kind="depends", **by_name) -> None:
    page.evaluate("([kind, more]) => Object.assign(answers[kind], more)", [kind, by_name])


def serve(page, panels: list[dict], **of_panel) -> None:
    """Answers of every map of these panels; ``of_panel``: changes of ``attention`` by title."""
    for p in panels:
        for m in p["maps"]:
            name = " ".join(filter(None, [p["id"], m["name"]]))
            own = attention(**{"sentence": f"Of {name}."} | of_panel.get(p["title"], {}))
            answer(page, **{f"{name} attention": own, f"{name} fresh": fresh()})


def show(page, panels: list[dict], picture="1", resolution=448) -> None:
    changes = {"key": {"picture": picture, "resolution": resolution, "networks": [p["id"] for p in panels]}}
    if picture != "1":
        changes["picture"] = scene()["picture"] | {"url": PICTURE.format(300 + ord(picture), 200)}
    page.evaluate("scene => viewer.show(scene)", scene(panels=panels, **changes))
    drawn(page)


def asked(page, kind="depends") -> list[str]:
    return page.evaluate("kind => asked[kind].map(one => one.name)", kind)


def wait_asked(page, *names: str, kind="depends") -> None:
    page.wait_for_function("([kind, names]) => asked[kind].map(one => one.name).join() === names.join()", arg=[kind, list(names)])


def settle(page) -> None:
    page.wait_for_function("!viewer.state().measuring")


def hold(page, kind="depends", held=True) -> None:
    page.evaluate("([kind, value]) => { held[kind] = value; }", [kind, held])


def give(page, at: int, kind="depends") -> None:
    page.evaluate("([kind, at]) => asked[kind][at].resolve()", [kind, at])


def refuse(page, at: int, text: str, kind="depends") -> None:
    page.evaluate("([kind, at, text]) => asked[kind][at].reject(text)", [kind, at, text])


def pin(page, *points, area=".nlviz-panels .nlviz-marks[data-panel=photo]") -> None:
    for x, y in points:
        for event in ("pointerdown", "pointerup"):
            point(page, area, x, y, event)


def card(page, p: dict):
    return page.locator(f".nlviz-card[data-panel='{p['id']}']")


def cell(page, p: dict, name: str, column: str):
    return card(page, p).locator(f"td[data-number={name}][data-column={column}]")


# ---------------------------------------------------------------------------------------------------- distances


def tables(page, p: dict, attribute: str = "text") -> list[list[str]]:
    read = "cell => cell.title" if attribute == "title" else "cell => cell.textContent"
    return page.locator(f".nlviz-distance-table[data-panel='{p['id']}'] table").evaluate(
        f"table => [...table.rows].slice(1).map(row => [...row.cells].slice(1).map({read}))")


def notes(page, p: dict) -> list[str]:
    return page.locator(f".nlviz-distance-table[data-panel='{p['id']}'] div.nlviz-quiet").all_inner_texts()


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    entropy = lambda r: -(r[r > 0] * np.log(r[r > 0])).sum()  # noqa: E731
    return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2


def cosine_distance(a: np.ndarray, b: np.ndarray) -> float:
    return (1 - a @ b / np.linalg.norm(a) / np.linalg.norm(b)) / 2


def test_divergence_stands_above_the_diagonal_and_cosine_distance_below(page):
    rows = panel("rows", dense_map(np.array([[1, 0, 0, 0], [0, 1, 0, 0], [0.5, 0.5, 0, 0], [0.5, 0.5, 0, 0]]), [1, 4]))
    show(page, [rows])
    assert not page.locator(".nlviz-distances").is_visible()
    pin(page, (0.1, 0.5))
    assert not page.locator(".nlviz-distances").is_visible()  # one query has no distance
    pin(page, (0.3, 0.5), (0.6, 0.5), (0.9, 0.5))
    # disjoint rows: ln 2 = 0.693 and (1 - 0) / 2; half of one: H(3/4, 1/4) - ln 2 / 2 = 0.216 and (1 - 1 / sqrt 2) / 2 = 0.146
    assert tables(page, rows) == [["–", "0.69", "0.22", "0.22"], ["0.50", "–", "0.22", "0.22"],
                                  ["0.15", "0.15", "–", "0"], ["0.15", "0.15", "0", "–"]]
    said = page.locator(".nlviz-distances").inner_text()
    assert "Above the diagonal Jensen–Shannon divergence in nats" in said and "below it cosine distance" in said
    badges = page.locator(".nlviz-distance-table th .nlviz-pin")
    assert badges.all_inner_texts() == ["1", "2", "3", "4"] * 2
    strip = page.locator(".nlviz-strip .nlviz-pin").first.evaluate("node => node.style.background")
    assert badges.first.evaluate("node => node.style.background") == strip
    page.locator("[data-action=remove-pin]").nth(1).click()
    assert tables(page, rows) == [["–", "0.22", "0.22"], ["0.15", "–", "0"], ["0.15", "0", "–"]]
    settle(page)
    assert asked(page, "snapshot") == [] and asked(page) == ["rows/0 attention", "rows/0 fresh"]  # of distances nobody
    page.locator("[data-action=clear-pins]").click()
    assert not page.locator(".nlviz-distances").is_visible()


def test_rows_that_are_close_keep_a_digit_and_never_look_the_same(page):
    near = panel("near", dense_map(softmax(np.array([[0, 0, 0], [0.15, 0, 0], [0.01, 0, 0]])), [1, 3]))
    show(page, [near])
    pin(page, (0.1, 0.5), (0.5, 0.5), (0.9, 0.5))
    found = tables(page, near)
    rows = MAPS["near/0", ""][FULL]
    assert found[0][1] == f"{divergence(rows[0], rows[1]):.3f}" and found[1][0] == f"{cosine_distance(rows[0], rows[1]):.3f}"
    assert found[0][2] == found[2][0] == "<0.001"


@pytest.mark.parametrize("name", ["pooled", "dense", "object", "criss-cross", "disentangled", "pyramid", "concatenation"])
@pytest.mark.parametrize("term", [FULL, PAIRWISE, CENTRED])
def test_distances_of_every_map_and_term_equal_numpys(page, name, term):
    p, points = the(name), [(0.31, 0.77), (0.7, 0.2), (0.55, 0.45)]
    show(page, [p])
    choose(page, "term", term)
    pin(page, *points)
    centre = page.evaluate("viewer.state().pins.map(({x, y}) => [x, y])")
    for direction, of in (("attends to", row_of), ("attended by", column_of)):
        choose(page, "direction", direction)
        m = p["maps"][0]
        if term not in MAPS[p["id"], m["name"]]:
            assert notes(page, p) == ["n/a: not a softmax over q · k, so it has no pairwise and unary term"]
            assert page.locator(".nlviz-distance-table table").count() == 0
            continue
        rows, titles = [of(p, m, x, y, term) for x, y in centre], tables(page, p, "title")
        for i in range(3):
            for j in range(i):
                found = float(titles[i][j].removeprefix(f"Queries {j + 1} and {i + 1}: cosine distance "))
                assert found == pytest.approx(cosine_distance(rows[i], rows[j]), abs=1e-4)
                if direction == "attends to" and m["rows"] == "distribution" and term != CENTRED:
                    found = float(titles[j][i].split(": Jensen–Shannon divergence ")[1].removesuffix(" nats"))
                    assert found == pytest.approx(divergence(rows[i], rows[j]), abs=1e-4)
                else:
                    assert tables(page, p)[j][i] == "n/a" and titles[j][i].startswith("divergence n/a: ")


@pytest.mark.parametrize("setting, value, note", [
    ("direction", "attended by", "divergence n/a: a column is not a distribution"),
    ("term", CENTRED, "divergence n/a: a difference, not a distribution")])
def test_what_is_no_distribution_has_no_divergence_and_says_why(page, setting, value, note):
    show(page, [the("dense"), the("dot")])
    pin(page, (0.2, 0.4), (0.7, 0.6))
    assert notes(page, the("dense")) == [] and notes(page, the("dot")) == [f"divergence n/a: {REASON}"]
    choose(page, setting, value)
    for p in (the("dense"), the("dot")):
        (_, above), (below, _) = tables(page, p)
        assert above == "n/a" and float(below) > 0 and notes(page, p) == [note]


def test_one_map_for_every_query_has_no_distances_and_channels_and_gates_no_row(page):
    zero = panel("zero", dense_map(np.array([[0.0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 1, 0, 0]]), [1, 4], rows="raw"))
    show(page, [the("global"), the("channels"), the("relations"), the("spatial"), zero])
    choose_map(page, the("relations"), "gate of channels")
    choose_map(page, the("spatial"), "gate of positions")
    pin(page, (0.1, 0.5), (0.6, 0.5))
    assert tables(page, the("global")) == [["–", "0"], ["0", "–"]] and notes(page, the("global")) == ["one map for every query"]
    assert notes(page, the("channels")) == ["no row: channels"]
    assert notes(page, the("relations")) == notes(page, the("spatial")) == ["no row: a gate"]
    assert page.locator(".nlviz-distance-table table").count() == 2
    assert tables(page, zero) == [["–", "n/a"], ["n/a", "–"]]
    assert notes(page, zero) == ["divergence n/a: rows are raw, not a distribution", "cosine n/a: a row is zero everywhere"]


def test_a_pin_outside_a_letterboxed_grid_has_no_distance(page):
    show(page, [the("pooled")])
    choose(page, "direction", "attended by")
    pin(page, (0.2, 0.2), (0.6, 0.6), (0.999, 0.999))
    found = tables(page, the("pooled"))
    assert found[2][:2] == ["n/a"] * 2 and float(found[1][0]) > 0
    assert "query 3 n/a: no key of this network covers this place" in notes(page, the("pooled"))


# ---------------------------------------------------------------------------------------------------- the numbers and sentences


def test_without_a_server_to_ask_there_is_no_such_section(page):
    page.evaluate("""colourMaps => {
        const root = document.createElement("div");
        document.body.replaceChildren(root);
        window.viewer = createViewer(root, {colourMaps});
    }""", {"viridis": table_bytes("viridis")})
    show(page, [the("dense")])
    assert page.locator(".nlviz-depends").count() == 0
    state = page.evaluate("viewer.state()")
    assert state["dependence"] == [] and state["measuring"] is False and state["snapshots"] == {}


def test_numbers_stand_beside_shuffled_keys_and_fresh_weights_and_what_is_undefined_says_why(page):
    dense, dot = the("dense"), the("dot")
    serve(page, [dense, dot], dot={"jsd_att": None, "reason": REASON, "note": REASON, "cosine_att": 1e-6})
    unknown = "this block is not known here"
    answer(page, **{"dot/0 fresh": fresh(jsd_att=None), "dense/0 fresh": fresh(cosine_output=None, note=unknown)})
    show(page, [dense, dot])
    settle(page)
    assert card(page, dense).locator(".nlviz-title").inner_text() == "dense"
    assert card(page, dense).locator(".nlviz-sentence").inner_text() == "Of dense/0."
    rows = [[c.text_content() for c in card(page, dense).locator("tbody tr").nth(n).locator("th, td").all()] for n in range(4)]
    assert rows == [  # 0.25 / ln 2 = 0.361, 0.5 / ln 2 = 0.721, 0.31 / ln 2 = 0.447
        ["cosine distance, input", "0.20", "0.45", "–"], ["cosine distance, output", "0.10", "0.48", "n/a"],
        ["cosine distance, attention", "0.30", "0.40", "0.21"],
        ["Jensen–Shannon, attention", "0.25 nats, 36 % of ln 2", "0.50 nats, 72 % of ln 2", "0.31 nats, 45 % of ln 2"]]
    assert card(page, dense).locator("thead th").all_inner_texts() == ["measured", "shuffled", "fresh weights"]
    assert card(page, dense).locator(".nlviz-reason").all_inner_texts() == [f"n/a: {unknown}"]
    assert [cell(page, dot, "jsd_att", c).inner_text() for c in ("value", "shuffled", "fresh")] == ["n/a"] * 3
    assert cell(page, dot, "jsd_att", "value").get_attribute("title") == REASON
    assert card(page, dot).locator(".nlviz-reason").all_inner_texts() == [f"n/a: {REASON}"]  # once
    assert cell(page, dot, "cosine_att", "value").inner_text() == "<0.0001"
    found = page.evaluate("viewer.state().dependence")
    assert [(f["id"], f["map"], f["snapshot"], f["sentence"], f["error"]) for f in found] == [
        ("dense/0", "", None, "Of dense/0.", ""), ("dot/0", "", None, "Of dot/0.", "")]
    by_name = {n["name"]: n for n in found[0]["numbers"]}
    assert by_name["cosine_att"] == {"name": "cosine_att", "value": 0.3, "shuffled": 0.4, "fresh": 0.21, "reason": ""}
    assert by_name["cosine_input"]["fresh"] is None and by_name["jsd_att"]["fresh"] == 0.31


def test_every_panel_is_measured_before_any_gets_fresh_weights_one_request_at_a_time(page):
    panels = [the("dense"), the("global"), the("channels")]
    serve(page, panels)
    hold(page)
    show(page, panels)
    progress, steps = page.locator(".nlviz-measuring"), [f"{p['id']} {step}" for step in ("attention", "fresh") for p in panels]
    assert progress.get_attribute("role") == "status"
    for at in range(6):
        wait_asked(page, *steps[:at + 1])
        expect(progress).to_have_text(f"Measuring {at + 1} of 6 …")
        assert page.evaluate("viewer.state().measuring") is True
        expect(cell(page, panels[2], "cosine_att", "value")).to_have_text("…" if at < 3 else "0.30")
        expect(cell(page, panels[2], "cosine_att", "fresh")).to_have_text("…")
        give(page, at)
    expect(progress).to_have_text("")
    expect(cell(page, panels[2], "cosine_att", "fresh")).to_have_text("0.21")
    assert asked(page) == steps and page.evaluate("viewer.state().measuring") is False
    request = page.evaluate("asked.depends[0].request")
    assert request == {"key": {"picture": "1", "resolution": 448, "networks": ["dense/0", "global/0", "channels/0"]},
                       "panel": "dense/0", "map": "", "step": "attention", "snapshots": {}}


def test_the_pointer_moves_the_query_while_an_answer_is_awaited_and_nothing_above_moves_when_it_comes(page):
    dense = the("dense")
    serve(page, [dense], dense={"picture": picture(np.arange(30.0).reshape(5, 6)), "sentence": "Long words. " * 30})
    hold(page)
    show(page, [dense])
    pin(page, (0.2, 0.4), (0.7, 0.6))
    wait_asked(page, "dense/0 attention")
    seen = set()
    for x, y in [(0.1, 0.1), (0.5, 0.5), (0.9, 0.9)]:
        point(page, ".nlviz-panels .nlviz-marks[data-panel=photo]", x, y)
        row = row_of(dense, dense["maps"][0], x, y)
        np.testing.assert_allclose(levels(page, heat(dense), centres([5, 6])[1]), scaled(row, 0, row.max()), atol=1)
        seen.add(page.locator(".nlviz-status").inner_text())
    assert len(seen) == 3
    tops = """[...document.querySelectorAll(".nlviz-panel, .nlviz-foot, .nlviz-strip, .nlviz-distances, .nlviz-depends")]
        .map(node => node.getBoundingClientRect().top)"""
    before = page.evaluate(tops)
    give(page, 0)
    wait_asked(page, "dense/0 attention", "dense/0 fresh")
    give(page, 1)
    settle(page)
    assert page.evaluate(tops) == before


def test_an_answer_is_asked_once_whatever_is_chosen_between(page):
    dense, pyramid = the("dense"), the("pyramid")
    whole, parts = (m["name"] for m in pyramid["maps"])
    serve(page, [dense, pyramid])
    show(page, [dense, pyramid])
    settle(page)
    assert asked(page) == ["dense/0 attention", f"pyramid/0 {whole} attention", "dense/0 fresh", f"pyramid/0 {whole} fresh"]
    choose_map(page, pyramid, parts)
    settle(page)
    assert asked(page)[4:] == [f"pyramid/0 {parts} attention", f"pyramid/0 {parts} fresh"]
    assert card(page, pyramid).locator(".nlviz-title").inner_text() == f"pyramid · {parts}"
    choose_map(page, pyramid, whole)
    assert page.evaluate("viewer.state().measuring") is False
    assert card(page, pyramid).locator(".nlviz-sentence").inner_text() == f"Of pyramid/0 {whole}."
    show(page, [dense])
    show(page, [pyramid, dense])
    settle(page)
    assert len(asked(page)) == 6
    show(page, [dense], resolution=672)  # another input: other numbers
    settle(page)
    show(page, [dense], picture="2")
    settle(page)
    assert len(asked(page)) == 10


def test_answers_that_come_late_are_kept_for_what_they_were_asked_for_and_shown_nowhere_else(page):
    pyramid, (whole, parts) = the("pyramid"), (m["name"] for m in the("pyramid")["maps"])
    serve(page, [pyramid])
    hold(page)
    show(page, [pyramid])
    wait_asked(page, f"pyramid/0 {whole} attention")
    choose_map(page, pyramid, parts)
    give(page, 0)
    wait_asked(page, f"pyramid/0 {whole} attention", f"pyramid/0 {parts} attention")
    expect(card(page, pyramid).locator(".nlviz-sentence")).to_have_text("Waiting for the numbers …")
    assert page.evaluate("viewer.state().dependence[0].numbers") is None
    show(page, [pyramid], picture="2")  # the first scene's second answer comes when another photo is there
    answer(page, **{f"pyramid/0 {parts} attention": attention("Of another photo.")})
    refuse(page, 1, "that photo is gone")
    page.wait_for_function("asked.depends.length === 3")
    assert page.evaluate("asked.depends[2].request.key.picture") == "2"
    assert not card(page, pyramid).locator(".nlviz-trouble").is_visible()
    hold(page, held=False)
    give(page, 2)
    settle(page)
    assert card(page, pyramid).locator(".nlviz-sentence").inner_text() == "Of another photo."
    show(page, [pyramid])
    choose_map(page, pyramid, whole)
    settle(page)
    assert card(page, pyramid).locator(".nlviz-sentence").inner_text() == f"Of pyramid/0 {whole}."  # kept from the first answer
    assert asked(page).count(f"pyramid/0 {whole} attention") == 1


@pytest.mark.parametrize("step", ["attention", "fresh"])
def test_what_fails_says_so_in_its_card_and_can_be_tried_again_while_the_others_go_on(page, step):
    dense, dot = the("dense"), the("dot")
    serve(page, [dense, dot])
    hold(page)
    show(page, [dense, dot])
    for at, name in enumerate(["dense/0 attention", "dot/0 attention", "dense/0 fresh", "dot/0 fresh"]):
        if step == "attention" and at == 2:
            break
        page.wait_for_function("at => asked.depends.length > at", arg=at)
        refuse(page, at, "too little memory") if name == f"dense/0 {step}" else give(page, at)
    if step == "attention":  # dense is left out of the second round
        page.wait_for_function("asked.depends.length === 3")
        assert asked(page)[2] == "dot/0 fresh"
        give(page, 2)
    settle(page)
    trouble = card(page, dense).locator(".nlviz-trouble")
    assert "too little memory" in trouble.inner_text() and not card(page, dot).locator(".nlviz-trouble").is_visible()
    assert page.evaluate("viewer.state().dependence[0].error") == "too little memory"
    assert cell(page, dense, "cosine_att", "fresh").inner_text() == "–"
    assert cell(page, dense, "cosine_att", "value").inner_text() == ("–" if step == "attention" else "0.30")
    hold(page, held=False)
    trouble.get_by_role("button", name="Try again").click()
    expect(trouble).not_to_be_visible()
    settle(page)
    assert cell(page, dense, "cosine_att", "fresh").inner_text() == "0.21"
    assert asked(page).count("dense/0 attention") == (2 if step == "attention" else 1)


def test_an_answer_that_cannot_be_read_is_a_failure_of_its_card(page):
    dense = the("dense")
    serve(page, [dense], dense={"picture": picture(np.zeros((2, 2))) | {"grid": [5, 6]}})
    show(page, [dense])
    expect(card(page, dense).locator(".nlviz-trouble")).to_contain_text("expected 30 float32 numbers, got 4")


# ---------------------------------------------------------------------------------------------------- the picture of a card


def card_heat(p: dict) -> str:
    return f".nlviz-card .nlviz-heat[data-panel='{p['id']}']"


@pytest.mark.parametrize("scale", ["shared", "per panel"])
def test_the_picture_shows_every_querys_mean_divergence_where_the_query_lies(page, scale):
    dense, pooled = the("dense"), the("pooled")
    values = np.linspace(0.1, 0.4, 30).reshape(5, 6)
    boxed = np.linspace(0.2, 0.6, 144).reshape(12, 12)
    boxed[3, 4] = np.nan
    box = {"scale": [12, 6], "offset": [0, 3]}  # letterboxed: rows 3 to 8 lie in the picture
    serve(page, [dense, pooled], dense={"picture": picture(values)}, pooled={"picture": picture(boxed, box)})
    show(page, [dense, pooled])
    choose(page, "scale", scale)
    settle(page)
    for p, of, its_place in [(dense, values, None), (pooled, boxed, box)]:
        low, high = (0, 0.6) if scale == "shared" else (np.nanmin(of), np.nanmax(of))
        cells, points = centres(of.shape, its_place)
        seen = np.isfinite(of.flat[cells])
        found = levels(page, card_heat(p), np.array(points)[seen])
        np.testing.assert_allclose(found, scaled(of.flat[cells][seen], low, high), atol=1)
        if not seen.all():
            assert not colours(page, card_heat(p), np.array(points)[~seen])[:, 3].any()  # no number, no colour
        bar = card(page, p).locator(".nlviz-dependence-bar")
        assert [float(n) for n in bar.locator(".nlviz-number").all_inner_texts()] == pytest.approx([low, high], rel=0.01)
        assert "mean divergence to all queries, nats" in bar.inner_text()
        assert ("shared scale" if scale == "shared" else "own scale") in bar.inner_text()
    opacity = page.evaluate("s => getComputedStyle(document.querySelector(s)).opacity", card_heat(dense))
    assert float(opacity) == 0.65
    choose(page, "colours", "inferno")
    levels(page, card_heat(dense), centres((5, 6))[1], "inferno")


def test_a_click_on_the_picture_pins_that_query_and_a_second_one_lets_it_go(page):
    dense, without = the("dense"), the("global")
    serve(page, [dense], dense={"picture": picture(np.arange(30.0).reshape(5, 6))})
    answer(page, **{"global/0 attention": attention(note="one map for every query")})
    show(page, [dense, without])
    settle(page)
    marks = f".nlviz-card .nlviz-marks[data-panel='{dense['id']}']"
    spot = (2.5 / 6, 3.5 / 5)  # row 3, column 2
    pin(page, spot, area=marks)
    assert [p["cell"] for p in page.evaluate("viewer.state().pins")] == [[3, 2]]
    assert page.locator(".nlviz-strip .nlviz-pin").count() == 1
    assert page.evaluate("viewer.state().query.cell") == [3, 2] and page.evaluate("viewer.state().hovered") == "dense/0"
    assert colours(page, marks, [spot])[0, 3] == 255 and not colours(page, marks, [(0.9, 0.1)])[0, 3]  # the pin is on it
    pin(page, spot, area=marks)
    assert page.evaluate("viewer.state().pins") == []
    point(page, marks, 0.1, 0.1)
    assert page.evaluate("viewer.state().query.cell") == [0, 0]  # pointing asks, as anywhere
    none = card(page, without).locator(".nlviz-no-picture")
    assert none.inner_text() == "one map for every query" and not card(page, without).locator(".nlviz-picture").is_visible()
    none.click()
    assert page.evaluate("viewer.state().pins") == []
    assert not card(page, without).locator("[data-action=pin-most-typical]").is_visible()


def test_the_most_and_least_typical_queries_can_be_pinned(page):
    dense, pooled = the("dense"), the("pooled")
    values = 1 + np.random.default_rng(3).random((5, 6))
    values[1, 4], values[4, 0], values[0, 0] = 0.5, 3, np.nan
    boxed = np.ones((12, 12))
    boxed[0, 0], boxed[11, 11], boxed[4, 4], boxed[7, 8] = 0, 9, 0.5, 2  # the extremes lie beside the picture
    box = {"scale": [12, 6], "offset": [0, 3]}
    serve(page, [dense, pooled], dense={"picture": picture(values)}, pooled={"picture": picture(boxed, box)})
    show(page, [dense, pooled])
    settle(page)
    most, least = (card(page, dense).locator(f"[data-action=pin-{which}-typical]") for which in ("most", "least"))
    assert (most.inner_text(), least.inner_text()) == ("Pin the most typical", "Pin the least typical")
    for button in (most, most, least, least):
        button.click()
    grid = page.evaluate("viewer.state().reference")
    finest = {"query_grid": grid, "query_place": place(grid)}

    def at(row, column, rows, columns):  # the finest grid's cell at that cell's centre
        return list(divmod(asked_cell(finest, "query", (column + 0.5) / columns, (row + 0.5) / rows), grid[1]))

    assert [p["cell"] for p in page.evaluate("viewer.state().pins")] == [at(1, 4, 5, 6), at(4, 0, 5, 6)]
    page.locator("[data-action=clear-pins]").click()
    for which in ("most", "least"):
        card(page, pooled).locator(f"[data-action=pin-{which}-typical]").click()
    assert [p["cell"] for p in page.evaluate("viewer.state().pins")] == [at(1, 4, 6, 12), at(4, 8, 6, 12)]
    pin(page, *[(0.05 + 0.1 * n, 0.05) for n in range(6)])
    most.click()
    assert "Eight queries are pinned" in page.locator(".nlviz-message").inner_text()
    assert len(page.evaluate("viewer.state().pins")) == 8


def test_where_every_query_is_the_same_none_is_typical(page):
    serve(page, [the("global")], **{"global": {"picture": picture(np.zeros((6, 8)))}})
    show(page, [the("global")])
    settle(page)
    assert card(page, the("global")).locator("[data-action=pin-most-typical]").is_disabled()


# ---------------------------------------------------------------------------------------------------- snapshots

EPOCHS = [0, 1, 4, 48]


def snapshot(name: str, epoch: int, number: int = 0) -> dict:
    """Its rows look at the key whose number is the epoch's place."""
    rows = np.full((30, 30), 0.1 / 29)
    rows[:, EPOCHS.index(epoch)] = 0.9
    prediction = {"kind": "classes", "top": [["lion", 0.5], ["cat", 0.4]]}
    made = panel(name, dense_map(rows, [5, 6]), subtitle=f"after {epoch} epochs", prediction=prediction,
                 snapshots={"epochs": EPOCHS, "chosen": EPOCHS.index(epoch)})
    return made | {"id": f"{name}/{number}", "title": f"{name} {number}" if number else name}


def trained(page, *names: str, numbers=(0,)) -> list[dict]:
    """Panels at their last epoch; the server has the others, and measures all."""
    for name in names:
        for number in numbers:
            answer(page, "snapshot", **{f"{name}/{number} {e}": {"panel": snapshot(name, e, number)} for e in EPOCHS})
            for e in EPOCHS:
                own = f"{name}/{number} {{}}" + ("" if e == EPOCHS[-1] else f" {e}")
                answer(page, **{own.format("attention"): attention(f"At epoch {e}."), own.format("fresh"): fresh()})
    return [snapshot(name, EPOCHS[-1], number) for name in names for number in numbers]


def slider(page, p: dict):
    return page.locator(f"input[data-choice=epoch][data-panel='{p['id']}']")


def words_of(page, p: dict):
    return page.locator(f"{node(p)} .nlviz-epoch")


def move(page, p: dict, at: int) -> None:
    """As dragging does: the slider's value, then the event."""
    slider(page, p).evaluate("(input, at) => { input.value = at; input.dispatchEvent(new Event('input', {bubbles: true})); }", at)


def key_shown(page, p: dict) -> int:
    drawn(page)
    return int(levels(page, heat(p), centres([5, 6])[1]).argmax())


def test_a_slider_swaps_the_panel_in_its_place_and_keeps_focus_pins_and_query(page):
    (p,) = trained(page, "net")
    show(page, [the("dense"), p])
    assert words_of(page, p).inner_text() == "epoch 48 of 48" and page.locator("input[data-choice=epoch]").count() == 1
    pin(page, (0.3, 0.3), (0.7, 0.7))
    point(page, ".nlviz-panels .nlviz-marks[data-panel=photo]", 0.9, 0.1)
    before = page.evaluate("(({query, pins}) => ({query, pins}))(viewer.state())")
    slider(page, p).focus()
    slider(page, p).evaluate("input => { window.dragged = input; }")
    page.locator(f"{node(p)} details").evaluate("details => { details.open = true; }")
    for steps, epoch in [(1, 4), (2, 1), (3, 0)]:
        page.keyboard.press("ArrowLeft")
        expect(words_of(page, p)).to_have_text(f"epoch {epoch} of 48")
        assert page.evaluate("document.activeElement === dragged && dragged.isConnected")
        assert slider(page, p).get_attribute("aria-valuetext") == f"epoch {epoch} of 48"
        assert key_shown(page, p) == 3 - steps
        assert page.locator(f"{node(p)} .nlviz-subtitle").inner_text() == f"after {epoch} epochs"
        assert page.locator(f"{node(p)} details").evaluate("details => details.open")
        assert page.evaluate("(({query, pins}) => ({query, pins}))(viewer.state())") == before
        assert page.evaluate("viewer.state().snapshots") == {"net": epoch}
        thumb = f".nlviz-strip .nlviz-heat[data-panel='{p['id']}'][data-pin='1']"
        assert levels(page, thumb, centres([5, 6])[1]).argmax() == 3 - steps
        settle(page)
        assert card(page, p).locator(".nlviz-sentence").inner_text() == f"At epoch {epoch}."
        assert f"epoch {epoch} of 48" in card(page, p).inner_text()
    page.keyboard.press("End")
    expect(words_of(page, p)).to_have_text("epoch 48 of 48")
    assert key_shown(page, p) == 3 and page.evaluate("viewer.state().snapshots") == {}
    assert page.evaluate("viewer.state().panels.map(({id}) => id)") == ["dense/0", "net/0"]
    assert page.evaluate("dragged === document.activeElement")


def test_every_epoch_is_asked_once_and_the_others_follow_in_the_background(page):
    (p,) = trained(page, "net")
    show(page, [p])
    settle(page)
    assert asked(page, "snapshot") == []  # before a slider is used none is
    move(page, p, 2)
    wait_asked(page, "net/0 4", "net/0 0", "net/0 1", kind="snapshot")
    for at in (0, 3, 1, 2, 0):
        move(page, p, at)
        assert words_of(page, p).inner_text() == f"epoch {EPOCHS[at]} of 48"  # at once
        assert key_shown(page, p) == at
    show(page, [p])
    settle(page)
    assert key_shown(page, p) == 0 and len(asked(page, "snapshot")) == 3
    request = page.evaluate("asked.snapshot[0].request")
    assert request == {"key": {"picture": "1", "resolution": 448, "networks": ["net/0"]}, "panel": "net/0", "epoch": 4}


def test_dragging_asks_for_the_latest_place_alone_while_a_request_is_under_way(page):
    (p,) = trained(page, "net")
    hold(page, "snapshot")
    show(page, [p])
    for at in (2, 1, 0):
        move(page, p, at)
    assert words_of(page, p).inner_text() == "loading epoch 0 …"
    assert slider(page, p).get_attribute("aria-valuetext") == "epoch 0 of 48"
    assert asked(page, "snapshot") == ["net/0 4"] and key_shown(page, p) == 3
    give(page, 0, "snapshot")
    wait_asked(page, "net/0 4", "net/0 0", kind="snapshot")
    assert key_shown(page, p) == 3  # what nobody waits for any more is not shown
    give(page, 1, "snapshot")
    expect(words_of(page, p)).to_have_text("epoch 0 of 48")
    assert key_shown(page, p) == 0
    wait_asked(page, "net/0 4", "net/0 0", "net/0 1", kind="snapshot")
    move(page, p, 2)  # kept although it was not shown, and shown although a request is under way
    assert words_of(page, p).inner_text() == "epoch 4 of 48" and key_shown(page, p) == 2


def test_a_failed_epoch_says_so_and_the_slider_goes_back(page):
    (p,) = trained(page, "net")
    hold(page, "snapshot")
    show(page, [p])
    move(page, p, 1)
    refuse(page, 0, "no such snapshot", "snapshot")
    expect(page.locator(".nlviz-message")).to_contain_text("Epoch 1 of net: no such snapshot")
    assert page.locator(".nlviz-message").get_attribute("role") == "alert"
    assert slider(page, p).input_value() == "3" and words_of(page, p).inner_text() == "epoch 48 of 48"
    answer(page, "snapshot", **{"net/0 4": {"panel": snapshot("net", 1)}})
    page.wait_for_function("asked.snapshot.length === 2")
    refuse(page, 1, "in the background", "snapshot")  # of which nobody hears
    page.wait_for_function("asked.snapshot.length === 3")
    hold(page, "snapshot", held=False)
    give(page, 2, "snapshot")
    move(page, p, 2)
    expect(page.locator(".nlviz-message")).to_contain_text("asked for net/0 at epoch 4, got net/0 at 1")
    move(page, p, 1)
    expect(words_of(page, p)).to_have_text("epoch 1 of 48")
    assert not page.locator(".nlviz-message").is_visible()


def test_an_epoch_belongs_to_its_network_and_goes_with_every_request(page):
    pair, (other,) = trained(page, "net", numbers=(0, 1)), trained(page, "other")
    show(page, [*pair, other])
    settle(page)
    move(page, pair[1], 1)
    for p in pair:
        expect(words_of(page, p)).to_have_text("epoch 1 of 48")
        assert key_shown(page, p) == 1 and slider(page, p).input_value() == "1"
    assert words_of(page, other).inner_text() == "epoch 48 of 48" and key_shown(page, other) == 3
    assert asked(page, "snapshot")[:2] == ["net/0 1", "net/1 1"] and not any("other" in name for name in asked(page, "snapshot"))
    settle(page)
    assert page.evaluate("asked.depends.at(-1).request.snapshots") == {"net": 1}
    assert asked(page)[6:] == ["net/0 attention 1", "net/1 attention 1", "net/0 fresh 1", "net/1 fresh 1"]
    page.locator("[data-action=export-png]").click()
    page.wait_for_function("exports.length")
    assert page.evaluate("exports[0].snapshots") == {"net": 1}
    assert [d["snapshot"] for d in page.evaluate("viewer.state().dependence")] == [1, 1, 48]


def test_the_chosen_epoch_outlives_the_photo(page):
    (p,) = trained(page, "net")
    show(page, [p])
    settle(page)
    move(page, p, 2)
    wait_asked(page, "net/0 4", "net/0 0", "net/0 1", kind="snapshot")
    settle(page)
    hold(page, "snapshot")
    count = len(asked(page))
    show(page, [p], picture="2")
    wait_asked(page, "net/0 4", "net/0 0", "net/0 1", "net/0 4", kind="snapshot")
    assert words_of(page, p).inner_text() == "loading epoch 4 …" and slider(page, p).input_value() == "2"
    assert len(asked(page)) == count and page.evaluate("viewer.state().measuring")  # what goes in a moment is not measured
    give(page, 3, "snapshot")
    expect(words_of(page, p)).to_have_text("epoch 4 of 48")
    assert key_shown(page, p) == 2
    settle(page)
    assert asked(page)[count:] == ["net/0 attention 4", "net/0 fresh 4"]
    show(page, [p])  # both are kept: at once
    assert words_of(page, p).inner_text() == "epoch 4 of 48" and key_shown(page, p) == 2
    settle(page)
    assert len(asked(page)) == count + 2


def test_a_snapshot_of_a_scene_that_went_is_shown_nowhere(page):
    (p,) = trained(page, "net")
    hold(page, "snapshot")
    show(page, [p])
    move(page, p, 0)
    page.wait_for_function("asked.snapshot.length === 1")
    show(page, [the("dense")])
    refuse(page, 0, "too late", "snapshot")
    drawn(page)
    assert not page.locator(".nlviz-message").is_visible() and page.locator("input[data-choice=epoch]").count() == 0
    assert page.evaluate("viewer.state().snapshots") == {}


# ---------------------------------------------------------------------------------------------------- looks


@pytest.mark.parametrize("width", [1440, 1024, 940, 390])
def test_nothing_below_the_panels_is_wider_than_its_place(page, width):
    page.set_viewport_size({"width": width, "height": 900})
    panels = [the("dense"), the("dot"), the("global"), the("channels"), the("pooled"), *trained(page, "net")]
    serve(page, panels[:-1], dot={"jsd_att": None, "reason": REASON, "note": REASON},
          dense={"picture": picture(np.arange(30.0).reshape(5, 6)), "jsd_att": 0.0084, "shuffled": (0.0001234, 0.0847)})
    show(page, panels)
    pin(page, *[(0.05 + 0.12 * n, 0.1 + 0.1 * n) for n in range(8)])
    move(page, panels[-1], 1)
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    outside = page.evaluate("""[...document.querySelectorAll(".nlviz-card, .nlviz-distance-table, .nlviz-panel")].flatMap(part => {
        const {left, right} = part.getBoundingClientRect();
        return [...part.querySelectorAll("*")].filter(node => {
            const box = node.getBoundingClientRect();
            return box.width && !node.closest(".nlviz-scroll > table") && (box.left < left - 1 || box.right > right + 1);
        }).map(node => `${part.className} ${node.className} ${node.textContent}`);
    })""")
    assert outside == []
    page.evaluate("document.body.style.fontFamily = 'sans-serif'")  # wider than the browser's own
    too_long = page.locator(".nlviz-numbers td .nlviz-together").evaluate_all("""all => all.filter(node => {
        const text = document.createRange(), cell = node.closest("td").getBoundingClientRect();
        text.selectNodeContents(node);
        const box = text.getBoundingClientRect();
        return box.left < cell.left || box.right > cell.right + 1;
    }).map(node => node.textContent)""")
    page.evaluate("document.body.style.fontFamily = ''")
    assert too_long == []
