"""Distances between pinned queries: divergence above the diagonal, cosine distance below."""

from itertools import combinations, product

import numpy as np
import pytest

from tests.viewer.pages import choose, choose_map, column_of, pin, row_of
from tests.viewer.scenes import CENTRED, FULL, MAPS, PAIRWISE, dense_map, softmax, the
from tests.viewer.served import REASON, asked, panel, settle, show


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
def test_distances_of_every_map_and_term_equal_numpys(page, name):
    p = the(name)
    show(page, [p])
    pin(page, (0.31, 0.77), (0.7, 0.2), (0.55, 0.45))
    centre = page.evaluate("viewer.state().pins.map(({x, y}) => [x, y])")
    for term, direction in product([FULL, PAIRWISE, CENTRED], ["attends to", "attended by"]):
        choose(page, "term", term)
        choose(page, "direction", direction)
        if term not in MAPS[p["id"], p["maps"][0]["name"]]:
            assert notes(page, p) == ["n/a: not a softmax over q · k, so it has no pairwise and unary term"]
            assert page.locator(".nlviz-distance-table table").count() == 0
        else:
            assert_equals_numpys(page, p, centre, term, direction)


def assert_equals_numpys(page, p, centre, term, direction):
    m, of = p["maps"][0], row_of if direction == "attends to" else column_of
    rows, titles, texts = [of(p, m, x, y, term) for x, y in centre], tables(page, p, "title"), tables(page, p)
    for i, j in combinations(range(3), 2):
        found = float(titles[j][i].removeprefix(f"Queries {i + 1} and {j + 1}: cosine distance "))
        assert found == pytest.approx(cosine_distance(rows[i], rows[j]), abs=1e-4)
        if direction == "attends to" and m["rows"] == "distribution" and term != CENTRED:
            found = float(titles[i][j].split(": Jensen–Shannon divergence ")[1].removesuffix(" nats"))
            assert found == pytest.approx(divergence(rows[i], rows[j]), abs=1e-4)
        else:
            assert texts[i][j] == "n/a" and titles[i][j].startswith("divergence n/a: ")


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
