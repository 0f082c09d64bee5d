"""Figures without a browser: one picture or many, every kind of file, from a recipe and back."""

import io
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest

from nlviz.analysis import analyse
from nlviz.cli import main
from nlviz.export import file_bytes, find_picture, make_recipe, read_recipe
from nlviz.export.bundle import bundle_bytes, maps_bytes
from nlviz.pictures import open_picture
from nlviz.recipes import Recipe, recipe_in
from tests.figures.looking import look_at, look_at_channels
from tests.networks import bundled
from tests.pictures.drawn import quarters

ROOT = Path(__file__).resolve().parents[2]
SMALL = "fashion_embedded_gaussian"


@pytest.fixture
def photos(tmp_path):
    for name, size in (("a.png", (96, 80)), ("b.png", (64, 64)), ("c.png", (80, 120))):
        quarters(*size).save(tmp_path / name)
    return tmp_path


def render(*arguments):
    return main(["render", *map(str, arguments)])


@pytest.mark.parametrize("kind, magic", [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml"), ("zip", b"PK"), ("html", b"<!")])
def test_every_kind_of_file_comes_from_its_name(photos, kind, magic):
    out = photos / f"figure.{kind}"
    assert render(photos / "a.png", "--model", SMALL, "--query", "0.2,0.3", "--dpi", "72", "--out", out) == 0
    assert out.read_bytes().lstrip().startswith(magic)


def test_several_pictures_and_a_pattern_give_a_folder_of_figures(photos, capsys):
    pictures, out = [photos / "a.png", photos / "[bc].png"], photos / "out"
    assert render(*pictures, "--model", SMALL, "--query", "0.2,0.3", "--out", out, "--format", "svg") == 0
    assert sorted(path.name for path in (photos / "out").iterdir()) == ["a.svg", "b.svg", "c.svg"]
    assert "3/3" in capsys.readouterr().err  # the progress bar
    names = [Recipe.from_json(recipe_in(path.read_bytes())).picture["name"] for path in sorted((photos / "out").iterdir())]
    assert names == ["a.png", "b.png", "c.png"]


@pytest.mark.parametrize("arguments, why", [
    (["a.png", "b.png", "--out", "one.png"], "2 pictures need a folder"),
    (["nothing*.png", "--out", "x.png"], "no picture matches"), (["a.png", "more/a.png", "--out", "out"], "have one name"),
    (["--out", "x.png"], "render needs a PICTURE, a --model and a --query"),
    (["a.png", "--out", "x.png", "--dpi", "9"], "dpi goes from 50 to 1200"),
    (["a.png", "--out", "x.png", "--colours", "jet"], "unknown colour map 'jet'"),
    (["--recipe", "a.png", "--out", "x.png"], "carries no recipe"), (["--recipe", "none.json", "--out", "x.png"], "none.json")])
def test_impossible_arguments_are_one_line_exit_code_2_and_no_file(photos, monkeypatch, capsys, arguments, why):
    monkeypatch.chdir(photos)
    (photos / "more").mkdir()
    shutil.copy("a.png", "more/a.png")
    needed = [] if "--recipe" in arguments or arguments[0] == "--out" else ["--model", SMALL, "--query", "0.5,0.5"]
    assert render(*arguments, *needed) == 2
    error = capsys.readouterr().err
    assert why in error and error.count("\n") == 1 and not (photos / "x.png").exists() and not (photos / "out").exists()


@pytest.mark.parametrize("arguments, why", [
    (["--layout", "poster"], "invalid choice: 'poster' (choose from 'queries by networks', 'one query'"), ([], "--out"),
    (["--out", "x.png", "--query", "2,0"], "X and Y are fractions"), (["--out", "x.png", "--part", "A1"], "NETWORK/CALL=PART")])
def test_arguments_that_cannot_be_read_are_one_line_and_exit_code_2(photos, monkeypatch, capsys, arguments, why):
    monkeypatch.chdir(photos)
    with pytest.raises(SystemExit) as stopped:
        render("a.png", "--model", SMALL, *arguments)
    error = capsys.readouterr().err
    assert stopped.value.code == 2 and error.count("\n") == 1 and error.startswith("nlviz: ") and why in error
    assert not (photos / "x.png").exists()


def test_a_recipe_from_a_stranger_leads_into_no_other_folder(photos):
    (photos / "inside").mkdir()
    recipe = Recipe({"name": "../a.png", "sha256": ""}, (), ())
    with pytest.raises(FileNotFoundError, match="Give the picture"):
        find_picture(recipe, [photos / "inside"])
    assert find_picture(recipe, [photos]) == photos / "a.png"
    assert find_picture(Recipe({"name": "lion.jpg", "sha256": ""}, (), ()), []).name == "lion.jpg"


@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "large"])
def test_a_recipe_that_is_no_regular_file_or_too_large_is_one_line_and_never_opened(photos, capsys, monkeypatch, kind):
    path = photos / "recipe.json"
    if kind == "pipe":
        os.mkfifo(path)  # opening it would wait for ever
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        path.touch()
        os.truncate(path, 2**29 + 1)  # sparse
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail("read"))
    assert render("--recipe", path, "--out", photos / "x.png") == 2
    error = capsys.readouterr().err
    assert ("larger than 512 MB" if kind == "large" else "not a regular file") in error and "recipe.json" in error
    assert error.count("\n") == 1 and not (photos / "x.png").exists()


