"""The numbers of a clip's map: on the place or on the frame, by hand and by plain loops; baselines; words."""

import math

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from nlviz.maps import Factors, cells
from nlviz.measures import (
    CLIP_NAMES,
    DEALT,
    NAMES,
    clip_in_words,
    dependence_of_queries,
    frame_matrix,
    fresh_block,
    fresh_map,
    is_clip,
    measure,
    measure_clip,
    numbers_of_map,
    reach_of,
)
from nlviz.metrics import js_divergence, js_matrix, mean_js_divergence
from tests.blocks.building import built
from tests.measures.clips import GRID, block_maps, map_of, own_frame, placed, random_map, rows_of

LN2 = math.log(2)
NON_LOCAL = ("gaussian", "embedded_gaussian", "dot_product", "concatenation")
FRAMES, INSIDE = 4, 15


def by_loops(rows):
    """(place, frame) by the definition, in float64."""
    rows = rows.double().view(FRAMES, INSIDE, -1)
    place = sum(js_matrix(own).mean().item() for own in rows) / FRAMES
    return place, js_matrix(rows.mean(1)).mean().item()


@pytest.mark.parametrize("frames", [1, 2, 4, 7])
def test_rows_uniform_over_their_own_frame_depend_on_the_frame_alone(frames):
    found = measure(own_frame((frames, 2, 3)))
    expected = (1 - 1 / frames) * LN2
    assert [found.values[name] for name in ("jsd_att_nats", *CLIP_NAMES)] == pytest.approx(
        [expected, 0, expected, 0, math.log(frames)], abs=3e-7)


def test_of_four_frames_that_is_three_quarters_of_ln_2():
    found = measure(own_frame()).values
    assert found["jsd_att_nats"] == pytest.approx(0.75 * LN2, abs=3e-7) and round(found["jsd_frame_nats"], 4) == 0.5199
    assert found["jsd_place_nats"] == pytest.approx(0, abs=3e-7)


@pytest.mark.parametrize("name", NON_LOCAL)
@pytest.mark.parametrize("options", [{"sub_sample": False}, {"sub_sample": True}])
def test_the_numbers_of_a_block_in_three_dimensions_are_those_of_plain_loops(name, options):
    nl_map = block_maps(name, **options)[0]
    found = measure(nl_map)
    assert is_clip(nl_map) and found.values.keys() | found.reasons.keys() == {*NAMES, *(CLIP_NAMES if found.dealt else ())}
    assert found.values.keys() - set(CLIP_NAMES) == found.shuffled.keys() - set(CLIP_NAMES)
    if nl_map.rows != "distribution":
        assert "jsd_att_nats" in found.reasons and not found.dealt and found.of_clip == ""
        return
    rows = nl_map.weights[0]
    assert (found.values["jsd_place_nats"], found.values["jsd_frame_nats"]) == pytest.approx(by_loops(rows), abs=3e-7)
    assert found.values["jsd_att_nats"] == pytest.approx(js_matrix(rows).mean().item(), abs=3e-7)
    entropy = torch.special.entr(rows).sum(1).mean().item()
    assert found.entropy_share == pytest.approx(entropy / math.log(nl_map.shape[1]), abs=1e-9)
    tells = torch.special.entr(rows.mean(0)).sum().item() - entropy
    assert found.values["information_place_nats"] + found.values["information_frame_nats"] == pytest.approx(tells, abs=1e-9)
    assert found.shuffled.keys() == {*NAMES, *CLIP_NAMES[:2]} and found.dealt.keys() == set(DEALT)


@pytest.mark.parametrize("name", ["gaussian", "embedded_gaussian"])
def test_a_map_that_is_not_kept_densely_has_the_same_numbers(name):
    whole, lazy = (measure(block_maps(name, **options)[0]) for options in ({}, {"dense_bytes": 0}))
    for kind in ("values", "shuffled", "dealt"):
        assert getattr(lazy, kind) == pytest.approx(getattr(whole, kind), abs=1e-9)


def test_each_query_of_a_clip_has_its_mean_divergence_to_all_on_the_grid():
    nl_map = random_map()
    found = dependence_of_queries(nl_map).view(GRID)
    rows = nl_map.weights[0]
    for t, row, column in [(0, 0, 0), (1, 2, 3), (3, 2, 4)]:
        query = rows[(t * 3 + row) * 5 + column]
        assert found[t, row, column].item() == pytest.approx(js_divergence(query, rows).mean().item(), abs=6e-7)
    assert found.mean().item() == pytest.approx(mean_js_divergence(rows), abs=6e-7)


