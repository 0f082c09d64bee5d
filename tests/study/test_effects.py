"""A study's effects: scores from tallies against plain counting, intervals, what is kept, the three files."""

import csv
import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from nlviz import replaced_maps
from nlviz.blocks import BLOCKS
from nlviz.cli import main
from nlviz.measures import EFFECTS, WITH
from nlviz.models import CLASSES, Model
from nlviz.pictures import open_picture
from nlviz.study import Study, run_effects
from nlviz.study import effects as module
from nlviz.study.scores import compared, scores_of, tally_of, with_interval
from nlviz.training import label_of


def segmenter(name: str = "mine", data: str | None = "msrc") -> Model:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(3, 8, 16, stride=16), BLOCKS["pam"](8), nn.Conv2d(8, len(CLASSES["msrc"]), 1))
    for weights in net.parameters():
        nn.init.normal_(weights, std=0.4)
    return Model(name, net, classes=CLASSES["msrc"], task="segmentation", card={"data": data, "sha256": name})


@pytest.fixture
def photos(stripes):
    folder = stripes / "msrc"
    return folder, sorted(path.name for path in folder.glob("*.jpg"))


def counted(masks: list, said: list) -> tuple[float, float]:
    """Pixel accuracy and mean IoU by plain counting."""
    true, said = (torch.cat([part.flatten() for part in parts]) for parts in (masks, said))
    true, said = true[true >= 0], said[true >= 0]
    shares = [((true == c) & (said == c)).sum().item() / ((true == c) | (said == c)).sum().item()
              for c in {*true.tolist(), *said.tolist()}]
    return (true == said).double().mean().item(), sum(shares) / len(shares)


@torch.no_grad()
def test_scores_under_each_replacement_are_those_of_plain_counting(photos, tmp_path):
    folder, names = photos
    model = segmenter()
    summary = run_effects(Study([model], 96), folder, names, tmp_path)
    assert [row["how"] for row in summary["rows"]] == list(WITH)
    for row in summary["rows"]:
        masks, said, own = [], [], []
        for name in names:
            x, _ = model.preprocess(open_picture(folder / name), 96)
            mask = torch.from_numpy(np.array(Image.open((folder / name).with_suffix(".png"))).astype(np.int64)) - 1
            with replaced_maps(model, row["how"]):
                output = model(x)
            masks.append(mask)
            said.append(F.interpolate(output, mask.shape, mode="bilinear")[0].argmax(0))
            own.append(F.interpolate(model(x), mask.shape, mode="bilinear")[0].argmax(0))
        for name, found, base in zip(("pixel_accuracy", "mean_iou"), counted(masks, said), counted(masks, own)):
            assert row["scores"][name]["value"] == pytest.approx(found)
            assert row["own_scores"][name]["value"] == pytest.approx(base)
            assert row["scores"][name]["lost"]["value"] == pytest.approx(base - found)
        numbers = row["measures"]["pixels_changed_share"]
        assert 0 <= numbers["low"] <= numbers["mean"] <= numbers["high"] <= 1 and row["measures"]["kl_nats"] is None


def test_the_three_files_say_the_same(photos, tmp_path):
    folder, names = photos
    summary = run_effects(Study([segmenter()], 96), folder, names, tmp_path, command="nlviz study")
    assert json.loads((tmp_path / "effects.json").read_text()) == summary
    rows = list(csv.DictReader((tmp_path / "effects.csv").open()))
    assert len(rows) == len(names) * len(WITH) and {*EFFECTS} < rows[0].keys()
    mean = np.mean([float(row["relative_change"]) for row in rows if row["how"] == "mean row"])
    assert summary["rows"][0]["measures"]["relative_change"]["mean"] == pytest.approx(mean)
    text = (tmp_path / "effects.md").read_text()
    assert "Made by `nlviz study`" in text and "pixel accuracy, lost" in text and "| mine | its own |" in text
    assert len({line.count("|") for line in text.splitlines() if line.startswith("|")}) == 1


def test_what_was_measured_is_not_measured_again_unless_a_mask_or_a_line_changed(photos, tmp_path, monkeypatch):
    folder, names = photos
    measured, before = [], module.effects_of_picture
    monkeypatch.setattr(module, "effects_of_picture", lambda model, *rest: measured.append(model.name) or before(model, *rest))
    study = Study([segmenter("a"), segmenter("b")], 96)
    first = run_effects(study, folder, names, tmp_path)
    assert len(measured) == 2 * len(names)
    assert run_effects(study, folder, names, tmp_path) == first and len(measured) == 2 * len(names)
    kept = (tmp_path / "effects.jsonl")
    kept.write_text(kept.read_text().replace("0.", "1.", 1)[:-20])  # the first line was changed, the last one cut short
    assert run_effects(study, folder, names, tmp_path) == first and len(measured) == 2 * len(names) + 2


