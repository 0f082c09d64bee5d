"""The page as a visitor meets it: real networks, a real browser, assertions on what is drawn."""

import base64
import io
import re
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import expect

from nlviz import load_model
from nlviz.analysis import Analysis, PlacedMap, analyse
from nlviz.figures import DIVERGING, colour_table
from nlviz.maps import TERMS, cell_of, flat_index
from nlviz.models import MODELS
from nlviz.pictures import open_picture
from nlviz.recipes import Recipe, recipe_in
from nlviz.ui import launch
from nlviz.ui.page import EXAMPLES
from nlviz.ui.presets import PRESETS
from nlviz.viewer.scene import class_colour
from tests.conftest import Site
from tests.networks import network
from tests.pictures.drawn import bomb, encoded, quarters

CHOSEN = next(iter(PRESETS.values()))
LION, CHEETAH = EXAMPLES[:2]  # 256 x 256, there at the start, and 502 x 343 pixels
MIXED = ["caltech101_embedded_gaussian", "caltech101_concatenation", "caltech101_dot_product", "caltech101_gc",
         "fashion_embedded_gaussian"]  # softmax, relu and plain dot products, a global one, a letterboxed one with pooled keys
POINTS = [(0.31, 0.42), (0.98, 0.03), (0.52, 0.55)]


# ---------------------------------------------------------------------------------------------------- Python's own answer


@cache
def analysed(name: str, path: str = LION, resolution: int = 448) -> Analysis:
    return analyse(load_model(name), path, resolution)


def maps(names, path=LION, resolution=448) -> dict[str, PlacedMap]:
    """The first map of each panel by its name."""
    return {f"{name}/{number}": call[0] for name in names for number, call in enumerate(analysed(name, path, resolution).calls)}


def look(placed: PlacedMap, x: float, y: float, direction: str = "attends to"):
    """(values, placement): the row of the query at (x, y) on the keys, or the column of the key there on the queries."""
    if direction == "attends to":
        return placed.heatmap(x, y).double().numpy(), placed.keys
    column = placed.nl_map.column(flat_index(placed.keys.cell(x, y), placed.keys.grid))
    return column.view(placed.queries.grid).double().numpy(), placed.queries


def cells_in_picture(place) -> tuple[list, list]:
    """Cells whose centre lies in the picture, and those centres."""
    rows, columns = place.grid
    cells, centres = [], []
    for row in range(rows):
        for column in range(columns):
            x, y = (float((i + 0.5 - o) / s) for i, o, s in zip((column, row), map(float, place.offset), map(float, place.scale)))
            if 0 < x < 1 and 0 < y < 1:
                cells.append((row, column))
                centres.append((x, y))
    return cells, centres


def shared_limits(looks: dict, placed: dict[str, PlacedMap]) -> dict[str, tuple[float, float]]:
    """rows -> (low, high), zero always between them or at an end."""
    kinds = {placed[panel].nl_map.rows for panel in looks}
    values = {kind: [v for panel, (v, _) in looks.items() if placed[panel].nl_map.rows == kind] for kind in kinds}
    return {kind: (min(0, *(v.min() for v in all_)), max(v.max() for v in all_)) for kind, all_ in values.items()}


def drawn_levels(site, panel: str, place, colour_map: str = "viridis") -> np.ndarray:
    """Which colour of the table is drawn at each cell's centre; a colour that is not in the table is an error."""
    levels = {tuple(colour): i for i, colour in enumerate(colour_table(colour_map).tolist())}
    return np.array([levels[tuple(c[:3])] for c in site.colours(panel, cells_in_picture(place)[1])])


def assert_drawn(site, placed: dict[str, PlacedMap], x, y, direction="attends to", scale="shared", colour_map="viridis"):
    """Every panel shows Python's own values, each in the colour that the scale gives it."""
    looks = {panel: look(p, x, y, direction) for panel, p in placed.items()}
    limits = shared_limits(looks, placed)
    for panel, (values, place) in looks.items():
        low, high = limits[placed[panel].nl_map.rows] if scale == "shared" else (values.min(), values.max())
        wanted = np.clip(np.floor(256 * (values - low) / (high - low)), 0, 255)
        found = drawn_levels(site, panel, place, colour_map)
        cells = cells_in_picture(place)[0]
        np.testing.assert_allclose(found, [wanted[cell] for cell in cells], atol=2, err_msg=f"{panel} at {x}, {y}")


