"""Numbers of maps whose rows end at the frame's edge, computed frame by frame, are those of the whole map."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from nlviz import analyse, load_model
from nlviz.measures import entropy_share, frame_matrix, reach_of
from nlviz.pictures import clip_of
from tests.transformers import transformer


@pytest.fixture(scope="module")
def clip():
    random = np.random.default_rng(1)
    return clip_of([Image.fromarray(random.integers(0, 255, (64, 96, 3), np.uint8)) for _ in range(4)])


def networks():
    return [load_model("msrc_embedded_gaussian"), load_model("msrc_gc"), transformer(depth=2)]


@pytest.mark.parametrize("number", range(3))
def test_the_numbers_are_those_of_the_dense_map(number, clip):
    placed = analyse(networks()[number], clip, 96).maps[0]
    whole = placed.nl_map.among_positions()
    dense = replace(whole, weights=whole.lazy.dense(), lazy=None)
    torch.testing.assert_close(entropy_share(placed.nl_map.among_positions()), entropy_share(dense), rtol=1e-5, atol=1e-7)
    torch.testing.assert_close(frame_matrix(placed.nl_map), frame_matrix(dense), rtol=1e-5, atol=1e-6)
    found, expected = reach_of(placed), reach_of(replace(placed, nl_map=dense))
    torch.testing.assert_close(torch.tensor(list(found.named().values())), torch.tensor(list(expected.named().values())), rtol=1e-5,
                               atol=1e-6)
    assert (found.same, found.past, found.future) == (1, 0, 0)


def test_log_sums_within_cells_are_those_of_what_a_query_sees(clip):
    lazy = analyse(load_model("msrc_pyramid_oc"), clip.frames[0], 144).maps[1].nl_map.lazy
    q, k = lazy.q[0].double(), lazy.k[0].double()
    seen = lazy.cells[:, None] == lazy.cells
    expected = (q @ k.T).masked_fill(~seen, -torch.inf).logsumexp(1)
    torch.testing.assert_close(lazy.log_sum()[0].double(), expected, rtol=1e-5, atol=1e-5)