@pytest.mark.parametrize("kind", ["png", "svg", "pdf", "zip", "html"])
def test_a_picture_whose_name_is_not_utf_8_is_drawn_and_its_recipe_draws_it_again(photos, capsys, kind):
    picture, first, again = os.fsdecode(os.fsencode(photos) + b"/b\xff.png"), photos / f"first.{kind}", photos / f"again.{kind}"
    try:
        os.rename(photos / "b.png", picture)
    except OSError:
        pytest.skip("this file system takes UTF-8 alone")
    assert render(picture, "--model", SMALL, "--query", "0.2,0.3", "--dpi", "72", "--out", first) == 0
    if kind in ("zip", "html"):
        return
    assert render("--recipe", first, "--out", again) == 0 and first.read_bytes() == again.read_bytes()
    os.unlink(picture)
    assert render("--recipe", first, "--out", again) == 2
    assert r"the recipe is of b\xff.png, which is not here" in capsys.readouterr().err


@pytest.mark.parametrize("recipe", sorted((ROOT / "docs" / "gallery").glob("*.json")), ids=lambda path: path.stem)
def test_a_figure_of_the_gallery_carries_the_recipe_beside_it(recipe):
    assert read_recipe(recipe.with_suffix(".png")) == read_recipe(recipe)


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_a_recipe_and_a_figure_give_the_same_bytes_again(photos, kind):
    first, again, from_json = (photos / f"{name}.{kind}" for name in ("first", "again", "from_json"))
    look = ["--colours", "magma", "--width", "one column", "--dpi", "72"]
    assert render(photos / "a.png", "--model", SMALL, "--query", "0.2,0.3", *look, "--out", first) == 0
    assert render("--recipe", first, "--out", again) == 0
    (photos / "recipe.json").write_text(recipe_in(first.read_bytes()))
    assert render("--recipe", photos / "recipe.json", "--out", from_json) == 0
    assert first.read_bytes() == again.read_bytes() == from_json.read_bytes()


def test_another_picture_than_the_recipes_is_drawn_and_said(photos, capsys):
    assert render(photos / "a.png", "--model", SMALL, "--query", "0.2,0.3", "--out", photos / "first.png") == 0
    assert render(photos / "b.png", "--recipe", photos / "first.png", "--out", photos / "other.png") == 0
    assert "another picture: the recipe is of a.png" in capsys.readouterr().err
    (photos / "a.png").unlink()
    assert render("--recipe", photos / "first.png", "--out", photos / "again.png") == 2
    assert "the recipe is of a.png, which is not here. Give the picture" in capsys.readouterr().err


