"""The question of the page, does attention depend on the query, as a visitor asks it: the panel, snapshots, the tab Study."""

import re
import zipfile

import numpy as np
import pytest
from playwright.sync_api import expect

from nlviz.figures import colour_table
from nlviz.measures import dependence_of_queries, measure
from nlviz.metrics import cosine_distance, js_divergence
from nlviz.ui.examples import EXAMPLES
from tests.ui.answers import analysed

# ---------------------------------------------------------------------------------------------------- does it depend on the query?

PAIR = ("msrc_embedded_gaussian_times_free", "msrc_embedded_gaussian_as_is_free")


def row(site, name):
    """The row of a network's first map in the table."""
    return site.page.locator(f".nlviz-row[data-panel='{name}/0']").first


def number_of(site, name, number="jsd_att_nats", column="value"):
    return row(site, name).locator(f"td[data-number={number}][data-column={column}]").text_content()


def enlarge(site, name):
    site.page.locator(f"button.nlviz-dependence[data-panel='{name}/0']").first.click()
    return site.page.get_by_role("dialog", name="Where attention depends on the query")


def test_the_panel_gives_the_numbers_of_the_maps_on_screen_with_both_baselines(site):
    site.choose("msrc_embedded_gaussian", "msrc_gc").measured()
    nl_map = analysed("msrc_embedded_gaussian").maps[0].nl_map
    found = measure(nl_map)
    assert number_of(site, "msrc_embedded_gaussian") == f"{found.values['jsd_att_nats']:.2f}"
    assert number_of(site, "msrc_embedded_gaussian", "cosine_att", "shuffled") == f"{found.shuffled['cosine_att']:.2f}"
    assert 0 < float(number_of(site, "msrc_embedded_gaussian", column="fresh")) < np.log(2)
    assert row(site, "msrc_embedded_gaussian").locator(".nlviz-sentence").inner_text() == found.sentence
    assert "One map for all queries" in row(site, "msrc_gc").locator(".nlviz-sentence").inner_text()
    picture = site.page.locator("button.nlviz-dependence[data-panel='msrc_embedded_gaussian/0'] canvas.nlviz-heat")
    queries, table = dependence_of_queries(nl_map).view(14, 14), colour_table("viridis")
    for down, right in ((0, 0), (6, 10), (13, 13)):
        seen = picture.evaluate("(canvas, point) => site.colours(canvas, [point])[0]", [(right + 0.5) / 14, (down + 0.5) / 14])
        index = min(255, int(256 * queries[down, right] / queries.max()))
        assert min(abs(np.array(seen[:3]) - table[max(0, i)].astype(int)).max() for i in range(index - 1, min(index + 2, 256))) == 0


def test_the_most_and_the_least_typical_query_are_pinned_and_their_distance_stands_beside(site):
    site.choose("msrc_embedded_gaussian").measured()
    dialog = enlarge(site, "msrc_embedded_gaussian")
    for action in ("most", "least"):
        dialog.locator(f"[data-action=pin-{action}-typical]").click()
    site.page.keyboard.press("Escape")
    pins = site.page.evaluate("site.viewer.state().pins.map(pin => pin.cell)")
    nl_map = analysed("msrc_embedded_gaussian").maps[0].nl_map
    queries = dependence_of_queries(nl_map)
    assert [14 * row + column for row, column in pins] == [int(queries.argmin()), int(queries.argmax())]
    rows = [nl_map.row(int(queries.argmin())), nl_map.row(int(queries.argmax()))]
    cells = site.page.locator(".nlviz-distance-table td").all_inner_texts()
    assert f"{js_divergence(*rows).item():.2f}" in cells and f"{cosine_distance(*rows).item():.2f}" in cells


def test_hovering_goes_on_while_numbers_are_measured_and_asks_nothing_more(visit):
    site, held, released = visit().measured(), [], []
    site.page.route("**/component_server/", lambda route: route.continue_() if released else held.append(route))
    site.choose("msrc_embedded_gaussian", "msrc_pyramid_oc")
    site.page.wait_for_function("site.viewer.state().measuring")
    before = site.pixels("msrc_embedded_gaussian/0")
    site.ask(0.2, 0.2)
    assert (site.pixels("msrc_embedded_gaussian/0") != before).any()
    assert held and site.page.evaluate("site.viewer.state().measuring")
    released += held
    for route in held:
        route.continue_()
    expect(site.measured().page.locator(".nlviz-effect-found")).to_have_count(2)  # the line below each panel
    count = len(site.requests)
    for x in (0.3, 0.5, 0.7):
        site.ask(x, 0.4)
    assert len(site.requests) == count