def show_cheetah(site):
    """A photo that is not square."""
    site.page.locator("#examples button.gallery-item").nth(1).click()
    site.settled(picture=sha256(CHEETAH))


def cell_text(place, x, y) -> str:
    return "({}, {})".format(*place.cell(x, y))


# ---------------------------------------------------------------------------------------------------- at the start


def test_a_photo_with_maps_is_there_at_the_start(site):
    assert sorted({panel.split("/")[0] for panel in site.panels()}) == sorted(CHOSEN)
    assert site.photo_colours([(0.5, 0.5)])[0][3] == 255
    assert_drawn(site, maps(CHOSEN), 0.5, 0.5)
    for words in ("Capture from camera", "Paste from clipboard", "Upload file"):
        expect(site.page.get_by_label(words)).to_be_visible()


# ---------------------------------------------------------------------------------------------------- pointing


def test_hovering_redraws_every_panel_with_the_row_that_the_block_used_and_asks_no_server(site):
    show_cheetah(site.choose(*MIXED))
    placed, panels = maps(MIXED, CHEETAH), site.panels()
    assert sorted(panels) == sorted(placed) and len(panels) == 6
    site.measured().requests.clear()
    for number, (x, y) in enumerate(POINTS):
        site.ask(x, y, panel=panels[number])
        expect(site.status).to_contain_text(f"Query cell {cell_text(placed[panels[0]].queries, x, y)}")
        assert_drawn(site, placed, x, y)
    assert site.requests == []


@pytest.mark.parametrize("name", ["caltech101_embedded_gaussian", "caltech101_dot_product", "msrc_embedded_gaussian"])
def test_the_strongest_key_is_the_brightest_place_of_the_panel(site, name):
    show_cheetah(site.choose(name))
    placed = analysed(name, CHEETAH).maps[0]
    for x, y in POINTS:
        site.ask(x, y)
        (row, column), weight = placed.strongest(x, y)
        pixels = site.pixels(f"{name}/0")
        height, width = pixels.shape[:2]
        brightness = pixels[..., :3] @ [0.2126, 0.7152, 0.0722]
        brightest = brightness >= brightness.max() - 1e-6
        left, top, right, bottom = map(float, placed.keys.rectangle(row, column))
        inside = brightest[round(top * height) + 1:round(bottom * height) - 1, round(left * width) + 1:round(right * width) - 1]
        assert inside.size > 30 and inside.all()
        values = placed.heatmap(x, y)
        step = (weight - min(0, values.min().item())) / 256  # other keys may share the last colour
        for at in np.argwhere(brightest)[::7]:
            cell = placed.keys.cell_of_pixel(int(at[1]), int(at[0]), (width, height))
            assert values[cell] >= weight - 1.1 * step


def test_a_click_on_the_last_pixel_is_the_last_cell(site):
    canvas = site.panel("photo", "marks")
    canvas.evaluate("canvas => canvas.scrollIntoView({block: 'center'})")  # not under the foot
    box = canvas.bounding_box()
    site.page.mouse.click(int(box["x"] + box["width"] - 0.5), int(box["y"] + box["height"] - 0.5))
    rows, columns = analysed(CHOSEN[0]).maps[0].queries.grid
    expect(site.page.locator(".nlviz-strip-cell")).to_have_text(f"({rows - 1}, {columns - 1})")
    expect(site.status).to_contain_text(f"Query cell ({rows - 1}, {columns - 1})")


# ---------------------------------------------------------------------------------------------------- pins