def test_pictures_and_networks_that_fail_are_named_and_the_others_measured(photos, tmp_path):
    folder, names = photos
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "good.jpg").write_bytes((folder / names[0]).read_bytes())
    (tmp_path / "in" / "torn.jpg").write_bytes(b"no picture")
    gates = Model("gates", nn.Sequential(nn.Conv2d(3, 4, 16, stride=16), BLOCKS["se"](4)))
    summary = run_effects(Study([segmenter(), gates], 96), tmp_path / "in", ["good.jpg", "torn.jpg"], tmp_path)
    assert {row["model"]: row["pictures"] for row in summary["rows"]} == {"mine": 1, "gates": 0}
    assert all(row["scores"] == {} for row in summary["rows"])  # no masks
    assert [(one["model"], one["measured"], one["scored"]) for one in summary["networks"]] == [("mine", 1, 0), ("gates", 1, 0)]
    assert "mine, gates: 1 of 2 pictures measured, none with a label; 1 left out: " in (tmp_path / "effects.md").read_text()
    assert "only gates" in (tmp_path / "effects.md").read_text() and "torn.jpg" in (tmp_path / "effects.csv").read_text()


def test_a_reason_is_one_line_that_a_terminal_can_show(photos, tmp_path):
    folder, names = photos

    class Fails(nn.Module):
        def forward(self, x):
            raise RuntimeError("no\n\x1b[31mway")

    models = [segmenter(), Model("fails", Fails())]
    networks = run_effects(Study(models, 96), folder, names[:1], tmp_path)["networks"]
    assert [(one["model"], one["measured"]) for one in networks] == [("mine", 1), ("fails", 0)]
    text = (tmp_path / "effects.md").read_text()
    assert "1 left out: RuntimeError: no " in text and "\x1b" not in text


def test_a_classifier_is_scored_by_the_folder_that_names_the_class(tmp_path):
    kind = CLASSES["caltech101"][5]
    assert label_of("caltech101", tmp_path / kind / "image.jpg") == 5 and label_of("caltech101", tmp_path / "x.jpg") is None
    assert label_of(None, tmp_path / kind / "image.jpg") is None
    output = torch.eye(101)[5][None]
    model = Model("c", nn.Identity(), classes=CLASSES["caltech101"], task="classification")
    assert [tally_of(model, output, label, 448) for label in (5, 6)] == [[1], [0]]
    assert with_interval(scores_of([[1], [1], [0], [1]])["accuracy"])["value"] == 0.75


def test_intervals_are_those_of_pictures_drawn_again():
    right = np.random.default_rng(1).random(200) < 0.7
    found = with_interval(scores_of([[int(one)] for one in right])["accuracy"])
    error = 1.96 * (right.mean() * (1 - right.mean()) / 200) ** 0.5  # the normal interval of a share
    assert found["low"] == pytest.approx(right.mean() - error, abs=0.01)
    assert found["high"] == pytest.approx(right.mean() + error, abs=0.01)
    same = compared([[int(one)] for one in right], {"mean row": [[int(one)] for one in right]})
    assert same["mean row"]["accuracy"]["lost"] == {"value": 0, "low": 0, "high": 0}  # of the same pictures


def test_void_counts_for_nothing_and_a_class_that_is_nowhere_has_no_share():
    model = segmenter()
    mask = torch.tensor([[0, 0, -1, 2]])
    output = torch.full((1, 23, 1, 4), -1.0)
    output[0, [0, 1, 1, 2], 0, torch.arange(4)] = 1
    tally = tally_of(model, output, mask, 448)
    assert tally[:4] == [[1, 2, 1], [0, 0, 1], [1, 1, 1], [0, 0, 0]]  # hits, of it, said to be of it
    scores = scores_of([tally])
    assert scores["pixel_accuracy"][0] == pytest.approx(2 / 3) and scores["mean_iou"][0] == pytest.approx((1 / 2 + 0 + 1) / 3)


def test_the_command_line_measures_effects_of_a_picture_and_of_a_folder(photos, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("torch.set_num_threads", lambda number: None)  # a study's would outlive it
    folder, names = photos
    photo = str(folder / names[0])
    common = ["--model", "msrc_gc", "--resolution", "224", "--effects"]
    assert main(["measure", photo, *common]) == 0
    assert "msrc_gc without what attention adds: " in capsys.readouterr().out
    assert main(["measure", photo, *common, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["how"] for row in found["effects"]] == list(WITH) and found["maps"][0]["model"] == "msrc_gc"
    assert main(["study", str(folder), *common, "--limit", "2", "--out", str(tmp_path / "report")]) == 0
    said = capsys.readouterr()
    assert "are masks, and not measured; --list says what is" in said.err
    assert "msrc_gc: 2 of 2 pictures measured, 2 with a label" in said.out
    assert {"effects.json", "effects.csv", "effects.md", "README.md"} <= {path.name for path in (tmp_path / "report").iterdir()}
