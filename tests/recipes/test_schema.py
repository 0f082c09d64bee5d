"""What a stranger's recipe may say: everything else is one sentence, at once."""

import json

import pytest

from nlviz.cli import main
from nlviz.figures import COLOUR_MAPS, DIRECTIONS, PIN_COLOURS, SCALES
from nlviz.figures.style import BACKDROPS, VEILS
from nlviz.maps import SIMILARITIES, TERMS
from nlviz.pictures import MAX_FRAMES, MAX_RESOLUTION, MIN_FRAMES
from nlviz.recipes import CHOICES, FRAMES, SETTINGS, Recipe
from nlviz.recipes.recipe import MOST_QUERIES, RESOLUTION_RANGE, said
from tests.pictures.test_pictures import quarters

GOOD = {"version": 1, "picture": {"name": "photo.png", "sha256": "a" * 64}, "queries": [[0.2, 0.3]],
        "networks": [{"name": "fashion_embedded_gaussian", "sha256": None}]}
HOSTILE = [
    ({"opacity": "abc"}, "opacity should be a number, got 'abc'"), ({"opacity": True}, "opacity should be a number, got True"),
    ({"opacity": 2}, "opacity goes from 0 to 1, got 2"), ({"opacity": float("nan")}, "opacity should be a finite number, got nan"),
    ({"resolution": None}, "resolution should be a whole number, got nothing"),
    ({"resolution": 448.5}, "resolution should be a whole number, got 448.5"),
    ({"resolution": [448]}, "resolution should be a whole number, got [448]"),
    ({"resolution": 4096}, "resolution goes from 16 to 2048 pixels, got 4096"),
    ({"resolution": True}, "resolution should be a whole number, got True"),
    ({"picture": None}, "picture should be names with values, got nothing"),
    ({"picture": [1]}, "picture should be names with values, got [1]"),
    ({"picture": {"name": "a"}}, "sha256 of picture is missing"),
    ({"picture": "/etc/passwd"}, "picture should be names with values, got '/etc/passwd'"),
    *(({"picture": {"name": name, "sha256": "a" * 64}}, "a picture has a plain file name such as lion.jpg")
      for name in ("**/*", "../../x", "/etc/passwd", "..", ".", "", "a\0b", 3, "x" * 256, "a\nb.jpg", "a\x1b[2J.jpg",
                   "a\u2028b", "a\x85b", "\ud800.jpg")),
    ({"picture": {"name": "a", "sha256": "A" * 64}}, "a sha256 has 64 hexadecimal digits"),
    ({"parts": ["x"]}, "parts should be names with values, got ['x']"), ({"parts": {"x": "y"}}, "given as NETWORK/CALL=PART"),
    ({"parts": {"x/0": 3}}, "x/0 of parts should be text, got 3"), ({"parts": {"x/²": "y"}}, "given as NETWORK/CALL=PART"),
    ({"networks": GOOD["networks"] * 1000}, "1 to 8 networks can be compared, got 1000"),
    ({"networks": GOOD["networks"] * 2}, "network 'fashion_embedded_gaussian' is named twice"),
    ({"networks": []}, "1 to 8 networks can be compared, got 0"), ({"networks": "x"}, "networks should be a list, got 'x'"),
    ({"networks": [{"name": 3}]}, "name of entry 1 of networks should be text, got 3"),
    ({"networks": [{"name": "\ud800"}]}, "name of entry 1 of networks should be text"),
    ({"queries": [[0, 0]] * 2000}, "a figure takes at most 8 queries, got 2000"),
    ({"queries": [[True, 0]]}, "0 to 1, got [True, 0]"), ({"queries": [[10**400, 1]]}, "0 to 1, got 1000000"),
    ({"opacity": 10**400}, "opacity should be a number"), ({"resolution": -10**400}, "2048 pixels, got -1000000"),
    ({"queries": [[0.5]]}, "0 to 1, got [0.5]"), ({"queries": [{"x": 0, "y": 0}]}, "0 to 1, got {'x': 0, 'y': 0}"),
    ({"dpi": "300"}, "dpi should be a whole number, got '300'"), ({"dpi": 10**9}, "dpi goes from 50 to 1200, got 1000000000"),
    ({"dpi": 10**400}, f"dpi goes from 50 to 1200, got 1{'0' * 56}...\n"),
    ({"colours": "jet"}, "unknown colour map 'jet'; there are: viridis"), ({"scale": ["shared"]}, "scale should be text"),
    ({"view": "x\ny"}, "unknown view 'x\\ny'; there are: cells, smooth"), ({"layout": {}}, "layout should be text, got {}"),
    ({"version": "1"}, "has version 1, this nlviz reads versions 1 and 2 as numbers"), ({"version": True}, "has version True"),
    ({"version": 1.0}, "has version 1.0"), ({"version": [[[]]]}, "has version [[[]]]"), ({"x\n" * 999: 1}, "unknown entries: x\\n")]


