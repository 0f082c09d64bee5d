"""Snapshots: training does not notice them, and what is kept is what was there."""

import io
import json
import random

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from PIL import Image
from torch import nn

from nlviz.analysis import NetworkError, analyse
from nlviz.blocks import BLOCKS
from nlviz.measures import mean_distance, measure
from nlviz.models import Model
from nlviz.recipes import Recipe, recipe_in
from nlviz.snapshots import CannotRead, SnapshotFolder, Snapshots
from tests.networks import bundled, network
from tests.pictures.drawn import quarters
from tests.transformers import transformer


class InTraining(nn.Module):
    """A BatchNorm that learns and one that is frozen, dropout, a block, and positions kept from the first pass."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 16, 16), nn.BatchNorm2d(4), nn.Dropout(0.3))
        self.frozen, self.block, self.kept = nn.BatchNorm2d(4), BLOCKS["embedded_gaussian"](4), None
        self.head = nn.Linear(4, 3)

    def forward(self, x):
        x = self.frozen(self.stem(x))
        if self.kept is None or self.kept.shape != x.shape[2:]:
            self.kept = torch.linspace(0, 1, x[0, 0].numel()).view(x.shape[2:])
        return self.head(self.block(x * (1 + self.kept)).mean((2, 3)))


def trained(keep=None, steps=12):
    """Weights, statistics and the random numbers that come next, after some steps of SGD."""
    torch.manual_seed(0), random.seed(0), np.random.seed(0)
    net = InTraining().train()
    net.frozen.eval()
    optimiser = torch.optim.SGD(net.parameters(), 0.1, momentum=0.9)
    snapshots = keep(net) if keep else None
    for step in range(steps):
        if snapshots:
            snapshots(step)
        loss = nn.functional.cross_entropy(net(torch.randn(6, 3, 64, 64)), torch.randint(3, (6,)))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    modes = [module.training for module in net.modules()]
    return net.state_dict(), modes, torch.rand(1).item(), random.random(), np.random.rand()


def test_training_is_the_same_to_the_last_bit_with_and_without(tmp_path):
    plain, modes, *numbers = trained()
    watched, same_modes, *same = trained(lambda net: Snapshots(net, quarters(64, 64), every=3, to=tmp_path, resolution=64))
    assert SnapshotFolder(tmp_path).steps == [0, 3, 6, 9]
    assert all(torch.equal(plain[name], watched[name]) for name in plain) and plain.keys() == watched.keys()
    assert modes == same_modes and modes.count(False) == 1 and numbers == same


def test_kept_are_the_first_step_every_so_many_and_the_last(tmp_path):
    net = network()
    with Snapshots(net, quarters(64, 64), every=4, to=tmp_path, resolution=64) as snapshots:
        assert [snapshots() for _ in range(7)] == [True, False, False, False, True, False, False]
    assert snapshots.folder.steps == [0, 4, 6]
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = Snapshots(net, quarters(64, 64), every=4, to=tmp_path, resolution=64)  # the training goes on from step 4
    assert [again(step) for step in (4, 5, 6, 7, 8)] == [False, False, False, False, True]
    assert {name: time for name, time in ((path.name, path.stat().st_mtime_ns) for path in tmp_path.iterdir())
            if name in before} == before
    assert not any(path.name.startswith(".") for path in tmp_path.iterdir())


def test_a_training_that_raised_keeps_no_last_step(tmp_path):
    with pytest.raises(ZeroDivisionError), Snapshots(network(), quarters(64, 64), 4, tmp_path, 64) as snapshots:
        snapshots(0), snapshots(1)
        1 / 0  # noqa: B018
    assert snapshots.folder.steps == [0]


NETWORKS = ["msrc_embedded_gaussian", "msrc_dual", "msrc_gc", "msrc_criss_cross", "msrc_pyramid_oc", "msrc_rga", "caltech101_se",
            "caltech101_concatenation"]


@pytest.mark.parametrize("name", NETWORKS)
def test_maps_of_every_form_come_back_at_their_places(name, tmp_path):
    own = analyse(bundled(name), quarters(128, 96), 128)
    with Snapshots(bundled(name), quarters(128, 96), to=tmp_path, resolution=128) as snapshots:
        snapshots()
    read = SnapshotFolder(tmp_path).analysis(0)
    assert_same(read, own)
    assert read.frame == own.frame and read.picture.sha256 == own.picture.sha256 and len(read.maps) == len(own.maps)
    if own.prediction["kind"] == "segmentation":
        assert torch.equal(read.prediction["labels"], own.prediction["labels"])
    else:
        assert read.prediction == own.prediction


def assert_same(read, own):
    """Every map that was kept is, to half precision, the one that was there, at the same place."""
    there = {(placed.nl_map.layer, placed.nl_map.part): placed for placed in own.maps}
    for placed in read.maps:
        other = there[placed.nl_map.layer, placed.nl_map.part]
        assert (placed.queries, placed.keys, placed.channels, placed.parity, placed.layer, placed.head) == (
            other.queries, other.keys, other.channels, other.parity, other.layer, other.head)
        mine, its = (m.nl_map.weights if m.nl_map.weights is not None else m.nl_map.lazy.dense() for m in (placed, other))
        torch.testing.assert_close(mine.float(), its, rtol=1e-3, atol=1e-3 * its.abs().max().item())
        assert placed.nl_map.shape == other.nl_map.shape and placed.nl_map.rows == other.nl_map.rows
        if placed.queries and placed.nl_map.relates == "positions":
            torch.testing.assert_close(placed.heatmap(0.3, 0.7), other.heatmap(0.3, 0.7), rtol=1e-3, atol=1e-3)


def test_of_layers_and_heads_the_shown_layer_is_kept_as_queries_and_keys_and_the_numbers_of_all(tmp_path):
    model, picture = transformer(), quarters(96, 64)
    with Snapshots(model, picture, to=tmp_path, resolution=96) as snapshots:
        snapshots()
    own, read = analyse(model, picture, 96), SnapshotFolder(tmp_path).analysis(0)
    assert_same(read, own)
    assert [(placed.layer, placed.head) for placed in read.maps] == [(4, None), (4, 1), (4, 2), (4, 3)]
    assert read.maps[1].nl_map.key_tokens == ("class token",)
    size = snapshots.folder.file(0).stat().st_size
    assert size < 3 * 25 * 64 * 2 * 4 + 16_000  # 3 heads, 25 tokens, 64 channels of queries and keys in float32, and the JSON
    numbers = snapshots.folder.numbers()[0]
    assert len(numbers) == 4 * (1 + 3)
    for row, placed in zip(numbers, own.maps):
        found = measure(placed.nl_map)
        assert row["jsd_att_nats"] == pytest.approx(found.values["jsd_att_nats"], abs=1e-9)
        assert row["share"] == pytest.approx(found.values["jsd_att_nats"] / found.shuffled["jsd_att_nats"])
        assert row["entropy_share"] == pytest.approx(found.entropy_share)
        assert row["attention_distance_cells"] == pytest.approx(mean_distance(placed)) and row["added_share"] is None


def test_of_a_block_what_it_adds_is_kept_too(tmp_path):
    with Snapshots(network(), quarters(192, 112), to=tmp_path, resolution=192) as snapshots:
        snapshots()
    row, = snapshots.folder.numbers()[0]
    assert row["added_share"] == pytest.approx(measure(analyse(network(), quarters(192, 112), 192).maps[0].nl_map).added_share)
    assert row["module"] == "1" and row["layer"] is None


def test_a_map_that_is_too_large_leaves_its_numbers_and_a_note(tmp_path, monkeypatch):
    monkeypatch.setattr("nlviz.snapshots.maps.DENSE_BYTES", 1000)
    with Snapshots(bundled("msrc_criss_cross"), quarters(128, 96), to=tmp_path, resolution=128) as snapshots:
        snapshots()
    read = snapshots.folder.analysis(0)
    assert read.maps == () and len(snapshots.folder.numbers()[0]) == 3
    assert read.notes[0].endswith("its rows take too much room, so its numbers alone are kept.")


def test_the_files_hold_tensors_and_json_alone(tmp_path):
    with Snapshots(network(), quarters(64, 64), to=tmp_path, resolution=64) as snapshots:
        snapshots()
    content = snapshots.folder.file(0).read_bytes()
    header = json.loads(content[8:8 + int.from_bytes(content[:8], "little")])
    assert json.loads(header["__metadata__"]["values"])["step"] == 0 and b"pickle" not in content
    assert {path.name for path in tmp_path.iterdir()} == {"picture.png", "step_000000000.safetensors"}


@pytest.mark.parametrize("content", [b"", b"\x80\x04K\x01.", b"\x08" + 7 * b"\0" + b"{\"a\": 1}", 40 * b"\xff"])
def test_a_broken_file_is_named(content, tmp_path):
    with Snapshots(network(), quarters(64, 64), to=tmp_path, resolution=64) as snapshots:
        snapshots()
    snapshots.folder.file(0).write_bytes(content)
    for read in (snapshots.folder.values, snapshots.folder.analysis):
        with pytest.raises(CannotRead, match=r"step_000000000.safetensors cannot be read .*Delete it"):
            read(0)


def test_tensors_that_were_cut_short_are_named(tmp_path):
    with Snapshots(network(), quarters(64, 64), to=tmp_path, resolution=64) as snapshots:
        snapshots()
    content = snapshots.folder.file(0).read_bytes()
    snapshots.folder.file(0).write_bytes(content[:-7])
    with pytest.raises(CannotRead, match="cannot be read"):
        SnapshotFolder(tmp_path).analysis(0)


def test_another_picture_needs_another_folder(tmp_path):
    Snapshots(network(), quarters(64, 64), to=tmp_path, resolution=64)()
    with pytest.raises(ValueError, match=r"holds snapshots of another picture\. Take another folder"):
        Snapshots(network(), quarters(64, 48), to=tmp_path)
    with pytest.raises(ValueError, match="every must be at least 1 step, got 0"):
        Snapshots(network(), quarters(64, 64), every=0, to=tmp_path)
    with pytest.raises(CannotRead, match="holds no snapshots"):
        SnapshotFolder(tmp_path / "nothing").picture  # noqa: B018


def test_what_is_wrong_with_the_network_is_said_at_the_first_step_and_a_warning_later(tmp_path):
    net = network()
    broken = Snapshots(Model("mine", nn.Linear(2, 2)), quarters(64, 64), to=tmp_path / "a", resolution=64)
    with pytest.raises(NetworkError, match="its forward pass failed"):
        broken()
    snapshots = Snapshots(net, quarters(64, 64), to=tmp_path / "b", resolution=64)
    assert snapshots()
    next(net.parameters()).data.fill_(float("nan"))
    with pytest.warns(UserWarning, match=r"no snapshot of step 1: .*not finite"):
        assert not snapshots()
    assert snapshots.folder.steps == [0] and net.training


def test_a_log_takes_the_figure_and_the_png(tmp_path):
    snapshots = Snapshots(network(), quarters(96, 64), to=tmp_path, resolution=96)
    with pytest.raises(ValueError, match="there is no snapshot yet"):
        snapshots.png()
    snapshots(0)
    assert isinstance(snapshots.figure(), Figure)
    content = snapshots.png([(0.2, 0.2), (0.8, 0.8)], colours="inferno")
    array = np.asarray(Image.open(io.BytesIO(content)).convert("RGB"))
    assert array.ndim == 3 and array.shape[2] == 3
    recipe, later = Recipe.from_json(recipe_in(content)), Snapshots(network(), quarters(96, 64), to=tmp_path)  # it goes on
    assert recipe.colours == "inferno" and len(recipe.queries) == 2 and recipe.picture["sha256"] == later.picture.sha256
    assert later.png()
