"""A folder of snapshots is of one picture and one network, whatever its weights; one without steps is free."""

import warnings

import pytest
import torch
from torch import nn

from nlviz.analysis import NetworkError
from nlviz.blocks import BLOCKS
from nlviz.models import Model
from nlviz.snapshots import SnapshotFolder, Snapshots
from nlviz.snapshots.layers import unlike
from tests.networks import bundled, network
from tests.pictures.drawn import quarters
from tests.transformers import transformer

OTHERS = {
    "kind": (network("gaussian"), "there layer 1 has block embedded_gaussian, here gaussian"),
    "maps": (network("gc"), r"layer 1 has other maps there \(1\) than here \(2\)"),
    "layers": (nn.Sequential(nn.AvgPool2d(8), *network("embedded_gaussian")[1:], nn.AvgPool2d(2), network()[1]),
               "there its layers are 1, here 1, 3"),
    "grid": (nn.Sequential(nn.AvgPool2d(8), network()[1]), r"there layer 1 has query grid \[4, 6\], here \[8, 12\]"),
    "width": (nn.Sequential(nn.Conv2d(3, 8, 16, 16), BLOCKS["embedded_gaussian"](8)), "there layer 1 has channels 1, here 4"),
}


def snapshots_of(net, to, **options):
    return Snapshots(net, quarters(96, 64), **{"to": to, "resolution": 96} | options)


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("step", [0, 5])
def test_a_folder_of_another_network_is_refused_at_the_first_call(other, step, tmp_path):
    snapshots_of(network(), tmp_path)(0)
    net, how = OTHERS[other]
    again = snapshots_of(net, tmp_path)
    for _ in range(2):  # not only once
        with pytest.raises(ValueError, match=rf"holds snapshots of another network .*{how}\. Take another folder, or delete"):
            again(step)
    assert SnapshotFolder(tmp_path).steps == [0]


def test_a_folder_of_a_transformer_is_not_one_of_a_network_with_a_block(tmp_path):
    with snapshots_of(transformer(), tmp_path) as snapshots:
        snapshots()
    with pytest.raises(ValueError, match=r"\(vit there, Sequential here\): there its layers are blocks\.3\.attn, .* and 1 more, "):
        snapshots_of(network(), tmp_path)(1)


def test_layers_that_differ_in_maps_that_are_not_kept_are_of_another_network():
    there, here = ({"maps": {"": [["", 1, head] for head in range(heads)]}, "kept": {}, "frame": []} for heads in (2, 3))
    assert unlike(there, here) == "the network itself has other maps there (2) than here (3)" and not unlike(here, here)


def test_a_network_with_other_weights_is_the_same_network(tmp_path):
    net = network()
    snapshots_of(net, tmp_path)(0)
    with torch.no_grad():
        for weight in net.parameters():
            weight.mul_(1.7)
    again = snapshots_of(net, tmp_path, name="called otherwise")
    assert [again(step) for step in (0, 1)] == [False, True]


@pytest.mark.parametrize("make", [transformer, lambda: bundled("msrc_dual"), lambda: bundled("msrc_criss_cross")])
def test_a_training_of_any_network_goes_on(make, tmp_path):
    for steps in ((0, 1), (1, 2)):
        snapshots = snapshots_of(make(), tmp_path)
        kept = [snapshots(step) for step in steps]
    assert kept == [False, True]


def test_a_network_is_the_same_at_another_resolution(tmp_path):
    snapshots_of(network(), tmp_path)(0)
    assert snapshots_of(network(), tmp_path, resolution=64)(1)


def test_a_training_goes_on_beside_a_step_that_is_broken(tmp_path):
    with snapshots_of(network(), tmp_path) as snapshots:
        snapshots(0), snapshots(1)
    for step, others in ((1, [0]), (0, [])):
        snapshots.folder.file(step).write_bytes(b"broken")
        assert snapshots_of(network(), tmp_path)(2 + len(others))
        snapshots.folder.file(2 + len(others)).unlink()


def test_a_look_at_a_step_that_is_there_keeps_training_the_same(tmp_path):
    snapshots_of(network(), tmp_path)(0)
    net, again = network().train(), None
    again = snapshots_of(net, tmp_path)
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    assert not again(0) and torch.equal(torch.rand(1), expected) and all(module.training for module in net.modules())


def test_a_network_that_cannot_be_compared_is_a_warning_and_training_goes_on(tmp_path):
    snapshots_of(network(), tmp_path)(0)
    broken = snapshots_of(Model("mine", nn.Linear(2, 2)), tmp_path)
    with pytest.warns(UserWarning, match="no comparison with the snapshot of step 0: mine: its forward pass failed"):
        assert not broken(0)


def test_a_first_snapshot_that_failed_leaves_the_folder_free_for_another_picture(tmp_path):
    with pytest.raises(NetworkError):
        snapshots_of(Model("mine", nn.Linear(2, 2)), tmp_path)()
    assert not list(tmp_path.iterdir())
    assert Snapshots(network(), quarters(64, 48), to=tmp_path, resolution=64)()
    assert SnapshotFolder(tmp_path).picture.size == (64, 48)


def test_a_picture_without_steps_is_replaced(tmp_path):
    quarters(32, 32).save(tmp_path / "picture.png")
    assert snapshots_of(network(), tmp_path)()
    assert SnapshotFolder(tmp_path).picture.size == (96, 64)


def test_of_two_pictures_that_begin_in_one_folder_the_second_is_refused(tmp_path):
    first, second = snapshots_of(network(), tmp_path), Snapshots(network(), quarters(64, 48), to=tmp_path, resolution=64)
    assert first(0)
    with pytest.raises(ValueError, match="holds snapshots of another picture"):
        second(0)


def test_a_folder_whose_picture_is_gone_is_not_gone_on_with(tmp_path):
    snapshots_of(network(), tmp_path)(0)
    (tmp_path / "picture.png").unlink()
    with pytest.raises(ValueError, match="holds snapshots without the picture that they are of"):
        snapshots_of(network(), tmp_path)


def test_a_training_that_goes_on_warns_of_nothing(tmp_path):
    snapshots_of(network(), tmp_path)(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = snapshots_of(network(), tmp_path)
        assert [again(0), again(1)] == [False, True]
