"""The logarithmic scale of figures, the veil that rises along a scale, and what is written of both."""

import json
import math

import numpy as np
import pytest

from nlviz.figures import Scale, colour_table, draw, figure_bytes, queries_by_networks
from nlviz.figures.colours import palette
from nlviz.recipes import Recipe
from tests.figures.looking import EIGHT, OPAQUE, look_at, look_at_channels
from tests.figures.reading import bars, flowing, heatmaps, render
from tests.figures.test_vector_files import pictures_of
from tests.figures.toys import drawn, recipe_of, toys

LOW = -4.0  # log2 of 1/16


def cells_of(axes) -> np.ndarray:
    """(rows, columns, 4): what lies over the photo."""
    return axes.get_images()[1].get_array()


def times_of(analysis, query, part=0):
    placed = analysis.maps[part]
    return placed.heatmap(*query).double() * placed.nl_map.shape[1]


@pytest.mark.parametrize("veil", ["rising", "even"])
def test_distributions_on_grids_of_different_sizes_share_one_logarithmic_scale(veil):
    analyses = [look_at("pam"), look_at("embedded_gaussian", sub_sample=True), look_at("asp_oc"), look_at("dot_product")]
    figure = queries_by_networks(analyses, EIGHT[1:2], **OPAQUE | {"veil": veil})
    found = [times_of(analysis, EIGHT[1]) for analysis in analyses[:3]]
    assert len({values.numel() for values in found}) > 1
    high = max(2.0, *(math.log2(values.max().item()) for values in found))
    table = palette("viridis", Scale(LOW, high, True), veil)
    for axes, values in zip(heatmaps(figure), found):
        steps = np.clip(np.floor(256 * (np.log2(values.numpy()) - LOW) / (high - LOW)), 0, 255).astype(int)
        np.testing.assert_array_equal(cells_of(axes), table[steps])
    first, second = bars(figure)
    scaled = analyses[3].maps[0].heatmap(*EIGHT[1])
    assert first.get_xlim() == pytest.approx((LOW, high))
    assert second.get_xlim() == pytest.approx((min(0, scaled.min().item()), max(0, scaled.max().item())))
    assert {"1/16×", "1×"} <= {text.get_text() for text in first.get_xticklabels()}
    shown = flowing(figure)
    assert "times uniform, weight × N′ (rows sum to 1), logarithmic: 1× is an even share; 1/16× and less to" in shown
    assert "shared by 3 panels" in shown and "weight (rows scaled by 1/N′), linear" in shown


@pytest.mark.parametrize("highest, places", [(1.5, "1/16× 1/4× 1× 4×"), (15, "1/16× 1/4× 1× 4×"), (17, "1/16× 1× 16×"),
                                             (300, "1/16× 1× 16× 256×")])
def test_ticks_stand_at_powers_with_one_times_among_them(highest, places):
    scale = Scale.of_times(highest)
    assert " ".join(words for _, words in scale.ticks()) == places
    assert all(scale.low <= place <= scale.high for place, _ in scale.ticks())


@pytest.mark.parametrize("highest", [0.0, 1.0, 1.2, 4.0])
def test_a_flat_map_stays_flat_because_the_scale_goes_up_to_four_times(highest):
    assert Scale.of_times(highest) == (LOW, 2.0, True) and not Scale.of_times(highest).opacities("rising")[:171].any()


RISING = [  # scale, value -> how much it covers; by hand
    (Scale(LOW, 8, True), {-4: 0, -1: 0, -0.01: 0, 1: 0.5, 2: 1, 8: 1}),
    (Scale(0, 8), {0: 0, 1: 0.5, 2: 1, 8: 1}), (Scale(-8, 8), {-8: 1, -1: 0.5, 0: 0, 1: 0.5, 2: 1}),
    (Scale(4, 12), {4: 0, 5: 0.5, 6: 1}), (Scale(-2, 8), {-2: 1, -1: 0.5, 0: 0, 1: 0.5}),
    (Scale(-8, -4), {-4: 0, -4.5: 0.5, -8: 1}), (Scale(3, 3), {3: 0})]


@pytest.mark.parametrize("scale, covered", RISING, ids=str)
def test_a_veil_rises_from_the_bare_value_and_nothing_bare_is_covered(scale, covered):
    opacities = scale.opacities("rising")
    steepest = np.abs(np.diff(opacities)).max()
    for value, share in covered.items():
        found = opacities[scale.steps(np.array([value]))[0]]
        assert found == 0 if share == 0 else share - steepest - 1e-9 <= found <= share + 1e-9, value
    assert (scale.opacities("even") == 1).all()


