"""A study of drawn pictures: what is measured, resumed, shared out, left out and reported."""

import csv
import json
import math
import os
import shutil
import signal
import subprocess
import sys
from statistics import mean

import numpy as np
import pytest
import torch
from PIL import Image

from nlviz.analysis import analyse, as_model
from nlviz.blocks import BLOCKS
from nlviz.cli import main
from nlviz.measures import fresh_block, fresh_map, measure
from nlviz.study import Study, label_of, masks_in, pictures_in, run_study
from nlviz.study import study as studying
from nlviz.study.summary import interval
from tests.networks import bundled

NETWORKS = ["msrc_gc", "msrc_embedded_gaussian", "fashion_embedded_gaussian"]
SIZE = 64  # pixels of the long side: four cells


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five pictures in two folders, one of them broken, and a text."""
    folder, random = tmp_path_factory.mktemp("pictures"), np.random.default_rng(1)
    (folder / "more").mkdir()
    for name in ("b.jpg", "a.png", "more/c.JPG", "d.png"):
        Image.fromarray(random.integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(folder / name)
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "notes.txt").write_text("a\nmore/c\n")
    return folder


@pytest.fixture(scope="module")
def models():
    return [bundled(name) for name in NETWORKS]


def ran(models, folder, out, **options):
    pictures = options.pop("pictures", None) or pictures_in(folder)
    return run_study(Study(models, 64, **options), folder, pictures, out, progress=iter)


def content(out):
    return {path.name: path.read_bytes() for path in out.iterdir()}


def test_pictures_are_found_in_every_folder_and_sorted(folder):
    assert pictures_in(folder) == ["a.png", "b.jpg", "broken.jpg", "d.png", "more/c.JPG"]
    assert pictures_in(folder, folder / "notes.txt", None) == ["a.png", "more/c.JPG"]
    assert pictures_in(folder, limit=2) == ["a.png", "broken.jpg"] and len(pictures_in(folder, limit=99)) == 5


def test_a_png_beside_a_photo_of_the_same_name_is_its_mask_and_measured_only_where_a_list_says_so(tmp_path):
    (tmp_path / "more").mkdir()
    for name in ("a.jpg", "a.png", "b.png", "more/a.JPEG", "more/a.png", "more/b.png", "c.mp4", "c.png"):
        (tmp_path / name).write_bytes(b"")
    assert masks_in(tmp_path) == ["a.png", "more/a.png"]
    assert pictures_in(tmp_path) == ["a.jpg", "b.png", "c.mp4", "c.png", "more/a.JPEG", "more/b.png"]
    (tmp_path / "list.txt").write_text("a.png\nb\n")
    assert pictures_in(tmp_path, tmp_path / "list.txt") == ["a.png", "b.png"]


@pytest.mark.parametrize("make, why", [
    (lambda f: pictures_in(f / "nowhere"), "no folder"), (lambda f: pictures_in(f / "empty"), "no picture in"),
    (lambda f: pictures_in(f, limit=0), "limit must be at least 1"),
    (lambda f: pictures_in(f, f / "list.txt"), "zebra is on the list")])
def test_what_is_no_set_of_pictures_says_so(tmp_path, make, why):
    (tmp_path / "empty").mkdir()
    (tmp_path / "list.txt").write_text("zebra\n")
    Image.new("RGB", (64, 64)).save(tmp_path / "a.png")
    with pytest.raises((FileNotFoundError, ValueError), match=why):
        make(tmp_path)


def test_a_study_measures_what_an_analysis_shows(models, folder, tmp_path):
    summary = ran(models, folder, tmp_path)
    rows = list(csv.DictReader((tmp_path / "pictures.csv").open()))
    for model in models:
        for name in ("a.png", "more/c.JPG"):
            found = [row for row in rows if row["picture"] == name and row["model"] == model.name]
            maps = analyse(model, folder / name, 64).maps
            assert len(found) == len(maps) > 0
            for row, placed in zip(found, maps):
                numbers = measure(placed.nl_map)
                fresh = measure(fresh_map(fresh_block(model.net.get_submodule(placed.nl_map.layer)), placed.nl_map))
                for measured, ending in ((numbers.values, ""), (numbers.shuffled, "_shuffled"), (fresh.values, "_fresh")):
                    assert all(float(row[key + ending]) == pytest.approx(value, rel=1e-5, abs=1e-7)
                               for key, value in measured.items() if key + ending in row)
                assert row["layer"] == placed.nl_map.layer and row["part"] == placed.nl_map.part
                assert all(f"{key}: {reason}" in row["why_not"] for key, reason in numbers.reasons.items())
    row = next(row for row in summary["rows"] if row["model"] == "msrc_embedded_gaussian")
    values = [float(r["jsd_att_nats"]) for r in rows if r["model"] == row["model"] and r["jsd_att_nats"]]
    assert len(values) == 4 and row["measures"]["jsd_att_nats"]["mean"] == pytest.approx(mean(values))
    assert row["highest"]["value"] == max(values) and row["score"] == models[1].card["score"]
    assert row["measures"]["jsd_att_nats"]["low"] < mean(values) < row["measures"]["jsd_att_nats"]["high"]


def test_a_broken_picture_is_listed_and_the_others_are_measured(models, folder, tmp_path):
    summary = ran(models[:1], folder, tmp_path)
    assert [entry["picture"] for entry in summary["broken"]] == ["broken.jpg"] and summary["pictures"] == 4
    report = (tmp_path / "README.md").read_text()
    assert "- broken.jpg: " in report and "not a picture" in report
    assert {row["pictures"] for row in summary["rows"]} == {4}


def test_a_network_that_fails_on_one_picture_is_listed_and_the_others_are_measured(models, folder, tmp_path):
    class Fussy(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.block = torch.nn.Conv2d(3, 8, 16, stride=16), BLOCKS["pam"](8)

        def forward(self, x):
            if x.mean() > 0.5:
                raise RuntimeError("too bright")
            return self.block(self.conv(x))

    Image.new("RGB", (64, 48), "white").save(tmp_path / "white.png")
    shutil.copy(folder / "a.png", tmp_path)
    summary = ran([as_model(Fussy(), name="fussy"), models[0]], tmp_path, tmp_path / "out")
    assert summary["failed"] == [{"picture": "white.png", "model": "fussy", "reason": "RuntimeError: too bright"}]
    assert [row["pictures"] for row in summary["rows"]] == [1, 2, 2] and not summary["broken"]
    assert "white.png in fussy: RuntimeError: too bright" in (tmp_path / "out" / "README.md").read_text()


def test_the_same_study_gives_the_same_bytes_and_another_seed_others(models, folder, tmp_path):
    for name, options in (("a", {}), ("b", {}), ("c", {"seed": 1})):
        ran(models[1:2], folder, tmp_path / name, **options)
    assert content(tmp_path / "a") == content(tmp_path / "b")
    assert content(tmp_path / "a")["summary.json"] != content(tmp_path / "c")["summary.json"]


def test_a_stopped_study_goes_on_where_it_was_with_the_same_bytes(models, folder, tmp_path, monkeypatch):
    whole, opened, real = ran(models, folder, tmp_path / "whole"), [], studying.open_picture

    def stopped_at_the_third(content, name):
        if len(opened) == 2:
            raise KeyboardInterrupt
        opened.append(name)
        return real(content, name)

    monkeypatch.setattr(studying, "open_picture", stopped_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        ran(models, folder, tmp_path / "stopped")
    assert not (tmp_path / "stopped" / "summary.json").exists()
    with open(tmp_path / "stopped" / "measured.0.jsonl", "a") as file:
        file.write('[["d.png", "msrc_gc"')  # cut short by a full disk
    monkeypatch.setattr(studying, "open_picture", lambda content, name: opened.append(name) or real(content, name))
    assert ran(models, folder, tmp_path / "stopped") == whole
    assert sorted(opened) == ["a.png", "b.jpg", "broken.jpg", "c.JPG", "d.png"]  # each once
    assert content(tmp_path / "stopped") == content(tmp_path / "whole")


def test_one_more_network_or_picture_measures_only_what_is_new(models, folder, tmp_path, monkeypatch):
    ran(models[:1], folder, tmp_path / "out", pictures=["a.png"])
    asked, real = [], Study._maps
    monkeypatch.setattr(Study, "_maps", lambda self, model, *rest: asked.append(model.name) or real(self, model, *rest))
    ran(models[:2], folder, tmp_path / "out", pictures=["a.png", "b.jpg"])
    assert sorted(asked) == ["msrc_embedded_gaussian", "msrc_embedded_gaussian", "msrc_gc"]
    asked.clear()
    run_study(Study(models[:1], 80), folder, ["a.png"], tmp_path / "out", progress=iter)
    assert asked == ["msrc_gc"]  # another resolution is measured anew


def test_the_backbone_runs_once_for_all_its_networks(models, folder):
    ran_stems = []
    hooks = [model.net.stem.register_forward_hook(lambda *_: ran_stems.append(1)) for model in models[:2]]
    found = dict(studying.measure_file(Study(models[:2], 64), folder / "a.png", models[:2]))
    for hook in hooks:
        hook.remove()
    assert len(ran_stems) == 1 and all("maps" in line for line in found.values())


def test_terms_are_measured_where_a_map_has_them(models, folder, tmp_path):
    summary = ran(models[:2], folder, tmp_path, terms=True)
    by_model = {row["model"]: row for row in summary["rows"] if not row["part"] or row["part"] == "attention"}
    assert by_model["msrc_gc"]["terms"] == {} and set(by_model["msrc_embedded_gaussian"]["terms"]) == {
        "jsd_pairwise_nats", "to_pairwise_nats", "to_unary_nats"}
    assert "full to unary" in (tmp_path / "README.md").read_text()


def test_the_report_gives_a_command_that_opens_the_highest_picture(models, folder, tmp_path, monkeypatch):
    summary = ran(models[1:2], folder, tmp_path)
    row, report = summary["rows"][0], (tmp_path / "README.md").read_text()
    command = f"python -m nlviz open {folder / row['highest']['picture']} --model msrc_embedded_gaussian --resolution 64"
    assert f"`{command}`" in report
    launched = {}
    monkeypatch.setattr("nlviz.ui.launch", lambda **options: launched.update(options))
    assert main(command.replace("--resolution 64", "--resolution 224").split()[3:]) == 0
    assert launched["chosen"] == ["msrc_embedded_gaussian"] and launched["photo"] == folder / row["highest"]["picture"]


@pytest.mark.parametrize("arguments, why", [
    (["open", "nowhere.jpg", "--model", "msrc_gc"], "nowhere.jpg"),
    (["open", "PICTURE", "--model", "zebra"], "no network is called 'zebra'")])
def test_what_cannot_be_opened_is_one_line_and_exit_code_2(folder, capsys, arguments, why):
    assert main([str(folder / "a.png") if word == "PICTURE" else word for word in arguments]) == 2
    assert why in capsys.readouterr().err


def test_maps_of_several_blocks_are_told_apart_and_drawn_by_layer(models, folder, tmp_path):
    summary = ran(models[2:], folder, tmp_path)
    assert [label_of(row) for row in summary["rows"]] == ["fashion_embedded_gaussian · nl_1", "fashion_embedded_gaussian · nl_2"]
    assert {"layers.png", "layers.pdf", "distribution.png", "distribution.pdf"} <= content(tmp_path).keys()


def test_the_interval_is_the_bootstraps():
    values = np.random.default_rng(0).normal(3, 2, 400)
    low, high = interval(values, seed=0)
    half = 1.96 * values.std() / 20
    assert low == pytest.approx(values.mean() - half, abs=0.05) and high == pytest.approx(values.mean() + half, abs=0.05)
    assert interval([2.0], 0) == (2.0, 2.0) and interval(values, 0) == (low, high) != interval(values, 1)


# ---------------------------------------------------------------------------------------------------- the command line

def study_command(folder, out, *more):
    networks = ["--model", "msrc_gc", "--model", "msrc_embedded_gaussian"]
    return ["study", str(folder), *networks, "--resolution", "224", "--out", str(out), *more]


def test_the_command_line_writes_the_report_and_says_what_it_found(folder, tmp_path, capsys):
    assert main(study_command(folder, tmp_path / "out")) == 0
    said = capsys.readouterr()
    assert "One map for all queries, by the block's design." in said.out and "4 pictures; report in" in said.out
    assert "left out broken.jpg" in said.err
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["resolution"] == 224 and math.isfinite(summary["rows"][0]["measures"]["cosine_input"]["mean"])


@pytest.mark.parametrize("more, why", [(["--model", "zebra"], "no network is called 'zebra'"),
                                       (["--model", "msrc_none"], "msrc_none has no block"), (["--limit", "0"], "limit must be"),
                                       (["--list", "nowhere.txt"], "nowhere.txt")])
def test_a_wrong_study_is_one_line_and_exit_code_2_and_leaves_nothing(folder, tmp_path, capsys, more, why):
    assert main(study_command(folder, tmp_path / "out", *more)) == 2
    assert why in capsys.readouterr().err and not (tmp_path / "out").exists()


def test_processes_of_torchrun_share_the_pictures_and_write_the_same_bytes(folder, tmp_path, monkeypatch):
    arguments = study_command(folder, "report")
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "nlviz"]
    done = subprocess.run([*torchrun, *arguments], env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}, cwd=tmp_path,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    by_two = content(tmp_path / "report")
    shutil.rmtree(tmp_path / "report")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["nlviz", *arguments])  # the report prints its command
    assert main(arguments) == 0 and content(tmp_path / "report") == by_two


def test_ctrl_c_stops_cleanly_and_the_same_command_goes_on(folder, tmp_path, monkeypatch, capsys):
    passes, real = [], Study._maps

    def ctrl_c_at_the_third(study, model, picture, *rest):
        passes.append(picture.name)
        if len(passes) == 5:
            signal.raise_signal(signal.SIGINT)
        return real(study, model, picture, *rest)

    monkeypatch.setattr(Study, "_maps", ctrl_c_at_the_third)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # in the background of a shell Ctrl-C is ignored
    try:
        assert main(study_command(folder, tmp_path / "out")) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    said = capsys.readouterr().err
    assert said.strip().splitlines()[-1].endswith("the same command goes on where it was") and "Traceback" not in said
    assert (tmp_path / "out" / "measured.0.jsonl").read_text().count("msrc_gc") == 2
    assert not (tmp_path / "out" / "summary.json").exists()
    assert main(study_command(folder, tmp_path / "out")) == 0
    assert passes == ["a.png", "a.png", "b.jpg", "b.jpg", "d.png", "d.png", "d.png", "c.JPG", "c.JPG"]  # the third again
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["pictures"] == 4