def test_clicks_pin_up_to_eight_numbered_queries_in_a_strip_of_queries_by_networks(site):
    spots = [(0.1 + 0.25 * (i % 4), 0.2 + 0.5 * (i // 4)) for i in range(8)]
    for number, spot in enumerate(spots, 1):
        site.ask(*spot, click=True)
        expect(site.page.locator(".nlviz-strip .nlviz-pin")).to_have_text([str(i + 1) for i in range(number)])
        assert site.strip.count() == number * len(site.panels())
    site.ask(0.45, 0.5, click=True)
    expect(site.message).to_contain_text("Eight queries are pinned")
    assert site.page.locator(".nlviz-strip .nlviz-pin").count() == 8
    site.ask(*spots[2], click=True)  # again: removed
    expect(site.page.locator(".nlviz-strip .nlviz-pin")).to_have_count(7)
    expect(site.message).to_be_hidden()
    site.page.keyboard.press("Delete")
    expect(site.page.locator(".nlviz-strip .nlviz-pin")).to_have_count(6)
    site.page.locator("[data-action=remove-pin]").first.click()
    expect(site.page.locator(".nlviz-strip .nlviz-pin")).to_have_count(5)
    site.page.locator("[data-action=clear-pins]").click()
    expect(site.strip).to_have_count(0)


def test_pins_stay_when_the_networks_or_the_resolution_change(site):
    for x, y in POINTS[::2]:
        site.ask(x, y, click=True)
    before = site.page.locator(".nlviz-strip-cell").all_inner_texts()
    site.choose(*CHOSEN[:2])
    assert site.strip.count() == 2 * 2 and site.page.locator(".nlviz-strip-cell").all_inner_texts() == before
    site.resolution(224)
    placed = maps(CHOSEN[:2], resolution=224)
    assert site.strip.count() == 2 * 2
    queries = placed[f"{CHOSEN[0]}/0"].queries
    for text, point in zip(site.page.locator(".nlviz-strip-cell").all_inner_texts(), POINTS[::2]):
        found = tuple(map(int, text.strip("()").split(",")))
        assert np.abs(np.subtract(found, queries.cell(*point))).max() <= 1  # a pin is the centre of its finer cell


# ---------------------------------------------------------------------------------------------------- keyboard and reader


def test_everything_can_be_asked_by_keyboard_and_is_said_in_words(site):
    site.choose(CHOSEN[0])
    placed = analysed(CHOSEN[0]).maps[0]
    _, columns = placed.queries.grid
    row, column = placed.queries.cell(0.5, 0.5)
    area = site.page.get_by_role("application")
    area.focus()
    for key, down, right in [("Right", 0, 1), ("Down", 1, 0), ("Up", -1, 0), ("Up", -1, 0), ("Left", 0, -1)]:
        site.page.keyboard.press(f"Arrow{key}")
        row, column = row + down, column + right
        expect(site.status).to_contain_text(f"Query cell ({row}, {column})")
    weights = placed.nl_map.row(row * columns + column)
    strongest = "({}, {})".format(*cell_of(int(weights.argmax()), placed.keys.grid))
    share = 100 * weights.max().item()
    shown = f"{share:.0f} %" if share >= 10 else f"{share:.1f} %"
    title = analysed(CHOSEN[0]).model.title
    expect(site.status).to_have_text(f"Query cell ({row}, {column}) → strongest key: {title} {strongest}, {shown} of the weight")
    expect(site.page.locator(".nlviz-spoken[aria-live=polite]")).to_have_text(site.status.inner_text())
    site.page.keyboard.press("Enter")
    expect(site.page.locator(".nlviz-strip-cell")).to_have_text(f"({row}, {column})")
    for key, cell in (("Home", (row, 0)), ("End", (row, columns - 1)), ("ArrowRight", (row, columns - 1)), ("1", (row, column))):
        site.page.keyboard.press(key)
        expect(site.status).to_contain_text(f"Query cell ({cell[0]}, {cell[1]})")
    site.page.keyboard.press("Delete")
    expect(site.strip).to_have_count(0)


# ---------------------------------------------------------------------------------------------------- controls


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
    site.choose(*names).ask(*POINTS[0])
    placed = maps(names)
    bars = site.page.locator(".nlviz-foot .nlviz-bar")
    expect(bars).to_have_count(2)  # distributions and scaled rows have nothing in common
    limits = shared_limits({panel: look(p, *POINTS[0]) for panel, p in placed.items()}, placed)
    for rows, (low, high) in limits.items():
        numbers = site.page.locator(f".nlviz-foot .nlviz-bar[data-rows={rows}] .nlviz-number").all_inner_texts()
        assert [float(n) for n in numbers] == pytest.approx([low, high], rel=0.06)
    words = site.page.locator(".nlviz-foot [data-rows=distribution]")
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
    site.choose("caltech101_gc").set("direction", "attended by").set("scale", "per panel").ask(*POINTS[0])
    assert set(drawn_levels(site, "caltech101_gc/0", analysed("caltech101_gc").maps[0].queries)) == {128}
    expect(site.page.locator(".nlviz-own")).to_contain_text("flat")


def test_smooth_is_between_the_cells_and_true_at_their_centres(site):
    site.choose(*MIXED[:3]).set("view", "smooth").ask(*POINTS[0])
    placed = maps(MIXED[:3])
    assert_drawn(site, placed, *POINTS[0])
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
    slider.fill("0.3")
    expect(heat).to_have_css("opacity", "0.3")
    assert heat.evaluate("canvas => canvas.toDataURL()") == before


def test_the_predicted_segmentation_can_be_shown_in_place_of_the_map(site):
    name = "msrc_embedded_gaussian"
    site.choose(name)
    analysis = analysed(name)
    labels = analysis.prediction["labels"].numpy()
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
    site.choose(CHOSEN[0])
    caption = site.page.locator(f".nlviz-panel[data-panel='{CHOSEN[0]}/0']")
    expect(caption.locator(".nlviz-parity")).to_have_attribute("data-outcome", analysed(CHOSEN[0]).maps[0].parity.outcome)
    expect(caption.locator(".nlviz-strong")).to_have_text(analysed(CHOSEN[0]).prediction["top"][0][0])
    expect(caption).to_contain_text("28 × 28 queries, 28 × 28 keys; rows: distribution (sum 1)")
    expect(caption).to_contain_text("of uniform")


def test_networks_can_be_added_and_all_taken_away(site):
    site.choose(*CHOSEN, "caltech101_snl")
    assert "caltech101_snl/0" in site.panels()
    for box in site.page.locator("#networks input[type=checkbox]").all():
        box.uncheck()
    expect(site.message).to_contain_text("Choose at least one network")
    site.choose("caltech101_snl")
    assert site.panels() == ["caltech101_snl/0"]
    expect(site.message).to_be_hidden()


# ---------------------------------------------------------------------------------------------------- choosing among many


@pytest.mark.parametrize("words", list(PRESETS)[1:])
def test_a_preset_is_one_click(site, words):
    site.page.get_by_role("button", name=words, exact=True).click()
    site.settled(networks=PRESETS[words])
    ticked = site.page.locator("#networks input:checked").evaluate_all("all => all.map(box => box.name)")
    assert sorted(ticked) == sorted(PRESETS[words])


def test_every_preset_is_of_networks_that_are_there():
    assert {name for names in PRESETS.values() for name in names} <= {name for name, spec in MODELS.items() if spec.block}


@pytest.mark.parametrize("text, shown", [
    ("criss", {"msrc_criss_cross", "camvid_criss_cross"}), ("STREETS global", {"camvid_gc"}), ("caltech101_se", {"caltech101_se"}),
    ("nothing of the kind", set())])
def test_a_search_leaves_the_networks_that_have_every_word(site, text, shown):
    boxes = site.page.locator("#networks input[type=checkbox]")
    everything = boxes.count()
    site.page.get_by_role("searchbox").fill(text)
    assert set(boxes.evaluate_all("all => all.filter(box => box.checkVisibility()).map(box => box.name)")) == shown
    assert site.page.get_by_text("No network matches.").is_visible() == (not shown)
    site.page.get_by_role("searchbox").fill("")
    assert sum(box.is_visible() for box in boxes.all()) == everything
    assert sorted(site.page.evaluate("site.viewer.state().key.networks")) == sorted(CHOSEN)  # searching chooses nothing


# ---------------------------------------------------------------------------------------------------- several maps, terms, channels


def choose_map(site, panel: str, name: str):
    site.page.locator(f"select[data-choice=map][data-panel='{panel}']").select_option(name)
    site.drawn()


PARTS = {"msrc_criss_cross": ["A2 A1", "A1", "A2"], "msrc_disentangled": ["sum", "pairwise", "unary"],
         "msrc_pyramid_oc": ["whole picture", "2 × 2 cells", "3 × 3 cells", "6 × 6 cells"]}


@pytest.mark.parametrize("name, parts", PARTS.items(), ids=PARTS)
def test_each_map_of_a_block_can_be_chosen_and_is_the_one_that_it_used(site, name, parts):
    site.choose(name)
    show_cheetah(site)
    (call,) = analysed(name, CHEETAH).calls
    assert [placed.nl_map.part for placed in call] == parts
    for placed in call:
        choose_map(site, f"{name}/0", placed.nl_map.part)
        for x, y in POINTS[:2]:
            site.ask(x, y)
            assert_drawn(site, {f"{name}/0": placed}, x, y)


@pytest.mark.parametrize("term", TERMS[1:])
def test_a_term_of_the_map_is_drawn_with_the_values_that_python_gives_it(site, term):
    name = "msrc_embedded_gaussian"
    site.choose(name, "msrc_gc").set("term", term)
    placed, point = analysed(name).maps[0], POINTS[0]
    site.ask(*point)
    query = flat_index(placed.queries.cell(*point), placed.queries.grid)
    values = placed.nl_map.term(term).row(query).view(placed.keys.grid).double().numpy()
    if term == "row minus the mean row":
        highest, table = np.abs(values).max(), DIVERGING
        limits = -highest, highest
        blank = drawn_levels(site, "msrc_gc/0", analysed("msrc_gc").maps[0].keys, DIVERGING)
        assert set(blank) == {128}  # one map for every query
    else:
        others = analysed("msrc_gc").maps[0].nl_map.row(0).max().item() if term == "unary only" else 0
        limits, table = (0, max(values.max(), others)), "viridis"
    wanted = np.clip(np.floor(256 * (values - limits[0]) / (limits[1] - limits[0])), 0, 255)
    np.testing.assert_allclose(drawn_levels(site, f"{name}/0", placed.keys, table), wanted.flatten(), atol=2)
    if term == "pairwise only":
        expect(site.page.locator(".nlviz-panel[data-panel='msrc_gc/0']")).to_contain_text("nothing in it is pairwise")


def test_hovering_a_row_of_a_channel_matrix_shows_that_channel_on_the_photo(site):
    site.choose("msrc_dual")
    cam = analysed("msrc_dual").calls[1][0]
    panel = site.page.locator(".nlviz-panel[data-panel='msrc_dual/1']")
    expect(panel).to_contain_text("a place in the picture has no row here")
    matrix = panel.locator(".nlviz-chooser")
    matrix.scroll_into_view_if_needed()
    box, channel = matrix.bounding_box(), 40
    site.page.mouse.move(box["x"] + 5, box["y"] + (channel + 0.5) / 128 * box["height"])
    site.drawn()
    related = [str(c) for c in cam.nl_map.row(channel).topk(3).indices.tolist()]
    expect(panel.locator(".nlviz-thumb")).to_have_count(3)
    assert panel.locator(".nlviz-thumb").evaluate_all("all => all.map(node => node.dataset.channel)") == related
    features = cam.nl_map.input[0, channel].numpy()
    wanted = np.clip(np.floor(256 * (features - features.min()) / np.ptp(features)), 0, 255)
    found = drawn_levels(site, "msrc_dual/1", cam.channels)
    np.testing.assert_allclose(found, wanted.flatten(), atol=3)  # sent as 255 steps


def test_a_gate_of_positions_lies_over_the_photo(site):
    site.choose("msrc_rga")
    choose_map(site, "msrc_rga/0", "gate of positions")
    gate = analysed("msrc_rga").calls[0][1]
    values = gate.heatmap(0.5, 0.5).numpy()
    wanted = np.clip(np.floor(256 * values / values.max()), 0, 255)
    np.testing.assert_allclose(drawn_levels(site, "msrc_rga/0", gate.keys), wanted.flatten(), atol=2)


def test_channels_and_gates_have_no_row_in_the_strip(site):
    site.choose("msrc_dual", "msrc_se").ask(*POINTS[0], click=True)
    assert site.strip.evaluate_all("all => all.map(canvas => canvas.dataset.panel)") == ["msrc_dual/0"]


def test_the_exported_figure_has_the_map_and_the_term_that_are_shown(site):
    site.choose("msrc_criss_cross").set("term", "row minus the mean row")
    choose_map(site, "msrc_criss_cross/0", "A1")
    with site.page.expect_download() as download:
        site.page.locator("[data-action=export-png]").click()
    recipe = Recipe.from_json(recipe_in(Path(download.value.path()).read_bytes()))
    assert recipe.term == "row minus the mean row" and recipe.parts == {"msrc_criss_cross/0": "A1"}


# ---------------------------------------------------------------------------------------------------- one's own photo


def saved(folder: Path, name: str, content: bytes) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def sha256(path: Path) -> str:
    return open_picture(path).sha256


CORNERS = [(0.25, 0.25), (0.75, 0.25), (0.25, 0.75), (0.75, 0.75)]
COLOURS = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)]


def assert_quarters_shown(site):
    found = np.array(site.photo_colours(CORNERS))[:, :3]
    np.testing.assert_allclose(found, COLOURS, atol=6)


def test_an_uploaded_photo_replaces_the_old_one_and_its_pins(site, tmp_path):
    site.resolution(224).ask(*POINTS[0], click=True)
    path = saved(tmp_path, "mine.png", encoded(quarters(333, 200)))
    site.upload(path)
    site.settled(picture=sha256(path))
    assert_quarters_shown(site)
    expect(site.page.locator(".nlviz-panel[data-panel=photo]")).to_contain_text("333 × 200 px")
    assert site.strip.count() == 0
    for x, y in POINTS:
        site.ask(x, y)
        assert_drawn(site, maps(CHOSEN, str(path), 224), x, y)


def test_a_photo_stored_on_its_side_is_shown_upright(site, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it
    stored = quarters(320, 200).transpose(Image.Transpose.ROTATE_90)
    path = saved(tmp_path, "turned.jpg", encoded(stored, "JPEG", exif=exif, quality=95))
    site.resolution(224).upload(path)
    site.settled(picture=sha256(path))
    assert_quarters_shown(site)
    box = site.panel("photo", "marks").bounding_box()
    assert box["width"] / box["height"] == pytest.approx(1.6, abs=0.02)


def test_a_photo_that_cannot_be_used_leaves_everything_as_it_was(site, tmp_path):
    good = encoded(quarters(300, 200))
    bad = {
        "text.png": (b"no picture at all", "not a picture"),
        "cut.png": (good[:len(good) // 2], "broken or cut short"),
        "empty.png": (b"", "empty"),
        "drawing.svg": (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', "SVG"),
        "dot.png": (encoded(Image.new("RGB", (1, 1))), "1 x 1 pixels"),
        "thread.png": (encoded(Image.new("RGB", (1, 4000))), "1 x 4000 pixels"),
        "bomb.png": (bomb(), "million"),
    }
    site.resolution(224).ask(*POINTS[0], click=True)
    panels, before = site.panels(), site.page.evaluate("site.viewer.state().key")
    for name, (content, words) in bad.items():
        site.upload(saved(tmp_path, name, content))
        expect(site.message, name).to_contain_text(name)
        expect(site.message, name).to_contain_text(words)
        site.settled(**before)
        assert site.panels() == panels and site.strip.count() == len(panels)
        assert_drawn(site, maps(CHOSEN, resolution=224), *POINTS[0])
        expect(site.page.locator("#photo img")).to_have_attribute("src", re.compile("lion"))
    path = saved(tmp_path, "good.png", good)
    site.upload(path)
    site.settled(picture=sha256(path))
    expect(site.message).to_be_hidden()
    assert_quarters_shown(site)


def test_a_photo_that_had_to_be_changed_says_how(site, tmp_path):
    frames = [quarters(300, 200), Image.new("RGB", (300, 200))]
    path = saved(tmp_path, "moving.gif", encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    site.resolution(224).upload(path)
    expect(site.message).to_contain_text("moving.gif has 2 frames; the first is shown.")
    assert_quarters_shown(site)


BROUGHT = """([bytes, name, how]) => {
    const carried = new DataTransfer(), content = Uint8Array.from(atob(bytes), letter => letter.charCodeAt(0));
    carried.items.add(new File([content], name, {type: "image/png"}));
    const [Event, carrier] = how === "drop" ? [DragEvent, "dataTransfer"] : [ClipboardEvent, "clipboardData"];
    document.querySelector(".nlviz-panels").dispatchEvent(
        new Event(how, {bubbles: true, cancelable: true, [carrier]: carried}));
}"""


@pytest.mark.parametrize("how", ["drop", "paste"])
def test_a_photo_can_be_dropped_or_pasted_anywhere_on_the_page(site, tmp_path, how):
    path = saved(tmp_path, "brought.png", encoded(quarters(310, 200)))
    site.resolution(224).page.evaluate(BROUGHT, [base64.b64encode(path.read_bytes()).decode(), path.name, how])
    site.settled(picture=sha256(path))
    assert_quarters_shown(site)


def test_the_upload_button_opens_a_file_chooser_also_when_a_photo_is_there(site, tmp_path):
    path = saved(tmp_path, "chosen.png", encoded(quarters(310, 200)))
    with site.resolution(224).page.expect_file_chooser() as chooser:
        site.page.get_by_role("button", name="Upload file").click()
    chooser.value.set_files(path)
    site.settled(picture=sha256(path))
    assert_quarters_shown(site)


def test_of_two_quick_choices_the_last_is_shown(site):
    site.resolution(672)
    for number in (2, 1):
        site.page.locator("#examples button.gallery-item").nth(number).click()
    site.settled(picture=sha256(EXAMPLES[1]))
    expect(site.page.locator("#photo img")).to_have_attribute("src", re.compile("cheetah"))


def test_the_keys_still_work_after_a_click_on_any_panel(site):
    site.resolution(224).ask(*POINTS[0], panel=site.panels()[0], click=True)
    before = site.status.inner_text()
    site.page.keyboard.press("ArrowRight")
    expect(site.status).not_to_have_text(before)


def test_a_dropped_file_that_is_no_picture_is_said_and_does_not_leave_the_page(site):
    notes = [base64.b64encode(b"notes").decode(), "notes.txt", "drop"]
    site.resolution(224).page.evaluate(BROUGHT.replace("image/png", "text/plain"), notes)
    expect(site.message).to_contain_text("notes.txt: not a picture")
    assert_drawn(site, maps(CHOSEN, resolution=224), 0.5, 0.5)


def test_global_maps_alone_have_their_own_grid(site):
    site.choose("msrc_gc")
    grid = analysed("msrc_gc").maps[0].queries.grid
    expect(site.page.locator(".nlviz-panel[data-panel=photo]")).to_contain_text(f"Query cells: {grid[0]} × {grid[1]}")


class Failing(torch.nn.Sequential):
    """A user's network whose forward pass fails."""

    def forward(self, x):
        raise RuntimeError("no such layer")


def test_a_failing_network_is_said_while_the_new_photo_stays_in_the_box_and_in_the_others(browser, tmp_path):
    _, url, _ = launch({"good": network(), "bad": Failing(*network())}, prevent_thread_lock=True, quiet=True)
    page = browser.new_page(viewport={"width": 1440, "height": 1000})
    site = Site(page, url)
    page.goto(url)
    expect(site.message).to_contain_text("bad: its forward pass failed (RuntimeError: no such layer)")
    path = saved(tmp_path, "mine.png", encoded(quarters(333, 200)))
    site.upload(path)
    site.settled(picture=sha256(path), networks=["good"])
    expect(site.message).to_contain_text("no such layer")
    page.locator("#resolution input[value='224']").check()  # runs the photo that the page takes for the one in the box
    site.settled(resolution=224)
    assert page.evaluate("site.viewer.state().key")["picture"] == sha256(path)
    expect(page.locator("#photo img")).to_have_attribute("src", re.compile("mine"))
    page.close()
    assert not site.errors


def test_an_emptied_photo_box_leaves_the_maps_and_takes_the_next_photo(site, tmp_path):
    site.resolution(224).page.get_by_role("button", name="Remove Image").click()
    expect(site.page.locator("#photo img")).to_have_count(0)
    assert_drawn(site.settled(resolution=224), maps(CHOSEN, resolution=224), 0.5, 0.5)
    path = saved(tmp_path, "next.png", encoded(quarters(310, 200)))
    site.upload(path)
    site.settled(picture=sha256(path))
    assert_quarters_shown(site)


def test_an_example_is_shown_when_clicked(site):
    site.resolution(224)
    site.page.locator("#examples button.gallery-item").nth(1).click()
    site.settled(picture=sha256(EXAMPLES[1]))
    assert_drawn(site, maps(CHOSEN, EXAMPLES[1], 224), 0.5, 0.5)


def test_two_visitors_at_once_never_see_each_others_photo(visit, tmp_path):
    visitors = [visit().resolution(224) for _ in range(2)]
    colours = [(200, 30, 30), (30, 30, 200)]
    for turn in range(2):
        photos = [Image.new("RGB", (160 + 16 * turn, 240), colour) for colour in colours]
        paths = [saved(tmp_path, f"{turn}{i}.png", encoded(photo)) for i, photo in enumerate(photos)]
        for visitor, path in zip(visitors, paths):
            visitor.upload(path)  # both run now
        for visitor, path, colour in zip(visitors, paths, colours):
            visitor.settled(picture=sha256(path))
            np.testing.assert_allclose(visitor.photo_colours(CORNERS), [(*colour, 255)] * 4, atol=6)
            assert_drawn(visitor, maps(CHOSEN, str(path), 224), 0.5, 0.5)


# ---------------------------------------------------------------------------------------------------- export


@pytest.mark.parametrize("kind, magic", [("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_the_pinned_queries_are_exported_as_a_figure(site, kind, magic):
    for x, y in POINTS[::2]:
        site.ask(x, y, click=True)
    with site.page.expect_download() as download:
        site.page.locator(f"[data-action=export-{kind}]").click()
    assert download.value.suggested_filename == f"nlviz_lion.{kind}"
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(magic) and len(content) > 20_000
    if kind == "png":
        image = Image.open(io.BytesIO(content)).convert("RGB")
        assert min(image.size) > 500 and len(set(image.resize((60, 60)).getdata())) > 100  # a figure, not a blank sheet
    expect(site.page.locator(".nlviz-busy")).to_be_hidden()
    expect(site.message).to_be_hidden()


# ---------------------------------------------------------------------------------------------------- screens


@pytest.mark.parametrize("width", [390, 1024, 2560])
def test_the_page_fits_the_screen(visit, width):
    phone = {"has_touch": True, "is_mobile": True} if width < 640 else {}
    site = visit(viewport={"width": width, "height": 844}, **phone)
    assert site.page.evaluate("document.documentElement.scrollWidth") <= width
    boxes = [site.panel(name).bounding_box() for name in site.panels()]
    assert all(box["x"] >= 0 and box["x"] + box["width"] <= width and box["width"] > 130 for box in boxes)
    assert width < 640 or len({box["y"] for box in boxes}) <= 2


def test_a_tap_pins_on_a_phone(visit):
    site = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    canvas = site.panel("photo", "marks")
    canvas.scroll_into_view_if_needed()
    canvas.tap()
    expect(site.strip).to_have_count(len(site.panels()))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_on_light_and_on_dark(visit, scheme):
    site = visit(color_scheme=scheme)

    def luminance(selector, of):
        rgb = site.page.locator(selector).first.evaluate(f"node => site.rgb(getComputedStyle(node).{of})")
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in rgb)]
        return np.dot(linear, [0.2126, 0.7152, 0.0722])

    ground = luminance(".nlviz", "backgroundColor")
    assert ground < 0.05 if scheme == "dark" else ground > 0.9
    for selector in (".nlviz-line", ".nlviz-status", ".nlviz-subtitle", ".nlviz-measure", ".nlviz-control", ".nlviz-words"):
        text = luminance(selector, "color")
        contrast = (max(text, ground) + 0.05) / (min(text, ground) + 0.05)
        assert contrast >= 4.5, f"{selector}: {contrast:.1f} : 1"


def test_the_colour_bar_and_the_status_line_are_in_sight_while_hovering(site):
    site.choose(*MIXED)
    site.ask(*POINTS[0])
    foot = site.page.locator(".nlviz-foot").bounding_box()
    assert foot["y"] + foot["height"] <= 1000 + 1
    tops = set()
    for x, y in POINTS:
        site.ask(x, y)
        tops.add(site.panel("photo", "marks").bounding_box()["y"])
    assert len(tops) == 1  # nothing jumps
