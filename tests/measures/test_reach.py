"""How far a clip's map reaches within the frame and in time, and from frame to frame: beside plain loops."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from nlviz.maps import Factors, Framewise
from nlviz.measures import REACH, Reach, diagonal, flat_distance, flat_reach, frame_matrix, mean_distance, reach_of
from tests.measures.clips import GRID, block_maps, map_of, own_frame, placed, random_map, rows_of


def by_loops(rows, grid, key_grid, frames_per=(1, 1)):
    """(cells, frames, same, past, future) and the matrix from frame to frame, a query and a key at a time."""
    found, matrix = np.zeros(5), np.zeros((grid[0], key_grid[0]))
    down, across = (n / m for n, m in zip(grid[1:], key_grid[1:]))  # cells of the query grid that a key covers
    for i, j in np.ndindex(*rows.shape):
        (t, row, column), (s, key_row, key_column) = np.unravel_index(i, grid), np.unravel_index(j, key_grid)
        weight = rows[i, j].item()
        found[0] += weight * math.hypot(row + 0.5 - (key_row + 0.5) * down, column + 0.5 - (key_column + 0.5) * across)
        own, others = (set(range(n * per, (n + 1) * per)) for n, per in ((t, frames_per[0]), (s, frames_per[1])))
        found[1] += weight * abs(np.mean(list(own)) - np.mean(list(others)))
        found[2 if own & others else 3 if max(others) < min(own) else 4] += weight
        matrix[t, s] += weight
    return found / len(rows), matrix / (len(rows) / grid[0])


def values(found: Reach):
    return [found.cells, found.frames, found.same, found.past, found.future]


@pytest.mark.parametrize("key_grid, frames_per", [
    (GRID, (1, 1)), ((4, 1, 2), (1, 1)), ((2, 3, 5), (1, 2)), (GRID, (2, 2)), ((1, 1, 1), (1, 4))])
def test_the_reach_of_a_map_is_that_of_a_loop_over_queries_and_keys(key_grid, frames_per):
    nl_map = random_map(key_grid=key_grid)
    expected, matrix = by_loops(nl_map.weights[0], GRID, key_grid, frames_per)
    found = reach_of(placed(nl_map, frames_per))
    assert values(found) == pytest.approx(expected, rel=1e-6, abs=1e-9)
    assert frame_matrix(nl_map).numpy() == pytest.approx(matrix) and mean_distance(placed(nl_map)) == found.cells
    flat, _ = by_loops(torch.full_like(nl_map.weights[0], 1 / nl_map.shape[1]), GRID, key_grid, frames_per)
    assert values(flat_reach(placed(nl_map, frames_per))) == pytest.approx(flat, rel=1e-6, abs=1e-9)
    assert flat_distance(placed(nl_map)) == pytest.approx(flat[0], rel=1e-6)


def test_the_names_of_the_numbers_are_those_of_reach():
    found = reach_of(placed(random_map()))
    assert tuple(found.named()) == REACH and list(found.named().values()) == values(found)
    assert tuple(Reach(2.0).named("_flat")) == ("attention_distance_cells_flat",)


def test_queries_that_attend_to_themselves_reach_nowhere():
    found = placed(map_of(torch.eye(60, dtype=torch.float64)))
    assert values(reach_of(found)) == [0, 0, 1, 0, 0] and torch.equal(frame_matrix(found.nl_map), torch.eye(4).double())
    assert diagonal(found.queries) == pytest.approx(math.hypot(3, 5))


def test_the_same_place_one_frame_later_is_one_frame_away_and_in_the_future():
    rows = torch.eye(60, dtype=torch.float64).roll(15, 1)
    rows[45:] = torch.eye(60, dtype=torch.float64)[45:]  # the last frame attends to itself
    assert values(reach_of(placed(map_of(rows)))) == pytest.approx([0, 0.75, 0.25, 0, 0.75])
    assert frame_matrix(map_of(rows)).tolist() == [[0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1]]


def test_one_row_for_all_is_as_far_from_each_query_as_its_keys_are():
    row = rows_of(1, 60)
    one, many = map_of(row, relates="global"), map_of(row.expand(60, -1))
    assert values(reach_of(placed(one))) == pytest.approx(values(reach_of(placed(many))))
    assert frame_matrix(one).numpy() == pytest.approx(frame_matrix(many).numpy())


@pytest.mark.parametrize("name", ["gaussian", "embedded_gaussian", "dot_product", "concatenation"])
@pytest.mark.parametrize("dense_bytes", [None, 0])
def test_the_matrix_from_frame_to_frame_of_a_block_is_the_sum_of_its_weights(name, dense_bytes):
    nl_map, = block_maps(name, dense_bytes, sub_sample=True)
    weights = nl_map.weights[0] if nl_map.weights is not None else nl_map.lazy.dense()[0]
    expected = weights.view(4, 15, nl_map.key_grid[0], -1).sum(-1).mean(1)
    assert frame_matrix(nl_map).numpy() == pytest.approx(expected.numpy(), rel=1e-9)
    if nl_map.rows == "distribution":
        assert frame_matrix(nl_map).sum(1).numpy() == pytest.approx(1)


def test_every_head_has_its_matrix_and_their_mean_is_the_layers():
    weights = torch.stack([rows_of(60, 60, seed=seed) for seed in range(3)])
    nl_map = map_of(weights, heads=3)
    each = [frame_matrix(nl_map, head=head) for head in range(3)]
    for found, rows in zip(each, weights):
        assert found.numpy() == pytest.approx(frame_matrix(map_of(rows)).numpy())
    assert frame_matrix(nl_map).numpy() == pytest.approx(torch.stack(each).mean(0).numpy())
    with pytest.raises(ValueError, match="head must be"):
        frame_matrix(nl_map, head=3)


def test_which_item_of_the_batch_is_asked_is_that_ones_matrix():
    both = torch.stack([rows_of(60, 60, seed=seed) for seed in range(2)])
    nl_map = replace(map_of(both[0]), weights=both)
    assert frame_matrix(nl_map, item=1).numpy() == pytest.approx(frame_matrix(map_of(both[1])).numpy())


def test_frame_by_frame_every_weight_stays_in_its_frame():
    random = torch.Generator().manual_seed(0)
    q, k = (torch.randn(4, 15, 3, generator=random, dtype=torch.float64) for _ in range(2))
    nl_map = map_of(None, lazy=Framewise(Factors(q, k, "softmax")))
    assert frame_matrix(nl_map).numpy() == pytest.approx(np.eye(4))
    found = reach_of(placed(nl_map))
    assert values(found)[1:] == pytest.approx([0, 1, 0, 0], abs=1e-12) and found.cells > 0
    assert values(reach_of(placed(own_frame())))[1:] == pytest.approx([0, 1, 0, 0])


def test_named_tokens_are_left_out_and_what_remains_adds_up_to_one():
    weights = torch.cat([rows_of(61, 60) * 0.5, torch.full((61, 1), 0.5)], 1)
    named, plain = map_of(weights, query_tokens=("class token",), key_tokens=("class token",)), map_of(rows_of(61, 60)[:60])
    assert frame_matrix(named).numpy() == pytest.approx(frame_matrix(plain).numpy(), rel=1e-6)
    assert values(reach_of(placed(named))) == pytest.approx(values(reach_of(placed(plain))), rel=1e-6)


@pytest.mark.parametrize("nl_map", [map_of(rows_of(15, 15), (3, 5)), random_map(relates="channels"), random_map(relates="gate")])
def test_only_positions_of_a_clip_go_from_frame_to_frame(nl_map):
    with pytest.raises(ValueError, match=r"only maps of positions \(frames, rows, columns\) go from frame to frame"):
        frame_matrix(nl_map)


@pytest.mark.parametrize("nl_map", [random_map(rows="scaled"), random_map(relates="channels"), map_of(torch.ones(60, 60))])
def test_rows_that_are_no_distributions_reach_nowhere_known(nl_map):
    assert reach_of(placed(nl_map)) is None is mean_distance(placed(nl_map))
    assert reach_of(replace(placed(random_map()), keys=None)) is None
