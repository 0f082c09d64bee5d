"""Other people's networks: as many maps as they have, each equal to what the network itself says of its attention."""

from contextlib import nullcontext

import pytest
import torch

from benchmarks.catalogue import NETWORKS
from benchmarks.networks import BEGIN, END, PAGE, examine, right, tensors
from nlviz import capture_maps, replaced_maps
from nlviz.capture import CannotReplace

NAMED = ["vit_b_16", "vit_b_32", "swin_t", "swin_v2_t", "maxvit_t", "vit_tiny", "vit_small_patch14_dinov2", "reg4_dinov2",
         "distilled", "eva02", "beit", "cait", "xcit", "swin_tiny", "swinv2", "maxvit", "mvitv2", "pvt_v2", "levit", "botnet26t",
         "halonet26t", "gcresnet50t", "NonLocalAttn", "samvit", "volo", "twins", "ViTModel", "Dinov2Model",
         "Dinov2WithRegistersModel", "CLIPVisionModel", "DetrForObjectDetection", "SegformerModel", "SwinModel", "BeitModel",
         "VideoMAEModel", "VivitModel", "TimesformerModel, divided", "TimesformerModel, joint", "mvit_v2_s", "swin3d_t",
         "r3d_18 with", "first axis", "einsum", "no softmax", "two heads", "grouped-query", "checkpointing"]


@pytest.mark.parametrize("network", [n for n in NETWORKS if n.light], ids=lambda network: network.name)
def test_a_network_gives_all_its_maps_as_it_says_them_itself(network):
    outcome = examine(network)
    assert right(outcome), outcome


@pytest.mark.parametrize("network", [n for n in NETWORKS if n.light and n.maps], ids=lambda network: network.name)
@torch.no_grad()
def test_every_map_replaced_by_itself_changes_nothing_and_nothing_is_left(network):
    torch.manual_seed(0)
    net, inputs = network.make(True)
    expected = tensors(net(**inputs))
    with capture_maps(net) as maps:
        net(**inputs)
    rows = [m.layer for m in maps if m.relates != "channels"]
    with nullcontext() if rows else pytest.raises(CannotReplace, match="maps of channels"):
        with replaced_maps(net, "itself") as replaced:
            found = tensors(net(**inputs))
        assert [one.layer for one in replaced] == rows
    assert all((a - b).norm() <= 1e-5 * a.norm() for a, b in zip(expected, found, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(expected, tensors(net(**inputs)), strict=True))


def test_the_table_has_every_network_that_was_asked_for_and_every_one_is_right():
    table = PAGE.read_text().split(BEGIN)[1].split(END)[0].strip().splitlines()[2:]
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in table]
    assert [row[0] for row in rows] == [network.name for network in NETWORKS] and len(rows) >= 40
    assert all(any(name in row[0] for row in rows) for name in NAMED)
    for row, network in zip(rows, NETWORKS):
        assert row[2] == str(network.maps) and row[3].split()[0] == row[2] and float(row[6]) <= 1e-5
        assert not network.maps or row[4] == f"{network.maps} of {network.maps}"
        assert not network.reference or float(row[5].split()[0]) <= 1e-5