def text_of(change):
    return json.dumps({"nlviz_recipe": GOOD | change})


def test_a_good_one_is_read():
    assert Recipe.from_json(text_of({})).queries == ((0.2, 0.3),)


@pytest.mark.parametrize("change, message", HOSTILE, ids=lambda value: str(value)[:40])
def test_what_is_wrong_is_one_line_on_the_command_line_and_nothing_is_drawn(tmp_path, capsys, change, message):
    (tmp_path / "recipe.json").write_text(text_of(change))
    quarters(64, 48).save(tmp_path / "photo.png")
    assert main(["render", "--recipe", str(tmp_path / "recipe.json"), "--out", str(tmp_path / "figure.png")]) == 2
    error = capsys.readouterr().err
    assert message in error and error.startswith("nlviz: this recipe") and error.count("\n") == 1 and len(error) < 500
    assert "pydantic" not in error and "http" not in error and not (tmp_path / "figure.png").exists()


@pytest.mark.parametrize("text", ["[" * 60_000, '{"nlviz_recipe":' + "[" * 60_000, "9" * 50_000,
                                  '{"nlviz_recipe": ' + '{"a":' * 5000,
                                  '{"nlviz_recipe": NaN}', "null", '"x"'], ids=lambda text: text[:20])
def test_json_that_is_no_recipe_is_said_to_be_none(text):
    with pytest.raises(ValueError, match="this is no recipe of nlviz"):
        Recipe.from_json(text)


@pytest.mark.parametrize("depth", range(50, 1000, 50))
def test_what_is_deep_but_can_be_read_is_refused_in_words(depth):
    for name in ("version", "queries", "picture", "parts", "colours", "dpi"):
        with pytest.raises(ValueError, match=r"this recipe|this is no recipe"):
            Recipe.from_json(text_of({name: "HERE"}).replace('"HERE"', "[" * depth + "]" * depth))


def test_a_recipe_of_more_than_64_kb_is_not_parsed(monkeypatch):
    monkeypatch.setattr("json.loads", lambda text: pytest.fail("parsed"))
    with pytest.raises(ValueError, match="longer than 64 KB"):
        Recipe.from_json("[" * 200_000)


def test_the_choices_are_those_that_figures_draw():
    assert set(CHOICES) | {"opacity", "token", "arrows"} == set(SETTINGS)
    assert CHOICES["colours"] == COLOUR_MAPS and CHOICES["scale"] == SCALES and CHOICES["direction"] == DIRECTIONS
    assert CHOICES["veil"] == VEILS and CHOICES["backdrop"] == BACKDROPS
    assert CHOICES["term"] == (*TERMS, *SIMILARITIES) and RESOLUTION_RANGE[1] == MAX_RESOLUTION and MOST_QUERIES == len(PIN_COLOURS)
    assert FRAMES == (MIN_FRAMES, MAX_FRAMES)


@pytest.mark.parametrize("option, message", [
    (["--opacity", "7"], "opacity goes from 0 to 1, got 7"), (["--opacity", "nan"], "opacity should be a finite number"),
    (["--colours", "jet"], "unknown colour map 'jet'"), (["--veil", "mist"], "unknown veil 'mist'"),
    (["--scale", "log"], "there are: times uniform, shared, per panel"), (["--dpi", "3"], "dpi goes from 50 to 1200, got 3"),
    (["--token", "x" * 301], "token should be at most 300 characters"), (["--part", "a/0+=y"], "given as NETWORK/CALL=PART"),
    (["--part", "x=y"], "given as NETWORK/CALL=PART"), (["--query", "0,0"] * 9, "at most 8 queries, got 10"),
    ([f"--model={at}" for at in range(8)], "1 to 8 networks can be compared, got 9")])
def test_the_command_lines_own_options_are_checked_before_anything_runs(tmp_path, capsys, monkeypatch, option, message):
    monkeypatch.setattr("nlviz.models.load_model", lambda name: pytest.fail("loaded"))
    quarters(64, 48).save(tmp_path / "photo.png")
    assert main(["render", str(tmp_path / "photo.png"), "--model", "msrc_gc", "--query", "0,0", "--out", "x.png", *option]) == 2
    assert message in capsys.readouterr().err


def test_a_number_of_too_many_digits_is_said_to_be_one():
    for value in (10**5000, [10**5000, 1], {"x": 10**5000}):
        assert said(value) == "a number of too many digits"
    assert said([0.25, -2]) == "0.25,-2" and said(float("inf")) == "inf"


@pytest.mark.parametrize("name", ["Screenshot\u202f1.png", "\U0001f468\u200d\U0001f469.jpg", "b\udcff.jpg", "a\xa0b.jpg"])
def test_unusual_spaces_joined_emoji_and_bytes_that_are_no_utf_8_are_names(name):
    assert Recipe.from_json(text_of({"picture": {"name": name, "sha256": "a" * 64}})).picture["name"] == name