def test_one_map_for_all_queries_depends_on_nothing_and_its_shuffles_are_those_of_so_many_rows():
    row = rows_of(1, 60)
    nl_map = map_of(row, relates="global")
    found = measure(nl_map)
    assert [found.values[name] for name in ("jsd_att_nats", *CLIP_NAMES)] == pytest.approx([0] * 5, abs=3e-7)
    assert found.dealt == dict.fromkeys(DEALT, 0.0) and found.of_clip == ""
    same = measure(map_of(row.expand(60, -1)))
    assert found.shuffled["jsd_place_nats"] == pytest.approx(same.shuffled["jsd_place_nats"], abs=3e-7)
    assert found.shuffled["jsd_frame_nats"] == pytest.approx(same.shuffled["jsd_frame_nats"], abs=3e-7)


def test_named_tokens_are_left_out():
    weights = torch.cat([rows_of(61, 60) * 0.5, torch.full((61, 1), 0.5)], 1)
    named = measure(map_of(weights, query_tokens=("class token",), key_tokens=("class token",)))
    assert named.values == pytest.approx(measure(map_of(rows_of(61, 60)[:60])).values, abs=1e-9)


def test_fresh_weights_and_heads_have_the_numbers_too():
    nl_map = block_maps("embedded_gaussian")[0]
    fresh = measure(fresh_map(fresh_block(built("embedded_gaussian", 8, GRID, dimension=3)), nl_map)).values
    assert set(CLIP_NAMES) < fresh.keys()
    found, numbers = measure(nl_map), numbers_of_map(placed(random_map()))
    assert {*CLIP_NAMES, "jsd_place_nats_shuffled", "information_frame_nats_dealt", "share_past"} < numbers.keys()
    assert "information_place_nats_shuffled" not in numbers and found.values["jsd_frame_nats"] > 0
    flat = map_of(rows_of(15, 15), (3, 5))  # of a picture
    assert not is_clip(flat) and not measure(flat).dealt and measure(flat).of_clip == ""


def test_rows_that_are_no_distributions_have_no_numbers_of_place_and_frame():
    found = measure(map_of(torch.randn(60, 60), rows="scaled"))
    assert "scaled" in found.reasons["jsd_att_nats"] and not set(CLIP_NAMES) & found.values.keys() and found.of_clip == ""
    broken = measure(map_of(torch.ones(60, 60)))
    assert "a row sums to 60" in broken.reasons["jsd_att_nats"] and not broken.dealt
    with pytest.raises(ValueError, match="a row sums to 60"):
        measure_clip(map_of(torch.ones(60, 60)))


class Largest(TorchDispatchMode):
    """Bytes of the largest tensor that anything gave while this was active."""

    bytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        found = function(*args, **(kwargs or {}))
        for part in found if isinstance(found, (tuple, list)) else [found]:
            if isinstance(part, torch.Tensor):
                self.bytes = max(self.bytes, part.untyped_storage().nbytes())
        return found


def test_a_map_of_a_clip_is_never_held():
    random, grid = torch.Generator().manual_seed(0), (4, 28, 28)
    q, k = (torch.randn(1, cells(grid), 8, generator=random) for _ in range(2))
    one = placed(map_of(None, grid, lazy=Factors(q, k, "softmax")))
    with Largest() as largest:
        measure_clip(one.nl_map)
        reach_of(one)
        frame_matrix(one.nl_map)
    assert largest.bytes < 9e6  # of 39 MB in float32


# ---------------------------------------------------------------------------------------------------- in words

@pytest.mark.parametrize("values, shuffled, dealt, words", [
    ((0.3, 0.1, 1.5, 0.5), (0.6, 0.5), 0.01,
     "Within a frame rows differ by 50 % of what shuffled ones would. The frames' mean rows differ by 20 % of what shuffled ones "
     "would. What a key tells of its query is 75 % the place in the frame and 25 % the frame (0.5 % if frames were dealt at "
     "random)."),
    ((0.0, 0.5, 0.0, 1.4), (0.5, 0.0), 0.3,
     "Within a frame rows differ by 0.0 % of what shuffled ones would. What a key tells of its query is 0.0 % the place in the "
     "frame and 100 % the frame (21 % if frames were dealt at random)."),
    ((0.0, 0.0, 0.0, 0.0), (0.5, 0.0), 0.0, "Within a frame rows differ by 0.0 % of what shuffled ones would."),
    ((0.0, 0.0, 0.0, 0.0), (0.0, 0.0), 0.0, "")])
def test_words_tell_the_place_from_the_frame(values, shuffled, dealt, words):
    named = dict(zip(CLIP_NAMES, values))
    assert clip_in_words(named, dict(zip(CLIP_NAMES, shuffled)), dict.fromkeys(CLIP_NAMES, dealt)) == words
    assert clip_in_words(named, {}, {}, "global") == "" == clip_in_words({"jsd_att_nats": 0.3}, {}, {})
