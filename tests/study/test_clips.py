"""A study of a folder with clips in it: what is measured of them, resumed, left out and reported."""

import csv
import json
import math
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from nlviz.analysis import analyse
from nlviz.blocks import BLOCKS
from nlviz.cli import main
from nlviz.measures import CLIP_NAMES, REACH, effects, flat_reach, fresh_block, fresh_map, measure, reach_of
from nlviz.models import Model
from nlviz.pictures import Preprocess
from nlviz.study import Frames, Study, choosing, pictures_in, run_effects, run_study
from tests.networks import bundled
from tests.pictures.filmed import filmed
from tests.transformers import transformer

LN2 = math.log(2)
FOUR = Frames(count=4, stride=1)


def animated(path, frames=6, seed=0):
    """An animated GIF of a square that moves over noise."""
    random = np.random.default_rng(seed)
    ground, made = random.integers(0, 255, (64, 96, 3), np.uint8), []
    for number in range(frames):
        pixels = ground.copy()
        left = 70 * number // frames
        pixels[10:40, left:left + 20] = (250, 60, 20)
        made.append(Image.fromarray(pixels))
    made[0].save(path, save_all=True, append_images=made[1:], duration=100, loop=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two clips and a picture; what is called a video and is none."""
    folder = tmp_path_factory.mktemp("clips")
    for seed, name in enumerate(("a.gif", "b.gif")):
        animated(folder / name, seed=seed)
    Image.fromarray(np.random.default_rng(9).integers(0, 255, (64, 96, 3), np.uint8)).save(folder / "photo.png")
    (folder / "broken.mp4").write_bytes(b"no video")
    return folder


def of_clips(name="space-time", **options) -> Model:
    torch.manual_seed(0)
    block = BLOCKS["embedded_gaussian"](8, dimension=3, bn_layer=False, **options)
    for weights in block.parameters():
        nn.init.normal_(weights, std=0.5)
    return Model(name, nn.Sequential(nn.Conv3d(3, 8, (1, 16, 16), stride=(1, 16, 16)), block), Preprocess(clips=True))


def ran(models, folder, out, frames=FOUR, **options):
    return run_study(Study(models, 96, frames=frames, **options), folder, pictures_in(folder), out, progress=iter)


def lines_of(out):
    return {(row["picture"], row["model"]): row for row in csv.DictReader((out / "pictures.csv").open())}


@pytest.fixture(scope="module")
def studied(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("out")
    return ran([of_clips(), bundled("msrc_embedded_gaussian")], folder, out), out


def test_videos_are_found_beside_pictures(folder):
    assert pictures_in(folder) == ["a.gif", "b.gif", "broken.mp4", "photo.png"]


def test_a_study_of_clips_measures_what_an_analysis_shows(studied, folder):
    model, (summary, out) = of_clips(), studied
    placed = analyse(model, FOUR.of(folder / "a.gif"), 96).maps[0]
    found, reach = measure(placed.nl_map), reach_of(placed)
    fresh = measure(fresh_map(fresh_block(model.net[1]), placed.nl_map)).values
    row = lines_of(out)["a.gif", "space-time"]
    assert row["frames"] == "4" and row["layer"] == "1"
    for name in ("jsd_att_nats", *CLIP_NAMES):
        for kind, ending in ((found.values, ""), (found.shuffled, "_shuffled"), (found.dealt, "_dealt"), (fresh, "_fresh")):
            if name in kind:
                assert float(row[name + ending]) == pytest.approx(kind[name], rel=1e-5, abs=1e-7), name + ending
    for of, ending in ((reach, ""), (flat_reach(placed), "_flat")):
        assert {name: float(row[name + ending]) for name in REACH} == pytest.approx(of.named(), rel=1e-5)
    rows = {(row["network"], row["clips"]): row for row in summary["rows"]}
    own = rows["space-time", True]
    both = [float(lines_of(out)[name, "space-time"]["jsd_frame_nats"]) for name in ("a.gif", "b.gif")]
    assert own["pictures"] == 2 and own["measures"]["jsd_frame_nats"]["mean"] == pytest.approx(np.mean(both))
    assert 0 < own["measures"]["jsd_frame_nats"]["dealt"] < own["measures"]["jsd_place_nats"]["mean"]
    assert set(own["reach"]) == set(REACH) and sum(own["reach"][name]["mean"] for name in REACH[2:]) == pytest.approx(1)
    assert own["reach"]["share_same_frame"]["flat"] == pytest.approx(0.25) and "What a key tells of its query" in own["of_clip"]


def test_an_image_network_sees_clips_frame_by_frame_and_pictures_have_a_row_of_their_own(studied, folder):
    summary, out = studied
    clips, photos = (next(row for row in summary["rows"] if row["model"] == "msrc_embedded_gaussian" and row["clips"] is clips)
                     for clips in (True, False))
    assert (clips["network"], photos["network"]) == ("msrc_embedded_gaussian, clips", "msrc_embedded_gaussian")
    assert clips["pictures"] == 2 and photos["pictures"] == 1 and "jsd_frame_nats" not in photos["measures"]
    assert clips["measures"]["jsd_frame_nats"]["mean"] == pytest.approx(0.75 * LN2, abs=1e-6)  # rows end at the frame's edge
    assert clips["reach"]["share_same_frame"]["mean"] == pytest.approx(1) and photos["reach"] == {} and photos["of_clip"] == ""
    assert clips["sentence"].startswith("Frame by frame: ") and not photos["sentence"].startswith("Frame by frame")
    own = lines_of(out)["photo.png", "msrc_embedded_gaussian"]
    assert own["jsd_place_nats"] == "" and own["frames"] == "1" and own["jsd_att_nats"]
    assert float(lines_of(out)["a.gif", "msrc_embedded_gaussian"]["jsd_place_nats_fresh"]) > 0


def test_what_is_no_video_and_what_takes_none_are_left_out_and_say_why(studied):
    summary, out = studied
    assert [entry["picture"] for entry in summary["broken"]] == ["broken.mp4"] and summary["pictures"] == 3
    assert summary["failed"] == [{"picture": "photo.png", "model": "space-time",
                                  "reason": "it takes clips, and this is a picture"}]
    assert "- broken.mp4: " in (out / "README.md").read_text()


def test_the_report_tells_the_place_from_the_frame_and_how_to_open_the_clip(studied, folder):
    text, highest = (studied[1] / "README.md").read_text(), studied[0]["rows"][0]["highest"]["picture"]
    assert "## Clips: the place in the frame, or the frame?" in text
    assert "Of each clip 4 frames, the first number 1, one after the other." in text
    assert "| network | within the frame, cells | in time, frames | same frame | past | future |" in text
    assert f"nlviz open {folder / highest} --model space-time --resolution 96 --frames 4 " in text
    assert {"start": 0, "count": 4, "stride": 1} == studied[0]["frames"]


def test_without_clips_a_report_is_what_it_was(folder, tmp_path):
    (tmp_path / "photos").mkdir()
    shutil.copy(folder / "photo.png", tmp_path / "photos")
    summary = ran([bundled("msrc_embedded_gaussian")], tmp_path / "photos", tmp_path / "out")
    assert "frames" not in summary and "Clips" not in (tmp_path / "out" / "README.md").read_text()
    assert not {"frames", *CLIP_NAMES} & set(next(csv.reader((tmp_path / "out" / "pictures.csv").open())))


def test_a_clip_goes_on_where_it_was_and_other_frames_of_it_are_measured_anew(folder, tmp_path, monkeypatch):
    asked, real = [], choosing.open_clip

    def opening(path, chosen):
        asked.append((path.name, chosen.count))
        return real(path, chosen=chosen)

    monkeypatch.setattr(choosing, "open_clip", opening)
    for name in ("a.gif", "b.gif"):
        shutil.copy(folder / name, tmp_path / name)
    first = ran([of_clips()], tmp_path, tmp_path / "out")
    assert asked == [("a.gif", 4), ("b.gif", 4)]
    (tmp_path / "a.gif").rename(tmp_path / "z.gif")
    assert ran([of_clips()], tmp_path, tmp_path / "out")["rows"][0]["measures"] == first["rows"][0]["measures"] and len(asked) == 2
    ran([of_clips()], tmp_path, tmp_path / "out", Frames(count=5, stride=1))
    assert asked[2:] == [("b.gif", 5), ("z.gif", 5)]


@pytest.mark.parametrize("name, to", [
    ("dealt", {}), ("dealt", {"jsd_place_nats": 0.1}), ("reach", None), ("frames", 0), ("frames", "4")])
def test_a_line_of_a_clip_with_other_content_is_measured_anew(folder, tmp_path, name, to):
    from nlviz.study.kept import line_of

    shutil.copy(folder / "a.gif", tmp_path)
    ran([of_clips()], tmp_path, tmp_path / "out")
    kept = tmp_path / "out" / "measured.0.jsonl"
    key, line, _ = json.loads(kept.read_text())
    line["maps"][0][name] = to
    kept.write_text(line_of(key, line))
    said = []
    run_study(Study([of_clips()], 96, frames=FOUR), tmp_path, ["a.gif"], tmp_path / "out", progress=iter, say=said.append)
    assert len(said) == 1 and json.loads((tmp_path / "out" / "summary.json").read_text())["rows"]


def test_layers_and_heads_of_clips_have_numbers_of_place_and_frame(folder, tmp_path):
    shutil.copy(folder / "a.gif", tmp_path)
    summary = ran([transformer(depth=2)], tmp_path, tmp_path / "out")
    assert [(row["layer_number"], row["head"]) for row in summary["rows"]] == [(1, 1), (1, 2), (1, 3), (2, 1), (2, 2), (2, 3)]
    assert all(row["measures"]["jsd_frame_nats"]["mean"] == pytest.approx(0.75 * LN2, abs=1e-6) for row in summary["rows"])
    assert "layer 1, head 1" in (tmp_path / "out" / "README.md").read_text()


def test_effects_are_measured_where_a_network_sees_the_whole_clip(folder, tmp_path):
    ours = bundled("clips_embedded_gaussian")  # on a frozen backbone, which takes frame by frame
    study = Study([of_clips(), ours, bundled("msrc_embedded_gaussian")], 96, frames=FOUR)
    rows = run_effects(study, folder, ["a.gif"], tmp_path, progress=iter)["rows"]
    assert {row["model"] for row in rows} == {"space-time", ours.name} and rows[0]["measures"]["relative_change"]["mean"] > 0
    found = next(row for row in rows if row["model"] == ours.name and row["how"] == "mean row")
    alone = effects(ours, FOUR.of(folder / "a.gif"), ["mean row"], resolution=96)[0]
    assert found["measures"]["relative_change"]["mean"] == pytest.approx(alone["relative_change"], rel=1e-4)
    assert "it sees a clip frame by frame" in (tmp_path / "effects.csv").read_text()
    assert "msrc_embedded_gaussian: 0 of 1 pictures measured, none with a label; 1 left out: it sees a clip frame by frame" in \
        (tmp_path / "effects.md").read_text()


@pytest.mark.parametrize("stride, numbers", [(None, (1, 9, 17, 25)), (2, (1, 3, 5, 7))])
def test_a_stride_that_is_left_open_takes_about_three_frames_a_second(tmp_path, stride, numbers):
    (tmp_path / "long.mp4").write_bytes(filmed(30))  # 25 a second
    assert Frames(1, 4, stride).of(tmp_path / "long.mp4").numbers == numbers


@pytest.mark.parametrize("frames, words", [
    (Frames(), "8 frames, the first number 1, about three a second"),
    (Frames(4, 16, 1), "16 frames, the first number 5, one after the other"),
    (Frames(0, 8, 4), "8 frames, the first number 1, one in 4")])
def test_which_frames_is_said_in_words(frames, words):
    assert frames.words == words


@pytest.mark.parametrize("wrong", [{"count": 3}, {"count": 33}, {"start": -1}, {"stride": -1}])
def test_frames_out_of_their_range_are_refused(wrong):
    with pytest.raises(ValueError, match="of a clip goes from"):
        Frames(**wrong)


def test_the_command_line_measures_and_studies_clips(folder, tmp_path, capsys):
    clip, network = str(folder / "a.gif"), ["--model", "msrc_embedded_gaussian", "--resolution", "224"]
    assert main(["measure", clip, *network, "--frames", "4", "--start", "2", "--stride", "1", "--json"]) == 0
    row, = json.loads(capsys.readouterr().out)
    assert row["query_grid"][0] == 4 and np.array(row["frame_matrix"]) == pytest.approx(np.eye(4), abs=1e-6)
    assert row["jsd_frame_nats"] == pytest.approx(0.75 * LN2, abs=1e-6) and row["share_past"] == pytest.approx(0, abs=1e-9)
    assert main(["measure", clip, *network, "--frames", "4"]) == 0
    said = capsys.readouterr().out
    assert "frames, nats" in said and "same frame" in said and "Between frames rows have no key in common" in said
    assert "This network sees one frame at a time" in said
    (tmp_path / "clips").mkdir()
    shutil.copy(clip, tmp_path / "clips")
    assert main(["study", str(tmp_path / "clips"), *network, "--frames", "5", "--out", str(tmp_path / "out")]) == 0
    assert "Frame by frame: depends on the query" in capsys.readouterr().out
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["frames"] == {"start": 0, "count": 5, "stride": None}
    assert main(["measure", clip, *network, "--model", "clips_embedded_gaussian", "--frames", "4", "--effects"]) == 0
    said = capsys.readouterr().out
    assert "msrc_embedded_gaussian, effects n/a: it sees a clip frame by frame" in said and "between frames" in said.lower()
    assert "clips_embedded_gaussian with one map for all queries: " in said
    assert main(["measure", clip, *network, "--start", "0"]) == 2 and "counted from 1" in capsys.readouterr().err
