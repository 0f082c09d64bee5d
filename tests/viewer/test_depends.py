"""Does it depend on the query? What is asked of the server, and the table of numbers and sentences."""

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.viewer.pages import PHOTO, TABLES, centres, choose_map, evenly, heat, levels, pin, point, row_of, scaled
from tests.viewer.scenes import the
from tests.viewer.served import (
    REASON,
    answer,
    asked,
    attention,
    card,
    cell,
    fresh,
    give,
    hold,
    picture,
    refuse,
    serve,
    settle,
    show,
    wait_asked,
)


def test_without_a_server_to_ask_there_is_no_such_section(page):
    page.evaluate("""colourMaps => {
        const root = document.createElement("div");
        document.body.replaceChildren(root);
        window.viewer = createViewer(root, {colourMaps});
    }""", TABLES[0])
    show(page, [the("dense")])
    assert page.locator(".nlviz-depends").count() == 0
    state = page.evaluate("viewer.state()")
    assert state["dependence"] == [] and state["measuring"] is False and state["snapshots"] == {}


def test_numbers_stand_beside_shuffled_keys_and_fresh_weights_and_what_is_undefined_says_why(page):
    dense, dot = the("dense"), the("dot")
    serve(page, [dense, dot], dot={"jsd_att_nats": None, "reason": REASON, "note": REASON, "cosine_att": 1e-6})
    unknown = "this block is not known here"
    answer(page, **{"dot/0 fresh": fresh(jsd_att_nats=None), "dense/0 fresh": fresh(cosine_output=None, note=unknown)})
    show(page, [dense, dot])
    settle(page)
    assert card(page, dense).locator(".nlviz-sentence").inner_text() == "Of dense/0."
    numbers = card(page, dense).locator("tr").first.locator("th, td").all_inner_texts()
    assert numbers == ["dense", "0.20", "0.45", "0.10", "0.48", "n/a", "0.30", "0.40", "0.21", "0.25", "0.50", "0.31", "50 %"]
    heads = page.locator(".nlviz-numbers thead tr")
    assert heads.nth(0).locator("th").all_inner_texts() == ["Network and map", "cosine, input", "cosine, output",
                                                            "cosine, attention", "JSD, attention", "of shuffled"]
    assert heads.nth(1).locator("th").all_inner_texts() == ["map", "shuffled"] + ["map", "shuffled", "fresh"] * 3
    nats = [cell(page, dense, "jsd_att_nats", column).get_attribute("title") for column in ("value", "shuffled", "fresh")]
    assert nats == ["0.25 nats, 36 % of ln 2", "0.50 nats, 72 % of ln 2", "0.31 nats, 45 % of ln 2"]  # 0.25 / ln 2 = 0.361
    bar = card(page, dense).locator(".nlviz-share").bounding_box()
    part = card(page, dense).locator(".nlviz-share-part").bounding_box()
    assert part["width"] == pytest.approx(bar["width"] / 2, abs=1)  # 0.25 of 0.50
    assert card(page, dense).locator(".nlviz-reasons").inner_text() == f"n/a: {unknown}"
    assert [cell(page, dot, "jsd_att_nats", c).inner_text() for c in ("value", "shuffled", "fresh")] == ["n/a"] * 3
    assert cell(page, dot, "jsd_att_nats", "value").get_attribute("title") == REASON
    assert card(page, dot).locator(".nlviz-reasons").inner_text() == f"n/a: {REASON}"  # once
    assert card(page, dot).locator("td[data-number=share]").inner_text() == "0.0003 %"  # of the cosine distance
    assert cell(page, dot, "cosine_att", "value").inner_text() == "<0.0001"
    found = page.evaluate("viewer.state().dependence")
    assert [(f["id"], f["map"], f["snapshot"], f["sentence"], f["error"]) for f in found] == [
        ("dense/0", "", None, "Of dense/0.", ""), ("dot/0", "", None, "Of dot/0.", "")]
    by_name = {n["name"]: n for n in found[0]["numbers"]}
    assert by_name["cosine_att"] == {"name": "cosine_att", "value": 0.3, "shuffled": 0.4, "fresh": 0.21, "reason": ""}
    assert by_name["cosine_input"]["fresh"] is None and by_name["jsd_att_nats"]["fresh"] == 0.31


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
    evenly(page)
    pin(page, (0.2, 0.4), (0.7, 0.6))
    wait_asked(page, "dense/0 attention")
    seen = set()
    for x, y in [(0.1, 0.1), (0.5, 0.5), (0.9, 0.9)]:
        point(page, PHOTO, x, y)
        row = row_of(dense, dense["maps"][0], x, y)
        np.testing.assert_allclose(levels(page, heat(dense), centres([5, 6])[1]), scaled(row, 0, row.max()), atol=1)
        seen.add(page.locator(".nlviz-status").inner_text())
    assert len(seen) == 3
    tops = """[...document.querySelectorAll(".nlviz-panel, .nlviz-reading, .nlviz-strip, .nlviz-distances, .nlviz-depends")]
        .map(node => node.getBoundingClientRect().top)"""
    before = page.evaluate(tops)
    give(page, 0)
    wait_asked(page, "dense/0 attention", "dense/0 fresh")
    give(page, 1)
    settle(page)
    assert page.evaluate(tops) == before


