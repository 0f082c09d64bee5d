"""The layout layers x heads: which thumbnail is which map, and that all stands apart."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from nlviz.analysis import analyse
from nlviz.figures import colour_table, draw, figure_bytes, layers_by_heads
from nlviz.figures.formats import FORMATS
from nlviz.figures.matrix_plan import MatrixPlan
from nlviz.figures.stacks import MEAN, stacks_of
from nlviz.numbers import percent
from nlviz.recipes import WIDTHS, Recipe, recipe_in
from tests.figures.laid_out import assert_dots_are_clear, assert_laid_out
from tests.figures.looking import OPAQUE, look_at
from tests.figures.looking import picture as noise
from tests.figures.reading import bars, flowing, heatmaps, panels, render
from tests.figures.toys import drawn, recipe_of
from tests.transformers import seen, transformer

LAYOUT = {"layout": "layers x heads"}


def numbered(figure) -> dict[str, list[float]]:
    """Labels of the matrix with their centres in display coordinates."""
    figure.set_dpi(100)
    found = {}
    for text in figure.texts:
        if text.get_text() == "mean" or text.get_text().startswith(("layer ", "head ")):
            box = text.get_window_extent()
            found[text.get_text()] = [(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2]
    return found


def test_every_thumbnail_is_the_map_of_the_layer_and_the_head_that_its_labels_name():
    seen_noise = analyse(transformer(), noise(96, 64), 96)
    figure = layers_by_heads([seen_noise], (0.4, 0.6), **OPAQUE, scale="shared")
    pixels, labels = render(figure), numbered(figure)
    shown = {(placed.layer, placed.head): placed.heatmap(0.4, 0.6).double() for placed in seen_noise.maps}
    limits, matched = (0.0, max(values.max().item() for values in shown.values())), set()
    for axes in heatmaps(figure):
        box = axes.get_window_extent()
        (x, y) = (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2
        near = {name for name, (left, up) in labels.items() if abs(left - x) < box.width / 2 or abs(up - y) < box.height / 2}
        layer, = (int(name[6:]) for name in near if name.startswith("layer "))
        head, = (None if name == "mean" else int(name[5:]) for name in near if not name.startswith("layer "))
        framed = {(2, 2)} | {(row, column) for row in (1, 2, 3) for column in (1, 2, 3)}  # the frame is wider than its cell
        assert_drawn_of(pixels, axes, shown[layer, head], limits, framed)
        matched.add((layer, head))
    assert matched == set(shown) and len(heatmaps(figure)) == 16


def assert_drawn_of(pixels, axes, values, limits, but):
    """As assert_drawn, of a picture of 96 x 64."""
    table = colour_table("viridis").astype(int)
    for row, column in set(np.ndindex(*values.shape)) - but:
        index = min(255, int(256 * values[row, column].item() / limits[1]))
        x, y = axes.transData.transform((axes.get_xlim()[1] * (column + 0.5) / 6, axes.get_ylim()[0] * (row + 0.5) / 4))
        found = pixels[int(y), int(x)].astype(int)
        assert np.abs(found - table[max(0, index - 1):index + 2]).max(1).min() == 0


def test_one_scale_is_shared_by_all_thumbnails_and_its_label_counts_them():
    figure = drawn([seen()], **LAYOUT)
    assert len(bars(figure)) == 1 and "shared by 16 panels" in flowing(figure)
    assert "(a) vit, 4 layers × 3 heads" in flowing(figure)
    assert "4 layers × 3 heads of Attention, keys 4 × 6, rows sum to 1" in flowing(figure)


def test_the_caption_says_what_the_class_token_takes_over_all_heads():
    taken = [placed.nl_map.row(2 * 6 + 2)[24].item() for placed in seen().maps if placed.head]
    figure = layers_by_heads([seen()], (0.4, 0.6))
    assert f"class token {percent(min(taken))} to {percent(max(taken))} of the row" in flowing(figure)


def test_networks_follow_one_another_and_those_without_layers_and_heads_are_named():
    other = seen("other", 2)
    figure = drawn([replace(look_at("gaussian"), picture=seen().picture), seen(), other], **LAYOUT)
    assert "(a) Non-local, embedded Gaussian: n/a, it has no layers × heads over the picture." in flowing(figure)
    assert "(b) vit, 4 layers × 3 heads" in flowing(figure) and "(c) other, 2 layers × 3 heads" in flowing(figure)
    assert len(heatmaps(figure)) == 16 + 8 and len(panels(figure)) == 26
    assert_laid_out(figure)


def test_random_weights_stand_in_the_heading():
    model = transformer("drawn")
    model.card = {"source": "random weights", "notes": ["made for a test"]}
    for width in WIDTHS:
        figure = drawn([analyse(model, noise(96, 64), 96)], width=width, **LAYOUT)
        assert "(a) drawn, random weights, 4 layers × 3 heads" in flowing(figure)


@pytest.mark.parametrize("term, missing", [("pairwise only", 4), ("input similarity", 16), ("row minus the mean row", 0)])
def test_thumbnails_of_maps_without_a_term_stay_bare_and_the_footer_says_why(term, missing):
    figure = drawn([seen()], term=term, **LAYOUT)
    assert len(heatmaps(figure)) == 16 - missing
    assert (f"({missing} of them)" in flowing(figure)) == (missing > 0)
    assert_laid_out(figure)


@pytest.mark.parametrize("shape", [(96, 64), (64, 96), (192, 24), (24, 192)], ids=str)
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("networks", [1, 2])
def test_nothing_overlaps_or_is_cut(width, shape, networks):
    analysis = replace(seen(), picture=noise(*shape))  # where the cells lie is in fractions
    figure = drawn([analysis] * networks, [(0.02, 0.97)], width=width, **LAYOUT)
    assert figure.get_figwidth() == WIDTHS[width]
    assert_dots_are_clear(figure, assert_laid_out(figure).values())
    if networks == 1:
        assert figure.get_figheight() <= FORMATS[width].tallest


@pytest.mark.parametrize("width, aspect, across", [("two columns", 1.0, False), ("slide", 1.0, True), ("one column", 1 / 6, True)])
def test_the_orientation_has_the_larger_thumbnails(width, aspect, across):
    form = FORMATS[width]
    stack, = stacks_of([seen()])[0]
    many = replace(stack, maps={(layer, head): stack.maps[1, 1] for layer in range(1, 13) for head in range(7)})
    beside = 0.2 if width == "one column" else 1.7 * form.scale
    assert MatrixPlan.of(many, form, form.width - beside, form.tallest - 1.5, aspect).layers_across == across


@pytest.mark.parametrize("layers, heads, width", [(24, 16, "one column"), (48, 3, "two columns"), (1, 24, "slide")])
def test_labels_of_many_layers_and_heads_do_not_run_into_each_other(layers, heads, width):
    placed, numbers = seen().maps[1], [(layer, head) for layer in range(1, layers + 1) for head in range(heads + 1)]
    maps = tuple(replace(placed, layer=layer, head=head or None, nl_map=replace(placed.nl_map, number=number, part=str(number)))
                 for number, (layer, head) in enumerate(numbers))
    figure = drawn([replace(seen(), maps=maps)], width=width, **LAYOUT)
    assert_laid_out(figure)
    assert len(heatmaps(figure)) == layers * (heads + 1)


def test_a_layer_with_one_head_has_no_mean_beside_it():
    maps = tuple(replace(placed, layer=layer, head=None, nl_map=replace(placed.nl_map, number=layer - 1, part=f"layer {layer}"))
                 for layer, placed in enumerate(seen().maps[:3], 1))
    stack, = stacks_of([replace(seen(), maps=maps)])[0]
    assert stack.heads == [1] and MEAN not in stack.heads and stack.layers == [1, 2, 3]


def test_the_recipe_in_the_figure_draws_the_same_bytes_again():
    recipe = recipe_of([seen()], token="class token", width="one column", dpi=60, **LAYOUT)
    content = figure_bytes(draw([seen()], recipe), "pdf", recipe, recipe.dpi)
    found = Recipe.from_json(recipe_in(content))
    assert found == recipe and figure_bytes(draw([seen()], found), "pdf", found, found.dpi) == content
    torch.testing.assert_close(seen().maps[0].heatmap(0, 0, "class token"), seen().maps[0].heatmap(1, 1, "class token"))
