"""Training on clips of drawn photos: reproducible, resumable, and scored where frames are erased."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from nlviz.models import get_spec, load_model
from nlviz.pictures import Preprocess
from nlviz.training import clip_making, schedules, trainer
from nlviz.training.clip_data import Clips
from nlviz.training.features import read_shard
from nlviz.training.move_data import Moves
from nlviz.training.msrc_photos import TEST
from nlviz.training.schedules import Schedule
from tests.training.drawn_photos import write_msrc
from tests.training.killed import killed_in_the_third

CPU = torch.device("cpu")


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Four drawn photos; clips to score are small, moves are few."""
    (tmp_path / "data").mkdir()
    monkeypatch.setattr(Clips, "LARGE", 112)
    monkeypatch.setitem(schedules.SHORT, "clips", Schedule(3, resolutions=(64, 112)))
    monkeypatch.setattr(Moves, "TRAINED", 16)
    monkeypatch.setattr(Moves, "TESTED", 16)
    monkeypatch.setattr(Moves, "BATCH", 8)
    return write_msrc(tmp_path / "data")


def clips_of(data, cache) -> Clips:
    return Clips(data, cache, CPU, Preprocess(), (64, 112))


@pytest.mark.parametrize("name", ["clips_embedded_gaussian", "clips_none", "moves_gc"])
def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(name, data, tmp_path, monkeypatch):
    whole = trainer.train(name, data, tmp_path / "whole", tmp_path / "runs", epochs=3)
    begun = killed_in_the_third(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        trainer.train(name, data, tmp_path / "killed", tmp_path / "again", epochs=3)
    resumed = trainer.train(name, data, tmp_path / "killed", tmp_path / "again", epochs=3)
    assert begun == [0, 1, 2, 2] and resumed["sha256"] == whole["sha256"] and resumed["score"] == whole["score"]


@pytest.mark.parametrize("name", ["clips_embedded_gaussian_framewise", "moves_se"])
def test_what_was_trained_loads_and_its_card_is_true(name, data, tmp_path, monkeypatch):
    without = get_spec(name).without
    cards = {n: trainer.train(n, data, tmp_path / "out", tmp_path / "runs", epochs=1) for n in (name, without)}
    card, model = cards[name], load_model(name, tmp_path / "out")
    assert card["command"] == f"python -m nlviz train {name} --data DIR --epochs 1" and card["epochs"] == 1
    assert model.card["score_without_block"] == cards[without]["score"]
    assert model.clips == (card["data"] == "moves") and card["frames"] == {"clips": 8, "moves": 16}[card["data"]]
    task = trainer.DATA[card["data"]](data, tmp_path / "cache", CPU, model.preprocess, (64, 112))
    assert task.score(model.net)["score"] == card["score"]  # what is bundled is what was scored
    assert card["sha256"] in (tmp_path / "out" / "README.md").read_text()


def test_a_batch_has_features_and_truth_of_the_same_clips(data, tmp_path):
    task = clips_of(data, tmp_path / "cache")
    x, y = next(task.epoch(0, 0))
    assert x.shape[1:3] == (112, 8) and y.shape[1] == 8 and x.shape[3:] == tuple(side // 4 for side in y.shape[2:])
    seen = {tuple(y.flatten().unique().tolist()) for _, y in task.epoch(0, 0)}
    assert seen <= {(1, 3, 6), (1, 6, 11), (1, 3, 6, 11)}


def test_features_are_those_of_the_preprocessed_frames_and_are_made_once(data, tmp_path, monkeypatch):
    from PIL import Image

    from nlviz.models import backbone
    from nlviz.pictures import Picture
    task = clips_of(data, tmp_path / "cache")
    (features, _), = task._features(TEST, 0, 112, [0])
    clip, stem = task._made(TEST, 0, 0), backbone.split(backbone.pretrained())[0].eval()
    with torch.inference_mode():
        alone = stem(Preprocess()(Picture(Image.fromarray(clip.frames[3])), 112)[0])[0]
    torch.testing.assert_close(features[:, 3].float(), alone, atol=2e-2, rtol=2e-3)  # float16
    monkeypatch.setattr(backbone, "split", None)
    (again, _), = clips_of(data, tmp_path / "cache")._features(TEST, 0, 112, [0])
    assert torch.equal(again, features)


def test_another_way_of_making_clips_never_gets_these_clips_features(data, tmp_path, monkeypatch):
    first = clips_of(data, tmp_path / "cache")._features(TEST, 0, 64, [0])[0][0]
    monkeypatch.setattr(clip_making, "GREY", 0)
    assert not torch.equal(clips_of(data, tmp_path / "cache")._features(TEST, 0, 64, [0])[0][0], first)


def test_a_broken_shard_is_made_anew(data, tmp_path):
    task = clips_of(data, tmp_path / "cache")
    (features, truth), = task._features(TEST, 0, 64, [0])
    shard, = (tmp_path / "cache").rglob("*.safetensors")
    shard.write_bytes(b"cut")
    assert read_shard(shard, {"features0", "truth0"}) is None
    (again, same), = task._features(TEST, 0, 64, [0])
    assert torch.equal(again, features) and torch.equal(same, truth)


class Told(nn.Module):
    """Knows the truth, at a quarter of the frames' size, and says something else where it is told to."""

    def __init__(self, truth, wrong=None):
        super().__init__()
        truth = truth.clone().long()
        if wrong is not None:
            truth[wrong] = 20
        self.logits = F.one_hot(truth.clamp(0), 23).permute(0, 3, 1, 2).float() * 9

    def head(self, x):
        return self.logits.transpose(0, 1)[None]


def test_the_score_tells_erased_pixels_from_those_that_are_seen(data, tmp_path):
    task = clips_of(data, tmp_path / "cache")
    clip = task._made(TEST, 0, 0)
    all_right = task.score(Told(clip.masks))
    assert all_right["score"] == all_right["accuracy_seen"] == all_right["accuracy_all"] == 1
    blind = task.score(Told(clip.masks, clip.erased))
    assert blind["score"] == 0 and blind["accuracy_seen"] == 1
    assert blind["accuracy_all"] == pytest.approx(1 - clip.erased.float().mean().item())


def test_every_label_is_as_frequent_as_another_and_no_epoch_is_like_another(data, tmp_path):
    task = Moves(data, tmp_path, CPU, get_spec("moves_gc").preprocess, ())
    first, again, second = (list(task.epoch(epoch, 0)) for epoch in (0, 0, 1))
    assert torch.cat([y for _, y in first]).bincount().tolist() == [2] * 8
    assert all(torch.equal(a, b) for one, two in zip(first, again) for a, b in zip(one, two))
    assert not torch.equal(first[0][0], second[0][0])
    assert first[0][0].shape == (8, 3, 16, 64, 64) and first[0][0].abs().max() <= 1
    assert torch.equal(first[0][0][4:], first[0][0][:4].flip(2))  # the same clips backwards


def test_a_still_clip_is_scored_apart(data, tmp_path):
    class Moving(nn.Module):  # the first label where anything changes, else the last
        def forward(self, x):
            return F.one_hot(torch.where(x.diff(dim=2).abs().sum((1, 2, 3, 4)) > 0, 0, 7), 8)

    score = Moves(data, tmp_path, CPU, get_spec("moves_gc").preprocess, ()).score(Moving())
    assert score["score"] == score["accuracy_still"] == pytest.approx(1 / 8)