def names_of(p: dict) -> list[str]:
    return [" ".join(filter(None, [p["id"], m["name"]])) for m in p["maps"]]


def test_every_map_is_a_row_and_those_shown_are_asked_for_first(page):
    pyramid, dense = the("pyramid"), the("dense")
    whole, parts, *others = names_of(pyramid)
    serve(page, [pyramid, dense])
    show(page, [pyramid, dense])
    settle(page)
    order = [whole, "dense/0", parts, *others]
    assert asked(page) == [f"{name} {step}" for step in ("attention", "fresh") for name in order]
    titles = page.locator(".nlviz-row th").all_inner_texts()
    assert titles == [f"pyramid · {m['name']}" for m in pyramid["maps"]] + ["dense"]


def test_an_answer_is_asked_once_whatever_is_chosen_between(page):
    dense, pyramid = the("dense"), the("pyramid")
    whole, parts = (m["name"] for m in pyramid["maps"][:2])
    serve(page, [dense, pyramid])
    show(page, [dense, pyramid])
    settle(page)
    everything = 2 * (1 + len(pyramid["maps"]))
    assert len(asked(page)) == everything
    choose_map(page, pyramid, parts)
    settle(page)
    for name in (whole, parts):
        assert card(page, pyramid, name).locator(".nlviz-sentence").inner_text() == f"Of pyramid/0 {name}."
    choose_map(page, pyramid, whole)
    assert page.evaluate("viewer.state().measuring") is False
    show(page, [dense])
    show(page, [pyramid, dense])
    settle(page)
    assert len(asked(page)) == everything
    show(page, [dense], resolution=672)  # another input: other numbers
    settle(page)
    show(page, [dense], picture="2")
    settle(page)
    assert len(asked(page)) == everything + 4


def test_a_click_on_a_head_sorts_by_it_largest_first_then_smallest_then_as_before(page):
    panels = [the("dense"), the("dot"), the("global")]
    serve(page, panels, dense={"cosine_att": 0.1}, dot={"cosine_att": 0.3, "jsd_att_nats": None}, **{"global": {"cosine_att": 0.2}})
    show(page, panels)
    settle(page)
    titles, sort = page.locator(".nlviz-row th"), page.get_by_role("button", name="cosine, attention, of the map")
    head = page.locator(".nlviz-numbers th", has=sort)
    for way, order in [("descending", ["dot", "global", "dense"]), ("ascending", ["dense", "global", "dot"]),
                       ("none", ["dense", "dot", "global"])]:
        sort.click()
        assert titles.all_inner_texts() == order and head.get_attribute("aria-sort") == way
    page.get_by_role("button", name="JSD, attention, of the map").focus()
    for _ in range(2):
        page.keyboard.press("Enter")
        assert titles.all_inner_texts()[-1] == "dot"  # what is n/a comes last either way
    assert page.locator(".nlviz-numbers th[aria-sort=ascending]").count() == 1
    page.get_by_role("button", name="Network and map").click()
    assert titles.all_inner_texts() == ["dense", "dot", "global"]
    page.get_by_role("button", name="Network and map").click()
    assert titles.all_inner_texts() == ["global", "dot", "dense"]
    show(page, panels[:2])
    settle(page)
    assert titles.all_inner_texts() == ["dot", "dense"]  # it stays sorted


def test_answers_that_come_late_are_kept_for_what_they_were_asked_for_and_shown_nowhere_else(page):
    pooled, dense = the("pooled"), the("dense")
    serve(page, [pooled, dense])
    hold(page)
    show(page, [pooled, dense])
    wait_asked(page, "pooled/0 attention")
    show(page, [dense, pooled])
    give(page, 0)
    wait_asked(page, "pooled/0 attention", "dense/0 attention")
    assert card(page, pooled).locator(".nlviz-sentence").inner_text() == "Of pooled/0."
    expect(card(page, dense).locator(".nlviz-sentence")).to_have_text("Waiting for the numbers …")
    assert page.evaluate("viewer.state().dependence[0].numbers") is None
    show(page, [dense], picture="2")  # the first scene's second answer comes when another photo is there
    answer(page, **{"dense/0 attention": attention("Of another photo.")})
    refuse(page, 1, "that photo is gone")
    page.wait_for_function("asked.depends.length === 3")
    assert page.evaluate("asked.depends[2].request.key.picture") == "2"
    assert not card(page, dense).locator(".nlviz-trouble").is_visible()
    hold(page, held=False)
    give(page, 2)
    settle(page)
    assert card(page, dense).locator(".nlviz-sentence").inner_text() == "Of another photo."
    show(page, [pooled])
    settle(page)
    assert card(page, pooled).locator(".nlviz-sentence").inner_text() == "Of pooled/0."  # kept from the first answer
    assert asked(page).count("pooled/0 attention") == 1


@pytest.mark.parametrize("step", ["attention", "fresh"])
def test_what_fails_says_so_in_its_row_and_can_be_tried_again_while_the_others_go_on(page, step):
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


def test_an_answer_that_cannot_be_read_is_a_failure_of_its_row(page):
    dense = the("dense")
    serve(page, [dense], dense={"picture": picture(np.zeros((2, 2))) | {"grid": [5, 6]}})
    show(page, [dense])
    expect(card(page, dense).locator(".nlviz-trouble")).to_contain_text("expected 30 float32 numbers, got 4")
