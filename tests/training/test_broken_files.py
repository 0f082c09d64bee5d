"""What a full disk or a kill leaves of training: one sentence with the file, and the same command goes on."""

import errno
import os

import pytest
import torch
from torch import nn

from nlviz import files
from nlviz.pictures import Preprocess
from nlviz.training import features as feature_cache
from nlviz.training import trainer
from nlviz.training.schedules import Schedule

CPU = torch.device("cpu")


class Task:
    """One batch an epoch."""

    def epoch(self, epoch, seed):
        yield torch.full((4, 2), float(epoch + 1))[:, :, None, None], torch.ones(4)

    def loss(self, output, target):
        return output.square().mean()


class Flat(nn.Sequential):
    def __init__(self):
        super().__init__(nn.Flatten(), nn.Linear(2, 1))

    def trained_state(self):
        return self.state_dict()


def fitted(state_file, epochs=3, snapshots=()):
    torch.manual_seed(0)
    net = Flat()
    trainer.fit(net, Task(), Schedule(epochs, snapshots=snapshots), 0, state_file, CPU)
    return net


@pytest.fixture
def full_disk(monkeypatch):
    """From the second file on that is written whole the disk is full."""
    real, written = os.fdopen, []

    def opened(handle, *mode):
        file = real(handle, *mode)
        written.append(file)
        if len(written) > 1:
            file.close()
            raise OSError(errno.ENOSPC, "No space left on device")
        return file

    monkeypatch.setattr(files.os, "fdopen", opened)
    return written


def test_a_full_disk_while_the_state_is_kept_names_it_and_training_goes_on(tmp_path, monkeypatch, full_disk):
    with pytest.raises(OSError, match=r"No space left on device\. Make room there, then run it again: '.*state\.pt'"):
        fitted(tmp_path / "state.pt")
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]  # the first epoch, and nothing half-written beside it
    assert torch.load(tmp_path / "state.pt", weights_only=True)["epoch"] == 1
    monkeypatch.undo()
    resumed, whole = fitted(tmp_path / "state.pt"), fitted(tmp_path / "other.pt")
    assert torch.equal(resumed[1].weight, whole[1].weight)


@pytest.mark.parametrize("state", [{}, {"net": None}, [], {"net": {}, "epoch": 1}])
def test_a_state_that_holds_something_else_says_what_to_do(tmp_path, state):
    torch.save(state, tmp_path / "state.pt")
    with pytest.raises(ValueError, match=r"state\.pt is (broken|of another network).*Delete it to start anew"):
        fitted(tmp_path / "state.pt")


def test_a_broken_snapshot_says_which_files_to_delete(tmp_path):
    (tmp_path / "run@2.safetensors").write_bytes(b"cut")
    with pytest.raises(ValueError, match=r"run@2\.safetensors is broken .*Delete all files run\*"):
        trainer._write_snapshot(Flat(), None, tmp_path / "run@2.safetensors", 2, tmp_path / "out.safetensors")
    assert not (tmp_path / "out.safetensors").exists()


# ---------------------------------------------------------------------------------------------------- cached features

def features(stripes, cache):
    pictures = sorted((stripes / "msrc").glob("*.jpg"))[:3]
    return feature_cache.features(pictures, 64, cache, CPU, Preprocess())


@pytest.mark.parametrize("breaking", [lambda whole: whole[:len(whole) // 2], lambda whole: b"", lambda whole: whole[:5],
                                      lambda whole: feature_cache.save({"0": torch.zeros(2)})])
def test_a_cut_feature_cache_is_computed_anew_with_a_word(stripes, tmp_path, capsys, breaking):
    whole = features(stripes, tmp_path)
    (shard,) = tmp_path.glob("*.safetensors")
    content = shard.read_bytes()
    shard.write_bytes(breaking(content))
    again = features(stripes, tmp_path)
    assert all(map(torch.equal, whole, again)) and shard.read_bytes() == content
    assert f"{shard}" in capsys.readouterr().out


def test_a_picture_replaced_by_one_of_the_same_name_and_size_gets_features_of_its_own(tmp_path):
    files = [tmp_path / name for name in ("a.jpg", "b.jpg")]
    for file in files:
        file.write_bytes(b"123")
    before = feature_cache._digest(files)
    assert before == feature_cache._digest(files)
    files[0].write_bytes(b"321")
    assert feature_cache._digest(files) != before
