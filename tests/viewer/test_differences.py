"""Panels of A minus B: rows and columns follow from what both are made of, signed, around a zero that has the middle colour."""

import base64

import numpy as np
import pytest
import torch

from nlviz.analysis import analyse, as_model, difference
from nlviz.blocks import BLOCKS
from nlviz.figures import DIVERGING, colour_table
from nlviz.viewer import make_layer, make_scene
from tests.networks import network
from tests.pictures.drawn import quarters
from tests.transformers import transformer
from tests.viewer.pages import ask, choose, colours, drawn
from tests.viewer.scenes import POINTS

PHOTO, PANEL = quarters(192, 112), "a minus b/0"


def three(name: str):
    """A block with all weights larger by a half, the block, and their difference."""
    nets = [network(name), network(name)]
    with torch.no_grad():
        for weight in nets[0].parameters():
            weight.mul_(1.5)
    both = [analyse(as_model(net, name=of), PHOTO, 192) for net, of in zip(nets, "ab")]
    return [*both, difference(*both)]


def show(page, analyses) -> None:
    page.evaluate("scene => viewer.show(scene)", make_scene(analyses, [analysis.model.name for analysis in analyses], 192))
    drawn(page)


def dense(nl_map) -> np.ndarray:
    return (nl_map.weights if nl_map.weights is not None else nl_map.lazy.dense())[0].numpy()


@pytest.mark.parametrize("name", BLOCKS)
def test_every_blocks_difference_is_what_the_viewer_draws(viewer, name):
    *_, found = analyses = three(name)
    show(viewer, analyses)
    for placed in found.maps:
        whole, positions = dense(placed.nl_map), placed.nl_map.relates == "positions"
        if len(found.maps) > 1:
            viewer.locator(f"select[data-choice=map][data-panel='{PANEL}']").select_option(placed.nl_map.part)
        for direction in ("attends to", "attended by") if positions else ("attends to",):
            choose(viewer, "direction", direction)
            for point in POINTS:
                seen = ask(viewer, *point)[PANEL]
                if positions and seen["asked"] < 0:  # what pooling or dividing leaves at the edge
                    assert seen["values"] is None
                elif positions:
                    rows = whole if direction == "attends to" else whole.T
                    np.testing.assert_allclose(seen["values"], rows[seen["asked"]], atol=2e-6)
                elif seen["values"] is not None:  # one row for all; channels are drawn as a matrix
                    np.testing.assert_allclose(seen["values"], whole.flatten(), atol=2e-6)


@pytest.mark.parametrize("name", ["gc", "cam", "se"])
def test_what_is_no_row_of_a_place_is_signed_too_and_shares_no_scale_with_gates(viewer, name):
    show(viewer, three(name))
    panel = viewer.locator(f".nlviz-panel[data-panel='{PANEL}']")
    panel.locator("[data-action=unfold]").click()
    assert "gate, 0 to 1" not in panel.inner_text()


def test_zero_has_the_middle_colour_and_more_of_the_first_is_red(viewer):
    *_, found = analyses = three("embedded_gaussian")
    show(viewer, analyses)
    choose(viewer, "veil", "even")
    ask(viewer, 0.3, 0.4)
    values = found.maps[0].heatmap(0.3, 0.4).numpy()
    (rows, columns), table = values.shape, colour_table(DIVERGING)
    centres = [((column + 0.5) / columns, (row + 0.5) / rows) for row in range(rows) for column in range(columns)]
    seen = np.asarray(colours(viewer, f".nlviz-panels .nlviz-heat[data-panel='{PANEL}']", centres))[:, :3].astype(int)
    steps = 128 + values.flatten() / np.abs(values).max() * 128
    nearest = np.abs(table[np.clip(steps[:, None].round().astype(int) + [-1, 0, 1], 0, 255)] - seen[:, None]).sum(-1).min(1)
    assert nearest.max() <= 3
    reddest, bluest = seen[values.argmax()], seen[values.argmin()]
    assert reddest[0] > reddest[2] and bluest[2] > bluest[0]
    said = viewer.locator(".nlviz-status").inner_text()
    assert "more in the first" in said and "% of the weight" in said  # of the difference, and of the two beside it


def test_layers_and_heads_of_a_difference_come_as_their_rows():
    net = transformer("other", 4)
    first = analyse(transformer(), quarters(96, 64), 96)
    net.net.blocks[0].attn.qkv.weight.data *= 0.5
    second = analyse(net, quarters(96, 64), 96)
    weights = make_layer(difference(first, second).calls[0], 1)["weights"]
    one, other = ([dense(placed.nl_map) for placed in analysis.maps if placed.layer == 1 and placed.head is not None]
                  for analysis in (first, second))
    data = np.frombuffer(base64.b64decode(weights["data"]), "<f4").reshape(weights["heads"], *one[0].shape)
    np.testing.assert_allclose(data, np.stack(one) - np.stack(other), atol=1e-6)
    assert np.abs(data).max() > 1e-3
