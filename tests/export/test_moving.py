"""A query that moves, as a GIF or an MP4: where it goes, what the files hold, and the recipe in them."""

import io

import av
import numpy as np
import pytest
from PIL import Image
from torch import nn

from nlviz.blocks import BLOCKS
from nlviz.cli import main
from nlviz.export import file_bytes, make_recipe
from nlviz.figures import path_of
from nlviz.models import Model
from nlviz.notebook import analyse
from nlviz.pictures import Preprocess, open_clip
from nlviz.recipes import Recipe, recipe_in
from tests.figures import looking
from tests.figures.filmed import Cells, clip, look_at, recipe_of
from tests.pictures.filmed import filmed

ONE, TWO = [(0.4, 0.7, 2)], [(0.9, 0.2, 3), (0.1, 0.8, 0)]


def frames_of_mp4(content: bytes) -> list[np.ndarray]:
    with av.open(io.BytesIO(content)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def test_one_query_goes_through_all_frames_at_its_place():
    assert [place for place, _ in path_of(ONE, 4)] == [(0.4, 0.7, frame) for frame in range(4)]


def test_between_pins_it_moves_evenly_in_the_order_of_their_frames():
    path = [place for place, _ in path_of(TWO, 4)]
    assert path[0] == TWO[1] and path[-1] == TWO[0] and len(path) == 13
    steps = np.diff(np.array([place[:2] for place in path]), axis=0)
    assert np.allclose(steps, steps[0]) and all(type(place[2]) is int for place in path)
    assert [place[2] for place in path] == sorted(place[2] for place in path)


def test_one_query_of_a_picture_moves_nowhere():
    with pytest.raises(ValueError, match="one query of a picture moves nowhere: give two or more"):
        path_of([(0.1, 0.2)])


def test_a_gif_has_a_picture_for_each_place_and_opens_again():
    analyses = [look_at(clip(4)), look_at(clip(4), frames=2, name="other")]
    recipe = recipe_of(analyses, ONE, dpi=60)
    content = file_bytes(analyses, recipe, "gif")
    image = Image.open(io.BytesIO(content))
    assert image.n_frames == 4 and image.info["loop"] == 0 and image.info["duration"] == 400
    assert recipe_in(content) == recipe.to_json() and file_bytes(analyses, recipe, "gif") == content
    assert len(open_clip(content).frames) == 4


def test_an_mp4_shows_each_place_long_enough_and_opens_again():
    analyses = [look_at(clip(4))]
    recipe = recipe_of(analyses, TWO, dpi=60)
    content = file_bytes(analyses, recipe, "mp4")
    frames = frames_of_mp4(content)
    assert len(frames) == 2 * 8 + 11 * 2 and all(side % 16 == 0 for side in frames[0].shape[:2])
    changes = [at for at in range(1, len(frames)) if np.abs(frames[at].astype(int) - frames[at - 1]).max() > 60]
    assert changes == [8 + 2 * step for step in range(12)]
    assert recipe_in(content) == recipe.to_json() and file_bytes(analyses, recipe, "mp4") == content


@pytest.mark.skipif("libx264" not in av.codecs_available, reason="PyAV has no x264")
def test_an_mp4_is_coded_without_the_step_whose_bytes_differ_from_run_to_run():
    """x264 writes its settings into the film; the step fails too seldom (1 of 200 films) for bytes to be compared here."""
    analyses = [look_at(clip(4))]
    content = file_bytes(analyses, recipe_of(analyses, ONE, dpi=60), "mp4")
    assert b" threads=1 " in content and b" mbtree=0 " in content


def test_colours_of_an_mp4_are_those_of_the_figure():
    analyses = [look_at(clip(4))]
    gif, mp4 = (file_bytes(analyses, recipe_of(analyses, ONE, dpi=60), kind) for kind in ("gif", "mp4"))
    still, frame = np.asarray(Image.open(io.BytesIO(gif)).convert("RGB")).astype(int), frames_of_mp4(mp4)[0].astype(int)
    height, width = still.shape[:2]
    assert np.abs(still - frame[:height, :width]).mean() < 8 and (frame[height:] > 250).all()


def test_what_stays_does_not_jump():
    """Pictures of one size; what stands under the strips stands at one height."""
    analyses = [look_at(clip(4)), look_at(clip(4), frames=2, name="other")]
    image = Image.open(io.BytesIO(file_bytes(analyses, recipe_of(analyses, ONE, dpi=100, width="one column"), "gif")))
    rows = []
    for frame in range(image.n_frames):
        image.seek(frame)
        pixels = np.asarray(image.convert("RGB")).astype(int)
        bar = (np.ptp(pixels, 2) > 60).sum(1) > 12  # rows in which the colour bar, the only colourful thing below, lies
        rows.append(np.flatnonzero(bar)[-1])
    assert len(set(rows)) == 1


def test_queries_of_a_picture_move_from_one_to_the_next():
    analyses = [looking.look_at("embedded_gaussian")]
    recipe = make_recipe(analyses, Recipe({}, (), ((0.1, 0.2), (0.9, 0.8)), dpi=60))
    assert Image.open(io.BytesIO(file_bytes(analyses, recipe, "gif"))).n_frames == 13


@pytest.mark.parametrize("layout", ["dependence", "one query"])
def test_a_layout_that_does_not_move_is_refused(layout):
    analyses = [look_at(clip(4))]
    with pytest.raises(ValueError, match=f"the layout '{layout}' does not move; of a clip 'filmstrip' does"):
        file_bytes(analyses, recipe_of(analyses, ONE, layout), "gif")


def test_pictures_are_small_however_many_dots_an_inch_has():
    analyses = [look_at(clip(4))]
    image = Image.open(io.BytesIO(file_bytes(analyses, recipe_of(analyses, ONE, dpi=1200), "gif")))
    assert max(image.size) <= 1601 and image.width * image.height < 1.62e6


@pytest.mark.parametrize("kind", ["gif", "mp4", "png", "zip", "html"])
def test_the_command_line_draws_a_clip_and_draws_it_again_from_its_recipe(tmp_path, kind, capsys):
    (tmp_path / "film.mp4").write_bytes(filmed(20))
    first, again = tmp_path / f"a.{kind}", tmp_path / f"b.{kind}"
    asked = ["--model", "msrc_embedded_gaussian", "--query", "0.4,0.6,3", "--start", "2", "--frames", "4", "--stride", "3",
             "--layout", "filmstrip", "--resolution", "224", "--width", "one column", "--dpi", "60"]
    assert main(["render", str(tmp_path / "film.mp4"), *asked, "--out", str(first)]) == 0, capsys.readouterr().err
    if kind in ("zip", "html"):
        return
    recipe = Recipe.from_json(recipe_in(first.read_bytes()))
    assert recipe.picture | {"sha256": ""} == {"name": "film.mp4", "sha256": "", "start": 1, "frames": 4, "stride": 3}
    assert recipe.queries == ((0.4, 0.6, 2),)
    assert main(["render", "--recipe", str(first), "--out", str(again)]) == 0, capsys.readouterr().err
    assert again.read_bytes() == first.read_bytes() and "another picture" not in capsys.readouterr().err


def test_a_query_without_its_frame_is_refused_on_the_command_line(tmp_path, capsys):
    (tmp_path / "film.mp4").write_bytes(filmed(20))
    assert main(["render", str(tmp_path / "film.mp4"), "--model", "msrc_gc", "--query", "0.4,0.6", "--resolution", "224",
                 "--out", str(tmp_path / "a.png")]) == 2
    assert "film.mp4 is a clip, a query of which is (x, y, frame)" in capsys.readouterr().err


def test_a_notebook_draws_and_saves_a_clip(tmp_path):
    model = Model("net", nn.Sequential(Cells(), BLOCKS["embedded_gaussian"](3, dimension=3)), Preprocess(clips=True), card={})
    found = analyse(model, clip(4), 96)
    assert found.heatmap((0.5, 0.5, 3)).shape == found.maps[0].keys.grid
    with pytest.raises(ValueError, match="a query of which is"):
        found.heatmap((0.5, 0.5))
    assert found.figure(layout="filmstrip", arrows=5).axes and found.figure().axes and "iframe" in found._repr_html_()
    axes = found.figure().axes[1]
    assert found.figure(axes=axes) is axes.figure
    found.save(tmp_path / "a.gif", dpi=60)
    assert Image.open(tmp_path / "a.gif").n_frames == 4
