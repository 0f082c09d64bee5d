"""One picture through a model: the right row at the right place, also from several threads."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import nn

from nlviz import analyse
from nlviz.analysis import as_model
from nlviz.blocks import BLOCKS
from nlviz.metrics import entropy
from nlviz.pictures import Preprocess, open_picture
from nlviz.ui.store import Store
from tests.blocks.building import randomised
from tests.networks import GRID, network
from tests.pictures.drawn import quarters

PLACES = [name for name, kind in BLOCKS.items() if kind.relates in ("positions", "global")]


@pytest.mark.parametrize("name", PLACES)
def test_the_heatmap_of_a_point_is_the_row_of_its_cell(name):
    analysis = analyse(network(name), open_picture(quarters(192, 112)), 192)
    placed = analysis.maps[0]
    rows, columns = placed.nl_map.query_grid
    pooled = 2 if name == "asp_oc" else 1
    assert (rows, columns) == (7 // pooled, 12 // pooled)
    for row in range(rows):
        for column in range(columns):
            found = placed.heatmap((column + 0.5) * pooled / 12, (row + 0.5) * pooled / 7)
            assert found.shape == placed.keys.grid
            assert torch.equal(found.flatten(), placed.nl_map.row(row * columns + column))
    (row, column), weight = placed.strongest(0.1, 0.1)
    assert placed.heatmap(0.1, 0.1)[row, column] == weight == placed.heatmap(0.1, 0.1).max()


@pytest.mark.parametrize("name, part", [("cam", 0), ("rga_channel", 0), ("rga_channel", 1), ("se", 0), ("gc", 1)])
def test_a_place_has_no_row_where_rows_are_channels(name, part):
    placed = analyse(network(name), open_picture(quarters(192, 112)), 192).maps[part]
    with pytest.raises(ValueError, match=r"a place in the picture has no row in this map of .*: it relates 3 channels"):
        placed.heatmap(0.5, 0.5)


def test_a_gate_of_positions_lies_over_the_picture_and_is_the_same_for_every_query():
    gate = analyse(network("rga_spatial"), open_picture(quarters(192, 112)), 192).maps[1]
    assert torch.equal(gate.heatmap(0.1, 0.1), gate.heatmap(0.9, 0.9)) and gate.heatmap(0, 0).shape == GRID
    torch.testing.assert_close(gate.heatmap(0, 0) * gate.nl_map.input[0], gate.nl_map.output[0])


def test_the_last_cells_that_a_pool_left_over_have_no_query():
    placed = analyse(network("asp_oc"), open_picture(quarters(192, 112)), 192).maps[0]  # 7 rows, pooled by 2: the last is left over
    placed.heatmap(0.5, 6 / 7 - 0.01)
    with pytest.raises(ValueError, match="no query of asp_oc covers the place"):
        placed.heatmap(0.5, 6 / 7 + 0.01)


def test_the_maps_of_one_call_stand_together():
    blocks = [randomised(BLOCKS[name](3)).float() for name in ("criss_cross", "gaussian", "disentangled")]
    calls = analyse(nn.Sequential(nn.AvgPool2d(16), *blocks), open_picture(quarters(192, 112)), 192).calls
    assert [[m.nl_map.part for m in call] for call in calls] == [["A2 A1", "A1", "A2"], [""], ["sum", "pairwise", "unary"]]
    assert all(m.parity is call[0].parity for call in calls for m in call)


def test_a_network_whose_attention_is_known_attends_to_the_same_colour():
    block = BLOCKS["gaussian"](3, sub_sample=False)  # softmax of x . x: a white cell attends to white
    analysis = analyse(nn.Sequential(nn.AvgPool2d(16), block), open_picture(quarters(64, 64)), 64,
                       Preprocess(mean=0.0, std=64.0))
    heat = analysis.maps[0].heatmap(0.9, 0.9)
    assert heat[2:, 2:].sum() > 0.99


@pytest.mark.parametrize("resolution", [448, 1024, 1552])
def test_an_analysis_keeps_less_than_128_mib_at_any_resolution(resolution):
    analysis = analyse(network(sub_sample=False), open_picture(quarters(400, 400)), resolution)
    nl_map = analysis.maps[0].nl_map
    assert nl_map.query_grid == (resolution // 16,) * 2 and analysis.nbytes < 128 * 2**20
    assert (nl_map.weights is None) == (resolution > 1024)
    assert nl_map.row(5).sum().item() == pytest.approx(1, abs=1e-4) and analysis.maps[0].parity.outcome == "holds"


@pytest.mark.parametrize("resolution", [0, 8, 4096])
def test_an_impossible_resolution_is_a_value_error(resolution):
    with pytest.raises(ValueError, match="resolution must be 16 to 2048 pixels"):
        analyse(network(), open_picture(quarters(64, 64)), resolution)


def test_a_block_of_other_dimensions_is_a_value_error():
    picture = open_picture(quarters(32, 32))
    flat = nn.Sequential(nn.Flatten(2), BLOCKS["gaussian"](3, dimension=1))
    with pytest.raises(ValueError, match="only \\(rows, columns\\) lie in a picture"):
        analyse(flat, picture, 32)


def test_analyses_of_one_model_from_several_threads_do_not_mix():
    model = network()
    pictures = [open_picture(quarters(16 * n, 32)) for n in range(2, 8)]
    with ThreadPoolExecutor(6) as pool:
        analyses = list(pool.map(lambda p: analyse(model, p, max(p.size)), pictures * 3))
    for picture, analysis in zip(pictures * 3, analyses):
        assert len(analysis.maps) == 1 and analysis.maps[0].nl_map.query_grid == (2, picture.size[0] // 16)


def test_the_store_keeps_the_latest_within_its_budget_and_only_for_the_same_pixels():
    loads = []
    
    def load():
        loads.append(1)
        return as_model(network())

    store = Store({"mine": load})
    a, b = open_picture(quarters(96, 48)), open_picture(quarters(48, 96))
    first = store.analyse(a, "mine", 96)
    assert store.analyse(a, "mine", 96).maps is first.maps and store.find(a.sha256, "a", "mine", 96).maps is first.maps
    assert store.find(b.sha256, "b", "mine", 96) is None and len(loads) == 1
    renamed = store.analyse(open_picture(quarters(96, 48), "holiday.png"), "mine", 96)
    assert renamed.picture.name == "holiday.png" and renamed.maps is first.maps and first.picture.name == "picture"
    store._max_bytes = first.nbytes
    store.analyse(b, "mine", 96)
    assert store.find(a.sha256, "a", "mine", 96) is None and store.find(b.sha256, "b", "mine", 96)
    with pytest.raises(KeyError, match="no network is called 'yours'; there are: mine"):
        store.model("yours")


@pytest.mark.parametrize("row, expected", [([1.0, 0, 0, 0], 0.0), ([0.25] * 4, 1.3862943611), ([0.5, 0.5, 0, 0], 0.6931471806)])
def test_entropy_in_nats(row, expected):
    assert entropy(torch.tensor(row, dtype=torch.float64)).item() == pytest.approx(expected)


@pytest.mark.parametrize("row", [[0.5, 0.6], [1.5, -0.5]])
def test_entropy_of_what_is_no_distribution_is_a_value_error(row):
    with pytest.raises(ValueError, match="needs distributions"):
        entropy(torch.tensor(row))
