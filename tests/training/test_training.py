"""Training on a drawn data set: reproducible, resumable, honest cards."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image, ImageOps

from nlviz import load_model, models
from nlviz.blocks import BLOCKS
from nlviz.cli import main
from nlviz.models import Spec, read_card, specs
from nlviz.pictures import Preprocess
from nlviz.training import trainer as training
from nlviz.training.data import SCORED_AT, Camvid, Msrc, batches
from nlviz.training.schedules import Schedule
from tests.training.killed import killed_in_the_third

CPU = torch.device("cpu")


@pytest.fixture
def data(stripes):
    return stripes


def make(data, folder, **options):
    folder.mkdir(exist_ok=True)
    return training.train("msrc_gc", data, folder, folder / "runs", **options)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(data, tmp_path):
    cards = [make(data, tmp_path / name, epochs=2, seed=seed) for name, seed in (("a", 0), ("b", 0), ("c", 1))]
    assert cards[0]["sha256"] == cards[1]["sha256"] != cards[2]["sha256"]
    assert cards[0]["score"] == cards[1]["score"]


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(data, tmp_path, monkeypatch):
    whole, started = make(data, tmp_path / "whole", epochs=3), killed_in_the_third(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        make(data, tmp_path / "killed", epochs=3)
    assert not list((tmp_path / "killed").glob("*.safetensors"))
    resumed = make(data, tmp_path / "killed", epochs=3)
    assert started == [0, 1, 2, 2] and resumed["sha256"] == whole["sha256"]


def test_what_was_trained_loads_with_a_card_that_says_how(data, tmp_path):
    card = make(data, tmp_path / "out", epochs=12)
    assert card == read_card("msrc_gc", tmp_path / "out")
    assert card["command"] == "python -m nlviz train msrc_gc --data DIR --epochs 12" and card["epochs"] == 12
    assert card["score"] > 0.8 and card["metric"] == "pixel accuracy"
    (tmp_path / "out" / "msrc_none.json").write_text(json.dumps(card | {"name": "msrc_none", "score": 0.5}))
    assert load_model("msrc_gc", tmp_path / "out").card["score_without_block"] == 0.5
    page = (tmp_path / "out" / "README.md").read_text()
    assert card["sha256"] in page and f"{card['score']:.1%}" in page and "research use" in page


def test_only_the_block_and_the_head_change_while_training(data, tmp_path):
    from nlviz.models import build, get_spec
    torch.manual_seed(0)
    net = build(get_spec("msrc_gc"))
    before = {k: v.clone() for k, v in net.state_dict().items()}
    training.fit(net, Msrc(data, tmp_path, CPU, Preprocess(), (224,)), Schedule(1), 0, tmp_path / "state.pt", CPU)
    changed = {k for k, v in net.state_dict().items() if not torch.equal(v, before[k])}
    assert changed and changed <= net.trained_state().keys()


def test_every_picture_is_in_one_batch_of_its_own_shape():
    pictures = [torch.zeros(1, 2 + i % 3, 4) for i in range(40)]
    found = list(batches(pictures, 8, seed=0))
    assert sorted(i for batch in found for i in batch) == list(range(40))
    assert all(len({pictures[i].shape for i in batch}) == 1 and len(batch) <= 8 for batch in found)
    assert found != list(batches(pictures, 8, seed=1))


def test_the_score_leaves_void_out_and_counts_the_rest(data, tmp_path):
    class Halves(torch.nn.Module):
        def head(self, x):  # grass on the left, cow on the right, where the truth is sky
            output = torch.zeros(1, 23, 2, 2)
            output[:, 1, :, 0], output[:, 3, :, 1] = 100, 100
            return output

    score = Msrc(data, tmp_path, CPU, Preprocess(), SCORED_AT).score(Halves())
    assert score["score"] == pytest.approx(0.5) and score["mean_iou"] == pytest.approx(1 / 3)


def test_a_letterboxed_picture_is_learned_and_scored_at_its_own_place(data, tmp_path):
    task = Msrc(data, tmp_path, CPU, Preprocess(fixed=(448, 448)), SCORED_AT)
    _, target = next(task.epoch(0, 0))
    left, top, right, bottom = Preprocess(fixed=(448, 448)).frame((96, 64), 448).content
    inside = torch.zeros(112, 112, dtype=torch.bool)
    inside[top // 4:bottom // 4, left // 4:right // 4] = True
    assert (target[:, ~inside] == -1).all() and set(target[:, inside].unique().tolist()) == {-1, 1, 6}

    class Truth(torch.nn.Module):
        def head(self, x):  # in the padding cow, inside grass and sky; the border between lies between two cells
            output = torch.zeros(1, 23, 28, 28)
            output[:, 1, :, :14], output[:, 6, :, 14:] = 1, 1
            output[:, 3, :4], output[:, 3, 24:] = 2, 2
            return output

    assert x_of(task) == (112, 28, 28) and task.score(Truth())["score"] > 0.95


def x_of(task):
    return tuple(task._load("test", 448)[0][0].shape)


def test_camvid_reads_its_folders_and_leaves_void_out(tmp_path):
    for split in ("train", "test"):
        (tmp_path / "camvid" / split).mkdir(parents=True)
        mask = np.full((48, 64), 11, np.uint8)
        mask[24:] = 3
        Image.fromarray(mask).save(tmp_path / "camvid" / split / "a.png")
        Image.fromarray(np.full((48, 64, 3), 90, np.uint8)).save(tmp_path / "camvid" / split / "a.jpg")
    task = Camvid(tmp_path, tmp_path / "cache", CPU, Preprocess(), SCORED_AT)
    _, target = next(task.epoch(1, 0))
    assert target.shape == (1, 84, 112) and (target[:, :42] == -1).all() and (target[:, 42:] == 3).all()


def test_several_seeds_are_scored_and_the_first_is_kept(data, tmp_path):
    several, first = make(data, tmp_path / "several", epochs=1, seeds=3), make(data, tmp_path / "first", epochs=1)
    second = make(data, tmp_path / "second", epochs=1, seed=1)
    assert several["sha256"] == first["sha256"] and several["scores"][:2] == [first["score"], second["score"]]
    assert len(several["scores"]) == 3 and several["command"].endswith("--seeds 3 --epochs 1")


def test_the_card_counts_parameters_and_multiply_adds_of_the_block(data, tmp_path):
    card = make(data, tmp_path / "out", epochs=1)
    c, n, planes = 128, 28 * 28, 8
    assert card["parameters"] == (c + 1) + (c * planes + planes) + 2 * planes + (planes * c + c)
    assert card["multiply_adds"] == c * n + c * n + 2 * c * planes  # mask, context, transform


@pytest.mark.parametrize("block", BLOCKS)
def test_every_block_can_be_trained_on_every_data_set_of_photos(block):
    from nlviz.models import build, get_spec
    for data in ("msrc", "camvid", "caltech101"):
        spec = get_spec(f"{data}_{block}")
        assert spec.blocks == [block] and training.measured(spec, build(spec).eval())["parameters"] > 0


def test_the_products_of_a_fused_attention_are_counted():
    from nlviz.models import build, get_spec
    spec, n, c = get_spec("msrc_embedded_gaussian"), 28 * 28, 64
    assert training.measured(spec, build(spec).eval())["multiply_adds"] == 4 * 128 * c * n + 2 * n * n * c


@pytest.mark.parametrize("seeds", [0, -1])
def test_fewer_than_one_seed_is_a_value_error(data, tmp_path, seeds):
    with pytest.raises(ValueError, match=f"seeds must be at least 1, got {seeds}"):
        make(data, tmp_path / "none", seeds=seeds)


@pytest.mark.parametrize("epochs", [0, -1])
def test_fewer_than_one_epoch_is_a_value_error(data, tmp_path, epochs):
    with pytest.raises(ValueError, match=f"epochs must be at least 1, got {epochs}"):
        make(data, tmp_path / "none", epochs=epochs)


def test_other_pictures_never_get_these_pictures_features(data, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(data, other)
    for file in (other / "msrc").glob("*.jpg"):
        ImageOps.invert(Image.open(file)).save(file)
    cards = [training.train("msrc_gc", folder, tmp_path / "out", tmp_path / "runs", epochs=1) for folder in (data, other)]
    assert cards[0]["sha256"] != cards[1]["sha256"]


def test_a_broken_state_of_a_killed_run_says_what_to_do(tmp_path):
    (tmp_path / "state.pt").write_bytes(b"cut")
    net = torch.nn.Linear(1, 1)
    with pytest.raises(ValueError, match=r"state\.pt is broken .*Delete it to start anew"):
        training.fit(net, None, Schedule(1), 0, tmp_path / "state.pt", CPU)


def test_a_missing_data_set_is_one_line_and_exit_code_2(tmp_path, capsys):
    assert main(["train", "msrc_gc", "--data", str(tmp_path / "nowhere"), "--out", str(tmp_path)]) == 2
    assert "nowhere" in capsys.readouterr().err


@pytest.fixture
def variant(monkeypatch):
    """A network trained with SGD, of which snapshots are kept."""
    spec = Spec("msrc", "embedded_gaussian", {"sub_sample": False, "scale_power": 0.5}, "variant", long_decay=1e-3)
    monkeypatch.setitem(specs.VARIANTS, spec.name, spec)
    monkeypatch.setattr(training, "schedule_of", lambda _: Schedule(4, "SGD", 0.05, 1e-3, (224,), snapshots=(0, 1, 2, 4)))
    return spec


def test_snapshots_are_what_training_passed_through(variant, data, tmp_path):
    card = training.train(variant.name, data, tmp_path, tmp_path / "runs")
    assert [snapshot["epoch"] for snapshot in card["snapshots"]] == [0, 1, 2] and card["epochs"] == 4
    task, score = Msrc(data, tmp_path / "cache", CPU, Preprocess(), (224,)), {}
    (tmp_path / "msrc_none.json").write_text(json.dumps(card | {"name": "msrc_none"}))
    for epoch in (0, 1, 2):
        model = load_model(f"{variant.name}@{epoch}", tmp_path)
        score[epoch] = task.score(model.net)["score"]
        assert model.card["score"] == score[epoch] and model.card["epoch"] == epoch
        assert model.net.get_submodule("block.3").scale_power == 0.5
    torch.manual_seed(0)
    untrained = models.build(variant)
    started = load_model(f"{variant.name}@0", tmp_path).net.state_dict()
    assert all(torch.equal(v, started[k]) for k, v in untrained.state_dict().items())
    last = load_model(variant.name, tmp_path).net.state_dict()
    assert not torch.equal(last["block.0.weight"], started["block.0.weight"])
    with pytest.raises(KeyError, match="has no snapshot of epoch '3'; it has: 0, 1, 2"):
        load_model(f"{variant.name}@3", tmp_path)
    assert not list((tmp_path / "runs").glob("*.safetensors")) and variant.name in (tmp_path / "README.md").read_text()


def test_a_killed_run_keeps_its_snapshots(variant, data, tmp_path, monkeypatch):
    whole = training.train(variant.name, data, tmp_path / "whole", tmp_path / "runs")
    killed_in_the_third(monkeypatch)
    with pytest.raises(KeyboardInterrupt):
        training.train(variant.name, data, tmp_path / "killed", tmp_path / "runs")
    resumed = training.train(variant.name, data, tmp_path / "killed", tmp_path / "runs")
    assert [s["sha256"] for s in resumed["snapshots"]] == [s["sha256"] for s in whole["snapshots"]]


@pytest.mark.parametrize("schedule, kind, decay", [(Schedule(1), torch.optim.AdamW, 0.01),
                                                   (Schedule(1, "SGD", 0.05, 2e-3), torch.optim.SGD, 2e-3)])
def test_a_schedule_says_with_what_is_trained(schedule, kind, decay):
    found = schedule.make_optimiser([torch.nn.Parameter(torch.zeros(1))])
    assert type(found) is kind and found.defaults["weight_decay"] == decay
    assert found.defaults["lr"] == schedule.learning_rate and found.defaults.get("momentum", 0.9) == 0.9
