"""A slider shows a network as it was during its training."""

from playwright.sync_api import expect

from tests.viewer.pages import PHOTO, centres, colours, drawn, node, pin, point, unfold
from tests.viewer.scenes import the
from tests.viewer.served import answer, asked, card, give, hold, refuse, settle, show, wait_asked
from tests.viewer.snapshots import EPOCHS, key_shown, move, slider, snapshot, trained, words_of


def test_a_slider_swaps_the_panel_in_its_place_and_keeps_focus_pins_and_query(page):
    (p,) = trained(page, "net")
    show(page, [the("dense"), p])
    assert words_of(page, p).inner_text() == "epoch 48 of 48" and page.locator("input[data-choice=epoch]").count() == 1
    pin(page, (0.3, 0.3), (0.7, 0.7))
    point(page, PHOTO, 0.9, 0.1)
    before = page.evaluate("(({query, pins}) => ({query, pins}))(viewer.state())")
    unfold(page, p)
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
        assert colours(page, thumb, centres([5, 6])[1])[:, 3].argmax() == 3 - steps
        settle(page)
        assert card(page, p).locator(".nlviz-sentence").inner_text() == f"At epoch {epoch}."
        assert f"epoch {epoch} of 48" in card(page, p).inner_text()  # beside the sentence
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
    page.locator("[data-action=export-open]").click()
    page.locator("[data-action=export-figure]").click()
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


def test_curves_say_and_mark_the_numbers_of_the_step_on_the_slider(page):
    (p,) = trained(page, "net")
    curves = {"share": [1, 0.5, None, 0.25], "entropy_share": [0.9, 0.9, 0.8, 0.7], "added_share": [None] * 4}
    answers = {f"net/0 {e}": {"panel": made | {"snapshots": made["snapshots"] | {"unit": "step", "curves": curves}}}
               for e in EPOCHS for made in [snapshot("net", e)]}
    answer(page, "snapshot", **answers)
    show(page, [p | {"snapshots": p["snapshots"] | {"unit": "step", "curves": curves}}])
    entries, lines = page.locator(f"{node(p)} .nlviz-curves li"), page.locator(f"{node(p)} .nlviz-curves path[stroke-width]")
    assert words_of(page, p).inner_text() == "step 48 of 48" and slider(page, p).get_attribute("aria-label") == "Step"
    assert entries.all_inner_texts() == ["depends 25 % of shuffled", "entropy 70 % of flat"]  # of no added share there is no curve
    assert lines.count() == 2
    assert lines.nth(0).get_attribute("d") == "M0.0 0.0L5.0 28.0h0.1M240.0 42.0h0.1"  # broken where there is no number
    move(page, p, 2)
    expect(words_of(page, p)).to_have_text("step 4 of 48")
    assert entries.all_inner_texts() == ["depends n/a", "entropy 80 % of flat"]
    mark = page.locator(f"{node(p)} .nlviz-curves line")
    assert (mark.get_attribute("x1"), mark.get_attribute("x2")) == ("20", "20")  # 4 of 48 on 240
