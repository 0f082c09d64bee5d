"""Similarities: the cosine of what a block was given, or of what it added, between every pair of positions."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import cosine_similarity

from nlviz import capture_maps
from nlviz.blocks import BLOCKS
from nlviz.maps import SIMILARITIES
from nlviz.measures import measure
from tests.maps.test_lazy_maps import built, picture


def maps_of(name):
    block = built(name, 6, (3, 4))
    with capture_maps(block) as maps:
        block(picture(6, (3, 4)))
    return maps


@pytest.mark.parametrize("name", BLOCKS)
def test_every_map_of_every_block_has_the_cosines_of_its_features(name):
    for nl_map in maps_of(name):
        for term, features in zip(SIMILARITIES, (nl_map.input, nl_map.output - nl_map.input)):
            found, places = nl_map.term(term), features[1].flatten(1).mT  # (N, C)
            assert (found.relates, found.rows, found.query_grid, found.key_grid) == ("positions", "similarity", (3, 4), (3, 4))
            for query in range(12):
                expected = cosine_similarity(places[query].expand_as(places), places, dim=1)
                torch.testing.assert_close(found.row(query, 1), expected)
                torch.testing.assert_close(found.column(query, 1), expected)
                assert found.row(query, 1)[query] == pytest.approx(1)


def test_their_mean_is_gcnets_cosine_distance():
    nl_map = maps_of("pam")[0]
    for term, measure_name in zip(SIMILARITIES, ("cosine_input", "cosine_output")):
        rows = torch.stack([nl_map.term(term).row(query).double() for query in range(12)])
        assert ((1 - rows) / 2).mean().item() == pytest.approx(measure(nl_map).values[measure_name], abs=1e-9)


def test_features_without_a_direction_are_an_error_that_says_whose():
    nl_map = maps_of("pam")[0]
    with pytest.raises(ValueError, match="the block adds nothing somewhere"):
        replace(nl_map, output=nl_map.input).term("output similarity")
    with pytest.raises(ValueError, match="the block's input is zero somewhere"):
        replace(nl_map, input=torch.zeros_like(nl_map.input)).term("input similarity")
