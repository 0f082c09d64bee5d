"""A clip's files: where its cells lie in space and time, and a page that is small."""

import base64
import io
import json
import re
import zipfile

import numpy as np
import pytest
import torch
from torch import nn

from nlviz.analysis import analyse
from nlviz.blocks import BLOCKS
from nlviz.export import file_bytes, offline_page_html
from nlviz.export.bundle import maps_bytes
from nlviz.export.smaller import halved
from nlviz.models import Model
from nlviz.pictures import Preprocess, clip_of
from nlviz.viewer import make_scene
from tests.figures.filmed import clip, look_at, recipe_of


def arrays(analyses, recipe) -> dict:
    return dict(np.load(io.BytesIO(maps_bytes(analyses, recipe))))


def test_the_zip_says_where_and_on_which_frames_every_cell_lies():
    analysis = look_at(clip(8), frames=2)
    (placed,), found = analysis.maps, arrays([analysis], recipe_of([analysis], [(0.4, 0.7, 5), (0.1, 0.1, 0)]))
    assert found["net/0/query_grid"].tolist() == [4, 5, 6] and found["net/0/query_rectangles_px"].shape == (120, 4)
    for t, frames in enumerate(found["net/0/query_frames"].reshape(4, 30, 2)):
        assert (frames == [2 * t, 2 * t + 1]).all()
    assert found["net/0/key_frames"].shape == (len(found["net/0/key_rectangles_px"]), 2)
    row = placed.heatmap(0.4, 0.7, frame=5)
    assert np.allclose(found["net/0/rows"][0], row.flatten().numpy(), atol=1e-7)
    left, top, right, bottom = found["net/0/query_rectangles_px"][2 * 30 + 3 * 6 + 2]
    assert left <= 0.4 * 96 < right and top <= 0.7 * 80 < bottom


def test_the_zip_of_a_clip_is_whole():
    analysis = look_at(clip(4), sub_sample=False)
    content = file_bytes([analysis], recipe_of([analysis], [(0.4, 0.7, 2)], dpi=60), "zip")
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        assert {"figure.png", "figure.svg", "figure.pdf", "maps.npz", "measures.csv", "recipe.json"} <= set(zipped.namelist())
        assert json.loads(zipped.read("recipe.json"))["nlviz_recipe"]["picture"]["frames"] == 4


class Stretched(nn.Module):
    def forward(self, x):
        return nn.functional.avg_pool3d(x, (1, 16, 16)).repeat(1, 43, 1, 1, 1)[:, :128]


def wide(name: str):
    """A network with maps of 8 x 28 x 28 positions from 64 channels, as the trained ones have."""
    torch.manual_seed(0)
    model = Model(name, nn.Sequential(Stretched(), BLOCKS["embedded_gaussian"](128, dimension=3, sub_sample=False)),
                  Preprocess(clips=True), card={})
    frames = [frame.resize((7, 7)).resize((448, 448)) for frame in clip(8).frames]
    return analyse(model, clip_of(frames, "blurred.mp4"), 448)


def test_a_page_of_8_frames_at_28_x_28_in_three_networks_is_below_8_mb(monkeypatch):
    for step in ("make_dependence", "make_fresh", "make_effect"):  # minutes, and a few numbers
        monkeypatch.setattr(f"nlviz.export.offline_page.{step}", lambda *_: {"sentence": "", "reason": ""})
    analyses = [wide(name) for name in "abc"]
    page = offline_page_html(analyses, queries=[(0.5, 0.5, 3)])
    assert len(page) < 8e6 and "weights are right to about 1 % here" in page


def test_a_halved_scene_holds_the_same_queries_and_keys_to_a_thousandth(monkeypatch):
    monkeypatch.setattr("nlviz.export.smaller.LARGE", 10)
    analysis = look_at(clip(8), sub_sample=False)
    scene = make_scene([analysis], ["net"], 96)
    weights = scene["panels"][0]["maps"][0]["weights"]
    found = halved(scene)["panels"][0]["maps"][0]["weights"]
    assert found["half"] == ["q", "k"] and found["log_sum"] == weights["log_sum"]
    for name in "qk":
        whole, half = (np.frombuffer(base64.b64decode(one[name]), kind).astype(float)
                       for one, kind in ((weights, "<f4"), (found, "<f2")))
        assert np.allclose(whole, half, rtol=1e-3, atol=1e-6)


def test_a_halved_page_draws_what_the_whole_one_draws(browser, tmp_path, monkeypatch):
    analysis = look_at(clip(8), sub_sample=False)
    shown, broken = [], []
    for whole in (True, False):
        monkeypatch.setattr("nlviz.export.offline_page.CLIP_BYTES", 8 * 10**6 if whole else 0)
        monkeypatch.setattr("nlviz.export.smaller.LARGE", 10)
        html = offline_page_html([analysis], queries=[(0.4, 0.7, 2)])
        assert ('"half":["q","k"]' in html) != whole
        path = tmp_path / f"{whole}.html"
        path.write_text(html, encoding="utf-8")
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.on("pageerror", lambda error: broken.append(error))
        page.goto(path.as_uri())
        page.wait_for_function("""[...document.querySelectorAll(".nlviz-frame")]
            .filter(one => one.innerText.includes("%")).length === 8""")
        shares = [text for text in page.locator(".nlviz-frame").all_inner_texts() if "%" in text]
        shown.append([float(re.search(r"([0-9.]+)\s%", text)[1]) for text in shares])
        page.close()
    assert not broken, broken
    assert len(shown[0]) == 8 and shown[0] == pytest.approx(shown[1], abs=1)
