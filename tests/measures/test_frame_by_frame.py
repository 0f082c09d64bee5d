"""The numbers of an image network on a clip, frame by frame: those of its frames as pictures, put together."""

import csv
import io
import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from nlviz.analysis import analyse
from nlviz.blocks import BLOCKS
from nlviz.maps import Factors, Framewise
from nlviz.measures import CLIP_COLUMNS, COLUMNS, dependence_of_queries, is_clip, measure, measures_csv, measures_of
from nlviz.models import Model
from nlviz.pictures import Picture, clip_of
from tests.figures.looking import network
from tests.measures.clips import map_of
from tests.networks import network as small

FRAMES, LN2 = 4, math.log(2)


def frames():
    random = np.random.default_rng(0)
    return [Image.fromarray(random.integers(0, 255, (112, 192, 3), np.uint8)) for _ in range(FRAMES)]


@pytest.mark.parametrize("block", BLOCKS)
def test_every_map_of_every_block_has_its_numbers_or_a_reason(block):
    model = Model("net", small(block))
    together, alone = (measures_of(analyse(model, seen, 192)) for seen in (clip_of(frames()), Picture(frames()[0])))
    assert json.loads(json.dumps(together, allow_nan=False)) == together and len(together) >= len(alone)
    for row in together:
        assert (row["jsd_att_nats"] is None) == ("jsd_att_nats" in row["reasons"])
        assert ("frame_matrix" in row) == (len(row["query_grid"]) == 3 and row["relates"] == "positions")
        if "frame_matrix" in row and row["rows"] == "distribution":
            assert np.array(row["frame_matrix"]) == pytest.approx(np.eye(FRAMES), abs=1e-6)
            assert row["jsd_frame_nats"] == pytest.approx((1 - 1 / FRAMES) * LN2, abs=1e-6)
            assert row["share_same_frame"] == pytest.approx(1)
            assert abs(row["attention_distance_frames"]) < 1e-6 < row["attention_distance_frames_flat"]
            assert "sees one frame at a time" in row["note"]


@pytest.mark.parametrize("block", ["embedded_gaussian", "pam", "gc", "criss_cross", "disentangled", "pyramid_oc"])
def test_within_a_frame_the_numbers_are_the_mean_of_those_of_the_frames_as_pictures(block):
    model = Model("net", small(block))
    analysis = analyse(model, clip_of(frames()), 192)
    alone = [{(row["layer"], row["part"]): row for row in measures_of(analyse(model, Picture(frame), 192))} for frame in frames()]
    for row in (row for row in measures_of(analysis) if row["jsd_att_nats"] is not None):
        own = [found[row["layer"], row["part"]] for found in alone]
        for name, of in (("jsd_place_nats", "jsd_att_nats"), ("jsd_place_nats_fresh", "jsd_att_nats_fresh")):
            assert row[name] == pytest.approx(np.mean([one[of] for one in own]), abs=6e-7)
        assert row["jsd_att_nats"] == pytest.approx((1 - 1 / FRAMES) * LN2 + row["jsd_place_nats"] / FRAMES, abs=6e-7)
        if own[0]["attention_distance_cells"] is not None:
            away = np.mean([one["attention_distance_cells"] for one in own])
            assert row["attention_distance_cells"] == pytest.approx(away, rel=1e-5)


@pytest.mark.parametrize("dense", [False, True])
def test_a_map_kept_frame_by_frame_has_the_numbers_of_the_whole(dense):
    random = torch.Generator().manual_seed(0)
    q, k = (torch.randn(4, 15, 3, generator=random, dtype=torch.float64) for _ in range(2))
    lazy = Framewise(Factors(q, k, "softmax").dense() if dense else Factors(q, k, "softmax"))
    by_frame, whole = map_of(None, lazy=lazy), map_of(lazy.dense()[0])
    found, expected = measure(by_frame), measure(whole)
    for kind in ("values", "shuffled", "dealt"):
        assert getattr(found, kind) == pytest.approx(getattr(expected, kind), abs=6e-7)
    assert found.by_frame and not expected.by_frame and found.sentence.startswith("Frame by frame: depends on the query")
    assert found.of_clip == "Between frames rows have no key in common: the network sees one frame at a time."
    assert found.entropy_share == pytest.approx(expected.entropy_share)
    assert dependence_of_queries(by_frame).numpy() == pytest.approx(dependence_of_queries(whole).numpy(), abs=1e-6)
    heads = map_of(None, lazy=Framewise(torch.stack([lazy.inner, lazy.inner.flip(0)], 1)), heads=2) if dense else None
    if heads:
        mean = map_of(heads.lazy.dense().mean(1)[0])
        assert measure(heads).values == pytest.approx(measure(mean).values, abs=6e-7)


def test_as_csv_the_columns_of_clips_stand_behind_the_others_and_pictures_have_none():
    model = network(BLOCKS["embedded_gaussian"](3))
    rows = measures_of(analyse(model, clip_of(frames()), 192))
    read = list(csv.DictReader(io.StringIO(measures_csv(rows))))
    assert tuple(read[0]) == COLUMNS + CLIP_COLUMNS and float(read[0]["jsd_frame_nats"]) == rows[0]["jsd_frame_nats"]
    photo = measures_of(analyse(model, Picture(frames()[0]), 192))
    assert not set(CLIP_COLUMNS) & photo[0].keys() and measures_csv(photo).splitlines()[0] == ",".join(COLUMNS)


def test_grids_of_a_picture_are_no_clip():
    assert not any(is_clip(placed.nl_map) for placed in analyse(network(BLOCKS["pam"](3)), Picture(frames()[0]), 192).maps)
