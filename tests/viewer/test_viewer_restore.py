"""A view that is told by state() and put back by restore(), without gradio."""

import pytest

from tests.viewer.pages import PHOTO, TABLES, choose, choose_map, drawn, heat, levels, node, pin, point
from tests.viewer.scenes import CENTRED, FULL, MAPS, the
from tests.viewer.served import SERVER, hold, show
from tests.viewer.snapshots import key_shown, move, slider, trained, words_of

# A clock of the page's that stands still until the test moves it.
CLOCK = """() => {
    const timers = new Map(), real = {setTimeout: window.setTimeout, clearTimeout: window.clearTimeout};
    let next = 1e6, now = 0;
    window.clock = {
        pass(wait) {
            now += wait;
            for (const [name, {run, at}] of [...timers]) if (at <= now) { timers.delete(name); run(); }
        },
        leave() { Object.assign(window, real); },
    };
    window.setTimeout = (run, wait = 0) => { timers.set(++next, {run, at: now + wait}); return next; };
    window.clearTimeout = name => timers.delete(name);
}"""
TOLD = SERVER.replace("createViewer(root, {", "createViewer(root, {onChange: state => told.push(structuredClone(state)), ").replace(
    "window.exports = [];", "window.exports = []; window.told = [];")
VIEW = {"queries": [[0.2, 0.3], [0.7, 0.6]], "parts": {"disentangled/0": "unary"}, "settings": {
    "colours": "inferno", "scale": "per panel", "view": "smooth", "direction": "attended by", "term": CENTRED, "opacity": 0.3,
    "veil": "even", "backdrop": "colour", "segmentation": True, "token": "class token"}}


@pytest.fixture
def page(bare):
    bare.evaluate(TOLD, TABLES)
    return bare


@pytest.fixture
def still(page):
    """The page with its clock standing still."""
    page.evaluate(CLOCK)
    yield page
    page.evaluate("clock.leave()")


def told(page) -> list[dict]:
    return page.evaluate("told")


def restore(page, view) -> None:
    page.evaluate("view => viewer.restore(view)", view)
    drawn(page)


def wait_told(page, count: int) -> dict:
    page.wait_for_function("count => told.length >= count", arg=count)
    return told(page)[-1]


def state(page) -> dict:
    return page.evaluate("viewer.state()")


def test_a_view_is_put_back_with_its_pins_settings_and_maps(page):
    show(page, [the("dense"), the("disentangled")])
    restore(page, VIEW)
    found = state(page)
    assert found["settings"] == VIEW["settings"] and found["parts"] == VIEW["parts"]
    for (x, y), pinned in zip(VIEW["queries"], found["pins"]):
        assert abs(pinned["x"] - x) < 0.1 and abs(pinned["y"] - y) < 0.1
    assert found["query"] == found["pins"][0]
    assert page.locator(".nlviz-strip .nlviz-pin").all_inner_texts() == ["1", "2"]
    for setting, value in VIEW["settings"].items():
        if setting == "token":  # has chips where there are tokens
            continue
        control = page.locator(f"[data-setting={setting}]")
        read = {"opacity": "node => Number(node.value)", "segmentation": "node => node.checked"}.get(setting, "node => node.value")
        shown = control.evaluate(read)
        assert shown == value, setting
    assert page.locator(f"{node(the('disentangled'))} select[data-choice=map]").input_value() == "unary"
    assert page.evaluate("getComputedStyle(document.querySelector('.nlviz-heat')).opacity") == "0.3"


def test_what_is_told_puts_the_same_view_back(page):
    show(page, [the("dense"), the("disentangled"), *trained(page, "net")])
    restore(page, VIEW | {"snapshots": {"net": 4}})
    page.wait_for_function("viewer.state().snapshots.net === 4")
    before = state(page)
    other = {"colours": "viridis", "term": FULL}
    restore(page, {"queries": [], "settings": other, "parts": {"disentangled/0": "sum"}, "snapshots": {}})
    page.wait_for_function("!('net' in viewer.state().snapshots)")
    assert state(page)["pins"] == []
    restore(page, before | {"queries": before["pins"]})
    page.wait_for_function("viewer.state().snapshots.net === 4")
    after = state(page)
    assert all(after[name] == before[name] for name in ("pins", "settings", "parts", "snapshots"))