def test_the_slider_shows_query_dependence_go(site):
    site.choose(*PAIR).measured()
    lost = site.page.locator(f"input[data-choice=epoch][data-panel='{PAIR[0]}/0']")
    last = number_of(site, PAIR[0])
    lost.focus()
    site.page.keyboard.press("Home")
    site.page.wait_for_function("name => site.viewer.state().snapshots[name] === 0 && !site.viewer.state().measuring", arg=PAIR[0])
    assert number_of(site, PAIR[0]) != last and "epoch 0 of 240" in lost.evaluate("node => node.closest('.nlviz-panel').innerText")
    before = measure(analysed(f"{PAIR[0]}@0").maps[0].nl_map).values["jsd_att_nats"]
    assert number_of(site, PAIR[0]) == f"{before:.2f}"
    site.page.keyboard.press("End")
    site.page.wait_for_function("name => !(name in site.viewer.state().snapshots) && !site.viewer.state().measuring", arg=PAIR[0])
    assert number_of(site, PAIR[0]) == last


# ---------------------------------------------------------------------------------------------------- the tab Study

@pytest.fixture
def study(visit):
    site = visit()
    site.page.get_by_role("tab", name="Study").click()
    return site


def said(site, words):
    site.page.wait_for_function("words => document.querySelector('#study-status')?.innerText.includes(words)", arg=words)


LISTEN = """() => {  // to all that the status says: what was on its way when the study stopped may be said a moment later
    const status = document.querySelector("#study-status");
    window.heard = [];
    new MutationObserver(() => heard.push(status.innerText)).observe(status, {subtree: true, childList: true, characterData: true});
}"""


def test_a_study_of_uploaded_pictures_gives_the_table_the_figure_and_the_report(study, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"none")
    study.page.locator("#study-pictures input[type=file]").set_input_files([*EXAMPLES[:2], tmp_path / "broken.jpg"])
    expect(study.page.locator("#study-pictures")).to_contain_text("broken")
    study.page.locator("input[type=radio][value='224']").last.check()
    study.page.locator("#study-measure").click()
    said(study, "2 pictures measured.")
    assert "Left out: broken.jpg" in study.page.locator("#study-status").inner_text()
    table = study.page.locator("#study-table tbody tr")
    networks = [row.locator("td").first.inner_text() for row in table.all()]
    blocks = ["msrc_embedded_gaussian", "camvid_criss_cross · A2 A1", "camvid_criss_cross · A1", "camvid_criss_cross · A2",
              "msrc_gc · attention"]
    assert [name for name in networks if not name.startswith("dinov2_small")] == blocks
    assert 2 <= len(networks) - len(blocks) <= 12  # of 72 heads those that stand for all
    values = [measure(analysed(blocks[0], path).maps[0].nl_map).values["jsd_att_nats"] for path in EXAMPLES[:2]]
    assert table.nth(networks.index(blocks[0])).locator("td").nth(4).inner_text() == f"{sum(values) / 2:.3f}"
    expect(study.page.locator("#study-figure img")).to_be_visible()
    with study.page.expect_download() as download:
        study.page.locator("#study-report a").first.click()
    with zipfile.ZipFile(download.value.path()) as report:
        assert {"README.md", "summary.json", "pictures.csv", "distribution.png", "distribution.pdf"} <= set(report.namelist())


def test_a_study_without_pictures_or_networks_says_what_is_missing(study):
    study.page.locator("#study-measure").click()
    said(study, "Choose pictures first.")
    study.page.locator("#study-pictures input[type=file]").set_input_files(EXAMPLES[:1])
    expect(study.page.locator("#study-pictures")).to_contain_text("lion")
    study.page.locator("#study-networks").get_by_role("button", name="Clear").click()
    study.page.locator("#study-measure").click()
    said(study, "Choose at least one network.")
    assert study.page.locator("#study-table tbody").count() == 0


def test_a_study_can_be_stopped(study):
    study.page.locator("#study-pictures input[type=file]").set_input_files(EXAMPLES * 10)
    expect(study.page.locator("#study-pictures")).to_contain_text("lion")
    study.page.locator("#study-measure").click()
    expect(study.page.locator("#study-status")).to_contain_text(re.compile(r"Measured \d+ of 40"))
    study.page.evaluate(LISTEN)
    study.page.locator("#study-stop").click()
    study.page.wait_for_function("heard.some(words => words.includes('Measuring was stopped.'))")
    expect(study.page.locator("#study-table tbody")).to_have_count(0)
