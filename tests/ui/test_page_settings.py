"""How the maps are shown: direction, scale, colours, the segmentation, captions."""

import numpy as np
import pytest
from playwright.sync_api import expect

from nlviz.figures import colour_table
from nlviz.viewer.scene import class_colour
from tests.ui.answers import (
    MIXED,
    POINTS,
    analysed,
    assert_drawn,
    cells_in_picture,
    drawn_levels,
    look,
    maps,
    shared_limits,
)
from tests.ui.visitor import CHOSEN


def test_attended_by_draws_the_column_of_the_map(site):
    site.choose(*MIXED[:3]).set("direction", "attended by")
    for x, y in POINTS[:2]:
        site.ask(x, y)
        assert_drawn(site, maps(MIXED[:3]), x, y, "attended by")
    expect(site.status).to_contain_text("attended by")


def test_a_global_map_is_the_same_for_every_query_and_says_so(site):
    site.choose("caltech101_gc")
    drawings = set()
    for x, y in POINTS:
        site.ask(x, y)
        drawings.add(site.panel("caltech101_gc/0").evaluate("canvas => canvas.toDataURL()"))
    assert len(drawings) == 1
    expect(site.page.locator(".nlviz-panel[data-panel='caltech101_gc/0']")).to_contain_text("every query gets the same")


def test_the_scale_is_shared_or_per_panel_and_its_numbers_are_printed(site):
    names = [MIXED[0], MIXED[2], "msrc_embedded_gaussian"]
    site.choose(*names).set("scale", "shared").ask(*POINTS[0])
    placed = maps(names)
    bars = site.page.locator(".nlviz-reading .nlviz-bar")
    expect(bars).to_have_count(2)  # distributions and scaled rows have nothing in common
    limits = shared_limits({panel: look(p, *POINTS[0]) for panel, p in placed.items()}, placed)
    for rows, (low, high) in limits.items():
        numbers = site.page.locator(f".nlviz-reading .nlviz-bar[data-rows={rows}] .nlviz-number").all_inner_texts()
        assert [float(n) for n in numbers] == pytest.approx([low, high], rel=0.06)
    words = site.page.locator(".nlviz-reading [data-rows=distribution]")
    expect(words).to_contain_text("shared by 2 networks · rows: distribution (sum 1)")
    site.set("scale", "per panel")
    expect(bars).to_have_count(0)
    assert_drawn(site, placed, *POINTS[0], scale="per panel")
    for panel, p in placed.items():
        own = site.page.locator(f".nlviz-panel[data-panel='{panel}'] .nlviz-own")
        expect(own).to_contain_text("own scale")
        values = look(p, *POINTS[0])[0]
        numbers = [float(n) for n in own.locator(".nlviz-number").all_inner_texts()]
        assert numbers == pytest.approx([values.min(), values.max()], rel=0.06)


def test_a_flat_map_is_drawn_flat_even_on_its_own_scale(site):
    site.choose("caltech101_gc").evenly("per panel").set("direction", "attended by").ask(*POINTS[0])
    assert set(drawn_levels(site, "caltech101_gc/0", analysed("caltech101_gc").maps[0].queries)) == {128}
    expect(site.page.locator(".nlviz-own")).to_contain_text("flat")


def test_smooth_is_between_the_cells_and_true_at_their_centres(site):
    site.choose(*MIXED[:3]).set("view", "smooth").ask(*POINTS[0])
    placed = maps(MIXED[:3])
    assert_drawn(site, placed, *POINTS[0])
    site.evenly()
    assert_drawn(site, placed, *POINTS[0], scale="shared", veil="even")
    values, place = look(placed[f"{MIXED[1]}/0"], *POINTS[0])
    centres = np.array(cells_in_picture(place)[1]).reshape(*place.grid, 2)
    halfway = (centres[:, 1:] + centres[:, :-1]) / 2
    levels = {tuple(colour): i for i, colour in enumerate(colour_table("viridis").tolist())}
    found = [levels[tuple(c[:3])] for c in site.colours(f"{MIXED[1]}/0", halfway.reshape(-1, 2))]
    limits = shared_limits({panel: look(p, *POINTS[0]) for panel, p in placed.items()}, placed)["scaled"]
    middle = (values[:, 1:] + values[:, :-1]).flatten() / 2
    wanted = 256 * (middle - limits[0]) / (limits[1] - limits[0])
    steepest = np.abs(np.diff(values, axis=1)).max() * 256 / (limits[1] - limits[0])
    assert np.abs(found - wanted).max() <= 2 + steepest / 9  # half a point to the side


def test_colours_follow_the_table_that_is_chosen(site):
    site.set("colours", "inferno").ask(*POINTS[0])
    assert_drawn(site, maps(CHOSEN), *POINTS[0], colour_map="inferno")


def test_opacity_changes_how_the_canvas_is_laid_over_not_what_is_in_it(site):
    heat, slider = site.panel(f"{CHOSEN[0]}/0"), site.page.locator("input[data-setting=opacity]")
    before = heat.evaluate("canvas => canvas.toDataURL()")
    with site.display():
        slider.fill("0.3")
    expect(heat).to_have_css("opacity", "0.3")
    assert heat.evaluate("canvas => canvas.toDataURL()") == before


def test_the_predicted_segmentation_can_be_shown_in_place_of_the_map(site):
    name = "msrc_embedded_gaussian"
    site.choose(name)
    analysis = analysed(name)
    labels = analysis.prediction["labels"].numpy()
    with site.display():
        site.page.get_by_label("Show segmentation").check()
    site.drawn()
    place = analysis.frame.place(labels.shape)
    cells, centres = cells_in_picture(place)
    found = np.array(site.colours(f"{name}/0", centres))[:, :3]
    wanted = np.array([[int(class_colour(labels[cell])[i:i + 2], 16) for i in (1, 3, 5)] for cell in cells])
    assert (found == wanted).all(axis=1).mean() > 0.98  # where server and test agree on a class to the last bit
    largest = analysis.model.classes[np.bincount(labels.flatten()).argmax()]
    expect(site.page.locator(".nlviz-legend .nlviz-class").first).to_contain_text(largest)


def test_the_captions_name_the_prediction_the_rows_and_the_outcome_of_the_parity_check(site):
    name = "caltech101_embedded_gaussian"
    caption = site.choose(name).unfold(f"{name}/0").page.locator(f".nlviz-panel[data-panel='{name}/0']")
    expect(caption.locator(".nlviz-parity")).to_have_attribute("data-outcome", analysed(name).maps[0].parity.outcome)
    expect(caption.locator(".nlviz-strong")).to_have_text(analysed(name).prediction["top"][0][0])
    expect(caption).to_contain_text("14 × 14 queries, 14 × 14 keys; rows: distribution (sum 1)")
    expect(caption).to_contain_text("of uniform")


def test_global_maps_alone_have_their_own_grid(site):
    site.choose("msrc_gc")
    grid = analysed("msrc_gc").maps[0].queries.grid
    expect(site.page.locator(".nlviz-panel[data-panel=photo]")).to_contain_text(f"Query cells: {grid[0]} × {grid[1]}")