def test_the_restored_map_is_the_one_that_is_drawn(page):
    panel = the("disentangled")
    show(page, [panel])
    restore(page, {"parts": {"disentangled/0": "unary"}, "settings": {"scale": "per panel"}})
    row = MAPS["disentangled/0", "unary"][FULL][0]
    brightest = [((at % 7 + 0.5) / 7, (at // 7 + 0.5) / 5) for at in range(35)][row.argmax()]
    assert levels(page, heat(panel), [brightest])[0] == 255


def test_what_is_left_out_stays_as_it_is(page):
    show(page, [the("dense"), the("disentangled")])
    restore(page, VIEW)
    before = state(page)
    restore(page, {})
    restore(page, {"settings": {"scale": "shared"}})
    after = state(page)
    assert after["settings"] == before["settings"] | {"scale": "shared"}
    assert after["pins"] == before["pins"] and after["parts"] == before["parts"]


NONSENSE = [
    None, 3, "abc", [], {"zebra": 1}, {"queries": None}, {"queries": "ab"}, {"settings": 5}, {"parts": "ab"}, {"snapshots": 3},
    {"queries": [None, 3, "xy", [], [1], ["a", "b"], [2, 0.5], [-1, 0], {}]},
    {"settings": {"colours": "jet", "scale": None, "term": "all", "opacity": "1", "segmentation": 1, "toString": 1}},
    {"settings": {"opacity": 7, "view": ["cells"]}},
    {"parts": {"disentangled/0": "zebra", "none/0": "sum", "dense/0": 3}},
    {"snapshots": {"net": 3, "dense": 4, "nobody": 1}}, {"snapshots": {"net": "x"}},
]


@pytest.mark.parametrize("view", NONSENSE, ids=str)
def test_what_does_not_exist_is_ignored_and_nothing_throws(page, view):
    show(page, [the("dense"), the("disentangled"), *trained(page, "net")])
    before = state(page)
    restore(page, view)
    after = state(page)
    pins = after.pop("pins")
    assert pins == []
    for name in ("settings", "parts", "snapshots", "query"):
        assert after[name] == before[name], name


def test_more_than_eight_queries_and_two_in_one_cell_are_too_many(page):
    show(page, [the("dense")])
    restore(page, {"queries": [[0.1, 0.1], [0.12, 0.12], *([x / 10, y] for y in (0.5, 0.9) for x in range(1, 10))]})
    pins = [tuple(p["cell"]) for p in state(page)["pins"]]
    assert len(pins) == len(set(pins)) == 8 and pins[0] == (0, 0)


def test_before_a_scene_is_there_the_settings_are_kept_for_it(page):
    restore(page, VIEW)
    show(page, [the("dense")])
    assert state(page)["settings"] == VIEW["settings"] and state(page)["pins"] == []


def test_a_restored_epoch_is_loaded_and_one_that_is_not_named_is_the_last(page):
    (p,) = trained(page, "net")
    show(page, [p])
    restore(page, {"snapshots": {"net": 1}})
    page.wait_for_function("viewer.state().snapshots.net === 1")
    assert key_shown(page, p) == 1 and slider(page, p).input_value() == "1" and words_of(page, p).inner_text() == "epoch 1 of 48"
    restore(page, {"snapshots": {}})
    page.wait_for_function("!('net' in viewer.state().snapshots)")
    assert key_shown(page, p) == 3


# ---------------------------------------------------------------------------------------------------- telling


def fade(page) -> None:
    page.locator("[data-action=display-open]").click()
    page.locator("input[data-setting=opacity]").fill("0.2")


CHANGES = {  # what the user does, and how the state shows it
    "a pin": (lambda page: pin(page, (0.3, 0.3)), lambda state: len(state["pins"]) == 1),
    "a setting": (lambda page: choose(page, "colours", "inferno"), lambda state: state["settings"]["colours"] == "inferno"),
    "the opacity": (fade,
                    lambda state: state["settings"]["opacity"] == 0.2),
    "a map": (lambda page: choose_map(page, the("disentangled"), "unary"),
              lambda state: state["parts"]["disentangled/0"] == "unary"),
}


@pytest.mark.parametrize("what", CHANGES)
def test_what_the_user_changes_is_told_with_the_whole_state(page, what):
    show(page, [the("dense"), the("disentangled")])
    change, shows = CHANGES[what]
    change(page)
    found = wait_told(page, 1)
    assert shows(found) and found["key"] == state(page)["key"]


def test_several_changes_are_told_once_a_quarter_of_a_second_after_the_last(still):
    show(still, [the("dense")])
    choose(still, "scale", "per panel")
    still.evaluate("clock.pass(200)")
    choose(still, "colours", "inferno")
    still.evaluate("clock.pass(249)")
    assert told(still) == []
    still.evaluate("clock.pass(1)")
    (found,) = told(still)
    assert found["settings"]["colours"] == "inferno" and found["settings"]["scale"] == "per panel"


def test_pointing_restoring_and_a_new_scene_are_not_told(still):
    show(still, [the("dense"), the("disentangled"), *trained(still, "net")])
    point(still, PHOTO, 0.2, 0.8)
    choose(still, "scale", "per panel")
    restore(still, VIEW | {"snapshots": {"net": 1}})  # also takes the place of what was to be told
    still.wait_for_function("viewer.state().snapshots.net === 1")
    show(still, [the("dense")], picture="2")
    still.evaluate("clock.pass(1000)")
    assert told(still) == []


def test_an_epoch_is_told_when_it_is_shown(page):
    (p,) = trained(page, "net")
    hold(page, "snapshot")
    show(page, [p])
    move(page, p, 1)
    pin(page, (0.5, 0.5))
    assert wait_told(page, 1)["snapshots"] == {}
    hold(page, "snapshot", held=False)
    page.evaluate("asked.snapshot[0].resolve()")
    assert wait_told(page, 2)["snapshots"] == {"net": 1}