def test_a_zip_is_never_written_over_without_asking(photos, capsys):
    out = photos / "figure.zip"
    out.write_bytes(b"mine")
    arguments = [photos / "a.png", "--model", SMALL, "--query", "0.2,0.3", "--out", out]
    assert render(*arguments) == 2 and out.read_bytes() == b"mine" and "exists already" in capsys.readouterr().err
    assert render(*arguments, "--overwrite") == 0 and zipfile.is_zipfile(out)


def test_measure_prints_the_numbers_of_every_map(photos, capsys):
    assert main(["measure", str(photos / "a.png"), "--model", SMALL, "--model", "msrc_gc", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [(row["model"], row["layer"]) for row in rows][:2] == [(SMALL, "nl_1"), (SMALL, "nl_2")]
    assert rows[-1]["jsd_att_nats"] is None and "gate" in rows[-1]["jsd_reason"]
    assert main(["measure", str(photos / "a.png"), "--model", SMALL]) == 0
    assert "nl_2" in capsys.readouterr().out


# ---------------------------------------------------------------------------------------------------- the zip

def recipe_for(analysis, queries=((0.2, 0.3), (0.9, 0.9)), **options):
    return make_recipe([analysis], Recipe({}, (), queries, 96, **options))


@pytest.mark.parametrize("block", ["embedded_gaussian", "gc", "asp_oc"])
def test_the_rows_in_the_zip_are_those_of_the_queries_with_their_places(block):
    analysis = look_at_channels(block)
    recipe, placed = recipe_for(analysis), analysis.maps[0]
    found = np.load(io.BytesIO(maps_bytes([analysis], recipe, whole_maps=True)))
    name = "/".join(filter(None, ["net/0", placed.nl_map.part]))
    for row, (x, y) in zip(found[f"{name}/rows"], recipe.queries):
        if placed.queries.cell(x, y) is None:
            assert np.isnan(row).all()
        else:
            np.testing.assert_array_equal(row, placed.heatmap(x, y).flatten().numpy())
    assert found[f"{name}/rows"].dtype == np.float32 and tuple(found[f"{name}/key_grid"]) == placed.nl_map.key_grid
    np.testing.assert_array_equal(found[f"{name}/map"], placed.nl_map.weights[0].numpy())
    left, top, right, bottom = (float(edge) for edge in placed.keys.rectangle(0, 1))
    np.testing.assert_allclose(found[f"{name}/key_rectangles_px"][1], [left * 96, top * 80, right * 96, bottom * 80], rtol=1e-6)


def test_the_zip_holds_everything_and_is_the_same_bytes_twice():
    analysis = look_at("embedded_gaussian", "dot_product")
    recipe = recipe_for(analysis, dpi=72)
    first, second = (bundle_bytes([analysis], recipe) for _ in range(2))
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as zipped:
        assert set(zipped.namelist()) == {"figure.png", "figure.svg", "figure.pdf", "maps.npz", "measures.csv", "recipe.json"}
        assert Recipe.from_json(zipped.read("recipe.json").decode()) == recipe
        assert Recipe.from_json(recipe_in(zipped.read("figure.svg"))) == recipe
        assert zipped.read("measures.csv").decode().count("\n") == 3


def test_the_recipe_names_the_checkpoints(photos):
    analysis = analyse(bundled(SMALL), open_picture(photos / "a.png"))
    recipe = Recipe.from_json(recipe_in(file_bytes([analysis], recipe_for(analysis), "png")))
    assert recipe.networks == ({"name": SMALL, "sha256": analysis.model.card["sha256"]},)
    assert recipe.picture == {"name": "a.png", "sha256": open_picture(photos / "a.png").sha256}
