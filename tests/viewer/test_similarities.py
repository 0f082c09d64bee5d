"""Similarities: how alike features are at the query and everywhere, hovered like a map."""

import numpy as np
import pytest

from nlviz.figures import DIVERGING, colour_table
from nlviz.maps import SIMILARITIES
from nlviz.viewer import make_scene, make_similarity
from tests.figures.toys import toys
from tests.viewer.pages import TABLES, ask, centres, choose, colours, drawn, heat, node, pin, scaled

VIEWER = """([colourMaps, diverging, answers, scene]) => {
    const root = document.createElement("div");
    document.body.replaceChildren(root);
    window.requests = [];
    window.viewer = createViewer(root, {colourMaps, diverging, onSimilarity: async request => {
        requests.push([request.panel, request.term]);
        return answers[request.panel][request.term];
    }});
    viewer.show(scene);
}"""


@pytest.fixture(scope="module")
def analyses():
    """Positions, one map for all, channels, and a gate."""
    return [toys(8)[at] for at in (0, 1, 3, 6)]


@pytest.fixture
def page(bare, analyses):
    names = [analysis.model.name for analysis in analyses]
    answers = {f"{name}/0": {term: make_similarity(analysis.calls[0][0], term) for term in SIMILARITIES}
               for name, analysis in zip(names, analyses)}
    bare.evaluate(VIEWER, [*TABLES, answers, make_scene(analyses, names, 96)])
    return drawn(bare)


def similar(page, term):
    choose(page, "term", term)
    page.wait_for_function("count => requests.length >= count", arg=4)
    drawn(page)


@pytest.mark.parametrize("term", SIMILARITIES)
def test_every_panel_shows_the_cosine_at_the_query_to_all_positions(page, analyses, term):
    choose(page, "veil", "even")
    similar(page, term)
    for x, y in [(0.1, 0.2), (0.9, 0.6)]:
        seen = ask(page, x, y)
        for analysis in analyses:
            panel, placed = {"id": f"{analysis.model.name}/0"}, analysis.calls[0][0].term(term)
            expected = placed.heatmap(x, y)
            values = np.array(seen[panel["id"]]["values"]).reshape(expected.shape)
            assert np.abs(values - expected.numpy()).max() < 2e-3  # unit vectors come as float16
            assert -1.001 <= values.min() and values.flat[seen[panel["id"]]["asked"]] == pytest.approx(1, abs=2e-3)
            points = centres(expected.shape, make_similarity(analysis.calls[0][0], term)["place"])[1]
            found = colours(page, heat(panel), points)[:, :3]
            table = colour_table(DIVERGING).astype(int)
            steps = scaled(values.flatten(), -1, 1).astype(int)
            near = [np.abs(table[np.clip([s - 1, s, s + 1], 0, 255)] - c).max(1).min() for s, c in zip(steps, found)]
            assert max(near) == 0


def test_features_are_asked_for_once_and_hovering_asks_nobody(page):
    for term in (*SIMILARITIES, "full", *SIMILARITIES):
        choose(page, "term", term)
        page.wait_for_function("() => requests.length % 4 === 0 && requests.length > 0")
    for x in (0.2, 0.5, 0.8):
        ask(page, x, 0.5)
    pin(page, (0.3, 0.3), (0.6, 0.6))
    assert page.evaluate("requests.length") == 8 == len({tuple(one) for one in page.evaluate("requests")})


def test_the_words_and_the_bar_say_what_is_shown(page):
    similar(page, "output similarity")
    ask(page, 0.3, 0.7)
    bar = page.locator(".nlviz-bars .nlviz-bar")
    assert bar.count() == 1
    assert "output similarity" in bar.inner_text() and "cosine similarity" in bar.inner_text() and "−1" in bar.inner_text()
    assert "most alike" in page.locator(".nlviz-status").inner_text()


def test_pinned_queries_have_their_own_rows(page, analyses):
    similar(page, "input similarity")
    pin(page, (0.1, 0.1), (0.9, 0.9))
    drawn(page)
    thumb = ".nlviz-strip .nlviz-heat[data-panel='net0/0'][data-pin='{}']"
    found = [colours(page, thumb.format(number), [(0.5, 0.5)]) for number in (1, 2)]
    expected = [analyses[0].calls[0][0].term("input similarity").heatmap(x, x)[3, 3] for x in (0.1, 0.9)]
    assert (found[0] != found[1]).any() or abs(expected[0] - expected[1]) < 0.02


def test_a_block_that_adds_nothing_says_why_it_has_no_output_similarity(bare, analyses):
    reason = {"reason": "the block adds nothing somewhere, so there is nothing to compare"}
    name = analyses[0].model.name
    bare.evaluate(VIEWER, [*TABLES, {f"{name}/0": dict.fromkeys(SIMILARITIES, reason)}, make_scene(analyses[:1], [name], 96)])
    choose(drawn(bare), "term", "output similarity")
    bare.wait_for_function("() => requests.length === 1")
    drawn(bare)
    assert "the block adds nothing somewhere" in bare.locator(f"{node({'id': f'{name}/0'})} .nlviz-live").inner_text()


def test_the_map_comes_back(page):
    before = ask(page, 0.4, 0.4)["net3/0"]
    similar(page, "input similarity")
    choose(page, "term", "full")
    assert ask(page, 0.4, 0.4)["net3/0"] == before and page.locator(".nlviz-chooser").first.is_visible()


def test_features_that_are_too_many_to_send_are_said_to_be(analyses, monkeypatch):
    monkeypatch.setattr("nlviz.viewer.answers.MOST_BYTES", 10)
    assert "too many to send" in make_similarity(analyses[0].calls[0][0], "input similarity")["reason"]
