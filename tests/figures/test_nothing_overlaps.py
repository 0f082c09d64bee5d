"""Nothing overlaps or is cut, whatever a figure holds."""

import numpy as np
import pytest
from matplotlib.text import Text

from nlviz.analysis import analyse
from nlviz.blocks import BLOCKS
from nlviz.figures import queries_by_networks
from nlviz.figures.lines import wrap
from nlviz.pictures import Preprocess
from nlviz.recipes import WIDTHS
from tests.figures.laid_out import assert_dots_are_clear, assert_laid_out
from tests.figures.looking import EIGHT, network, picture
from tests.figures.reading import bars, panels
from tests.figures.toys import OF_PHOTOS, drawn, toys

SIZES = [(96, 96), (60, 120), (180, 60), (128, 16), (16, 128)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("rows, columns", [(1, 1), (8, 1), (1, 8), (3, 4)])
def test_nothing_overlaps_or_is_cut(rows, columns, size):
    seen = picture(*size)
    kinds = ["embedded_gaussian", "gc", "dot_product", "concatenation"]
    title = "A network with a very long name and OneVeryLongWordWithoutAnySpacesInItAtAll $x_1$"
    blocks = [BLOCKS[kind](3) if kind == "gc" else BLOCKS[kind](3, sub_sample=False) for kind in (kinds * 2)[:columns]]
    if columns == 4:
        analyses = [analyse(network(b), seen, 96) for b in blocks]
    else:
        analyses = [analyse(network(*blocks, title=title), seen, 96)]
    figure = queries_by_networks(analyses, EIGHT[:rows], scale="shared" if rows != 8 else "per panel")
    assert_laid_out(figure)
    assert len(panels(figure)) == rows * (columns + (2 if columns > 6 else 1))  # the photos again in a further band
    assert figure.get_figwidth() == 6.9
    for axes in panels(figure):
        box = axes.get_window_extent()
        assert box.width / box.height == pytest.approx(size[0] / size[1], rel=0.02)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("rows, term", [(1, "full"), (4, "full"), (2, "pairwise only"), (1, "row minus the mean row")])
def test_nothing_overlaps_or_is_cut_whatever_a_column_draws(rows, term, size):
    seen = picture(*size)
    width, height = Preprocess().frame(size, 96).size
    blocks = [BLOCKS[kind](3) for kind in ("criss_cross", "cam", "gc", "disentangled", "se")]
    analysis = analyse(network(*blocks, BLOCKS["rga_spatial"](3, grid=(height // 16, width // 16))), seen, 96)
    parts = {"net/0": "A1", "net/2": "added to channels", "net/5": "gate of positions"}
    figure = queries_by_networks([analysis], EIGHT[:rows], term=term, parts=parts)
    assert_laid_out(figure)
    assert len(figure.axes) == rows * 7 + len(bars(figure))


@pytest.mark.parametrize("queries, networks, shape", [(1, 1, "square"), (8, 8, "tall"), (8, 2, "wide"), (1, 8, "wide")])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("layout", OF_PHOTOS)
def test_every_layout_has_exactly_its_width_and_nothing_overlaps_or_is_cut(layout, width, queries, networks, shape):
    if layout == "distances":
        queries = max(queries, 2)
    figure = drawn(toys(networks, shape), EIGHT[:queries], layout=layout, width=width)
    assert figure.get_figwidth() == WIDTHS[width]
    assert_dots_are_clear(figure, assert_laid_out(figure).values())
    assert min(t.get_fontsize() for t in figure.findobj(Text) if t.get_text()) == (9 if width == "slide" else 6)


@pytest.mark.parametrize("shape", ["square", "wide", "portrait"])
@pytest.mark.parametrize("layout", OF_PHOTOS)
def test_a_slide_of_three_queries_and_five_networks_is_no_higher_than_a_slide(layout, shape):
    figure = drawn(toys(5, shape, title="Non-local, embedded Gaussian"), EIGHT[:1 if layout == "one query" else 3], layout=layout,
                   width="slide")
    assert figure.get_figheight() <= 7.5 + 1e-9


def test_sizes_shares_and_places_are_not_broken_over_lines():
    text = "keys 28 × 28, rows differ by 61 % of 1 (0.3,\u00a00.7) and so on"
    for width in np.linspace(0.5, 3, 40):
        lines = wrap(text, width, 6)
        assert " ".join(lines) == text.replace("\u00a0", " ")
        assert all(any(part in line for line in lines) for part in ("28 × 28,", "61 %", "(0.3, 0.7)"))