def test_what_gets_less_than_its_share_is_the_bare_photo_also_where_it_is_zero():
    analysis = look_at("criss_cross")
    figure = queries_by_networks([analysis], EIGHT[1:2], opacity=1.0, parts={"net/0": "A1"})
    values = times_of(analysis, EIGHT[1], part=1)
    assert analysis.maps[1].nl_map.part == "A1" and (values == 0).any()
    cells = cells_of(heatmaps(figure)[0])
    assert not cells[..., 3][values.numpy() < 1].any() and cells[..., 3][values.numpy() > 1.2].all()
    below = (values < 1 / 16).double().mean().item()
    assert f"up to {values.max().item():.3g}×, {100 * below:.0f} % of keys below 1/16×" in flowing(figure)


@pytest.mark.parametrize("backdrop", ["grey", "colour"])
def test_bare_places_show_the_photo_in_grey_or_in_colour(backdrop):
    analysis = look_at("pam")
    figure = queries_by_networks([analysis], EIGHT[1:2], backdrop=backdrop)
    axes, photo = heatmaps(figure)[0], analysis.picture.image
    pixels, values = render(figure, dpi=300), times_of(analysis, EIGHT[1])
    shown = photo if backdrop == "colour" else photo.convert("L").convert("RGB")
    window = axes.get_window_extent()
    grid = np.stack([pixels[int(window.y1 - (y + 0.5) * window.height / 80), int(window.x0 + (x + 0.5) * window.width / 96)]
                     for y in range(80) for x in range(96)]).reshape(80, 96, 3).astype(float)
    bare = np.kron((values.numpy() < 1), np.ones((16, 16))).astype(bool)
    found, wanted = grid[bare].mean(1), np.asarray(shown, float)[bare].mean(1)
    assert bare.any() and np.corrcoef(found, wanted)[0, 1] > 0.9
    assert (np.ptp(grid[bare], axis=1).mean() > 20) == (backdrop == "colour")
    assert f"over the {'grey ' * (backdrop == 'grey')}photo, opacity up to 80 %: none at 1× and below" in flowing(figure)


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_vector_files_have_the_cells_of_the_png(kind):
    figure = queries_by_networks([look_at("pam")], EIGHT[1:2])
    cells = cells_of(heatmaps(figure)[0])
    found = pictures_of(figure_bytes(figure, kind), kind)[2]
    assert set(np.unique(cells[..., 3])) > {0}
    np.testing.assert_array_equal(found[..., 3], cells[..., 3])
    np.testing.assert_array_equal(found[cells[..., 3] > 0], cells[cells[..., 3] > 0])


def test_the_attended_key_has_its_column_on_the_same_scale():
    analysis = look_at("pam")
    figure = queries_by_networks([analysis], [(0.5, 0.5)], direction="attended by", **OPAQUE)
    column = analysis.maps[0].nl_map.column(2 * 6 + 3).double() * 30
    high = max(2.0, math.log2(column.max().item()))
    steps = np.clip(np.floor(256 * (np.log2(column.numpy()) - LOW) / (high - LOW)), 0, 255).astype(int)
    np.testing.assert_array_equal(cells_of(heatmaps(figure)[0])[..., :3].reshape(30, 3), colour_table("viridis")[steps])


def test_matrices_of_channels_share_a_logarithmic_scale_and_alone_they_say_their_own():
    analyses = [look_at_channels("cam"), look_at_channels("cam")]
    figure = drawn(analyses, layout="channels")
    highest = max(a.maps[0].nl_map.weights.max().item() for a in analyses) * 8
    assert bars(figure)[0].get_xlim() == pytest.approx((LOW, max(2.0, math.log2(highest))))
    assert "of weights below 1/16×" in flowing(figure) or "× to " in flowing(figure)
    assert "own scale in times uniform" in flowing(drawn(analyses[:1]))


def test_a_recipe_of_version_1_is_drawn_as_it_was():
    analyses = toys(2)
    old = recipe_of(analyses, scale="shared", veil="even", opacity=0.65)
    unsaid = {"scale", "opacity", "veil", "backdrop", "version"}  # what version 1 did not know, or had as its default
    entries = {name: entry for name, entry in json.loads(old.to_json())["nlviz_recipe"].items() if name not in unsaid}
    read = Recipe.from_json(json.dumps({"nlviz_recipe": entries | {"version": 1}}))
    found, wanted = (figure_bytes(draw(analyses, recipe), "png", dpi=72) for recipe in (read, old))
    assert read.version == 2 and found == wanted
    shown = flowing(draw(analyses, read))
    assert "opacity 65 % over the grey photo" in shown and "weight (rows sum to 1), 0 to" in shown and "times" not in shown
